//! Listings that come in pages.

use std::collections::HashSet;

/// Entries asked for at once; the most the contract allows for sources and jobs.
pub(crate) const PAGE: u32 = 50;

/// Gathers every page. Something made meanwhile may move an entry to the next page, so entries are told apart by id.
pub(crate) async fn every_page<T>(
    id: impl Fn(&T) -> &str,
    mut page: impl AsyncFnMut(u32) -> anyhow::Result<(Vec<T>, u32)>,
) -> anyhow::Result<Vec<T>> {
    let mut all: Vec<T> = Vec::new();
    for number in 1.. {
        let (items, total) = page(number).await?;
        let last = items.is_empty() || u64::from(number) * u64::from(PAGE) >= u64::from(total);
        let seen: HashSet<String> =
            all.iter().rev().take(PAGE as usize).map(|entry| id(entry).to_owned()).collect();
        all.extend(items.into_iter().filter(|new| !seen.contains(id(new))));
        if last {
            break;
        }
    }
    Ok(all)
}
