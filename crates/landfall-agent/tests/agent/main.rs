//! The agent against a center: the program itself over TCP, and the running agent in memory with time that the
//! test moves. The center is a stand-in that speaks the agent protocol and says what a test wants it to say.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[allow(clippy::panic, dead_code, reason = "copies in memory, whose own tests use more of it")]
#[path = "../replicate/center.rs"]
mod copies;
mod devices;
mod import;
#[path = "../loops/mod.rs"]
mod loops;
mod program;
mod run;
mod stand_in;
mod work;
mod working;
