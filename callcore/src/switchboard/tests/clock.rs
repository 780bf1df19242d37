//! A clock that stands still until it is set, and whose time of day can be set by itself.

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};

use crate::port::Clock;

#[derive(Debug)]
pub(super) struct SetClock {
    /// The time as it really passes.
    true_time: Mutex<DateTime<Utc>>,
    /// By how much the time of day is ahead.
    ahead: Mutex<TimeDelta>,
}

impl SetClock {
    pub(super) fn at(instant: &str) -> Self {
        let true_time = Mutex::new(instant.parse().unwrap());
        Self { true_time, ahead: Mutex::default() }
    }

    pub(super) fn advance(&self, time: TimeDelta) {
        *self.true_time.lock().unwrap() += time;
    }

    /// Somebody sets the time of day, while no time passes.
    pub(super) fn step(&self, by: TimeDelta) {
        *self.ahead.lock().unwrap() += by;
    }
}

#[async_trait]
impl Clock for SetClock {
    fn now(&self) -> DateTime<Utc> {
        *self.true_time.lock().unwrap() + *self.ahead.lock().unwrap()
    }

    fn monotonic(&self) -> Duration {
        (*self.true_time.lock().unwrap() - DateTime::UNIX_EPOCH).to_std().unwrap()
    }

    async fn sleep_until(&self, _: Duration) {}
}
