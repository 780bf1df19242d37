//! What is configured, through the API: one campaign with short limits and tight caps.

use std::time::Duration;

use serde_json::json;

use crate::api::Api;

pub(crate) const ACCOUNT: &str = "AC00000000000000000000000000000001";
pub(crate) const TOKEN: &str = "the-token-of-the-servers-test";
pub(crate) const CALLED: &str = "+18005550199";
/// The address that all servers have at the carrier.
pub(crate) const PUBLIC_URL: &str = "http://calls.example.test";
pub(crate) const MAX_ATTEMPTS: usize = 3;
const RING_SECS: u64 = 5;
const TALK_SECS: u64 = 5;

/// How long a leg can live: Twilio adds 5 s to the ringing
/// (<https://www.twilio.com/docs/voice/twiml/dial#timeout>).
pub(crate) const LEG: Duration = Duration::from_secs(RING_SECS + 5 + TALK_SECS);

/// How long a lease lasts: the dial's own limits and a margin of 35 s.
pub(crate) const LEASE: Duration = Duration::from_secs(RING_SECS + TALK_SECS + 35);

/// How many calls come in, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) per_second: u32,
    pub(crate) seconds: u32,
}

/// A buyer as it is configured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spec {
    pub(crate) number: &'static str,
    pub(crate) weight: u32,
    pub(crate) concurrent: u32,
    pub(crate) daily: Option<u32>,
}

/// The buyers at 30 calls a second for 30 s: together they have too little room, at once and a day.
const BUYERS: [Spec; 5] = [
    spec("+15551230001", 4, 5, Some(10)),
    spec("+15551230002", 3, 7, Some(40)),
    spec("+15551230003", 2, 9, None),
    spec("+15551230004", 1, 10, Some(120)),
    spec("+15551230005", 1, 12, None),
];

const fn spec(number: &'static str, weight: u32, concurrent: u32, daily: Option<u32>) -> Spec {
    Spec { number, weight, concurrent, daily }
}

impl Load {
    pub(crate) const fn calls(self) -> u32 {
        self.per_second * self.seconds
    }

    /// The buyers for this load.
    pub(crate) fn buyers(self) -> Vec<Spec> {
        let scaled = |spec: &Spec| Spec {
            concurrent: (spec.concurrent * self.per_second).div_ceil(30),
            daily: spec.daily.map(|daily| (daily * self.calls()).div_ceil(900)),
            ..*spec
        };
        BUYERS.iter().map(scaled).collect()
    }
}

/// The numbers of the buyers.
pub(crate) fn numbers() -> impl Iterator<Item = &'static str> {
    BUYERS.iter().map(|buyer| buyer.number)
}

/// The buyer with this number.
pub(crate) fn place(number: &str) -> Option<usize> {
    numbers().position(|buyer| buyer == number)
}

/// Configures the campaign through one of the servers.
pub(crate) async fn configure(api: &Api, buyers: &[Spec]) {
    let number = api.post("/api/numbers", &json!({ "number": CALLED })).await;
    let campaign = json!({
        "name": "Chaos",
        "routingType": "direct",
        "strategy": "round_robin",
        "phoneNumberId": number["id"],
        "dialTimeout": RING_SECS,
        "maxCallLength": TALK_SECS,
        "maxAttempts": MAX_ATTEMPTS,
    });
    let campaign = api.post("/api/campaigns", &campaign).await;
    let campaign = campaign["id"].as_str().expect("an id").to_owned();
    for (place, spec) in buyers.iter().enumerate() {
        let buyer = json!({
            "name": format!("Buyer {place}"),
            "destination": spec.number,
            "weight": spec.weight,
            "caps": { "concurrent": spec.concurrent, "daily": spec.daily },
        });
        let buyer = api.post("/api/buyers", &buyer).await;
        let buyer = buyer["id"].as_str().expect("an id");
        api.put(&format!("/api/campaigns/{campaign}/buyers/{buyer}"), &json!({})).await;
    }
    api.act(&format!("/api/campaigns/{campaign}/activate")).await;
}
