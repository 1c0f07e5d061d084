//! Accounts, users, AccessKeys, policies and the keyring: records, and the statements that keep them.
//!
//! Secrets come here sealed and policies as the text that was checked; neither is opened or evaluated here.

use ram::{AccessKeyId, AccountId, KeyStatus, PolicyName, UserName};
use smc::{Timestamp, ports::StoreError};

use crate::{Transaction, driver::Value, row::Fields};

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRow {
    /// Its number.
    pub id: AccountId,
    /// What people call it.
    pub name: String,
    /// When it was made.
    pub created: Timestamp,
}

/// A user of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRow {
    /// The account it belongs to.
    pub account: AccountId,
    /// Its name, unique in the account.
    pub name: UserName,
    /// What people call it; may be empty.
    pub display_name: String,
    /// When it was made.
    pub created: Timestamp,
}

/// An AccessKey. The secret is sealed, and no part of it is readable here.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyRow {
    /// Its public half.
    pub id: AccessKeyId,
    /// The account it belongs to.
    pub account: AccountId,
    /// The user it belongs to; `None` for the account's owner.
    pub user: Option<UserName>,
    /// The sealed secret.
    pub sealed: Vec<u8>,
    /// Whether it may sign.
    pub status: KeyStatus,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last noted to have signed.
    pub last_used: Option<Timestamp>,
}

/// A policy of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyRow {
    /// The account it belongs to.
    pub account: AccountId,
    /// Its name, unique in the account.
    pub name: PolicyName,
    /// The document as it was written.
    pub document: String,
    /// Free text; may be empty.
    pub description: String,
    /// When it was made; kept when it is replaced.
    pub created: Timestamp,
    /// When it was last replaced.
    pub updated: Timestamp,
}

/// What became of removing a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicyRemoval {
    /// It is gone.
    Removed,
    /// The account has none of this name.
    Unknown,
    /// It stays, because these users have it attached.
    Attached(Vec<UserName>),
}

const ACCOUNT: &[&str] = &["id", "name", "created"];
const USER: &[&str] = &["name", "account", "display_name", "created"];
const KEY: &[&str] = &["id", "account", "user_name", "sealed", "status", "created", "last_used"];
const POLICY: &[&str] = &["name", "account", "document", "description", "created", "updated"];

