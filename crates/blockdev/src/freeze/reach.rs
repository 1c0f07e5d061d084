//! Opens a filesystem by one of the places at which it is mounted, and makes sure that it is this one that was opened: what
//! another filesystem is mounted over cannot be reached by its path any more, and the other one would freeze instead.

use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::PathBuf;

use super::FreezeError;
use super::mounts::{Mounted, Place};

/// Opens the first place that leads to the filesystem.
pub(super) fn open(mounted: &Mounted) -> Result<(PathBuf, File), FreezeError> {
    let mut failed = None;
    for place in &mounted.places {
        match open_place(mounted, place) {
            Ok(Some(file)) => return Ok((place.point.clone(), file)),
            Ok(None) => {}
            Err(source) => failed = Some(FreezeError::Open { path: place.point.clone(), source }),
        }
    }
    Err(failed.unwrap_or_else(|| FreezeError::Hidden {
        source_device: mounted.source.clone(),
        points: mounted.places.iter().map(|place| place.point.clone()).collect(),
    }))
}

/// `None` if something else is there.
fn open_place(mounted: &Mounted, place: &Place) -> io::Result<Option<File>> {
    // Files can be mount points too: a pipe's other end is not waited for.
    let file =
        File::options().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(&place.point)?;
    // A mount's id is the next mount's once it is gone, so the device must agree as well. The id alone tells a btrfs, whose
    // files have their subvolume's number.
    let device = file.metadata()?.dev();
    if mounted.device.is_some_and(|expected| expected != device) {
        return Ok(None);
    }
    let mount = mount_of(&file)?;
    Ok(mounted.places.iter().any(|place| place.mount == mount).then_some(file))
}

/// The kernel's id of the mount through which a file was opened.
fn mount_of(file: &File) -> io::Result<u64> {
    let text = fs::read_to_string(format!("/proc/self/fdinfo/{}", file.as_raw_fd()))?;
    let id = text.lines().find_map(|line| line.strip_prefix("mnt_id:")?.trim().parse().ok());
    id.ok_or_else(|| io::Error::other("the kernel does not tell through which mount a file was opened"))
}
