//! Configuration objects, written and read by the API.

use async_trait::async_trait;
use callcore::model::{Assignment, Kind, Object, Stored, TargetAssignment};
use callcore::port::{Registry, RegistryError, StoreError};
use callcore::vocabulary::{BuyerId, CampaignId, Page, PageRequest, TargetId, TenantId};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::assignment::{self, Assigned};
use crate::open::PgStore;
use crate::row::rounded;
use crate::transaction::snapshot;
use crate::{object, reference};

/// Any write of a campaign can move the choice which one answers its number.
fn moves_numbers(kind: Kind) -> bool {
    matches!(kind, Kind::Campaign | Kind::Number)
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
                reference::check(db, tenant, id, &row.value).await?;
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
                reference::check(db, tenant, id, &object).await?;
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
                let holders = reference::holders(db, tenant, kind, id).await?;
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
        self.put_assignment(Assigned::Buyers, tenant, campaign, buyer.uuid(), assignment, now).await
    }

    async fn unassign(
        &self,
        tenant: TenantId,
        campaign: CampaignId,
        buyer: BuyerId,
    ) -> Result<(), RegistryError> {
        self.delete_assignment(Assigned::Buyers, tenant, campaign, buyer.uuid()).await
    }

    async fn assignments(
        &self,
        tenant: TenantId,
        campaign: CampaignId,
    ) -> Result<Vec<Stored<Assignment>>, RegistryError> {
        self.list_assignments(Assigned::Buyers, tenant, campaign).await
    }

    async fn assign_target(
        &self,
        tenant: TenantId,
        campaign: CampaignId,
        target: TargetId,
        assignment: TargetAssignment,
        now: DateTime<Utc>,
    ) -> Result<Stored<TargetAssignment>, RegistryError> {
        self.put_assignment(Assigned::Targets, tenant, campaign, target.uuid(), assignment, now)
            .await
    }

    async fn unassign_target(
        &self,
        tenant: TenantId,
        campaign: CampaignId,
        target: TargetId,
    ) -> Result<(), RegistryError> {
        self.delete_assignment(Assigned::Targets, tenant, campaign, target.uuid()).await
    }

    async fn target_assignments(
        &self,
        tenant: TenantId,
        campaign: CampaignId,
    ) -> Result<Vec<Stored<TargetAssignment>>, RegistryError> {
        self.list_assignments(Assigned::Targets, tenant, campaign).await
    }
}

impl PgStore {
    async fn put_assignment<T: Serialize + DeserializeOwned + Send + Sync + 'static>(
        &self,
        assigned: Assigned,
        tenant: TenantId,
        campaign: CampaignId,
        id: Uuid,
        assignment: T,
        now: DateTime<Utc>,
    ) -> Result<Stored<T>, RegistryError> {
        let now = rounded(now)?;
        self.change(tenant, false, move |db| {
            Box::pin(async move {
                require(db, tenant, Kind::Campaign, campaign.uuid()).await?;
                require(db, tenant, assigned.kind(), id).await?;
                Ok(assignment::put(db, assigned, tenant, campaign, id, &assignment, now).await?)
            })
        })
        .await
    }

    async fn delete_assignment(
        &self,
        assigned: Assigned,
        tenant: TenantId,
        campaign: CampaignId,
        id: Uuid,
    ) -> Result<(), RegistryError> {
        self.change(tenant, false, move |db| {
            Box::pin(async move {
                require(db, tenant, Kind::Campaign, campaign.uuid()).await?;
                match assignment::delete(db, assigned, tenant, campaign, id).await? {
                    true => Ok(()),
                    false => Err(RegistryError::NotFound(assigned.kind())),
                }
            })
        })
        .await
    }

    async fn list_assignments<T: DeserializeOwned + Send + 'static>(
        &self,
        assigned: Assigned,
        tenant: TenantId,
        campaign: CampaignId,
    ) -> Result<Vec<Stored<T>>, RegistryError> {
        snapshot(self.api_pool()?, tenant, move |db| {
            Box::pin(async move {
                require(db, tenant, Kind::Campaign, campaign.uuid()).await?;
                Ok(assignment::list(db, assigned, tenant, campaign).await?)
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