impl Transaction<'_> {
    /// Adds an account; its id is unique.
    pub fn insert_account(&mut self, account: &AccountRow) -> Result<(), StoreError> {
        let values = [account.id.to_string().into(), account.name.as_str().into(), account.created.into()];
        self.execute("INSERT INTO accounts (id, name, created) VALUES ($1, $2, $3)", &values)?;
        Ok(())
    }

    /// Gives all accounts, oldest first.
    pub fn accounts(&mut self) -> Result<Vec<AccountRow>, StoreError> {
        let rows = self.query("SELECT id, name, created FROM accounts ORDER BY created, id", &[])?;
        rows.into_iter().map(read_account).collect()
    }

    /// Finds an account.
    pub fn account(&mut self, id: AccountId) -> Result<Option<AccountRow>, StoreError> {
        let rows =
            self.query("SELECT id, name, created FROM accounts WHERE id = $1", &[id.to_string().into()])?;
        rows.into_iter().next().map(read_account).transpose()
    }

    /// Adds a user to an account that exists; its name is unique there.
    pub fn insert_user(&mut self, user: &UserRow) -> Result<(), StoreError> {
        let sql = "INSERT INTO users (account, name, display_name, created) VALUES ($1, $2, $3, $4)";
        let values = [
            user.account.to_string().into(),
            user.name.as_str().into(),
            user.display_name.as_str().into(),
            user.created.into(),
        ];
        self.execute(sql, &values)?;
        Ok(())
    }

    /// Gives the users of an account by name.
    pub fn users(&mut self, account: AccountId) -> Result<Vec<UserRow>, StoreError> {
        let sql = "SELECT name, account, display_name, created FROM users WHERE account = $1 ORDER BY name";
        self.query(sql, &[account.to_string().into()])?.into_iter().map(read_user).collect()
    }

    /// Finds a user of an account.
    pub fn user(&mut self, account: AccountId, name: &UserName) -> Result<Option<UserRow>, StoreError> {
        let sql = "SELECT name, account, display_name, created FROM users WHERE account = $1 AND name = $2";
        let rows = self.query(sql, &[account.to_string().into(), name.as_str().into()])?;
        rows.into_iter().next().map(read_user).transpose()
    }

    /// Removes a user with its keys and attachments; says whether the account had it.
    pub fn delete_user(&mut self, account: AccountId, name: &UserName) -> Result<bool, StoreError> {
        let sql = "DELETE FROM users WHERE account = $1 AND name = $2";
        Ok(self.execute(sql, &[account.to_string().into(), name.as_str().into()])? == 1)
    }

    /// Adds a key to an account or a user that exists; its id is unique among all accounts.
    pub fn insert_key(&mut self, key: &KeyRow) -> Result<(), StoreError> {
        let sql = "INSERT INTO access_keys (id, account, user_name, sealed, status, created, last_used)
            VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let values = [
            key.id.as_str().into(),
            key.account.to_string().into(),
            key.user.as_ref().map(UserName::as_str).into(),
            key.sealed.as_slice().into(),
            key.status.as_str().into(),
            key.created.into(),
            key.last_used.into(),
        ];
        self.execute(sql, &values)?;
        Ok(())
    }

    /// Finds a key of any account: for whoever has nothing but the id that signed.
    pub fn key(&mut self, id: &AccessKeyId) -> Result<Option<KeyRow>, StoreError> {
        Ok(self.keys_where("id = $1", &[id.as_str().into()])?.into_iter().next())
    }

    /// Gives the keys of a user, or of the account's owner for `None`, oldest first.
    pub fn keys(&mut self, account: AccountId, user: Option<&UserName>) -> Result<Vec<KeyRow>, StoreError> {
        let account = account.to_string().into();
        match user {
            Some(user) => {
                self.keys_where("account = $1 AND user_name = $2", &[account, user.as_str().into()])
            }
            None => self.keys_where("account = $1 AND user_name IS NULL", &[account]),
        }
    }

    /// Gives the keys of an account: its owner's, then those of its users by name, oldest first.
    pub fn account_keys(&mut self, account: AccountId) -> Result<Vec<KeyRow>, StoreError> {
        let mut keys = self.keys_where("account = $1", &[account.to_string().into()])?;
        keys.sort_by(|one, other| one.user.cmp(&other.user));
        Ok(keys)
    }

    /// Gives the keys of all accounts: for sealing them anew.
    pub fn all_keys(&mut self) -> Result<Vec<KeyRow>, StoreError> {
        self.keys_where("TRUE", &[])
    }

    /// Lets a key sign or not; says whether the account has it.
    pub fn set_key_status(
        &mut self,
        account: AccountId,
        id: &AccessKeyId,
        status: KeyStatus,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE access_keys SET status = $3 WHERE id = $1 AND account = $2";
        let values = [id.as_str().into(), account.to_string().into(), status.as_str().into()];
        Ok(self.execute(sql, &values)? == 1)
    }

    /// Removes a key; says whether the account had it.
    pub fn delete_key(&mut self, account: AccountId, id: &AccessKeyId) -> Result<bool, StoreError> {
        let sql = "DELETE FROM access_keys WHERE id = $1 AND account = $2";
        Ok(self.execute(sql, &[id.as_str().into(), account.to_string().into()])? == 1)
    }

    /// Replaces the sealed secret of a key; says whether there is one.
    pub fn replace_sealed(&mut self, id: &AccessKeyId, sealed: &[u8]) -> Result<bool, StoreError> {
        let sql = "UPDATE access_keys SET sealed = $2 WHERE id = $1";
        Ok(self.execute(sql, &[id.as_str().into(), sealed.into()])? == 1)
    }

    /// Notes that a key signed; an earlier moment never replaces a later one, and a key that is gone is passed over.
    pub fn note_key_used(&mut self, id: &AccessKeyId, at: Timestamp) -> Result<(), StoreError> {
        let sql = "UPDATE access_keys SET last_used = $2 WHERE id = $1 AND COALESCE(last_used, $2) <= $2";
        self.execute(sql, &[id.as_str().into(), at.into()])?;
        Ok(())
    }

    /// Adds a policy, or replaces document, description and time of change of the one of this name.
    pub fn put_policy(&mut self, policy: &PolicyRow) -> Result<(), StoreError> {
        let sql = "INSERT INTO policies (account, name, document, description, created, updated)
            VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (account, name) DO UPDATE
            SET document = excluded.document, description = excluded.description, updated = excluded.updated";
        let values = [
            policy.account.to_string().into(),
            policy.name.as_str().into(),
            policy.document.as_str().into(),
            policy.description.as_str().into(),
            policy.created.into(),
            policy.updated.into(),
        ];
        self.execute(sql, &values)?;
        Ok(())
    }

    /// Finds a policy of an account.
    pub fn policy(&mut self, account: AccountId, name: &PolicyName) -> Result<Option<PolicyRow>, StoreError> {
        let sql = "SELECT name, account, document, description, created, updated FROM policies
            WHERE account = $1 AND name = $2";
        let rows = self.query(sql, &[account.to_string().into(), name.as_str().into()])?;
        rows.into_iter().next().map(read_policy).transpose()
    }

    /// Gives the policies of an account by name.
    pub fn policies(&mut self, account: AccountId) -> Result<Vec<PolicyRow>, StoreError> {
        let sql = "SELECT name, account, document, description, created, updated FROM policies
            WHERE account = $1 ORDER BY name";
        self.query(sql, &[account.to_string().into()])?.into_iter().map(read_policy).collect()
    }

    /// Removes a policy that no user has attached.
    pub fn delete_policy(
        &mut self,
        account: AccountId,
        name: &PolicyName,
    ) -> Result<PolicyRemoval, StoreError> {
        let values = [account.to_string().into(), name.as_str().into()];
        let attached =
            "SELECT user_name FROM policy_attachments WHERE account = $1 AND policy = $2 ORDER BY user_name";
        let users = self.query(attached, &values)?;
        if !users.is_empty() {
            let users = users.into_iter().map(|values| {
                Fields::new("policy_attachments", &["user_name"], values).parsed(str::parse::<UserName>)
            });
            return Ok(PolicyRemoval::Attached(users.collect::<Result<_, _>>()?));
        }
        let removed = self.execute("DELETE FROM policies WHERE account = $1 AND name = $2", &values)? == 1;
        Ok(if removed { PolicyRemoval::Removed } else { PolicyRemoval::Unknown })
    }

    /// Attaches a policy, built-in or the account's own, to a user that exists. Attaching again changes nothing.
    pub fn attach(
        &mut self,
        account: AccountId,
        user: &UserName,
        policy: &PolicyName,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO policy_attachments (account, user_name, policy) VALUES ($1, $2, $3)
            ON CONFLICT (account, user_name, policy) DO NOTHING";
        self.execute(sql, &[account.to_string().into(), user.as_str().into(), policy.as_str().into()])?;
        Ok(())
    }

    /// Detaches a policy from a user; says whether it was attached.
    pub fn detach(
        &mut self,
        account: AccountId,
        user: &UserName,
        policy: &PolicyName,
    ) -> Result<bool, StoreError> {
        let sql = "DELETE FROM policy_attachments WHERE account = $1 AND user_name = $2 AND policy = $3";
        Ok(self.execute(sql, &[account.to_string().into(), user.as_str().into(), policy.as_str().into()])?
            == 1)
    }

    /// Gives the names of the policies attached to a user, in their order.
    pub fn attached_policies(
        &mut self,
        account: AccountId,
        user: &UserName,
    ) -> Result<Vec<PolicyName>, StoreError> {
        let sql =
            "SELECT policy FROM policy_attachments WHERE account = $1 AND user_name = $2 ORDER BY policy";
        let rows = self.query(sql, &[account.to_string().into(), user.as_str().into()])?;
        rows.into_iter()
            .map(|values| Fields::new("policy_attachments", &["policy"], values).parsed(str::parse))
            .collect()
    }

    /// Gives which user of an account has which policy, by user and policy.
    pub fn attachments(&mut self, account: AccountId) -> Result<Vec<(UserName, PolicyName)>, StoreError> {
        let sql =
            "SELECT user_name, policy FROM policy_attachments WHERE account = $1 ORDER BY user_name, policy";
        let rows = self.query(sql, &[account.to_string().into()])?;
        rows.into_iter()
            .map(|values| {
                let mut row = Fields::new("policy_attachments", &["user_name", "policy"], values);
                Ok((row.parsed(str::parse)?, row.parsed(str::parse)?))
            })
            .collect()
    }

    /// Gives the keyring, once there is one.
    pub fn keyring(&mut self) -> Result<Option<String>, StoreError> {
        let rows = self.query("SELECT content FROM keyring WHERE id = 1", &[])?;
        rows.into_iter().next().map(|values| Fields::new("keyring", &["content"], values).text()).transpose()
    }

    /// Puts the keyring in place of any earlier one.
    pub fn put_keyring(&mut self, content: &str) -> Result<(), StoreError> {
        let sql = "INSERT INTO keyring (id, content) VALUES (1, $1)
            ON CONFLICT (id) DO UPDATE SET content = excluded.content";
        self.execute(sql, &[content.into()])?;
        Ok(())
    }

    fn keys_where(&mut self, condition: &str, values: &[Value]) -> Result<Vec<KeyRow>, StoreError> {
        let sql = format!(
            "SELECT id, account, user_name, sealed, status, created, last_used FROM access_keys
             WHERE {condition} ORDER BY created, id"
        );
        self.query(&sql, values)?.into_iter().map(read_key).collect()
    }
}

