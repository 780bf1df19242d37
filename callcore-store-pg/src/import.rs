//! Takes over what another store holds, all of it or nothing.

use callcore::vocabulary::TenantId;
use chrono::{DateTime, Datelike as _, Utc};
use serde_json::{Map, Value};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection};

use crate::error::OpenError;
use crate::migration::migrate;
use crate::options::PgOptions;
use crate::text::storable;

/// Why rows were not taken over. Nothing was: the transaction ends with the import.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The database could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Somebody uses the database already, and two stores cannot be mixed.
    #[error("the database is in use already: an empty one is expected")]
    NotEmpty,
    /// A table or a column has a name that no store of callcore has.
    #[error("{0:?} is no table or column of callcore")]
    Unknown(String),
    /// The database refused rows.
    #[error("the table {table} does not take the rows: {source}")]
    Rows {
        /// Which table.
        table: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The database did not keep what it had taken.
    #[error("the database did not commit: {0}")]
    Commit(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Rows that become a store, once they are all there. It works as the login role, as a migration
/// does, and is dropped without effect unless [`Import::commit`] succeeds.
#[derive(Debug)]
pub struct Import {
    db: PgConnection,
}

impl Import {
    /// Brings the database up to date and begins.
    ///
    /// # Errors
    /// [`ImportError::Open`], [`ImportError::NotEmpty`].
    pub async fn begin(options: &PgOptions) -> Result<Self, ImportError> {
        migrate(options).await?;
        let mut db = options.connect.connect().await.map_err(OpenError::from)?;
        // Nobody is set up while the rows come in.
        let begin = "BEGIN; SELECT set_config('search_path', quote_ident(current_schema()) || \
                     ', pg_temp', true); LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE";
        sqlx::raw_sql(begin).execute(&mut db).await.map_err(OpenError::from)?;
        let used = sqlx::query_scalar("SELECT callcore_is_set_up()");
        if used.fetch_one(&mut db).await.map_err(OpenError::from)? {
            return Err(ImportError::NotEmpty);
        }
        Ok(Self { db })
    }

    /// Takes rows of one table, all of one tenant, by the names of their columns. Ids and instants
    /// are text as Postgres reads them, documents are JSON values. Rows come after those that they
    /// refer to.
    ///
    /// # Errors
    /// [`ImportError::Unknown`], [`ImportError::Rows`].
    pub async fn rows(
        &mut self,
        table: &str,
        tenant: Option<TenantId>,
        rows: &[Map<String, Value>],
    ) -> Result<(), ImportError> {
        let rows: Vec<_> = rows.iter().cloned().map(|row| completed(table, row)).collect();
        let Some(first) = rows.first() else { return Ok(()) };
        let names = first.keys().map(String::as_str);
        if let Some(unknown) = names.clone().chain([table]).find(|name| !is_plain(name)) {
            return Err(ImportError::Unknown(unknown.to_owned()));
        }
        // Quoted, because one is a word of SQL.
        let columns: Vec<String> = names.map(|name| format!("\"{name}\"")).collect();
        let columns = columns.join(", ");
        // The one row that is there from the beginning.
        let conflict = match table {
            "numbers_revision" => {
                "ON CONFLICT (\"only\") DO UPDATE SET revision = excluded.revision"
            }
            _ => "",
        };
        let statement = format!(
            "INSERT INTO {table} ({columns}) \
             SELECT {columns} FROM json_populate_recordset(NULL::{table}, $1::json) {conflict}"
        );
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| ImportError::Rows {
            table: table.to_owned(),
            source,
        };
        let text = serde_json::to_string(&rows).map_err(|error| failed(error.into()))?;
        let taken = async {
            let tenant = tenant.map_or_else(String::new, |tenant| tenant.to_string());
            sqlx::query("SELECT set_config('callcore.tenant', $1, true)")
                .bind(tenant)
                .execute(&mut self.db)
                .await?;
            sqlx::query(AssertSqlSafe(statement)).bind(text).execute(&mut self.db).await
        };
        taken.await.map(drop).map_err(|error: sqlx::Error| failed(error.into()))
    }

    /// Keeps what was taken.
    ///
    /// # Errors
    /// [`ImportError::Commit`]; whether the rows are there is then unknown, and a second import
    /// tells.
    pub async fn commit(mut self) -> Result<(), ImportError> {
        let committed = sqlx::raw_sql("COMMIT").execute(&mut self.db).await;
        committed.map_err(|error| ImportError::Commit(error.into()))?;
        // The work is done, whatever comes of the farewell.
        let _ = self.db.close().await;
        Ok(())
    }
}

/// The row with text that Postgres takes, and with the columns that only Postgres has, or has in
/// another form: they repeat what stands in the document.
fn completed(table: &str, mut row: Map<String, Value>) -> Map<String, Value> {
    for text in row.values_mut() {
        if let Value::String(text) = text {
            *text = storable(text);
        }
    }
    let document = row.get("document");
    match table {
        "calls" => {
            let tags = document.and_then(|call| call.get("tags")).cloned();
            row.entry("tags").or_insert(tags.unwrap_or_else(|| Value::Object(Map::new())));
        }
        "rtb_bid_responses" => {
            let until = offered_until(document);
            row.insert("offered_until".to_owned(), until);
        }
        _ => {}
    }
    row
}

/// Until when the bid of a response holds, by its document: bidders name years that Postgres does not
/// read as an export writes them.
fn offered_until(response: Option<&Value>) -> Value {
    let until = response.and_then(|response| response.pointer("/offer/expiresAt")?.as_str());
    match until.and_then(|until| until.parse::<DateTime<Utc>>().ok()) {
        Some(until) if until.year() > 9_999 => "infinity".into(),
        Some(until) => until.max(DateTime::UNIX_EPOCH).to_rfc3339().into(),
        None => Value::Null,
    }
}

/// Whether a name needs no quotes. Names come from the migrations of another store.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use callcore::auction::{Purpose, Verdict};
    use callcore::call::{Call, StepKey};
    use callcore::model::{Campaign, Kind};
    use callcore::port::{
        Ask, AuctionRecord, Auctions, Begun, CallFilter, Calls, Directory as _, EarlierBids,
        FlowFilter, Flows as _, Outbox, Registry, Save,
    };
    use callcore::vocabulary::PageRequest;
    use callcore_testkit::fixtures::{
        auction, bid, call, call_id, campaign, campaign_id, considered, delivery, delivery_id,
        exchange, flow, flow_id, in_flow, noon, phone, pinned, requests, router, router_id, save,
        target, target_assignment, target_id, tenant,
    };
    use chrono::TimeDelta;
    use serde_json::json;

    use super::*;
    use crate::database::Database;
    use crate::open::PgStore;

    #[test]
    fn a_bid_holds_as_long_as_its_document_says() {
        for (offer, until) in [
            (json!({"expiresAt": "2026-11-22T12:05:00Z"}), json!("2026-11-22T12:05:00+00:00")),
            (json!({"expiresAt": "+12026-11-22T12:05:00Z"}), json!("infinity")),
            (json!({"expiresAt": "-0026-11-22T12:05:00Z"}), json!("1970-01-01T00:00:00+00:00")),
            (json!({"expiresAt": null}), Value::Null),
            (Value::Null, Value::Null),
        ] {
            let row =
                json!({"offered_until": "+12026-11-22T12:05:00Z", "document": {"offer": offer}});
            let Value::Object(row) = row else { unreachable!() };
            assert_eq!(completed("rtb_bid_responses", row)["offered_until"], until, "{offer}");
        }
    }

    fn sold(call: &Call) -> AuctionRecord {
        let until = noon() + TimeDelta::minutes(5);
        let mut record =
            considered(auction(call, 1, noon()), call, 1, Verdict::Won, Some(bid(4, Some(until))));
        record.exchanges = vec![exchange(1, Purpose::Bid, Some("{}"))];
        record
    }

    /// The rows of one call that was auctioned, table by table, as SQLite's export has them.
    fn exported() -> Vec<(&'static str, Value)> {
        let (tenant, now, call) = (tenant(1), noon(), call(tenant(1), 1));
        let sold = sold(&call);
        let id = |id: uuid::Uuid| id.simple().to_string();
        let (target_1, router_1) = (id(target_id(1).uuid()), id(router_id(1).uuid()));
        let (campaign_1, call_1) = (id(campaign_id(1).uuid()), id(call.id.uuid()));
        let row = |id: &str, document: Value| {
            json!({"tenant_id": tenant, "id": id, "version": 1, "created_at": now,
                "updated_at": now, "document": document})
        };
        let with = |mut row: Value, more: Value| {
            row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            row
        };
        let named = Campaign { rtb_router_id: Some(router_id(1)), ..campaign(1) };
        let mut rows = vec![
            ("rtb_targets", row(&target_1, json!(target(1)))),
            ("rtb_routers", row(&router_1, json!(router(1, [1])))),
            (
                "rtb_router_assignments",
                json!({"tenant_id": tenant, "router_id": router_1,
                "position": 0, "target_id": target_1}),
            ),
            (
                "campaigns",
                with(
                    row(&campaign_1, json!(named)),
                    json!({"name": "Campaign 1",
                "status": "draft", "phone_number_id": null, "rtb_router_id": router_1}),
                ),
            ),
            (
                "campaign_targets",
                json!({"tenant_id": tenant, "campaign_id": campaign_1,
                "target_id": target_1, "position": 1, "version": 1, "created_at": now,
                "updated_at": now, "document": target_assignment(7)}),
            ),
            (
                "calls",
                json!({"tenant_id": tenant, "id": call_1, "version": 1,
                "campaign_id": campaign_1, "buyer_id": null, "status": "ringing", "ended": 0,
                "started_at": now, "caller": "", "leases": [], "document": call}),
            ),
            (
                "steps_begun",
                json!({"tenant_id": tenant, "call_id": call_1, "step": "voice",
                "until": now + TimeDelta::seconds(9)}),
            ),
        ];
        let begun = rows.len() - 1;
        rows.splice(begun..begun, auctioned(&sold, [&call_1, &campaign_1, &target_1]));
        rows
    }

    /// The rows of the call's auction.
    fn auctioned(
        sold: &AuctionRecord,
        [call_1, campaign_1, target_1]: [&str; 3],
    ) -> Vec<(&'static str, Value)> {
        let (tenant, now) = (tenant(1), noon());
        let id = |id: uuid::Uuid| id.simple().to_string();
        let (request, response) = (&sold.request, &sold.responses[0]);
        let auction_1 = id(request.id.uuid());
        vec![
            (
                "rtb_bid_requests",
                json!({"tenant_id": tenant, "id": auction_1, "call_id": call_1,
                "campaign_id": campaign_1, "opened_at": now, "caller": sold.caller,
                "document": request}),
            ),
            (
                "rtb_bid_responses",
                json!({"tenant_id": tenant, "id": id(response.id),
                "auction_id": auction_1, "position": 0, "call_id": call_1,
                "campaign_id": campaign_1, "target_id": target_1, "verdict": "won",
                "opened_at": now, "offered_to": sold.caller, "document": response}),
            ),
            (
                "rtb_auction_details",
                json!({"tenant_id": tenant, "auction_id": auction_1,
                "document": sold.log}),
            ),
            (
                "rtb_bid_exchanges",
                json!({"tenant_id": tenant, "auction_id": auction_1, "target_id": target_1,
                "purpose": "bid", "document": sold.exchanges[0]}),
            ),
        ]
    }

    #[tokio::test]
    async fn what_auctions_left_behind_is_taken_over() {
        let database = Database::empty(None).await;
        let mut import = Import::begin(&database.options()).await.unwrap();
        for (table, row) in exported() {
            let row = row.as_object().unwrap().clone();
            import.rows(table, Some(tenant(1)), &[row]).await.unwrap();
        }
        import.commit().await.unwrap();
        let store = PgStore::open(&database.options()).await.unwrap();
        let record = sold(&call(tenant(1), 1));
        let source = store.source(tenant(1), campaign_id(1), None).await.unwrap().unwrap();
        assert_eq!(source.router_targets.len(), 1);
        assert_eq!(source.targets[0].assignment.value, target_assignment(7));
        let kept = Auctions::of_call(&store, tenant(1), call_id(1)).await.unwrap();
        assert!(kept.iter().eq([&record]), "{kept:?}");
        let caller = record.caller.clone().unwrap_or_else(|| phone(1));
        let (campaign, targets) = (campaign_id(1), vec![target_id(1)]);
        let bids = Some(EarlierBids { campaign, caller, targets });
        let ask = Ask { bids, ..Ask::default() };
        let look = store.look(tenant(1), call_id(1), &ask, noon()).await.unwrap();
        assert_eq!(look.auction, Some(record.log));
        let earlier = look.bids.get(&target_id(1)).map(|earlier| &earlier.bid);
        assert_eq!(earlier, record.responses[0].offer.as_ref());
        let voice = StepKey::voice();
        let until = noon() + TimeDelta::seconds(9);
        let begun = store.begin(tenant(1), call_id(1), &voice, until, noon()).await;
        assert_eq!(begun.unwrap(), Begun::Busy { until });
        store.close().await;
    }

    /// The rows of a flow, of a call in it and of what that sends.
    fn exported_of_flows() -> Vec<(&'static str, Value)> {
        let (tenant_1, now, call) = (tenant(1), noon(), in_flow_1());
        let [flow_1, flow_2] = [1, 2].map(|n| flow_id(n).uuid().simple().to_string());
        let (call_1, campaign_1) = (call.id.uuid().simple(), campaign_id(1).uuid().simple());
        let row = |id: &str| {
            json!({"tenant_id": tenant_1, "id": id, "version": 2, "created_at": now,
                "updated_at": now, "document": flow(1)})
        };
        vec![
            ("flows", row(&flow_1)),
            ("flow_templates", row(&flow_2)),
            (
                "flow_versions",
                json!({"tenant_id": tenant_1, "flow_id": flow_1, "number": 3, "draft": 2,
                "published_at": now, "document": flow(1)}),
            ),
            (
                "campaigns",
                json!({"tenant_id": tenant_1, "id": campaign_1.to_string(), "version": 1,
                "created_at": now, "updated_at": now, "name": "Campaign 1", "status": "draft",
                "phone_number_id": null, "rtb_router_id": null, "flow_id": flow_1,
                "document": Campaign { flow_id: Some(flow_id(1)), ..campaign(1) }}),
            ),
            (
                "calls",
                json!({"tenant_id": tenant_1, "id": call_1.to_string(), "version": 1,
                "campaign_id": campaign_1.to_string(), "buyer_id": null, "status": "ringing",
                "ended": 0, "started_at": now, "caller": "", "leases": [], "flow_id": flow_1,
                "document": call}),
            ),
            (
                "outbox",
                json!({"tenant_id": tenant_1, "id": delivery_id(1).simple().to_string(),
                "call_id": call_1.to_string(), "position": 7, "status": "waiting", "attempts": 2,
                "due_at": now + TimeDelta::minutes(1), "reason": "busy \u{0}", "created_at": now,
                "updated_at": now, "document": delivery(1)}),
            ),
        ]
    }

    fn in_flow_1() -> Call {
        Call { flow: Some(in_flow(1, 3)), ..call(tenant(1), 1) }
    }

    #[tokio::test]
    async fn flows_and_what_waits_to_be_sent_are_taken_over() {
        let database = Database::empty(None).await;
        let mut import = Import::begin(&database.options()).await.unwrap();
        for (table, row) in exported_of_flows() {
            let row = row.as_object().unwrap().clone();
            import.rows(table, Some(tenant(1)), &[row]).await.unwrap();
        }
        import.commit().await.unwrap();
        let store = PgStore::open(&database.options()).await.unwrap();
        let source = store.source(tenant(1), campaign_id(1), None).await.unwrap().unwrap();
        assert_eq!(source.flow.unwrap().pinned, pinned(1, 3));
        let published = store.publish(tenant(1), flow_id(1), 2, noon()).await.unwrap();
        assert_eq!((published.number, published.definition), (3, flow(1)));
        let template = Registry::read(&store, tenant(1), Kind::FlowTemplate, flow_id(2).uuid());
        assert_eq!(template.await.unwrap().map(|row| row.version), Some(2));
        let filter = CallFilter { flow: Some(FlowFilter::Flow(flow_id(1))), ..Default::default() };
        let calls = Calls::list(&store, tenant(1), &filter, PageRequest::default()).await.unwrap();
        assert_eq!(calls.items, [in_flow_1()]);
        let next = StepKey::flow(2);
        let outbox = vec![delivery(1), delivery(2)];
        let next = Save { outbox, ..save(in_flow_1(), Some(1), &next) };
        Calls::save(&store, tenant(1), next).await.unwrap();
        let records = Outbox::of_call(&store, tenant(1), call_id(1)).await.unwrap();
        let found: Vec<_> =
            records.iter().map(|record| (record.delivery.id, record.attempts)).collect();
        assert_eq!(found, [(delivery_id(1), 2), (delivery_id(2), 0)]);
        assert_eq!(records[0].reason.as_deref(), Some("busy \u{fffd}"));
        let claimed =
            store.claim(&requests(9), noon() + TimeDelta::hours(1), noon()).await.unwrap();
        assert_eq!(claimed[0].delivery, delivery(2), "the other waits for another minute");
        assert_eq!(claimed.len(), 1);
        store.close().await;
    }
}
