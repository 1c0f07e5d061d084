//! Chance that can be repeated: a failing test prints its seed, `LANDFALL_TEST_SEED` gives it back.

/// SplitMix64.
#[derive(Clone)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn of_this_run(test: &str) -> Self {
        let seed = match std::env::var("LANDFALL_TEST_SEED") {
            Ok(given) => given.parse().expect("LANDFALL_TEST_SEED is a number"),
            Err(_) => getrandom::u64().unwrap(),
        };
        println!("{test}: repeat with LANDFALL_TEST_SEED={seed}");
        Self(seed)
    }

    /// Another chance that goes its own way.
    pub(crate) fn split(&mut self) -> Self {
        Self(self.next())
    }

    /// A number below the bound.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

#[test]
fn the_same_seed_gives_the_same_chance() {
    let draw = |mut chance: Chance| (0..5).map(|_| chance.below(1_000)).collect::<Vec<_>>();
    assert_eq!(draw(Chance(7)), draw(Chance(7)));
    assert_ne!(draw(Chance(7)), draw(Chance(8)));
    assert_ne!(draw(Chance(7)), draw(Chance(7).split()));
}
