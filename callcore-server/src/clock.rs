//! The machine's clock.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use callcore::port::Clock;
use chrono::{DateTime, SubsecRound, Utc};

/// The machine's clock, to the microsecond.
#[derive(Debug)]
pub struct SystemClock {
    started: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self { started: Instant::now() }
    }
}

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now().trunc_subsecs(6)
    }

    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }

    async fn sleep_until(&self, deadline: Duration) {
        tokio::time::sleep_until((self.started + deadline).into()).await;
    }
}
