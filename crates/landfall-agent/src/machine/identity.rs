//! What makes a machine that machine, for when its agent comes without the key it had.
//!
//! The identity is a digest of labelled properties: the operating system's `/etc/machine-id` and the firmware's
//! product UUID (DMI). Both together, because each alone has clones: a copied disk keeps the machine-id and gets
//! a new product UUID from its hypervisor; a reinstalled machine keeps the UUID and gets a new machine-id. Where
//! both are missing, the board's serial number serves; where that is missing too, nothing does, and the machine
//! is known by its agent's key alone.
//!
//! - A reinstalled or copied machine is a new machine: it spends a use of the code.
//! - Clones that share *both* (copies of a whole virtual machine with its configuration) are one machine to a
//!   center: the one imported last holds the source, and the agent of the other is told that it is unknown.
//!   Give each clone a machine-id of its own before importing it: remove `/etc/machine-id` and run
//!   `systemd-machine-id-setup`. A clone that also carries the state directory has the same key and *is* the
//!   same agent: remove the directory on the clone as well.
//! - Containers see their host's firmware and often their image's machine-id, so their host name, which
//!   container engines make distinct, counts as well.

use std::path::Path;

use blockdev::MachineIdentity;
use smc::source::MachineId;

/// Labels what the digest is of, so that a later recipe cannot collide with this one.
const RECIPE: &str = "landfall machine 1";

/// The identity of a machine with these properties; `hostname` counts for containers.
pub fn machine_id(identity: &MachineIdentity, container_hostname: Option<&str>) -> Option<MachineId> {
    let firm = [("machine-id", &identity.machine_id), ("product-uuid", &identity.product_uuid)];
    let mut properties = vec![RECIPE];
    for (label, value) in firm {
        properties.extend(value.as_deref().into_iter().flat_map(|value| [label, value]));
    }
    if properties.len() == 1 {
        properties.extend(["board-serial", identity.board_serial.as_deref()?]);
    }
    properties.extend(container_hostname.into_iter().flat_map(|hostname| ["container", hostname]));
    Some(MachineId::of(&properties))
}

/// Says whether this is the inside of a container, by the marks that engines leave.
pub(super) fn in_container(root: &Path) -> bool {
    [".dockerenv", "run/.containerenv", "run/systemd/container"].iter().any(|mark| root.join(mark).exists())
}

#[cfg(test)]
mod tests {
    use blockdev::MachineIdentity;

    use super::machine_id;

    fn identity(machine_id: &str, product_uuid: &str, board_serial: &str) -> MachineIdentity {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        MachineIdentity {
            machine_id: some(machine_id),
            product_uuid: some(product_uuid),
            board_serial: some(board_serial),
        }
    }

    #[test]
    fn machines_that_differ_in_anything_are_different_machines() {
        let machines = [
            (identity("m", "u", ""), None),
            (identity("m", "", ""), None),
            (identity("", "m", ""), None),
            (identity("", "", "m"), None),
            (identity("m", "u", ""), Some("one")),
            (identity("m", "u", ""), Some("two")),
        ];
        let ids: std::collections::BTreeSet<_> =
            machines.iter().map(|(identity, container)| machine_id(identity, *container).unwrap()).collect();
        assert_eq!(ids.len(), machines.len());
    }

    #[test]
    fn a_board_serial_neither_helps_nor_hinders_where_there_is_better() {
        assert_eq!(machine_id(&identity("m", "u", "b"), None), machine_id(&identity("m", "u", ""), None));
        assert_eq!(machine_id(&identity("", "", ""), Some("host")), None);
    }
}
