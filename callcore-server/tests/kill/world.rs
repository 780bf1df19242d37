//! What is configured before the first start: one campaign with short limits and tight caps.

use std::path::Path;

use callcore::model::{
    Assignment, Buyer, Campaign, CampaignStatus, Caps, Number, RoutingType, Strategy,
};
use callcore::port::Registry;
use callcore::routing::{Cap, CapKey, CapScope};
use callcore::schedule::CapWindow;
use callcore::vocabulary::{BuyerId, CampaignId, NumberId, TenantId};
use callcore_store_sqlite::SqliteStore;
use chrono::{TimeDelta, Utc};
use chrono_tz::Tz;
use uuid::Uuid;

pub(crate) const ACCOUNT: &str = "AC00000000000000000000000000000001";
pub(crate) const TOKEN: &str = "the-token-of-the-kill-test";
pub(crate) const CALLED: &str = "+18005550199";
pub(crate) const TENANT: TenantId = TenantId::from_uuid(Uuid::from_u128(0x57));
pub(crate) const CAMPAIGN: CampaignId = CampaignId::from_uuid(Uuid::from_u128(0x58));
pub(crate) const MAX_ATTEMPTS: usize = 3;
const RING_SECS: u32 = 5;
const TALK_SECS: u32 = 5;

/// How long a leg can live: Twilio adds 5 s to the ringing
/// (<https://www.twilio.com/docs/voice/twiml/dial#timeout>).
pub(crate) const LEG: TimeDelta = TimeDelta::seconds(5 + 5 + 5);

/// How long a lease lasts: the dial's own limits and a margin of 35 s.
pub(crate) const LEASE: TimeDelta = TimeDelta::seconds(5 + 5 + 35);

/// A buyer as it is configured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spec {
    pub(crate) number: &'static str,
    pub(crate) weight: u32,
    pub(crate) concurrent: u32,
    pub(crate) daily: u32,
}

const fn spec(number: &'static str, weight: u32, concurrent: u32, daily: u32) -> Spec {
    Spec { number, weight, concurrent, daily }
}

pub(crate) const BUYERS: [Spec; 5] = [
    spec("+15551230001", 4, 4, 12),
    spec("+15551230002", 3, 5, 25),
    spec("+15551230003", 2, 6, 1_000),
    spec("+15551230004", 1, 7, 30),
    spec("+15551230005", 1, 12, 1_000),
];

pub(crate) fn buyer(place: usize) -> BuyerId {
    BuyerId::from_uuid(Uuid::from_u128(0x100 + place as u128))
}

/// The buyer with this number.
pub(crate) fn place(number: &str) -> Option<usize> {
    BUYERS.iter().position(|buyer| buyer.number == number)
}

/// A buyer's own cap over a window.
pub(crate) fn cap(place: usize, window: CapWindow) -> Cap {
    let limit = match window {
        CapWindow::Concurrent => BUYERS[place].concurrent,
        _ => BUYERS[place].daily,
    };
    let scope = CapScope::Buyer { buyer: buyer(place) };
    Cap { key: CapKey { scope, window }, zone: Tz::UTC, limit }
}

/// Writes the configuration into a new file.
pub(crate) async fn configure(database: &Path) {
    let store = SqliteStore::open(database).await.expect("a new file opens");
    let (now, number) = (Utc::now(), Uuid::from_u128(0x59));
    let tracking = Number::new(CALLED.parse().expect("a number"));
    store.create(TENANT, number, tracking.into(), now).await.expect("the number is free");
    let campaign = Campaign {
        status: CampaignStatus::Active,
        strategy: Strategy::RoundRobin,
        phone_number_id: Some(NumberId::from_uuid(number)),
        dial_timeout_secs: RING_SECS,
        max_call_length_secs: TALK_SECS,
        max_attempts: 3,
        reroute: None,
        ..Campaign::new("Killed", RoutingType::Direct)
    };
    assert_eq!(campaign.check(), [], "the API would take this campaign");
    store.create(TENANT, CAMPAIGN.uuid(), campaign.into(), now).await.expect("a new campaign");
    for (place, spec) in BUYERS.iter().enumerate() {
        let (id, rung) = (buyer(place), spec.number.parse().expect("a number"));
        let caps =
            Caps { concurrent: Some(spec.concurrent), daily: Some(spec.daily), ..Caps::default() };
        let buyer = Buyer {
            weight: spec.weight,
            caps: Some(caps),
            ..Buyer::new(format!("Buyer {place}"), rung)
        };
        store.create(TENANT, id.uuid(), buyer.into(), now).await.expect("a new buyer");
        let assigned = store.assign(TENANT, CAMPAIGN, id, Assignment::default(), now).await;
        assigned.expect("both exist");
    }
    store.close().await;
}
