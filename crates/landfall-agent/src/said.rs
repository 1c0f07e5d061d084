//! What commands say when they are done: one text for people, one object for programs.

use std::{fmt::Write, path::Path};

use agent_api::{Arrival, CheckReply};
use serde_json::json;
use smc::{AccessTokenId, Timestamp};

use crate::{
    cli::Output,
    import::Imported,
    size::Size,
    state::{DEFAULT, Heartbeat, HeartbeatState, Membership, WorkRecord, WorkState},
    work::lines,
};

/// What a command has to say when it is done.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    /// The data: standard output.
    pub(crate) data: String,
    /// The rest: standard error.
    pub(crate) aside: String,
}

/// Says that a code would import a machine.
pub(crate) fn checked(id: &AccessTokenId, reply: &CheckReply, output: Output) -> Said {
    let CheckReply { uses_left, expires } = reply;
    // The center wrote it: shown only if it is the moment that it should be.
    let expires = Timestamp::parse(expires).map_or_else(|| "unknown".to_owned(), |at| at.to_string());
    let data = match output {
        Output::Text => format!("{id} is valid: uses left {uses_left}, expires {expires}\n"),
        Output::Json => {
            format!("{}\n", json!({"token_id": id.as_str(), "uses_left": uses_left, "expires": expires}))
        }
    };
    Said { data, aside: "nothing was spent and nothing was written\n".to_owned() }
}

/// Says that this machine is a source, and how to go on.
pub(crate) fn arrived(imported: &Imported, state_dir: &Path, invoked_as: &str, output: Output) -> Said {
    let Imported { membership, arrival, heartbeat_seconds, before } = imported;
    let Membership { source_id, name, token_id, center, .. } = membership;
    if output == Output::Json {
        let object = json!({
            "source_id": source_id.as_str(),
            "name": name,
            "arrival": arrival,
            "token_id": token_id.as_str(),
            "center": center,
            "heartbeat_seconds": heartbeat_seconds,
            "state_dir": state_dir.to_string_lossy(),
        });
        return Said { data: format!("{object}\n"), aside: String::new() };
    }
    let how = match arrival {
        Arrival::New => format!("for the first time; one use of {token_id} is spent"),
        Arrival::Returned => "again, as the same source; nothing is spent".to_owned(),
        Arrival::Rekeyed => "again, as the same source with a new key; nothing is spent".to_owned(),
    };
    let before = before.as_ref().map_or_else(String::new, |before| {
        format!("before    {} of {}, which goes offline there\n", before.source_id, before.center)
    });
    let default = state_dir == Path::new(DEFAULT);
    let option = if default { String::new() } else { format!(" --state-dir {}", state_dir.display()) };
    let aside = format!(
        "name      {name}
imported  {how}
{before}next      keep this machine online:  {invoked_as} run{option}
          or as a service:           {invoked_as} service{option} > /etc/systemd/system/landfall-agent.service
                                     systemctl daemon-reload && systemctl enable --now landfall-agent
          an agent that already runs here takes the change over when it is restarted
"
    );
    Said { data: format!("Import Source Server [{source_id}] Successfully!\n"), aside }
}

/// Says what the state directory holds.
pub(crate) fn remembered(
    membership: &Membership,
    heartbeat: Option<&Heartbeat>,
    work: Option<&WorkRecord>,
    key: Option<&str>,
    now: Timestamp,
    output: Output,
) -> Said {
    let data = match output {
        Output::Json => {
            format!(
                "{}\n",
                json!({"source": membership, "heartbeat": heartbeat, "work": work, "agent_key": key})
            )
        }
        Output::Text => {
            let Membership { source_id, name, center, pin, imported, token_id, selection } = membership;
            let disks = match selection.disks.as_slice() {
                [] => "all whole disks".to_owned(),
                named => named.join(", "),
            };
            let key = key.unwrap_or("missing: run landfall-agent import again");
            format!(
                "source     {source_id} ({name})
center     {center}, {pin}
imported   {imported} with {token_id}
disks      {disks}
key        {key}
heartbeat  {}
{}",
                beating(heartbeat, now),
                work.map(|work| working(work, now)).unwrap_or_default()
            )
        }
    };
    Said { data, aside: String::new() }
}

