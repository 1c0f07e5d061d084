//! What clients were promised, to be compared with what a center says after it was killed.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use test_center::{ApiClient, Code};

/// Sources of one page.
const PAGE: &str = "50";

/// What clients were promised so far; shared by all of them.
#[derive(Default)]
pub(crate) struct Ledger {
    promised: Mutex<Promised>,
}

#[derive(Default)]
struct Promised {
    codes: BTreeMap<String, (Arc<Code>, u32)>,
    /// The code that brought each source.
    sources: BTreeMap<String, String>,
    /// Codes that refused somebody because they were used up.
    exhausted: BTreeSet<String>,
}

/// What the center says of a code.
#[derive(Debug)]
struct Listed {
    count: u32,
    registered: u32,
}

impl Ledger {
    pub(crate) fn created(&self, code: Code, count: u32) {
        let mut promised = self.promised.lock().unwrap();
        let before = promised.codes.insert(code.id.clone(), (Arc::new(code), count));
        assert!(before.is_none(), "one id was given to two codes");
    }

    /// A machine was told that it is this source; told again, it has to be the same code's.
    pub(crate) fn imported(&self, source: &str, token: &str) {
        let mut promised = self.promised.lock().unwrap();
        let before = promised.sources.insert(source.to_owned(), token.to_owned());
        assert!(before.is_none_or(|before| before == token), "{source} came by two codes");
    }

    pub(crate) fn exhausted(&self, token: &str) {
        self.promised.lock().unwrap().exhausted.insert(token.to_owned());
    }

    pub(crate) fn pick(&self, at: impl FnOnce(u64) -> u64) -> Option<Arc<Code>> {
        let promised = self.promised.lock().unwrap();
        let usable = promised.codes.values().filter(|(code, _)| !promised.exhausted.contains(&code.id));
        let usable: Vec<_> = usable.collect();
        let at = usize::try_from(at(u64::try_from(usable.len()).unwrap().max(1))).unwrap();
        usable.get(at).map(|(code, _)| code.clone())
    }

    /// How many codes and sources were promised.
    pub(crate) fn totals(&self) -> (usize, usize) {
        let promised = self.promised.lock().unwrap();
        (promised.codes.len(), promised.sources.len())
    }

    /// Everything that was promised is there, and every count adds up.
    pub(crate) async fn compare(&self, api: &mut ApiClient) {
        let codes = list_codes(api).await;
        let sources = list_sources(api).await;
        let promised = self.promised.lock().unwrap();
        for (id, (_, count)) in &promised.codes {
            let listed = codes.get(id).unwrap_or_else(|| panic!("the code {id} was promised and is gone"));
            assert_eq!(listed.count, *count, "{id}");
        }
        let mut used: BTreeMap<&str, u32> = BTreeMap::new();
        for (source, token) in &promised.sources {
            assert!(sources.contains(source), "the source {source} was promised and is gone");
            *used.entry(token).or_default() += 1;
        }
        for (id, listed) in &codes {
            let used = used.get(id.as_str()).copied().unwrap_or_default();
            assert!(listed.registered <= listed.count, "{id} was used more than its Count: {listed:?}");
            assert!(used <= listed.registered, "{id} brought {used} promised sources: {listed:?}");
            if promised.exhausted.contains(id) {
                assert_eq!(listed.registered, listed.count, "{id} said that it was used up");
            }
        }
        let registered: u32 = codes.values().map(|listed| listed.registered).sum();
        assert_eq!(
            usize::try_from(registered).unwrap(),
            sources.len(),
            "every source has spent one use, and no use was spent for nothing"
        );
    }

    /// Every code's own list of what it brought has as many sources as it counts.
    pub(crate) async fn compare_lineage(&self, api: &mut ApiClient) {
        for (id, listed) in list_codes(api).await {
            let shown = api.call_own("DescribeAccessToken", &[("AccessTokenId", &id)]).await.unwrap();
            let brought = shown["SourceCount"].as_u64().unwrap_or_else(|| panic!("no SourceCount: {shown}"));
            assert_eq!(brought, u64::from(listed.registered), "{id}");
        }
    }
}

async fn list_codes(api: &mut ApiClient) -> BTreeMap<String, Listed> {
    let reply = api.call("ListAccessTokens", &[]).await.unwrap();
    let items = reply["AccessTokens"]["AccessToken"].as_array().unwrap();
    let codes: BTreeMap<_, _> = items
        .iter()
        .map(|item| {
            let number = |field: &str| item[field].as_str().unwrap().parse().unwrap();
            let listed = Listed { count: number("Count"), registered: number("RegisteredCount") };
            (item["AccessTokenId"].as_str().unwrap().to_owned(), listed)
        })
        .collect();
    assert_eq!(codes.len(), items.len(), "a code is listed twice");
    assert_eq!(reply["TotalCount"].as_u64(), Some(u64::try_from(codes.len()).unwrap()));
    codes
}

async fn list_sources(api: &mut ApiClient) -> BTreeSet<String> {
    let mut sources = BTreeSet::new();
    for page in 1.. {
        let params = [("PageSize", PAGE), ("PageNumber", &page.to_string())];
        let reply = api.call("DescribeSourceServers", &params).await.unwrap();
        let items = reply["SourceServers"]["SourceServer"].as_array().unwrap();
        for item in items {
            let id = item["SourceId"].as_str().unwrap().to_owned();
            assert!(sources.insert(id), "a source is listed twice: {item}");
        }
        if items.is_empty() {
            assert_eq!(reply["TotalCount"].as_u64(), Some(u64::try_from(sources.len()).unwrap()));
            break;
        }
    }
    sources
}
