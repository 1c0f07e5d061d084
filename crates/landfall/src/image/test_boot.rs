//! `landfall image test-boot`: seeing an image come up, without changing it.

use std::{process::ExitCode, time::Duration};

use clap::{Args, ValueEnum, value_parser};
use image::{Boot, BootOutcome, Booted, Damage, Firmware, Image, ImageError};
use serde::Serialize;
use smc::job::CheckKind;

use super::{ImageArg, Shelf, View, checks, damage::DamageShown, progress::Meter, stop::stoppable, verify};
use crate::output::{Cell, Said, Tone, facts};

/// Lines of the serial line that are shown when an image did not come up.
const LINES: usize = 20;

#[derive(Args)]
pub(super) struct TestBootArgs {
    #[command(flatten)]
    image: ImageArg,

    /// Firmware of the machine; auto looks at the disk
    #[arg(long, value_enum, default_value_t = Choice::Auto)]
    firmware: Choice,

    /// How long it may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = value_parser!(u64).range(1..=86_400))]
    timeout: u64,

    /// The text on the serial line that means it is up
    #[arg(long, value_name = "TEXT", default_value = "login:")]
    expect: String,

    /// Memory of the machine in MiB
    #[arg(long, value_name = "MIB", default_value_t = 1024, value_parser = value_parser!(u32).range(64..))]
    memory: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Choice {
    Auto,
    Bios,
    Uefi,
}

/// What a start came to.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Shown {
    image_id: String,
    up: bool,
    outcome: &'static str,
    firmware: &'static str,
    accelerator: &'static str,
    seconds: f64,
    untouched: bool,
    last_lines: Vec<String>,
    damage: Vec<DamageShown>,
}

pub(super) async fn run(shelf: &Shelf, args: TestBootArgs, view: View) -> anyhow::Result<(Said, ExitCode)> {
    let image = shelf.image(&args.image.id)?;
    let id = args.image.id.clone();
    let trusted = shelf.trusted;
    let expected = args.expect.clone();
    let (firmware, booted, size, damage) = stoppable(move |stop| {
        let (firmware, booted) = start(&image, &args, &|| !stop.asked())?;
        if booted.outcome == BootOutcome::Stopped {
            return Err(ImageError::Stopped);
        }
        let size = image.manifest().disks.iter().map(|disk| disk.size_bytes).sum();
        let mut meter = Meter::new(size);
        let verified = image.verify(Some(trusted), |bytes| meter.add(bytes))?;
        Ok((firmware, booted, size, verified.damage))
    })
    .await?;
    let up = booted.outcome == BootOutcome::Up;
    let shown = Shown {
        image_id: id.clone(),
        up,
        outcome: match booted.outcome {
            BootOutcome::Up => "Up",
            BootOutcome::TooLate => "TooLate",
            BootOutcome::Ended => "Ended",
            BootOutcome::Stopped => "Stopped",
        },
        firmware,
        accelerator: booted.accelerator.name(),
        seconds: (booted.took.as_secs_f64() * 10.0).round() / 10.0,
        untouched: damage.is_empty(),
        last_lines: last_lines(&booted.said),
        damage: damage.iter().map(DamageShown::from).collect(),
    };
    let mut said = view.output.say(&shown, || text(&shown, &expected, &damage, view));
    if !up {
        said = said.with_aside(remedy(booted.outcome, &booted.said));
    }
    let booted = (CheckKind::TestBoot, up, outcome(&shown, &expected));
    for found in [booted, verify::outcome(size, &damage)] {
        said = checks::keep(shelf, &id, found, said).await;
    }
    let good = up && damage.is_empty();
    Ok((said, if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }))
}

