//! Who works on a step that is not saved yet.

use callcore::call::{Fact, StepKey};
use callcore::port::{Begun, StoreError};
use callcore::vocabulary::{CallId, TenantId};
use chrono::{DateTime, Utc};
use sqlx::SqliteConnection;

use crate::error::failed;
use crate::row::{instant, parse};

pub(crate) async fn begin(
    db: &mut SqliteConnection,
    tenant: TenantId,
    call: CallId,
    step: &StepKey,
    (until, now): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Begun, StoreError> {
    let fact: Option<String> = sqlx::query_scalar(
        "SELECT document FROM call_logs WHERE tenant_id = ?1 AND call_id = ?2 AND step = ?3",
    )
    .bind(tenant.uuid())
    .bind(call.uuid())
    .bind(step.as_str())
    .fetch_optional(&mut *db)
    .await
    .map_err(failed)?;
    if let Some(fact) = fact {
        return Ok(Begun::Stored(parse::<Fact>("fact", &fact)?.directives));
    }
    let begun = sqlx::query(
        "INSERT INTO steps_begun (tenant_id, call_id, step, until) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT (tenant_id, call_id, step) DO UPDATE SET until = ?4 WHERE until <= ?5",
    )
    .bind(tenant.uuid())
    .bind(call.uuid())
    .bind(step.as_str())
    .bind(until.timestamp_micros())
    .bind(now.timestamp_micros())
    .execute(&mut *db)
    .await
    .map_err(failed)?;
    if begun.rows_affected() > 0 {
        return Ok(Begun::Fresh);
    }
    let until: i64 = sqlx::query_scalar(
        "SELECT until FROM steps_begun WHERE tenant_id = ?1 AND call_id = ?2 AND step = ?3",
    )
    .bind(tenant.uuid())
    .bind(call.uuid())
    .bind(step.as_str())
    .fetch_one(db)
    .await
    .map_err(failed)?;
    Ok(Begun::Busy { until: instant(until)? })
}

/// Forgets who worked on a step that was saved.
pub(crate) async fn end(
    db: &mut SqliteConnection,
    tenant: TenantId,
    call: CallId,
    step: &StepKey,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM steps_begun WHERE tenant_id = ?1 AND call_id = ?2 AND step = ?3")
        .bind(tenant.uuid())
        .bind(call.uuid())
        .bind(step.as_str())
        .execute(db)
        .await
        .map(drop)
        .map_err(failed)
}

/// Whether somebody works on a step of a call of which nothing is saved. There are no more rows than
/// steps that are worked on right now.
pub(crate) async fn is_any_begun(
    db: &mut SqliteConnection,
    call: CallId,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM steps_begun WHERE call_id = ?1 AND until > ?2) \
         AND NOT EXISTS (SELECT 1 FROM calls WHERE id = ?1)",
    )
    .bind(call.uuid())
    .bind(now.timestamp_micros())
    .fetch_one(db)
    .await
    .map_err(failed)
}

/// Whether anybody's time on a step is over.
pub(crate) async fn is_any_abandoned(
    db: &mut SqliteConnection,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM steps_begun WHERE until <= ?1)")
        .bind(now.timestamp_micros())
        .fetch_one(db)
        .await
        .map_err(failed)
}

/// Forgets the steps on which nobody works any more: whoever begins one is fresh either way.
pub(crate) async fn forget_abandoned(
    db: &mut SqliteConnection,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM steps_begun WHERE until <= ?1")
        .bind(now.timestamp_micros())
        .execute(db)
        .await
        .map(drop)
        .map_err(failed)
}
