//! `landfall image verify`: reads everything, and says equal or what differs.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use image::{Damage, Image};
use serde::Serialize;

use super::{ImageArg, Shelf, View, damage::DamageShown, progress::Meter, shelf::short};
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

pub(super) fn run(shelf: &Shelf, args: &VerifyArgs, view: View) -> anyhow::Result<(Said, ExitCode)> {
    let image = shelf.image(&args.image.id)?;
    let (signed_by, size, damage) = match &args.against {
        None => {
            let size = image.manifest().disks.iter().map(|disk| disk.size_bytes).sum();
            let mut meter = Meter::new(size);
            let verified = image.verify(Some(shelf.trusted), |bytes| meter.add(bytes))?;
            (verified.signed_by, size, verified.damage)
        }
        Some(_) => anyhow::bail!("comparing a file is being built"),
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
    Ok(if shown.equal {
        (said, ExitCode::SUCCESS)
    } else {
        (said.with_aside(remedy(&damage)), ExitCode::FAILURE)
    })
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

fn remedy(damage: &[Damage]) -> &'static str {
    let signature = damage.iter().any(|one| matches!(one, Damage::Signature(_)));
    if signature && damage.len() == 1 {
        "Do not trust this image: what it says of itself is not what this center signed. Use another one"
    } else {
        "Use another image, or replicate the source again; check the disk that holds it"
    }
}
