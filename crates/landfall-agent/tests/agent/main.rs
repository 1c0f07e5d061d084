//! The agent against a center: the program itself over TCP, and the running agent in memory with time that the
//! test moves. The center is a stand-in that speaks the agent protocol and says what a test wants it to say.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod import;
mod run;
mod stand_in;
