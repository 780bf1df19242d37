//! Frees the leases that nobody will, of all tenants.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use callcore::port::{StoreError, Swept};
use chrono::{DateTime, TimeDelta, Utc};

use crate::error::failed;
use crate::open::PgStore;
use crate::row::{count, rounded};

/// Leases that are freed in one transaction: callers wait for it.
const BATCH: i32 = 500;
/// How far the database's clock may run from this process's own between two sweeps.
const DRIFT: TimeDelta = TimeDelta::seconds(5);

/// What the database's clock showed at the last sweep, and when that was by a clock that nobody sets.
#[derive(Debug, Default)]
pub(crate) struct LastSweep(Mutex<Option<(DateTime<Utc>, Instant)>>);

impl LastSweep {
    /// How far the database's clock was set since the last sweep; nothing at the first.
    fn drift(&self, shown: DateTime<Utc>, at: Instant) -> TimeDelta {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = last.replace((shown, at));
        let Some((shown_before, before)) = before else { return TimeDelta::zero() };
        let passed = at.saturating_duration_since(before);
        shown - shown_before - TimeDelta::from_std(passed).unwrap_or(TimeDelta::MAX)
    }
}

/// Frees what is dead, batch by batch. Where the database's clock jumped, nothing is freed this time
/// because of its age.
pub(crate) async fn sweep(store: &PgStore, now: DateTime<Utc>) -> Result<Swept, StoreError> {
    let now = store.now(rounded(now)?);
    let is_timely = now.is_some() || store.clock_is_steady().await?;
    let mut swept = Swept::default();
    loop {
        let (expired, ended, orphaned): (i64, i64, i64) =
            sqlx::query_as("SELECT * FROM callcore_sweep($1, $2, $3)")
                .bind(now)
                .bind(is_timely)
                .bind(BATCH)
                .fetch_one(store.background_pool()?)
                .await
                .map_err(failed)?;
        swept.expired += count(expired)?;
        swept.ended += count(ended)?;
        swept.orphaned += count(orphaned)?;
        if expired + ended + orphaned < i64::from(BATCH) {
            return Ok(swept);
        }
    }
}

impl PgStore {
    async fn clock_is_steady(&self) -> Result<bool, StoreError> {
        let asked = Instant::now();
        let shown: DateTime<Utc> = sqlx::query_scalar("SELECT clock_timestamp()")
            .fetch_one(self.background_pool()?)
            .await
            .map_err(failed)?;
        // The clock was read at some moment between question and answer.
        let answered_after = asked.elapsed();
        let drift = self.core.last_sweep.drift(shown, asked + answered_after / 2);
        let is_steady = drift.abs() <= DRIFT + uncertainty(answered_after);
        if !is_steady {
            let drift_secs = drift.num_seconds();
            tracing::error!(
                drift_secs,
                "the database's clock jumped: no lease is freed by its age"
            );
        }
        Ok(is_steady)
    }
}

fn uncertainty(answered_after: Duration) -> TimeDelta {
    TimeDelta::from_std(answered_after).unwrap_or(TimeDelta::zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_set_is_noticed_once() {
        let (sweeps, start) = (LastSweep::default(), Instant::now());
        let shown = DateTime::from_timestamp(1_795_608_000, 0).unwrap();
        let after = |secs: i64, shown_secs: i64| {
            let at = start + Duration::from_secs(secs.unsigned_abs());
            sweeps.drift(shown + TimeDelta::seconds(shown_secs), at)
        };
        assert_eq!(after(0, 0), TimeDelta::zero(), "nothing to compare with");
        assert_eq!(after(10, 12), TimeDelta::seconds(2));
        assert_eq!(after(20, 3_622), TimeDelta::hours(1));
        assert_eq!(after(30, 3_632), TimeDelta::zero());
        assert_eq!(after(40, 42), TimeDelta::hours(-1));
    }
}
