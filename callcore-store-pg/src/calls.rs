//! Calls between webhooks, and their records. What a step of a call does is one statement each, and
//! so a transaction that ends whether anybody waits for it or not.

use std::collections::BTreeMap;

use async_trait::async_trait;
use callcore::call::{Attempt, Call, Fact, Growth, Passage, StepKey};
use callcore::port::{
    Ask, Begun, CallFilter, Calls, FlowFilter, Journey, Look, PassageFilter, Release, Save,
    SaveError, StoreError,
};
use callcore::vocabulary::{BuyerId, CallId, Cursor, Page, PageRequest, PhoneNumber, TenantId};
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::QueryScalar;
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder, Row as _};

use crate::auctions::with_auction;
use crate::error::failed;
use crate::object::surplus;
use crate::open::PgStore;
use crate::outbox::with_post;
use crate::passages::passages;
use crate::row::{column, count, json, parse, rounded};
use crate::text::storable;
use crate::transaction::snapshot;

#[async_trait]
impl Calls for PgStore {
    async fn look(
        &self,
        tenant: TenantId,
        call: CallId,
        ask: &Ask,
        now: DateTime<Utc>,
    ) -> Result<Look, StoreError> {
        self.look_at(tenant, call, ask, now).await
    }

    async fn begin(
        &self,
        tenant: TenantId,
        call: CallId,
        step: &StepKey,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Begun, StoreError> {
        let (until, now) = (rounded(until)?, rounded(now)?);
        let (state, fact, busy_micros): (String, Option<String>, Option<i64>) =
            sqlx::query_as("SELECT * FROM callcore_begin($1, $2, $3, $4, $5)")
                .bind(tenant.uuid())
                .bind(call.uuid())
                .bind(storable(step.as_str()))
                .bind(self.now(now))
                .bind((until - now).num_microseconds().unwrap_or(i64::MAX))
                .fetch_one(self.calls_pool()?)
                .await
                .map_err(failed)?;
        match (state.as_str(), fact, busy_micros) {
            ("fresh", ..) => Ok(Begun::Fresh),
            ("stored", Some(fact), _) => {
                parse::<Fact>("fact", &fact).map(|fact| Begun::Stored(fact.directives))
            }
            ("busy", _, Some(micros)) => {
                Ok(Begun::Busy { until: now + TimeDelta::microseconds(micros) })
            }
            (state, ..) => Err(StoreError::corrupt("step", format!("{state:?}"))),
        }
    }

    async fn draw(
        &self,
        tenant: TenantId,
        call: CallId,
        rotation: &str,
        _now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let turn: i64 = sqlx::query_scalar("SELECT callcore_draw($1, $2, $3)")
            .bind(tenant.uuid())
            .bind(call.uuid())
            .bind(storable(rotation))
            .fetch_one(self.calls_pool()?)
            .await
            .map_err(failed)?;
        count(turn)
    }

    async fn save(&self, tenant: TenantId, save: Save) -> Result<(), SaveError> {
        let counted_at = self.now(rounded(save.fact.at)?);
        let saved = saving(tenant, &save, counted_at)?.fetch_one(self.calls_pool()?).await;
        match saved.map_err(failed)? {
            true => Ok(()),
            false => Err(SaveError::Conflict),
        }
    }

    async fn read(&self, tenant: TenantId, call: CallId) -> Result<Option<Journey>, StoreError> {
        let row: Row = sqlx::query_as("SELECT * FROM callcore_journey($1, $2)")
            .bind(tenant.uuid())
            .bind(call.uuid())
            .fetch_one(self.api_pool()?)
            .await
            .map_err(failed)?;
        row.journey()
    }

    async fn list(
        &self,
        tenant: TenantId,
        filter: &CallFilter,
        page: PageRequest,
    ) -> Result<Page<Call>, StoreError> {
        let filter = filter.clone();
        let calls = snapshot(self.api_pool()?, tenant, move |db| {
            Box::pin(async move { list(db, tenant, &filter, page).await })
        });
        Ok(Page::from_surplus(calls.await?, page.limit, |call| Cursor {
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
        let read = snapshot(self.api_pool()?, tenant, move |db| {
            Box::pin(passages(db, tenant, filter, page))
        });
        read.await
    }
}

/// The function that saves, with what one of the two takes more than the other.
macro_rules! saved {
    ($function:literal $(, $more:literal)?) => {
        concat!(
            $function,
            "($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, ",
            "$20, $21, $22, $23, $24, $25, $26, $27, $28",
            $($more,)?
            ")"
        )
    };
}

/// The function that saves with an auction.
macro_rules! saved_with_auction {
    () => {
        saved!(
            "callcore_save_with_auction",
            ", $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41, $42, $43, $44"
        )
    };
}

/// Most saves have no auction and no flow, and do not pay for them.
const fn statement(has_auction: bool, has_post: bool) -> &'static str {
    match (has_auction, has_post) {
        (false, false) => concat!("SELECT ", saved!("callcore_save")),
        (true, false) => concat!("SELECT ", saved_with_auction!()),
        (false, true) => concat!(
            "SELECT CASE WHEN ",
            saved!("callcore_save"),
            " THEN callcore_post($1, $2, $29, $30, $31, $32) ELSE false END"
        ),
        (true, true) => concat!(
            "SELECT CASE WHEN ",
            saved_with_auction!(),
            " THEN callcore_post($1, $2, $45, $46, $47, $48) ELSE false END"
        ),
    }
}

/// The statement that saves. It answers whether it did. `counted_at` is when the deliveries are
/// written, where the database's clock does not count.
fn saving(
    tenant: TenantId,
    save: &Save,
    counted_at: Option<DateTime<Utc>>,
) -> Result<QueryScalar<'static, Postgres, bool, PgArguments>, StoreError> {
    let call = &save.call;
    let tags = call.tags.iter().map(|(name, value)| (storable(name), storable(value)));
    let decision = save.decision.as_ref().map(|decision| json("decision", decision));
    let has_post = call.flow.is_some() || !save.outbox.is_empty();
    let statement = statement(save.auction.is_some(), has_post);
    let query = sqlx::query_scalar(statement)
        .bind(tenant.uuid())
        .bind(call.id.uuid())
        .bind(save.expected.map(column))
        .bind(call.campaign.uuid())
        .bind(call.buyer().map(BuyerId::uuid))
        .bind(call.status.name())
        .bind(call.is_over())
        .bind(rounded(call.started_at)?)
        .bind(storable(&call.caller.address))
        .bind(leases(call))
        .bind(json("tags", &tags.collect::<BTreeMap<_, _>>())?)
        .bind(json("call", call)?)
        .bind(storable(save.fact.step.as_str()))
        .bind(json("fact", &save.fact)?)
        .bind(decision.transpose()?);
    let query = with_releases(with_growth(query, &save.growth), &save.releases);
    let query = match &save.auction {
        None => query,
        Some(auction) => with_auction(query, auction)?,
    };
    match has_post {
        false => Ok(query),
        true => with_post(query, save, counted_at),
    }
}

fn with_growth<T>(
    query: QueryScalar<'static, Postgres, T, PgArguments>,
    growth: &Growth,
) -> QueryScalar<'static, Postgres, T, PgArguments> {
    let Growth { tallies, caller, contacts } = growth;
    query
        .bind(tallies.iter().map(|tally| tally.campaign.uuid()).collect::<Vec<_>>())
        .bind(tallies.iter().map(|tally| tally.candidate.uuid()).collect::<Vec<_>>())
        .bind(tallies.iter().map(|tally| i64::from(tally.offered)).collect::<Vec<_>>())
        .bind(tallies.iter().map(|tally| i64::from(tally.answered)).collect::<Vec<_>>())
        .bind(tallies.iter().map(|tally| i64::from(tally.converted)).collect::<Vec<_>>())
        .bind(tallies.iter().map(|tally| tally.ended_at).collect::<Vec<_>>())
        .bind(caller.as_ref().map(PhoneNumber::as_str).map(str::to_owned))
        .bind(contacts.iter().map(|contact| contact.campaign.uuid()).collect::<Vec<_>>())
        .bind(contacts.iter().map(|contact| contact.buyer.uuid()).collect::<Vec<_>>())
        .bind(contacts.iter().map(|contact| contact.connected_at).collect::<Vec<_>>())
        .bind(contacts.iter().map(|contact| contact.converted_at).collect::<Vec<_>>())
}

fn with_releases<T>(
    query: QueryScalar<'static, Postgres, T, PgArguments>,
    releases: &[Release],
) -> QueryScalar<'static, Postgres, T, PgArguments> {
    query
        .bind(releases.iter().map(|release| i64::from(release.attempt)).collect::<Vec<_>>())
        .bind(releases.iter().map(|release| release.refund).collect::<Vec<_>>())
}

