//! A switchboard whose one campaign sells its calls to bidders over real sockets, and the model that
//! says what must come of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use callcore::auction::Verdict;
use callcore::call::{Caller, CarrierCall, Directive, Event, EventKind, Incoming};
use callcore::memory::MemoryStore;
use callcore::model::{
    AuctionSettings, Campaign, CampaignStatus, Number, RoutingType, Target, TargetAssignment,
};
use callcore::port::{AuctionRecord, Auctions, BidResponseRecord, Clock, Registry};
use callcore::switchboard::{Ports, Settings, Switchboard};
use callcore::vocabulary::{CampaignId, Currency, Money, NumberId, TargetId, TenantId};
use callcore_server::clock::SystemClock;
use callcore_server::demo::bidder::{self, Rule};
use callcore_server::egress::GuardedClient;
use tokio::net::TcpListener;
use uuid::Uuid;

use super::GUARD;
use super::modes::Failing;

const CALLED: &str = "+18005550199";

/// A bidder, and what must become of it.
#[derive(Clone, Debug)]
pub(crate) struct Bidder {
    name: String,
    url: String,
    timeout_ms: u32,
    expected: Expected,
}

#[derive(Clone, Debug)]
enum Expected {
    /// It bids so many dollars.
    Bid(u32),
    /// It gets this verdict.
    Fails(Verdict),
}

impl Bidder {
    pub(crate) fn failing(failing: &Failing, timeout_ms: u32) -> Self {
        let (name, url) = (failing.name.to_owned(), failing.url.clone());
        Self { name, url, timeout_ms, expected: Expected::Fails(failing.verdict) }
    }

    /// One that the test plays itself, and that is to get this verdict, or to bid so many dollars.
    pub(crate) fn at(port: u16, timeout_ms: u32, expected: Result<u32, Verdict>) -> Self {
        let (name, url) = ("played".to_owned(), format!("http://127.0.0.1:{port}/bid"));
        let expected = expected.map_or_else(Expected::Fails, Expected::Bid);
        Self { name, url, timeout_ms, expected }
    }
}

/// Bidders that fail in nothing: the `n`th bids `n + 2` dollars, for a number of its own.
#[derive(Clone, Debug)]
pub(crate) struct Sound {
    base: String,
}

impl Sound {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let rules = (0..20_u32).map(|n| Rule {
            name: n.to_string(),
            bid: Some((n + 2).to_string()),
            destination: Some(destination(n + 2)),
            ..Rule::default()
        });
        tokio::spawn(bidder::serve(listener, rules.collect()));
        Self { base }
    }

    pub(crate) fn bidder(&self, n: u32, timeout_ms: u32) -> Bidder {
        let (name, url) = (format!("Sound {n}"), format!("{}/{n}", self.base));
        Bidder { name, url, timeout_ms, expected: Expected::Bid(n + 2) }
    }
}

/// Where whoever bids so many dollars wants the call.
pub(crate) fn destination(dollars: u32) -> String {
    format!("+1212555{dollars:04}")
}

/// A switchboard with one campaign.
pub(crate) struct Exchange {
    store: Arc<MemoryStore>,
    switchboard: Switchboard,
    tenant: TenantId,
}

/// What came of a call.
pub(crate) struct Sale {
    pub(crate) record: AuctionRecord,
    dialled: Option<String>,
    took: Duration,
}

impl Exchange {
    /// A tenant of its own has connections of its own.
    pub(crate) async fn of_new_tenant(client: Arc<GuardedClient>, bidders: &[Bidder]) -> Self {
        static TENANTS: AtomicU32 = AtomicU32::new(1);
        let tenant = TENANTS.fetch_add(1, Ordering::Relaxed);
        Self::of(TenantId::from_uuid(Uuid::from_u128(tenant.into())), client, bidders).await
    }

