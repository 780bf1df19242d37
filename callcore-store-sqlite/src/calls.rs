//! Calls between webhooks, and their records.

use async_trait::async_trait;
use callcore::call::{Call, Contact, Growth, Passage, StepKey, Tally};
use callcore::port::{
    Ask, Begun, CallFilter, Calls, FlowFilter, Journey, Look, PassageFilter, Save, SaveError,
    StoreError,
};
use callcore::vocabulary::{BuyerId, CallId, Cursor, Page, PageRequest, PhoneNumber, TenantId};
use chrono::{DateTime, Utc};
use sqlx::{QueryBuilder, SqliteConnection};

use crate::SqliteStore;
use crate::auctions;
use crate::begin::{begin, end};
use crate::capacity::{close, release};
use crate::error::failed;
use crate::look::look;
use crate::object::surplus;
use crate::outbox;
use crate::passages::passages;
use crate::row::{column, count, json, parse, rounded};

#[async_trait]
impl Calls for SqliteStore {
    async fn look(
        &self,
        tenant: TenantId,
        call: CallId,
        ask: &Ask,
        now: DateTime<Utc>,
    ) -> Result<Look, StoreError> {
        let (ask, now) = (ask.clone(), rounded(now)?);
        self.snapshot(move |db| Box::pin(async move { look(db, tenant, call, &ask, now).await }))
            .await
    }

