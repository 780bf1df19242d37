//! The configuration as plans read it.

use async_trait::async_trait;
use callcore::model::{Buyer, Campaign, CampaignStatus, Kind, Number, Object, Stored, WrongKind};
use callcore::port::{AssignedBuyer, Directory, NumberUse, Source, StoreError};
use callcore::vocabulary::{CampaignId, NumberId, TenantId};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::error::failed;
use crate::object::{self, word};
use crate::open::PgStore;
use crate::registry::assignments;
use crate::revision;
use crate::row::{Columns, parse, stored};
use crate::transaction::snapshot;

#[async_trait]
impl Directory for PgStore {
    fn revision(&self, tenant: TenantId) -> u64 {
        self.revisions().tenant(tenant)
    }

    fn numbers_revision(&self) -> u64 {
        self.revisions().numbers()
    }

    async fn source(
        &self,
        tenant: TenantId,
        campaign: CampaignId,
    ) -> Result<Option<Source>, StoreError> {
        snapshot(self.calls_pool()?, tenant, move |db| Box::pin(source(db, tenant, campaign))).await
    }
}

async fn source(
    db: &mut PgConnection,
    tenant: TenantId,
    id: CampaignId,
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
    Ok(Some(Source {
        tenant,
        revision: revision::read(db, tenant).await?,
        campaign,
        number,
        number_also_used_by,
        buyers: buyers(db, tenant, id).await?,
    }))
}

async fn row<T: TryFrom<Object, Error = WrongKind>>(
    db: &mut PgConnection,
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
    db: &mut PgConnection,
    tenant: TenantId,
    campaign: CampaignId,
) -> Result<Vec<AssignedBuyer>, StoreError> {
    let assignments = assignments(db, tenant, campaign).await?;
    let buyers: Vec<Columns> = sqlx::query_as(
        "SELECT b.id, b.version, b.created_at, b.updated_at, b.document::text FROM campaign_buyers AS a \
         JOIN buyers AS b ON b.tenant_id = a.tenant_id AND b.id = a.buyer_id \
         WHERE a.tenant_id = $1 AND a.campaign_id = $2 ORDER BY a.position",
    )
    .bind(tenant.uuid())
    .bind(campaign.uuid())
    .fetch_all(db)
    .await
    .map_err(failed)?;
    // A foreign key and one snapshot give both lists the same length and order.
    let pairs = assignments.into_iter().zip(buyers).map(|(assignment, columns)| {
        let buyer: Stored<Buyer> = stored(columns, |document| parse("buyer", document))?;
        Ok(AssignedBuyer { assignment, buyer })
    });
    pairs.collect()
}

/// The other campaigns that name a number.
async fn other_uses(
    db: &mut PgConnection,
    tenant: TenantId,
    number: NumberId,
    campaign: CampaignId,
) -> Result<Vec<NumberUse>, StoreError> {
    let rows: Vec<(Uuid, String, String)> = sqlx::query_as(
        "SELECT id, name, status FROM campaigns \
         WHERE tenant_id = $1 AND phone_number_id = $2 AND id <> $3 ORDER BY id",
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
