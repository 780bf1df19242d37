//! Splits calls by a flow, from one server or several, and judges the shares: while a version of the
//! flow stands, no branch is a whole call off its exact share, whoever answered the calls.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use callcore::call::{Caller, CarrierCall, Directive, Event, EventKind, Incoming};
use callcore::flow::FlowDefinition;
use callcore::memory::Offline;
use callcore::model::{Campaign, CampaignStatus, Kind, Number, Object, RoutingType};
use callcore::port::{Calls, Capacity, Clock, Directory, Flows, Registry, SystemStore};
use callcore::switchboard::{Ports, Settings, Switchboard};
use callcore::vocabulary::{FlowId, NumberId, TenantId};
use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

use crate::Harness;

const CALLED: &str = "+18005550197";
const TENANT: TenantId = TenantId::from_uuid(Uuid::from_u128(0x61));
const CAMPAIGN: Uuid = Uuid::from_u128(0x62);
const FLOW: Uuid = Uuid::from_u128(0x63);
/// How many calls come one after the other, and then how many at once.
const CALLS: u32 = 40;

/// One server's way to a store that it may share.
#[derive(Clone, Debug)]
pub struct Server {
    /// Reads plans.
    pub directory: Arc<dyn Directory>,
    /// Finds out whose something is.
    pub system: Arc<dyn SystemStore>,
    /// Keeps calls.
    pub calls: Arc<dyn Calls>,
    /// Guards caps.
    pub capacity: Arc<dyn Capacity>,
}

impl Server {
    /// A server on a store.
    pub fn on<H: Harness>(harness: &H) -> Self {
        Self {
            directory: harness.directory(),
            system: harness.system(),
            calls: harness.calls(),
            capacity: harness.capacity(),
        }
    }
}

/// Splits calls that come to these servers by turns and at once, by percentages and by weights, over
/// two versions each.
///
/// # Panics
/// Where a branch is a whole call off its share.
pub async fn split(registry: &dyn Registry, flows: &dyn Flows, servers: &[Server]) {
    let switchboards: Vec<Arc<Switchboard>> = servers.iter().map(switchboard).collect();
    configure(registry).await;
    let mut next = 1;
    for (strategy, shares) in [
        ("percentage", [70, 20, 10]),
        ("percentage", [50, 25, 25]),
        ("weighted", [3, 2, 2]),
        ("weighted", [1, 5, 1]),
    ] {
        publish(registry, flows, strategy, shares).await;
        known_to_all(servers).await;
        let mut taken = BTreeMap::new();
        for made in 1..=CALLS {
            let server = &switchboards[made as usize % switchboards.len()];
            *taken.entry(branch(server, next).await).or_insert(0) += 1;
            next += 1;
            judge(shares, &taken, made);
        }
        let at_once = (0..CALLS).map(|index| {
            let server = Arc::clone(&switchboards[index as usize % switchboards.len()]);
            let call = next + index;
            tokio::spawn(async move { branch(&server, call).await })
        });
        for made in at_once.collect::<Vec<_>>() {
            *taken.entry(made.await.expect("a call panicked")).or_insert(0) += 1;
        }
        next += CALLS;
        judge(shares, &taken, 2 * CALLS);
    }
}

