//! The program on the source: import and heartbeat.

fn main() {}
