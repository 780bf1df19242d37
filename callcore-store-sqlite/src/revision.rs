//! How often the configuration changed: kept in the file, mirrored in memory.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use callcore::port::StoreError;
use callcore::vocabulary::TenantId;
use sqlx::SqliteConnection;
use uuid::Uuid;

use crate::error::failed;
use crate::row::{column, count};

/// The revisions that this process knows of. They only go up, so it does not matter in which order
/// two changes that were committed one after the other get here.
#[derive(Debug, Default)]
pub(crate) struct Revisions {
    tenants: RwLock<HashMap<TenantId, u64>>,
    numbers: AtomicU64,
}

/// What a change raised.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Raised {
    tenant: u64,
    numbers: Option<u64>,
}

impl Revisions {
    /// All revisions of a file.
    pub(crate) async fn load(db: &mut SqliteConnection) -> Result<Self, StoreError> {
        let rows: Vec<(Uuid, i64)> =
            sqlx::query_as("SELECT tenant_id, revision FROM configuration_revisions")
                .fetch_all(&mut *db)
                .await
                .map_err(failed)?;
        let numbers: Option<i64> = sqlx::query_scalar("SELECT revision FROM numbers_revision")
            .fetch_optional(db)
            .await
            .map_err(failed)?;
        let revisions = Self::default();
        for (tenant, revision) in rows {
            revisions.learn(TenantId::from_uuid(tenant), count(revision)?);
        }
        revisions.numbers.store(count(numbers.unwrap_or(0))?, Ordering::Release);
        Ok(revisions)
    }

    pub(crate) fn tenant(&self, tenant: TenantId) -> u64 {
        let known = self.tenants.read().unwrap_or_else(PoisonError::into_inner);
        known.get(&tenant).copied().unwrap_or(0)
    }

    pub(crate) fn numbers(&self) -> u64 {
        self.numbers.load(Ordering::Acquire)
    }

    /// Takes note of a revision that was read.
    pub(crate) fn learn(&self, tenant: TenantId, revision: u64) {
        let mut known = self.tenants.write().unwrap_or_else(PoisonError::into_inner);
        let entry = known.entry(tenant).or_default();
        *entry = revision.max(*entry);
    }

    /// Takes note of a change that was committed.
    pub(crate) fn publish(&self, tenant: TenantId, raised: Raised) {
        self.learn(tenant, raised.tenant);
        if let Some(numbers) = raised.numbers {
            self.numbers.fetch_max(numbers, Ordering::AcqRel);
        }
    }
}

/// A tenant's revision inside a transaction.
pub(crate) async fn read(db: &mut SqliteConnection, tenant: TenantId) -> Result<u64, StoreError> {
    let revision: Option<i64> =
        sqlx::query_scalar("SELECT revision FROM configuration_revisions WHERE tenant_id = ?1")
            .bind(tenant.uuid())
            .fetch_optional(db)
            .await
            .map_err(failed)?;
    count(revision.unwrap_or(0))
}

/// Raises a tenant's revision, and with `numbers` that of the numbers, in the transaction of the
/// change.
pub(crate) async fn raise(
    db: &mut SqliteConnection,
    tenant: TenantId,
    numbers: bool,
) -> Result<Raised, StoreError> {
    let revision = read(db, tenant).await? + 1;
    sqlx::query(
        "INSERT OR REPLACE INTO configuration_revisions (tenant_id, revision) VALUES (?1, ?2)",
    )
    .bind(tenant.uuid())
    .bind(column(revision))
    .execute(&mut *db)
    .await
    .map_err(failed)?;
    if !numbers {
        return Ok(Raised { tenant: revision, numbers: None });
    }
    let raised: i64 = sqlx::query_scalar(
        "INSERT INTO numbers_revision (only, revision) VALUES (1, 1) \
         ON CONFLICT DO UPDATE SET revision = revision + 1 RETURNING revision",
    )
    .fetch_one(db)
    .await
    .map_err(failed)?;
    Ok(Raised { tenant: revision, numbers: Some(count(raised)?) })
}
