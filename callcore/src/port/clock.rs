//! Time.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

/// The only way in which the core learns what time it is.
#[async_trait]
pub trait Clock: Debug + Send + Sync {
    /// The time of day, to the microsecond.
    fn now(&self) -> DateTime<Utc>;

    /// Time since some fixed moment, which never goes back.
    fn monotonic(&self) -> Duration;

    /// Waits until [`Clock::monotonic`] shows at least `deadline`.
    async fn sleep_until(&self, deadline: Duration);
}
