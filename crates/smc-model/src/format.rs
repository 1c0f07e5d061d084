//! The named formats: what a text must spell. Lengths and choices are the validator's business.

use crate::contract::Format;

impl Format {
    /// Whether the text is spelled by the rule.
    pub(crate) fn accepts(self, text: &str) -> bool {
        match self {
            Self::Plain => is_plain(text),
            Self::Name => is_name(text, ":_-"),
            Self::WorkgroupName => is_name(text, ":._-"),
            Self::Description => is_plain(text) && !starts_like_a_link(text),
            Self::Ascii => text.bytes().all(|byte| matches!(byte, b' '..=b'~')),
            Self::JsonObject => is_json_object(text),
            Self::UtcTime => is_utc_time(text),
            Self::Id(prefix) => is_id(text, prefix),
            Self::TagKey => is_tag_text(text) && !text.starts_with("aliyun") && !text.starts_with("acs:"),
            Self::TagValue => is_tag_text(text),
            Self::UserName => is_word(text, "._-") && !text.starts_with('-'),
            Self::PolicyName => is_word(text, "-"),
            Self::KeyId => is_word(text, "._-"),
        }
    }

    /// The rule as the end of a sentence that begins "it must".
    pub(crate) fn rule(self) -> String {
        match self {
            Self::Plain => "hold no control characters".to_owned(),
            Self::Name => name_rule("\":\", \"_\" and \"-\""),
            Self::WorkgroupName => name_rule("\":\", \".\", \"_\" and \"-\""),
            Self::Description => {
                "hold no control characters and not begin with \"http://\" or \"https://\"".to_owned()
            }
            Self::Ascii => "hold printable ASCII characters only".to_owned(),
            Self::JsonObject => "be a JSON object".to_owned(),
            Self::UtcTime => "be a UTC time as YYYY-MM-DDThh:mm:ssZ".to_owned(),
            Self::Id(prefix) => format!("be an id that begins with \"{prefix}\""),
            Self::TagKey => {
                "not begin with \"aliyun\" or \"acs:\", and hold neither \"http://\" nor \"https://\" nor control \
                 characters"
                    .to_owned()
            }
            Self::TagValue => "hold neither \"http://\" nor \"https://\" nor control characters".to_owned(),
            Self::UserName => {
                "hold letters, digits, \".\", \"-\" and \"_\" only, and not begin with \"-\"".to_owned()
            }
            Self::PolicyName => "hold letters, digits and \"-\" only".to_owned(),
            Self::KeyId => "hold letters, digits, \".\", \"-\" and \"_\" only".to_owned(),
        }
    }

    /// Whether a value may be repeated in a message. An id may not: the secret code could have been put in its place.
    pub(crate) fn may_be_shown(self) -> bool {
        !matches!(self, Self::Id(_) | Self::KeyId)
    }
}

fn name_rule(marks: &str) -> String {
    format!("begin with a letter or a Chinese character and go on with these, digits, {marks}")
}

fn is_plain(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

fn starts_like_a_link(text: &str) -> bool {
    let lower = text.get(..text.floor_char_boundary(8)).unwrap_or(text).to_ascii_lowercase();
    lower.starts_with("http://") || lower.starts_with("https://")
}

/// The name rule of the contract. The Chinese half is U+4E00 to U+9FFF; English documents leave it out.
fn is_name(text: &str, marks: &str) -> bool {
    let is_letter =
        |character: char| character.is_ascii_alphabetic() || matches!(character, '\u{4e00}'..='\u{9fff}');
    text.starts_with(is_letter)
        && text
            .chars()
            .all(|character| is_letter(character) || character.is_ascii_digit() || marks.contains(character))
}

/// Sample ids of the contract end in `****`, and users try them; they are well-formed and simply do not exist.
fn is_id(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|rest| {
        !rest.is_empty()
            && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'*'))
    })
}

fn is_word(text: &str, marks: &str) -> bool {
    text.chars().all(|character| character.is_ascii_alphanumeric() || marks.contains(character))
}

fn is_tag_text(text: &str) -> bool {
    is_plain(text) && !text.contains("http://") && !text.contains("https://")
}

fn is_json_object(text: &str) -> bool {
    serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text).is_ok()
}

