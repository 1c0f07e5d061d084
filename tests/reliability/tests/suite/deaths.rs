//! Deaths of agent, center and link in the middle of a run, and what changes on a disk between two.

use std::{
    ops::Range,
    path::Path,
    time::{Duration, Instant},
};

use crate::{
    field::{Field, PATIENCE, noise, write},
    seed::Chance,
};

/// How many runs a test of copies makes: so many, unless LANDFALL_COPY_RUNS says otherwise.
pub(crate) fn runs(usually: u64) -> u64 {
    std::env::var("LANDFALL_COPY_RUNS").map_or(usually, |text| text.parse().unwrap())
}

/// Has something die after random amounts of data, so many times if the run lasts so long; gives how often. `expected` is
/// what the link has carried when the run begins, and about what it will have carried when the run ends.
pub(crate) fn die_meanwhile(
    field: &mut Field,
    chance: &mut Chance,
    job: &str,
    planned: u64,
    expected: Range<u64>,
) -> u64 {
    let bytes = expected.end - expected.start;
    for death in 0..planned {
        // A run that needs less than that is over, and has nothing left to die in.
        let at = expected.start + chance.below(bytes) + death * (bytes / 4);
        if !sends(field, job, at) {
            return death;
        }
        let (what, dies): (_, fn(&mut Field)) = match chance.below(3) {
            0 => ("link", |field| field.link.cut()),
            1 => ("agent", agent_dies),
            _ => ("center", center_dies),
        };
        println!("the {what} dies after {} of {bytes} bytes", field.link.sent() - expected.start);
        dies(field);
    }
    planned
}

/// Kills the agent, and starts it anew.
pub(crate) fn agent_dies(field: &mut Field) {
    let mut agent = field.agent.take().unwrap();
    agent.kill().unwrap();
    agent.wait().unwrap();
    field.start_agent();
}

/// Kills the center, and starts it anew.
fn center_dies(field: &mut Field) {
    field.center.take().unwrap().kill().unwrap();
    let center = field.launch.start().unwrap();
    field.link.lead_to(center.agents());
    field.center = Some(center);
}

/// Waits until the link has carried so much; says whether it did before the job's run was over.
fn sends(field: &Field, job: &str, bytes: u64) -> bool {
    let started = Instant::now();
    while !field.link.wait_for(bytes, Duration::from_millis(200)) {
        // A job that is stuck is for others to find.
        if field.job(job)["Status"] != "Running" || started.elapsed() > PATIENCE {
            return false;
        }
    }
    true
}

/// Overwrites random blocks of a file, and of its content in memory, until so many bytes were written.
pub(crate) fn change(chance: &mut Chance, path: &Path, content: &mut [u8], bytes: u64) {
    let blocks = content.len() as u64 / 4096;
    for _ in 0..bytes / 4096 {
        let at = chance.below(blocks) * 4096;
        let fresh = noise(chance, 4096);
        content[usize::try_from(at).unwrap()..][..4096].copy_from_slice(&fresh);
        write(path, at, &fresh);
    }
}
