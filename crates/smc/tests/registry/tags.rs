//! Tags: all or nothing, at most twenty, and found again.

use smc::{
    SourceId,
    ports::{Page, SourceFilter},
    registry::Resources,
    tag::{Tag, TagFilter},
};

use crate::harness::{World, on_both_engines};

fn tag(key: &str, value: &str) -> Tag {
    Tag { key: key.to_owned(), value: value.to_owned() }
}

fn sources<const N: usize>(ids: [SourceId; N]) -> Resources {
    Resources::Sources(Vec::from(ids))
}

fn filter(key: &str, value: Option<&str>) -> TagFilter {
    TagFilter { key: key.to_owned(), value: value.map(str::to_owned) }
}

async fn found(world: &World, tags: Vec<TagFilter>) -> u64 {
    let filter = SourceFilter { tags, ..SourceFilter::default() };
    let page = Page { offset: 0, limit: 50 };
    world.registry.list_sources(world.caller.account, filter, page).await.unwrap().0.total
}

#[test]
fn tags_are_put_replaced_found_and_taken_off() {
    on_both_engines(|world| async move {
        let code = world.code(5, 9).await;
        let (one, two) = (world.source(&code, 1).await, world.source(&code, 2).await);
        let (registry, account) = (&world.registry, world.caller.account);
        registry
            .tag(account, sources([one.clone(), two.clone()]), vec![tag("team", "a"), tag("Team", "b")])
            .await
            .unwrap();
        registry.tag(account, sources([two.clone()]), vec![tag("team", "c")]).await.unwrap();
        assert_eq!(found(&world, vec![filter("team", None)]).await, 2);
        assert_eq!(found(&world, vec![filter("team", Some("c"))]).await, 1);
        assert_eq!(found(&world, vec![filter("team", Some("a")), filter("Team", Some("b"))]).await, 1);
        assert_eq!(found(&world, vec![filter("TEAM", None)]).await, 0, "keys are case-sensitive");

        registry
            .untag(account, sources([one.clone()]), vec!["team".into(), "absent".into()], true)
            .await
            .unwrap();
        let left = registry.list_tags(account, sources([one.clone()]), vec![], None).await.unwrap();
        assert_eq!(left.tags.len(), 1, "All counts only when no key is given");
        registry.untag(account, sources([one.clone()]), vec![], false).await.unwrap();
        registry.untag(account, sources([one.clone()]), vec![], true).await.unwrap();
        assert!(registry.list_tags(account, sources([one]), vec![], None).await.unwrap().tags.is_empty());
    });
}

#[test]
fn a_call_that_breaks_a_rule_for_one_resource_changes_none() {
    on_both_engines(|world| async move {
        let code = world.code(5, 9).await;
        let (full, empty) = (world.source(&code, 1).await, world.source(&code, 2).await);
        let (registry, account) = (&world.registry, world.caller.account);
        let many = |count: usize| (0..count).map(|n| tag(&format!("k{n}"), "v")).collect::<Vec<_>>();
        registry.tag(account, sources([full.clone()]), many(20)).await.unwrap();
        registry.tag(account, sources([full.clone()]), vec![tag("k3", "new")]).await.unwrap();
        let over = registry
            .tag(account, sources([empty.clone(), full.clone()]), vec![tag("one-more", "")])
            .await
            .unwrap_err();
        assert_eq!(over.code(), "NumberExceed.Tags");
        let unknown = SourceId::from_random(&[9; 32]);
        let missing =
            registry.tag(account, sources([empty.clone(), unknown]), vec![tag("x", "")]).await.unwrap_err();
        assert_eq!(missing.code(), "InvalidResourceId.NotFound");
        let foreign = registry
            .tag(world.other.account, sources([empty.clone()]), vec![tag("x", "")])
            .await
            .unwrap_err();
        assert_eq!(foreign.code(), "InvalidResourceId.NotFound");
        assert!(registry.list_tags(account, sources([empty]), vec![], None).await.unwrap().tags.is_empty());
    });
}

#[test]
fn listing_goes_on_page_by_page_without_loss() {
    on_both_engines(|world| async move {
        let code = world.code(100, 9).await;
        let (registry, account) = (&world.registry, world.caller.account);
        for number in 0..70 {
            let source = world.source(&code, number).await;
            registry.tag(account, sources([source]), vec![tag("fleet", "north")]).await.unwrap();
        }
        let first =
            registry.list_tags(account, sources([]), vec![filter("fleet", None)], None).await.unwrap();
        assert_eq!(first.tags.len(), 50);
        let second =
            registry.list_tags(account, sources([]), vec![filter("fleet", None)], first.next).await.unwrap();
        assert_eq!((second.tags.len(), second.next), (20, None));
        let mut sources: Vec<_> =
            first.tags.iter().chain(&second.tags).map(|on| on.resource.clone()).collect();
        sources.dedup();
        assert_eq!(sources.len(), 70);
    });
}
