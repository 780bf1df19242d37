//! Configuration objects as rows, and what spans them.

use callcore::model::{Campaign, CampaignStatus, Kind, Object, Stored};
use callcore::port::{Holder, RegistryError, StoreError};
use callcore::vocabulary::{PageRequest, TenantId};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::error::{clashes_with, failed};
use crate::row::{Columns, column, object};
use crate::text::storable;

/// A statement on the table of a kind.
macro_rules! on_table {
    ($kind:expr, $before:literal, $after:literal) => {
        match $kind {
            Kind::Campaign => concat!($before, "campaigns", $after),
            Kind::Buyer => concat!($before, "buyers", $after),
            Kind::Number => concat!($before, "phone_numbers", $after),
        }
    };
}

pub(crate) async fn read(
    db: &mut PgConnection,
    tenant: TenantId,
    kind: Kind,
    id: Uuid,
) -> Result<Option<Stored<Object>>, StoreError> {
    let row: Option<Columns> = sqlx::query_as(on_table!(
        kind,
        "SELECT id, version, created_at, updated_at, document::text FROM ",
        " WHERE tenant_id = $1 AND id = $2"
    ))
    .bind(tenant.uuid())
    .bind(id)
    .fetch_optional(db)
    .await
    .map_err(failed)?;
    row.map(|columns| object(kind, columns)).transpose()
}

pub(crate) async fn exists(
    db: &mut PgConnection,
    tenant: TenantId,
    kind: Kind,
    id: Uuid,
) -> Result<bool, StoreError> {
    sqlx::query_scalar(on_table!(
        kind,
        "SELECT EXISTS (SELECT 1 FROM ",
        " WHERE tenant_id = $1 AND id = $2)"
    ))
    .bind(tenant.uuid())
    .bind(id)
    .fetch_one(db)
    .await
    .map_err(failed)
}

/// Up to one row more than a page has.
pub(crate) async fn list(
    db: &mut PgConnection,
    tenant: TenantId,
    kind: Kind,
    page: PageRequest,
) -> Result<Vec<Stored<Object>>, StoreError> {
    let rows: Vec<Columns> = sqlx::query_as(on_table!(
        kind,
        "SELECT id, version, created_at, updated_at, document::text FROM ",
        " WHERE tenant_id = $1 AND (created_at, id) < (coalesce($2, 'infinity'::timestamptz), $3) \
         ORDER BY created_at DESC, id DESC LIMIT $4"
    ))
    .bind(tenant.uuid())
    .bind(page.after.map(|after| after.created_at))
    .bind(page.after.map_or(Uuid::max(), |after| after.id))
    .bind(surplus(page))
    .fetch_all(db)
    .await
    .map_err(failed)?;
    rows.into_iter().map(|columns| object(kind, columns)).collect()
}

/// How many rows a page is read from: one more than it has tells whether another follows.
pub(crate) fn surplus(page: PageRequest) -> i64 {
    column(page.limit as u64).saturating_add(1)
}

/// Writes a row, new or not. Whether some tenant has its number shows here.
pub(crate) async fn put(
    db: &mut PgConnection,
    tenant: TenantId,
    row: &Stored<Object>,
) -> Result<(), RegistryError> {
    let query = match &row.value {
        Object::Campaign(_) => sqlx::query(
            "INSERT INTO campaigns (tenant_id, id, version, created_at, updated_at, document, \
             name, status, phone_number_id) VALUES ($1, $2, $3, $4, $5, $6::json, $7, $8, $9) \
             ON CONFLICT (tenant_id, id) DO UPDATE SET version = $3, updated_at = $5, \
             document = $6::json, name = $7, status = $8, phone_number_id = $9",
        ),
        Object::Buyer(_) => sqlx::query(
            "INSERT INTO buyers (tenant_id, id, version, created_at, updated_at, document) \
             VALUES ($1, $2, $3, $4, $5, $6::json) ON CONFLICT (tenant_id, id) DO UPDATE SET \
             version = $3, updated_at = $5, document = $6::json",
        ),
        Object::Number(_) => sqlx::query(
            "INSERT INTO phone_numbers (tenant_id, id, version, created_at, updated_at, document, \
             number) VALUES ($1, $2, $3, $4, $5, $6::json, $7) ON CONFLICT (tenant_id, id) DO \
             UPDATE SET version = $3, updated_at = $5, document = $6::json, number = $7",
        ),
    };
    let kind = row.value.kind();
    let document = row.value.to_json().map_err(|error| StoreError::corrupt(kind.name(), error))?;
    let query = query
        .bind(tenant.uuid())
        .bind(row.id)
        .bind(column(row.version))
        .bind(row.created_at)
        .bind(row.updated_at)
        .bind(document);
    let query = match &row.value {
        Object::Campaign(campaign) => query
            .bind(storable(&campaign.name))
            .bind(word(campaign.status))
            .bind(campaign.phone_number_id.map(callcore::vocabulary::NumberId::uuid)),
        Object::Buyer(_) => query,
        Object::Number(number) => query.bind(number.number.as_str()),
    };
    match query.execute(db).await {
        Ok(_) => Ok(()),
        Err(error) if clashes_with(&error, "phone_numbers_number") => {
            Err(RegistryError::NumberUnavailable)
        }
        Err(error) => Err(failed(error).into()),
    }
}

