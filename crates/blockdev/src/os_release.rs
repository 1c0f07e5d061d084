//! Which operating system this is, and SMC's word for it.

use std::collections::HashMap;

use serde::Serialize;

use crate::kernel_file::{line, text};
use crate::roots::Roots;
use crate::window::printable;

const RELEASE_BYTES: u64 = 64 * 1024;

/// The operating system as its release files describe it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OperatingSystem {
    /// `Debian GNU/Linux 12 (bookworm)`; `Linux` if no release file says more.
    pub pretty_name: String,
    /// `debian`, `rhel`, `sles`; `linux` if unknown.
    pub id: String,
    /// `12`, `9.4`; rolling distributions have none.
    pub version: Option<String>,
    /// SMC's word for it.
    pub platform: Platform,
}

/// SMC's `Platform` values for Linux sources (DescribeSourceServers); case matters on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Platform {
    /// `CentOS`.
    CentOS,
    /// `Ubuntu`.
    Ubuntu,
    /// `SUSE`: SUSE Linux Enterprise.
    #[serde(rename = "SUSE")]
    Suse,
    /// `OpenSUSE`: Leap, Tumbleweed and relatives.
    #[serde(rename = "OpenSUSE")]
    OpenSuse,
    /// `Debian`.
    Debian,
    /// `RedHat`: Red Hat Enterprise Linux.
    RedHat,
    /// `Others Linux`: everything else.
    #[serde(rename = "Others Linux")]
    OthersLinux,
}

impl Platform {
    /// Returns the value SMC uses on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CentOS => "CentOS",
            Self::Ubuntu => "Ubuntu",
            Self::Suse => "SUSE",
            Self::OpenSuse => "OpenSUSE",
            Self::Debian => "Debian",
            Self::RedHat => "RedHat",
            Self::OthersLinux => "Others Linux",
        }
    }
}

impl OperatingSystem {
    /// Reads `os-release`, or the files that came before it.
    pub(crate) fn read(roots: &Roots) -> Self {
        let release = [roots.etc.join("os-release"), roots.usr_lib.join("os-release")];
        release
            .iter()
            .find_map(|path| from_os_release(&text(path, RELEASE_BYTES)?))
            .or_else(|| from_red_hat(&line(&roots.etc.join("redhat-release"))?))
            .or_else(|| from_suse(&line(&roots.etc.join("SuSE-release"))?))
            .or_else(|| {
                let version = line(&roots.etc.join("debian_version"))?;
                Some(Self::named(format!("Debian GNU/Linux {version}"), "debian", Some(version)))
            })
            .unwrap_or_else(|| Self::named("Linux".to_owned(), "linux", None))
    }

    fn named(pretty_name: String, id: &str, version: Option<String>) -> Self {
        Self { pretty_name, id: id.to_owned(), version, platform: platform(id) }
    }
}

/// os-release(5): assignments in the quoting of the shell.
fn from_os_release(content: &str) -> Option<OperatingSystem> {
    let fields: HashMap<&str, String> = content
        .lines()
        .filter_map(|line| line.trim().split_once('='))
        .filter_map(|(key, value)| Some((key, printable(&unquote(value))?)))
        .collect();
    let id = fields.get("ID").or_else(|| fields.get("NAME"))?.to_lowercase();
    let version = fields.get("VERSION_ID").cloned();
    let pretty =
        fields.get("PRETTY_NAME").or_else(|| fields.get("NAME")).cloned().unwrap_or_else(|| id.clone());
    Some(OperatingSystem::named(pretty, &id, version))
}

/// `CentOS release 6.10 (Final)`, `Red Hat Enterprise Linux Server release 6.9 (Santiago)`.
fn from_red_hat(content: &str) -> Option<OperatingSystem> {
    let (name, rest) = content.split_once(" release ")?;
    let id = match name {
        _ if name.starts_with("CentOS") => "centos",
        _ if name.starts_with("Red Hat Enterprise") => "rhel",
        _ if name.starts_with("Fedora") => "fedora",
        _ => "linux",
    };
    let version = rest.split_whitespace().next().map(ToOwned::to_owned);
    Some(OperatingSystem::named(content.to_owned(), id, version))
}

