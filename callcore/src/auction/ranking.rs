//! The order of valid bids, and its one tie rule: score, then priority, then a seeded lot.
//!
//! No vendor says how ties are broken; Prebid's are random and RTBkit's go to the fastest
//! (`reference/rtb.md` §2). Here equal bids of one priority draw lots from the auction's seed, in
//! proportion to their weights, so a tie is fair over many calls and the same in every replay.

use std::cmp::Ordering;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::model::BidRanking;
use crate::vocabulary::{Seed, TargetId, limits};

const MILLION: u32 = 1_000_000;
/// What every target's record starts with, so that a newcomer counts as middling: the prior of
/// routing's performance strategy.
const PRIOR_SUCCESSES: u64 = 5;
const PRIOR_OFFERS: u64 = 10;

/// What bids are ranked by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ranking {
    /// The net bid.
    #[default]
    HighestBid,
    /// The net bid times what the target's calls came to, as search engines rank by bid and click
    /// rate (`reference/rtb.md` §3).
    ExpectedRevenue(Squash),
}

/// How much the success rate counts: the exponent s of qˢ, in quarters. 0 is the plain highest bid,
/// 4 is the rate in full. Quarters, because a fourth root of whole numbers is exact everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Squash(u8);

/// A squash is 0 to 4 quarters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the exponent is 0 to 4 quarters, not {0}")]
pub struct InvalidSquash(u8);

impl Squash {
    /// The success rate in full.
    pub const FULL: Self = Self(4);
    /// Its square root.
    pub const HALF: Self = Self(2);
}

impl TryFrom<u8> for Squash {
    type Error = InvalidSquash;

    fn try_from(quarters: u8) -> Result<Self, InvalidSquash> {
        if quarters <= 4 { Ok(Self(quarters)) } else { Err(InvalidSquash(quarters)) }
    }
}

impl From<Squash> for u8 {
    fn from(squash: Squash) -> Self {
        squash.0
    }
}

/// What became of the calls that a target won.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TrackRecord {
    /// Calls that it won.
    pub won: u64,
    /// Those that were answered and lasted long enough to be paid.
    pub paid: u64,
}

impl TrackRecord {
    /// The success rate in millionths, drawn towards a half while the record is thin.
    fn rate(self) -> u32 {
        let million = u64::from(MILLION);
        let (paid, won) = (self.paid.min(million), self.won.min(million));
        let rate = (paid + PRIOR_SUCCESSES) * million / (won.max(paid) + PRIOR_OFFERS);
        // Below a million, because no more are paid than won.
        rate as u32
    }
}

impl From<BidRanking> for Ranking {
    fn from(ranking: BidRanking) -> Self {
        match ranking {
            BidRanking::HighestBid => Self::HighestBid,
            BidRanking::ExpectedRevenue => Self::ExpectedRevenue(Squash::FULL),
        }
    }
}

impl Ranking {
    /// What a net bid is multiplied by, in millionths: a whole number above zero.
    pub(super) fn factor(self, record: TrackRecord) -> u32 {
        let Self::ExpectedRevenue(Squash(quarters)) = self else { return MILLION };
        let rate = u128::from(record.rate());
        let ones = u128::from(MILLION).pow(4 - u32::from(quarters));
        // The fourth root of rateˢ · 1⁴⁻ˢ, all in millionths: at most 10²⁴ under the roots.
        let factor = (rate.pow(quarters.into()) * ones).isqrt().isqrt();
        factor as u32
    }

    /// The score of a net bid; `None` where it is larger than can be counted with.
    pub(super) fn score(self, net: Decimal, factor: u32) -> Option<Decimal> {
        match self {
            Self::HighestBid => Some(net),
            Self::ExpectedRevenue(_) => net.checked_mul(factor.into()),
        }
    }
}

/// What decides between two bids.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    pub(super) score: Decimal,
    /// 1 is first.
    pub(super) priority: u8,
    pub(super) weight: u32,
    pub(super) target: TargetId,
}

impl Key {
    /// The better one first. The order is total: two targets are never equal.
    pub(super) fn cmp(&self, other: &Self, seed: Seed) -> Ordering {
        // Lots are drawn for ties only: a lot is a hash.
        self.cmp_value(other)
            .then_with(|| self.lot(seed).cmp(&other.lot(seed)))
            .then_with(|| self.target.cmp(&other.target))
    }

    /// The better one first, as far as that goes without drawing lots.
    pub(super) fn cmp_value(&self, other: &Self) -> Ordering {
        cmp_exact(other.score, self.score).then(self.priority.cmp(&other.priority))
    }

    /// The lowest of as many tickets as the target has weight. The lowest ticket of all wins, so a
    /// target's chance is its share of the weights.
    pub(super) fn lot(&self, seed: Seed) -> u128 {
        let first = seed.rank(self.target.uuid().as_bytes());
        let tickets = 1..self.weight.clamp(1, limits::WEIGHT);
        tickets.fold(first, |lowest, ticket| lowest.min(mixed(first, ticket)))
    }
}

