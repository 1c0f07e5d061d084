//! How a value that someone else wrote appears in a message.

/// Quotes and escapes a text, so that it cannot pass for part of the message, and cuts it at 64 characters.
pub(crate) fn quoted(text: &str) -> String {
    const SHOWN: usize = 64;
    match text.char_indices().nth(SHOWN) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?}…", &text[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn long_and_odd_texts_are_tamed() {
        assert_eq!(quoted("a\n\"b"), r#""a\n\"b""#);
        assert_eq!(quoted(&"é".repeat(65)), format!("\"{}\"…", "é".repeat(64)));
    }
}
