//! Arbitrary queries, forms and JSON: never a panic, every name once, and what was decoded survives a second trip.
//!
//! The first byte chooses the kind of body and where the query ends.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pop::v3::{QueryNames, canonical_query};
use pop::{Body, Limits, Parameters};

fuzz_target!(|data: &[u8]| {
    let Some((&choice, rest)) = data.split_first() else { return };
    let (query, body) = rest.split_at(usize::from(choice >> 2).min(rest.len()));
    let query = String::from_utf8_lossy(query);
    let body = match choice & 3 {
        0 => Body::None,
        1 => Body::Form(body),
        _ => Body::Json(body),
    };
    let limits = Limits::default();
    let Ok(parameters) = Parameters::decode(&query, body, &limits) else { return };

    let sorted: Vec<(String, String)> =
        parameters.sorted().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    assert!(sorted.len() <= limits.max_parameters);
    assert!(sorted.windows(2).all(|pair| pair[0].0 < pair[1].0), "a name twice, or out of order");
    for (name, value) in &sorted {
        assert_eq!(parameters.get(name), Some(value.as_str()));
        assert!(!name.is_empty() && !name.contains('\0') && !value.contains('\0'));
    }

    let canonical = canonical_query(&parameters, QueryNames::Encoded).unwrap_or_default();
    let in_query: Vec<_> =
        parameters.sorted_query().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let again = Parameters::decode(&canonical, Body::None, &limits).expect("the canonical form decodes");
    assert_eq!(again.into_pairs(), in_query, "the canonical form means something else");
});
