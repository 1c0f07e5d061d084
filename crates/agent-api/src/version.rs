//! Which versions of the protocol this build understands, and what to say of others.

/// The oldest version of the protocol that a center of this build serves.
pub const OLDEST: u32 = 1;

/// The version that an agent of this build speaks, and the newest that a center of this build serves.
pub const NEWEST: u32 = 1;

/// The agent speaks a version that this center does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Incompatible {
    /// The agent is older than the center serves.
    #[error("the agent speaks protocol {0}, this center serves {OLDEST} to {NEWEST}: upgrade the agent")]
    AgentTooOld(u32),
    /// The agent is newer than the center.
    #[error("the agent speaks protocol {0}, this center serves {OLDEST} to {NEWEST}: upgrade the center")]
    CenterTooOld(u32),
}

impl Incompatible {
    /// The code that agents show and the book explains.
    pub const fn code(self) -> &'static str {
        match self {
            Self::AgentTooOld(_) => "Protocol.AgentTooOld",
            Self::CenterTooOld(_) => "Protocol.CenterTooOld",
        }
    }
}

/// Says whether this center serves the version, and otherwise which side to upgrade.
pub const fn check_version(protocol: u32) -> Result<(), Incompatible> {
    if protocol < OLDEST {
        Err(Incompatible::AgentTooOld(protocol))
    } else if protocol > NEWEST {
        Err(Incompatible::CenterTooOld(protocol))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Incompatible, check_version};

    #[test]
    fn the_side_to_upgrade_is_named() {
        for (protocol, expected) in
            [(0, Err(Incompatible::AgentTooOld(0))), (1, Ok(())), (2, Err(Incompatible::CenterTooOld(2)))]
        {
            assert_eq!(check_version(protocol), expected);
        }
    }
}
