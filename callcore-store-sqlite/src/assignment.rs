//! What is assigned to campaigns: buyers, and targets in just the same way.

use callcore::model::Stored;
use callcore::port::StoreError;
use callcore::vocabulary::{CampaignId, TenantId};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::SqliteConnection;
use uuid::Uuid;

use crate::error::failed;
use crate::row::{Columns, json, parse, stored};

/// The statements on one table of assignments.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Assigned {
    put: &'static str,
    remove: &'static str,
    list: &'static str,
    /// Lists the objects that are assigned.
    objects: &'static str,
}

macro_rules! assigned {
    ($table:literal, $id:literal, $objects:literal) => {
        Assigned {
            put: concat!(
                "INSERT INTO ",
                $table,
                " (tenant_id, campaign_id, ",
                $id,
                ", position, version, created_at, updated_at, document) \
                 VALUES (?1, ?2, ?3, (SELECT COALESCE(MAX(position), 0) + 1 FROM ",
                $table,
                " WHERE tenant_id = ?1 AND campaign_id = ?2), 1, ?4, ?4, ?5) \
                 ON CONFLICT (tenant_id, campaign_id, ",
                $id,
                ") DO UPDATE SET version = version + 1, updated_at = ?4, document = ?5 RETURNING ",
                $id,
                ", version, created_at, updated_at, document"
            ),
            remove: concat!(
                "DELETE FROM ",
                $table,
                " WHERE tenant_id = ?1 AND campaign_id = ?2 AND ",
                $id,
                " = ?3"
            ),
            list: concat!(
                "SELECT ",
                $id,
                ", version, created_at, updated_at, document FROM ",
                $table,
                " WHERE tenant_id = ?1 AND campaign_id = ?2 ORDER BY position"
            ),
            objects: concat!(
                "SELECT o.id, o.version, o.created_at, o.updated_at, o.document FROM ",
                $table,
                " AS a JOIN ",
                $objects,
                " AS o ON o.tenant_id = a.tenant_id AND o.id = a.",
                $id,
                " WHERE a.tenant_id = ?1 AND a.campaign_id = ?2 ORDER BY a.position"
            ),
        }
    };
}

pub(crate) const BUYERS: Assigned = assigned!("campaign_buyers", "buyer_id", "buyers");
pub(crate) const TARGETS: Assigned = assigned!("campaign_targets", "target_id", "rtb_targets");

impl Assigned {
    pub(crate) async fn put<T: Serialize + DeserializeOwned>(
        self,
        db: &mut SqliteConnection,
        tenant: TenantId,
        (campaign, id): (CampaignId, Uuid),
        value: &T,
        now: DateTime<Utc>,
    ) -> Result<Stored<T>, StoreError> {
        let row: Columns = sqlx::query_as(self.put)
            .bind(tenant.uuid())
            .bind(campaign.uuid())
            .bind(id)
            .bind(now.timestamp_micros())
            .bind(json("assignment", value)?)
            .fetch_one(db)
            .await
            .map_err(failed)?;
        stored(row, |document| parse("assignment", document))
    }

    /// Answers whether there was anything to remove.
    pub(crate) async fn remove(
        self,
        db: &mut SqliteConnection,
        tenant: TenantId,
        (campaign, id): (CampaignId, Uuid),
    ) -> Result<bool, StoreError> {
        let removed = sqlx::query(self.remove)
            .bind(tenant.uuid())
            .bind(campaign.uuid())
            .bind(id)
            .execute(db)
            .await
            .map_err(failed)?;
        Ok(removed.rows_affected() > 0)
    }

    /// The assignments of a campaign, in the order of assignment.
    pub(crate) async fn list<T: DeserializeOwned>(
        self,
        db: &mut SqliteConnection,
        tenant: TenantId,
        campaign: CampaignId,
    ) -> Result<Vec<Stored<T>>, StoreError> {
        read(db, self.list, tenant, campaign.uuid(), "assignment").await
    }

    /// What is assigned to a campaign, in the same order. A foreign key and one snapshot give both
    /// lists the same length.
    pub(crate) async fn objects<T: DeserializeOwned>(
        self,
        db: &mut SqliteConnection,
        tenant: TenantId,
        campaign: CampaignId,
    ) -> Result<Vec<Stored<T>>, StoreError> {
        read(db, self.objects, tenant, campaign.uuid(), "assigned object").await
    }
}

/// Rows that belong to one thing of a tenant.
pub(crate) async fn read<T: DeserializeOwned>(
    db: &mut SqliteConnection,
    statement: &'static str,
    tenant: TenantId,
    owner: Uuid,
    what: &'static str,
) -> Result<Vec<Stored<T>>, StoreError> {
    let rows: Vec<Columns> = sqlx::query_as(statement)
        .bind(tenant.uuid())
        .bind(owner)
        .fetch_all(db)
        .await
        .map_err(failed)?;
    let read = |columns| stored(columns, |document| parse(what, document));
    rows.into_iter().map(read).collect()
}
