//! What was found of an image, kept with the center's record of it: shown by DescribeImages and by the image's workgroup.

use center::clock::SystemClock;
use serde::Serialize;
use smc::{
    ImageId,
    job::{CheckKind, ImageCheck},
    ports::{Clock, JobTx},
    registry::keep_image_check,
};

use super::Shelf;
use crate::output::{Cell, Said, Tone};

/// What looking at an image came to.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CheckShown {
    #[serde(skip)]
    check: CheckKind,
    kind: &'static str,
    result: &'static str,
    time: String,
    detail: String,
}

/// Keeps an outcome, unless the center has no record of the image. Whoever asked is told the outcome in any case, so that
/// a database that does not take it is only told of beside it.
pub(super) async fn keep(
    shelf: &Shelf,
    id: &str,
    (kind, passed, detail): (CheckKind, bool, String),
    said: Said,
) -> Said {
    // What is no id of this center's has no record.
    let Ok(image) = ImageId::parse(id) else { return said };
    let check = ImageCheck::new(kind, SystemClock::default().now(), passed, &detail);
    match shelf.database.write(move |tx| keep_image_check(tx, &image, &check)).await {
        Ok(_) => said,
        Err(error) => said.with_aside(format!("The center does not remember this: {error}")),
    }
}

/// What was kept of an image: the latest of each kind, the oldest first.
pub(super) async fn kept(shelf: &Shelf, id: &str) -> anyhow::Result<Vec<CheckShown>> {
    let Ok(image) = ImageId::parse(id) else { return Ok(Vec::new()) };
    let checks = shelf.database.read(move |tx| tx.checks(&[image])).await?;
    Ok(checks.into_iter().map(|(_, check)| CheckShown::from(check)).collect())
}

impl CheckShown {
    /// For people.
    pub(super) fn fact(&self) -> (&'static str, Cell) {
        let name = match self.check {
            CheckKind::Verification => "Verified",
            CheckKind::TestBoot => "Test boot",
        };
        let (word, tone) =
            if self.result == "Passed" { ("passed", Tone::Good) } else { ("failed", Tone::Bad) };
        (name, Cell::new(format!("{word}, {}: {}", self.time, self.detail), tone))
    }
}

impl From<ImageCheck> for CheckShown {
    fn from(check: ImageCheck) -> Self {
        Self {
            check: check.kind,
            kind: check.kind.as_str(),
            result: check.result(),
            time: check.at.to_string(),
            detail: check.detail,
        }
    }
}