/// The leases that the call knows of, as the database's `callcore_lease` writes them.
fn leases(call: &Call) -> Vec<String> {
    let lease =
        |attempt: &Attempt| Some(format!("{}/{}", attempt.attempt, attempt.lease?.uuid().simple()));
    call.attempts.iter().filter_map(lease).collect()
}

/// The row of `callcore_journey`.
struct Row {
    o_call: Option<String>,
    o_facts: Option<Vec<String>>,
    o_steps: Option<Vec<String>>,
    o_decisions: Option<Vec<String>>,
}

impl FromRow<'_, PgRow> for Row {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            o_call: row.try_get("o_call")?,
            o_facts: row.try_get("o_facts")?,
            o_steps: row.try_get("o_steps")?,
            o_decisions: row.try_get("o_decisions")?,
        })
    }
}

impl Row {
    fn journey(self) -> Result<Option<Journey>, StoreError> {
        let Some(call) = self.o_call else { return Ok(None) };
        let facts = self.o_facts.iter().flatten().map(|fact| parse("fact", fact));
        let steps = self.o_steps.into_iter().flatten().map(StepKey::from_stored);
        let decisions = self.o_decisions.iter().flatten();
        let decisions =
            steps.zip(decisions).map(|(step, made)| Ok((step, parse("decision", made)?)));
        Ok(Some(Journey {
            call: parse("call", &call)?,
            facts: facts.collect::<Result<_, _>>()?,
            decisions: decisions.collect::<Result<_, StoreError>>()?,
        }))
    }
}

