//! What looking at images came to: the latest of each kind.

use smc::{
    ImageId,
    job::{CheckKind, ImageCheck},
    ports::StoreError,
};

use crate::{row::Fields, tables::many, transaction::Transaction};

const COLUMNS: &[&str] = &["image", "kind", "checked", "passed", "detail"];

/// An image that is gone is passed over.
pub(super) fn note(
    transaction: &mut Transaction<'_>,
    image: &ImageId,
    check: &ImageCheck,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO image_checks (image, kind, checked, passed, detail)
        SELECT id, CAST($2 AS TEXT), CAST($3 AS BIGINT), CAST($4 AS BIGINT), CAST($5 AS TEXT)
            FROM images WHERE id = $1
        ON CONFLICT (image, kind) DO UPDATE
            SET checked = excluded.checked, passed = excluded.passed, detail = excluded.detail";
    let values = [
        image.as_str().into(),
        check.kind.as_str().into(),
        check.at.into(),
        i64::from(check.passed).into(),
        check.detail.as_str().into(),
    ];
    transaction.execute(sql, &values)?;
    Ok(())
}

pub(super) fn of(
    transaction: &mut Transaction<'_>,
    images: &[ImageId],
) -> Result<Vec<(ImageId, ImageCheck)>, StoreError> {
    let select = format!("SELECT {} FROM image_checks", COLUMNS.join(", "));
    many::rows_of(transaction, (&select, "image", "checked, kind"), images, |values| {
        let mut row = Fields::new("image_checks", COLUMNS, values);
        let image = row.parsed(ImageId::parse)?;
        let kind = row.parsed(|text| CheckKind::parse(text).ok_or("is no kind of check"))?;
        let (at, passed) = (row.moment()?, row.int()? != 0);
        Ok((image, ImageCheck { kind, at, passed, detail: row.text()? }))
    })
}
