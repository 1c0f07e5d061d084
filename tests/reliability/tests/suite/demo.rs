//! The first thing that anybody runs: `landfall demo` does the whole job, proves it, and leaves nothing behind.

use std::{fs, process::Command};

use crate::place::{Engine, Place};

#[test]
fn the_demo_does_the_whole_job_and_leaves_nothing() {
    let place = Place::new(Engine::Sqlite);
    let temporary = place.path().join("tmp");
    fs::create_dir(&temporary).unwrap();
    let demo = Command::new(reliability::landfall().unwrap())
        .arg("demo")
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("TMPDIR", &temporary)
        // What the environment says is about other centers.
        .env("ALIBABA_CLOUD_ACCESS_KEY_ID", "somebody-else")
        .env("LANDFALL_ENDPOINT", "http://192.0.2.1:1")
        .output()
        .unwrap();
    let said = String::from_utf8(demo.stdout).unwrap();
    assert!(demo.status.success(), "{said}{}", String::from_utf8_lossy(&demo.stderr));
    for promise in [
        "1 of 5 uses spent",
        "Import Source Server [s-",
        "everything is copied",
        "the second run copies what changed",
        "then the job is finished",
        "signed by this center, every digest holds, and equal to the disk byte for byte",
    ] {
        assert!(said.contains(promise), "{promise:?} is not in:\n{said}");
    }
    assert_eq!(fs::read_dir(&temporary).unwrap().count(), 0);
}
