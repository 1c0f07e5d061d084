//! A JSON body as flat parameters: `{"Tag":[{"Key":"a"}]}` is `Tag.1.Key=a`.
//!
//! The document is flattened while it is read; no tree is built. Numbers keep a form that tells `10` from `1e1` and
//! `10.0`, so that a rule about digits still sees what was sent. `null` means the parameter is absent.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use crate::parameters::{MOST_NAME_BYTES, name_too_long};
use crate::{ApiError, Limits};

/// Appends the parameters of `raw` to `out`. Refuses what is not one JSON object, a key given twice in one object,
/// nesting deeper than the limit, NUL in a name or value, and too many parameters.
pub(crate) fn flatten(raw: &[u8], out: &mut Vec<(String, String)>, limits: &Limits) -> Result<(), ApiError> {
    let mut state = State { name: String::new(), out, limits, refusal: None };
    let mut document = serde_json::Deserializer::from_slice(raw);
    let read = Value { state: &mut state, depth: 0 }.deserialize(&mut document).and_then(|()| document.end());
    match (state.refusal, read) {
        (Some(refusal), _) => Err(refusal),
        (None, Err(error)) => {
            // The position helps; the library's text may quote the body, so it stays here.
            let (line, column) = (error.line(), error.column());
            let reason = format_args!("it is not one JSON object (line {line}, column {column})");
            Err(ApiError::invalid_parameter("Body", reason))
        }
        (None, Ok(())) => Ok(()),
    }
}

struct State<'a> {
    /// The name built so far, such as `Tag.1`.
    name: String,
    out: &'a mut Vec<(String, String)>,
    limits: &'a Limits,
    /// The precise refusal, when reading was given up on purpose.
    refusal: Option<ApiError>,
}

impl State<'_> {
    fn refuse<E: serde::de::Error>(&mut self, refusal: ApiError) -> E {
        self.refusal = Some(refusal);
        E::custom("refused")
    }

    fn push<E: serde::de::Error>(&mut self, value: String) -> Result<(), E> {
        if self.name.is_empty() {
            return Err(E::custom("the document is not an object"));
        }
        if self.out.len() == self.limits.max_parameters {
            return Err(self.refuse(ApiError::too_many_parameters(self.limits.max_parameters)));
        }
        if self.name.contains('\0') || value.contains('\0') {
            return Err(self.refuse(ApiError::invalid_parameter(&self.name, "it contains a NUL character")));
        }
        self.out.push((self.name.clone(), value));
        Ok(())
    }

    /// Extends the name by one step and returns what to cut it back to.
    fn descend<E: serde::de::Error>(&mut self, step: impl fmt::Display) -> Result<usize, E> {
        use fmt::Write as _;
        let before = self.name.len();
        let dot = if before == 0 { "" } else { "." };
        // Writing to a String does not fail.
        let _ = write!(self.name, "{dot}{step}");
        if self.name.len() > MOST_NAME_BYTES {
            return Err(self.refuse(name_too_long(&self.name)));
        }
        Ok(before)
    }
}

/// Reads one value under the state's current name.
struct Value<'s, 'a> {
    state: &'s mut State<'a>,
    depth: usize,
}

