//! `landfall image list`: one line an image; one that cannot be read is in the list too, with why.

use image::Image;
use serde::Serialize;

use super::{Shelf, View};
use crate::output::{Cell, Said, Tone, bytes, table};

/// What is said of an image.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Shown {
    image_id: String,
    #[serde(flatten)]
    state: State,
}

#[derive(Serialize)]
#[serde(untagged)]
enum State {
    #[serde(rename_all = "PascalCase")]
    Readable {
        name: String,
        source_id: String,
        job_id: String,
        finished_time: String,
        disks: usize,
        size_bytes: u64,
        room_bytes: u64,
        shared_bytes: u64,
        signature: &'static str,
        #[serde(skip)]
        signed: Cell,
    },
    #[serde(rename_all = "PascalCase")]
    Unreadable { error: String },
}

pub(super) fn run(shelf: &Shelf, view: View) -> anyhow::Result<Said> {
    let mut shown = Vec::new();
    for image_id in shelf.library.ids()? {
        let state = shelf.library.image(&image_id).and_then(|image| readable(shelf, &image));
        let state = state.unwrap_or_else(|error| State::Unreadable { error: error.to_string() });
        shown.push(Shown { image_id, state });
    }
    shown.sort_by(|a, b| (a.finished(), &a.image_id).cmp(&(b.finished(), &b.image_id)));
    let said = view.output.say(&shown, || {
        let rows: Vec<_> = shown.iter().map(|shown| shown.row(view)).collect();
        table(view.screen, ["ID", "NAME", "SOURCE", "DISKS", "ROOM", "SIGNED BY", "FINISHED"], &rows)
    });
    let said = shown.iter().fold(said, |said, shown| match &shown.state {
        State::Unreadable { error } => said.with_aside(format!("{}: {error}", shown.image_id)),
        State::Readable { .. } => said,
    });
    Ok(if shown.is_empty() {
        said.with_aside("No images; a replication job makes one when its copy equals the source")
    } else {
        said
    })
}

fn readable(shelf: &Shelf, image: &Image) -> Result<State, image::ImageError> {
    let manifest = image.manifest();
    let signed = shelf.signature(image);
    let room = image.room()?;
    Ok(State::Readable {
        name: manifest.origin.name.clone(),
        source_id: manifest.origin.source.clone(),
        job_id: manifest.origin.job.clone(),
        finished_time: manifest.origin.finished.clone(),
        disks: manifest.disks.len(),
        size_bytes: manifest.disks.iter().map(|disk| disk.size_bytes).sum(),
        room_bytes: room.own,
        shared_bytes: room.shared,
        signature: signed.word(),
        signed: signed.cell(),
    })
}

impl Shown {
    fn finished(&self) -> &str {
        match &self.state {
            State::Readable { finished_time, .. } => finished_time,
            State::Unreadable { .. } => "",
        }
    }

    fn row(&self, view: View) -> [Cell; 7] {
        let id = Cell::from(self.image_id.as_str());
        match &self.state {
            State::Readable {
                name,
                source_id,
                finished_time,
                disks,
                size_bytes,
                room_bytes,
                shared_bytes,
                signed,
                ..
            } => [
                id,
                Cell::known(Some(name)),
                Cell::known(Some(source_id)),
                format!("{disks}, {}", bytes(*size_bytes)).into(),
                room(*room_bytes, *shared_bytes).into(),
                signed.clone(),
                if finished_time.is_empty() { "-".into() } else { view.screen.written(finished_time) },
            ],
            State::Unreadable { .. } => [
                id,
                "-".into(),
                "-".into(),
                "-".into(),
                "-".into(),
                Cell::new("damaged", Tone::Bad),
                "-".into(),
            ],
        }
    }
}

/// The room that an image takes, and what of it is other images' too.
pub(super) fn room(own: u64, shared: u64) -> String {
    match shared {
        0 => bytes(own),
        shared => format!("{} + {} shared", bytes(own), bytes(shared)),
    }
}
