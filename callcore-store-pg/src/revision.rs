//! How often the configuration changed: kept in the database, mirrored in memory.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use callcore::port::StoreError;
use callcore::vocabulary::TenantId;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::error::failed;
use crate::row::count;

/// Where changes are told of. The payload is `tenant revision`, or `numbers revision`.
pub(crate) const CHANNEL: &str = "callcore_configuration";

/// The revisions that this process knows of. They only go up, so it does not matter in which order
/// two changes that were committed one after the other get here.
#[derive(Debug, Default)]
pub(crate) struct Revisions {
    tenants: RwLock<HashMap<TenantId, u64>>,
    numbers: AtomicU64,
}

impl Revisions {
    /// Takes note of everything that the database knows.
    pub(crate) async fn load(&self, pool: &PgPool) -> Result<(), StoreError> {
        let rows: Vec<(Uuid, i64)> =
            sqlx::query_as("SELECT tenant_id, revision FROM callcore_revisions()")
                .fetch_all(pool)
                .await
                .map_err(failed)?;
        let numbers: i64 = sqlx::query_scalar("SELECT revision FROM numbers_revision")
            .fetch_one(pool)
            .await
            .map_err(failed)?;
        for (tenant, revision) in rows {
            self.learn(TenantId::from_uuid(tenant), count(revision)?);
        }
        self.learn_numbers(count(numbers)?);
        Ok(())
    }

    pub(crate) fn tenant(&self, tenant: TenantId) -> u64 {
        let known = self.tenants.read().unwrap_or_else(PoisonError::into_inner);
        known.get(&tenant).copied().unwrap_or(0)
    }

    /// The revision of every tenant that configured anything.
    pub(crate) fn all(&self) -> Vec<(TenantId, u64)> {
        let known = self.tenants.read().unwrap_or_else(PoisonError::into_inner);
        known.iter().map(|(tenant, revision)| (*tenant, *revision)).collect()
    }

    pub(crate) fn numbers(&self) -> u64 {
        self.numbers.load(Ordering::Acquire)
    }

    /// Takes note of a tenant's revision that was committed.
    pub(crate) fn learn(&self, tenant: TenantId, revision: u64) {
        if self.tenant(tenant) >= revision {
            return;
        }
        let mut known = self.tenants.write().unwrap_or_else(PoisonError::into_inner);
        let entry = known.entry(tenant).or_default();
        *entry = revision.max(*entry);
    }

    /// Takes note of a revision of the numbers that was committed.
    pub(crate) fn learn_numbers(&self, revision: u64) {
        self.numbers.fetch_max(revision, Ordering::AcqRel);
    }

    /// Takes note of a notification. One that is not understood is left to the next look.
    pub(crate) fn hear(&self, payload: &str) {
        let Some((whose, revision)) = payload.split_once(' ') else { return };
        let Ok(revision) = revision.parse() else { return };
        match whose.parse() {
            Ok(tenant) => self.learn(TenantId::from_uuid(tenant), revision),
            Err(_) if whose == "numbers" => self.learn_numbers(revision),
            Err(_) => {}
        }
    }
}

/// A tenant's revision inside a transaction.
pub(crate) async fn read(db: &mut PgConnection, tenant: TenantId) -> Result<u64, StoreError> {
    let revision: Option<i64> =
        sqlx::query_scalar("SELECT revision FROM configuration_revisions WHERE tenant_id = $1")
            .bind(tenant.uuid())
            .fetch_optional(db)
            .await
            .map_err(failed)?;
    count(revision.unwrap_or(0))
}

/// Raises a tenant's revision in the transaction of the change, whose commit tells everybody.
pub(crate) async fn raise(db: &mut PgConnection, tenant: TenantId) -> Result<u64, StoreError> {
    let revision: i64 = sqlx::query_scalar(
        "WITH raised AS (INSERT INTO configuration_revisions AS r (tenant_id, revision) \
         VALUES ($1, 1) ON CONFLICT (tenant_id) DO UPDATE SET revision = r.revision + 1 \
         RETURNING revision) \
         SELECT revision FROM raised, pg_notify($2, $1::text || ' ' || revision::text)",
    )
    .bind(tenant.uuid())
    .bind(CHANNEL)
    .fetch_one(db)
    .await
    .map_err(failed)?;
    count(revision)
}

/// Raises the revision of the numbers in the transaction of the change.
pub(crate) async fn raise_numbers(db: &mut PgConnection) -> Result<u64, StoreError> {
    let revision: i64 = sqlx::query_scalar(
        "WITH raised AS (UPDATE numbers_revision SET revision = revision + 1 RETURNING revision) \
         SELECT revision FROM raised, pg_notify($1, 'numbers ' || revision::text)",
    )
    .bind(CHANNEL)
    .fetch_one(db)
    .await
    .map_err(failed)?;
    count(revision)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn revisions_never_go_back_and_nonsense_is_passed_over() {
        let (revisions, tenant) = (Revisions::default(), TenantId::from_uuid(Uuid::from_u128(7)));
        for payload in ["", "x", "x 3", "numbers", "numbers -1", "numbers 4", "numbers 2"] {
            revisions.hear(payload);
        }
        revisions.hear(&format!("{} 9", tenant.uuid()));
        revisions.hear(&format!("{} 8", tenant.uuid()));
        assert_eq!((revisions.tenant(tenant), revisions.numbers()), (9, 4));
    }
}
