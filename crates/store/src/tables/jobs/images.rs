//! Images: kept as documents like jobs, and for longer.

use ram::AccountId;
use smc::{ImageId, JobId, job::Image, ports::StoreError};

use crate::{
    driver::{Value, insert_text},
    predicate::Predicate,
    tables::document,
    transaction::Transaction,
};

/// What is taken out of an image, then the image.
const COLUMNS: &[&str] = &["id", "account", "job", "name", "created", "document"];

pub(super) fn insert(transaction: &mut Transaction<'_>, image: &Image) -> Result<(), StoreError> {
    let mut values = derived(image);
    values.push(document::written("an image", image)?.into());
    transaction.execute(&insert_text("images", COLUMNS, 1), &values)?;
    Ok(())
}

pub(super) fn list(
    transaction: &mut Transaction<'_>,
    account: AccountId,
    job: Option<&JobId>,
) -> Result<Vec<Image>, StoreError> {
    let mut predicate = Predicate::of_account(account.to_string());
    if let Some(job) = job {
        predicate.with("job = ?", job.as_str());
    }
    let sql = format!(
        "SELECT {} FROM images WHERE {} ORDER BY created DESC, position DESC",
        COLUMNS.join(", "),
        predicate.sql()
    );
    transaction.query(&sql, predicate.values())?.into_iter().map(read).collect()
}

pub(super) fn find(transaction: &mut Transaction<'_>, id: &ImageId) -> Result<Option<Image>, StoreError> {
    let sql = format!("SELECT {} FROM images WHERE id = $1", COLUMNS.join(", "));
    transaction.query(&sql, &[id.as_str().into()])?.into_iter().next().map(read).transpose()
}

pub(super) fn name_taken(
    transaction: &mut Transaction<'_>,
    account: AccountId,
    name: &str,
) -> Result<bool, StoreError> {
    let mut predicate = Predicate::of_account(account.to_string());
    predicate.with("name = ?", name);
    if predicate.impossible() {
        return Ok(false);
    }
    let sql = format!("SELECT 1 FROM images WHERE {} LIMIT 1", predicate.sql());
    Ok(!transaction.query(&sql, predicate.values())?.is_empty())
}

pub(super) fn delete(transaction: &mut Transaction<'_>, id: &ImageId) -> Result<bool, StoreError> {
    Ok(transaction.execute("DELETE FROM images WHERE id = $1", &[id.as_str().into()])? == 1)
}

/// The values of [`COLUMNS`] but the document.
fn derived(image: &Image) -> Vec<Value> {
    vec![
        image.id.as_str().into(),
        image.account.to_string().into(),
        image.job.as_str().into(),
        image.name.as_str().into(),
        image.created.into(),
    ]
}

fn read(values: Vec<Value>) -> Result<Image, StoreError> {
    document::read("images", COLUMNS, values, derived)
}
