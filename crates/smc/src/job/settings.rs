//! What the creator of a job chose, and the disks that it is about.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Parameters;

/// What a job makes and how; set at creation, changeable before the start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobSettings {
    /// Region of the target, exactly as it was given.
    pub region: String,
    /// The name that its image shall have; absent for one made of the job's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_name: Option<String>,
    /// How to copy.
    #[serde(default)]
    pub parameters: Parameters,
    /// The text of `ReplicationParameters` as it was given, which is what is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters_text: Option<String>,
    /// What a private center cannot mean: kept and shown under the contract's names (`NetMode`, `VpcId`, `InstanceType`,
    /// `LicenseType`, …), as the texts they were given as.
    #[serde(default)]
    pub echoed: BTreeMap<String, String>,
    /// Size of the system disk at the target, in GiB, as it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system_disk_gib: Option<u32>,
    /// The partitions that were named, by the number of their disk; shown as they were given.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parts: BTreeMap<u16, Vec<NamedPart>>,
}

/// A partition that the creator of a job named. It has the size it has on the source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedPart {
    /// The name it was given by: disk and partition number, a mount point or a device.
    pub name: String,
    /// Its size in bytes.
    pub size_bytes: u64,
}

/// A disk of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobDisk {
    /// Its number: 0 for the system disk, data disks from 1 as the contract counts them.
    pub index: u16,
    /// Where the source has it.
    pub path: String,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// The id of its partition table; empty without one.
    #[serde(default)]
    pub table_id: String,
    /// Its serial number; empty where it is not known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub serial: String,
    /// Size at the target in GiB, as it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_gib: Option<u32>,
}
