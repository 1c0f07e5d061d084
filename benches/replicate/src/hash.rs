//! Digests of leaves: many at once, as copies have them, and one after another.

use std::hint::black_box;

use bench_report::{Goal, Report};
use replication::{LEAF_BYTES, LeafKey};

use crate::{
    lab::{Lab, median, seconds},
    noise::Noise,
};

const KEY: LeafKey = LeafKey::new([7; 32]);

/// What is hashed, again and again: more than a processor's caches hold.
const BYTES: usize = 256 << 20;

pub(crate) fn measure(lab: &Lab, report: &mut Report) -> anyhow::Result<()> {
    let mut data = vec![0; BYTES];
    Noise::new(11).fill(&mut data);
    let (mut many, mut single) = (Vec::new(), Vec::new());
    for _ in 0..lab.runs.max(3) {
        many.push(seconds(|| {
            data.chunks(1 << 20).for_each(|piece| drop(black_box(KEY.leaves(piece))));
            Ok(())
        })?);
        single.push(seconds(|| {
            data.chunks(usize::try_from(LEAF_BYTES)?).for_each(|leaf| {
                black_box(KEY.leaf(leaf));
            });
            Ok(())
        })?);
    }
    let rate = |times| BYTES as f64 / 1e9 / median(times);
    let (many, single) = (rate(many), rate(single));
    report.add("hash", "digests of leaves, many at once", many, "GB/s", Goal::None);
    report.add("hash", "one after another", single, "GB/s", Goal::None);
    report.add("hash", "times as fast", many / single, "x", Goal::None);
    Ok(())
}
