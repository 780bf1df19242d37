//! A clock that stands still until it is told to move.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use callcore::port::Clock;
use chrono::{DateTime, SubsecRound, Utc};
use tokio::sync::watch;

/// A clock that a test moves by hand.
///
/// ```
/// use std::time::Duration;
///
/// use callcore::port::Clock;
/// use callcore_testkit::{ManualClock, fixtures};
///
/// let clock = ManualClock::new(fixtures::noon());
/// clock.advance(Duration::from_secs(90));
/// assert_eq!(clock.now(), fixtures::instant("2026-11-22T12:01:30Z"));
/// assert_eq!(clock.monotonic(), Duration::from_secs(90));
/// ```
#[derive(Debug)]
pub struct ManualClock {
    now: Mutex<DateTime<Utc>>,
    monotonic: watch::Sender<Duration>,
}

impl ManualClock {
    /// A clock that shows this time of day; its monotonic time begins at zero.
    pub fn new(now: DateTime<Utc>) -> Self {
        Self { now: Mutex::new(now.trunc_subsecs(6)), monotonic: watch::Sender::default() }
    }

    /// Moves both times on and wakes whoever slept long enough.
    ///
    /// # Panics
    /// Where the time of day would pass the end of chrono's calendar.
    pub fn advance(&self, by: Duration) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        *now = (*now + by).trunc_subsecs(6);
        self.monotonic.send_modify(|monotonic| *monotonic += by);
    }

    /// Sets the time of day, forwards or back, as an operator or NTP does. The monotonic time stays,
    /// so nobody wakes.
    pub fn set(&self, now: DateTime<Utc>) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = now.trunc_subsecs(6);
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn monotonic(&self) -> Duration {
        *self.monotonic.borrow()
    }

    async fn sleep_until(&self, deadline: Duration) {
        let mut monotonic = self.monotonic.subscribe();
        let reached = monotonic.wait_for(|monotonic| *monotonic >= deadline).await;
        reached.expect("the sender lives as long as the clock");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::fixtures::{instant, noon};

    #[tokio::test]
    async fn a_sleeper_wakes_when_its_deadline_comes() {
        let clock = Arc::new(ManualClock::new(noon()));
        let sleeper = tokio::spawn({
            let clock = Arc::clone(&clock);
            async move {
                clock.sleep_until(Duration::from_secs(10)).await;
                clock.monotonic()
            }
        });
        tokio::task::yield_now().await;
        clock.set(instant("2030-01-01T00:00:00Z"));
        clock.advance(Duration::from_secs(9));
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished(), "it sleeps for one second more");
        clock.advance(Duration::from_secs(1));
        assert_eq!(sleeper.await.unwrap(), Duration::from_secs(10));
    }

    #[tokio::test]
    async fn a_deadline_that_has_passed_is_no_wait() {
        let clock = ManualClock::new(noon());
        clock.advance(Duration::from_secs(1));
        clock.sleep_until(Duration::from_secs(1)).await;
        assert_eq!(clock.now(), instant("2026-11-22T12:00:01Z"));
    }
}
