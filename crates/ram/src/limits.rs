//! How many and how long: the quotas RAM documents, as far as a private center keeps them.

/// AccessKeys of one user that may be active at the same time (RAM: "2 AccessKeys per user").
pub const ACTIVE_ACCESS_KEYS_PER_USER: usize = 2;

/// Characters in a policy document, white space included (RAM: 4096).
pub const POLICY_CHARACTERS: usize = 4096;

/// Characters in a policy name (RAM: 128).
pub const POLICY_NAME_CHARACTERS: usize = 128;

/// Characters in a user name (RAM: 64).
pub const USER_NAME_CHARACTERS: usize = 64;

/// Characters in an AccessKey id. RAM's own are at most 24; the rest leaves room for ids an operator chooses.
pub const ACCESS_KEY_ID_CHARACTERS: usize = 64;

/// Characters in the key of a tag (SMC and RAM: 128).
pub const TAG_KEY_CHARACTERS: usize = 128;

/// Characters in a resource's ARN. RAM states none; this only bounds what a request can make the matcher do.
pub const ARN_CHARACTERS: usize = 1024;
