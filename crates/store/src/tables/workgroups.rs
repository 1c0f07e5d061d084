//! Workgroups and which sources are in them.

use std::collections::BTreeMap;

use ram::AccountId;
use smc::{
    SourceId, WorkgroupId,
    ports::{StoreError, WorkgroupTx},
    tag::Tag,
    workgroup::{CreatingCall, Membership, Workgroup},
};

use crate::{
    driver::{Value, insert_text},
    predicate::Predicate,
    row::Fields,
    transaction::Transaction,
};

const COLUMNS: &[&str] = &["id", "account", "name", "description", "tags", "created"];

const WRITTEN: &[&str] =
    &["id", "account", "name", "description", "tags", "created", "client_token", "parameters"];

const MEMBER_COLUMNS: &[&str] = &["source", "workgroup"];

/// Ids asked for in one statement.
const ASKED_AT_ONCE: usize = 128;

impl WorkgroupTx for Transaction<'_> {
    fn lock_workgroups(&mut self, account: &AccountId) -> Result<(), StoreError> {
        self.lock_account(*account)
    }

    fn insert_workgroup(
        &mut self,
        workgroup: &Workgroup,
        call: Option<&CreatingCall>,
    ) -> Result<(), StoreError> {
        let values = [
            workgroup.id.as_str().into(),
            workgroup.account.to_string().into(),
            workgroup.name.as_deref().into(),
            workgroup.description.as_str().into(),
            written(&workgroup.tags)?.into(),
            workgroup.created.into(),
            call.map(|call| call.client_token.as_str()).into(),
            call.map(|call| call.parameters.as_str()).into(),
        ];
        self.execute(&insert_text("workgroups", WRITTEN, 1), &values)?;
        Ok(())
    }

    fn workgroup_of_call(
        &mut self,
        account: &AccountId,
        client_token: &str,
    ) -> Result<Option<(WorkgroupId, String)>, StoreError> {
        let sql = "SELECT id, parameters FROM workgroups WHERE account = $1 AND client_token = $2";
        let rows = self.query(sql, &[account.to_string().into(), client_token.into()])?;
        let read = |values| {
            let mut row = Fields::new("workgroups", &["id", "parameters"], values);
            Ok((row.parsed(WorkgroupId::parse)?, row.text()?))
        };
        rows.into_iter().next().map(read).transpose()
    }

    fn workgroups(&mut self, account: &AccountId) -> Result<Vec<Workgroup>, StoreError> {
        let sql = format!(
            "SELECT {} FROM workgroups WHERE account = $1 ORDER BY created DESC, position DESC",
            COLUMNS.join(", ")
        );
        self.query(&sql, &[account.to_string().into()])?.into_iter().map(read).collect()
    }

    fn describe_workgroup(
        &mut self,
        id: &WorkgroupId,
        name: Option<&str>,
        description: &str,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE workgroups SET name = $2, description = $3 WHERE id = $1";
        self.execute(sql, &[id.as_str().into(), name.into(), description.into()])?;
        Ok(())
    }

    fn delete_workgroup(&mut self, account: &AccountId, id: &WorkgroupId) -> Result<bool, StoreError> {
        let sql = "DELETE FROM workgroups WHERE id = $1 AND account = $2";
        Ok(self.execute(sql, &[id.as_str().into(), account.to_string().into()])? == 1)
    }

    fn members(&mut self, workgroups: &[WorkgroupId]) -> Result<Vec<Membership>, StoreError> {
        memberships(self, "workgroup", &workgroups.iter().map(WorkgroupId::as_str).collect::<Vec<_>>())
    }

    fn memberships(&mut self, sources: &[SourceId]) -> Result<Vec<Membership>, StoreError> {
        memberships(self, "source", &sources.iter().map(SourceId::as_str).collect::<Vec<_>>())
    }

    fn join_workgroup(&mut self, id: &WorkgroupId, sources: &[SourceId]) -> Result<(), StoreError> {
        let sql = insert_text("workgroup_members", MEMBER_COLUMNS, 1);
        for source in sources {
            self.execute(&sql, &[source.as_str().into(), id.as_str().into()])?;
        }
        Ok(())
    }

    fn leave_workgroup(&mut self, id: &WorkgroupId, sources: &[SourceId]) -> Result<(), StoreError> {
        let sql = "DELETE FROM workgroup_members WHERE source = $1 AND workgroup = $2";
        for source in sources {
            self.execute(sql, &[source.as_str().into(), id.as_str().into()])?;
        }
        Ok(())
    }
}

fn memberships(
    transaction: &mut Transaction<'_>,
    column: &str,
    ids: &[&str],
) -> Result<Vec<Membership>, StoreError> {
    let mut found = Vec::new();
    for some in ids.chunks(ASKED_AT_ONCE) {
        let mut predicate = Predicate::default();
        predicate.among(column, some.iter().copied());
        let sql = format!(
            "SELECT source, workgroup FROM workgroup_members WHERE {} ORDER BY source",
            predicate.sql()
        );
        for values in transaction.query(&sql, predicate.values())? {
            let mut row = Fields::new("workgroup_members", MEMBER_COLUMNS, values);
            let (source, workgroup) = (row.parsed(SourceId::parse)?, row.parsed(WorkgroupId::parse)?);
            found.push(Membership { workgroup, source });
        }
    }
    Ok(found)
}

fn written(tags: &[Tag]) -> Result<String, StoreError> {
    let tags: BTreeMap<_, _> = tags.iter().map(|tag| (&tag.key, &tag.value)).collect();
    serde_json::to_string(&tags)
        .map_err(|error| StoreError::Corrupt(format!("writing the tags of a workgroup as JSON: {error}")))
}

fn read(values: Vec<Value>) -> Result<Workgroup, StoreError> {
    let mut row = Fields::new("workgroups", COLUMNS, values);
    Ok(Workgroup {
        id: row.parsed(WorkgroupId::parse)?,
        account: row.parsed(str::parse)?,
        name: row.optional_text()?,
        description: row.text()?,
        tags: row
            .parsed(|text| serde_json::from_str::<BTreeMap<String, String>>(text))?
            .into_iter()
            .map(|(key, value)| Tag { key, value })
            .collect(),
        created: row.moment()?,
    })
}
