//! Which operating system this is, and SMC's word for it.

use serde::Serialize;

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
