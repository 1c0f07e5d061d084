//! What is wrong with an image, for programs.

use image::Damage;
use serde::Serialize;

/// Something that is wrong, with its place where it has one.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DamageShown {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    disk: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    length: Option<u64>,
    message: String,
}

impl From<&Damage> for DamageShown {
    fn from(damage: &Damage) -> Self {
        let (kind, disk, place) = match damage {
            Damage::Signature(_) => ("Signature", None, None),
            Damage::Unreadable { disk, .. } => ("Unreadable", Some(*disk), None),
            Damage::Chunks(disk) => ("Digests", Some(*disk), None),
            Damage::Layer(disk) => ("Layer", Some(*disk), None),
            Damage::Size { disk, .. } => ("Size", Some(*disk), None),
            Damage::Content { disk, offset, length } => ("Content", Some(*disk), Some((*offset, *length))),
        };
        let (offset, length) = place.unzip();
        Self { kind, disk, offset, length, message: damage.to_string() }
    }
}
