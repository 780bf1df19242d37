//! The configuration as plans read it.

use async_trait::async_trait;
use callcore::model::{
    Campaign, CampaignStatus, Kind, Number, Object, Router, Stored, Target, WrongKind,
};
use callcore::port::{
    AssignedBuyer, AssignedTarget, Directory, NumberUse, PinnedFlow, Source, StoreError, Trial,
};
use callcore::vocabulary::{CampaignId, NumberId, TenantId, TrialId};
use sqlx::SqliteConnection;
use uuid::Uuid;

use crate::SqliteStore;
use crate::assignment::{self, BUYERS, TARGETS};
use crate::error::failed;
use crate::flows;
use crate::object::{self, word};
use crate::revision;
use crate::trials;

#[async_trait]
impl Directory for SqliteStore {
    fn revision(&self, tenant: TenantId) -> u64 {
        self.revisions.tenant(tenant)
    }

    fn numbers_revision(&self) -> u64 {
        self.revisions.numbers()
    }

    async fn source(
        &self,
        tenant: TenantId,
        campaign: CampaignId,
        flow: Option<PinnedFlow>,
    ) -> Result<Option<Source>, StoreError> {
        self.snapshot(move |db| Box::pin(source(db, tenant, campaign, flow))).await
    }

    async fn trial(&self, tenant: TenantId, trial: TrialId) -> Result<Option<Trial>, StoreError> {
        self.snapshot(move |db| Box::pin(trials::read(db, tenant, trial))).await
    }
}

async fn source(
    db: &mut SqliteConnection,
    tenant: TenantId,
    id: CampaignId,
    flow: Option<PinnedFlow>,
) -> Result<Option<Source>, StoreError> {
    let Some(campaign) = row::<Campaign>(db, tenant, Kind::Campaign, id.uuid()).await? else {
        return Ok(None);
    };
    let (number, number_also_used_by) = match campaign.value.phone_number_id {
        Some(number) => (
            row::<Number>(db, tenant, Kind::Number, number.uuid()).await?,
            other_uses(db, tenant, number, id).await?,
        ),
        None => (None, Vec::new()),
    };
    let (router, router_targets) = match campaign.value.rtb_router_id {
        Some(router) => (
            row::<Router>(db, tenant, Kind::Router, router.uuid()).await?,
            router_targets(db, tenant, router.uuid()).await?,
        ),
        None => (None, Vec::new()),
    };
    Ok(Some(Source {
        tenant,
        revision: revision::read(db, tenant).await?,
        flow: flows::source(db, tenant, flow, campaign.value.flow_id).await?,
        campaign,
        number,
        number_also_used_by,
        buyers: buyers(db, tenant, id).await?,
        targets: targets(db, tenant, id).await?,
        router,
        router_targets,
    }))
}

async fn row<T: TryFrom<Object, Error = WrongKind>>(
    db: &mut SqliteConnection,
    tenant: TenantId,
    kind: Kind,
    id: Uuid,
) -> Result<Option<Stored<T>>, StoreError> {
    let row = object::read(db, tenant, kind, id).await?;
    let of_kind = |row: Stored<Object>| row.of().map_err(|error| wrong(kind, error));
    row.map(of_kind).transpose()
}

fn wrong(kind: Kind, error: WrongKind) -> StoreError {
    StoreError::corrupt(kind.name(), error)
}

async fn buyers(
    db: &mut SqliteConnection,
    tenant: TenantId,
    campaign: CampaignId,
) -> Result<Vec<AssignedBuyer>, StoreError> {
    let assignments = BUYERS.list(db, tenant, campaign).await?;
    let buyers = BUYERS.objects(db, tenant, campaign).await?;
    let pairs = assignments.into_iter().zip(buyers);
    Ok(pairs.map(|(assignment, buyer)| AssignedBuyer { assignment, buyer }).collect())
}

async fn targets(
    db: &mut SqliteConnection,
    tenant: TenantId,
    campaign: CampaignId,
) -> Result<Vec<AssignedTarget>, StoreError> {
    let assignments = TARGETS.list(db, tenant, campaign).await?;
    let targets = TARGETS.objects(db, tenant, campaign).await?;
    let pairs = assignments.into_iter().zip(targets);
    Ok(pairs.map(|(assignment, target)| AssignedTarget { assignment, target }).collect())
}

/// The targets of a router, in its order.
async fn router_targets(
    db: &mut SqliteConnection,
    tenant: TenantId,
    router: Uuid,
) -> Result<Vec<Stored<Target>>, StoreError> {
    let statement = "SELECT t.id, t.version, t.created_at, t.updated_at, t.document \
                     FROM rtb_router_assignments AS a \
                     JOIN rtb_targets AS t ON t.tenant_id = a.tenant_id AND t.id = a.target_id \
                     WHERE a.tenant_id = ?1 AND a.router_id = ?2 ORDER BY a.position";
    assignment::read(db, statement, tenant, router, "target").await
}

/// The other campaigns that name a number.
async fn other_uses(
    db: &mut SqliteConnection,
    tenant: TenantId,
    number: NumberId,
    campaign: CampaignId,
) -> Result<Vec<NumberUse>, StoreError> {
    let rows: Vec<(Uuid, String, String)> = sqlx::query_as(
        "SELECT id, name, status FROM campaigns \
         WHERE tenant_id = ?1 AND phone_number_id = ?2 AND id <> ?3 ORDER BY id",
    )
    .bind(tenant.uuid())
    .bind(number.uuid())
    .bind(campaign.uuid())
    .fetch_all(db)
    .await
    .map_err(failed)?;
    let use_of = |(id, name, status): (Uuid, String, String)| {
        let campaign = CampaignId::from_uuid(id);
        Ok(NumberUse { campaign, name, status: status_of(&status)? })
    };
    rows.into_iter().map(use_of).collect()
}

fn status_of(column: &str) -> Result<CampaignStatus, StoreError> {
    use CampaignStatus::{Active, Completed, Draft, Paused};
    [Draft, Active, Paused, Completed]
        .into_iter()
        .find(|status| word(*status) == column)
        .ok_or_else(|| StoreError::corrupt("campaign status", column.to_owned()))
}
