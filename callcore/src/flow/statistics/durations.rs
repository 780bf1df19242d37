//! Times in a histogram: as many buckets as times differ in their first digits, however many times
//! there are.

use std::collections::BTreeMap;

/// Binary digits that a bucket keeps of a time: a percentile is at most 1/64 above the true one.
const DIGITS: u32 = 7;

/// A distribution of times in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Durations {
    count: u64,
    sum_ms: u128,
    min_ms: Option<u64>,
    max_ms: Option<u64>,
    /// By the longest time in each bucket.
    buckets: BTreeMap<u64, u64>,
}

impl Durations {
    /// Takes one more time into account.
    pub fn add(&mut self, ms: u64) {
        self.count += 1;
        self.sum_ms += u128::from(ms);
        self.min_ms = Some(self.min_ms.map_or(ms, |min| min.min(ms)));
        self.max_ms = self.max_ms.max(Some(ms));
        *self.buckets.entry(longest_like(ms)).or_default() += 1;
    }

    /// Takes other times into account.
    pub fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.sum_ms += other.sum_ms;
        self.min_ms = [self.min_ms, other.min_ms].into_iter().flatten().min();
        self.max_ms = self.max_ms.max(other.max_ms);
        for (bucket, count) in &other.buckets {
            *self.buckets.entry(*bucket).or_default() += count;
        }
    }

    /// How many times there are.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The shortest.
    pub const fn min_ms(&self) -> Option<u64> {
        self.min_ms
    }

    /// The longest.
    pub const fn max_ms(&self) -> Option<u64> {
        self.max_ms
    }

    /// Their mean, rounded down.
    pub fn mean_ms(&self) -> Option<u64> {
        self.sum_ms.checked_div(self.count.into()).and_then(|mean| u64::try_from(mean).ok())
    }

    /// What this share of the times does not exceed, at most 1/64 too long. `percent` is 1 to 100.
    pub fn percentile_ms(&self, percent: u64) -> Option<u64> {
        let rank = (self.count * percent).div_ceil(100).max(1);
        let mut passed = 0;
        let bucket = self.buckets.iter().find(|(_, count)| {
            passed += **count;
            passed >= rank
        });
        bucket.map(|(longest, _)| *longest).min(self.max_ms)
    }
}

/// The longest time that stands in the same bucket.
const fn longest_like(ms: u64) -> u64 {
    let digits = u64::BITS - ms.leading_zeros();
    ms | ((1 << digits.saturating_sub(DIGITS)) - 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_has_no_percentile_and_short_times_are_exact() {
        let mut times = Durations::default();
        assert_eq!((times.percentile_ms(50), times.mean_ms(), times.min_ms()), (None, None, None));
        for ms in 1..=100 {
            times.add(ms);
        }
        assert_eq!((times.percentile_ms(50), times.percentile_ms(95)), (Some(50), Some(95)));
        assert_eq!((times.min_ms(), times.max_ms()), (Some(1), Some(100)));
        assert_eq!((times.count(), times.mean_ms()), (100, Some(50)));
        times.add(u64::MAX);
        assert_eq!(times.percentile_ms(100), Some(u64::MAX));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_percentile_is_never_too_short_and_at_most_a_64th_too_long(
            times in proptest::collection::vec(0_u64..100_000_000, 1..60), percent in 1_u64..=100,
        ) {
            let mut durations = Durations::default();
            times.iter().for_each(|ms| durations.add(*ms));
            let mut sorted = times.clone();
            sorted.sort_unstable();
            let rank = (times.len() as u64 * percent).div_ceil(100);
            let exact = sorted[usize::try_from(rank).unwrap() - 1];
            let told = durations.percentile_ms(percent).unwrap();
            prop_assert!(told >= exact && told <= exact + exact / 64, "{} for {}", told, exact);
            prop_assert!(durations.buckets.len() <= 60);
        }
    }
}
