//! The master key: wrong ones, rotation, and a rotation that was cut off.

use center::{
    clock::SystemRandom,
    keyring::{MasterKey, MasterKeySource, rotate},
    server::{Running, StartError},
};
use store::{Database, Options};

use crate::harness::{Center, config};

#[tokio::test]
async fn rotation_keeps_keys_codes_and_pins() {
    let Center { running, directory, key, .. } = Center::start().await;
    let pins = (running.endpoint.ca_fingerprint.clone(), running.endpoint.key_pin.clone());
    running.stop().await;

    let path = directory.path().join("master.key");
    let database = Database::open(&config(directory.path()).database, Options::default()).unwrap();
    let old = std::fs::read(&path).unwrap();
    let rotated = rotate(&database, &path, &SystemRandom).await.unwrap();
    assert_eq!(rotated.secrets, 1);
    assert_ne!(rotated.before, rotated.after);
    assert_ne!(std::fs::read(&path).unwrap(), old);
    drop(database);

    let running = Running::start(config(directory.path())).await.unwrap();
    assert_eq!((running.endpoint.ca_fingerprint.clone(), running.endpoint.key_pin.clone()), pins);
    let center = Center::again(running, directory, key);
    center.call("ListAccessTokens", &[]).await.ok();
}

#[tokio::test]
async fn a_rotation_cut_off_before_the_file_was_renamed_is_finished_on_start() {
    let Center { running, directory, key, .. } = Center::start().await;
    running.stop().await;
    let path = directory.path().join("master.key");
    let old = std::fs::read(&path).unwrap();
    let database = Database::open(&config(directory.path()).database, Options::default()).unwrap();
    rotate(&database, &path, &SystemRandom).await.unwrap();
    drop(database);
    // As it is right after the transaction: the new key under its waiting name, the old one in place.
    std::fs::rename(&path, directory.path().join("master.key.new")).unwrap();
    std::fs::write(&path, old).unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();

    let center = Center::again(Running::start(config(directory.path())).await.unwrap(), directory, key);
    center.call("ListAccessTokens", &[]).await.ok();
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
