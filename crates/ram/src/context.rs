//! What policies may know about a request, given by whoever received it. Nothing is looked up here.

use std::{collections::BTreeMap, fmt, net::IpAddr};

use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{Action, Arn, Principal, condition::ConditionKey};

/// Tags by their keys.
pub type Tags = BTreeMap<String, String>;

/// One call, as far as policies decide about it.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Who calls; taken from the verified signature, never from a parameter.
    pub principal: &'a Principal,
    /// The operation.
    pub action: &'a Action,
    /// Everything it acts on. All of it must be allowed; an operation on nothing is allowed by no policy.
    pub resources: &'a [Resource],
    /// The circumstances.
    pub context: &'a Context,
}

/// A resource acted on, with the tags it has at that moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// Its name.
    pub arn: Arn,
    /// Its tags, for `acs:ResourceTag/<key>`; empty for a whole kind of resource or one still to be made.
    pub tags: Tags,
}

/// The circumstances of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    current_time: OffsetDateTime,
    source_ip: IpAddr,
    secure_transport: bool,
    request_tags: Tags,
}

impl From<Arn> for Resource {
    fn from(arn: Arn) -> Self {
        Self { arn, tags: Tags::new() }
    }
}

impl Context {
    /// States when and from where a call came. Give the address of the connection, or of the proxy protocol the operator
    /// trusts; never a `SourceIp` or `SecureTransport` parameter, which the caller writes.
    ///
    /// Time counts in whole seconds. The connection is taken as plaintext and the request as giving no tags.
    pub fn new(current_time: OffsetDateTime, source_ip: IpAddr) -> Self {
        Self {
            current_time: current_time.replace_nanosecond(0).unwrap_or(current_time),
            source_ip,
            secure_transport: false,
            request_tags: Tags::new(),
        }
    }

    /// States that the call came over TLS.
    #[must_use]
    pub fn over_tls(mut self) -> Self {
        self.secure_transport = true;
        self
    }

    /// States the tags the request gives to what it makes or changes.
    #[must_use]
    pub fn with_request_tags(mut self, tags: Tags) -> Self {
        self.request_tags = tags;
        self
    }
}

/// A request with the one resource a statement is being asked about.
#[derive(Clone, Copy)]
pub(crate) struct Facts<'a> {
    pub(crate) request: Request<'a>,
    pub(crate) resource: &'a Resource,
    /// The principal's ARN, written out once.
    pub(crate) principal_arn: &'a str,
}

/// What a request says about a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    Text(&'a str),
    Date(OffsetDateTime),
    Bool(bool),
    Address(IpAddr),
}

impl<'a> Facts<'a> {
    pub(crate) fn value(&self, key: &ConditionKey) -> Option<Value<'a>> {
        let context = self.request.context;
        let text = |text: &'a String| Value::Text(text);
        match key {
            ConditionKey::CurrentTime => Some(Value::Date(context.current_time)),
            ConditionKey::SecureTransport => Some(Value::Bool(context.secure_transport)),
            ConditionKey::SourceIp => Some(Value::Address(context.source_ip)),
            // Calls are signed with an AccessKey; there is no second factor in that.
            ConditionKey::MfaPresent => Some(Value::Bool(false)),
            ConditionKey::PrincipalArn => Some(Value::Text(self.principal_arn)),
            ConditionKey::RequestTag(tag) => context.request_tags.get(tag).map(text),
            ConditionKey::ResourceTag(tag) => self.resource.tags.get(tag).map(text),
            ConditionKey::PrincipalRdId
            | ConditionKey::PrincipalRdPath
            | ConditionKey::SourceVpc
            | ConditionKey::VpcSourceIp
            | ConditionKey::Service => None,
        }
    }
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Date(date) => match date.format(&Rfc3339) {
                Ok(text) => f.write_str(&text),
                Err(_) => write!(f, "{date}"),
            },
            Self::Bool(value) => write!(f, "{value}"),
            Self::Address(address) => write!(f, "{address}"),
        }
    }
}
