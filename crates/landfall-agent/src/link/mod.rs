//! The line to the center: dialling (directly or through a proxy), TLS, calls of the agent protocol, streams of disk data.

mod call;
mod dial;
mod door;
mod failure;
mod proxy;

pub use call::Line;
pub use dial::{Dial, Dialling, Stream, Tcp};
pub use door::{DataStream, Door};
pub use failure::CallError;
pub use proxy::{BadProxy, Proxy};
