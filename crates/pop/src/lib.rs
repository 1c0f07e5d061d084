//! The RPC gateway: parameters, both signature schemes, the error envelope, JSON and XML.
//!
//! `pop` turns one HTTP request into one authenticated [`Call`] and the answer into one HTTP response. It is generic
//! over the service behind it ([`Backend`]) and leaves to others: sockets and HTTP framing, where keys are stored,
//! who may do what, and what an operation means.
//!
//! # The order of checks
//!
//! A request is refused by the first of these that it fails; the order is part of the interface, because a client
//! with two faults is told about one.
//!
//! 1. the source address's share of requests (`Throttling`)
//! 2. path, method, `Content-Length`, sizes and the number of parameters
//! 3. the encoding of every parameter, duplicates, `Format`
//! 4. mandatory parameters or headers, the signature's form, the algorithm, what V3 must have signed
//! 5. version and action ([`Backend::resolve`])
//! 6. the AccessKey ([`Backend::find_key`]): unknown, then disabled
//! 7. the key's share of requests, which is looked at, and a share of the same size for the key from this source
//!    address, which is taken from (`Throttling.User`)
//! 8. the security token
//! 9. the time stamp: at most 15 minutes from the injected clock, and not before the server's start
//! 10. `Content-MD5`, the payload's hash, the signature
//! 11. the nonce, remembered only now, so that nobody but the key's holder can use one up
//! 12. the key's share of requests is taken from, so that only its holder uses it up (`Throttling.User`)
//! 13. a body that carries no parameters (a byte stream)
//! 14. authorization and business rules ([`Backend::call`])
//!
//! Before step 10 the gateway does no cryptography. Step 6 is the service's: if it keeps secrets sealed, it should not
//! open one anew for each request.
//!
//! # What the HTTP layer must know
//!
//! Every reply has a body, whatever the status, and none is a redirect: official clients fail to parse anything else.
//! [`error_response`] makes the same envelope for failures that never reach the gateway. No `Access-Control-*` header
//! is sent: no client needs one, and without it no web page can read what a center answers.

mod claim;
mod envelope;
mod error;
mod gateway;
mod json_body;
mod limits;
mod mac;
mod nonces;
mod parameters;
mod percent;
mod secret;
mod service;
pub mod sign;
mod throttle;
mod timestamp;
pub mod v1;
pub mod v3;
mod xml;

pub use envelope::{ErrorContext, Format, error_response};
pub use error::{AccessDeniedDetail, ApiError};
pub use gateway::Gateway;
pub use limits::{Limits, Rate};
pub use parameters::{Body, Parameters};
pub use secret::Secret;
pub use service::{AccessKey, Backend, Call, Incoming, SecurityToken};
