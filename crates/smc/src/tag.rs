//! Tags: pairs that people put on sources, at most 20 on each.

use crate::SourceId;

/// How many tags one resource may carry.
pub const MAX_TAGS: usize = 20;

/// One pair on a resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tag {
    /// 1–64 characters, unique on its resource.
    pub key: String,
    /// 0–64 characters.
    pub value: String,
}

/// What a tag must be to match: a key, and a value unless any will do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagFilter {
    /// The key, compared exactly.
    pub key: String,
    /// The value, compared exactly; `None` matches every value.
    pub value: Option<String>,
}

/// A tag together with what it is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagOn {
    /// The resource.
    pub source: SourceId,
    /// The pair.
    pub tag: Tag,
}
