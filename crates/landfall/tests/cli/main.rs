//! The program as its users meet it: a process with arguments, an environment and pipes, against a real center.
//!
//! [`bench`] starts a center in a temporary directory and runs `landfall`; every test is what is typed and what is then
//! said, with ids, times and secrets replaced.

#[cfg(test)]
mod admin;
#[cfg(test)]
mod api;
#[cfg(test)]
mod bench;
#[cfg(test)]
mod connections;
#[cfg(test)]
mod console;
#[cfg(test)]
mod image;
#[cfg(test)]
mod job;
#[cfg(test)]
mod machine;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod serve;
#[cfg(test)]
mod shell;
#[cfg(test)]
mod source;
#[cfg(test)]
mod token;
