//! Configuration objects, written and read by the API.

use async_trait::async_trait;
use callcore::model::{Assignment, Kind, Object, Stored, TargetAssignment};
use callcore::port::{Registry, RegistryError, StoreError};
use callcore::vocabulary::{BuyerId, CampaignId, Page, PageRequest, TargetId, TenantId};
use chrono::{DateTime, Utc};
use sqlx::SqliteConnection;
use uuid::Uuid;

use crate::SqliteStore;
use crate::assignment::{BUYERS, TARGETS};
use crate::object;
use crate::row::rounded;

/// Any write of a campaign can move the choice which one answers its number.
fn moves_numbers(kind: Kind) -> bool {
    matches!(kind, Kind::Campaign | Kind::Number)
}

#[async_trait]
impl Registry for SqliteStore {
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
        self.snapshot(move |db| Box::pin(object::read(db, tenant, kind, id))).await
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
        let rows = self.snapshot(move |db| Box::pin(object::list(db, tenant, kind, page))).await;
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
                let place = (campaign, buyer.uuid());
                Ok(BUYERS.put(db, tenant, place, &assignment, now).await?)
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
                match BUYERS.remove(db, tenant, (campaign, buyer.uuid())).await? {
                    true => Ok(()),
                    false => Err(RegistryError::NotFound(Kind::Buyer)),
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
        self.snapshot(move |db| {
            Box::pin(async move {
                require(db, tenant, Kind::Campaign, campaign.uuid()).await?;
                Ok(BUYERS.list(db, tenant, campaign).await?)
            })
        })
        .await
    }

    async fn assign_target(
        &self,
        tenant: TenantId,
        campaign: CampaignId,
        target: TargetId,
        assignment: TargetAssignment,
        now: DateTime<Utc>,
    ) -> Result<Stored<TargetAssignment>, RegistryError> {
        let now = rounded(now)?;
        self.change(tenant, false, move |db| {
            Box::pin(async move {
                require(db, tenant, Kind::Campaign, campaign.uuid()).await?;
                require(db, tenant, Kind::Target, target.uuid()).await?;
                let place = (campaign, target.uuid());
                Ok(TARGETS.put(db, tenant, place, &assignment, now).await?)
            })
        })
        .await
    }

    async fn unassign_target(
        &self,
        tenant: TenantId,
        campaign: CampaignId,
        target: TargetId,
    ) -> Result<(), RegistryError> {
        self.change(tenant, false, move |db| {
            Box::pin(async move {
                require(db, tenant, Kind::Campaign, campaign.uuid()).await?;
                match TARGETS.remove(db, tenant, (campaign, target.uuid())).await? {
                    true => Ok(()),
                    false => Err(RegistryError::NotFound(Kind::Target)),
                }
            })
        })
        .await
    }

    async fn target_assignments(
        &self,
        tenant: TenantId,
        campaign: CampaignId,
    ) -> Result<Vec<Stored<TargetAssignment>>, RegistryError> {
        self.snapshot(move |db| {
            Box::pin(async move {
                require(db, tenant, Kind::Campaign, campaign.uuid()).await?;
                Ok(TARGETS.list(db, tenant, campaign).await?)
            })
        })
        .await
    }
}

async fn require(
    db: &mut SqliteConnection,
    tenant: TenantId,
    kind: Kind,
    id: Uuid,
) -> Result<(), RegistryError> {
    match object::exists(db, tenant, kind, id).await? {
        true => Ok(()),
        false => Err(RegistryError::NotFound(kind)),
    }
}
