//! Whole auctions over loopback: from the event to the directives, against the same requests by the
//! same client, sent together, with their bodies read.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use callcore::call::{Caller, CarrierCall, Event, EventKind, Incoming};
use callcore::memory::{MemoryStore, Offline};
use callcore::model::{
    AuctionSettings, Campaign, CampaignStatus, HttpMethod, Number, RoutingType, Target,
    TargetAssignment,
};
use callcore::port::{Clock, Egress, Http, HttpRequest, Registry};
use callcore::switchboard::{Ports, Settings, Switchboard};
use callcore::vocabulary::{CampaignId, NumberId, TargetId, TenantId};
use callcore_server::clock::SystemClock;
use callcore_server::demo::bidder::{self, Rule};
use callcore_server::egress::{GuardedClient, Options, Policy};
use futures_util::future::join_all;
use tokio::net::TcpListener;
use uuid::Uuid;

const CALLED: &str = "+18005550199";
const TENANT: TenantId = TenantId::from_uuid(Uuid::from_u128(1));

/// Numbers of calls, each used once.
static CALLS: AtomicU32 = AtomicU32::new(1);

/// The way out of the guarded client.
#[derive(Debug)]
struct Guarded(GuardedClient);

#[async_trait]
impl Egress for Guarded {
    fn tenant(&self, tenant: TenantId) -> Arc<dyn Http> {
        self.0.tenant(tenant)
    }
}

/// A switchboard whose one campaign sells its calls to bidders on this machine.
pub(crate) struct Exchange {
    switchboard: Switchboard,
    http: Arc<dyn Http>,
    urls: Vec<String>,
}

impl Exchange {
    /// With so many bidders that answer at once, and so many that never do.
    pub(crate) async fn with(instant: u32, hanging: u32, timeout_ms: u32) -> Self {
        let names: Vec<String> = (0..instant + hanging).map(|n| format!("bidder{n}")).collect();
        let rules = names.iter().zip(0..).map(|(name, n)| Rule {
            name: name.clone(),
            bid: Some(format!("{}.50", 5 + n % 20)),
            destination: Some(format!("+1212555{n:04}")),
            hangs: n >= instant,
            ..Rule::default()
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it listens");
        tokio::spawn(bidder::serve(listener, rules.collect()));
        let urls: Vec<String> = names.iter().map(|name| url(address, name)).collect();
        let policy = Policy::new(true);
        let client = GuardedClient::new(Options { policy, ..Options::default() });
        let egress = Arc::new(Guarded(client.expect("the system has certificates")));
        let http = egress.tenant(TENANT);
        let (store, clock) = (Arc::new(MemoryStore::new()), Arc::new(SystemClock::default()));
        configure(&store, &urls, timeout_ms, clock.now()).await;
        let ports = Ports {
            directory: store.clone(),
            system: store.clone(),
            calls: store.clone(),
            capacity: store,
            egress,
            script: Arc::new(Offline),
            clock,
        };
        Self { switchboard: Switchboard::new(ports, Settings::default()), http, urls }
    }

    /// One call, from its event to its directives.
    pub(crate) async fn sell(&self) {
        let n = CALLS.fetch_add(1, Ordering::Relaxed);
        let address = format!("+1310{n:07}");
        let caller = Caller { number: address.parse().ok(), address, ..Caller::default() };
        let event = Event {
            carrier_call: CarrierCall {
                carrier: "twilio".into(),
                account: "AC1".into(),
                call_id: format!("CA{n}"),
            },
            tenant: None,
            kind: EventKind::Incoming(Incoming { caller, called: CALLED.into(), trial: None }),
            parameters: Default::default(),
        };
        let reply = self.switchboard.handle(&event).await.expect("the call is handled");
        assert_eq!(reply.directives.len(), 1, "it is sold: {:?}", reply.directives);
    }

    /// The floor: the same requests, joined, their bodies read.
    pub(crate) async fn ask_all(&self) {
        let ask = |url: &String| {
            self.http.send(HttpRequest {
                method: HttpMethod::Post,
                url: url.clone(),
                headers: vec![("Content-Type".into(), "application/json".into())],
                body: br#"{"requestId":"r","campaignId":"c","callerId":"+13105550100"}"#.to_vec(),
                timeout: Duration::from_secs(1),
                most_body_bytes: 65_537,
            })
        };
        for answer in join_all(self.urls.iter().map(ask)).await {
            assert_eq!(answer.expect("a bidder answers").status, 200);
        }
    }
}

fn url(address: SocketAddr, name: &str) -> String {
    format!("http://{address}/{name}")
}

async fn configure(
    store: &MemoryStore,
    urls: &[String],
    timeout_ms: u32,
    now: chrono::DateTime<chrono::Utc>,
) {
    let (number, campaign) = (Uuid::from_u128(2), Uuid::from_u128(3));
    let tracking = Number::new(CALLED.parse().expect("a number"));
    store.create(TENANT, number, tracking.into(), now).await.expect("a free number");
    let active = Campaign {
        status: CampaignStatus::Active,
        phone_number_id: Some(NumberId::from_uuid(number)),
        auction: Some(AuctionSettings { timeout_ms, ..AuctionSettings::default() }),
        ..Campaign::new("Bench", RoutingType::Rtb)
    };
    store.create(TENANT, campaign, active.into(), now).await.expect("a new campaign");
    for (url, n) in urls.iter().zip(100..) {
        let id = Uuid::from_u128(n);
        let target = Target { timeout_ms, ..Target::new(format!("Bidder {n}"), url) };
        store.create(TENANT, id, target.into(), now).await.expect("a new target");
        let (campaign, target) = (CampaignId::from_uuid(campaign), TargetId::from_uuid(id));
        let assigned =
            store.assign_target(TENANT, campaign, target, TargetAssignment::default(), now);
        assigned.await.expect("both exist");
    }
}

/// The middle and the 99th percentile of so many times, in microseconds.
pub(crate) async fn times<F: Future<Output = ()>>(
    rounds: usize,
    act: impl Fn() -> F,
) -> (u128, u128) {
    let mut taken = Vec::new();
    for _ in 0..rounds {
        let begun = Instant::now();
        act().await;
        taken.push(begun.elapsed().as_micros());
    }
    taken.sort_unstable();
    (taken[rounds / 2], taken[rounds * 99 / 100])
}
