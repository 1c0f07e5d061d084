//! Each command as a function from its options to what is to be said.

use std::{
    fmt::Write,
    path::{Path, PathBuf},
    sync::Arc,
};

use agent_api::Arrival;
use blockdev::Roots;
use serde_json::json;
use smc::{Timestamp, ports::Clock};

use crate::{
    center_url::CenterUrl,
    cli::{DiskArgs, ImportArgs, Output},
    code,
    failure::Failure,
    import::{self, Imported, Voucher},
    link::{Proxy, Tcp},
    machine::{Machine, describe},
    run::{Agent, Surroundings},
    service,
    signals::stop_signal,
    state::{Heartbeat, HeartbeatState, Membership, StateDir, StateError},
    system::System,
    trust::Identity,
};

/// What a command has to say when it is done.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    /// The data: standard output.
    pub(crate) data: String,
    /// The rest: standard error.
    pub(crate) aside: String,
}

/// Imports this machine, or only asks whether the code would.
pub(crate) async fn import(args: ImportArgs, invoked_as: &str) -> Result<Said, Failure> {
    let code = code::obtain(args.token_code_file.as_deref(), code::from_environment())?;
    let voucher = Voucher { center: args.server, pin: args.ca_fingerprint, token_id: args.token_id, code };
    let dial = Arc::new(Tcp::new(proxy_for(&voucher.center)?));
    let output = args.output.output;
    if args.check {
        let identity = match StateDir::open(&args.state.state_dir) {
            Ok(state) => Identity::load(&state)?,
            Err(_) => None,
        };
        let identity = identity.map_or_else(Identity::generate, Ok)?;
        let reply = import::check(&voucher, &identity, dial).await?;
        return Ok(checked(&voucher, reply.uses_left, &reply.expires, output));
    }
    let disks = absolute(&args.disks)?;
    let machine = Machine::survey(&Roots::default(), &disks)?;
    let problems = noted(&machine.problems);
    let state = StateDir::create_at(&absolute_path(&args.state.state_dir))?;
    let imported = import::import(&voucher, machine, disks, args.name, &state, &System, dial).await?;
    let mut said = arrived(&imported, state.root(), invoked_as, output);
    said.aside.insert_str(0, &problems);
    Ok(said)
}

/// Keeps this machine online until a signal or its center ends it.
pub(crate) async fn run(state_dir: &Path) -> Result<Said, Failure> {
    let state = StateDir::open(&absolute_path(state_dir))?;
    let _only_one = state.lock()?;
    let membership =
        Membership::load(&state)?.ok_or_else(|| StateError::Absent(state.root().display().to_string()))?;
    let disks = membership.disks.clone();
    let around = Surroundings {
        clock: Arc::new(System),
        random: Arc::new(System),
        dial: Arc::new(Tcp::new(proxy_for(&membership.center)?)),
        survey: Arc::new(move || Machine::survey(&Roots::default(), &disks)),
    };
    let stop = stop_signal().map_err(Failure::Signals)?;
    Agent::wake(state, around)?.run(stop).await?;
    Ok(Said::default())
}

/// Tells what the state directory says.
pub(crate) fn status(state_dir: &Path, output: Output) -> Result<Said, Failure> {
    let state = StateDir::open(state_dir)?;
    let membership =
        Membership::load(&state)?.ok_or_else(|| StateError::Absent(state.root().display().to_string()))?;
    let key = Identity::load(&state)?.map(|identity| identity.fingerprint().to_string());
    let heartbeat = Heartbeat::load(&state);
    Ok(remembered(&membership, heartbeat.as_ref(), key.as_deref(), System.now(), output))
}

/// Tells what would be sent to a center.
pub(crate) fn inventory(args: &DiskArgs, output: Output) -> Result<Said, Failure> {
    let machine = Machine::survey(&Roots::default(), &absolute(args)?)?;
    let data = match output {
        Output::Text => describe(&machine.inventory),
        Output::Json => format!("{}\n", json!(machine.inventory)),
    };
    Ok(Said { data, aside: noted(&machine.problems) })
}

