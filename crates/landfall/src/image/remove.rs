//! `landfall image remove`: the files of an image, and the center's record of it.

use image::{ImageError, Room};
use smc::{ImageId, ports::JobTx};

use super::Shelf;
use crate::output::{Said, bytes};

pub(super) async fn run(shelf: &Shelf, id: &str) -> anyhow::Result<Said> {
    // One whose manifest is damaged must be removable too.
    let room = shelf.library.image(id).and_then(|image| image.room()).ok();
    // The files first: the record of an image that is in use stays.
    let removed = shelf.library.remove(id);
    let recorded = match &removed {
        Ok(()) | Err(ImageError::Missing(_)) => forget(shelf, id).await?,
        Err(_) => false,
    };
    match removed {
        Err(ImageError::Missing(_)) if recorded => {
            Ok(Said::aside(format!("Removed the center's record of {id}, whose files were gone")))
        }
        removed => {
            removed?;
            Ok(told(Said::aside(format!("Removed {id}")), room))
        }
    }
}

/// Removes the record of an image; says whether there was one. What is no id of this center's has none.
async fn forget(shelf: &Shelf, id: &str) -> anyhow::Result<bool> {
    let Ok(id) = ImageId::parse(id) else { return Ok(false) };
    Ok(shelf.database.write(move |tx| tx.delete_image(&id)).await?)
}

fn told(said: Said, room: Option<Room>) -> Said {
    match room {
        Some(Room { own, shared: 0 }) => said.with_aside(format!("It took {}", bytes(own))),
        Some(Room { own, shared }) => said.with_aside(format!(
            "It took {}; the {} that it shared stay until the last image that has them is removed",
            bytes(own),
            bytes(shared)
        )),
        None => said,
    }
}
