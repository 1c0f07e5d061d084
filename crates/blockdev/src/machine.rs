//! What the machine is besides its disks: name, operating system, processor, memory, addresses, identity.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde::Serialize;

use crate::addresses;
use crate::kernel_file::{line, text};
use crate::os_release::OperatingSystem;
use crate::roots::Roots;

/// Enough for the first processors of `/proc/cpuinfo`, and for all of them on most machines.
const CPUINFO_BYTES: u64 = 1024 * 1024;
const MEMINFO_BYTES: u64 = 64 * 1024;
/// What firmware says when its maker left the field as it was.
const BLANK_SERIALS: &[&str] = &[
    "none",
    "default string",
    "to be filled by o.e.m.",
    "not specified",
    "not applicable",
    "unknown",
    "system serial number",
];
const BLANK_UUIDS: &[&str] = &[
    "00000000-0000-0000-0000-000000000000",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "03000200-0400-0500-0006-000700080009",
];

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

impl Machine {
    /// Reads what the kernel and the system say about the machine; what they do not say is left blank.
    pub(crate) fn read(roots: &Roots) -> Self {
        let kernel = roots.proc.join("sys/kernel");
        let cpuinfo = text(&roots.proc.join("cpuinfo"), CPUINFO_BYTES).unwrap_or_default();
        Self {
            hostname: line(&kernel.join("hostname"))
                .or_else(|| line(&roots.etc.join("hostname")))
                .unwrap_or_else(|| "localhost".to_owned()),
            os: OperatingSystem::read(roots),
            kernel_release: line(&kernel.join("osrelease")).unwrap_or_default(),
            architecture: Architecture::read(roots),
            cpu_model: cpu_model(&cpuinfo).or_else(|| line(&roots.proc.join("device-tree/model"))),
            cpu_count: cpu_count(roots, &cpuinfo),
            memory_bytes: memory_bytes(&text(&roots.proc.join("meminfo"), MEMINFO_BYTES).unwrap_or_default()),
            ipv4: addresses::ipv4(&roots.proc),
            ipv6: addresses::ipv6(&roots.proc),
            identity: MachineIdentity::read(roots),
        }
    }
}

impl Architecture {
    /// Returns SMC's word for it, or the kernel's where SMC has none.
    pub fn as_str(&self) -> &str {
        match self {
            Self::X86_64 => "x86_64",
            Self::I386 => "i386",
            Self::Arm64 => "arm64",
            Self::Other(name) => name,
        }
    }

    /// `/proc/sys/kernel/arch` came with Linux 6.1; before, uname tells.
    fn read(roots: &Roots) -> Self {
        let name = line(&roots.proc.join("sys/kernel/arch"))
            .unwrap_or_else(|| rustix::system::uname().machine().to_string_lossy().into_owned());
        match name.as_str() {
            "x86_64" => Self::X86_64,
            "i386" | "i486" | "i586" | "i686" => Self::I386,
            "aarch64" | "arm64" => Self::Arm64,
            _ => Self::Other(name),
        }
    }
}

impl MachineIdentity {
    fn read(roots: &Roots) -> Self {
        let dmi = roots.sys.join("class/dmi/id");
        let is_id = |id: &String| id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        let product_uuid = line(&dmi.join("product_uuid")).map(|uuid| uuid.to_lowercase());
        Self {
            machine_id: line(&roots.etc.join("machine-id")).filter(is_id).map(|id| id.to_lowercase()),
            product_uuid: product_uuid.filter(|uuid| !BLANK_UUIDS.contains(&uuid.as_str())),
            board_serial: line(&dmi.join("board_serial")).filter(|serial| !is_blank(serial)),
        }
    }
}

fn is_blank(serial: &str) -> bool {
    BLANK_SERIALS.contains(&serial.to_lowercase().as_str())
        || serial.chars().all(|c| matches!(c, '0' | '.' | ' '))
}

fn cpu_model(cpuinfo: &str) -> Option<String> {
    ["model name", "Hardware", "Processor"]
        .into_iter()
        .find_map(|key| field(cpuinfo, key))
        .map(ToOwned::to_owned)
}

fn cpu_count(roots: &Roots, cpuinfo: &str) -> u32 {
    let online = line(&roots.sys.join("devices/system/cpu/online")).and_then(|list| count_list(&list));
    let listed = || cpuinfo.lines().filter(|line| line.starts_with("processor")).count();
    online.unwrap_or_else(|| u32::try_from(listed()).unwrap_or(u32::MAX)).max(1)
}

/// Counts the members of a kernel list such as `0-3,8,10-11`.
fn count_list(ranges: &str) -> Option<u32> {
    ranges.split(',').try_fold(0u32, |total, range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let parse = |number: &str| number.trim().parse::<u32>().ok();
        let size = parse(last)?.checked_sub(parse(first)?)?.checked_add(1)?;
        total.checked_add(size)
    })
}

fn memory_bytes(meminfo: &str) -> u64 {
    let kibibytes =
        field(meminfo, "MemTotal").and_then(|value| value.strip_suffix("kB")?.trim().parse::<u64>().ok());
    kibibytes.unwrap_or(0).saturating_mul(1024)
}

fn field<'a>(content: &'a str, key: &str) -> Option<&'a str> {
    content.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        (name.trim() == key).then_some(value.trim()).filter(|value| !value.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_lists_are_counted() {
        for (list, expected) in [
            ("0-3,8,10-11", Some(7)),
            ("0", Some(1)),
            ("3-1", None),
            ("0-4294967295", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(count_list(list), expected, "{list}");
        }
    }

    #[test]
    fn memory_is_in_bytes_and_zero_when_unknown() {
        for (meminfo, expected) in [
            ("MemTotal:       16384000 kB\nMemFree: 1 kB\n", 16_777_216_000),
            ("MemTotal: 18446744073709551615 kB", u64::MAX),
            ("MemTotal: -1 kB", 0),
            ("", 0),
        ] {
            assert_eq!(memory_bytes(meminfo), expected, "{meminfo}");
        }
    }

    #[test]
    fn blank_firmware_fields_identify_no_machine() {
        for serial in ["None", "Default string", "To be filled by O.E.M.", "0000000", ".", " "] {
            assert!(is_blank(serial), "{serial}");
        }
        assert!(!is_blank("CN747510A1B2C3"));
    }
}
