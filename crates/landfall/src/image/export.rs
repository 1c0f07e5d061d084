//! `landfall image export`: a disk as a file, for KVM, Proxmox, OpenStack or a disk of one's own.

use std::{ops::ControlFlow, path::PathBuf};

use clap::{Args, ValueEnum};
use image::Format;
use serde::Serialize;

use super::{ImageArg, Shelf, View, progress::Meter, stop::stoppable, verify::disk};
use crate::{
    failure::Usage,
    output::{Said, bytes},
};

/// The level of zstd that packs well at the speed of most disks.
const LEVEL: i32 = 3;

#[derive(Args)]
pub(super) struct ExportArgs {
    #[command(flatten)]
    image: ImageArg,

    /// Form of the file
    #[arg(long, value_enum)]
    format: Form,

    /// Pack the clusters of a qcow2 with zstd: smaller, and slower to run from
    #[arg(long)]
    compress: bool,

    /// The new file; there must be none of this name
    #[arg(long, value_name = "PATH")]
    to: PathBuf,

    /// Number of the disk [default: the first]
    #[arg(long, value_name = "N")]
    disk: Option<u16>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    Raw,
    Qcow2,
}

/// A file that was written.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Shown {
    image_id: String,
    disk: u16,
    file: PathBuf,
    format: &'static str,
    size_bytes: u64,
    room_bytes: u64,
}

pub(super) async fn run(shelf: &Shelf, args: ExportArgs, view: View) -> anyhow::Result<Said> {
    if args.compress && args.format == Form::Raw {
        return Err(
            Usage::new("a raw file cannot be packed; leave --compress away, or use --format qcow2").into()
        );
    }
    let image = shelf.image(&args.image.id)?;
    // Content is checked by what the manifest says, which somebody must have signed.
    if let Err(fault) = image.signed_by(Some(shelf.trusted)) {
        anyhow::bail!("exporting {}: {fault}; nothing was exported: use another image", args.image.id);
    }
    let disk = disk(&image, args.disk)?;
    let (format, name) = match args.format {
        Form::Raw => (Format::Raw, "raw"),
        Form::Qcow2 => (Format::Qcow2 { level: args.compress.then_some(LEVEL) }, "qcow2"),
    };
    let (index, size, target) = (disk.index, disk.size_bytes, args.to.clone());
    stoppable(move |stop| {
        let mut meter = Meter::new(size);
        image.export(index, &target, format, |count| {
            meter.add(count);
            if stop.asked() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
    })
    .await?;
    let shown = Shown {
        image_id: args.image.id,
        disk: index,
        room_bytes: std::fs::metadata(&args.to)
            .map_or(0, |file| std::os::unix::fs::MetadataExt::blocks(&file) * 512),
        file: args.to,
        format: name,
        size_bytes: size,
    };
    let said = view.output.say(&shown, String::new);
    let (id, file, room) = (&shown.image_id, shown.file.display(), bytes(shown.room_bytes));
    Ok(said
        .with_aside(format!(
            "Wrote disk {index} of {id}, {}, as {name} to {file}; it takes {room}",
            bytes(size)
        ))
        .with_aside(format!(
            "landfall image verify {id} --against {file} --disk {index} compares it with what was signed"
        )))
}
