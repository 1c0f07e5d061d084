//! The line that `landfall token create` prints, pasted into a shell: it fetches the agent from the center by
//! its pin, imports the machine, and carries the code in no argument and no URL.

use std::{
    fs::{self, File},
    os::unix::fs::PermissionsExt,
    process::{Command, Output, Stdio},
};

use serde_json::Value;
use test_center::Center;

use crate::place::{Engine, Place};

struct Installation {
    place: Place,
    center: Center,
    log: std::path::PathBuf,
    command: String,
    code: String,
}

impl Installation {
    /// A center that hands out the agent, and the line for one of its codes.
    fn new() -> Self {
        let place = Place::new(Engine::Sqlite);
        let mut launch = place.launch("center");
        launch.options.extend(["--agent-binary".into(), reliability::landfall_agent().unwrap().into()]);
        let log = launch.log_file.clone();
        let center = launch.start().unwrap();
        let made = Command::new(reliability::landfall().unwrap())
            .args(["token", "create", "--count", "1", "--output", "json"])
            .env("LANDFALL_ENDPOINT", format!("http://{}", center.api()))
            .env("ALIBABA_CLOUD_ACCESS_KEY_ID", center.first_key().unwrap().id())
            .env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", center.first_secret().unwrap())
            .output()
            .unwrap();
        let made: Value = serde_json::from_slice(&made.stdout).unwrap();
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        let (command, code) = (text("InstallCommand"), text("AccessTokenCode"));
        Self { place, center, log, command, code }
    }

    /// Runs a line as a person would, in a shell; `--disk` is the one option added to it.
    fn paste(&self, line: &str) -> Output {
        let disk = self.place.path().join("disk.img");
        File::create(&disk).unwrap().set_len(16 << 20).unwrap();
        Command::new("sh")
            .arg("-c")
            .arg(format!("{line} --disk {}", disk.display()))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("LANDFALL_PREFIX", self.place.path().join("prefix"))
            .env("LANDFALL_STATE_DIR", self.place.path().join("agent"))
            .env("LANDFALL_NO_SERVICE", "1")
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    fn agent(&self) -> std::path::PathBuf {
        self.place.path().join("prefix/bin/landfall-agent")
    }
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    String::from_utf8_lossy(&id.stdout).trim() == "0"
}

#[test]
fn the_printed_line_installs_the_agent_and_imports_the_machine() {
    let installation = Installation::new();
    let output = installation.paste(&installation.command);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if !is_root() {
        assert!(!output.status.success() && said.contains("run as root"), "{said}");
        return;
    }
    assert!(output.status.success(), "{said}");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(printed.contains("Import Source Server [s-") && printed.contains("Successfully!"), "{printed}");
    let installed = fs::metadata(installation.agent()).unwrap();
    assert_eq!(installed.permissions().mode() & 0o777, 0o755);
    let original = fs::read(reliability::landfall_agent().unwrap()).unwrap();
    assert!(fs::read(installation.agent()).unwrap() == original, "what is installed is what the center has");
    let log = fs::read_to_string(&installation.log).unwrap();
    for text in [&said, &printed, &log] {
        assert!(!text.contains(&installation.code), "{text}");
    }
    let leftovers: Vec<_> = fs::read_dir(installation.agent().parent().unwrap()).unwrap().collect();
    assert_eq!(leftovers.len(), 1, "{leftovers:?}");

    let (_, metrics) = installation.center.get("/metrics").unwrap();
    assert!(metrics.contains(r#"call="import",code="OK"} 1"#), "{metrics}");
}

#[test]
fn a_center_with_another_key_installs_nothing() {
    let (installation, other) = (Installation::new(), Installation::new());
    let own = installation.center.agents().to_string();
    // The pins of one center, the address of another: as if somebody stood in between.
    let line = installation.command.replace(&own, &other.center.agents().to_string());
    assert_ne!(line, installation.command);
    let output = installation.paste(&line);
    assert_eq!(output.status.code(), Some(90), "the line ends with curl's code for a pin that does not fit");
    assert!(!installation.agent().exists());
    let (_, metrics) = other.center.get("/metrics").unwrap();
    assert!(!metrics.contains(r#"call="import""#), "{metrics}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("public key"), "curl says that the pin does not fit: {said}");
}
