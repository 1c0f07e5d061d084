//! How hard to compress, chosen and chosen again by what is measured.
//!
//! Packing is worth its time while the link is the slower side. Which level of zstd gets most content across depends on
//! three things that are measured as the copy goes on: how fast the link takes bytes, how fast a processor packs, and how
//! much the content shrinks. A level that was not tried is judged by its usual relation to one that was.

use std::time::Duration;

/// The level that stands for sending content as it is.
pub const RAW: i32 = 0;

/// The level to begin with, before anything is measured.
const FIRST: i32 = 1;

/// The level that content is tried at now and then while it goes as it is.
const PROBE: i32 = -5;

/// Of how many extents one is tried while content goes as it is.
const PROBE_EVERY: u32 = 32;

/// Extents between two decisions, so that one odd extent changes nothing.
const DECIDE_EVERY: u32 = 16;

/// How much one extent moves the averages.
const WEIGHT: f64 = 1.0 / 8.0;

/// A level must promise this much more than the best cheaper one to be worth its processor time: production runs here.
const WORTH: f64 = 1.05;

/// What a level usually does on one core of a server: bytes packed a second, and the ratio for ordinary content.
struct Usual {
    level: i32,
    rate: f64,
    ratio: f64,
}

/// From the cheapest level to the dearest.
const LEVELS: [Usual; 6] = [
    Usual { level: -5, rate: 900e6, ratio: 1.6 },
    Usual { level: -1, rate: 510e6, ratio: 1.9 },
    Usual { level: 1, rate: 450e6, ratio: 2.2 },
    Usual { level: 3, rate: 260e6, ratio: 2.35 },
    Usual { level: 6, rate: 110e6, ratio: 2.5 },
    Usual { level: 9, rate: 60e6, ratio: 2.55 },
];

/// Chooses the level for one stream.
#[derive(Clone, Copy, Debug)]
pub struct Chooser {
    level: i32,
    /// Bytes a second that the link takes; `None` before it was measured.
    link: Option<f64>,
    /// This processor's speed, and this content's saving, as shares of the usual.
    speed: f64,
    saving: f64,
    extents: u32,
}

impl Default for Chooser {
    fn default() -> Self {
        Self::new()
    }
}

impl Chooser {
    /// Begins without a measurement.
    pub const fn new() -> Self {
        Self { level: FIRST, link: None, speed: 1.0, saving: 1.0, extents: 0 }
    }

    /// The level for the next extent; [`RAW`] for none.
    pub fn level(&mut self) -> i32 {
        self.extents = self.extents.wrapping_add(1);
        if self.extents.is_multiple_of(DECIDE_EVERY) {
            self.level = self.decide();
        }
        if self.level == RAW && self.extents.is_multiple_of(PROBE_EVERY) { PROBE } else { self.level }
    }

    /// Learns what packing an extent came to: its content's bytes, bytes packed, and the processor time it took.
    /// Content that was not worth packing has as many packed bytes as before.
    pub fn packed(&mut self, level: i32, content_bytes: u64, packed_bytes: u64, took: Duration) {
        let Some(usual) = LEVELS.iter().find(|usual| usual.level == level) else { return };
        let seconds = took.as_secs_f64();
        if content_bytes == 0 || packed_bytes == 0 || seconds <= 0.0 {
            return;
        }
        let speed = as_f64(content_bytes) / seconds / usual.rate;
        let saving = (as_f64(content_bytes) / as_f64(packed_bytes) - 1.0).max(0.0) / (usual.ratio - 1.0);
        self.speed += (speed.clamp(0.01, 100.0) - self.speed) * WEIGHT;
        self.saving += (saving.min(20.0) - self.saving) * WEIGHT;
    }

    /// Learns how many bytes a second the link, or a limit below it, takes now.
    pub fn link(&mut self, bytes_per_second: f64) {
        if bytes_per_second > 0.0 && bytes_per_second.is_finite() {
            let link = self.link.get_or_insert(bytes_per_second);
            *link += (bytes_per_second - *link) * WEIGHT;
        }
    }

    /// The cheapest level that gets about as much content across as any.
    fn decide(&self) -> i32 {
        let Some(link) = self.link else { return self.level };
        let (mut chosen, mut best) = (RAW, link);
        for usual in &LEVELS {
            let ratio = 1.0 + self.saving * (usual.ratio - 1.0);
            let promised = (usual.rate * self.speed).min(link * ratio);
            if promised > best * WORTH {
                (chosen, best) = (usual.level, promised);
            }
        }
        chosen
    }
}

#[expect(clippy::cast_precision_loss, reason = "figures for a decision, exact to 52 bits")]
fn as_f64(bytes: u64) -> f64 {
    bytes as f64
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Chooser, LEVELS, PROBE, RAW};

    /// A world in which packing and link have figures of their own; gives the level after so many extents.
    fn settle(chooser: &mut Chooser, link: f64, speed: f64, saving: f64, extents: u32) -> i32 {
        let mut level = RAW;
        for _ in 0..extents {
            level = chooser.level();
            chooser.link(link);
            if let Some(usual) = LEVELS.iter().find(|usual| usual.level == level) {
                let ratio = 1.0 + saving * (usual.ratio - 1.0);
                let (content, took) = (1e9, Duration::from_secs_f64(1e9 / (usual.rate * speed)));
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a positive size"
                )]
                let packed = (content / ratio) as u64;
                chooser.packed(level, 1_000_000_000, packed, took);
            }
        }
        // The last may have been a probe.
        if level == PROBE && chooser.level == RAW { RAW } else { chooser.level }
    }

    #[test]
    fn the_level_follows_link_processor_and_content() {
        for (link, speed, saving, expected) in [
            (1250e6, 1.0, 1.0, RAW), // 10 Gbit/s: a core packs more slowly than the link takes
            (300e6, 1.0, 1.0, -1),
            (125e6, 1.0, 1.0, 1),  // 1 Gbit/s
            (12.5e6, 1.0, 1.0, 6), // 100 Mbit/s: 9 promises less than 5 % more
            (12.5e6, 0.05, 1.0, -1),
            (125e6, 0.1, 1.0, RAW),
            (12.5e6, 1.0, 0.0, RAW), // noise
            (12.5e6, 1.0, 3.0, 6),
        ] {
            let level = settle(&mut Chooser::new(), link, speed, saving, 320);
            assert_eq!(level, expected, "{link} {speed} {saving}");
        }
    }

    #[test]
    fn what_changes_is_noticed() {
        let mut chooser = Chooser::new();
        assert_eq!(settle(&mut chooser, 12.5e6, 1.0, 0.0, 320), RAW);
        // The same disk's databases follow its films: the probes find out.
        let level = settle(&mut chooser, 12.5e6, 1.0, 1.0, 2_000);
        assert!(level > RAW, "{level}");
        assert_eq!(settle(&mut chooser, 2000e6, 1.0, 1.0, 320), RAW);
    }

    #[test]
    fn nothing_measured_changes_nothing() {
        let mut chooser = Chooser::new();
        for _ in 0..100 {
            assert_eq!(chooser.level(), 1);
            chooser.packed(1, 0, 0, Duration::ZERO);
            chooser.link(f64::NAN);
            chooser.link(0.0);
        }
    }
}
