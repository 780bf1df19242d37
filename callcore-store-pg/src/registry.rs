//! Configuration objects, written and read by the API.

use async_trait::async_trait;
use callcore::model::{Assignment, Kind, Object, Stored};
use callcore::port::{Registry, RegistryError, StoreError};
use callcore::vocabulary::{BuyerId, CampaignId, Page, PageRequest, TenantId};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::error::failed;
use crate::object;
use crate::open::PgStore;
use crate::row::{Columns, json, parse, rounded, stored};
use crate::transaction::snapshot;

/// Any write of a campaign can move the choice which one answers its number.
fn moves_numbers(kind: Kind) -> bool {
    kind != Kind::Buyer
}

#[async_trait]
impl Registry for PgStore {
    async fn create(
        &self,
        tenant: TenantId,
        id: Uuid,
        object: Object,
        now: DateTime<Utc>,
    ) -> Result<Stored<Object>, RegistryError> {
        let (kind, now) = (object.kind(), rounded(now)?);
        let row = Stored { id, version: 1, created_at: now, updated_at: now, value: object };
        self.change(tenant, moves_numbers(kind), move |db| {
            Box::pin(async move {
                if object::exists(db, tenant, kind, id).await? {
                    return Err(RegistryError::VersionConflict);
                }
                object::check(db, tenant, id, &row.value).await?;
                object::put(db, tenant, &row).await?;
                Ok(row)
            })
        })
        .await
    }

    async fn read(
        &self,
        tenant: TenantId,
        kind: Kind,
        id: Uuid,
    ) -> Result<Option<Stored<Object>>, StoreError> {
        snapshot(self.api_pool()?, tenant, move |db| Box::pin(object::read(db, tenant, kind, id)))
            .await
    }

    async fn replace(
        &self,
        tenant: TenantId,
        id: Uuid,
        version: u64,
        object: Object,
        now: DateTime<Utc>,
    ) -> Result<Stored<Object>, RegistryError> {
        let (kind, now) = (object.kind(), rounded(now)?);
        self.change(tenant, moves_numbers(kind), move |db| {
            Box::pin(async move {
                let before = object::read(db, tenant, kind, id).await?;
                let before = before.ok_or(RegistryError::NotFound(kind))?;
                if before.version != version {
                    return Err(RegistryError::VersionConflict);
                }
                object::check(db, tenant, id, &object).await?;
                let row = Stored { version: version + 1, updated_at: now, ..before.with(object) };
                object::put(db, tenant, &row).await?;
                Ok(row)
            })
        })
        .await
    }

    async fn delete(&self, tenant: TenantId, kind: Kind, id: Uuid) -> Result<(), RegistryError> {
        self.change(tenant, moves_numbers(kind), move |db| {
            Box::pin(async move {
                require(db, tenant, kind, id).await?;
                let holders = object::holders(db, tenant, kind, id).await?;
                if !holders.is_empty() {
                    return Err(RegistryError::InUse(holders));
                }
                Ok(object::delete(db, tenant, kind, id).await?)
            })
        })
        .await
    }

    async fn list(
        &self,
        tenant: TenantId,
        kind: Kind,
        page: PageRequest,
    ) -> Result<Page<Stored<Object>>, StoreError> {
        let pool = self.api_pool()?;
        let rows =
            snapshot(pool, tenant, move |db| Box::pin(object::list(db, tenant, kind, page))).await;
        Ok(Page::from_surplus(rows?, page.limit, Stored::cursor))
    }

    async fn assign(
        &self,
        tenant: TenantId,
        campaign: CampaignId,
        buyer: BuyerId,
        assignment: Assignment,
        now: DateTime<Utc>,
    ) -> Result<Stored<Assignment>, RegistryError> {
        let now = rounded(now)?;
        self.change(tenant, false, move |db| {
            Box::pin(async move {
                require(db, tenant, Kind::Campaign, campaign.uuid()).await?;
                require(db, tenant, Kind::Buyer, buyer.uuid()).await?;
                Ok(put_assignment(db, tenant, campaign, buyer, assignment, now).await?)
            })
        })
        .await
    }

    async fn unassign(
        &self,
        tenant: TenantId,
        campaign: CampaignId,
        buyer: BuyerId,
    ) -> Result<(), RegistryError> {
        self.change(tenant, false, move |db| {
            Box::pin(async move {
                require(db, tenant, Kind::Campaign, campaign.uuid()).await?;
                let deleted = sqlx::query(
                    "DELETE FROM campaign_buyers \
                     WHERE tenant_id = $1 AND campaign_id = $2 AND buyer_id = $3",
                )
                .bind(tenant.uuid())
                .bind(campaign.uuid())
                .bind(buyer.uuid())
                .execute(db)
                .await
                .map_err(failed)?;
                match deleted.rows_affected() {
                    0 => Err(RegistryError::NotFound(Kind::Buyer)),
                    _ => Ok(()),
                }
            })
        })
        .await
    }

    async fn assignments(
        &self,
        tenant: TenantId,
        campaign: CampaignId,
    ) -> Result<Vec<Stored<Assignment>>, RegistryError> {
        snapshot(self.api_pool()?, tenant, move |db| {
            Box::pin(async move {
                require(db, tenant, Kind::Campaign, campaign.uuid()).await?;
                Ok(assignments(db, tenant, campaign).await?)
            })
        })
        .await
    }
}

async fn require(
    db: &mut PgConnection,
    tenant: TenantId,
    kind: Kind,
    id: Uuid,
) -> Result<(), RegistryError> {
    match object::exists(db, tenant, kind, id).await? {
        true => Ok(()),
        false => Err(RegistryError::NotFound(kind)),
    }
}

async fn put_assignment(
    db: &mut PgConnection,
    tenant: TenantId,
    campaign: CampaignId,
    buyer: BuyerId,
    assignment: Assignment,
    now: DateTime<Utc>,
) -> Result<Stored<Assignment>, StoreError> {
    let row: Columns = sqlx::query_as(
        "INSERT INTO campaign_buyers AS a (tenant_id, campaign_id, buyer_id, position, version, \
         created_at, updated_at, document) \
         VALUES ($1, $2, $3, (SELECT coalesce(max(position), 0) + 1 FROM campaign_buyers \
         WHERE tenant_id = $1 AND campaign_id = $2), 1, $4, $4, $5::json) \
         ON CONFLICT (tenant_id, campaign_id, buyer_id) DO UPDATE SET \
         version = a.version + 1, updated_at = $4, document = $5::json \
         RETURNING buyer_id, version, created_at, updated_at, document::text",
    )
    .bind(tenant.uuid())
    .bind(campaign.uuid())
    .bind(buyer.uuid())
    .bind(now)
    .bind(json("assignment", &assignment)?)
    .fetch_one(db)
    .await
    .map_err(failed)?;
    stored(row, |document| parse("assignment", document))
}

/// The assignments of a campaign, in the order of assignment.
pub(crate) async fn assignments(
    db: &mut PgConnection,
    tenant: TenantId,
    campaign: CampaignId,
) -> Result<Vec<Stored<Assignment>>, StoreError> {
    let rows: Vec<Columns> = sqlx::query_as(
        "SELECT buyer_id, version, created_at, updated_at, document::text FROM campaign_buyers \
         WHERE tenant_id = $1 AND campaign_id = $2 ORDER BY position",
    )
    .bind(tenant.uuid())
    .bind(campaign.uuid())
    .fetch_all(db)
    .await
    .map_err(failed)?;
    let read = |columns| stored(columns, |document| parse("assignment", document));
    rows.into_iter().map(read).collect()
}
