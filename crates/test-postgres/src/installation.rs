//! Where PostgreSQL's programs are, and as whom they run.

use std::{
    fs,
    os::unix::fs::{MetadataExt, chown},
    path::{Path, PathBuf},
    process::Command,
};

use crate::TestPostgresError;

/// Debian's place for the programs of each major version.
const VERSIONS: &str = "/usr/lib/postgresql";

pub(crate) struct Installation {
    programs: PathBuf,
    run_as: Option<User>,
}

#[derive(Clone, Copy)]
struct User {
    id: u32,
    group: u32,
}

impl Installation {
    /// Finds the newest version that can make and run a server.
    pub(crate) fn find() -> Result<Self, TestPostgresError> {
        let versions = fs::read_dir(VERSIONS).map_err(|_| TestPostgresError::Missing)?;
        let newest = versions
            .filter_map(|entry| {
                let path = entry.ok()?.path();
                let version: u32 = path.file_name()?.to_str()?.parse().ok()?;
                path.join("bin/initdb").exists().then_some((version, path.join("bin")))
            })
            .max();
        let (_, programs) = newest.ok_or(TestPostgresError::Missing)?;
        let run_as = if is_root() { Some(unprivileged()?) } else { None };
        Ok(Self { programs, run_as })
    }

    /// A command that runs one of the programs as the right user.
    pub(crate) fn command(&self, program: &str) -> Command {
        let path = self.programs.join(program);
        let mut command = match self.run_as {
            None => Command::new(path),
            Some(user) => {
                let mut command = Command::new("setpriv");
                command.arg(format!("--reuid={}", user.id)).arg(format!("--regid={}", user.group));
                command.args(["--clear-groups", "--"]).arg(path);
                command
            }
        };
        // Neither the directory of the tests nor the user's settings matter to the server.
        command.current_dir("/").env_remove("PGDATA").env_remove("PGHOST").env("LC_ALL", "C");
        command
    }

    /// Gives a directory to the user who runs the programs.
    pub(crate) fn give(&self, directory: &Path) -> Result<(), TestPostgresError> {
        let Some(user) = self.run_as else { return Ok(()) };
        chown(directory, Some(user.id), Some(user.group)).map_err(|error| TestPostgresError::File {
            path: directory.to_owned(),
            reason: error.to_string(),
        })
    }
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|this| this.uid() == 0)
}

fn unprivileged() -> Result<User, TestPostgresError> {
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let find = |name: &str| {
        users.lines().find_map(|line| {
            let mut fields = line.split(':');
            let matches = fields.next() == Some(name);
            let id = fields.nth(1)?.parse().ok()?;
            let group = fields.next()?.parse().ok()?;
            matches.then_some(User { id, group })
        })
    };
    find("postgres").or_else(|| find("nobody")).ok_or(TestPostgresError::NoUser)
}