impl Value<'_, '_> {
    fn check_depth<E: serde::de::Error>(&mut self) -> Result<(), E> {
        let most = self.state.limits.max_json_depth;
        if self.depth < most {
            return Ok(());
        }
        let name = if self.state.name.is_empty() { "Body" } else { &self.state.name };
        let refusal = ApiError::invalid_parameter(name, format_args!("it is nested more than {most} deep"));
        Err(self.state.refuse(refusal))
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("parameters")
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<(), E> {
        self.state.push(value.to_owned())
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<(), E> {
        self.state.push(value.to_string())
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<(), E> {
        self.state.push(value.to_string())
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<(), E> {
        self.state.push(value.to_string())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<(), E> {
        self.state.push(format!("{value:?}"))
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        if self.state.name.is_empty() { Err(E::custom("the document is not an object")) } else { Ok(()) }
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        if self.state.name.is_empty() {
            return Err(A::Error::custom("the document is not an object"));
        }
        self.check_depth()?;
        for position in 1_usize.. {
            let before = self.state.descend(position)?;
            let item = items.next_element_seed(Value { state: &mut *self.state, depth: self.depth + 1 })?;
            self.state.name.truncate(before);
            if item.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<(), A::Error> {
        self.check_depth()?;
        let mut seen = std::collections::HashSet::new();
        while let Some(key) = members.next_key::<String>()? {
            let empty = key.is_empty();
            let before = self.state.descend(&key)?;
            if empty || !seen.insert(key) {
                let reason = if empty { "a name in it is empty" } else { "it is given more than once" };
                let refusal = ApiError::invalid_parameter(&self.state.name, reason);
                return Err(self.state.refuse(refusal));
            }
            if seen.len() > self.state.limits.max_parameters {
                let most = self.state.limits.max_parameters;
                return Err(self.state.refuse(ApiError::too_many_parameters(most)));
            }
            members.next_value_seed(Value { state: &mut *self.state, depth: self.depth + 1 })?;
            self.state.name.truncate(before);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::flatten;
    use crate::Limits;

    /// The parameters as `a=1&b=2`, or the refusal.
    fn flat(json: &str) -> String {
        let mut out = Vec::new();
        match flatten(json.as_bytes(), &mut out, &Limits::default()) {
            Ok(()) => out.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn values_are_flattened_under_dotted_names() {
        for (json, expected) in [
            (
                r#"{"Name":"中 +x","Tag":[{"Key":"a","Value":"b*"},{"Key":"c"}]}"#,
                "Name=中 +x&Tag.1.Key=a&Tag.1.Value=b*&Tag.2.Key=c",
            ),
            (
                r#"{"Count":10,"Neg":-1,"On":true,"Off":false,"None":null}"#,
                "Count=10&Neg=-1&On=true&Off=false",
            ),
            (
                r#"{"A":1e1,"B":10.0,"C":0.1,"D":1000000000000000000000000000000}"#,
                "A=10.0&B=10.0&C=0.1&D=1e30",
            ),
            (r#"{"Id":["s-1","s-2"],"Empty":[],"Nothing":{},"Text":""}"#, "Id.1=s-1&Id.2=s-2&Text="),
            (r#"{"A":{"B":{"C":1}}}"#, "A.B.C=1"),
            ("{}", ""),
        ] {
            assert_eq!(flat(json), expected, "{json}");
        }
    }

    #[test]
    fn what_has_no_one_meaning_is_refused() {
        for json in [
            "",
            "[]",
            "null",
            "1",
            "\"x\"",
            "{} {}",
            r#"{"A":"#,
            "{\"A\":\"\u{1}\"}",
            r#"{"A":"\ud800"}"#,
            "{'A':1}",
        ] {
            let refused = "InvalidParameter.Body: Specified parameter Body is not valid: it is not one JSON object (line ";
            assert!(flat(json).starts_with(refused), "{json}: {}", flat(json));
        }
        for (json, expected) in [
            (
                r#"{"A":1,"A":1}"#,
                "InvalidParameter.A: Specified parameter A is not valid: it is given more than once.",
            ),
            (
                r#"{"A":[{"B":1,"B":2}]}"#,
                "InvalidParameter.A.1.B: Specified parameter A.1.B is not valid: it is given more than once.",
            ),
            (
                r#"{"A":"\u0000"}"#,
                "InvalidParameter.A: Specified parameter A is not valid: it contains a NUL character.",
            ),
            (r#"{"":1}"#, "InvalidParameter: Specified parameter \"\" is not valid: a name in it is empty."),
            (
                r#"{"A":[[[[[[[[1]]]]]]]]}"#,
                "InvalidParameter.A.1.1.1.1.1.1.1: Specified parameter A.1.1.1.1.1.1.1 is not valid: it is nested more than 8 deep.",
            ),
        ] {
            assert_eq!(flat(json), expected, "{json}");
        }
        let long = format!(r#"{{"{}":[1,2]}}"#, "x".repeat(257));
        assert!(flat(&long).ends_with("is not valid: its name is longer than 256 bytes."), "{}", flat(&long));
        assert!(flat(&"[".repeat(100_000)).starts_with("InvalidParameter.Body"));
        assert!(flat(&r#"{"A":"#.repeat(100_000)).starts_with("InvalidParameter.A.A"));
    }
}
