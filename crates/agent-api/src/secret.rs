//! A code's value inside the one request that may carry it.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

/// The value of a code on its way; wiped when dropped, unprintable. It is serialisable because sending it is
/// what the request is for: never put a request that holds one into a log, an error or a file.
pub struct WireCode(Zeroizing<String>);

impl WireCode {
    /// Takes the text as it was given.
    pub fn new(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }

    /// Hands out the text.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl Serialize for WireCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for WireCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // A visitor of our own, so that a wrong type is reported without repeating the value.
        struct Text;
        impl serde::de::Visitor<'_> for Text {
            type Value = WireCode;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the value of an activation code as a string")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<WireCode, E> {
                Ok(WireCode::new(text))
            }
        }
        deserializer.deserialize_str(Text)
    }
}
