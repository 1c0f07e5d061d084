//! Who calls.

use std::fmt;

use super::{AccountId, UserName};

/// Who a verified request came from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Principal {
    /// The account itself, which policies do not limit.
    Owner {
        /// The account.
        account: AccountId,
    },
    /// A user of the account, who may do what policies attached to the user allow.
    User {
        /// The account the user belongs to.
        account: AccountId,
        /// The user's name, unique in the account.
        name: UserName,
    },
}

impl Principal {
    /// Returns the account the principal acts in.
    pub fn account(&self) -> AccountId {
        match self {
            Self::Owner { account } | Self::User { account, .. } => *account,
        }
    }

    /// Returns the principal's ARN: `acs:ram::<account>:root` or `acs:ram::<account>:user/<name>`.
    pub fn arn(&self) -> String {
        match self {
            Self::Owner { account } => format!("acs:ram::{account}:root"),
            Self::User { account, name } => format!("acs:ram::{account}:user/{name}"),
        }
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.arn())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn principals_have_ram_arns() {
        let account: AccountId = "1234567890123456".parse().unwrap();
        let owner = Principal::Owner { account };
        let user = Principal::User { account, name: "ci".parse().unwrap() };
        assert_eq!(owner.arn(), "acs:ram::1234567890123456:root");
        assert_eq!(user.arn(), "acs:ram::1234567890123456:user/ci");
        assert_eq!(user.account(), account);
    }
}
