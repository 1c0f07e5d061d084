//! The line to the center: dialling (directly or through a proxy), TLS, and calls of the agent protocol.

mod call;
mod dial;
mod proxy;

pub use call::{CallError, Line};
pub use dial::{Dial, Dialling, Stream, Tcp};
pub use proxy::{BadProxy, Proxy};
