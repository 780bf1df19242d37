//! A clock that stands still until it is set.

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};

use crate::port::Clock;

#[derive(Debug)]
pub(super) struct SetClock(Mutex<DateTime<Utc>>);

impl SetClock {
    pub(super) fn at(instant: &str) -> Self {
        Self(Mutex::new(instant.parse().unwrap()))
    }

    pub(super) fn advance(&self, time: TimeDelta) {
        *self.0.lock().unwrap() += time;
    }
}

#[async_trait]
impl Clock for SetClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }

    fn monotonic(&self) -> Duration {
        (self.now() - DateTime::UNIX_EPOCH).to_std().unwrap()
    }

    async fn sleep_until(&self, _: Duration) {}
}
