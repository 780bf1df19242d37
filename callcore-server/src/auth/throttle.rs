//! Slows down who guesses passwords, or the secrets of targets.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use super::peer::Network;

/// So many failures within the window lock.
const FAILURES: usize = 10;
/// How long a failure counts.
const WINDOW: Duration = Duration::from_secs(15 * 60);
/// The first lock; each further one is twice as long.
const FIRST_LOCK: Duration = Duration::from_secs(60);
/// The longest lock.
const LONGEST_LOCK: Duration = Duration::from_secs(15 * 60);
/// How many suspects are remembered. The one that has been quiet for longest makes room.
const SUSPECTS: usize = 10_000;

/// Whose failures are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Suspect {
    /// A keyed hash of the user name that was tried, or of the kind of secret.
    pub(super) name: [u8; 32],
    /// Where it was tried from.
    pub(super) network: Network,
}

impl Suspect {
    /// Enough of the name's hash to tell which lines of the log belong together.
    pub(super) fn name_in_logs(&self) -> String {
        self.name.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
    }
}

#[derive(Debug, Default)]
struct Failures {
    /// The last failures inside the window, at most [`FAILURES`].
    times: VecDeque<Duration>,
    locks: u32,
    locked_until: Duration,
}

impl Failures {
    fn quiet_since(&self) -> Duration {
        self.times.back().copied().unwrap_or_default().max(self.locked_until)
    }
}

/// Counts failed sign-ins and reports. Its time is monotonic and comes from outside.
#[derive(Debug, Default)]
pub(super) struct Throttle {
    suspects: HashMap<Suspect, Failures>,
}

impl Throttle {
    /// How long nothing is tried for this suspect, if it is locked.
    pub(super) fn locked_for(&self, suspect: &Suspect, now: Duration) -> Option<Duration> {
        let left = self.suspects.get(suspect)?.locked_until.saturating_sub(now);
        (!left.is_zero()).then_some(left)
    }

    /// Counts a failure, and answers how long the lock is if this one led to it.
    pub(super) fn failed(&mut self, suspect: Suspect, now: Duration) -> Option<Duration> {
        self.make_room(&suspect, now);
        let failures = self.suspects.entry(suspect).or_default();
        failures.times.retain(|time| *time + WINDOW > now);
        failures.times.push_back(now);
        if failures.times.len() > FAILURES {
            failures.times.pop_front();
        }
        // A password that was being checked when the lock fell does not make it longer.
        if failures.times.len() < FAILURES || now < failures.locked_until {
            return None;
        }
        let lock = FIRST_LOCK.saturating_mul(2_u32.saturating_pow(failures.locks));
        let lock = lock.min(LONGEST_LOCK);
        failures.locks += 1;
        failures.locked_until = now + lock;
        Some(lock)
    }

    /// Forgets the failures of somebody who knew the password.
    pub(super) fn succeeded(&mut self, suspect: &Suspect) {
        self.suspects.remove(suspect);
    }

    /// Forgets what is too long ago to count, and one suspect more where there are too many.
    fn make_room(&mut self, suspect: &Suspect, now: Duration) {
        match self.suspects.get(suspect) {
            Some(failures) if failures.quiet_since() + WINDOW > now => return,
            Some(_) => {
                self.suspects.remove(suspect);
            }
            None => {}
        }
        if self.suspects.len() >= SUSPECTS {
            let quietest = self.suspects.iter().min_by_key(|(_, failures)| failures.quiet_since());
            if let Some(quietest) = quietest.map(|(suspect, _)| *suspect) {
                self.suspects.remove(&quietest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suspect(number: u16) -> Suspect {
        let mut name = [0; 32];
        name[..2].copy_from_slice(&number.to_be_bytes());
        Suspect { name, network: Network::default() }
    }

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn fail(throttle: &mut Throttle, times: usize, at: u64) -> Option<Duration> {
        (0..times).map(|_| throttle.failed(suspect(1), secs(at))).last().flatten()
    }

    #[test]
    fn ten_failures_lock_for_a_minute() {
        let mut throttle = Throttle::default();
        assert_eq!(fail(&mut throttle, 9, 100), None);
        assert_eq!(throttle.locked_for(&suspect(1), secs(100)), None);
        assert_eq!(fail(&mut throttle, 1, 101), Some(secs(60)));
        assert_eq!(throttle.locked_for(&suspect(1), secs(101)), Some(secs(60)));
        assert_eq!(throttle.locked_for(&suspect(1), secs(160)), Some(secs(1)));
        assert_eq!(throttle.locked_for(&suspect(1), secs(161)), None);
        assert_eq!(throttle.locked_for(&suspect(2), secs(101)), None);
    }

    #[test]
    fn each_further_lock_is_twice_as_long_up_to_a_quarter_of_an_hour() {
        let mut throttle = Throttle::default();
        let mut at = 0;
        let mut locks = Vec::new();
        while locks.len() < 7 {
            if let Some(lock) = fail(&mut throttle, 1, at) {
                locks.push(lock.as_secs());
                at += lock.as_secs();
            }
        }
        assert_eq!(locks, [60, 120, 240, 480, 900, 900, 900]);
    }

    #[test]
    fn a_failure_counts_for_a_quarter_of_an_hour() {
        let mut throttle = Throttle::default();
        fail(&mut throttle, 9, 0);
        assert_eq!(fail(&mut throttle, 1, 900), None);
        fail(&mut throttle, 8, 900);
        assert!(fail(&mut throttle, 1, 901).is_some());
    }

    #[test]
    fn a_quiet_quarter_of_an_hour_after_a_lock_forgets_it() {
        let mut throttle = Throttle::default();
        fail(&mut throttle, 10, 0);
        assert_eq!(fail(&mut throttle, 10, 60 + 900), Some(secs(60)));
    }

    #[test]
    fn success_forgets_the_failures() {
        let mut throttle = Throttle::default();
        fail(&mut throttle, 9, 0);
        throttle.succeeded(&suspect(1));
        assert_eq!(fail(&mut throttle, 9, 1), None);
        assert_eq!(throttle.locked_for(&suspect(1), secs(1)), None);
    }

    #[test]
    fn a_failure_during_the_lock_does_not_make_it_longer() {
        let mut throttle = Throttle::default();
        fail(&mut throttle, 10, 0);
        assert_eq!(fail(&mut throttle, 1, 1), None);
        assert_eq!(throttle.locked_for(&suspect(1), secs(1)), Some(secs(59)));
    }

    #[test]
    fn the_memory_is_bounded_and_a_lock_outlives_passers_by() {
        let mut throttle = Throttle::default();
        throttle.failed(suspect(0), secs(0));
        fail(&mut throttle, 10, 0);
        for number in 2..=10_000 {
            throttle.failed(suspect(number), secs(2));
        }
        assert_eq!(throttle.suspects.len(), SUSPECTS);
        assert!(!throttle.suspects.contains_key(&suspect(0)));
        assert!(throttle.locked_for(&suspect(1), secs(2)).is_some());
        throttle.failed(suspect(20_000), secs(3));
        assert_eq!(throttle.suspects.len(), SUSPECTS);
    }
}
