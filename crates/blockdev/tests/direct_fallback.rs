//! Without io_uring, places are read one after the other. Alone in its process: it takes away the process's file
//! descriptors, so that the kernel refuses to make a ring.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod kit;

use blockdev::direct::{Buffer, Place, Queue, Reader};

#[test]
fn a_kernel_that_refuses_a_ring_is_read_one_by_one() {
    let directory = tempfile::tempdir().unwrap();
    let image = directory.path().join("disk");
    std::fs::write(&image, vec![7; 300_000]).unwrap();
    let reader = Reader::open(&image).unwrap();
    let pid = std::process::id().to_string();
    kit::tool("prlimit", "util-linux", &["--pid", &pid, "--nofile=3:1024"], "");
    let mut queue = Queue::new();
    assert!(!queue.is_ring());
    let mut buffer = Buffer::new(300_000).unwrap();
    let places =
        [0, 100_000, 200_000].map(|at: u32| Place { at: at as usize, offset: at.into(), bytes: 100_000 });
    reader.read_places(&mut queue, &mut buffer, &places).unwrap();
    assert!(buffer[..300_000].iter().all(|byte| *byte == 7));
}
