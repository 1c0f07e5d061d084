//! Agent, center and link die again and again while a disk is copied; every image equals its disk nevertheless, little is
//! sent twice, and no job gets stuck.

use crate::{
    deaths::{change, die_meanwhile, runs},
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
    let runs = runs(RUNS);
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
        let changed = if run == 0 { DISK_BYTES } else { CHANGED_BYTES };
        if run > 0 {
            change(&mut chance, &field.disk, &mut disk, CHANGED_BYTES);
        }
        let before = field.link.sent();
        field.await_online(&source);
        if last {
            field.call("CutOverReplicationJob", &[("JobId", &job), ("SyncData", "true")]);
        } else {
            field.call("StartReplicationJob", &[("JobId", &job)]);
        }
        let planned = chance.below(MOST_DEATHS + 1);
        let died = die_meanwhile(&mut field, &mut chance, &job, planned, before..before + changed);
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
