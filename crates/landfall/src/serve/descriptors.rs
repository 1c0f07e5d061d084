//! How many files and connections the process may have open.
//!
//! The soft limit that processes start with, often 1,024, is for programs that still use select(2). A center has
//! a descriptor for each connection, so it takes what the hard limit allows.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the soft limit to the hard one. Whoever runs the center set that, so failing is worth a warning only.
pub(super) fn raise() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum {
        return;
    }
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        tracing::warn!(%error, ?current, ?maximum, "raising the limit of open files failed; connections beyond it wait");
    }
}
