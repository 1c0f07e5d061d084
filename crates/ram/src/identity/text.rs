//! What identities that are texts share: how they are checked, shown and stored.

use super::IdentityError;

pub(super) fn check_length(what: &'static str, text: &str, maximum: usize) -> Result<(), IdentityError> {
    let length = text.chars().count();
    if (1..=maximum).contains(&length) {
        return Ok(());
    }
    Err(IdentityError::Length { what, length, maximum })
}

pub(super) fn check_characters(
    what: &'static str,
    text: &str,
    allowed: &'static str,
    is_allowed: fn(char) -> bool,
) -> Result<(), IdentityError> {
    match text.chars().find(|character| !is_allowed(*character)) {
        None => Ok(()),
        Some(character) => Err(IdentityError::Character { what, character, allowed }),
    }
}

pub(super) fn is_name_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '.' | '-' | '_')
}

/// Gives types around a `String` their text.
macro_rules! text_identity {
    ($($name:ident),+) => {$(
        impl $name {
            /// Returns the text as it was parsed.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

/// Lets types that parse and display go through text in serialized form, checked on the way in.
macro_rules! through_text {
    ($($name:ident),+) => {$(
        impl TryFrom<String> for $name {
            type Error = IdentityError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.to_string()
            }
        }
    )+};
}

pub(super) use {text_identity, through_text};