pub(crate) async fn delete(
    db: &mut PgConnection,
    tenant: TenantId,
    kind: Kind,
    id: Uuid,
) -> Result<(), StoreError> {
    sqlx::query(on_table!(kind, "DELETE FROM ", " WHERE tenant_id = $1 AND id = $2"))
        .bind(tenant.uuid())
        .bind(id)
        .execute(db)
        .await
        .map(drop)
        .map_err(failed)
}

/// Refuses what spans objects of a tenant. No other change of the tenant happens at the same time.
pub(crate) async fn check(
    db: &mut PgConnection,
    tenant: TenantId,
    id: Uuid,
    object: &Object,
) -> Result<(), RegistryError> {
    match object {
        Object::Campaign(campaign) => check_campaign(db, tenant, id, campaign).await,
        Object::Buyer(_) | Object::Number(_) => Ok(()),
    }
}

/// A campaign names a number that is there, and shares it with no other active one.
async fn check_campaign(
    db: &mut PgConnection,
    tenant: TenantId,
    id: Uuid,
    campaign: &Campaign,
) -> Result<(), RegistryError> {
    let Some(number) = campaign.phone_number_id else { return Ok(()) };
    if !exists(db, tenant, Kind::Number, number.uuid()).await? {
        let path = "/phoneNumberId";
        return Err(RegistryError::UnknownReference { path, kind: Kind::Number });
    }
    if campaign.status != CampaignStatus::Active {
        return Ok(());
    }
    let rival: Option<(Uuid, String)> = sqlx::query_as(
        "SELECT id, name FROM campaigns \
         WHERE tenant_id = $1 AND phone_number_id = $2 AND status = 'active' AND id <> $3",
    )
    .bind(tenant.uuid())
    .bind(number.uuid())
    .bind(id)
    .fetch_optional(db)
    .await
    .map_err(failed)?;
    match rival {
        Some(rival) => Err(RegistryError::NumberInUse(holder(rival))),
        None => Ok(()),
    }
}

/// What holds on to an object, so that it cannot be deleted.
pub(crate) async fn holders(
    db: &mut PgConnection,
    tenant: TenantId,
    kind: Kind,
    id: Uuid,
) -> Result<Vec<Holder>, StoreError> {
    let query = match kind {
        Kind::Campaign => return Ok(Vec::new()),
        Kind::Buyer => sqlx::query_as(
            "SELECT c.id, c.name FROM campaign_buyers AS a \
             JOIN campaigns AS c ON c.tenant_id = a.tenant_id AND c.id = a.campaign_id \
             WHERE a.tenant_id = $1 AND a.buyer_id = $2 ORDER BY c.id",
        ),
        Kind::Number => sqlx::query_as(
            "SELECT id, name FROM campaigns WHERE tenant_id = $1 AND phone_number_id = $2 \
             ORDER BY id",
        ),
    };
    let rows: Vec<(Uuid, String)> =
        query.bind(tenant.uuid()).bind(id).fetch_all(db).await.map_err(failed)?;
    Ok(rows.into_iter().map(holder).collect())
}

fn holder((id, name): (Uuid, String)) -> Holder {
    Holder { kind: Kind::Campaign, id, name }
}

/// The column of a campaign's status. Migrations name these words, so they are written out.
pub(crate) const fn word(status: CampaignStatus) -> &'static str {
    match status {
        CampaignStatus::Draft => "draft",
        CampaignStatus::Active => "active",
        CampaignStatus::Paused => "paused",
        CampaignStatus::Completed => "completed",
    }
}
