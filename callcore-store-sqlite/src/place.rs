//! Places under caps: counters, and the items that say whose each place is.

use std::collections::{BTreeSet, HashMap};

use callcore::port::StoreError;
use callcore::routing::Cap;
use callcore::vocabulary::{CallId, TenantId};
use chrono::{DateTime, Utc};
use sqlx::SqliteConnection;

use crate::error::failed;
use crate::row::json;

/// The key of a counter inside a tenant: scope, kind of window, window.
pub(crate) type Place = (String, String, String);

/// The counter of a cap at an instant.
pub(crate) fn place(cap: &Cap, now: DateTime<Utc>) -> Place {
    (cap.key.scope.key(), cap.key.window.name().to_owned(), cap.window_key(now))
}

/// What the counters show.
#[derive(Debug)]
pub(crate) struct Counters(HashMap<Place, u32>);

impl Counters {
    /// Reads the counters of these places.
    pub(crate) async fn read(
        db: &mut SqliteConnection,
        tenant: TenantId,
        places: &[&Place],
    ) -> Result<Self, StoreError> {
        if places.is_empty() {
            return Ok(Self(HashMap::new()));
        }
        // CROSS JOIN makes SQLite go from the few wanted places to the counters by their key.
        let rows: Vec<(String, String, String, u32)> = sqlx::query_as(
            "SELECT c.scope, c.window_kind, c.window_key, c.used \
             FROM json_each(?2) AS wanted CROSS JOIN cap_counters AS c \
             WHERE c.tenant_id = ?1 AND c.scope = wanted.value ->> 0 \
             AND c.window_kind = wanted.value ->> 1 AND c.window_key = wanted.value ->> 2",
        )
        .bind(tenant.uuid())
        .bind(json("places", &places)?)
        .fetch_all(db)
        .await
        .map_err(failed)?;
        let used = rows.into_iter().map(|(scope, kind, key, used)| ((scope, kind, key), used));
        Ok(Self(used.collect()))
    }

    /// How many places are taken.
    pub(crate) fn used(&self, place: &Place) -> u32 {
        self.0.get(place).copied().unwrap_or(0)
    }

    /// Leaves one place out of the count.
    pub(crate) fn leave_out(&mut self, place: &Place) {
        if let Some(used) = self.0.get_mut(place) {
            *used = used.saturating_sub(1);
        }
    }
}

/// Takes a place, if fewer than `limit` are taken.
pub(crate) async fn take(
    db: &mut SqliteConnection,
    tenant: TenantId,
    (scope, window_kind, window_key): &Place,
    limit: u32,
) -> Result<bool, StoreError> {
    let taken = sqlx::query(
        "INSERT INTO cap_counters (tenant_id, scope, window_kind, window_key, used) \
         SELECT ?1, ?2, ?3, ?4, 1 WHERE ?5 > 0 \
         ON CONFLICT (tenant_id, scope, window_kind, window_key) \
         DO UPDATE SET used = used + 1 WHERE used < ?5",
    )
    .bind(tenant.uuid())
    .bind(scope.as_str())
    .bind(window_kind.as_str())
    .bind(window_key.as_str())
    .bind(limit)
    .execute(db)
    .await
    .map_err(failed)?;
    Ok(taken.rows_affected() > 0)
}

/// Writes down whose these places are.
pub(crate) async fn note(
    db: &mut SqliteConnection,
    tenant: TenantId,
    (call, attempt): (CallId, u32),
    places: &BTreeSet<Place>,
    expires_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    if places.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO reservation_items (tenant_id, call_id, attempt, scope, window_kind, \
         window_key, expires_at) SELECT ?1, ?2, ?3, value ->> 0, value ->> 1, value ->> 2, ?5 \
         FROM json_each(?4)",
    )
    .bind(tenant.uuid())
    .bind(call.uuid())
    .bind(attempt)
    .bind(json("places", places)?)
    .bind(expires_at.timestamp_micros())
    .execute(db)
    .await
    .map(drop)
    .map_err(failed)
}

/// Closes the lease of an attempt and gives back its concurrency places, and with `refund` the
/// others. What it gave back before, or never had, is not there to be given back.
pub(crate) async fn give_back(
    db: &mut SqliteConnection,
    tenant: TenantId,
    (call, attempt): (CallId, u32),
    refund: bool,
) -> Result<(), StoreError> {
    for statement in [
        "UPDATE cap_counters AS c SET used = used - 1 FROM reservation_items AS i \
         WHERE i.tenant_id = ?1 AND i.call_id = ?2 AND i.attempt = ?3 \
         AND (?4 OR i.window_kind = 'concurrent') AND c.tenant_id = ?1 AND c.scope = i.scope \
         AND c.window_kind = i.window_kind AND c.window_key = i.window_key",
        "DELETE FROM reservation_items WHERE tenant_id = ?1 AND call_id = ?2 AND attempt = ?3 \
         AND (?4 OR window_kind = 'concurrent')",
        "UPDATE reservations SET open = 0 \
         WHERE tenant_id = ?1 AND call_id = ?2 AND attempt = ?3 AND open = 1",
    ] {
        sqlx::query(statement)
            .bind(tenant.uuid())
            .bind(call.uuid())
            .bind(attempt)
            .bind(refund)
            .execute(&mut *db)
            .await
            .map_err(failed)?;
    }
    Ok(())
}

/// Gives back the concurrency places of leases that ran out. The leases stay open: the sweep still
/// has to find out whether they deserve a refund.
pub(crate) async fn free_expired(
    db: &mut SqliteConnection,
    tenant: TenantId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let freed: Vec<Place> = sqlx::query_as(
        "DELETE FROM reservation_items \
         WHERE tenant_id = ?1 AND window_kind = 'concurrent' AND expires_at <= ?2 \
         RETURNING scope, window_kind, window_key",
    )
    .bind(tenant.uuid())
    .bind(now.timestamp_micros())
    .fetch_all(&mut *db)
    .await
    .map_err(failed)?;
    for (scope, window_kind, window_key) in freed {
        sqlx::query(
            "UPDATE cap_counters SET used = used - 1 \
             WHERE tenant_id = ?1 AND scope = ?2 AND window_kind = ?3 AND window_key = ?4",
        )
        .bind(tenant.uuid())
        .bind(scope)
        .bind(window_kind)
        .bind(window_key)
        .execute(&mut *db)
        .await
        .map_err(failed)?;
    }
    Ok(())
}
