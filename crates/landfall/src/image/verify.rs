//! `landfall image verify`: reads everything, and says equal or what differs.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use image::{Damage, DiskManifest, Image, ImageError};
use serde::Serialize;
use smc::job::CheckKind;

use super::{ImageArg, Shelf, View, checks, damage::DamageShown, progress::Meter, shelf::short};
use crate::output::{Said, bytes};

#[derive(Args)]
pub(super) struct VerifyArgs {
    #[command(flatten)]
    image: ImageArg,

    /// Compare this exported file, qcow2 or raw, with what was signed, in place of the center's own copy
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,

    /// Number of the disk that the file was exported of [default: the first]
    #[arg(long, value_name = "N", requires = "against")]
    disk: Option<u16>,
}

/// What verifying came to.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Shown {
    image_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<PathBuf>,
    equal: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    signed_by: Option<String>,
    checked_bytes: u64,
    damage: Vec<DamageShown>,
}

pub(super) async fn run(shelf: &Shelf, args: &VerifyArgs, view: View) -> anyhow::Result<(Said, ExitCode)> {
    let image = shelf.image(&args.image.id)?;
    let (signed_by, size, damage) = match &args.against {
        None => {
            let size = image.manifest().disks.iter().map(|disk| disk.size_bytes).sum();
            let mut meter = Meter::new(size);
            let verified = image.verify(Some(shelf.trusted), |bytes| meter.add(bytes))?;
            (verified.signed_by, size, verified.damage)
        }
        Some(file) => {
            let disk = disk(&image, args.disk)?;
            let mut meter = Meter::new(disk.size_bytes);
            let signed_by = image.signed_by(Some(shelf.trusted));
            let mut damage: Vec<Damage> = signed_by.err().map(Damage::Signature).into_iter().collect();
            damage.extend(image.verify_file(disk.index, file, |bytes| meter.add(bytes))?);
            (signed_by.ok(), disk.size_bytes, damage)
        }
    };
    let shown = Shown {
        image_id: args.image.id.clone(),
        file: args.against.clone(),
        equal: damage.is_empty(),
        signed_by: signed_by.map(|key| hex::encode(key.0)),
        checked_bytes: size,
        damage: damage.iter().map(DamageShown::from).collect(),
    };
    let said = view.output.say(&shown, || text(&image, args, signed_by.map(short), size, &damage));
    // A file that was exported is no part of what the center has.
    let said = if args.against.is_some() {
        said
    } else {
        checks::keep(shelf, &args.image.id, outcome(size, &damage), said).await
    };
    Ok(if shown.equal {
        (said, ExitCode::SUCCESS)
    } else {
        (said.with_aside(remedy(&damage, args.against.is_some())), ExitCode::FAILURE)
    })
}

/// What a verification came to, to be kept.
pub(super) fn outcome(size: u64, damage: &[Damage]) -> (CheckKind, bool, String) {
    let detail = match damage {
        [] => format!("equal to what was signed, {}", bytes(size)),
        [one] => one.to_string(),
        [one, rest @ ..] => format!("{one}; and {} more", rest.len()),
    };
    (CheckKind::Verification, damage.is_empty(), detail)
}

fn text(image: &Image, args: &VerifyArgs, key: Option<String>, size: u64, damage: &[Damage]) -> String {
    let id = &args.image.id;
    let (what, signed) = match &args.against {
        Some(file) => (file.display().to_string(), format!("what this center signed for {id}")),
        None => (id.clone(), "what this center signed".to_owned()),
    };
    if let (true, Some(key)) = (damage.is_empty(), key) {
        let disks = if args.against.is_some() { 1 } else { image.manifest().disks.len() };
        let plural = if disks == 1 { "disk" } else { "disks" };
        return format!("equal: {what} is {signed} ({disks} {plural}, {}, key {key})\n", bytes(size));
    }
    let lines: Vec<String> = damage.iter().map(|one| format!("  {one}")).collect();
    format!("different: {what} is not {signed}\n{}\n", lines.join("\n"))
}

/// The disk of a number, or the first one.
pub(super) fn disk(image: &Image, number: Option<u16>) -> Result<DiskManifest, ImageError> {
    let mut disks = image.manifest().disks.iter();
    let disk = match number {
        Some(number) => disks.find(|disk| disk.index == number),
        None => disks.next(),
    };
    disk.cloned().ok_or(ImageError::NoDisk(number.unwrap_or_default()))
}

fn remedy(damage: &[Damage], file: bool) -> &'static str {
    match damage {
        [Damage::Signature(_), ..] => {
            "Do not trust this image: what it says of itself is not what this center signed. Use another one"
        }
        _ if file => "Export it again with landfall image export, and copy it without a change",
        _ => "Use another image, or replicate the source again; check the disk that holds it",
    }
}
