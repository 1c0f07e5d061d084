//! The systemd unit that keeps an agent running.
//!
//! It is hardened by what does not stand in the way of a copy: block devices read-only by the kernel's device control,
//! no new privileges, few system calls, and few capabilities: reading files of others; freezing filesystems and tracking
//! changes (`CAP_SYS_ADMIN`, which kernels before 5.8 want for both); locking the memory that a freeze is read into; raising
//! the priority of the freeze above that of the rest. There is no private mount namespace on purpose: it would put mounts
//! into the inventory that are not the machine's, and hide those that are to be frozen. Exit codes 1 and 2 are decisions
//! that a restart cannot change, so only crashes are restarted.
//!
//! `KillMode=mixed`: the process that thaws when the agent does not must outlive it.

use std::path::Path;

/// What of the environment a service must have as the import had it: a service does not see a shell's.
pub(crate) const KEPT: [&str; 4] = ["https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"];

/// Writes the unit for an agent that is started as `executable arguments… run` with these variables, and keeps its
/// state in a directory.
pub(crate) fn unit(
    executable: &Path,
    arguments: &[&str],
    state_dir: &Path,
    variables: &[(&str, String)],
) -> String {
    let words = std::iter::once(executable.to_string_lossy().into_owned())
        .chain(arguments.iter().map(|word| (*word).to_owned()))
        .chain(["run".to_owned(), "--state-dir".to_owned(), state_dir.to_string_lossy().into_owned()]);
    let command: Vec<String> = words.map(|word| quoted(&word)).collect();
    // A line break would end the line and begin a setting; no proxy has one in its name.
    let plain = variables.iter().filter(|(_, value)| !value.chars().any(char::is_control));
    let environment: String = plain
        .flat_map(|(name, value)| ["Environment=".to_owned(), assigned(name, value), "\n".to_owned()])
        .collect();
    format!(
        "\
[Unit]
Description=Landfall agent: keeps this machine known to its migration center
Wants=network-online.target
After=network-online.target

[Service]
{environment}ExecStart={command}
Restart=on-failure
RestartSec=10
RestartPreventExitStatus=1 2
KillMode=mixed
UMask=0077
MemoryMax=1G
TasksMax=64
LimitMEMLOCK=infinity
CapabilityBoundingSet=CAP_DAC_READ_SEARCH CAP_SYS_ADMIN CAP_SYS_NICE CAP_IPC_LOCK
DevicePolicy=closed
DeviceAllow=block-* r
NoNewPrivileges=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service bpf
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
",
        command = command.join(" ")
    )
}

/// Quotes a word for `ExecStart` (systemd.service(5), "Command lines"): `%` and `$` are expanded there.
fn quoted(word: &str) -> String {
    let word = word.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%").replace('$', "$$");
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%$".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word } else { format!("\"{word}\"") }
}

/// Quotes an assignment for `Environment` (systemd.exec(5)): `%` is expanded there, `$` is not.
fn assigned(name: &str, value: &str) -> String {
    let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%");
    format!("\"{name}={value}\"")
}

#[cfg(test)]
mod tests {
    use std::{path::Path, process::Command};

    use super::unit;

    const STATE: &str = "/var/lib/landfall-agent";

    fn behind_a_proxy(executable: &str) -> String {
        let variables = [
            ("https_proxy", "http://user:p%40ss\"$x\\@proxy.example:3128".to_owned()),
            ("NO_PROXY", "localhost, .example".to_owned()),
            ("no_proxy", "a\nExecStartPre=/bin/false".to_owned()),
        ];
        unit(Path::new(executable), &[], Path::new(STATE), &variables)
    }

    #[test]
    fn the_whole_unit() {
        insta::assert_snapshot!(behind_a_proxy("/usr/local/bin/landfall-agent"));
    }

    #[test]
    fn without_a_proxy_there_is_no_environment() {
        let text = unit(Path::new("/usr/local/bin/landfall-agent"), &[], Path::new(STATE), &[]);
        assert!(!text.contains("Environment"), "{text}");
        let with = behind_a_proxy("/usr/local/bin/landfall-agent");
        let without: String =
            with.lines().filter(|line| !line.starts_with("Environment=")).flat_map(|l| [l, "\n"]).collect();
        assert_eq!(without, text);
    }

    #[test]
    fn systemd_understands_the_unit() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("landfall-agent.service");
        std::fs::write(&file, behind_a_proxy("/bin/true")).unwrap();
        let Ok(done) = Command::new("systemd-analyze").arg("verify").arg(&file).output() else { return };
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        let about_it: Vec<&str> = said.lines().filter(|line| line.contains("landfall-agent")).collect();
        assert!(about_it.is_empty(), "{said}");
    }

    #[test]
    fn the_unit_starts_the_agent_as_it_was_called() {
        for (executable, arguments, state, expected) in [
            (
                "/usr/local/bin/landfall-agent",
                &[][..],
                "/var/lib/landfall-agent",
                "ExecStart=/usr/local/bin/landfall-agent run --state-dir /var/lib/landfall-agent",
            ),
            (
                "/opt/a b/landfall",
                &["agent"][..],
                "/srv/100%/$x\"",
                r#"ExecStart="/opt/a b/landfall" agent run --state-dir "/srv/100%%/$$x\"""#,
            ),
        ] {
            let text = unit(Path::new(executable), arguments, Path::new(state), &[]);
            assert_eq!(text.lines().find(|line| line.starts_with("ExecStart")), Some(expected));
        }
    }
}