    async fn begin(
        &self,
        tenant: TenantId,
        call: CallId,
        step: &StepKey,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Begun, StoreError> {
        let (step, span) = (step.clone(), (rounded(until)?, rounded(now)?));
        self.transaction(move |db| {
            Box::pin(async move { begin(db, tenant, call, &step, span).await })
        })
        .await
    }

    async fn draw(
        &self,
        tenant: TenantId,
        call: CallId,
        rotation: &str,
        _now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let rotation = rotation.to_owned();
        self.transaction(move |db| Box::pin(async move { draw(db, tenant, call, &rotation).await }))
            .await
    }

    async fn save(&self, tenant: TenantId, save: Save) -> Result<(), SaveError> {
        self.transaction(move |db| {
            Box::pin(async move {
                let version = write_call(db, tenant, &save).await?;
                write_fact(db, tenant, &save, version).await?;
                end(db, tenant, save.call.id, &save.fact.step).await?;
                if let Some(auction) = &save.auction {
                    auctions::put(db, tenant, auction).await?;
                }
                grow(db, tenant, &save.growth).await?;
                release(db, tenant, save.call.id, &save.releases).await?;
                let now = rounded(save.fact.at)?;
                outbox::write(db, tenant, save.call.id, &save.outbox, now).await?;
                if save.call.is_over() {
                    close(db, tenant, &save.call).await?;
                }
                Ok(())
            })
        })
        .await
    }

    async fn read(&self, tenant: TenantId, call: CallId) -> Result<Option<Journey>, StoreError> {
        self.snapshot(move |db| Box::pin(journey(db, tenant, call))).await
    }

    async fn list(
        &self,
        tenant: TenantId,
        filter: &CallFilter,
        page: PageRequest,
    ) -> Result<Page<Call>, StoreError> {
        let filter = filter.clone();
        let calls = self
            .snapshot(move |db| Box::pin(async move { list(db, tenant, &filter, page).await }))
            .await?;
        Ok(Page::from_surplus(calls, page.limit, |call| Cursor {
            created_at: call.started_at,
            id: call.id.uuid(),
        }))
    }

    async fn passages(
        &self,
        tenant: TenantId,
        filter: &PassageFilter,
        page: PageRequest,
    ) -> Result<Page<Passage>, StoreError> {
        let filter = *filter;
        self.snapshot(move |db| Box::pin(passages(db, tenant, filter, page))).await
    }
}

async fn draw(
    db: &mut SqliteConnection,
    tenant: TenantId,
    call: CallId,
    rotation: &str,
) -> Result<u64, StoreError> {
    let drawn: Option<i64> = sqlx::query_scalar(
        "SELECT turn FROM rotation_turns WHERE tenant_id = ?1 AND rotation = ?2 AND call_id = ?3",
    )
    .bind(tenant.uuid())
    .bind(rotation)
    .bind(call.uuid())
    .fetch_optional(&mut *db)
    .await
    .map_err(failed)?;
    if let Some(turn) = drawn {
        return count(turn);
    }
    let turn: i64 = sqlx::query_scalar(
        "INSERT INTO rotations (tenant_id, rotation, turns) VALUES (?1, ?2, 1) \
         ON CONFLICT (tenant_id, rotation) DO UPDATE SET turns = turns + 1 RETURNING turns - 1",
    )
    .bind(tenant.uuid())
    .bind(rotation)
    .fetch_one(&mut *db)
    .await
    .map_err(failed)?;
    sqlx::query(
        "INSERT INTO rotation_turns (tenant_id, rotation, call_id, turn) VALUES (?1, ?2, ?3, ?4)",
    )
    .bind(tenant.uuid())
    .bind(rotation)
    .bind(call.uuid())
    .bind(turn)
    .execute(db)
    .await
    .map_err(failed)?;
    count(turn)
}

/// Compares and sets the call. Answers its new version.
async fn write_call(
    db: &mut SqliteConnection,
    tenant: TenantId,
    save: &Save,
) -> Result<u64, SaveError> {
    let query = match save.expected {
        // Also where the call is another tenant's: ids are unique over all of them.
        None => sqlx::query(
            "INSERT INTO calls (tenant_id, id, version, campaign_id, buyer_id, status, ended, \
             started_at, caller, leases, document, flow_id) \
             VALUES (?1, ?2, ?3 + 1, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT DO NOTHING",
        ),
        Some(_) => sqlx::query(
            "UPDATE calls SET version = version + 1, campaign_id = ?4, buyer_id = ?5, status = ?6, \
             ended = ?7, started_at = ?8, caller = ?9, leases = ?10, document = ?11, flow_id = ?12 \
             WHERE tenant_id = ?1 AND id = ?2 AND version = ?3",
        ),
    };
    let (call, version) = (&save.call, save.expected.unwrap_or(0));
    let written = query
        .bind(tenant.uuid())
        .bind(call.id.uuid())
        .bind(column(version))
        .bind(call.campaign.uuid())
        .bind(call.buyer().map(BuyerId::uuid))
        .bind(call.status.name())
        .bind(call.is_over())
        .bind(call.started_at.timestamp_micros())
        .bind(call.caller.address.as_str())
        .bind(json("leases", &leases(call))?)
        .bind(json("call", call)?)
        .bind(call.flow.as_ref().map(|session| session.flow.uuid()))
        .execute(db)
        .await
        .map_err(failed)?;
    match written.rows_affected() {
        0 => Err(SaveError::Conflict),
        _ => Ok(version + 1),
    }
}

/// The leases that the call knows of, as the sweep writes them.
fn leases(call: &Call) -> Vec<String> {
    let lease = |attempt: &callcore::call::Attempt| {
        Some(format!("{}/{}", attempt.attempt, attempt.lease?.uuid().simple()))
    };
    call.attempts.iter().filter_map(lease).collect()
}

async fn write_fact(
    db: &mut SqliteConnection,
    tenant: TenantId,
    save: &Save,
    position: u64,
) -> Result<(), SaveError> {
    let written = sqlx::query(
        "INSERT INTO call_logs (tenant_id, call_id, step, position, document) \
         VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (tenant_id, call_id, step) DO NOTHING",
    )
    .bind(tenant.uuid())
    .bind(save.call.id.uuid())
    .bind(save.fact.step.as_str())
    .bind(column(position))
    .bind(json("fact", &save.fact)?)
    .execute(&mut *db)
    .await
    .map_err(failed)?;
    if written.rows_affected() == 0 {
        return Err(SaveError::Conflict);
    }
    let Some(decision) = &save.decision else { return Ok(()) };
    sqlx::query(
        "INSERT INTO routing_decisions (tenant_id, call_id, position, step, document) \
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )
    .bind(tenant.uuid())
    .bind(save.call.id.uuid())
    .bind(column(position))
    .bind(save.fact.step.as_str())
    .bind(json("decision", decision)?)
    .execute(db)
    .await
    .map_err(failed)?;
    Ok(())
}

async fn grow(
    db: &mut SqliteConnection,
    tenant: TenantId,
    growth: &Growth,
) -> Result<(), StoreError> {
    for tally in &growth.tallies {
        add_tally(db, tenant, tally).await?;
    }
    if let Some(caller) = &growth.caller {
        for contact in &growth.contacts {
            add_contact(db, tenant, caller, contact).await?;
        }
    }
    Ok(())
}

async fn add_tally(
    db: &mut SqliteConnection,
    tenant: TenantId,
    tally: &Tally,
) -> Result<(), StoreError> {
    // The two-valued MAX is NULL where either value is.
    sqlx::query(
        "INSERT INTO buyer_activity (tenant_id, buyer_id, campaign_id, offered, answered, \
         converted, last_ended_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
         ON CONFLICT (tenant_id, buyer_id, campaign_id) DO UPDATE SET \
         offered = offered + ?4, answered = answered + ?5, converted = converted + ?6, \
         last_ended_at = COALESCE(MAX(last_ended_at, ?7), last_ended_at, ?7)",
    )
    .bind(tenant.uuid())
    .bind(tally.candidate.uuid())
    .bind(tally.campaign.uuid())
    .bind(tally.offered)
    .bind(tally.answered)
    .bind(tally.converted)
    .bind(tally.ended_at.map(|ended_at| ended_at.timestamp_micros()))
    .execute(db)
    .await
    .map(drop)
    .map_err(failed)
}

async fn add_contact(
    db: &mut SqliteConnection,
    tenant: TenantId,
    caller: &PhoneNumber,
    contact: &Contact,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO caller_contacts (tenant_id, caller, campaign_id, buyer_id, connected_at, \
         converted_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
         ON CONFLICT (tenant_id, caller, campaign_id, buyer_id) DO UPDATE SET \
         connected_at = COALESCE(MAX(connected_at, ?5), connected_at, ?5), \
         converted_at = COALESCE(MAX(converted_at, ?6), converted_at, ?6)",
    )
    .bind(tenant.uuid())
    .bind(caller.as_str())
    .bind(contact.campaign.uuid())
    .bind(contact.buyer.uuid())
    .bind(contact.connected_at.map(|connected_at| connected_at.timestamp_micros()))
    .bind(contact.converted_at.map(|converted_at| converted_at.timestamp_micros()))
    .execute(db)
    .await
    .map(drop)
    .map_err(failed)
}

async fn journey(
    db: &mut SqliteConnection,
    tenant: TenantId,
    call: CallId,
) -> Result<Option<Journey>, StoreError> {
    let document: Option<String> =
        sqlx::query_scalar("SELECT document FROM calls WHERE tenant_id = ?1 AND id = ?2")
            .bind(tenant.uuid())
            .bind(call.uuid())
            .fetch_optional(&mut *db)
            .await
            .map_err(failed)?;
    let Some(document) = document else { return Ok(None) };
    let facts: Vec<String> = sqlx::query_scalar(
        "SELECT document FROM call_logs WHERE tenant_id = ?1 AND call_id = ?2 ORDER BY position",
    )
    .bind(tenant.uuid())
    .bind(call.uuid())
    .fetch_all(&mut *db)
    .await
    .map_err(failed)?;
    let decisions: Vec<(String, String)> = sqlx::query_as(
        "SELECT step, document FROM routing_decisions WHERE tenant_id = ?1 AND call_id = ?2 \
         ORDER BY position",
    )
    .bind(tenant.uuid())
    .bind(call.uuid())
    .fetch_all(db)
    .await
    .map_err(failed)?;
    let decision = |(step, document): (String, String)| {
        Ok((StepKey::from_stored(step), parse("decision", &document)?))
    };
    Ok(Some(Journey {
        call: parse("call", &document)?,
        facts: facts.iter().map(|fact| parse("fact", fact)).collect::<Result<_, _>>()?,
        decisions: decisions.into_iter().map(decision).collect::<Result<_, StoreError>>()?,
    }))
}

/// Up to one call more than a page has. The statement names only the filters that are set, so that
/// SQLite sees which index serves them.
async fn list(
    db: &mut SqliteConnection,
    tenant: TenantId,
    filter: &CallFilter,
    page: PageRequest,
) -> Result<Vec<Call>, StoreError> {
    let CallFilter { campaign, buyer, status, from, to, caller, flow, flow_status, tags } = filter;
    let mut query = QueryBuilder::new("SELECT document FROM calls WHERE tenant_id = ");
    query.push_bind(tenant.uuid());
    if let Some(campaign) = campaign {
        query.push(" AND campaign_id = ").push_bind(campaign.uuid());
    }
    if let Some(buyer) = buyer {
        query.push(" AND buyer_id = ").push_bind(buyer.uuid());
    }
    if let Some(status) = status {
        query.push(" AND status = ").push_bind(status.name());
    }
    if let Some(caller) = caller {
        query.push(" AND caller = ").push_bind(caller.as_str());
    }
    match flow {
        Some(FlowFilter::Any) => drop(query.push(" AND flow_id IS NOT NULL")),
        Some(FlowFilter::Flow(flow)) => {
            query.push(" AND flow_id = ").push_bind(flow.uuid());
        }
        None => {}
    }
    if let Some(status) = flow_status {
        query.push(" AND flow_id IS NOT NULL AND document ->> '$.flow.status' = ");
        query.push_bind(status.name());
    }
    if let Some(from) = from {
        query.push(" AND started_at >= ").push_bind(from.timestamp_micros());
    }
    if let Some(to) = to {
        query.push(" AND started_at < ").push_bind(to.timestamp_micros());
    }
    for (name, value) in tags {
        query
            .push(" AND EXISTS (SELECT 1 FROM json_each(document, '$.tags') WHERE key = ")
            .push_bind(name.as_str())
            .push(" AND value = ")
            .push_bind(value.as_str())
            .push(")");
    }
    if let Some(after) = page.after {
        query.push(" AND (started_at, id) < (").push_bind(after.created_at.timestamp_micros());
        query.push(", ").push_bind(after.id).push(")");
    }
    query.push(" ORDER BY started_at DESC, id DESC LIMIT ").push_bind(surplus(page));
    let documents: Vec<String> = query.build_query_scalar().fetch_all(db).await.map_err(failed)?;
    documents.iter().map(|document| parse("call", document)).collect()
}
