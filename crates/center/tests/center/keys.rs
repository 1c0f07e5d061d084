//! The master key: wrong ones, rotation, and a rotation that was cut off.

use center::{
    clock::{SystemClock, SystemRandom},
    identity::IdentityError,
    keyring::{MasterKey, MasterKeySource, RotationError, rotate},
    server::{Config, Running, StartError},
};
use store::{Database, Location, Options};
use test_postgres::TestPostgres;

use crate::harness::{Center, Key, config, identities};

/// A directory and a center's configuration on each engine.
fn on_each_engine() -> Vec<(tempfile::TempDir, Config)> {
    let postgres = TestPostgres::shared().unwrap().fresh_database().unwrap();
    let place = |database: Option<Location>| {
        let directory = tempfile::tempdir().unwrap();
        let mut config = config(directory.path());
        config.database = database.unwrap_or(config.database);
        (directory, config)
    };
    vec![place(None), place(Some(Location::Postgres(postgres)))]
}

/// The same places once more.
fn again(config: &Config) -> Config {
    Config { database: config.database.clone(), ..crate::harness::config(&config.data_dir) }
}

#[tokio::test]
async fn rotation_keeps_keys_codes_and_pins() {
    let Center { running, directory, key, .. } = Center::start().await;
    let pins = (running.endpoint.ca_fingerprint.clone(), running.endpoint.key_pin.clone());
    running.stop().await;

    let path = directory.path().join("master.key");
    let database = Database::open(&config(directory.path()).database, Options::default()).unwrap();
    let old = std::fs::read(&path).unwrap();
    let rotated = rotate(&database, &path, &SystemRandom, SystemClock::unmoved()).await.unwrap();
    assert_eq!(rotated.secrets, 1);
    assert_ne!(rotated.before, rotated.after);
    assert_ne!(std::fs::read(&path).unwrap(), old);
    drop(database);

    let running = Running::start(config(directory.path())).await.unwrap();
    assert_eq!((running.endpoint.ca_fingerprint.clone(), running.endpoint.key_pin.clone()), pins);
    let center = Center::again(running, directory, key);
    center.call("ListAccessTokens", &[]).await.ok();
    let trail = center.call("ListAuditEvents", &[("Event", "master-key.rotated")]).await.ok();
    let line = &trail["AuditEvents"]["AuditEvent"][0];
    assert_eq!((&line["ResourceId"], &line["Actor"]), (&rotated.after.into(), &"operator".into()));
    assert_eq!(line["Detail"], "1 secrets sealed anew");
}

#[tokio::test]
async fn a_rotation_cut_off_before_the_file_was_renamed_is_finished_on_start() {
    let Center { running, directory, key, .. } = Center::start().await;
    running.stop().await;
    let path = directory.path().join("master.key");
    let old = std::fs::read(&path).unwrap();
    let database = Database::open(&config(directory.path()).database, Options::default()).unwrap();
    rotate(&database, &path, &SystemRandom, SystemClock::unmoved()).await.unwrap();
    drop(database);
    // As it is right after the transaction: the new key under its waiting name, the old one in place.
    std::fs::rename(&path, directory.path().join("master.key.new")).unwrap();
    std::fs::write(&path, old).unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();

    let center = Center::again(Running::start(config(directory.path())).await.unwrap(), directory, key);
    center.call("ListAccessTokens", &[]).await.ok();
}

#[tokio::test]
async fn a_center_goes_on_beside_a_rotation() {
    for (directory, config) in on_each_engine() {
        let path = directory.path().join("master.key");
        let others = again(&config);
        let center = Center::start_with(directory, config).await;
        center.call("ListAccessTokens", &[]).await.ok();
        let database = Database::open(&others.database, Options::default()).unwrap();
        rotate(&database, &path, &SystemRandom, SystemClock::unmoved()).await.unwrap();

        // Sealed by a center that still has the keyring of before open.
        center.call("CreateUser", &[("UserName", "late")]).await.ok();
        let made = center.call("CreateAccessKey", &[("UserName", "late")]).await.ok();
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        let late = Key { id: text("AccessKeyId"), secret: text("AccessKeySecret") };
        // Never seen by this center, so it is read from the database: the seal of after.
        assert_eq!(
            center.call_as(&late, "ListAccessTokens", &[]).await.refused().1,
            "Forbidden.Unauthorized"
        );
        let rotated = rotate(&database, &path, &SystemRandom, SystemClock::unmoved()).await.unwrap();
        assert_eq!(rotated.secrets, 2, "the key made in between is sealed anew too");

        let Center { running, directory, key } = center;
        running.stop().await;
        let started = Running::start(again(&others)).await.unwrap();
        let center = Center::again(started, directory, key);
        center.call("ListAccessTokens", &[]).await.ok();
        assert_eq!(
            center.call_as(&late, "ListAccessTokens", &[]).await.refused().1,
            "Forbidden.Unauthorized"
        );
    }
}

