//! One suite over both engines: what the store promises, it promises on SQLite and on PostgreSQL.

#[cfg(test)]
#[macro_use]
mod place;

#[cfg(test)]
mod audit;
#[cfg(test)]
mod corruption;
#[cfg(test)]
mod counters;
#[cfg(test)]
mod identities;
#[cfg(test)]
mod jobs;
#[cfg(test)]
mod opening;
#[cfg(test)]
mod outage;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod sources;
#[cfg(test)]
mod tags;
#[cfg(test)]
mod tokens;
#[cfg(test)]
mod workgroups;
#[cfg(test)]
mod writing;
