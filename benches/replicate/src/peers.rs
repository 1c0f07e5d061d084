//! The programs that copies are measured against, each used as its makers would have it and without encryption.
//!
//! Each reads the same device and writes on the same filesystem, and is done when what it wrote is durable, as a copy of
//! Landfall is.

use std::{
    fs::{self, File},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};

use crate::lab::{Disk, said, seconds, shell, sync, text};

/// A copier of whole disks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    NbdCopy,
    QemuImg,
    Rsync,
    Partclone,
}

impl Peer {
    pub(crate) const ALL: [Self; 4] = [Self::NbdCopy, Self::QemuImg, Self::Rsync, Self::Partclone];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::NbdCopy => "nbdcopy",
            Self::QemuImg => "qemu-img",
            Self::Rsync => "rsync",
            Self::Partclone => "partclone | zstd | ncat",
        }
    }

    /// Copies a disk into a new file; gives the seconds that took. Whoever serves is started before.
    pub(crate) fn copy(self, disk: &Disk, copy: &Path) -> anyhow::Result<f64> {
        disk.forget()?;
        match self {
            Self::NbdCopy => {
                let (_server, port) = serve_nbd(disk)?;
                File::create(copy)?.set_len(disk.size)?;
                let url = format!("nbd://127.0.0.1:{port}");
                seconds(|| {
                    said("nbdcopy", &["--destination-is-zero", &url, &text(copy)])?;
                    sync(copy)
                })
            }
            Self::QemuImg => {
                let (_server, port) = serve_nbd(disk)?;
                let url = format!("nbd://127.0.0.1:{port}");
                seconds(|| {
                    said("qemu-img", &["convert", "-W", "-f", "raw", "-O", "raw", &url, &text(copy)])?;
                    sync(copy)
                })
            }
            Self::Rsync => {
                let server = RsyncServer::start(copy.parent().context("finding where rsync writes")?)?;
                let options = ["--copy-devices", "--sparse", "--whole-file"];
                seconds(|| {
                    server.send(&options, disk.device(), copy)?;
                    sync(copy)
                })
            }
            Self::Partclone => {
                let target = Disk::new(copy.with_extension("partclone"), disk.size)?;
                let port = free_port()?;
                let receive = format!(
                    "ncat --listen 127.0.0.1 {port} --recv-only | zstd --decompress --stdout | \
                     partclone.ext4 --restore --logfile /dev/null --source - --output {}",
                    target.name()
                );
                let receiver = Server(
                    Command::new("bash")
                        .args(["-euo", "pipefail", "-c", &receive])
                        .stdin(Stdio::null())
                        .stdout(Stdio::null())
                        .stderr(Stdio::null())
                        .spawn()?,
                );
                wait_for_port(port)?;
                let took = seconds(|| {
                    shell(&format!(
                        "partclone.ext4 --clone --logfile /dev/null --source {} --output - 2>/dev/null | \
                         zstd -1 --threads=0 --stdout | ncat --send-only 127.0.0.1 {port}",
                        disk.name()
                    ))?;
                    receiver.finish()?;
                    sync(target.device())
                })?;
                // What the device holds becomes the copy.
                fs::hard_link(target.image(), copy)?;
                Ok(took)
            }
        }
    }
}

/// A program that serves; ended with its value.
pub(crate) struct Server(Child);

impl Server {
    /// Waits until it has done its work.
    fn finish(mut self) -> anyhow::Result<()> {
        let status = self.0.wait()?;
        if status.success() { Ok(()) } else { bail!("the receiving side failed ({status})") }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn serve_nbd(disk: &Disk) -> anyhow::Result<(Server, u16)> {
    let port = free_port()?;
    let child = Command::new("nbdkit")
        .args(["--foreground", "--readonly", "--ipaddr", "127.0.0.1", "--port", &port.to_string()])
        .args(["file", &disk.name()])
        .stdin(Stdio::null())
        .spawn()
        .context("starting nbdkit")?;
    let server = Server(child);
    wait_for_port(port)?;
    Ok((server, port))
}

/// rsync's own server, which spares it a shell and encryption.
pub(crate) struct RsyncServer {
    _server: Server,
    port: u16,
    configuration: PathBuf,
}

impl RsyncServer {
    /// Serves a directory.
    pub(crate) fn start(directory: &Path) -> anyhow::Result<Self> {
        let port = free_port()?;
        let configuration = directory.join("rsyncd.conf");
        let said = format!(
            "use chroot = no\nuid = root\ngid = root\n[in]\npath = {}\nread only = no\n",
            directory.display()
        );
        fs::write(&configuration, said)?;
        let child = Command::new("rsync")
            .args(["--daemon", "--no-detach", "--address=127.0.0.1"])
            .args([format!("--port={port}"), format!("--config={}", configuration.display())])
            .stdin(Stdio::null())
            .spawn()
            .context("starting rsync")?;
        let server = Server(child);
        wait_for_port(port)?;
        Ok(Self { _server: server, port, configuration })
    }

    /// Sends a device or a file; gives what rsync says of it.
    pub(crate) fn send(&self, options: &[&str], what: &Path, to: &Path) -> anyhow::Result<String> {
        let name = to.file_name().context("naming what rsync writes")?.to_string_lossy();
        let url = format!("rsync://127.0.0.1:{}/in/{name}", self.port);
        said("rsync", &[options, &["--stats", &text(what), &url]].concat())
    }
}

impl Drop for RsyncServer {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.configuration);
    }
}

fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0").context("finding a free port")?.local_addr()?.port())
}

/// Waits until something listens, without connecting: some servers serve one connection only.
fn wait_for_port(port: u16) -> anyhow::Result<()> {
    let listening = format!(":{port:04X} 00000000:0000 0A");
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(10) {
        if fs::read_to_string("/proc/net/tcp")?.contains(&listening) {
            return Ok(());
        }
        #[expect(clippy::disallowed_methods, reason = "another program tells no event when it is ready")]
        std::thread::sleep(Duration::from_millis(5));
    }
    bail!("waiting for a server on port {port}: nothing listens there")
}
