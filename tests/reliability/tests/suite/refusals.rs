//! A center that cannot start says why in one line that says what to do, and exits with 1.

use std::{
    fs,
    net::TcpListener,
    path::PathBuf,
    process::Child,
    time::{Duration, Instant},
};

use ram::AccountId;
use smc::{
    audit::{Entry, Event},
    ports::Tx,
};
use store::{Database, Options};
use test_center::{Launch, now};
use test_postgres::TestPostgres;
use tokio::runtime::Runtime;

use crate::place::{Engine, Place};

/// How long a center may take to give up: what it opens may wait for a disk that other tests keep busy.
const PATIENCE: Duration = Duration::from_mins(1);

/// Starts a center that has to give up; every given text has to be in the one line that it says.
fn gives_up(launch: &Launch, expected: &[&str]) {
    let mut child = launch.spawn().unwrap();
    let status = wait(&mut child);
    let log = launch.log();
    assert_eq!(status, Some(1), "{log}");
    let lines: Vec<_> = log.lines().collect();
    assert_eq!(lines.len(), 1, "one line was expected: {log}");
    for text in expected {
        assert!(lines[0].contains(text), "{text:?} is missing: {log}");
    }
}

fn wait(child: &mut Child) -> Option<i32> {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        if began.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("the center neither starts nor gives up");
        }
        std::thread::yield_now();
    }
}

/// A place where a center was started and stopped once.
fn used(engine: Engine) -> Place {
    let place = Place::new(engine);
    place.launch("center").start().unwrap().stop().unwrap();
    fs::remove_file(place.launch("center").log_file).unwrap();
    place
}

#[test]
fn a_data_directory_that_cannot_be_made_or_written() {
    let place = Place::new(Engine::Sqlite);
    let file = place.path().join("file");
    fs::write(&file, "").unwrap();
    // Not even root can make a directory there.
    for data_dir in [file.join("data"), PathBuf::from("/proc/landfall")] {
        let mut launch = place.launch("center");
        launch.log_file = place.path().join(data_dir.to_string_lossy().replace('/', "-"));
        launch.data_dir.clone_from(&data_dir);
        gives_up(&launch, &[&data_dir.to_string_lossy(), "--data-dir"]);
    }
}

#[test]
fn a_port_that_is_taken() {
    let place = Place::new(Engine::Sqlite);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    for (name, option) in [("api", "--api-listen"), ("agents", "--agent-listen")] {
        let mut launch = place.launch(name);
        if option == "--api-listen" {
            launch.api_listen = address;
        } else {
            launch.agent_listen = address;
        }
        gives_up(&launch, &[&address.to_string(), option]);
    }
}

#[test]
fn a_database_that_does_not_answer_or_does_not_let_it_in() {
    let place = Place::new(Engine::Sqlite);
    // The port was free a moment ago, and nobody listens on it now.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut launch = place.launch("away");
    launch.database_url = Some(format!("postgres://landfall@{free}/landfall"));
    gives_up(&launch, &["connecting to PostgreSQL", "check that the server runs"]);

    let server = TestPostgres::shared().unwrap();
    server.sql("postgres", "CREATE ROLE stranger LOGIN PASSWORD 'right'").unwrap();
    let mut launch = place.launch("stranger");
    launch.database_url = Some(server.url("stranger:a-wrong-one", "postgres"));
    gives_up(&launch, &["logging in to PostgreSQL", "check user, password"]);
    assert!(!launch.log().contains("a-wrong-one"), "the password is told");
}

#[test]
fn a_database_of_a_newer_program() {
    let newer = "INSERT INTO schema_version (version, program) VALUES (99, '9.9.9')";
    let place = used(Engine::Sqlite);
    rusqlite::Connection::open(place.database_file("center")).unwrap().execute_batch(newer).unwrap();
    gives_up(&place.launch("center"), &["schema 99", "9.9.9", "nothing was changed"]);

    let place = used(Engine::Postgres);
    let launch = place.launch("center");
    TestPostgres::shared().unwrap().sql(launch.database_url.as_ref().unwrap(), newer).unwrap();
    gives_up(&launch, &["schema 99", "9.9.9", "nothing was changed"]);
}

#[test]
fn a_file_that_is_no_database() {
    let place = used(Engine::Sqlite);
    fs::write(place.database_file("center"), "something else ".repeat(1_000)).unwrap();
    gives_up(&place.launch("center"), &["not a Landfall database"]);
}

#[test]
fn a_clock_that_was_set_back() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let place = used(engine);
        let entry = Entry {
            account: AccountId::from_random(1),
            at: now().plus_days(1),
            event: Event::TokenCreated,
            resource: String::new(),
            actor: String::new(),
            address: String::new(),
            detail: String::new(),
        };
        let database = Database::open(&place.location("center"), Options::default()).unwrap();
        let written = Runtime::new().unwrap().block_on(database.write(move |tx| {
            let account = tx.accounts()?[0].id;
            tx.record(&Entry { account, ..entry.clone() })
        }));
        written.unwrap();
        drop(database);
        gives_up(&place.launch("center"), &["the clock says", "set the clock right"]);
    }
}

#[test]
fn a_keyring_that_is_damaged() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        for damage in ["", "not JSON", "{\"version\":1}"] {
            let place = used(engine);
            let database = Database::open(&place.location("center"), Options::default()).unwrap();
            let written = database.write(move |tx| tx.put_keyring(damage));
            Runtime::new().unwrap().block_on(written).unwrap();
            drop(database);
            gives_up(&place.launch("center"), &["keyring", "damaged", "backup"]);
        }
    }
}

#[test]
fn a_master_key_that_is_another_ones_or_gone_or_damaged() {
    let other = used(Engine::Sqlite);
    let key = |place: &Place| place.launch("center").data_dir.join("master.key");
    for (damage, expected) in [
        (fs::read(key(&other)).ok(), "sealed with master key"),
        (None, "reading the master key"),
        (Some(b"no key at all".to_vec()), "master.key"),
    ] {
        let place = used(Engine::Sqlite);
        match damage {
            Some(bytes) => fs::write(key(&place), bytes).unwrap(),
            None => fs::remove_file(key(&place)).unwrap(),
        }
        gives_up(&place.launch("center"), &[expected]);
    }
}
