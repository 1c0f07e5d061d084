//! This machine as a migration source: what it is, and what it consists of.
//!
//! The facts come from [`blockdev`]; here they are limited to the disks that the operator means, put into the
//! words of the wire, and written out for people.

mod describe;
mod identity;
mod load;
#[cfg(test)]
mod samples;
mod selection;
mod wire;

pub use describe::describe;
pub use identity::machine_id;
pub use selection::Selection;
pub(crate) use wire::serial_numbers;

use blockdev::{InventoryError, Roots};
use sha2::{Digest, Sha256};
use smc::source::{Inventory, MachineId, inventory::Unacceptable};

/// A machine as its agent found it.
#[derive(Clone, Debug)]
pub struct Machine {
    /// What it consists of, within the bounds that a center accepts.
    pub inventory: Inventory,
    /// What could not be found out, in words for its operator.
    pub problems: Vec<String>,
    /// What makes it that machine; `None` when nothing on it does.
    pub id: Option<MachineId>,
}

/// Why there is nothing to send.
#[derive(Debug, thiserror::Error)]
pub enum MachineError {
    /// A disk that was asked for, or the machine itself, cannot be described.
    #[error(transparent)]
    Inventory(#[from] InventoryError),
    /// There is no disk.
    #[error(
        "this machine shows no disk to migrate ({0}); name a block device or a file that holds a disk image with --disk PATH"
    )]
    NoDisk(String),
    /// A center would not accept it.
    #[error(transparent)]
    Unacceptable(#[from] Unacceptable),
}

impl Machine {
    /// Looks at the machine below these roots, and at those of its disks that are meant.
    pub fn survey(roots: &Roots, selection: &Selection) -> Result<Self, MachineError> {
        let found = found(roots, selection)?;
        let inventory = wire::inventory(&found, load::read(&roots.proc));
        inventory.check()?;
        let mut problems = found.problems;
        for disk in found.disks.iter().chain(&found.volumes) {
            problems
                .extend(disk.problems.iter().map(|problem| format!("{}: {problem}", disk.path.display())));
        }
        let contained = identity::in_container(&roots.root);
        let id = machine_id(&found.machine.identity, contained.then_some(found.machine.hostname.as_str()));
        Ok(Self { inventory, problems, id })
    }
}

/// Finds the disks that these paths mean, as [`Machine::survey`] does.
pub(crate) fn disks(roots: &Roots, selection: &Selection) -> Result<Vec<blockdev::Disk>, MachineError> {
    Ok(found(roots, selection)?.disks)
}

fn found(roots: &Roots, selection: &Selection) -> Result<blockdev::Inventory, MachineError> {
    let mut found = blockdev::Inventory::collect(roots)?;
    selection::apply(&mut found, roots, selection)?;
    if found.disks.is_empty() {
        let why = match found.boot.system_disk {
            blockdev::SystemDisk::None { reason } => reason,
            blockdev::SystemDisk::Disk { .. } => "none is left".to_owned(),
        };
        return Err(MachineError::NoDisk(why));
    }
    Ok(found)
}

/// Digest of what a center should hear of when it changes. Left out is what changes all the time: processor
/// use and available memory wholly, used space up to whole GiB.
pub fn essence(inventory: &Inventory) -> String {
    const STEP: u64 = 1 << 30;
    let mut calm = inventory.clone();
    calm.cpu.usage_percent = 0.0;
    calm.memory.available_bytes = 0;
    let on_disks = calm.disks.iter_mut().flat_map(|disk| {
        std::iter::once(&mut disk.content).chain(disk.partitions.iter_mut().map(|part| &mut part.content))
    });
    for content in on_disks.chain(calm.volumes.iter_mut().map(|volume| &mut volume.content)) {
        content.used_bytes = content.used_bytes.map(|used| used / STEP);
    }
    hex::encode(Sha256::digest(serde_json::to_vec(&calm).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use smc::source::Inventory;

    use super::essence;

    #[test]
    fn only_what_matters_counts_as_a_change() {
        let base: Inventory = serde_json::from_str(
            r#"{"hostname":"a","disks":[{"path":"/dev/vda","content":{"used_bytes":1073741824}}]}"#,
        )
        .unwrap();
        let changed = |change: fn(&mut Inventory)| {
            let mut other = base.clone();
            change(&mut other);
            essence(&other) != essence(&base)
        };
        assert!(!changed(|i| i.cpu.usage_percent = 50.0));
        assert!(!changed(|i| i.memory.available_bytes = 1));
        assert!(!changed(|i| i.disks[0].content.used_bytes = Some(1_073_741_825)));
        assert!(changed(|i| i.disks[0].content.used_bytes = Some(3_000_000_000)));
        assert!(changed(|i| i.disks[0].content.used_bytes = None));
        assert!(changed(|i| i.hostname = "b".into()));
        assert!(changed(|i| i.disks[0].size_bytes = 1));
    }
}
