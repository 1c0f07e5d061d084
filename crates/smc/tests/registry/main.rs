//! The registry's promises, kept on SQLite and on PostgreSQL, with a clock that tests move.

#[cfg(test)]
mod harness;
#[cfg(test)]
mod imports;
#[cfg(test)]
mod jobs;
#[cfg(test)]
mod listings;
#[cfg(test)]
mod tags;
#[cfg(test)]
mod use_accounting;
#[cfg(test)]
mod workgroups;
