//! Throttling: a target that failed of late is asked less often, never less than one time in ten,
//! and recovers by itself (spec RTB-11).
//!
//! The shape is Prebid Server's (`reference/rtb.md` §2.1): a moving average of failures, and a chance
//! of skipping that ramps from 0 at 20 % to 90 % at 100 %. The differences mend what is weak there: a
//! failure counts once and is not followed by a success of its own, the arithmetic is whole numbers,
//! the draw is seeded, and health also heals with time, because calls are rarer than page views.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::machine::{Reply, Unanswered};
use super::{BidReply, Failure};
use crate::vocabulary::{Seed, TargetId};

const MILLION: u32 = 1_000_000;
/// One reply moves the average by this part of the way.
const WINDOW: u32 = 8;
/// The average halves in this time, whatever else happens.
const HALF_LIFE: TimeDelta = TimeDelta::minutes(5);
/// Up to this average nobody is skipped.
const PATIENCE: u32 = 200_000;
/// The highest chance of being skipped, in thousandths: a tenth always goes through.
const MOST_SKIPPED: u32 = 900;

/// What one exchange says of a target's health.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sign {
    /// It answered, be it with a bid or without one.
    Good,
    /// It did not answer in time, could not be reached, or its server failed.
    Bad,
}

/// How a target did of late: 0 is all good, a million all bad.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// The moving average of failures, in millionths.
    failing: u32,
    /// When the last sign was seen.
    seen_at: Option<DateTime<Utc>>,
}

impl Health {
    /// The average now, in millionths: halved for every five minutes without a sign, and on a
    /// straight line between the halves.
    pub fn failing(self, now: DateTime<Utc>) -> u32 {
        let elapsed =
            self.seen_at.map_or(TimeDelta::zero(), |seen| now - seen).num_seconds().max(0);
        let half_life = HALF_LIFE.num_seconds();
        let halves = u32::try_from(elapsed / half_life).unwrap_or(u32::MAX);
        let whole = u64::from(self.failing.min(MILLION).checked_shr(halves).unwrap_or(0));
        let part = (elapsed % half_life).unsigned_abs();
        let left = whole - whole * part / (2 * half_life.unsigned_abs());
        // Not above `failing`, which is a u32.
        left as u32
    }

    /// The health after one more sign. Each exchange gives exactly one.
    #[must_use]
    pub fn after(self, sign: Sign, at: DateTime<Utc>) -> Self {
        let before = self.failing(at);
        let failing = match sign {
            Sign::Good => before - before.div_ceil(WINDOW),
            Sign::Bad => before + (MILLION - before).div_ceil(WINDOW),
        };
        // A sign that arrives late must not turn the time back.
        Self { failing, seen_at: self.seen_at.max(Some(at)) }
    }

    /// The chance of being skipped, in thousandths.
    pub fn skipped_permille(self, now: DateTime<Utc>) -> u32 {
        let above = self.failing(now).saturating_sub(PATIENCE);
        // At most 800,000 times 900, which fits.
        above * MOST_SKIPPED / (MILLION - PATIENCE)
    }

    /// Whether a target of this health is asked: drawn by the auction's seed, the same way each time.
    pub fn admits(self, target: TargetId, seed: Seed, now: DateTime<Utc>) -> bool {
        let chance = u64::from(self.skipped_permille(now));
        chance == 0 || {
            let thing = [b"throttle/", target.uuid().as_bytes().as_slice()].concat();
            Seed::of_rank(seed.rank(&thing)).below(1_000) >= chance
        }
    }
}