fn beating(heartbeat: Option<&Heartbeat>, now: Timestamp) -> String {
    let Some(Heartbeat { last, every_seconds, state, .. }) = heartbeat else {
        return "never; start the agent: landfall-agent run".to_owned();
    };
    let mut text = match last {
        Some(last) => format!("{} ago, every {every_seconds} s", since(*last, now)),
        None => "never".to_owned(),
    };
    let overdue = last.is_none_or(|last| now > last.plus_seconds(i64::from(*every_seconds) * 3));
    let _ = match state {
        HeartbeatState::Lost { since: lost, problem } => {
            write!(text, "\n           no answer for {}: {problem}", since(*lost, now))
        }
        HeartbeatState::Connected if overdue => {
            write!(text, "\n           overdue: is the agent running? landfall-agent run")
        }
        HeartbeatState::Connected => Ok(()),
    };
    text
}

fn working(record: &WorkRecord, now: Timestamp) -> String {
    let WorkRecord { updated, job_id, run_id, tracking, work } = record;
    let Some(job) = job_id else { return String::new() };
    let run = run_id.as_ref().map(|run| format!(", run {run}")).unwrap_or_default();
    let standing = match work {
        WorkState::Nothing => return String::new(),
        WorkState::Tracking => "until the next run its changes are tracked".to_owned(),
        WorkState::Copying { progress } => {
            format!("{} ({} ago)", lines::progress(progress), since(*updated, now))
        }
        WorkState::Complete { sent_bytes, freeze_ms } => format!(
            "complete {} ago, {} sent, {freeze_ms} ms frozen",
            since(*updated, now),
            Size(*sent_bytes)
        ),
        WorkState::Stopped => format!("stopped {} ago", since(*updated, now)),
        WorkState::Failed { code, message } => {
            format!("failed {} ago: {code}: {message}", since(*updated, now))
        }
    };
    let tracking = tracking.as_ref().map(|tracking| format!("tracking   {tracking}\n")).unwrap_or_default();
    format!("job        {job}{run}\n           {standing}\n{tracking}")
}

