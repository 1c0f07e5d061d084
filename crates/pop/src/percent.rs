//! Percent-encoding as both signature schemes define it: RFC 3986, everything but the unreserved characters, upper-case
//! hexadecimal. Decoding is strict, so that one wire form has one meaning.

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// Appends `text` encoded once: `a b` becomes `a%20b`.
pub(crate) fn encode_into(out: &mut String, text: &str) {
    escape(out, text, "%");
}

/// Appends `text` encoded twice: `a b` becomes `a%2520b`. Saves the intermediate copy the V1 scheme describes.
pub(crate) fn encode_twice_into(out: &mut String, text: &str) {
    escape(out, text, "%25");
}

/// Tells whether encoding would change nothing.
pub(crate) fn is_plain(text: &str) -> bool {
    text.bytes().all(is_unreserved)
}

/// Decodes one name or value of a query string or form; `+` is a space.
pub(crate) fn decode(raw: &[u8]) -> Result<String, DecodeError> {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw.iter().copied();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let (high, low) = (rest.next().and_then(nibble), rest.next().and_then(nibble));
                high.zip(low).map(|(high, low)| high << 4 | low).ok_or(DecodeError::Escape)?
            }
            other => other,
        });
    }
    let text = String::from_utf8(bytes).map_err(|_| DecodeError::Utf8)?;
    if text.contains('\0') { Err(DecodeError::Nul) } else { Ok(text) }
}

/// Why a name or value cannot be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DecodeError {
    /// A `%` without two hexadecimal digits.
    #[error("a % is not followed by two hexadecimal digits")]
    Escape,
    /// Bytes that are not UTF-8, as of a character cut in two.
    #[error("it is not valid UTF-8")]
    Utf8,
    /// The NUL character, which no parameter has a use for and many programs stop reading at.
    #[error("it contains a NUL character")]
    Nul,
}

fn escape(out: &mut String, text: &str, mark: &str) {
    for byte in text.bytes() {
        if is_unreserved(byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(mark);
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~')
}

fn nibble(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{DecodeError, decode, encode_into, encode_twice_into, is_plain};

    fn encoded(text: &str) -> String {
        let mut out = String::new();
        encode_into(&mut out, text);
        out
    }

    #[test]
    fn reserved_characters_are_encoded_the_documented_way() {
        for (text, expected) in
            [("a b", "a%20b"), ("*~-_.", "%2A~-_."), ("+%", "%2B%25"), ("中", "%E4%B8%AD"), ("", "")]
        {
            assert_eq!(encoded(text), expected);
        }
    }

    #[test]
    fn broken_encodings_are_refused() {
        for (raw, error) in [
            (&b"%"[..], DecodeError::Escape),
            (b"%4", DecodeError::Escape),
            (b"%zz", DecodeError::Escape),
            (b"%+1", DecodeError::Escape),
            (b"%E4%B8", DecodeError::Utf8),
            (b"\xff", DecodeError::Utf8),
            (b"%C0%80", DecodeError::Utf8),
            (b"a%00b", DecodeError::Nul),
        ] {
            assert_eq!(decode(raw), Err(error), "{raw:?}");
        }
    }

    #[test]
    fn plus_is_a_space() {
        assert_eq!(decode(b"a+b%2B").expect("decodes"), "a b+");
    }

    proptest! {
        #[test]
        fn decoding_undoes_encoding(text in "[^\0]*") {
            prop_assert_eq!(decode(encoded(&text).as_bytes()), Ok(text));
        }

        #[test]
        fn encoding_twice_at_once_is_encoding_twice(text in any::<String>()) {
            let mut at_once = String::new();
            encode_twice_into(&mut at_once, &text);
            prop_assert_eq!(at_once, encoded(&encoded(&text)));
        }

        #[test]
        fn plain_text_is_what_encoding_leaves_alone(text in any::<String>()) {
            prop_assert_eq!(is_plain(&text), encoded(&text) == text);
        }
    }
}
