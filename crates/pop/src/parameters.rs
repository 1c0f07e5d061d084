//! A request's parameters: decoded once, sorted once, each name once.
//!
//! Decoding is strict and knows nothing of what a parameter means. The order by name serves finding, refusing
//! duplicates and both canonical forms.

use std::cmp::Ordering;

use crate::{ApiError, Limits, json_body, percent};

/// Longest decoded name in bytes. Without it a few long names in nested JSON would multiply into gigabytes.
pub(crate) const MOST_NAME_BYTES: usize = 256;

/// The part of a body that carries parameters.
#[derive(Clone, Copy)]
pub enum Body<'a> {
    /// No body, or one without parameters.
    None,
    /// `application/x-www-form-urlencoded`.
    Form(&'a [u8]),
    /// `application/json`: one object, flattened to `Tag.1.Key`.
    Json(&'a [u8]),
}

/// The decoded parameters of one request.
pub struct Parameters {
    /// In the order received, query first.
    items: Vec<(String, String)>,
    /// How many of `items` came in the query.
    in_query: usize,
    /// Indices into `items`, by name in byte order.
    order: Vec<usize>,
}

impl Parameters {
    /// Decodes the raw query string and the body. Refuses, naming the parameter: broken percent-encoding, text that is
    /// not UTF-8, NUL, an empty name, the same name twice wherever it stands, JSON that is not an object or nested too
    /// deep, names longer than 256 bytes, and more than `limits.max_parameters`.
    pub fn decode(query: &str, body: Body<'_>, limits: &Limits) -> Result<Self, ApiError> {
        let mut items = Vec::new();
        decode_pairs(query.as_bytes(), &mut items, limits.max_parameters)?;
        let in_query = items.len();
        match body {
            Body::None => {}
            Body::Form(raw) => decode_pairs(raw, &mut items, limits.max_parameters)?,
            Body::Json(raw) => json_body::flatten(raw, &mut items, limits)?,
        }
        let mut order: Vec<usize> = (0..items.len()).collect();
        order.sort_unstable_by(|&a, &b| items[a].0.cmp(&items[b].0));
        if let Some(twice) = order.windows(2).find(|pair| items[pair[0]].0 == items[pair[1]].0) {
            return Err(ApiError::invalid_parameter(&items[twice[0]].0, "it is given more than once"));
        }
        Ok(Self { items, in_query, order })
    }

    /// Returns the value of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        let compare = |&index: &usize| -> Ordering { self.items[index].0.as_str().cmp(name) };
        let at = self.order.binary_search_by(compare).ok()?;
        Some(&self.items[self.order[at]].1)
    }

    /// Iterates over all parameters by name in byte order.
    pub fn sorted(&self) -> impl Iterator<Item = (&str, &str)> {
        self.order.iter().map(|&index| (self.items[index].0.as_str(), self.items[index].1.as_str()))
    }

    /// Iterates over the parameters of the query by name in byte order.
    pub fn sorted_query(&self) -> impl Iterator<Item = (&str, &str)> {
        self.order
            .iter()
            .filter(|&&index| index < self.in_query)
            .map(|&index| (self.items[index].0.as_str(), self.items[index].1.as_str()))
    }

    /// Returns all parameters in the order received.
    pub fn into_pairs(self) -> Vec<(String, String)> {
        self.items
    }
}

/// Decodes `a=1&b=2`. A name without `=` has an empty value; empty segments (`&&`) are skipped.
fn decode_pairs(raw: &[u8], out: &mut Vec<(String, String)>, most: usize) -> Result<(), ApiError> {
    for segment in raw.split(|&byte| byte == b'&').filter(|segment| !segment.is_empty()) {
        if out.len() == most {
            return Err(ApiError::too_many_parameters(most));
        }
        let equals = segment.iter().position(|&byte| byte == b'=');
        let (name, value) = equals.map_or((segment, &[][..]), |at| (&segment[..at], &segment[at + 1..]));
        let name = percent::decode(name).map_err(|why| {
            ApiError::invalid_parameter(&String::from_utf8_lossy(name), format_args!("in its name, {why}"))
        })?;
        if name.is_empty() {
            return Err(ApiError::invalid_parameter("", "its name is empty"));
        }
        if name.len() > MOST_NAME_BYTES {
            return Err(name_too_long(&name));
        }
        let value = percent::decode(value).map_err(|why| ApiError::invalid_parameter(&name, why))?;
        out.push((name, value));
    }
    Ok(())
}

