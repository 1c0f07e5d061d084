//! The contract as a server and a client meet it, through the public interface only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests state what must hold")]

mod bad_input;
mod declarations;
mod good_input;
mod identity;
mod replies;
mod required;
mod sample;

/// Parameters as a gateway hands them on: decoded, flat, in the order sent.
fn pairs(params: &[(&str, &str)]) -> Vec<(String, String)> {
    params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
