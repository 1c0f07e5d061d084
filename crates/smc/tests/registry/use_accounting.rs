//! However codes are used, switched off, left to expire and deleted: a use is spent exactly when a machine
//! is imported for the first time, and never more often than the code allows.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use smc::{
    AccessTokenId, SourceId,
    access_token::AccessTokenCode,
    ports::TokenFilter,
    registry::{Arrival, Refusal, Removal},
};
use store::Location;
use test_postgres::TestPostgres;

use crate::harness::{Machine, World, on_both_engines};

/// Something that happens. Codes and machines are few, so that they meet.
#[derive(Clone, Debug)]
enum Step {
    Create { uses: u32, days: u32 },
    Redeem { code: usize, machine: u32, key: u32 },
    RedeemWithWrongValue { code: usize, machine: u32 },
    Disable { code: usize },
    Delete { code: usize },
    DeleteSource { machine: u32 },
    Pass { hours: i64 },
}

fn step() -> impl Strategy<Value = Step> {
    let (code, machine) = (0..4_usize, 0..6_u32);
    prop_oneof![
        2 => (1..4_u32, 1..3_u32).prop_map(|(uses, days)| Step::Create { uses, days }),
        8 => (code.clone(), machine.clone(), 0..2_u32).prop_map(|(code, machine, key)| Step::Redeem { code, machine, key }),
        1 => (code.clone(), machine.clone()).prop_map(|(code, machine)| Step::RedeemWithWrongValue { code, machine }),
        1 => code.clone().prop_map(|code| Step::Disable { code }),
        1 => code.prop_map(|code| Step::Delete { code }),
        1 => machine.prop_map(|machine| Step::DeleteSource { machine }),
        2 => (1..30_i64).prop_map(|hours| Step::Pass { hours }),
    ]
}

struct Code {
    id: AccessTokenId,
    value: AccessTokenCode,
    uses: u32,
    spent: u32,
    deleted: bool,
}

/// What should be, kept beside what is.
struct Ledger {
    world: World,
    codes: Vec<Code>,
    sources: BTreeMap<u32, SourceId>,
    ever: BTreeSet<SourceId>,
}

impl Ledger {
    async fn take(&mut self, step: Step) {
        match step {
            Step::Create { uses, days } => {
                let (id, value) = self.world.code(uses, days).await;
                self.codes.push(Code { id, value, uses, spent: 0, deleted: false });
            }
            Step::Redeem { code, machine, key } => self.redeem(code, machine, key).await,
            Step::RedeemWithWrongValue { code, machine } => {
                let wrong = AccessTokenCode::from_random(&[5; 64]);
                let Some(code) = self.codes.get(code) else { return };
                let machine = Machine::number(1_000 + machine);
                let refused = self.world.import(&(code.id.clone(), wrong), &machine).await;
                assert!(matches!(refused, Err(Refusal::UnknownCode)));
            }
            Step::Disable { code } => {
                let Some(code) = self.codes.get(code) else { return };
                let done = self.world.registry.disable_code(&self.world.caller, code.id.clone()).await;
                assert_eq!(done.is_ok(), !code.deleted);
            }
            Step::Delete { code } => {
                let Some(code) = self.codes.get_mut(code) else { return };
                let done = self.world.registry.delete_code(&self.world.caller, code.id.clone()).await;
                assert_eq!(done.is_ok(), !code.deleted);
                code.deleted = true;
            }
            Step::DeleteSource { machine } => {
                let Some(source) = self.sources.remove(&machine) else { return };
                self.world
                    .registry
                    .delete_source(&self.world.caller, source, Removal::OnlyWithoutJobs)
                    .await
                    .unwrap();
            }
            Step::Pass { hours } => self.world.clock.advance(hours * 3_600),
        }
    }

    async fn redeem(&mut self, code: usize, machine: u32, key: u32) {
        let Some(code) = self.codes.get_mut(code) else { return };
        let presented = (code.id.clone(), code.value.clone());
        let visitor = Machine::number(machine).with_key(machine * 10 + key);
        let Ok(imported) = self.world.import(&presented, &visitor).await else { return };
        match imported.arrival {
            Arrival::New => {
                assert!(!code.deleted && self.ever.insert(imported.id.clone()), "a new source is a new one");
                assert_eq!(self.sources.insert(machine, imported.id), None, "a machine is one source");
                code.spent += 1;
            }
            Arrival::Returned | Arrival::Rekeyed => {
                assert_eq!(
                    self.sources.get(&machine),
                    Some(&imported.id),
                    "a machine gets its own source back"
                );
            }
        }
    }

    async fn check(&self) {
        let account = self.world.caller.account;
        let (listing, _) =
            self.world.registry.list_codes(account, TokenFilter::default(), None).await.unwrap();
        assert_eq!(listing.total, self.codes.iter().filter(|code| !code.deleted).count() as u64);
        for code in self.codes.iter().filter(|code| !code.deleted) {
            let token = listing.rows.iter().find(|token| token.id == code.id).unwrap();
            assert_eq!(token.registered, code.spent);
            assert!(token.registered <= code.uses);
        }
    }
}

fn run(location: &Location, steps: Vec<Step>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let world = World::new(location).await;
        let mut ledger = Ledger { world, codes: Vec::new(), sources: BTreeMap::new(), ever: BTreeSet::new() };
        for step in steps {
            ledger.take(step).await;
            ledger.check().await;
        }
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn uses_are_counted_exactly_on_sqlite(steps in prop::collection::vec(step(), 1..60)) {
        run(&Location::SqliteMemory, steps);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]

    #[test]
    fn uses_are_counted_exactly_on_postgres(steps in prop::collection::vec(step(), 20..60)) {
        let database = TestPostgres::shared().unwrap().fresh_database().unwrap();
        run(&Location::Postgres(database), steps);
    }
}

#[test]
fn racing_machines_never_get_more_than_the_code_allows() {
    on_both_engines(|world| async move {
        let code = world.code(5, 1).await;
        let machines: Vec<_> = (0..40).map(Machine::number).collect();
        let races = machines.iter().map(|machine| world.import(&code, machine));
        let outcomes = join_all(races.collect()).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 5);
        let refused = outcomes.iter().filter_map(|outcome| outcome.as_ref().err());
        assert!(refused.map(Refusal::code).all(|code| code == "AccessToken.Exhausted"));
    });
}

/// Polls all of them together, so that they are under way at the same time.
async fn join_all<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut running: Vec<_> = futures.into_iter().map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|cx| {
        for (future, output) in &mut running {
            if output.is_none()
                && let std::task::Poll::Ready(ready) = future.as_mut().poll(cx)
            {
                *output = Some(ready);
            }
        }
        if running.iter().all(|(_, output)| output.is_some()) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    running.into_iter().filter_map(|(_, output)| output).collect()
}
