//! The one value of a reply that must not be seen anywhere else.

use serde::{Deserialize, Serialize};

/// A secret that is written into the reply to its creator, and nowhere else.
///
/// It has no `Debug` and no `Display`, so neither has a response that holds one. It serializes because the reply is
/// one of the three places where the code may be.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub struct OneTimeSecret(String);

impl OneTimeSecret {
    /// Wraps a secret.
    pub fn new(secret: String) -> Self {
        Self(secret)
    }

    /// The secret itself; the caller answers for where it goes.
    pub fn expose(&self) -> &str {
        &self.0
    }
}
