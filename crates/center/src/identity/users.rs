//! RAM users of an account.

use ram::{AccountId, UserName};
use smc::ports::Clock;
use store::identities::UserRow;

use super::{Identities, IdentityError, keys::absent};

impl Identities {
    /// Makes a user without keys or policies.
    pub async fn create_user(
        &self,
        account: AccountId,
        name: UserName,
        display_name: String,
    ) -> Result<UserRow, IdentityError> {
        let display_name = display_name.chars().filter(|c| !c.is_control()).take(128).collect();
        let user = UserRow { account, name, display_name, created: self.clock.now() };
        let row = user.clone();
        self.database
            .write(move |tx| {
                if let Some(refusal) = absent(tx, account, None)? {
                    return Ok(Err(refusal));
                }
                if tx.user(account, &row.name)?.is_some() {
                    return Ok(Err(IdentityError::UserExists(row.name.clone())));
                }
                tx.insert_user(&row)?;
                Ok(Ok(()))
            })
            .await??;
        Ok(user)
    }

    /// The users of an account by name.
    pub async fn users(&self, account: AccountId) -> Result<Vec<UserRow>, IdentityError> {
        Ok(self.database.read(move |tx| tx.users(account)).await?)
    }

    /// Deletes a user with its keys and attachments.
    pub async fn delete_user(&self, account: AccountId, name: UserName) -> Result<(), IdentityError> {
        let kept = name.clone();
        let deleted = self.database.write(move |tx| tx.delete_user(account, &name)).await?;
        if deleted { Ok(()) } else { Err(IdentityError::NoUser(kept)) }
    }
}
