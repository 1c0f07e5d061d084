//! A registry over a fresh database of each engine.

use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicU64, Ordering},
};

use serde_json::Value;
use smc::{
    AccessTokenId, SourceId, Timestamp,
    access_token::{AccessTokenCode, CodeKey, Description, TimeToLive, UseLimit},
    account::{AccountId, Caller},
    api::Failure,
    ports::{Clock, Random, RandomError},
    registry::{Import, Imported, NewCode, Refusal, Registry, Settings},
    source::{
        Inventory, KeyFingerprint, MachineId,
        inventory::{Disk, Partition},
    },
};
use store::{Database, Location, Options, identities::AccountRow};
use test_postgres::TestPostgres;

/// A clock that stands until it is moved.
#[derive(Default)]
pub(crate) struct ManualClock(AtomicI64);

impl ManualClock {
    pub(crate) fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix(1_800_000_000 + self.0.load(Ordering::SeqCst))
    }
}

/// Bytes that never repeat, and are the same in each run.
#[derive(Default)]
pub(crate) struct CountingRandom(AtomicU64);

impl Random for CountingRandom {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError> {
        for chunk in buffer.chunks_mut(8) {
            // A bijection of the counter (the finaliser of SplitMix64): spread, and without repetition.
            let mut word = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::SeqCst);
            word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(word ^ (word >> 31)).to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

/// A registry and one account in it.
pub(crate) struct World {
    pub(crate) registry: Registry<Database, ManualClock, CountingRandom>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) database: Database,
    pub(crate) caller: Caller,
    pub(crate) other: Caller,
}

/// Runs a test on a fresh database of each engine.
pub(crate) fn on_both_engines<F: Future<Output = ()>>(test: impl Fn(World) -> F) {
    let postgres = TestPostgres::shared().unwrap().fresh_database().unwrap();
    for location in [Location::SqliteMemory, Location::Postgres(postgres)] {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { test(World::new(&location).await).await });
    }
}

impl World {
    pub(crate) async fn new(location: &Location) -> Self {
        let database = Database::open(location, Options::default()).unwrap();
        let clock = Arc::new(ManualClock::default());
        let caller = |number: u64| {
            let account: AccountId = format!("{number:016}").parse().unwrap();
            Caller { account, arn: format!("acs:ram::{account}:root"), address: None }
        };
        let (own, other) = (caller(1), caller(2));
        for account in [own.account, other.account] {
            let row = AccountRow { id: account, name: String::new(), created: clock.now() };
            database.write(move |tx| tx.insert_account(&row)).await.unwrap();
        }
        let registry = Registry::new(
            database.clone(),
            clock.clone(),
            Arc::new(CountingRandom::default()),
            CodeKey::new([7; 32]),
            Settings { code_quota: None },
        );
        Self { registry, clock, database, caller: own, other }
    }

    pub(crate) async fn code(&self, uses: u32, days: u32) -> (AccessTokenId, AccessTokenCode) {
        self.code_of(&self.caller, uses, days).await
    }

    pub(crate) async fn code_of(
        &self,
        caller: &Caller,
        uses: u32,
        days: u32,
    ) -> (AccessTokenId, AccessTokenCode) {
        let new = NewCode {
            name: String::new(),
            description: Description::default(),
            use_limit: UseLimit::new(uses).unwrap(),
            time_to_live: TimeToLive::new(days).unwrap(),
        };
        let created = self.registry.create_code(caller, new).await.unwrap();
        (created.id, created.code)
    }

    pub(crate) async fn import(
        &self,
        (id, code): &(AccessTokenId, AccessTokenCode),
        machine: &Machine,
    ) -> Result<Imported, Refusal> {
        self.registry.import(machine.import(id), code).await
    }

    /// Imports a machine that was never seen; gives its source.
    pub(crate) async fn source(&self, code: &(AccessTokenId, AccessTokenCode), number: u32) -> SourceId {
        self.import(code, &Machine::number(number)).await.unwrap().id
    }
}

/// A machine at the door.
#[derive(Clone)]
pub(crate) struct Machine {
    pub(crate) key: KeyFingerprint,
    pub(crate) identity: MachineId,
    pub(crate) name: Option<String>,
    pub(crate) hostname: String,
}

impl Machine {
    pub(crate) fn number(number: u32) -> Self {
        Self {
            key: KeyFingerprint::of(&number.to_le_bytes()),
            identity: MachineId::of(&[&number.to_string()]),
            name: None,
            hostname: format!("web-{number}"),
        }
    }

    /// The same machine, whose agent lost its key.
    pub(crate) fn with_key(&self, key: u32) -> Self {
        Self { key: KeyFingerprint::of(&key.to_be_bytes()), ..self.clone() }
    }

    fn import(&self, token: &AccessTokenId) -> Import {
        Import {
            token: token.clone(),
            key: self.key.clone(),
            machine: self.identity.clone(),
            agent_version: "0.1.0".into(),
            address: "192.0.2.4".into(),
            name: self.name.clone(),
            inventory: Inventory {
                hostname: self.hostname.clone(),
                disks: vec![disk("/dev/vda", true), disk("/dev/vdb", false), disk("/dev/vdc", false)],
                ..Inventory::default()
            },
        }
    }
}

/// A disk of 30 GiB with one partition.
fn disk(path: &str, system: bool) -> Disk {
    let part = Partition { path: format!("{path}1"), size_bytes: 20 << 30, ..Partition::default() };
    Disk { path: path.into(), size_bytes: 30 << 30, system, partitions: vec![part], ..Disk::default() }
}

/// Calls an operation; gives the reply, or the code of the refusal.
pub(crate) async fn call(world: &World, name: &str, params: &[(&str, &str)]) -> Result<Value, String> {
    let operation = smc_model::operations().iter().find(|operation| operation.name == name).unwrap();
    let params: Vec<_> = params.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    match world.registry.call(&world.caller, operation, &params).await {
        Ok(reply) => Ok(reply),
        Err(Failure::Registry(error)) => {
            // Whatever the registry refuses with, the contract must have on the operation's list.
            let code = error.code();
            let listed = operation.errors.contains(&code)
                || (code.starts_with("UnsupportedFeature.")
                    && operation.errors.contains(&"UnsupportedFeature.{Feature}"));
            assert!(listed, "{name}: {code}: {error}");
            Err(code.to_owned())
        }
        Err(Failure::Form(violation)) => Err(violation.code),
        Err(other) => panic!("{name}: {other}"),
    }
}
