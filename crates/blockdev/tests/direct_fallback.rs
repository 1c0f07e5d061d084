//! Without io_uring a stream reads by threads. Alone in its process: it takes away the process's file descriptors, so that
//! the kernel refuses to make a ring.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod kit;

use blockdev::direct::{Engine, Reader, StreamOptions};

#[test]
fn a_kernel_that_refuses_a_ring_is_read_by_threads() {
    let directory = tempfile::tempdir().unwrap();
    let image = directory.path().join("disk");
    std::fs::write(&image, vec![7; 300_000]).unwrap();
    let reader = Reader::open(&image).unwrap();
    let pid = std::process::id().to_string();
    kit::tool("prlimit", "util-linux", &["--pid", &pid, "--nofile=3:1024"], "");
    let mut stream = reader.stream(std::iter::once(0..300_000), StreamOptions::default()).unwrap();
    assert_eq!(stream.engine(), Engine::Threads);
    let chunk = stream.blocking_next().unwrap().unwrap();
    assert!(chunk.len() == 300_000 && chunk.iter().all(|byte| *byte == 7));
    assert!(stream.blocking_next().is_none());
}
