//! The operator's program: assembly and wiring.

fn main() {}
