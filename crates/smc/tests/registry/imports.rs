//! Who gets in, as whom, and what the trail says of it.

use smc::{
    audit::{Event, Filter},
    ports::SourceFilter,
    registry::{Arrival, Refusal, Removal},
};

use crate::harness::{Machine, World, on_both_engines};

async fn events(world: &World) -> Vec<(Event, String)> {
    let (rows, _) = world.registry.audit(world.caller.account, Filter::default(), 100).await.unwrap();
    rows.into_iter().rev().map(|row| (row.entry.event, row.entry.detail)).collect()
}

#[test]
fn the_trail_tells_what_happened_and_why_something_did_not() {
    on_both_engines(|world| async move {
        let code = world.code(1, 1).await;
        let first = world.import(&code, &Machine::number(1)).await.unwrap();
        world.import(&code, &Machine::number(2)).await.unwrap_err();
        world.import(&code, &Machine::number(1)).await.unwrap();
        world.clock.advance(86_400);
        world.import(&code, &Machine::number(3)).await.unwrap_err();
        world.registry.disable_code(&world.caller, code.0.clone()).await.unwrap();
        world.registry.disable_code(&world.caller, code.0.clone()).await.unwrap();
        world.import(&code, &Machine::number(3)).await.unwrap_err();
        world
            .registry
            .delete_source(&world.caller, first.id.clone(), Removal::OnlyWithoutJobs)
            .await
            .unwrap();
        world.registry.delete_code(&world.caller, code.0.clone()).await.unwrap();
        let expected = [
            (Event::TokenCreated, String::new()),
            (Event::TokenRedeemed, first.id.to_string()),
            (Event::TokenRefused, "AccessToken.Exhausted".into()),
            (Event::SourceReturned, format!("with {}", code.0)),
            (Event::TokenRefused, "AccessToken.Expired".into()),
            (Event::TokenDisabled, String::new()),
            (Event::TokenRefused, "AccessToken.Disabled".into()),
            (Event::SourceDeleted, String::new()),
            (Event::TokenDeleted, String::new()),
        ];
        assert_eq!(events(&world).await, expected);
    });
}

#[test]
fn whatever_a_real_code_is_refused_for_is_in_the_trail_of_its_account() {
    on_both_engines(|world| async move {
        let (code, foreign) = (world.code(3, 1).await, world.code_of(&world.other, 1, 1).await);
        let named = |number| Machine { name: Some("db".to_owned()), ..Machine::number(number) };
        let first = world.import(&code, &named(1)).await.unwrap();
        let mut expected =
            vec![(Event::TokenCreated, String::new()), (Event::TokenRedeemed, first.id.to_string())];
        let odd = Machine { hostname: "h\u{1b}[31m".into(), ..Machine::number(2) };
        for (machine, why) in [(named(2), "SourceServerName.Duplicate"), (odd, "Inventory.Invalid")] {
            assert_eq!(world.import(&code, &machine).await.unwrap_err().code(), why);
            expected.push((Event::TokenRefused, why.to_owned()));
        }
        world.import(&foreign, &named(1)).await.unwrap_err();
        let address = "192.0.2.9".parse().unwrap();
        let check = async || world.registry.check_code(code.0.clone(), &code.1, address).await;
        check().await.unwrap();
        world.clock.advance(86_400);
        assert_eq!(check().await.unwrap_err().code(), "AccessToken.Expired");
        expected.push((Event::TokenRefused, "AccessToken.Expired (check)".to_owned()));
        let wrong = world.registry.check_code(foreign.0.clone(), &code.1, address).await.unwrap_err();
        assert!(matches!(wrong, Refusal::UnknownCode));
        assert_eq!(events(&world).await, expected);

        let (others, _) = world.registry.audit(world.other.account, Filter::default(), 100).await.unwrap();
        let last = &others[0].entry;
        assert_eq!((last.event, last.detail.as_str()), (Event::TokenRefused, "Source.OtherAccount"));
        assert_eq!(others.len(), 2, "and nothing of a code whose value was wrong");
    });
}