fn read_account(values: Vec<Value>) -> Result<AccountRow, StoreError> {
    let mut row = Fields::new("accounts", ACCOUNT, values);
    Ok(AccountRow { id: row.parsed(str::parse)?, name: row.text()?, created: row.moment()? })
}

fn read_user(values: Vec<Value>) -> Result<UserRow, StoreError> {
    let mut row = Fields::new("users", USER, values);
    Ok(UserRow {
        name: row.parsed(str::parse)?,
        account: row.parsed(str::parse)?,
        display_name: row.text()?,
        created: row.moment()?,
    })
}

fn read_key(values: Vec<Value>) -> Result<KeyRow, StoreError> {
    let mut row = Fields::new("access_keys", KEY, values);
    Ok(KeyRow {
        id: row.parsed(str::parse)?,
        account: row.parsed(str::parse)?,
        user: row
            .optional_text()?
            .map(|name| name.parse().map_err(|error| row.corrupt(error)))
            .transpose()?,
        sealed: row.blob()?,
        status: row.parsed(str::parse)?,
        created: row.moment()?,
        last_used: row.optional_moment()?,
    })
}

fn read_policy(values: Vec<Value>) -> Result<PolicyRow, StoreError> {
    let mut row = Fields::new("policies", POLICY, values);
    Ok(PolicyRow {
        name: row.parsed(str::parse)?,
        account: row.parsed(str::parse)?,
        document: row.text()?,
        description: row.text()?,
        created: row.moment()?,
        updated: row.moment()?,
    })
}
