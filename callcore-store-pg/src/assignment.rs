//! The buyers and targets that are assigned to a campaign, as rows.

use callcore::model::{Kind, Stored};
use callcore::port::StoreError;
use callcore::vocabulary::{CampaignId, TenantId};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::error::failed;
use crate::row::{Columns, json, parse, stored};

/// What is assigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Assigned {
    Buyers,
    Targets,
}

impl Assigned {
    pub(crate) const fn kind(self) -> Kind {
        match self {
            Self::Buyers => Kind::Buyer,
            Self::Targets => Kind::Target,
        }
    }
}

/// A statement in which `TABLE` stands for the table of these assignments, `OWN` for the table of what
/// is assigned, and `ID` for the column that names it.
macro_rules! statement {
    (@piece $table:literal $id:literal $own:literal TABLE) => { $table };
    (@piece $table:literal $id:literal $own:literal ID) => { $id };
    (@piece $table:literal $id:literal $own:literal OWN) => { $own };
    (@piece $table:literal $id:literal $own:literal $sql:literal) => { $sql };
    (@join $names:tt $($piece:tt)+) => { concat!($(statement!(@each $names $piece)),+) };
    (@each [$table:literal $id:literal $own:literal] $piece:tt) => {
        statement!(@piece $table $id $own $piece)
    };
    ($assigned:expr, $($piece:tt)+) => {
        match $assigned {
            Assigned::Buyers => statement!(@join ["campaign_buyers" "buyer_id" "buyers"] $($piece)+),
            Assigned::Targets => {
                statement!(@join ["campaign_targets" "target_id" "rtb_targets"] $($piece)+)
            }
        }
    };
}

/// Assigns one to a campaign, or replaces its assignment.
pub(crate) async fn put<T: Serialize + DeserializeOwned>(
    db: &mut PgConnection,
    assigned: Assigned,
    tenant: TenantId,
    campaign: CampaignId,
    id: Uuid,
    assignment: &T,
    now: DateTime<Utc>,
) -> Result<Stored<T>, StoreError> {
    let row: Columns = sqlx::query_as(statement!(
        assigned,
        "INSERT INTO " TABLE " AS a (tenant_id, campaign_id, " ID ", position, version, \
         created_at, updated_at, document) \
         VALUES ($1, $2, $3, (SELECT coalesce(max(position), 0) + 1 FROM " TABLE
        " WHERE tenant_id = $1 AND campaign_id = $2), 1, $4, $4, $5::json) \
         ON CONFLICT (tenant_id, campaign_id, " ID ") DO UPDATE SET \
         version = a.version + 1, updated_at = $4, document = $5::json \
         RETURNING " ID ", version, created_at, updated_at, document::text"
    ))
    .bind(tenant.uuid())
    .bind(campaign.uuid())
    .bind(id)
    .bind(now)
    .bind(json("assignment", assignment)?)
    .fetch_one(db)
    .await
    .map_err(failed)?;
    stored(row, |document| parse("assignment", document))
}

/// Takes one out of a campaign and answers whether it was in it.
pub(crate) async fn delete(
    db: &mut PgConnection,
    assigned: Assigned,
    tenant: TenantId,
    campaign: CampaignId,
    id: Uuid,
) -> Result<bool, StoreError> {
    let deleted = sqlx::query(statement!(
        assigned,
        "DELETE FROM " TABLE " WHERE tenant_id = $1 AND campaign_id = $2 AND " ID " = $3"
    ))
    .bind(tenant.uuid())
    .bind(campaign.uuid())
    .bind(id)
    .execute(db)
    .await
    .map_err(failed)?;
    Ok(deleted.rows_affected() > 0)
}

/// The assignments of a campaign, in the order of assignment.
pub(crate) async fn list<T: DeserializeOwned>(
    db: &mut PgConnection,
    assigned: Assigned,
    tenant: TenantId,
    campaign: CampaignId,
) -> Result<Vec<Stored<T>>, StoreError> {
    let rows: Vec<Columns> = sqlx::query_as(statement!(
        assigned,
        "SELECT " ID ", version, created_at, updated_at, document::text FROM " TABLE
        " WHERE tenant_id = $1 AND campaign_id = $2 ORDER BY position"
    ))
    .bind(tenant.uuid())
    .bind(campaign.uuid())
    .fetch_all(db)
    .await
    .map_err(failed)?;
    let read = |columns| stored(columns, |document| parse("assignment", document));
    rows.into_iter().map(read).collect()
}

/// The assignments of a campaign, each with what is assigned. Both are read in one snapshot.
pub(crate) async fn pairs<A: DeserializeOwned, T: DeserializeOwned>(
    db: &mut PgConnection,
    assigned: Assigned,
    tenant: TenantId,
    campaign: CampaignId,
) -> Result<Vec<(Stored<A>, Stored<T>)>, StoreError> {
    let assignments = list(db, assigned, tenant, campaign).await?;
    if assignments.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<Columns> = sqlx::query_as(statement!(
        assigned,
        "SELECT b.id, b.version, b.created_at, b.updated_at, b.document::text FROM " TABLE " AS a \
         JOIN " OWN " AS b ON b.tenant_id = a.tenant_id AND b.id = a." ID
        " WHERE a.tenant_id = $1 AND a.campaign_id = $2 ORDER BY a.position"
    ))
    .bind(tenant.uuid())
    .bind(campaign.uuid())
    .fetch_all(db)
    .await
    .map_err(failed)?;
    // A foreign key and one snapshot give both lists the same length and order.
    let pairs = assignments.into_iter().zip(rows).map(|(assignment, columns)| {
        let own = stored(columns, |document| parse("assigned object", document))?;
        Ok((assignment, own))
    });
    pairs.collect()
}