/// Decimals in their order. Every reply is compared with whoever is out, and rust_decimal's own
/// comparison takes several times as long.
fn cmp_exact(left: Decimal, right: Decimal) -> Ordering {
    let scale = left.scale().max(right.scale());
    let scaled = |value: Decimal| {
        // Mantissas have 96 bits, so that a factor of 30 bits is room enough.
        let power = scale - value.scale();
        (power <= 9).then(|| value.mantissa() * i128::from(10_u64.pow(power)))
    };
    match (scaled(left), scaled(right)) {
        (Some(left), Some(right)) => left.cmp(&right),
        _ => left.cmp(&right),
    }
}

/// Sorts by [`Key::cmp`], and draws each lot once and only where there is a tie.
pub(super) fn sort<T>(things: &mut [T], key: impl Fn(&T) -> &Key, seed: Seed) {
    things.sort_by(|a, b| key(a).cmp_value(key(b)));
    let ties = things.chunk_by_mut(|a, b| key(a).cmp_value(key(b)) == Ordering::Equal);
    for tie in ties.filter(|tie| tie.len() > 1) {
        tie.sort_by_cached_key(|thing| (key(thing).lot(seed), key(thing).target));
    }
}

/// A further ticket from the first: SplitMix64 (Steele, Lea, Flood, OOPSLA 2014), enough where the
/// start is a hash already.
fn mixed(first: u128, ticket: u32) -> u128 {
    let start = (first ^ (first >> 64)) as u64;
    let mut z = start.wrapping_add(u64::from(ticket).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^= z >> 31;
    (u128::from(z) << 64) | u128::from(ticket)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn key(target: u128, weight: u32) -> Key {
        let target = TargetId::from_uuid(Uuid::from_u128(target));
        Key { score: Decimal::TEN, priority: 5, weight, target }
    }

    proptest! {
        #[test]
        fn decimals_compare_as_decimals_do(
            left in any::<i64>(), right in any::<i64>(), near in any::<bool>(),
            scales in (0..=28_u32, 0..=28_u32),
        ) {
            let left = Decimal::from_i128_with_scale(left.into(), scales.0);
            let other = Decimal::from_i128_with_scale(right.into(), scales.1);
            // The same value with another scale is equal.
            let right = if near { left.normalize() } else { other };
            prop_assert_eq!(cmp_exact(left, right), left.cmp(&right));
        }
    }

    #[test]
    fn value_then_priority_then_the_lot() {
        let seed = Seed::of_key("tie");
        let low = Key { score: Decimal::ONE, priority: 1, ..key(1, 1) };
        let first = Key { priority: 1, ..key(2, 1) };
        let second = Key { priority: 2, ..key(3, 1_000) };
        let mut keys = [low, second, first];
        sort(&mut keys, |key| key, seed);
        assert_eq!(keys.map(|key| key.target), [first.target, second.target, low.target]);
    }

    #[test]
    fn sorting_follows_the_total_order() {
        for call in 0..50_u32 {
            let seed = Seed::of_key(&call.to_string());
            let mut keys: Vec<Key> = (0..9).map(|target| key(target, 1 + call % 4)).collect();
            (keys[3].priority, keys[5].score) = (1, Decimal::ONE);
            sort(&mut keys, |key| key, seed);
            let in_order = |pair: &[Key]| pair[0].cmp(&pair[1], seed) == Ordering::Less;
            assert!(keys.windows(2).all(in_order));
        }
    }

    #[test]
    fn lots_fall_in_proportion_to_the_weights() {
        let bidders = [key(1, 1), key(2, 2), key(3, 7)];
        let mut wins = [0_u32; 3];
        for call in 0..10_000 {
            let seed = Seed::of_key(&format!("call {call}"));
            let winner = (0..3).min_by(|a, b| bidders[*a].cmp(&bidders[*b], seed)).unwrap();
            wins[winner] += 1;
        }
        for (wins, expected) in wins.into_iter().zip([1_000, 2_000, 7_000]) {
            assert!(wins.abs_diff(expected) < 160, "{wins} of {expected}");
        }
    }

    #[test]
    fn rates_are_squashed_in_whole_numbers() {
        let record = |paid, won| TrackRecord { won, paid };
        assert_eq!(record(0, 0).rate(), 500_000);
        assert_eq!(record(85, 90).rate(), 900_000);
        assert_eq!(record(9, 0).rate(), 736_842);
        assert!(record(0, u64::MAX).rate() > 0);
        let factor = |quarters: u8, record| {
            Ranking::ExpectedRevenue(Squash::try_from(quarters).unwrap()).factor(record)
        };
        assert_eq!(factor(0, record(0, 90)), MILLION);
        assert_eq!(factor(4, record(85, 90)), 900_000);
        assert_eq!(factor(2, record(76, 90)), 900_000);
        assert_eq!(factor(1, record(0, 0)), 840_896);
        assert_eq!(Ranking::HighestBid.factor(record(0, 90)), MILLION);
        assert_eq!(Squash::try_from(5), Err(InvalidSquash(5)));
        assert!(serde_json::from_str::<Squash>("5").is_err());
    }
}
