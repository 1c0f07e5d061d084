//! A JSON document as it was written: members keep their order, and repeated members are kept too.
//!
//! A map would silently keep one of two `Condition` members; a policy must be refused instead, and the one who reads
//! it needs to see both.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};

/// A JSON value; numbers are not kept, because no policy element is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Json {
    Null,
    Bool,
    Number,
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// Where and why a text is not JSON.
pub(crate) struct JsonError {
    /// From 1.
    pub(crate) line: usize,
    /// In bytes, from 1; 0 at the end of an empty text.
    pub(crate) column: usize,
    pub(crate) reason: String,
}

impl Json {
    /// Reads one document; nesting deeper than 128 levels is refused.
    pub(crate) fn parse(text: &str) -> Result<Self, JsonError> {
        serde_json::from_str(text).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let whole = error.to_string();
            let place = format!(" at line {line} column {column}");
            let reason = whole.strip_suffix(&place).unwrap_or(&whole).to_owned();
            JsonError { line, column, reason }
        })
    }

    /// Says what the value is, for a message.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "a boolean",
            Self::Number => "a number",
            Self::Text(_) => "a string",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Json, E> {
        Ok(Json::Bool)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Json, E> {
        Ok(Json::Number)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Json, E> {
        Ok(Json::Number)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Json, E> {
        Ok(Json::Number)
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Json, E> {
        Ok(Json::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json, A::Error> {
        let mut object = Vec::new();
        while let Some(member) = members.next_entry()? {
            object.push(member);
        }
        Ok(Json::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::Json;

    #[test]
    fn repeated_members_are_kept_in_order() {
        let text = |s: &str| Json::Text(s.to_owned());
        let Ok(json) = Json::parse(r#"{"b":"1","a":[null,true,2,-3,4.5],"b":"2"}"#) else {
            panic!("refused")
        };
        assert_eq!(
            json,
            Json::Object(vec![
                ("b".to_owned(), text("1")),
                (
                    "a".to_owned(),
                    Json::List(vec![Json::Null, Json::Bool, Json::Number, Json::Number, Json::Number])
                ),
                ("b".to_owned(), text("2")),
            ])
        );
    }

    #[test]
    fn endless_nesting_is_refused() {
        assert!(Json::parse(&"[".repeat(100_000)).is_err());
    }
}
