//! A center, an agent of it with a disk image, and a link between them.

use std::{
    fs::{File, OpenOptions},
    io::Write,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use image::{Format, Library};
use serde_json::Value;
use test_center::{ApiClient, ApiKey, Center, Launch};
use tokio::runtime::Runtime;

use crate::{link::Link, place::Place, seed::Chance};

/// How long a run may take, whatever dies.
pub(crate) const PATIENCE: Duration = Duration::from_mins(3);

pub(crate) struct Field {
    pub(crate) launch: Launch,
    pub(crate) center: Option<Center>,
    pub(crate) key: ApiKey,
    pub(crate) link: Link,
    pub(crate) agent: Option<Child>,
    pub(crate) state: PathBuf,
    pub(crate) disk: PathBuf,
    /// Whether the disk is a block device.
    pub(crate) beside_devices: bool,
    /// More options of `landfall-agent run`.
    pub(crate) agent_options: Vec<&'static str>,
    pub(crate) runtime: Runtime,
}

impl Field {
    pub(crate) fn set_up(place: &Place, disk_bytes: u64) -> Self {
        Self::around(place, place.launch("center"), disk_bytes)
    }

    /// Sets up around a center of one's own.
    pub(crate) fn around(place: &Place, launch: Launch, disk_bytes: u64) -> Self {
        let center = launch.start().unwrap();
        let disk = place.path().join("disk.img");
        File::create_new(&disk).unwrap().set_len(disk_bytes).unwrap();
        Self {
            key: center.first_key().unwrap(),
            link: Link::open(center.agents()),
            center: Some(center),
            launch,
            agent: None,
            state: place.path().join("agent"),
            disk,
            beside_devices: false,
            agent_options: Vec::new(),
            runtime: Runtime::new().unwrap(),
        }
    }

    /// Sets up with a block device as the disk.
    pub(crate) fn with_device(place: &Place, device: &str) -> Self {
        let mut field = Self::set_up(place, 0);
        (field.disk, field.beside_devices) = (device.into(), true);
        field
    }

    pub(crate) fn tear_down(mut self) {
        if let Some(mut agent) = self.agent.take() {
            agent.kill().unwrap();
            agent.wait().unwrap();
        }
        if let Some(center) = self.center.take() {
            center.stop().unwrap();
        }
    }

    /// Calls the center, which may have started anew a moment ago.
    pub(crate) fn call(&self, action: &str, params: &[(&str, &str)]) -> Value {
        self.call_at(self.center.as_ref().unwrap(), action, params)
    }

    /// Calls another center of the same database.
    pub(crate) fn call_at(&self, center: &Center, action: &str, params: &[(&str, &str)]) -> Value {
        self.runtime.block_on(async {
            let mut api = ApiClient::connect(center.api(), &self.key).await.unwrap();
            api.call(action, params).await.unwrap_or_else(|error| panic!("{action}: {error}"))
        })
    }

    pub(crate) fn import(&self) -> String {
        let code = self.runtime.block_on(async {
            let center = self.center.as_ref().unwrap().api();
            ApiClient::connect(center, &self.key).await.unwrap().create_code(1).await.unwrap()
        });
        let health = self.center.as_ref().unwrap().get("/healthz").unwrap().1;
        let health: Value = serde_json::from_str(&health).unwrap();
        let imported = Command::new(reliability::landfall_agent().unwrap())
            .args(["import", "--output", "json", "--token-id", &code.id, "--disk"])
            .arg(&self.disk)
            .args((!self.beside_devices).then_some("--images-only"))
            .arg("--state-dir")
            .arg(&self.state)
            .args(["--server", &format!("https://{}", self.link.address())])
            .args(["--ca-fingerprint", health["agent"]["ca_fingerprint"].as_str().unwrap()])
            .env("LANDFALL_TOKEN_CODE", code.value.reveal())
            .output()
            .unwrap();
        assert!(imported.status.success(), "{}", String::from_utf8_lossy(&imported.stderr));
        let imported: Value = serde_json::from_slice(&imported.stdout).unwrap();
        imported["source_id"].as_str().unwrap().to_owned()
    }

    /// Creates an incremental job that starts nothing by itself while a test runs.
    pub(crate) fn create_job(&self, source: &str, parameters: &str) -> String {
        let job = self.call(
            "CreateReplicationJob",
            &[
                ("RegionId", "test"),
                ("SourceId", source),
                ("RunOnce", "false"),
                ("Frequency", "168"),
                ("MaxNumberOfImageToKeep", "2"),
                ("ReplicationParameters", parameters),
            ],
        );
        job["JobId"].as_str().unwrap().to_owned()
    }

    pub(crate) fn start_agent(&mut self) {
        let log =
            OpenOptions::new().create(true).append(true).open(self.state.with_extension("log")).unwrap();
        let agent = Command::new(reliability::landfall_agent().unwrap())
            .args(["run", "--state-dir"])
            .arg(&self.state)
            .args(&self.agent_options)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn();
        self.agent = Some(agent.unwrap());
    }

    /// A source that is not heard of cannot be told to start.
    pub(crate) fn await_online(&self, source: &str) {
        let started = Instant::now();
        loop {
            let found = self.call("DescribeSourceServers", &[("SourceId.1", source)]);
            if found["SourceServers"]["SourceServer"][0]["State"] != "Unavailable" {
                return;
            }
            assert!(started.elapsed() < PATIENCE, "the source stays away: {found}\n{}", self.logs());
            std::thread::park_timeout(Duration::from_millis(100));
        }
    }

    /// The job as it is now.
    pub(crate) fn job(&self, job: &str) -> Value {
        let mut found = self.call("DescribeReplicationJobs", &[("JobId.1", job)]);
        found["ReplicationJobs"]["ReplicationJob"][0].take()
    }

    /// Follows the job to a status.
    pub(crate) fn settled(&self, job: &str, wanted: &str) -> Value {
        let started = Instant::now();
        loop {
            let found = self.job(job);
            if found["Status"] == wanted {
                return found;
            }
            let failed = found["Status"] == "InError" && wanted != "InError";
            let stuck = failed || started.elapsed() > PATIENCE;
            assert!(!stuck, "the job does not get to {wanted}: {found}\n{}", self.logs());
            std::thread::park_timeout(Duration::from_millis(100));
        }
    }

    /// An image as a file, in the place of the one before.
    pub(crate) fn exported(&self, image: &str) -> PathBuf {
        let exported = self.state.with_extension("exported");
        let _ = std::fs::remove_file(&exported);
        let library = Library::new(self.launch.data_dir.join("images"));
        let image = library.image(image).unwrap();
        let index = image.manifest().disks[0].index;
        image.export(index, &exported, Format::Raw, |_| std::ops::ControlFlow::Continue(())).unwrap();
        exported
    }

    pub(crate) fn compare(&self, image: &str, disk: &[u8]) {
        let copy = std::fs::read(self.exported(image)).unwrap();
        let same = |(number, own): (usize, &[u8])| own == &disk[number * 4096..number * 4096 + own.len()];
        let wrong = copy.chunks(4096).enumerate().filter(|pair| !same(*pair)).count();
        assert!(copy.len() == disk.len() && wrong == 0, "{wrong} blocks differ\n{}", self.logs());
    }

    pub(crate) fn logs(&self) -> String {
        format!("{}\ncenter:\n{}", self.agent_log(), self.launch.log())
    }

    fn agent_log(&self) -> String {
        let log = std::fs::read_to_string(self.state.with_extension("log")).unwrap_or_default();
        format!("agent:\n{log}")
    }
}

impl Drop for Field {
    fn drop(&mut self) {
        if let Some(agent) = &mut self.agent {
            let _ = agent.kill();
            let _ = agent.wait();
        }
        if std::thread::panicking() {
            eprintln!("{}", self.agent_log());
        }
    }
}

pub(crate) fn write(path: &Path, at: u64, data: &[u8]) {
    let mut file = OpenOptions::new().write(true).open(path).unwrap();
    file.write_all_at(data, at).unwrap();
    file.flush().unwrap();
}

pub(crate) fn noise(chance: &mut Chance, bytes: u64) -> Vec<u8> {
    let mut noise = vec![0; usize::try_from(bytes / 8 * 8).unwrap()];
    for word in noise.chunks_exact_mut(8) {
        word.copy_from_slice(&chance.below(u64::MAX).to_le_bytes());
    }
    noise
}
