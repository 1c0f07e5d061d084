//! A slow link that is far away: two network namespaces, a rate limit, and a delay.
//!
//! The limit is the kernel's (`tbf`). The delay is a relay's on the center's side, so that it needs no `netem`, which not
//! every kernel has; an answer takes 40 ms more to come back than it would.

use anyhow::Context;
use bench_report::{Goal, Report};

use crate::{
    full::real_disk,
    lab::{Disk, Lab, compare, median, said, seconds, shell},
    noise::Noise,
    roles::{Agent, Center, Relay},
};

const MEBIBYTE: f64 = (1 << 20) as f64;

/// Bytes a second of the link.
const RATE: f64 = 100_000_000.0 / 8.0;

/// Milliseconds on the way, in each direction.
const ONE_WAY_MS: u64 = 20;

const CENTER_ADDRESS: &str = "198.51.100.2";

/// Two network namespaces and a link between them; gone with their value.
struct Link {
    names: [String; 2],
}

impl Link {
    /// 100 Mbit/s towards the center.
    fn new() -> anyhow::Result<Self> {
        let id = std::process::id();
        let link = Self { names: [format!("lfb-agent-{id}"), format!("lfb-center-{id}")] };
        let [agent, center] = &link.names;
        shell(&format!(
            "ip netns add {agent}; ip netns add {center}
             ip link add lfb0 netns {agent} type veth peer name lfb1 netns {center}
             ip -n {agent} address add 198.51.100.1/24 dev lfb0; ip -n {agent} link set lfb0 up
             ip -n {center} address add {CENTER_ADDRESS}/24 dev lfb1; ip -n {center} link set lfb1 up
             ip -n {agent} link set lo up; ip -n {center} link set lo up
             tc -n {agent} qdisc add dev lfb0 root tbf rate 100mbit burst 256kb latency 400ms"
        ))?;
        Ok(link)
    }

    /// The words that start a program on a side.
    fn enter(name: &str) -> [&str; 4] {
        ["ip", "netns", "exec", name]
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        for name in &self.names {
            let _ = said("ip", &["netns", "delete", name]);
        }
    }
}

pub(crate) fn measure(lab: &Lab, report: &mut Report) -> anyhow::Result<()> {
    let directory = lab.directory("link")?;
    let link = Link::new()?;
    let plain = plain_tcp(&link).context("one connection without anything else")?;
    report.add("link", "what one connection of TCP carries", plain / RATE, "x", Goal::None);
    let noise = Disk::new(directory.join("noise.img"), lab.many(160 << 20).next_multiple_of(4096))?;
    Noise::new(11).write_file(noise.image(), noise.size)?;
    let files = real_disk(&directory, lab.many(1 << 30).next_multiple_of(1 << 20))?;
    for (disk, name) in [(&noise, "noise"), (&files, "real files")] {
        let (mut goodput, mut content) = (Vec::new(), Vec::new());
        for run in 0..lab.runs.min(3) {
            let [agent, center] = &link.names;
            let center = Center::start_with(&Link::enter(center), &directory, disk.size, 1, CENTER_ADDRESS)?;
            let relay =
                Relay::start(&Link::enter(&link.names[1]), CENTER_ADDRESS, center.address(0)?, ONE_WAY_MS)?;
            let options = ["--disk", &disk.name()];
            let mut agent =
                Agent::start_with(&Link::enter(agent), &options, relay.address, center.pin(), lab.streams)?;
            let copied = agent.everything()?;
            compare(disk.device(), &center.copy(0)?)?;
            println!("  {name} run {run}: {copied:?}");
            goodput.push(copied.packed_bytes as f64 / copied.seconds);
            content.push(copied.sent_bytes as f64 / copied.packed_bytes as f64);
        }
        let goodput = median(goodput);
        report.add(
            "link",
            &format!("{name}: packed content of the link's rate"),
            goodput / RATE,
            "x",
            Goal::AtLeast(0.95),
        );
        report.add(
            "link",
            &format!("{name}: of what one connection carries"),
            goodput / plain,
            "x",
            Goal::None,
        );
        report.add("link", &format!("{name}: compression"), median(content), "x", Goal::None);
        let rate = goodput / MEBIBYTE;
        report.add("link", &format!("{name}: packed content"), rate, "MiB/s", Goal::None);
    }
    Ok(())
}

/// Bytes a second that one connection carries from one side to the other.
fn plain_tcp(link: &Link) -> anyhow::Result<f64> {
    let [agent, center] = &link.names;
    let bytes: u64 = 64 << 20;
    let took = seconds(|| {
        shell(&format!(
            "ip netns exec {center} ncat --listen {CENTER_ADDRESS} 7000 --recv-only > /dev/null & receiver=$!
             until ip netns exec {center} ss --no-header --numeric --listening --tcp | grep --quiet 7000; do sleep 0.02; done
             head --bytes={bytes} /dev/zero | ip netns exec {agent} ncat --send-only {CENTER_ADDRESS} 7000
             wait $receiver"
        ))
        .map(drop)
    })?;
    Ok(bytes as f64 / took)
}
