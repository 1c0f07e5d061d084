//! Agent, center and link die again and again while a disk is copied; every image equals its disk nevertheless, little is
//! sent twice, and no job gets stuck.

use std::{path::Path, time::Duration};

use crate::{
    field::{Field, noise, write},
    place::{Engine, Place},
    seed::Chance,
};

/// Runs of the job, unless LANDFALL_COPY_RUNS says otherwise.
const RUNS: u64 = 8;

/// Bytes of the disk, all of which are noise.
const DISK_BYTES: u64 = 48 << 20;

/// Bytes that change between two runs, at random places.
const CHANGED_BYTES: u64 = 8 << 20;

/// Deaths in one run at the most.
const MOST_DEATHS: u64 = 3;

/// KiB a second that the copy may use, so that there is time to die in it.
const BANDWIDTH_KIB: u64 = 24 << 10;

/// Bytes that a death may cost: what is on its way in the windows of both streams, and digests of everything.
const COST_OF_A_DEATH: u64 = (2 * (32 << 20)) + DISK_BYTES / 64;

#[test]
fn copies_survive_deaths_of_agent_center_and_link() {
    let runs = std::env::var("LANDFALL_COPY_RUNS").map_or(RUNS, |text| text.parse().unwrap());
    let mut chance = Chance::of_this_run("copies");
    let place = Place::new(Engine::Sqlite);
    let mut field = Field::set_up(&place, DISK_BYTES);
    let mut disk = noise(&mut chance, DISK_BYTES);
    write(&field.disk, 0, &disk);
    let source = field.import();
    let parameters = format!(r#"{{"bandwidth_limit":{BANDWIDTH_KIB},"compress_level":0}}"#);
    let job = field.create_job(&source, &parameters);
    field.start_agent();
    let (mut deaths, mut sent_in_all) = (0, 0);
    for run in 0..runs {
        let last = run + 1 == runs;
        let changed = if run == 0 { DISK_BYTES } else { change(&mut chance, &field.disk, &mut disk) };
        let before = field.link.sent();
        field.await_online(&source);
        if last {
            field.call("CutOverReplicationJob", &[("JobId", &job), ("SyncData", "true")]);
        } else {
            field.call("StartReplicationJob", &[("JobId", &job)]);
        }
        let died = die_meanwhile(&mut field, &mut chance, before, changed);
        let done = field.settled(&job, if last { "Finished" } else { "Waiting" });
        field.compare(done["ImageId"].as_str().unwrap(), &disk);
        let sent = field.link.sent() - before;
        let bound = changed + changed / 8 + (died + 1) * COST_OF_A_DEATH;
        assert!(sent <= bound, "run {run}: {sent} bytes were sent for {changed} changed and {died} deaths");
        (deaths, sent_in_all) = (deaths + died, sent_in_all + sent);
    }
    assert!(deaths >= runs / 2, "too little died to prove anything: {deaths} deaths in {runs} runs");
    println!("{runs} runs, {deaths} deaths, {sent_in_all} bytes over the link: every image equals its disk");
    field.tear_down();
}

/// Has something die after random amounts of data; gives how often.
fn die_meanwhile(field: &mut Field, chance: &mut Chance, before: u64, expected: u64) -> u64 {
    let planned = chance.below(MOST_DEATHS + 1);
    for death in 0..planned {
        // A run that needs less than that is over, and has nothing left to die in.
        let at = before + chance.below(expected.max(1)) + death * (expected / 4);
        if !field.link.wait_for(at, Duration::from_secs(20)) {
            return death;
        }
        match chance.below(3) {
            0 => field.link.cut(),
            1 => {
                let mut agent = field.agent.take().unwrap();
                agent.kill().unwrap();
                agent.wait().unwrap();
                field.start_agent();
            }
            _ => {
                field.center.take().unwrap().kill().unwrap();
                let center = field.launch.start().unwrap();
                field.link.lead_to(center.agents());
                field.center = Some(center);
            }
        }
    }
    planned
}

/// Overwrites random blocks of the disk; gives how many bytes.
fn change(chance: &mut Chance, path: &Path, disk: &mut [u8]) -> u64 {
    let blocks = CHANGED_BYTES / 4096;
    for _ in 0..blocks {
        let at = chance.below(DISK_BYTES / 4096) * 4096;
        let fresh = noise(chance, 4096);
        disk[usize::try_from(at).unwrap()..][..4096].copy_from_slice(&fresh);
        write(path, at, &fresh);
    }
    CHANGED_BYTES
}
