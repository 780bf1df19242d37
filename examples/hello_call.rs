//! The smallest whole call: a campaign with one buyer in memory, one webhook in, TwiML out. No
//! runtime, no socket, no clock but the one that is passed in.
//!
//! Run it: `cargo run -p examples --example hello_call`
//!
//! Try: give the buyer `caps` with `concurrent: Some(0)` and read what the caller hears instead.

use std::error::Error;
use std::sync::Arc;

use callcore::memory::{MemoryStore, Offline};
use callcore::model::{Assignment, Buyer, Campaign, CampaignStatus, Number, RoutingType};
use callcore::port::Registry;
use callcore::switchboard::{Ports, Settings, Switchboard};
use callcore::vocabulary::{BuyerId, CampaignId, NumberId, TenantId};
use callcore_testkit::ManualClock;
use callcore_twiml::Form;
use callcore_twiml::render::Renderer;
use callcore_twiml::webhook::{self, Webhook};
use uuid::Uuid;

fn main() -> Result<(), Box<dyn Error>> {
    let store = Arc::new(MemoryStore::new());
    let clock = Arc::new(ManualClock::new("2026-11-23T15:00:00Z".parse()?));
    pollster::block_on(configure(&store))?;

    let switchboard = Switchboard::new(
        Ports {
            directory: store.clone(),
            system: store.clone(),
            calls: store.clone(),
            capacity: store,
            egress: Arc::new(Offline),
            script: Arc::new(Offline),
            clock,
        },
        Settings::default(),
    );

    // What the carrier posts to the voice webhook. A server verifies the signature first:
    // `callcore_twiml::signature::verify`.
    let form: Form = [
        ("CallSid", "CA00000000000000000000000000000001"),
        ("AccountSid", "AC00000000000000000000000000000001"),
        ("From", "+13105550133"),
        ("To", "+18005550199"),
        ("CallStatus", "ringing"),
    ]
    .into_iter()
    .collect();
    let event = webhook::event(Webhook::Voice, &form)?;
    let reply = pollster::block_on(switchboard.handle(&event))?;
    let renderer = Renderer::new("https://calls.example.com");
    println!("{}", renderer.response(reply.call, reply.tenant, &reply.directives).to_xml()?);
    Ok(())
}

/// One number, one buyer, one campaign that is active.
async fn configure(store: &MemoryStore) -> Result<(), Box<dyn Error>> {
    let now = "2026-11-23T14:00:00Z".parse()?;
    let tenant = TenantId::from_uuid(Uuid::from_u128(1));
    let [number, buyer, campaign] = [2, 3, 4].map(Uuid::from_u128);
    let tracking = Number::new("+18005550199".parse()?);
    store.create(tenant, number, tracking.into(), now).await?;
    let sales = Buyer::new("Sales", "+12125550111".parse()?);
    store.create(tenant, buyer, sales.into(), now).await?;
    let active = Campaign {
        status: CampaignStatus::Active,
        phone_number_id: Some(NumberId::from_uuid(number)),
        ..Campaign::new("Sales line", RoutingType::Direct)
    };
    store.create(tenant, campaign, active.into(), now).await?;
    let (campaign, buyer) = (CampaignId::from_uuid(campaign), BuyerId::from_uuid(buyer));
    store.assign(tenant, campaign, buyer, Assignment::default(), now).await?;
    Ok(())
}