fn start(
    image: &Image,
    args: &TestBootArgs,
    wanted: &dyn Fn() -> bool,
) -> Result<(&'static str, Booted), ImageError> {
    let (firmware, name) = match args.firmware {
        Choice::Bios => (Firmware::Bios, "bios"),
        Choice::Uefi => (Firmware::Uefi, "uefi"),
        Choice::Auto => match image.firmware()? {
            Firmware::Bios => (Firmware::Bios, "bios, by the disk's partition table"),
            Firmware::Uefi => (Firmware::Uefi, "uefi, by the disk's partition table"),
        },
    };
    let scratch = tempfile::tempdir().map_err(|error| image::FileError::Io {
        what: "making a directory in",
        path: std::env::temp_dir(),
        error,
    })?;
    let boot = Boot {
        firmware,
        pattern: args.expect.clone(),
        bound: Duration::from_secs(args.timeout),
        memory_mib: args.memory,
        scratch: scratch.path().to_owned(),
    };
    Ok((name, image.test_boot_while(&boot, wanted)?))
}

/// What a start came to, to be kept.
fn outcome(shown: &Shown, expected: &str) -> String {
    let Shown { seconds, firmware, .. } = shown;
    let came = match shown.outcome {
        "Up" => format!("{expected:?} came up after {seconds} s"),
        "TooLate" => format!("no {expected:?} within {seconds} s"),
        _ => format!("the machine ended after {seconds} s"),
    };
    match shown.last_lines.last() {
        Some(line) if !shown.up => format!("{came}; firmware {firmware}; it said last: {line}"),
        _ => format!("{came}; firmware {firmware}"),
    }
}

fn text(shown: &Shown, expected: &str, damage: &[Damage], view: View) -> String {
    let outcome = match shown.outcome {
        "Up" => Cell::new(format!("up: {expected:?} came up after {} s", shown.seconds), Tone::Good),
        "TooLate" => Cell::new(format!("not up: no {expected:?} within {} s", shown.seconds), Tone::Bad),
        _ => Cell::new(format!("not up: the machine ended after {} s", shown.seconds), Tone::Bad),
    };
    let untouched = if damage.is_empty() {
        Cell::new("untouched: all of it is what this center signed", Tone::Good)
    } else {
        let all: Vec<String> = damage.iter().map(ToString::to_string).collect();
        Cell::new(all.join("; "), Tone::Bad)
    };
    let mut text = facts(
        view.screen,
        &[
            ("Start", outcome),
            ("Firmware", shown.firmware.into()),
            ("Accelerator", shown.accelerator.into()),
            ("Image", untouched),
        ],
    );
    if !shown.up {
        text.push_str("\nThe last that it said on its serial line:\n");
        let lines =
            if shown.last_lines.is_empty() { vec!["(nothing)".to_owned()] } else { shown.last_lines.clone() };
        text.extend(lines.iter().flat_map(|line| ["  ", line, "\n"]));
    }
    text
}

/// The end of what a machine said, without what would move a terminal's cursor.
fn last_lines(said: &str) -> Vec<String> {
    let mut lines: Vec<String> = said
        .split('\n')
        .map(|line| without_escapes(line).trim_end().to_owned())
        .filter(|line| !line.is_empty())
        .collect();
    lines.split_off(lines.len().saturating_sub(LINES))
}

fn without_escapes(line: &str) -> String {
    let mut text = String::new();
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            // A sequence ends with its first letter.
            let _ = characters.by_ref().find(|character| character.is_ascii_alphabetic());
        } else if !character.is_control() {
            text.push(character);
        }
    }
    text
}

fn remedy(outcome: BootOutcome, said: &str) -> &'static str {
    match outcome {
        _ if said.trim().is_empty() => {
            "Nothing was said: a Linux speaks on the serial line with console=ttyS0 on its kernel's command line; try --firmware uefi or bios as well"
        }
        BootOutcome::TooLate => {
            "Give it more time with --timeout, or say what it prints when it is up with --expect"
        }
        _ => "Try the other --firmware; the lines above say why it ended",
    }
}

#[cfg(test)]
mod tests {
    use super::last_lines;

    #[test]
    fn the_end_of_what_was_said_cannot_move_the_cursor() {
        let said = "\u{1b}[2J\u{1b}[01;01Hone\r\n\r\n\u{7}two\u{1b}[0m\r\nthree";
        assert_eq!(last_lines(said), ["one", "two", "three"]);
        assert_eq!(last_lines(&"x\n".repeat(100)).len(), 20);
        assert!(last_lines("\u{1b}[2J").is_empty());
    }
}
