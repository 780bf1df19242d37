//! Everything that one step of a call needs, read at one instant.

use std::collections::BTreeMap;

use callcore::call::{Call, Contact, Directive, Fact, StepKey};
use callcore::port::{Ask, Look, StoreError};
use callcore::routing::{Activity, Cap, CapKey};
use callcore::vocabulary::{BuyerId, CallId, CampaignId, PhoneNumber, TenantId};
use chrono::{DateTime, Utc};
use sqlx::SqliteConnection;
use uuid::Uuid;

use crate::error::failed;
use crate::place::{Counters, Place, place};
use crate::row::{count, instant, json, parse};

pub(crate) async fn look(
    db: &mut SqliteConnection,
    tenant: TenantId,
    call: CallId,
    ask: &Ask,
    now: DateTime<Utc>,
) -> Result<Look, StoreError> {
    let found = find(db, tenant, call).await?;
    let reply = match &ask.step {
        Some(step) if found.is_some() => reply(db, tenant, call, step).await?,
        _ => None,
    };
    Ok(Look {
        call: found,
        reply,
        usage: usage(db, tenant, call, &ask.caps, now).await?,
        contacts: match &ask.caller {
            Some(caller) => contacts(db, tenant, caller).await?,
            None => Vec::new(),
        },
        activity: match &ask.activity {
            Some((campaign, buyers)) => activity(db, tenant, *campaign, buyers).await?,
            None => BTreeMap::new(),
        },
    })
}

async fn find(
    db: &mut SqliteConnection,
    tenant: TenantId,
    call: CallId,
) -> Result<Option<(Call, u64)>, StoreError> {
    let row: Option<(String, i64)> =
        sqlx::query_as("SELECT document, version FROM calls WHERE tenant_id = ?1 AND id = ?2")
            .bind(tenant.uuid())
            .bind(call.uuid())
            .fetch_optional(db)
            .await
            .map_err(failed)?;
    row.map(|(document, version)| Ok((parse("call", &document)?, count(version)?))).transpose()
}

async fn reply(
    db: &mut SqliteConnection,
    tenant: TenantId,
    call: CallId,
    step: &StepKey,
) -> Result<Option<Vec<Directive>>, StoreError> {
    let document: Option<String> = sqlx::query_scalar(
        "SELECT document FROM call_logs WHERE tenant_id = ?1 AND call_id = ?2 AND step = ?3",
    )
    .bind(tenant.uuid())
    .bind(call.uuid())
    .bind(step.as_str())
    .fetch_optional(db)
    .await
    .map_err(failed)?;
    let fact = document.map(|document| parse::<Fact>("fact", &document)).transpose()?;
    Ok(fact.map(|fact| fact.directives))
}

/// Places that other calls have under these caps.
async fn usage(
    db: &mut SqliteConnection,
    tenant: TenantId,
    call: CallId,
    caps: &[Cap],
    now: DateTime<Utc>,
) -> Result<BTreeMap<CapKey, u32>, StoreError> {
    if caps.is_empty() {
        return Ok(BTreeMap::new());
    }
    let places: BTreeMap<CapKey, Place> =
        caps.iter().map(|cap| (cap.key, place(cap, now))).collect();
    let mut counters = Counters::read(db, tenant, &Vec::from_iter(places.values())).await?;
    let own_or_expired: Vec<Place> = sqlx::query_as(
        "SELECT scope, window_kind, window_key FROM reservation_items \
         WHERE tenant_id = ?1 AND call_id = ?2 \
         UNION ALL SELECT scope, window_kind, window_key FROM reservation_items \
         WHERE tenant_id = ?1 AND window_kind = 'concurrent' AND expires_at <= ?3 \
         AND call_id <> ?2",
    )
    .bind(tenant.uuid())
    .bind(call.uuid())
    .bind(now.timestamp_micros())
    .fetch_all(db)
    .await
    .map_err(failed)?;
    for place in &own_or_expired {
        counters.leave_out(place);
    }
    Ok(places.into_iter().map(|(key, place)| (key, counters.used(&place))).collect())
}

async fn contacts(
    db: &mut SqliteConnection,
    tenant: TenantId,
    caller: &PhoneNumber,
) -> Result<Vec<Contact>, StoreError> {
    let rows: Vec<(Uuid, Uuid, Option<i64>, Option<i64>)> = sqlx::query_as(
        "SELECT campaign_id, buyer_id, connected_at, converted_at FROM caller_contacts \
         WHERE tenant_id = ?1 AND caller = ?2 ORDER BY campaign_id, buyer_id",
    )
    .bind(tenant.uuid())
    .bind(caller.as_str())
    .fetch_all(db)
    .await
    .map_err(failed)?;
    let contact = |(campaign, buyer, connected_at, converted_at): (_, _, Option<_>, Option<_>)| {
        Ok(Contact {
            campaign: CampaignId::from_uuid(campaign),
            buyer: BuyerId::from_uuid(buyer),
            connected_at: connected_at.map(instant).transpose()?,
            converted_at: converted_at.map(instant).transpose()?,
        })
    };
    rows.into_iter().map(contact).collect()
}

/// What buyers did in a campaign, and when any campaign last kept them busy.
async fn activity(
    db: &mut SqliteConnection,
    tenant: TenantId,
    campaign: CampaignId,
    buyers: &[BuyerId],
) -> Result<BTreeMap<BuyerId, Activity>, StoreError> {
    let ids: Vec<String> = buyers.iter().map(|buyer| buyer.uuid().simple().to_string()).collect();
    let rows: Vec<(Uuid, i64, i64, i64, Option<i64>)> = sqlx::query_as(
        "SELECT buyer_id, SUM(IIF(campaign_id = ?2, offered, 0)), \
         SUM(IIF(campaign_id = ?2, answered, 0)), SUM(IIF(campaign_id = ?2, converted, 0)), \
         MAX(last_ended_at) FROM buyer_activity WHERE tenant_id = ?1 \
         AND buyer_id IN (SELECT unhex(value) FROM json_each(?3)) GROUP BY buyer_id",
    )
    .bind(tenant.uuid())
    .bind(campaign.uuid())
    .bind(json("buyers", &ids)?)
    .fetch_all(db)
    .await
    .map_err(failed)?;
    let mut activity: BTreeMap<BuyerId, Activity> =
        buyers.iter().map(|buyer| (*buyer, Activity::default())).collect();
    for (buyer, offered, answered, converted, last_ended_at) in rows {
        let known = Activity {
            offered: count(offered)?,
            answered: count(answered)?,
            converted: count(converted)?,
            last_ended_at: last_ended_at.map(instant).transpose()?,
        };
        activity.insert(BuyerId::from_uuid(buyer), known);
    }
    Ok(activity)
}