/// Waits until every server knows what the first one wrote, which the ports promise for within a
/// second.
async fn known_to_all(servers: &[Server]) {
    let revisions =
        |server: &Server| (server.directory.revision(TENANT), server.directory.numbers_revision());
    for _ in 0..1_000 {
        if servers.iter().all(|server| revisions(server) == revisions(&servers[0])) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("a server does not know of a change after ten seconds");
}

/// No branch is a whole call off.
fn judge(shares: [u32; 3], taken: &BTreeMap<String, u32>, made: u32) {
    let total: u32 = shares.iter().sum();
    for (branch, share) in ["a", "b", "c"].into_iter().zip(shares) {
        let count = taken.get(branch).copied().unwrap_or(0);
        let off = i64::from(count * total) - i64::from(share * made);
        assert!(off.abs() < i64::from(total), "{branch} has {count} of {made}: {shares:?}");
    }
}

/// The branch that a call takes.
async fn branch(switchboard: &Switchboard, call: u32) -> String {
    let incoming = Incoming { caller: Caller::default(), called: CALLED.to_owned(), trial: None };
    let event = Event {
        carrier_call: CarrierCall {
            carrier: "twilio".to_owned(),
            account: "AC1".to_owned(),
            call_id: format!("CA-shares-{call}"),
        },
        tenant: None,
        kind: EventKind::Incoming(incoming),
        parameters: BTreeMap::new(),
    };
    let reply = switchboard.handle(&event).await.expect("the store answers");
    match reply.directives.as_slice() {
        [Directive::Say(speech), Directive::Hangup] => speech.text.clone(),
        other => panic!("no branch: {other:?}"),
    }
}

fn switchboard(server: &Server) -> Arc<Switchboard> {
    let Server { directory, system, calls, capacity } = server.clone();
    let (egress, script) = (Arc::new(Offline), Arc::new(Offline));
    let clock = Arc::new(Still);
    let ports = Ports { directory, system, calls, capacity, egress, script, clock };
    Arc::new(Switchboard::new(ports, Settings::default()))
}

async fn configure(registry: &dyn Registry) {
    let (number, now) = (Uuid::from_u128(0x64), Still.now());
    let tracking = Number::new(CALLED.parse().expect("a number"));
    registry.create(TENANT, number, tracking.into(), now).await.expect("the number is free");
    let campaign = Campaign {
        status: CampaignStatus::Active,
        phone_number_id: Some(NumberId::from_uuid(number)),
        ..Campaign::new("Shares", RoutingType::Direct)
    };
    registry.create(TENANT, CAMPAIGN, campaign.into(), now).await.expect("the campaign is new");
}

/// Publishes the next version, and sees to it that the campaign has the flow.
async fn publish(registry: &dyn Registry, flows: &dyn Flows, strategy: &str, shares: [u32; 3]) {
    let (draft, now) = (Object::Flow(Box::new(document(strategy, shares))), Still.now());
    let known = registry.read(TENANT, Kind::Flow, FLOW).await.expect("the store answers");
    let written = match known {
        Some(row) => registry.replace(TENANT, FLOW, row.version, draft, now).await,
        None => registry.create(TENANT, FLOW, draft, now).await,
    };
    let version = written.expect("the draft is written").version;
    let flow = FlowId::from_uuid(FLOW);
    flows.publish(TENANT, flow, version, now).await.expect("the draft is published");
    let row = registry.read(TENANT, Kind::Campaign, CAMPAIGN).await.expect("the store answers");
    let row = row.expect("the campaign is there");
    let mut campaign = Campaign::try_from(row.value).expect("a campaign");
    campaign.flow_id = Some(flow);
    let replaced = registry.replace(TENANT, CAMPAIGN, row.version, campaign.into(), now).await;
    replaced.expect("the campaign is replaced");
}

fn document(strategy: &str, shares: [u32; 3]) -> FlowDefinition {
    let key = if strategy == "percentage" { "percentage" } else { "weight" };
    let splits = ["a", "b", "c"].into_iter().zip(shares);
    let splits: Vec<_> =
        splits.map(|(id, share)| json!({ "id": id, "nodeId": id, key: share })).collect();
    let ends =
        ["a", "b", "c"].map(|id| json!({ "id": id, "type": "end", "config": { "message": id } }));
    let mut nodes = vec![
        json!({ "id": "start", "type": "start" }),
        json!({ "id": "split", "type": "traffic_splitter",
            "config": { "strategy": strategy, "splits": splits } }),
    ];
    nodes.extend(ends);
    let connections =
        json!([{ "id": "c", "source": "start", "sourceHandle": "next", "target": "split" }]);
    let document = json!({ "name": "Shares", "nodes": nodes, "connections": connections });
    serde_json::from_value(document).expect("a flow")
}

/// A clock that stands still: nothing here goes by the time.
#[derive(Debug)]
struct Still;

#[async_trait]
impl Clock for Still {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_000_000, 0).unwrap_or_default()
    }

    fn monotonic(&self) -> std::time::Duration {
        std::time::Duration::ZERO
    }

    async fn sleep_until(&self, _: std::time::Duration) {}
}
