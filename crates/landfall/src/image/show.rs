//! `landfall image show`: what an image says of itself, and whether this center signed that. Its content is not read.

use std::collections::BTreeMap;

use image::{How, Image};
use serde::Serialize;

use super::{
    Shelf, View,
    checks::{CheckShown, kept},
    list::room,
};
use crate::output::{Cell, Said, bytes, facts, table};

/// What is said of an image.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Shown {
    image_id: String,
    name: String,
    source_id: String,
    job_id: String,
    run_id: String,
    started_time: String,
    finished_time: String,
    made_with: BTreeMap<String, String>,
    directory: String,
    room_bytes: u64,
    shared_bytes: u64,
    signature: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    signed_by: Option<String>,
    disks: Vec<DiskShown>,
    checks: Vec<CheckShown>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct DiskShown {
    disk: u16,
    size_bytes: u64,
    /// How its content came into the image.
    #[serde(skip_serializing_if = "Option::is_none")]
    how: Option<HowShown>,
    root: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase", tag = "By")]
enum HowShown {
    Reflink,
    #[serde(rename_all = "PascalCase")]
    Overlay {
        base: String,
        written_bytes: u64,
    },
    #[serde(rename_all = "PascalCase")]
    Copied {
        written_bytes: u64,
    },
}

pub(super) async fn run(shelf: &Shelf, id: &str, view: View) -> anyhow::Result<Said> {
    let image = shelf.image(id)?;
    let signed = shelf.signature(&image);
    let checks = kept(shelf, id).await?;
    let shown = shown(&image, signed.word(), signed.0.ok().map(|key| hex::encode(key.0)), checks)?;
    let said = view.output.say(&shown, || text(&shown, signed.sentence(), view));
    Ok(said.with_aside(format!("landfall image verify {id} reads all of it and compares")))
}

fn shown(
    image: &Image,
    signature: &'static str,
    signed_by: Option<String>,
    checks: Vec<CheckShown>,
) -> anyhow::Result<Shown> {
    let manifest = image.manifest();
    let origin = manifest.origin.clone();
    let room = image.room()?;
    let disk = |disk: &image::DiskManifest| DiskShown {
        disk: disk.index,
        size_bytes: disk.size_bytes,
        how: disk.how.as_ref().map(how),
        root: disk.root.clone(),
    };
    Ok(Shown {
        image_id: origin.id,
        name: origin.name,
        source_id: origin.source,
        job_id: origin.job,
        run_id: origin.run,
        started_time: origin.started,
        finished_time: origin.finished,
        made_with: origin.tools,
        directory: image.directory().display().to_string(),
        room_bytes: room.own,
        shared_bytes: room.shared,
        signature,
        signed_by,
        disks: manifest.disks.iter().map(disk).collect(),
        checks,
    })
}

fn text(shown: &Shown, signed: Cell, view: View) -> String {
    let moment = |at: &str| if at.is_empty() { "-".into() } else { view.screen.written(at) };
    let tools: Vec<String> =
        shown.made_with.iter().map(|(tool, version)| format!("{tool} {version}")).collect();
    let mut lines = vec![
        ("Id", shown.image_id.as_str().into()),
        ("Name", Cell::known(Some(&shown.name))),
        ("Source", Cell::known(Some(&shown.source_id))),
        ("Job", Cell::known(Some(&shown.job_id))),
        ("Run", Cell::known(Some(&shown.run_id))),
        ("Started", moment(&shown.started_time)),
        ("Finished", moment(&shown.finished_time)),
        ("Signed", signed),
        ("Made with", Cell::known(Some(&tools.join(", ")))),
        ("Directory", shown.directory.as_str().into()),
        ("Room", room(shown.room_bytes, shown.shared_bytes).into()),
    ];
    lines.extend(shown.checks.iter().map(CheckShown::fact));
    let mut text = facts(view.screen, &lines);
    let rows: Vec<[Cell; 4]> = shown
        .disks
        .iter()
        .map(|disk| {
            [
                disk.disk.to_string().into(),
                bytes(disk.size_bytes).into(),
                disk.how.as_ref().map_or_else(|| "-".to_owned(), HowShown::words).into(),
                disk.root.as_str().into(),
            ]
        })
        .collect();
    text.push('\n');
    text.push_str(&table(view.screen, ["DISK", "SIZE", "MADE BY", "ROOT (BLAKE3)"], &rows));
    text
}

fn how(how: &How) -> HowShown {
    match how {
        How::Reflink => HowShown::Reflink,
        How::Overlay { base, bytes, .. } => HowShown::Overlay { base: base.clone(), written_bytes: *bytes },
        How::Copied { bytes } => HowShown::Copied { written_bytes: *bytes },
    }
}

impl HowShown {
    fn words(&self) -> String {
        match self {
            Self::Reflink => "sharing blocks".to_owned(),
            Self::Overlay { base, written_bytes } => {
                format!("a layer of {} over {base}", bytes(*written_bytes))
            }
            Self::Copied { written_bytes } => format!("copying {}", bytes(*written_bytes)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::HowShown;

    #[test]
    fn it_is_told_how_a_disk_was_made() {
        let overlay = HowShown::Overlay { base: "m-1".to_owned(), written_bytes: 3 << 20 };
        assert_eq!(overlay.words(), "a layer of 3.0 MiB over m-1");
        assert_eq!(HowShown::Copied { written_bytes: 5 << 30 }.words(), "copying 5.0 GiB");
        assert_eq!(HowShown::Reflink.words(), "sharing blocks");
        let json = serde_json::to_string(&overlay).unwrap();
        assert_eq!(json, r#"{"By":"Overlay","Base":"m-1","WrittenBytes":3145728}"#);
    }
}
