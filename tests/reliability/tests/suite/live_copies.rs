//! Agent, center and link die again and again while a mounted disk is copied that programs write to: every image is the
//! disk at some moment of its run, and the last one is the disk; little is sent twice, and no job gets stuck.

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use crate::{
    deaths::{agent_dies, change, die_meanwhile, runs},
    disk::Disk,
    field::{Field, noise},
    place::{Engine, Place},
    seed::Chance,
    writer::Writer,
};

/// Runs of the job, unless LANDFALL_COPY_RUNS says otherwise.
const RUNS: u64 = 3;

/// Bytes of noise on each filesystem.
const BULK_BYTES: u64 = 32 << 20;

/// Bytes of it that change between two runs, at random places.
const CHANGED_BYTES: u64 = 4 << 20;

/// Deaths in one run at the most. Each has one. With more of them, an agent that dies and compares everything anew would mend
/// what the one before it forgot.
const MOST_DEATHS: u64 = 2;

/// Of so many times between two runs, the agent dies in one.
const DEATHS_BETWEEN: u64 = 4;

/// KiB a second that the copy may use, so that there is time to die in it.
const BANDWIDTH_KIB: u64 = 12 << 10;

/// Nothing is compared once more at the end, which would find what was forgotten. Filesystems may stand still for as long
/// as a machine needs that runs other tests meanwhile.
const PARAMETERS: &str = r#""compress_level":0,"checksum":false,"freeze_budget_ms":10000"#;

/// Bytes that a death may cost: what is sent in a second, which may have been on its way, and digests of everything.
const COST_OF_A_DEATH: u64 = BANDWIDTH_KIB << 10;

/// What is on one filesystem of the disk.
struct Content {
    mount: PathBuf,
    /// What lies still during a run.
    bulk: Vec<u8>,
    writer: Writer,
}

#[test]
fn copies_of_a_live_disk_survive_deaths_of_agent_center_and_link() {
    let runs = runs(RUNS);
    let mut chance = Chance::of_this_run("live copies");
    let place = Place::new(Engine::Sqlite);
    let disk = Disk::make(place.path());
    let mut contents: Vec<_> = disk.mounts.iter().map(|mount| Content::new(mount, &mut chance)).collect();
    let mut field = Field::with_device(&place, &disk.device);
    let source = field.import();
    let job = field.create_job(&source, &format!(r#"{{"bandwidth_limit":{BANDWIDTH_KIB},{PARAMETERS}}}"#));
    field.start_agent();
    let (mut deaths, mut sent_in_all) = (0, 0);
    for run in 0..runs {
        let last = run + 1 == runs;
        let changed: u64 = contents.iter_mut().map(|content| content.change(&mut chance, run == 0)).sum();
        if chance.below(DEATHS_BETWEEN) == 0 {
            agent_dies(&mut field);
        }
        if last {
            for content in &mut contents {
                content.writer.end();
            }
        }
        let earliest: Vec<_> = contents.iter().map(|content| content.writer.steps()).collect();
        field.await_online(&source);
        let (begun, before) = (Instant::now(), field.link.sent());
        if last {
            field.call("CutOverReplicationJob", &[("JobId", &job), ("SyncData", "true")]);
        } else {
            field.call("StartReplicationJob", &[("JobId", &job)]);
        }
        let planned = 1 + chance.below(MOST_DEATHS);
        // The first death at least is in the run: blocks are hit twice, so that a little less changed.
        let died = die_meanwhile(&mut field, &mut chance, &job, planned, before..before + changed / 4 * 3);
        let done = field.settled(&job, if last { "Finished" } else { "Waiting" });
        let (sent, took) = (field.link.sent() - before, begun.elapsed());
        let figures = done["StatusInfo"].as_str().unwrap();
        assert!(figures.contains(r#""tracking":{"mode":"ebpf"}"#), "{figures}\n{}", field.logs());

        let copy = Disk::copied(&field.exported(done["ImageId"].as_str().unwrap()), place.path());
        let compared = contents.iter_mut().zip(&copy.mounts).zip(earliest);
        let written: u64 = compared.map(|((content, copy), earliest)| content.compare(copy, earliest)).sum();
        if last {
            disk.compare(&copy);
        }
        let bound = changed + changed / 8 + written + (died + 1) * COST_OF_A_DEATH;
        println!("run {run}: {died} deaths, {sent} bytes sent, {bound} allowed, {} ms", took.as_millis());
        assert!(
            sent <= bound,
            "{sent} bytes were sent for {changed} changed, {written} written, {died} deaths"
        );
        (deaths, sent_in_all) = (deaths + died, sent_in_all + sent);
    }
    assert!(deaths >= runs, "too little died to prove anything: {deaths} deaths in {runs} runs");
    println!("{runs} runs, {deaths} deaths, {sent_in_all} bytes over the link: every image is its disk");
    field.tear_down();
}

impl Content {
    fn new(mount: &Path, chance: &mut Chance) -> Self {
        let bulk = noise(chance, BULK_BYTES);
        std::fs::write(mount.join("bulk"), &bulk).unwrap();
        Self { mount: mount.to_owned(), bulk, writer: Writer::start(mount, chance.split()) }
    }

    /// Changes some of the bulk before a run, unless it is the first, of which all is new; gives how much.
    fn change(&mut self, chance: &mut Chance, first: bool) -> u64 {
        if first {
            return BULK_BYTES;
        }
        change(chance, &self.mount.join("bulk"), &mut self.bulk, CHANGED_BYTES);
        CHANGED_BYTES
    }

    /// Checks that a copy holds this as it was at one moment, which came not before this step; gives about how many bytes the
    /// writer changed since the copy before.
    fn compare(&mut self, copy: &Path, earliest: u64) -> u64 {
        let copied = std::fs::read(copy.join("bulk")).unwrap();
        let wrong =
            copied.chunks(4096).zip(self.bulk.chunks(4096)).filter(|(copied, own)| copied != own).count();
        assert!(copied.len() == self.bulk.len() && wrong == 0, "{}: {wrong} blocks differ", copy.display());
        self.writer.compare(copy, earliest)
    }
}