impl Sign {
    /// What a reply says of the target's health; `None` where it says nothing. A refusal is a good
    /// sign, a reply that came late is a bad one, a mistake in the reply's content is neither.
    pub(crate) fn of(reply: &Reply, late: bool) -> Option<Self> {
        match reply {
            // Nothing was sent, so there was nothing to be late with.
            Reply::Unanswered(Unanswered::NotSent { .. }) => None,
            _ if late => Some(Self::Bad),
            Reply::Answered(BidReply::Failed(Failure::Http { status, .. })) => {
                // 429 is Too Many Requests (RFC 6585 §4): asking less is what it asks for.
                (*status >= 500 || *status == 429).then_some(Self::Bad)
            }
            Reply::Answered(BidReply::Failed(Failure::TooLarge)) => Some(Self::Bad),
            Reply::Answered(BidReply::Failed(_)) => None,
            Reply::Answered(_) => Some(Self::Good),
            // Ours, not the target's.
            Reply::Unanswered(Unanswered::Crashed | Unanswered::Forbidden) => None,
            Reply::Unanswered(_) => Some(Self::Bad),
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    fn after(signs: &[Sign]) -> Health {
        signs.iter().fold(Health::default(), |health, sign| health.after(*sign, at(0)))
    }

    fn admitted(health: Health, now: DateTime<Utc>) -> usize {
        let target = TargetId::from_uuid(Uuid::from_u128(7));
        (0..10_000)
            .filter(|call| health.admits(target, Seed::of_key(&call.to_string()), now))
            .count()
    }

    #[test]
    fn one_failure_throttles_nobody_and_many_leave_a_tenth() {
        assert_eq!(after(&[Sign::Bad]).skipped_permille(at(0)), 0);
        assert_eq!(admitted(after(&[Sign::Bad]), at(0)), 10_000);
        let down = after(&[Sign::Bad; 200]);
        assert_eq!((down.failing(at(0)), down.skipped_permille(at(0))), (MILLION, MOST_SKIPPED));
        let through = admitted(down, at(0));
        assert!((900..1_100).contains(&through), "{through}");
    }

    #[test]
    fn the_ramp_is_a_straight_line() {
        for (failing, permille) in
            [(0, 0), (200_000, 0), (400_000, 225), (600_000, 450), (1_000_000, 900)]
        {
            let health = Health { failing, seen_at: Some(at(0)) };
            assert_eq!(health.skipped_permille(at(0)), permille);
        }
    }

    #[test]
    fn a_target_recovers_by_good_replies_and_by_time() {
        let down = after(&[Sign::Bad; 50]);
        let probed = (0..20).fold(down, |health, _| health.after(Sign::Good, at(0)));
        assert_eq!(probed.skipped_permille(at(0)), 0);
        assert_eq!(
            (0..200).fold(down, |health, _| health.after(Sign::Good, at(0))).failing(at(0)),
            0
        );
        let mut before = down.failing(at(0));
        for second in 1..3_600 {
            let now = down.failing(at(second));
            assert!(now <= before, "{second}");
            before = now;
        }
        assert_eq!(down.skipped_permille(at(900)), 0);
        assert_eq!(down.failing(at(i64::from(u32::MAX) * 1_000)), 0);
    }

    #[test]
    fn a_server_error_counts_as_bad_exactly_once() {
        let status =
            |status| Reply::Answered(BidReply::Failed(Failure::Http { status, reason: None }));
        assert_eq!(Sign::of(&status(500), false), Some(Sign::Bad));
        assert_eq!(Sign::of(&status(429), false), Some(Sign::Bad));
        assert_eq!(Sign::of(&status(404), false), None);
        // Prebid's settles at half, because it counts a success after each failure.
        assert_eq!(after(&[Sign::Bad; 200]).failing(at(0)), MILLION);
    }

    #[test]
    fn what_was_never_sent_is_no_sign_even_where_that_came_out_late() {
        let verdict = crate::auction::Verdict::Capped;
        let unsent = Reply::from(Unanswered::NotSent { verdict, error: "no place".to_owned() });
        assert_eq!([false, true].map(|late| Sign::of(&unsent, late)), [None, None]);
        let forbidden = Reply::from(Unanswered::Forbidden);
        assert_eq!([false, true].map(|late| Sign::of(&forbidden, late)), [None, Some(Sign::Bad)]);
    }

    #[test]
    fn a_sign_that_is_seen_late_turns_no_time_back() {
        let late = after(&[Sign::Bad; 200]).after(Sign::Bad, at(-600));
        assert_eq!(late.seen_at, Some(at(0)));
        assert_eq!(late.failing(at(0)), MILLION);
    }
}
