//! Filters, pages and states of what is listed.

use smc::{
    access_token::Status,
    ports::{Heartbeat, Page, SourceFilter, TokenFilter},
    registry::Rename,
    source::{Fault, State},
};

use crate::harness::{World, on_both_engines};

const ALL: Page = Page { offset: 0, limit: 50 };

async fn count(world: &World, filter: SourceFilter) -> u64 {
    world.registry.list_sources(world.caller.account, filter, ALL).await.unwrap().0.total
}

#[test]
fn codes_are_found_by_status_as_time_passes() {
    on_both_engines(|world| async move {
        let (short, long) = (world.code(1, 1).await, world.code(1, 90).await);
        world.registry.disable_code(&world.caller, long.0.clone()).await.unwrap();
        let ids = |status| {
            let world = &world;
            async move {
                let filter = TokenFilter { status: Some(status), ..TokenFilter::default() };
                let (listing, _) =
                    world.registry.list_codes(world.caller.account, filter, None).await.unwrap();
                listing.rows.into_iter().map(|token| token.id).collect::<Vec<_>>()
            }
        };
        assert_eq!(ids(Status::Activated).await, std::slice::from_ref(&short.0));
        assert_eq!(ids(Status::Unactivated).await, std::slice::from_ref(&long.0));
        world.clock.advance(86_400);
        assert_eq!(ids(Status::Expired).await, std::slice::from_ref(&short.0));
        world.clock.advance(90 * 86_400);
        assert_eq!(ids(Status::Expired).await.len(), 2, "past its time comes before disabled");
        assert!(ids(Status::Unactivated).await.is_empty());
    });
}

#[test]
fn codes_made_within_one_second_are_listed_newest_first() {
    on_both_engines(|world| async move {
        let mut made = Vec::new();
        for _ in 0..8 {
            made.push(world.code(1, 1).await.0);
        }
        made.reverse();
        let (listing, _) =
            world.registry.list_codes(world.caller.account, TokenFilter::default(), None).await.unwrap();
        assert_eq!(listing.rows.into_iter().map(|token| token.id).collect::<Vec<_>>(), made);
    });
}

#[test]
fn states_follow_heartbeats_and_faults() {
    on_both_engines(|world| async move {
        let code = world.code(5, 9).await;
        let (quiet, sick) = (world.source(&code, 1).await, world.source(&code, 2).await);
        let by = |state| SourceFilter { state: Some(state), ..SourceFilter::default() };
        assert_eq!(
            (count(&world, by(State::Available)).await, count(&world, by(State::Unavailable)).await),
            (2, 0)
        );
        world.clock.advance(91);
        assert_eq!(
            (count(&world, by(State::Available)).await, count(&world, by(State::Unavailable)).await),
            (0, 2)
        );
        let heartbeat = |source: &smc::SourceId, fault| Heartbeat {
            source: source.clone(),
            at: smc::ports::Clock::now(&*world.clock),
            address: "192.0.2.9".into(),
            agent_version: "0.2.0".into(),
            fault,
        };
        let fault = Fault { error_code: "DiskMissing".into(), error_msg: "a disk is gone".into() };
        let beats = vec![heartbeat(&quiet, None), heartbeat(&sick, Some(fault))];
        world.registry.note_heartbeats(beats).await.unwrap();
        assert_eq!(
            (count(&world, by(State::Available)).await, count(&world, by(State::Unavailable)).await),
            (1, 1)
        );
        assert_eq!((count(&world, by(State::InUse)).await, count(&world, by(State::Deleting)).await), (0, 0));
        let (source, _) = world.registry.source(world.caller.account, quiet).await.unwrap();
        assert_eq!((source.address.as_str(), source.agent_version.as_str()), ("192.0.2.9", "0.2.0"));
    });
}

#[test]
fn pages_show_each_source_once_newest_first() {
    on_both_engines(|world| async move {
        let code = world.code(10, 9).await;
        let mut made = Vec::new();
        for number in 0..7 {
            // Some within one second: the order of creation counts, not that of the ids.
            made.push(world.source(&code, number).await);
            world.clock.advance(i64::from(number % 3 == 0));
        }
        made.reverse();
        let mut seen = Vec::new();
        for offset in [0, 3, 6, 9] {
            let page = Page { offset, limit: 3 };
            let (listing, _) = world
                .registry
                .list_sources(world.caller.account, SourceFilter::default(), page)
                .await
                .unwrap();
            assert_eq!(listing.total, 7);
            seen.extend(listing.rows.into_iter().map(|row| row.source.id));
        }
        assert_eq!(seen, made);
    });
}

#[test]
fn a_source_is_renamed_unless_the_name_is_taken() {
    on_both_engines(|world| async move {
        let code = world.code(5, 9).await;
        let (one, two) = (world.source(&code, 1).await, world.source(&code, 2).await);
        let rename = |name: &str| Rename { name: Some(name.to_owned()), description: None };
        let account = world.caller.account;
        world.registry.rename_source(account, one.clone(), rename("db")).await.unwrap();
        world.registry.rename_source(account, one.clone(), rename("db")).await.unwrap();
        let taken = world.registry.rename_source(account, two, rename("db")).await.unwrap_err();
        assert_eq!(taken.code(), "SourceServerName.Duplicate");
        let foreign =
            world.registry.rename_source(world.other.account, one, rename("mine")).await.unwrap_err();
        assert_eq!(foreign.code(), "InvalidSourceId.NotFound");
        let by = SourceFilter { name: Some("db".into()), ..SourceFilter::default() };
        assert_eq!(count(&world, by).await, 1);
    });
}