#[tokio::test]
async fn a_key_made_by_someone_who_had_the_old_keyring_open_is_not_lost() {
    for (directory, config) in on_each_engine() {
        let center = Center::start_with(directory, again(&config)).await;
        let path = center.directory.path().join("master.key");
        let early = identities(&config).await;
        let account = early.accounts().await.unwrap()[0].id;
        let database = Database::open(&config.database, Options::default()).unwrap();
        rotate(&database, &path, &SystemRandom, SystemClock::unmoved()).await.unwrap();
        let key = early.create_key(account, None).await.unwrap();
        center.call_as(&Key::from(&key), "ListAccessTokens", &[]).await.ok();
    }
}

#[tokio::test]
async fn a_center_that_has_no_way_to_the_new_key_says_so_and_stores_nothing_under_the_old() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("master.key");
    let master = MasterKey::generate(&SystemRandom).unwrap();
    master.write_new(&path).unwrap();
    let mut given = config(directory.path());
    let text = std::fs::read_to_string(&path).unwrap();
    given.master_key = MasterKeySource::Given(text.into());
    let early = identities(&given).await;
    early.create_account("default").await.unwrap();
    let account = early.accounts().await.unwrap()[0].id;
    let database = Database::open(&given.database, Options::default()).unwrap();
    rotate(&database, &path, &SystemRandom, SystemClock::unmoved()).await.unwrap();
    let error = early.create_key(account, None).await.err().unwrap().to_string();
    assert!(error.contains("restart it with the new master key"), "{error}");
    assert_eq!(early.keys(account, None).await.unwrap().len(), 1);
}

#[tokio::test]
async fn keys_made_while_the_master_key_is_rotated_again_and_again_are_all_kept() {
    for (directory, config) in on_each_engine() {
        let center = Center::start_with(directory, again(&config)).await;
        let path = center.directory.path().join("master.key");
        let early = identities(&config).await;
        let making = tokio::spawn(async move {
            let mut made = Vec::new();
            while made.len() < 12 {
                match early.create_account("another").await {
                    Ok((_, key)) => made.push(key),
                    Err(IdentityError::Rotating) => {}
                    Err(error) => panic!("{error}"),
                }
            }
            made
        });
        let database = Database::open(&config.database, Options::default()).unwrap();
        let mut rotations = 0;
        while rotations < 3 || !making.is_finished() {
            rotate(&database, &path, &SystemRandom, SystemClock::unmoved()).await.unwrap();
            rotations += 1;
        }
        for key in making.await.unwrap() {
            center.call_as(&Key::from(&key), "ListAccessTokens", &[]).await.ok();
        }
    }
}

#[tokio::test]
async fn of_two_rotations_at_once_one_is_refused() {
    let center = Center::start().await;
    let path = center.directory.path().join("master.key");
    let database = Database::open(&config(center.directory.path()).database, Options::default()).unwrap();
    let other = std::fs::File::open(center.directory.path()).unwrap();
    other.lock().unwrap();
    let error = rotate(&database, &path, &SystemRandom, SystemClock::unmoved()).await.unwrap_err();
    assert!(matches!(error, RotationError::Busy(_)), "{error}");
    drop(other);
    rotate(&database, &path, &SystemRandom, SystemClock::unmoved()).await.unwrap();
}

#[tokio::test]
async fn a_wrong_master_key_opens_nothing() {
    let Center { running, directory, .. } = Center::start().await;
    running.stop().await;
    let other = directory.path().join("other.key");
    MasterKey::generate(&SystemRandom).unwrap().write_new(&other).unwrap();
    let mut config = config(directory.path());
    config.master_key = MasterKeySource::File { path: other, generate: false };
    let error = Running::start(config).await.err().unwrap();
    assert!(matches!(error, StartError::Keyring(_)), "{error}");
    assert!(error.to_string().contains("--master-key-file"), "{error}");
}

#[tokio::test]
async fn a_lost_master_key_is_not_replaced_by_a_new_one() {
    let Center { running, directory, .. } = Center::start().await;
    running.stop().await;
    let path = directory.path().join("master.key");
    std::fs::remove_file(&path).unwrap();
    let error = Running::start(config(directory.path())).await.err().unwrap();
    assert!(matches!(error, StartError::MasterKey(_)), "{error}");
    assert!(!path.exists());
}

#[tokio::test]
async fn a_start_that_fails_makes_no_key_that_nobody_sees() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let directory = tempfile::tempdir().unwrap();
    let mut failing = config(directory.path());
    failing.agent_listen = taken.local_addr().unwrap();
    let error = Running::start(failing).await.err().unwrap();
    assert!(error.to_string().contains("--agent-listen"), "{error}");
    let running = Running::start(config(directory.path())).await.unwrap();
    assert!(running.first_key.is_some());
}
