//! Everything that one step of a call needs, read at one instant.

use std::collections::BTreeMap;

use callcore::call::{Call, Contact, Directive, Fact, StepKey};
use callcore::port::{Ask, Look, StoreError};
use callcore::routing::{Activity, Cap, CapKey};
use callcore::vocabulary::{BuyerId, CallId, CampaignId, CandidateId, PhoneNumber, TenantId};
use chrono::{DateTime, Utc};
use sqlx::SqliteConnection;
use uuid::Uuid;

use crate::auctions::{live_bids, newest_log};
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
    let (call_with_version, reply) = find(db, tenant, call, ask.step.as_ref()).await?;
    Ok(Look {
        call: call_with_version,
        reply,
        usage: usage(db, tenant, call, &ask.caps, now).await?,
        contacts: match &ask.caller {
            Some(caller) => contacts(db, tenant, caller).await?,
            None => Vec::new(),
        },
        activity: match &ask.activity {
            Some((campaign, candidates)) => activity(db, tenant, *campaign, candidates).await?,
            None => BTreeMap::new(),
        },
        bids: match &ask.bids {
            Some(wanted) => live_bids(db, tenant, wanted, now).await?,
            None => BTreeMap::new(),
        },
        auction: newest_log(db, tenant, call).await?,
    })
}

/// The call with its version, and the reply that the step was given.
type Found = (Option<(Call, u64)>, Option<Vec<Directive>>);

async fn find(
    db: &mut SqliteConnection,
    tenant: TenantId,
    call: CallId,
    step: Option<&StepKey>,
) -> Result<Found, StoreError> {
    let row: Option<(String, i64, Option<String>)> = sqlx::query_as(
        "SELECT c.document, c.version, l.document FROM calls AS c LEFT JOIN call_logs AS l \
         ON l.tenant_id = c.tenant_id AND l.call_id = c.id AND l.step = ?3 \
         WHERE c.tenant_id = ?1 AND c.id = ?2",
    )
    .bind(tenant.uuid())
    .bind(call.uuid())
    .bind(step.map(StepKey::as_str))
    .fetch_optional(db)
    .await
    .map_err(failed)?;
    let Some((document, version, fact)) = row else { return Ok((None, None)) };
    let fact = fact.map(|fact| parse::<Fact>("fact", &fact)).transpose()?;
    let found = (parse("call", &document)?, count(version)?);
    Ok((Some(found), fact.map(|fact| fact.directives)))
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

/// What candidates did in a campaign, and when any campaign last kept them busy. The columns are
/// named after the buyers that were there first.
async fn activity(
    db: &mut SqliteConnection,
    tenant: TenantId,
    campaign: CampaignId,
    candidates: &[CandidateId],
) -> Result<BTreeMap<CandidateId, Activity>, StoreError> {
    let ids: Vec<String> = candidates.iter().map(|one| one.uuid().simple().to_string()).collect();
    let rows: Vec<(Uuid, i64, i64, i64, Option<i64>)> = sqlx::query_as(
        "SELECT buyer_id, SUM(IIF(campaign_id = ?2, offered, 0)), \
         SUM(IIF(campaign_id = ?2, answered, 0)), SUM(IIF(campaign_id = ?2, converted, 0)), \
         MAX(last_ended_at) FROM buyer_activity WHERE tenant_id = ?1 \
         AND buyer_id IN (SELECT unhex(value) FROM json_each(?3)) GROUP BY buyer_id",
    )
    .bind(tenant.uuid())
    .bind(campaign.uuid())
    .bind(json("candidates", &ids)?)
    .fetch_all(db)
    .await
    .map_err(failed)?;
    let mut activity: BTreeMap<CandidateId, Activity> =
        candidates.iter().map(|one| (*one, Activity::default())).collect();
    for (candidate, offered, answered, converted, last_ended_at) in rows {
        let known = Activity {
            offered: count(offered)?,
            answered: count(answered)?,
            converted: count(converted)?,
            last_ended_at: last_ended_at.map(instant).transpose()?,
        };
        activity.insert(CandidateId::from_uuid(candidate), known);
    }
    Ok(activity)
}