/// Up to one call more than a page has. The statement names only the filters that are set, so that
/// Postgres sees which index serves them.
async fn list(
    db: &mut PgConnection,
    tenant: TenantId,
    filter: &CallFilter,
    page: PageRequest,
) -> Result<Vec<Call>, StoreError> {
    let CallFilter { campaign, buyer, status, from, to, caller, flow, flow_status, tags } = filter;
    let mut query: QueryBuilder<Postgres> =
        QueryBuilder::new("SELECT document::text FROM calls WHERE tenant_id = ");
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
        query.push(" AND caller = ").push_bind(storable(caller));
    }
    match flow {
        None => {}
        Some(FlowFilter::Any) => drop(query.push(" AND flow_id IS NOT NULL")),
        Some(FlowFilter::Flow(flow)) => drop(query.push(" AND flow_id = ").push_bind(flow.uuid())),
    }
    if let Some(status) = flow_status {
        // Postgres takes nothing out of a document with the character 0, which callers can say.
        query.push(
            " AND flow_id IS NOT NULL AND \
             replace(document::text, '\\u0000', '\\u0020')::json #>> '{flow,status}' = ",
        );
        query.push_bind(status.name());
    }
    if let Some(from) = from {
        query.push(" AND started_at >= ").push_bind(*from);
    }
    if let Some(to) = to {
        query.push(" AND started_at < ").push_bind(*to);
    }
    if !tags.is_empty() {
        let tags = tags.iter().map(|(name, value)| (storable(name), storable(value)));
        let tags = json("tags", &tags.collect::<BTreeMap<_, _>>())?;
        query.push(" AND tags @> ").push_bind(tags).push("::jsonb");
    }
    if let Some(after) = page.after {
        query.push(" AND (started_at, id) < (").push_bind(after.created_at);
        query.push(", ").push_bind(after.id).push(")");
    }
    query.push(" ORDER BY started_at DESC, id DESC LIMIT ").push_bind(surplus(page));
    let documents: Vec<String> = query.build_query_scalar().fetch_all(db).await.map_err(failed)?;
    documents.iter().map(|document| parse("call", document)).collect()
}
