//! Replication jobs and what hangs on them.

mod clock;
mod listing;
mod parts;
mod races;
mod rows;
mod sources;
