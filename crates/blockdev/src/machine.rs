//! What the machine is besides its disks: name, operating system, processor, memory, addresses, identity.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde::Serialize;

use crate::os_release::OperatingSystem;

/// The machine, besides its disks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Machine {
    /// Host name, `localhost` if the kernel has none.
    pub hostname: String,
    /// Operating system.
    pub os: OperatingSystem,
    /// Kernel release as `uname -r` prints it.
    pub kernel_release: String,
    /// Processor architecture.
    pub architecture: Architecture,
    /// Processor model, where `/proc/cpuinfo` tells.
    pub cpu_model: Option<String>,
    /// Logical processors online, at least 1.
    pub cpu_count: u32,
    /// Memory usable by the kernel, in bytes; 0 if unknown.
    pub memory_bytes: u64,
    /// IPv4 addresses outside 127.0.0.0/8, those of the default route's interface first.
    pub ipv4: Vec<Ipv4Addr>,
    /// IPv6 addresses of interfaces other than `lo`, global ones first.
    pub ipv6: Vec<Ipv6Addr>,
    /// What tells this machine from its clones and neighbours.
    pub identity: MachineIdentity,
}

/// Processor architecture in SMC's words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Architecture {
    /// 64-bit x86.
    #[serde(rename = "x86_64")]
    X86_64,
    /// 32-bit x86.
    #[serde(rename = "i386")]
    I386,
    /// 64-bit ARM.
    #[serde(rename = "arm64")]
    Arm64,
    /// An architecture SMC has no word for, as the kernel names it.
    #[serde(untagged)]
    Other(String),
}

/// The inputs of a machine's identity. Raw: what is sent anywhere is a digest made elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MachineIdentity {
    /// `/etc/machine-id`, 32 hex digits; absent on old systems and unprovisioned images.
    pub machine_id: Option<String>,
    /// DMI product UUID, lower case; readable by root only; absent when firmware leaves it blank.
    pub product_uuid: Option<String>,
    /// DMI serial number of the main board; readable by root only.
    pub board_serial: Option<String>,
}
