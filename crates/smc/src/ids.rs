//! Ids of the things a tenant owns: a prefix that tells the kind, then 20 characters of `[a-z0-9]`.
//!
//! Each kind is a type of its own, so that a source id cannot be passed where a code's id is meant.
//! The shape is the one of the official samples (`at-bp1akz2zp67r0k6r****`, `s-bp1e2fsl57knvuug****`).

use std::fmt;

use serde::{Deserialize, Serialize};

const TAIL: usize = 20;
const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// Random bytes that one id takes: one for each character, since 252 = 7 × 36 leaves few to reject.
pub const ID_ENTROPY: usize = 32;

/// A text that is not an id of the kind asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id of the form {prefix}<20 of a-z0-9>")]
pub struct NotAnId {
    /// The prefix that ids of this kind start with.
    pub prefix: &'static str,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// What ids of this kind start with.
            pub const PREFIX: &'static str = $prefix;

            /// Makes an id out of random bytes; about 103 bits of them end up in it.
            pub fn from_random(entropy: &[u8; ID_ENTROPY]) -> Self {
                Self(draw($prefix, entropy))
            }

            /// Reads an id; checks the prefix, the length and the characters.
            pub fn parse(text: &str) -> Result<Self, NotAnId> {
                if well_formed($prefix, text) { Ok(Self(text.to_owned())) } else { Err(NotAnId { prefix: $prefix }) }
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = NotAnId;
            fn try_from(text: String) -> Result<Self, NotAnId> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

id!(
    /// Names an activation code without revealing it.
    AccessTokenId, "at-"
);
id!(
    /// Names an imported server.
    SourceId, "s-"
);
id!(
    /// Names a replication job.
    JobId, "j-"
);
id!(
    /// Names one execution of a replication job. Stays inside: the contract gives runs no id.
    RunId, "run-"
);
id!(
    /// Names an image that a run made.
    ImageId, "m-"
);
id!(
    /// Names a workgroup.
    WorkgroupId, "w-"
);

/// Maps random bytes to characters without bias: a byte of 252 or more is passed over; should the bytes
/// run out (32 draws, 20 needed: less than once in 10^12 ids), the rest repeats the alphabet's start.
fn draw(prefix: &str, entropy: &[u8; ID_ENTROPY]) -> String {
    let tail = entropy.iter().filter(|byte| **byte < 252).map(|byte| ALPHABET[usize::from(byte % 36)]);
    let mut id = String::with_capacity(prefix.len() + TAIL);
    id.push_str(prefix);
    id.extend(tail.chain(ALPHABET.iter().copied()).take(TAIL).map(char::from));
    id
}

fn well_formed(prefix: &str, text: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|tail| {
        tail.len() == TAIL && tail.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::{AccessTokenId, ID_ENTROPY, ImageId, JobId, RunId, SourceId};

    #[test]
    fn an_id_reads_back_as_itself() {
        for seed in
            [[0; ID_ENTROPY], [255; ID_ENTROPY], std::array::from_fn(|i| u8::try_from(i * 7).unwrap())]
        {
            let id = AccessTokenId::from_random(&seed);
            assert_eq!(AccessTokenId::parse(id.as_str()), Ok(id.clone()));
            assert!(SourceId::parse(id.as_str()).is_err());
        }
    }

    #[test]
    fn a_job_a_run_and_an_image_are_told_apart() {
        let seed = [7; ID_ENTROPY];
        let (job, run, image) =
            (JobId::from_random(&seed), RunId::from_random(&seed), ImageId::from_random(&seed));
        assert_eq!(JobId::parse(job.as_str()), Ok(job.clone()));
        assert_eq!(RunId::parse(run.as_str()), Ok(run.clone()));
        assert_eq!(ImageId::parse(image.as_str()), Ok(image));
        assert!(JobId::parse(run.as_str()).is_err());
        assert!(RunId::parse(job.as_str()).is_err());
        assert!(ImageId::parse(job.as_str()).is_err());
    }

    #[test]
    fn other_shapes_are_refused() {
        for text in [
            "",
            "at-",
            "at-ABCDEFGHIJKLMNOPQRST",
            "at-abcdefghijklmnopqrs",
            "at-abcdefghijklmnopqrstu",
            "s-ÿbcdefghijklmnopqrs",
        ] {
            assert!(AccessTokenId::parse(text).is_err(), "{text}");
        }
    }
}