/// A real moment of the Gregorian calendar; a leap second is not one here, as nothing could store it.
fn is_utc_time(text: &str) -> bool {
    let shaped = text.len() == 20
        && text.bytes().zip("dddd-dd-ddTdd:dd:ddZ".bytes()).all(|(byte, shape)| match shape {
            b'd' => byte.is_ascii_digit(),
            mark => byte == mark,
        });
    let number = |from: usize, to: usize| text.get(from..to).and_then(|digits| digits.parse::<u32>().ok());
    let Some(((year, month), day)) = number(0, 4).zip(number(5, 7)).zip(number(8, 10)) else { return false };
    let Some(((hour, minute), second)) = number(11, 13).zip(number(14, 16)).zip(number(17, 19)) else {
        return false;
    };
    shaped && (1..=days_in(year, month)).contains(&day) && hour < 24 && minute < 60 && second < 60
}

fn days_in(year: u32, month: u32) -> u32 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::Format;
    use proptest::prelude::*;

    #[test]
    fn each_format_takes_what_is_documented_and_nothing_else() {
        for (format, taken, refused) in [
            (Format::UserName, &["ci", "a.b_c-d", "_x", "1"][..], &["-ci", "a b", "名", "a/b", "a*"][..]),
            (Format::PolicyName, &["lab-janitor", "-"], &["a_b", "a.b", "a b", "a*"]),
            (Format::KeyId, &["LTAI5t", "landfall-dev", "a.b_c"], &["a b", "a/b", "a*", "名"]),
            (Format::Plain, &["a b.c", "名", "<b>", "🦀"][..], &["a\nb", "\u{0}", "\u{85}"][..]),
            (
                Format::Name,
                &["ab", "Z9:_-", "名字", "rack-7", "\u{9fff}1"],
                &[
                    "1a",
                    "_a",
                    "-a",
                    "http://x",
                    "https://x",
                    "a b",
                    "a.b",
                    "é",
                    "\u{a000}",
                    "🦀a",
                    "a\u{0}",
                    "<b>",
                    "",
                ],
            ),
            (Format::WorkgroupName, &["ab", "a.b", "名.字"], &[".a", "a b", "1a"]),
            (
                Format::Description,
                &["", "My task.", "see http://x", "h", "名"],
                &["http://x", "HTTPS://x", "a\tb"],
            ),
            (Format::Ascii, &["", "a b~"], &["é", "\u{7f}", "a\n"]),
            (
                Format::JsonObject,
                &["{}", r#"{"a":{"b":[1]}}"#],
                &["", "[]", "1", "{", "{}x", "BandWidthLimit:0"],
            ),
            (
                Format::UtcTime,
                &["2026-02-28T23:59:59Z", "2024-02-29T00:00:00Z", "2000-02-29T00:00:00Z"],
                &[
                    "2026-02-29T00:00:00Z",
                    "1900-02-29T00:00:00Z",
                    "2026-13-01T00:00:00Z",
                    "2026-00-01T00:00:00Z",
                    "2026-01-00T00:00:00Z",
                    "2026-01-01T24:00:00Z",
                    "2026-01-01T00:60:00Z",
                    "2026-01-01T00:00:60Z",
                    "2026-01-01T00:00:00.0Z",
                    "2026-01-01 00:00:00Z",
                    "2026-01-01T00:00:00+00:00",
                    "+026-01-01T00:00:00Z",
                    "２026-01-01T00:00Z",
                    "",
                ],
            ),
            (
                Format::Id("at-"),
                &["at-bp1akz2zp67r0k6r****", "at-x"],
                &["at-", "s-x", "at-é", "at-a b", "at-a/b", ""],
            ),
            (Format::TagKey, &["team", "a b", "Aliyun"], &["aliyun", "aliyunx", "acs:x", "xhttp://", "a\n"]),
            (Format::TagValue, &["aliyun", "acs:x", ""], &["see http://x", "https://", "a\n"]),
        ] {
            for text in taken {
                assert!(format.accepts(text), "{format:?} refuses {text:?}");
            }
            for text in refused {
                assert!(!format.accepts(text), "{format:?} takes {text:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_a_format_panic(text in any::<String>()) {
            for format in [Format::Description, Format::UtcTime, Format::Id("at-"), Format::JsonObject, Format::Name] {
                let _ = format.accepts(&text);
            }
        }
    }
}