/// `SUSE Linux Enterprise Server 11 (x86_64)`, `openSUSE 11.4 (x86_64)`.
fn from_suse(content: &str) -> Option<OperatingSystem> {
    let id = if content.to_lowercase().starts_with("opensuse") { "opensuse" } else { "sles" };
    let version = content.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    Some(OperatingSystem::named(content.to_owned(), id, Some(version.to_owned())))
}

/// Derivatives are not taken for their origin (`ID_LIKE`): SMC has an own word for them.
fn platform(id: &str) -> Platform {
    match id {
        "centos" => Platform::CentOS,
        "ubuntu" => Platform::Ubuntu,
        "debian" => Platform::Debian,
        "rhel" => Platform::RedHat,
        _ if id.starts_with("opensuse") => Platform::OpenSuse,
        _ if id.starts_with("sle") || id == "suse" => Platform::Suse,
        _ => Platform::OthersLinux,
    }
}

fn unquote(value: &str) -> String {
    let mut out = String::new();
    let mut quote = None;
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        match (character, quote) {
            ('\'' | '"', None) => quote = Some(character),
            (_, Some(open)) if character == open => quote = None,
            ('\\', None | Some('"')) => out.extend(characters.next()),
            _ => out.push(character),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn release_files_are_told_apart() {
        let cases: [(&str, &str); 14] = [
            (
                "etc/os-release",
                "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\nVERSION_ID=\"12\"\n",
            ),
            (
                "etc/os-release",
                "# a comment\nID='rhel'\nVERSION_ID=\"9.4\"\nPRETTY_NAME=\"Red Hat \\\"EL\\\" 9\"\n",
            ),
            (
                "usr/lib/os-release",
                "ID=\"opensuse-leap\"\nVERSION_ID=\"15.6\"\nPRETTY_NAME=\"openSUSE Leap 15.6\"\n",
            ),
            ("etc/os-release", "ID=\"sles\"\nVERSION_ID=\"15.5\"\n"),
            ("etc/os-release", "ID=rocky\nID_LIKE=\"rhel centos fedora\"\nVERSION_ID=9\n"),
            ("etc/os-release", "ID=ubuntu\nVERSION_ID=24.04\nPRETTY_NAME=\"Ubuntu \x1b[31m\"\n"),
            ("etc/os-release", "ID=arch\nNAME='Arch Linux'\n"),
            ("etc/redhat-release", "CentOS release 6.10 (Final)\n"),
            ("etc/redhat-release", "Red Hat Enterprise Linux Server release 6.9 (Santiago)\n"),
            ("etc/SuSE-release", "SUSE Linux Enterprise Server 11 (x86_64)\nVERSION = 11\n"),
            ("etc/SuSE-release", "openSUSE 11.4 (x86_64)\n"),
            ("etc/debian_version", "6.0.10\n"),
            ("etc/os-release", ""),
            ("nothing", ""),
        ];
        let mut seen = Vec::new();
        for (path, content) in cases {
            let tree = tempfile::tempdir().unwrap();
            let file = tree.path().join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, content).unwrap();
            let os = OperatingSystem::read(&Roots::under(tree.path()));
            seen.push(format!(
                "{} | {} | {:?} | {}",
                os.platform.as_str(),
                os.id,
                os.version,
                os.pretty_name
            ));
        }
        insta::assert_snapshot!(seen.join("\n"), @r#"
        Debian | debian | Some("12") | Debian GNU/Linux 12 (bookworm)
        RedHat | rhel | Some("9.4") | Red Hat "EL" 9
        OpenSUSE | opensuse-leap | Some("15.6") | openSUSE Leap 15.6
        SUSE | sles | Some("15.5") | sles
        Others Linux | rocky | Some("9") | rocky
        Ubuntu | ubuntu | Some("24.04") | Ubuntu �[31m
        Others Linux | arch | None | Arch Linux
        CentOS | centos | Some("6.10") | CentOS release 6.10 (Final)
        RedHat | rhel | Some("6.9") | Red Hat Enterprise Linux Server release 6.9 (Santiago)
        SUSE | sles | Some("11") | SUSE Linux Enterprise Server 11 (x86_64)
        OpenSUSE | opensuse | Some("11.4") | openSUSE 11.4 (x86_64)
        Debian | debian | Some("6.0.10") | Debian GNU/Linux 6.0.10
        Others Linux | linux | None | Linux
        Others Linux | linux | None | Linux
        "#);
    }
}