/// Writes the systemd unit.
pub(crate) fn service(state_dir: &Path, invoked_as: &str) -> Said {
    let arguments: Vec<&str> = invoked_as.split(' ').skip(1).collect();
    let executable =
        std::env::current_exe().unwrap_or_else(|_| PathBuf::from("/usr/local/bin/landfall-agent"));
    let said = "install it: write this to /etc/systemd/system/landfall-agent.service, then run\n  systemctl daemon-reload && systemctl enable --now landfall-agent\n";
    Said { data: service::unit(&executable, &arguments, &absolute_path(state_dir)), aside: said.to_owned() }
}

/// Tells the versions.
pub(crate) fn version(invoked_as: &str) -> Said {
    let (version, protocol) = (env!("CARGO_PKG_VERSION"), agent_api::NEWEST);
    Said { data: format!("{invoked_as} {version} (protocol {protocol})\n"), aside: String::new() }
}

fn checked(voucher: &Voucher, uses_left: u32, expires: &str, output: Output) -> Said {
    let id = &voucher.token_id;
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

fn arrived(imported: &Imported, state_dir: &Path, invoked_as: &str, output: Output) -> Said {
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
    let default = state_dir == Path::new(crate::state::DEFAULT);
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

fn remembered(
    membership: &Membership,
    heartbeat: Option<&Heartbeat>,
    key: Option<&str>,
    now: Timestamp,
    output: Output,
) -> Said {
    let data = match output {
        Output::Json => {
            format!("{}\n", json!({"source": membership, "heartbeat": heartbeat, "agent_key": key}))
        }
        Output::Text => {
            let Membership { source_id, name, center, pin, imported, token_id, disks } = membership;
            let disks = if disks.is_empty() { "all whole disks".to_owned() } else { disks.join(", ") };
            let key = key.unwrap_or("missing: run landfall-agent import again");
            format!(
                "source     {source_id} ({name})
center     {center}, {pin}
imported   {imported} with {token_id}
disks      {disks}
key        {key}
heartbeat  {}
",
                beating(heartbeat, now)
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

fn since(then: Timestamp, now: Timestamp) -> String {
    let seconds = now.unix().saturating_sub(then.unix()).max(0);
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

fn noted(problems: &[String]) -> String {
    problems.iter().fold(String::new(), |mut text, problem| {
        let _ = writeln!(text, "note: {problem}");
        text
    })
}

fn proxy_for(center: &CenterUrl) -> Result<Option<Proxy>, Failure> {
    let variable = |lower: &str, upper: &str| std::env::var(lower).or_else(|_| std::env::var(upper)).ok();
    let https_proxy = variable("https_proxy", "HTTPS_PROXY");
    let no_proxy = variable("no_proxy", "NO_PROXY");
    Ok(Proxy::for_center(https_proxy.as_deref(), no_proxy.as_deref(), center)?)
}

/// Paths as the running agent, which has another working directory, will need them. Links stay as they are:
/// those in `/dev/disk/by-id` name a disk better than what they point to.
fn absolute(args: &DiskArgs) -> Result<Vec<String>, Failure> {
    let absolute = |path: &String| {
        let full = std::path::absolute(path).ok().and_then(|path| path.to_str().map(str::to_owned));
        full.ok_or_else(|| Failure::Usage(format!("--disk {path:?} is not the path of a disk")))
    };
    args.disks.iter().map(absolute).collect()
}

fn absolute_path(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use agent_api::Arrival;
    use smc::{AccessTokenId, SourceId, Timestamp};

    use super::{arrived, remembered};
    use crate::{
        cli::Output,
        import::Imported,
        state::{DEFAULT, Heartbeat, HeartbeatState, Membership},
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
            disks: vec!["/srv/disk.img".into()],
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
        let mut seen = remembered(&membership(), None, None, now, Output::Text).data;
        for heartbeat in [
            beat(12, HeartbeatState::Connected),
            beat(300, HeartbeatState::Connected),
            beat(7_530, lost),
            beat(-5, HeartbeatState::Connected),
        ] {
            let said = remembered(&membership(), Some(&heartbeat), Some("f00d"), now, Output::Text);
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
}