fn since(then: Timestamp, now: Timestamp) -> String {
    let seconds = now.unix().saturating_sub(then.unix()).max(0);
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use agent_api::Arrival;
    use replication::progress::{Progress, Tracking};
    use smc::{AccessTokenId, SourceId, Timestamp};

    use super::{arrived, remembered};
    use crate::{
        cli::Output,
        import::Imported,
        machine::Selection,
        state::{DEFAULT, Heartbeat, HeartbeatState, Membership, WorkRecord, WorkState},
        trust::Pin,
    };

    const NOW: i64 = 1_800_000_000;

    fn membership() -> Membership {
        Membership {
            center: "https://center.example".parse().unwrap(),
            pin: Pin::of(b"authority"),
            source_id: SourceId::parse("s-abcdefghij0123456789").unwrap(),
            name: "web-01".into(),
            token_id: AccessTokenId::parse("at-abcdefghij0123456789").unwrap(),
            imported: Timestamp::from_unix(NOW - 100_000),
            selection: Selection { disks: vec!["/srv/disk.img".into()], images_only: false },
        }
    }

    #[test]
    fn a_machine_that_comes_again_is_told_how() {
        let before = Membership { center: "https://old.example".parse().unwrap(), ..membership() };
        let mut seen = String::new();
        for (arrival, before) in [(Arrival::Returned, None), (Arrival::Rekeyed, Some(before))] {
            let imported = Imported { membership: membership(), arrival, heartbeat_seconds: 30, before };
            let said = arrived(&imported, Path::new(DEFAULT), "landfall agent", Output::Text);
            seen.extend(said.aside.lines().take(4).map(|line| format!("{line}\n")));
        }
        insta::assert_snapshot!(seen, @"
        name      web-01
        imported  again, as the same source; nothing is spent
        next      keep this machine online:  landfall agent run
                  or as a service:           landfall agent service > /etc/systemd/system/landfall-agent.service
        name      web-01
        imported  again, as the same source with a new key; nothing is spent
        before    s-abcdefghij0123456789 of https://old.example:8621, which goes offline there
        next      keep this machine online:  landfall agent run
        ");
    }

    #[test]
    fn the_status_tells_apart_silence_of_the_center_and_of_the_agent() {
        let beat = |ago: i64, state| Heartbeat {
            last: Some(Timestamp::from_unix(NOW - ago)),
            every_seconds: 30,
            state,
            inventory: None,
        };
        let lost = HeartbeatState::Lost {
            since: Timestamp::from_unix(NOW - 7_500),
            problem: "cannot reach https://center.example:8621".into(),
        };
        let now = Timestamp::from_unix(NOW);
        let mut seen = remembered(&membership(), None, None, None, now, Output::Text).data;
        for heartbeat in [
            beat(12, HeartbeatState::Connected),
            beat(300, HeartbeatState::Connected),
            beat(7_530, lost),
            beat(-5, HeartbeatState::Connected),
        ] {
            let said = remembered(&membership(), Some(&heartbeat), None, Some("f00d"), now, Output::Text);
            let lines = said.data.lines().skip_while(|line| !line.starts_with("key"));
            seen.extend(lines.map(|line| format!("{line}\n")));
        }
        insta::assert_snapshot!(seen, @"
        source     s-abcdefghij0123456789 (web-01)
        center     https://center.example:8621, sha256:8f76fd501bb68ef71f4e276bc28f29bce1003b0c2c9d9478de81b5bfc0cde1e9
        imported   2027-01-14T04:13:20Z with at-abcdefghij0123456789
        disks      /srv/disk.img
        key        missing: run landfall-agent import again
        heartbeat  never; start the agent: landfall-agent run
        key        f00d
        heartbeat  12 s ago, every 30 s
        key        f00d
        heartbeat  5 min ago, every 30 s
                   overdue: is the agent running? landfall-agent run
        key        f00d
        heartbeat  2 h ago, every 30 s
                   no answer for 2 h: cannot reach https://center.example:8621
        key        f00d
        heartbeat  0 s ago, every 30 s
        ");
    }

    #[test]
    fn the_status_tells_what_is_being_copied() {
        let tracking = Tracking::Rescan { reason: "image file".into() };
        let progress = Box::new(Progress::starting(tracking.clone()));
        let mut seen = String::new();
        for work in [
            WorkState::Nothing,
            WorkState::Tracking,
            WorkState::Copying { progress },
            WorkState::Complete { sent_bytes: 3 << 30, freeze_ms: 84 },
            WorkState::Stopped,
            WorkState::Failed { code: "Replication.DiskChanged".into(), message: "it has 5 bytes".into() },
        ] {
            let record = WorkRecord {
                updated: Timestamp::from_unix(NOW - 3),
                job_id: (work != WorkState::Nothing).then(|| "j-1".into()),
                run_id: (work != WorkState::Tracking).then(|| "run-1".into()),
                tracking: Some(tracking.clone()),
                work,
            };
            seen.push_str(&super::working(&record, Timestamp::from_unix(NOW)));
        }
        insta::assert_snapshot!(seen, @"
        job        j-1
                   until the next run its changes are tracked
        tracking   rescan (image file)
        job        j-1, run run-1
                   connecting; tracking rescan (image file) (3 s ago)
        tracking   rescan (image file)
        job        j-1, run run-1
                   complete 3 s ago, 3.0 GiB sent, 84 ms frozen
        tracking   rescan (image file)
        job        j-1, run run-1
                   stopped 3 s ago
        tracking   rescan (image file)
        job        j-1, run run-1
                   failed 3 s ago: Replication.DiskChanged: it has 5 bytes
        tracking   rescan (image file)
        ");
    }
}
