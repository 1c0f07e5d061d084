//! The operator's program: assembly and wiring.

#![expect(dead_code, reason = "serve and demo, which use it, come with the next change")]

mod location;

fn main() {}
