//! A center's images with the key that it signs them with.

use center::server::open_keyring;
use image::{Image, ImageError, Library, PublicKey, SignatureFault, Signer};
use store::{Database, Options};

use crate::{
    location::Storage,
    output::{Cell, Tone},
};

/// The images of a center.
pub(crate) struct Shelf {
    pub(crate) library: Library,
    /// Where the center has its records of images.
    pub(super) database: Database,
    /// The key of this center: an image by any other is not to be trusted.
    pub(crate) trusted: PublicKey,
}

impl Shelf {
    /// Opens the data of a center that has run before.
    pub(crate) async fn open(storage: &Storage) -> anyhow::Result<Self> {
        let places = storage.existing()?;
        let database = Database::open(&places.database, Options::default())?;
        let keyring = open_keyring(&database, &places.master_key).await?;
        let signer = Signer::from_seed(&keyring.image_signer_seed())?;
        Ok(Self { library: Library::new(storage.images()?), trusted: signer.public_key()?, database })
    }

    /// Opens an image; it is not removed meanwhile.
    pub(super) fn image(&self, id: &str) -> Result<Image, ImageError> {
        self.library.image(id)
    }

    /// Whether this center signed an image.
    pub(super) fn signature(&self, image: &Image) -> Signed {
        Signed(image.signed_by(Some(self.trusted)))
    }
}

/// Who signed an image.
pub(super) struct Signed(pub(super) Result<PublicKey, SignatureFault>);

impl Signed {
    /// For programs.
    pub(super) const fn word(&self) -> &'static str {
        match self.0 {
            Ok(_) => "Good",
            Err(SignatureFault::OtherKey) => "OtherKey",
            Err(SignatureFault::Unreadable) => "Unreadable",
            Err(SignatureFault::Wrong) => "Wrong",
        }
    }

    /// For people, in a table.
    pub(super) fn cell(&self) -> Cell {
        match self.0 {
            Ok(_) => Cell::new("this center", Tone::Good),
            Err(SignatureFault::OtherKey) => Cell::new("another key", Tone::Bad),
            Err(_) => Cell::new("damaged", Tone::Bad),
        }
    }

    /// For people, as a sentence.
    pub(super) fn sentence(&self) -> Cell {
        match self.0 {
            Ok(key) => Cell::new(format!("by this center, key {}", short(key)), Tone::Good),
            Err(fault) => Cell::new(fault.to_string(), Tone::Bad),
        }
    }
}

/// The beginning of a key, enough to tell centers apart by.
pub(super) fn short(key: PublicKey) -> String {
    hex::encode(key.0).chars().take(16).collect()
}
