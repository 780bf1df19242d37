//! Chance that is the same in every run with the same seed.

use std::time::Duration;

/// A stream of numbers: SplitMix64 (<https://prng.di.unimi.it/splitmix64.c>).
#[derive(Clone, Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    /// The stream of one seed for one purpose.
    pub(crate) fn of(seed: u64, purpose: u64) -> Self {
        let mut chance = Self(seed);
        Self(chance.next() ^ Self(purpose).next())
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From `0` to `bound - 1`; that some are likelier by a hair does not matter here.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub(crate) fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.below(most - least + 1)
    }

    pub(crate) fn millis(&mut self, least: u64, most: u64) -> Duration {
        Duration::from_millis(self.between(least, most))
    }

    pub(crate) fn one_in(&mut self, bound: u64) -> bool {
        self.below(bound) == 0
    }
}

/// The seed of this run: `CALLCORE_SEED`, or a new one where the machine is soaked. Elsewhere it is
/// always the same, so that only a change to the program can make a test fail.
pub(crate) fn seed() -> u64 {
    match std::env::var("CALLCORE_SEED") {
        Ok(seed) => seed.parse().expect("CALLCORE_SEED is a whole number"),
        Err(_) if !std::env::var("CALLCORE_SOAK").is_ok_and(|soak| soak == "1") => 20_261_123,
        Err(_) => uuid::Uuid::new_v4().as_u64_pair().1,
    }
}
