//! Who is acting: the account a resource belongs to, and the actor that the audit trail names.

pub use ram::AccountId;

use std::net::IpAddr;

/// Someone who calls an operation: the account whose resources are meant, and who in it is asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The account whose resources the call may see.
    pub account: AccountId,
    /// The ARN of the principal, such as `acs:ram::1234567890123456:user/mia`.
    pub arn: String,
    /// Where the call came from; `None` for work done on the center's own machine.
    pub address: Option<IpAddr>,
}