pub(crate) fn name_too_long(name: &str) -> ApiError {
    ApiError::invalid_parameter(name, format_args!("its name is longer than {MOST_NAME_BYTES} bytes"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Body, Parameters};
    use crate::{Limits, percent};

    fn refusal(query: &str, body: Body<'_>) -> String {
        let error = Parameters::decode(query, body, &Limits::default()).err();
        error.map_or_else(|| "accepted".to_owned(), |error| error.to_string())
    }

    #[test]
    fn what_cannot_be_decoded_is_refused_by_name() {
        for (query, form, expected) in [
            (
                "A=1&A=2",
                "",
                "InvalidParameter.A: Specified parameter A is not valid: it is given more than once.",
            ),
            (
                "A=1&%41=2",
                "",
                "InvalidParameter.A: Specified parameter A is not valid: it is given more than once.",
            ),
            (
                "",
                "A&A",
                "InvalidParameter.A: Specified parameter A is not valid: it is given more than once.",
            ),
            (
                "A=1",
                "A=1",
                "InvalidParameter.A: Specified parameter A is not valid: it is given more than once.",
            ),
            (
                "Name=%e4%b8",
                "",
                "InvalidParameter.Name: Specified parameter Name is not valid: it is not valid UTF-8.",
            ),
            (
                "Name=%00",
                "",
                "InvalidParameter.Name: Specified parameter Name is not valid: it contains a NUL character.",
            ),
            (
                "Name=%",
                "",
                "InvalidParameter.Name: Specified parameter Name is not valid: a % is not followed by two hexadecimal digits.",
            ),
            (
                "%=1",
                "",
                "InvalidParameter: Specified parameter \"%\" is not valid: in its name, a % is not followed by two hexadecimal digits.",
            ),
            ("=1", "", "InvalidParameter: Specified parameter \"\" is not valid: its name is empty."),
            ("A=1&B", "&&C=&", "accepted"),
        ] {
            assert_eq!(refusal(query, Body::Form(form.as_bytes())), expected, "{query} {form}");
        }
    }

    #[test]
    fn names_have_a_length_they_may_not_exceed() {
        let named = |length: usize| format!("{}=v", "n".repeat(length));
        assert_eq!(refusal(&named(256), Body::None), "accepted");
        let refused = refusal(&named(257), Body::None);
        assert!(refused.ends_with("is not valid: its name is longer than 256 bytes."), "{refused}");
    }

    #[test]
    fn a_thousand_parameters_are_the_most() {
        let query = |count: usize| (0..count).map(|n| format!("P.{n}=v")).collect::<Vec<_>>().join("&");
        assert_eq!(refusal(&query(1_000), Body::None), "accepted");
        let refused = "TooManyParameters: The request has more than 1000 parameters.";
        assert_eq!(refusal(&query(1_001), Body::None), refused);
        assert_eq!(refusal(&query(10_000), Body::None), refused);
        assert_eq!(refusal(&query(1_000), Body::Form(b"X=1")), refused);
        assert_eq!(refusal(&query(1_000), Body::Json(b"{\"X\":1}")), refused);
    }

    #[test]
    fn order_is_by_decoded_name_in_bytes() {
        let parameters =
            Parameters::decode("Tag.2=c&a=e&Tag.10=b&A%2A=a", Body::Form(b"Z=d"), &Limits::default());
        let parameters = parameters.expect("decodes");
        let names = |pairs: Vec<(&str, &str)>| pairs.iter().map(|pair| pair.0.to_owned()).collect::<Vec<_>>();
        assert_eq!(names(parameters.sorted().collect()), ["A*", "Tag.10", "Tag.2", "Z", "a"]);
        assert_eq!(names(parameters.sorted_query().collect()), ["A*", "Tag.10", "Tag.2", "a"]);
        assert_eq!(parameters.get("Tag.10"), Some("b"));
        assert_eq!(parameters.get("Tag"), None);
    }

    proptest! {
        #[test]
        fn decoding_undoes_encoding(
            pairs in proptest::collection::btree_map("[^\0]{1,12}", "[^\0]{0,20}", 0..20),
            split in 0_usize..20,
        ) {
            let encode = |pairs: &[(&String, &String)]| {
                let mut out = String::new();
                for (name, value) in pairs {
                    if !out.is_empty() {
                        out.push('&');
                    }
                    percent::encode_into(&mut out, name);
                    out.push('=');
                    percent::encode_into(&mut out, value);
                }
                out
            };
            let all: Vec<_> = pairs.iter().collect();
            let (query, form) = all.split_at(split.min(all.len()));
            let (query, form) = (encode(query), encode(form));
            let decoded = Parameters::decode(&query, Body::Form(form.as_bytes()), &Limits::default());
            let decoded = decoded.map(Parameters::into_pairs).expect("decodes");
            prop_assert_eq!(decoded, pairs.into_iter().collect::<Vec<_>>());
        }

        #[test]
        fn arbitrary_input_never_panics(query in any::<String>(), body in any::<Vec<u8>>()) {
            let _ = Parameters::decode(&query, Body::Form(&body), &Limits::default());
            let _ = Parameters::decode(&query, Body::Json(&body), &Limits::default());
        }
    }
}
