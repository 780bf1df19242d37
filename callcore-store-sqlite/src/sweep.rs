//! Frees the leases that nobody will, and forgets steps that were abandoned.

use callcore::port::{StoreError, Swept};
use callcore::vocabulary::{CallId, TenantId};
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::SqliteConnection;
use uuid::Uuid;

use crate::SqliteStore;
use crate::begin::{forget_abandoned, is_any_abandoned};
use crate::error::failed;
use crate::place::give_back;
use crate::row::rounded;

/// How long a reservation may wait for the save that makes it known.
const UNKNOWN_FOR: TimeDelta = TimeDelta::minutes(1);
/// Leases that are freed in one transaction: callers wait for it.
const BATCH: usize = 200;

/// A lease that is to be freed: tenant, call, attempt, why.
type Dead = (Uuid, Uuid, u32, String);

impl SqliteStore {
    pub(crate) async fn sweep_leases(&self, now: DateTime<Utc>) -> Result<Swept, StoreError> {
        let now = rounded(now)?;
        let mut swept = Swept::default();
        if self.snapshot(move |db| Box::pin(is_any_abandoned(db, now))).await? {
            self.transaction(move |db| Box::pin(forget_abandoned(db, now))).await?;
        }
        loop {
            // Mostly nothing is dead, and a reader finds that out without keeping callers waiting.
            let found = self.snapshot(move |db| Box::pin(dead(db, now))).await?;
            if found.is_empty() {
                return Ok(swept);
            }
            let Swept { expired, ended, orphaned } =
                self.transaction(move |db| Box::pin(bury(db, now))).await?;
            swept.expired += expired;
            swept.ended += ended;
            swept.orphaned += orphaned;
            if found.len() < BATCH {
                return Ok(swept);
            }
        }
    }
}

async fn bury(db: &mut SqliteConnection, now: DateTime<Utc>) -> Result<Swept, StoreError> {
    let mut swept = Swept::default();
    for (tenant, call, attempt, why) in dead(db, now).await? {
        let (tenant, call) = (TenantId::from_uuid(tenant), CallId::from_uuid(call));
        match why.as_str() {
            "orphaned" => swept.orphaned += 1,
            "ended" => swept.ended += 1,
            _ => swept.expired += 1,
        }
        give_back(db, tenant, (call, attempt), why == "orphaned").await?;
    }
    Ok(swept)
}

/// Some of the leases that are dead. Whoever never dialled gets everything back, so such a lease is
/// never freed for another reason, however short it was.
async fn dead(db: &mut SqliteConnection, now: DateTime<Utc>) -> Result<Vec<Dead>, StoreError> {
    sqlx::query_as(
        "SELECT * FROM (SELECT r.tenant_id, r.call_id, r.attempt, CASE \
         WHEN NOT EXISTS (SELECT 1 FROM json_each(c.leases) \
         WHERE value = r.attempt || '/' || lower(hex(r.lease_id))) \
         THEN CASE WHEN r.granted_at < ?2 THEN 'orphaned' END \
         WHEN c.ended THEN 'ended' \
         WHEN r.expires_at <= ?1 THEN 'expired' END AS why \
         FROM reservations AS r \
         LEFT JOIN calls AS c ON c.tenant_id = r.tenant_id AND c.id = r.call_id \
         WHERE r.open = 1) WHERE why IS NOT NULL LIMIT ?3",
    )
    .bind(now.timestamp_micros())
    .bind((now - UNKNOWN_FOR).timestamp_micros())
    .bind(crate::row::column(BATCH as u64))
    .fetch_all(db)
    .await
    .map_err(failed)
}
