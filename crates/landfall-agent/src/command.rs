//! Each command as a function from its options to what is to be said.

use std::{
    fmt::Write,
    path::{Path, PathBuf},
    sync::Arc,
};

use blockdev::Roots;
use serde_json::json;
use smc::ports::Clock;

use crate::{
    center_url::CenterUrl,
    cli::{DiskArgs, ImportArgs, Output},
    code,
    failure::Failure,
    import::{self, Voucher},
    link::{Proxy, Tcp},
    machine::{Machine, Selection, describe},
    plan,
    run::{Agent, Surroundings, Tracked},
    said::{Said, arrived, checked, remembered},
    service,
    signals::stop_signal,
    state::{Heartbeat, Membership, StateDir, StateError, WorkRecord},
    system::System,
    trust::Identity,
};

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
        return Ok(checked(&voucher.token_id, &reply, output));
    }
    let selection = selection(&args.disks)?;
    let machine = Machine::survey(&Roots::default(), &selection)?;
    let problems = noted(&machine.problems);
    let state = StateDir::create_at(&absolute_path(&args.state.state_dir))?;
    let imported = import::import(&voucher, machine, selection, args.name, &state, &System, dial).await?;
    let mut said = arrived(&imported, state.root(), invoked_as, output);
    said.aside.insert_str(0, &problems);
    Ok(said)
}

/// Keeps this machine online until a signal or its center ends it.
pub(crate) async fn run(state_dir: &Path, tracked: Tracked) -> Result<Said, Failure> {
    let state = StateDir::open(&absolute_path(state_dir))?;
    let _only_one = state.lock()?;
    let membership =
        Membership::load(&state)?.ok_or_else(|| StateError::Absent(state.root().display().to_string()))?;
    let selection = membership.selection.clone();
    let around = Surroundings {
        clock: Arc::new(System),
        random: Arc::new(System),
        dial: Arc::new(Tcp::new(proxy_for(&membership.center)?)),
        survey: Arc::new(move || Machine::survey(&Roots::default(), &selection)),
    };
    let stop = stop_signal().map_err(Failure::Signals)?;
    Agent::wake(state, around)?.tracking(tracked).run(stop).await?;
    Ok(Said::default())
}

/// Tells what the state directory says.
pub(crate) fn status(state_dir: &Path, output: Output) -> Result<Said, Failure> {
    let state = StateDir::open(state_dir)?;
    let membership =
        Membership::load(&state)?.ok_or_else(|| StateError::Absent(state.root().display().to_string()))?;
    let key = Identity::load(&state)?.map(|identity| identity.fingerprint().to_string());
    let heartbeat = Heartbeat::load(&state);
    let work = WorkRecord::load(&state);
    Ok(remembered(&membership, heartbeat.as_ref(), work.as_ref(), key.as_deref(), System.now(), output))
}

/// Tells what would be sent to a center.
pub(crate) fn inventory(args: &DiskArgs, output: Output) -> Result<Said, Failure> {
    let machine = Machine::survey(&Roots::default(), &selection(args)?)?;
    let data = match output {
        Output::Text => describe(&machine.inventory),
        Output::Json => format!("{}\n", json!(machine.inventory)),
    };
    Ok(Said { data, aside: noted(&machine.problems) })
}

/// Tells what a copy would read and freeze.
pub(crate) fn plan(args: &DiskArgs, output: Output) -> Result<Said, Failure> {
    let plans = plan::draw(&Roots::default(), &selection(args)?)?;
    let data = match output {
        Output::Text => plan::text(&plans.disks),
        Output::Json => format!("{}\n", json!({"disks": plans.disks})),
    };
    Ok(Said { data, aside: noted(&plans.problems) })
}

/// Writes the systemd unit.
pub(crate) fn service(state_dir: &Path, invoked_as: &str) -> Said {
    let arguments: Vec<&str> = invoked_as.split(' ').skip(1).collect();
    let executable =
        std::env::current_exe().unwrap_or_else(|_| PathBuf::from("/usr/local/bin/landfall-agent"));
    let mut said = "install it: write this to /etc/systemd/system/landfall-agent.service, then run\n  systemctl daemon-reload && systemctl enable --now landfall-agent\n".to_owned();
    let variables: Vec<(&str, String)> =
        service::KEPT.into_iter().filter_map(|name| Some((name, std::env::var(name).ok()?))).collect();
    if variables.iter().any(|(_, value)| value.contains('@')) {
        said.push_str("note: the proxy's password is in it, and everybody on this machine can read a unit's environment\n");
    }
    let data = service::unit(&executable, &arguments, &absolute_path(state_dir), &variables);
    Said { data, aside: said }
}

/// Tells the versions.
pub(crate) fn version(invoked_as: &str) -> Said {
    let (version, protocol) = (env!("CARGO_PKG_VERSION"), agent_api::NEWEST);
    Said { data: format!("{invoked_as} {version} (protocol {protocol})\n"), aside: String::new() }
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
fn selection(args: &DiskArgs) -> Result<Selection, Failure> {
    let absolute = |path: &String| {
        let full = std::path::absolute(path).ok().and_then(|path| path.to_str().map(str::to_owned));
        full.ok_or_else(|| Failure::Usage(format!("--disk {path:?} is not the path of a disk")))
    };
    let disks = args.disks.iter().map(absolute).collect::<Result<_, _>>()?;
    Ok(Selection { disks, images_only: args.images_only })
}

fn absolute_path(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