#[test]
fn a_machine_comes_back_with_its_key_whatever_became_of_the_code() {
    on_both_engines(|world| async move {
        let code = world.code(1, 1).await;
        let machine = Machine::number(1);
        let first = world.import(&code, &machine).await.unwrap();
        world.registry.disable_code(&world.caller, code.0.clone()).await.unwrap();
        world.registry.delete_code(&world.caller, code.0.clone()).await.unwrap();
        let back = world.import(&code, &machine).await.unwrap();
        assert_eq!((back.id, back.arrival), (first.id, Arrival::Returned));
    });
}

#[test]
fn a_machine_without_its_key_needs_a_code_that_vouches_for_it() {
    on_both_engines(|world| async move {
        let (paid, spent) = (world.code(1, 9).await, world.code(1, 9).await);
        let machine = Machine::number(1);
        let first = world.import(&paid, &machine).await.unwrap();
        world.import(&spent, &Machine::number(2)).await.unwrap();

        // The code that paid for it is used up, which is no reason; another one that is used up vouches for nothing.
        let back = world.import(&paid, &machine.with_key(77)).await.unwrap();
        assert_eq!((&back.id, back.arrival), (&first.id, Arrival::Rekeyed));
        let refused = world.import(&spent, &machine.with_key(78)).await.unwrap_err();
        assert_eq!(refused.code(), "AccessToken.Exhausted");
        world.registry.disable_code(&world.caller, paid.0.clone()).await.unwrap();
        let refused = world.import(&paid, &machine.with_key(79)).await.unwrap_err();
        assert_eq!(refused.code(), "AccessToken.Disabled");
    });
}

#[test]
fn a_machine_belongs_to_one_account() {
    on_both_engines(|world| async move {
        let (own, foreign) = (world.code(2, 9).await, world.code_of(&world.other, 2, 9).await);
        let machine = Machine::number(1);
        world.import(&own, &machine).await.unwrap();
        let refused = world.import(&foreign, &machine).await.unwrap_err();
        assert!(matches!(refused, Refusal::OtherAccount { .. }), "{refused}");
        // With another key it is another agent: the other account cannot know what machines this one has.
        let anew = world.import(&foreign, &machine.with_key(5)).await.unwrap();
        assert_eq!(anew.arrival, Arrival::New);
    });
}

#[test]
fn names_are_unique_and_made_up_when_not_given() {
    on_both_engines(|world| async move {
        let code = world.code(10, 9).await;
        let named = |number, name: &str| Machine { name: Some(name.to_owned()), ..Machine::number(number) };
        assert_eq!(world.import(&code, &named(1, "db")).await.unwrap().name, "db");
        let taken = world.import(&code, &named(2, "db")).await.unwrap_err();
        assert_eq!(taken.code(), "SourceServerName.Duplicate");

        let twin = |number| Machine { hostname: "twin".into(), ..Machine::number(number) };
        let (one, two) =
            (world.import(&code, &twin(3)).await.unwrap(), world.import(&code, &twin(4)).await.unwrap());
        assert_eq!(one.name, "twin");
        assert_eq!(two.name, format!("twin_{}", two.id.as_str().trim_start_matches("s-")));
        let lineage = world.registry.lineage(world.caller.account, code.0.clone()).await.unwrap();
        assert_eq!((lineage.token.registered, lineage.source_count), (3, 3), "a refusal spends nothing");
    });
}

#[test]
fn an_unacceptable_inventory_imports_nothing() {
    on_both_engines(|world| async move {
        let code = world.code(1, 9).await;
        let machine = Machine { hostname: "h\u{1b}[31m".into(), ..Machine::number(1) };
        assert_eq!(world.import(&code, &machine).await.unwrap_err().code(), "Inventory.Invalid");
        let page = smc::ports::Page { offset: 0, limit: 10 };
        let (sources, _) =
            world.registry.list_sources(world.caller.account, SourceFilter::default(), page).await.unwrap();
        assert_eq!(sources.total, 0);
    });
}
