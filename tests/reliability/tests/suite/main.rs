//! The real programs, killed, doubled, misled and searched.

#[cfg(test)]
mod copies;
#[cfg(test)]
mod deaths;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod disk;
#[cfg(test)]
mod field;
#[cfg(test)]
mod full;
#[cfg(test)]
mod handed_out;
#[cfg(test)]
mod install;
#[cfg(test)]
mod jobs;
#[cfg(test)]
mod kill;
#[cfg(test)]
mod ledger;
#[cfg(test)]
mod link;
#[cfg(test)]
mod live;
#[cfg(test)]
mod live_copies;
#[cfg(test)]
mod place;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod seed;
#[cfg(test)]
mod taken_over;
#[cfg(test)]
mod two_centers;
#[cfg(test)]
mod writer;
