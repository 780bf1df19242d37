//! Frees the leases that nobody will, of all tenants, and forgets the steps that nobody works on.

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
            break;
        }
    }
    while forget_steps(store, now).await? == i64::from(BATCH) {}
    Ok(swept)
}

/// Forgets some of the steps that were begun and that nobody works on any more. It changes nothing
/// for whoever begins one of them, so the clock need not be trusted.
async fn forget_steps(store: &PgStore, now: Option<DateTime<Utc>>) -> Result<i64, StoreError> {
    sqlx::query_scalar("SELECT callcore_sweep_steps($1, $2)")
        .bind(now)
        .bind(BATCH)
        .fetch_one(store.background_pool()?)
        .await
        .map_err(failed)
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
    use callcore::call::StepKey;
    use callcore::port::{Begun, Calls as _};
    use callcore_testkit::fixtures::{call_id, noon, tenant};

    use super::*;
    use crate::database::Opened;

    #[tokio::test]
    async fn steps_that_nobody_works_on_are_forgotten() {
        let opened = Opened::hosted().await;
        let (store, voice) = (&opened.store, StepKey::voice());
        for n in 1..=3 {
            let until = noon() + Duration::from_secs(n.into());
            let begun = store.begin(tenant(n), call_id(n), &voice, until, noon()).await;
            assert_eq!(begun.unwrap(), Begun::Fresh);
        }
        let now = noon() + Duration::from_secs(2);
        assert_eq!(sweep(store, now).await.unwrap(), Swept::default());
        let mut db = opened.database.superuser().await;
        let left: Vec<uuid::Uuid> =
            sqlx::query_scalar("SELECT call_id FROM steps_begun").fetch_all(&mut db).await.unwrap();
        assert_eq!(left, [call_id(3).uuid()]);
        let until = noon() + Duration::from_secs(3);
        let begun = store.begin(tenant(3), call_id(3), &voice, until, now).await;
        assert_eq!(begun.unwrap(), Begun::Busy { until });
    }

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
