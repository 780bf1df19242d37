//! How targets did of late, as far as this process saw.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use crate::auction::{Health, Sign};
use crate::vocabulary::{TargetId, TenantId, limits};

/// How often the book is looked through for targets whose failures are long ago.
const LOOKED_THROUGH_EVERY: TimeDelta = TimeDelta::hours(1);

/// The health of targets that fail. Whoever is not in it does well, so those whose failures are
/// forgiven are forgotten; of too many the worst stay, see [`limits::FAILING_TARGETS`].
#[derive(Debug, Default)]
pub(super) struct HealthBook(Mutex<Book>);

#[derive(Debug, Default)]
struct Book {
    failing: HashMap<(TenantId, TargetId), Health>,
    looked_through_at: Option<DateTime<Utc>>,
}

impl HealthBook {
    pub(super) fn of(&self, tenant: TenantId, target: TargetId) -> Health {
        let book = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        book.failing.get(&(tenant, target)).copied().unwrap_or_default()
    }

    /// Takes note of what one step saw, of each target once.
    pub(super) fn learn(
        &self,
        tenant: TenantId,
        signs: &BTreeMap<TargetId, Sign>,
        at: DateTime<Utc>,
    ) {
        let mut book = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (target, sign) in signs {
            book.note((tenant, *target), *sign, at);
        }
        book.forget(at);
    }
}

impl Book {
    fn note(&mut self, target: (TenantId, TargetId), sign: Sign, at: DateTime<Utc>) {
        let known = self.failing.get(&target).copied().unwrap_or_default();
        let health = known.after(sign, at);
        if health.failing(at) == 0 {
            self.failing.remove(&target);
        } else {
            self.failing.insert(target, health);
        }
    }

    fn forget(&mut self, now: DateTime<Utc>) {
        let since = now - *self.looked_through_at.get_or_insert(now);
        let too_many = self.failing.len() > limits::FAILING_TARGETS;
        if since < LOOKED_THROUGH_EVERY && !too_many {
            return;
        }
        self.looked_through_at = Some(now);
        self.failing.retain(|_, health| health.failing(now) > 0);
        if self.failing.len() > limits::FAILING_TARGETS {
            // Half of them go, so that this is not done for each one that comes.
            let mut worst: Vec<_> = self.failing.drain().collect();
            worst.sort_unstable_by_key(|(target, health)| (health.failing(now), *target));
            let kept = worst.into_iter().rev().take(limits::FAILING_TARGETS / 2);
            self.failing = kept.collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn target(n: usize) -> (TenantId, TargetId) {
        let id = |n: usize| Uuid::from_u128(n as u128);
        (TenantId::from_uuid(id(1)), TargetId::from_uuid(id(n)))
    }

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes)
    }

    fn seen(book: &mut Book, n: usize, sign: Sign, at: DateTime<Utc>) {
        book.note(target(n), sign, at);
        book.forget(at);
    }

    #[test]
    fn who_answers_is_not_in_the_book_and_who_recovers_leaves_it() {
        let mut book = Book::default();
        seen(&mut book, 1, Sign::Good, at(0));
        assert_eq!(book.failing.len(), 0);
        seen(&mut book, 1, Sign::Bad, at(0));
        assert_eq!(book.failing[&target(1)], Health::default().after(Sign::Bad, at(0)));
        for _ in 0..100 {
            seen(&mut book, 1, Sign::Good, at(0));
        }
        assert_eq!(book.failing.len(), 0);
    }

    #[test]
    fn a_target_that_is_not_seen_for_long_is_forgotten_once_it_is_forgiven() {
        let mut book = Book::default();
        for _ in 0..200 {
            seen(&mut book, 1, Sign::Bad, at(0));
        }
        seen(&mut book, 2, Sign::Bad, at(59));
        assert_eq!(book.failing.len(), 2);
        // Its failures still count a little, and then no more.
        seen(&mut book, 3, Sign::Good, at(61));
        assert_eq!(book.failing.len(), 2);
        seen(&mut book, 3, Sign::Good, at(122));
        assert!(!book.failing.contains_key(&target(1)));
        seen(&mut book, 3, Sign::Good, at(183));
        assert_eq!(book.failing.len(), 0);
    }

    #[test]
    fn of_too_many_the_worst_are_remembered() {
        let mut book = Book::default();
        for _ in 0..2 {
            seen(&mut book, 7, Sign::Bad, at(0));
        }
        for n in 100..100 + 3 * limits::FAILING_TARGETS {
            seen(&mut book, n, Sign::Bad, at(0));
            assert!(book.failing.len() <= limits::FAILING_TARGETS);
        }
        assert!(book.failing.contains_key(&target(7)));
        assert!(book.failing.len() >= limits::FAILING_TARGETS / 2);
    }
}