    pub(crate) async fn of(
        tenant: TenantId,
        client: Arc<GuardedClient>,
        bidders: &[Bidder],
    ) -> Self {
        let (store, clock) = (Arc::new(MemoryStore::new()), Arc::new(SystemClock::default()));
        let now = clock.now();
        let (number, campaign) = (Uuid::from_u128(2), Uuid::from_u128(3));
        let tracking = Number::new(CALLED.parse().unwrap());
        store.create(tenant, number, tracking.into(), now).await.unwrap();
        let timeout_ms = bidders.iter().map(|bidder| bidder.timeout_ms).max().unwrap();
        let dollars = |amount: u32| Some(Money { amount: amount.into(), currency: Currency::USD });
        let active = Campaign {
            status: CampaignStatus::Active,
            phone_number_id: Some(NumberId::from_uuid(number)),
            auction: Some(AuctionSettings { timeout_ms, ..AuctionSettings::default() }),
            ..Campaign::new("Sales", RoutingType::Rtb)
        };
        store.create(tenant, campaign, active.into(), now).await.unwrap();
        for (id, bidder) in (0..).zip(bidders) {
            let mut target = Target::new(&bidder.name, &bidder.url);
            (target.timeout_ms, target.min_bid) = (bidder.timeout_ms, dollars(1));
            target.max_bid = dollars(100);
            target.response.currency_path = Some("currency".to_owned());
            store.create(tenant, target_id(id).uuid(), target.into(), now).await.unwrap();
            let (campaign, terms) = (CampaignId::from_uuid(campaign), TargetAssignment::default());
            store.assign_target(tenant, campaign, target_id(id), terms, now).await.unwrap();
        }
        let ports = Ports {
            directory: store.clone(),
            system: store.clone(),
            calls: store.clone(),
            capacity: store.clone(),
            egress: client,
            script: Arc::new(callcore::memory::Offline),
            clock,
        };
        Self { store, switchboard: Switchboard::new(ports, Settings::default()), tenant }
    }

    /// Sells one call of a caller who never called before.
    pub(crate) async fn sell(&self) -> Sale {
        static CALLS: AtomicU32 = AtomicU32::new(1);
        let call = CALLS.fetch_add(1, Ordering::Relaxed);
        let address = format!("+1310{call:07}");
        let caller = Caller { number: address.parse().ok(), address, ..Caller::default() };
        let (carrier, account) = ("twilio".into(), "AC1".into());
        let carrier_call = CarrierCall { carrier, account, call_id: format!("CA{call}") };
        let event = Event {
            carrier_call: carrier_call.clone(),
            tenant: None,
            kind: EventKind::Incoming(Incoming { caller, called: CALLED.into(), trial: None }),
            parameters: BTreeMap::new(),
        };
        let began = Instant::now();
        let reply = self.switchboard.handle(&event).await.unwrap();
        let took = began.elapsed();
        let dialled = reply.directives.iter().find_map(|directive| match directive {
            Directive::Dial(dial) => Some(dial.destination.as_str().to_owned()),
            _ => None,
        });
        let mut auctions = self.store.of_call(self.tenant, carrier_call.id()).await.unwrap();
        assert_eq!(auctions.len(), 1, "a call has one auction");
        Sale { record: auctions.remove(0), dialled, took }
    }
}

fn target_id(place: u32) -> TargetId {
    TargetId::from_uuid(Uuid::from_u128(100 + u128::from(place)))
}

impl Sale {
    /// Holds what came of the call against what must come of it. `deadline_ms` is when the last who
    /// fails is given up.
    pub(crate) fn check(&self, bidders: &[Bidder], deadline_ms: u32, about: &str) {
        let latest = Duration::from_millis(deadline_ms.into()) + GUARD;
        assert!(self.took <= latest, "{about}: decided after {:?}", self.took);
        let bid = |bidder: &Bidder| match bidder.expected {
            Expected::Bid(dollars) => Some(dollars),
            Expected::Fails(_) => None,
        };
        let mut bids: Vec<u32> = bidders.iter().filter_map(bid).collect();
        bids.sort_unstable_by(|one, other| other.cmp(one));
        assert_eq!(self.dialled, bids.first().map(|best| destination(*best)), "{about}");
        let request = &self.record.request;
        let price = request.price.map(|price| price.amount.to_string());
        assert_eq!(price, bids.first().map(ToString::to_string), "{about}");
        assert_eq!(self.record.responses.len(), bidders.len(), "{about}");
        for (id, bidder) in (0..).zip(bidders) {
            let row = self.row(id);
            match bidder.expected {
                Expected::Fails(verdict) => {
                    let evidence = format!("{about}: {}: {row:?}", bidder.name);
                    assert_eq!(row.verdict, verdict, "{evidence}");
                    assert_eq!(row.rank, None, "{evidence}");
                }
                Expected::Bid(dollars) => {
                    let place = bids.iter().position(|bid| *bid == dollars).unwrap();
                    let verdict = if place == 0 { Verdict::Won } else { Verdict::Lost };
                    assert_eq!(row.verdict, verdict, "{about}: {row:?}");
                    let told = row.bid.map(|bid| bid.amount.to_string());
                    assert_eq!(told, Some(dollars.to_string()), "{about}: {row:?}");
                    assert_eq!(row.rank, u32::try_from(place + 1).ok(), "{about}: {row:?}");
                }
            }
        }
    }

    fn row(&self, place: u32) -> &BidResponseRecord {
        let id = target_id(place);
        self.record.responses.iter().find(|row| row.target == id).unwrap()
    }
}
