//! A whole switchboard under load: many calls at once, every webhook repeated, cut off half-way or
//! late, callers who hang up while it rings. Seen from outside, no cap is ever exceeded, every call
//! ends with a reason, and in the end no place is held.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use callcore::call::{
    CallStatus, Caller, CarrierCall, DialOutcome, DialResult, Directive, Event, EventKind,
    Incoming, Progress,
};
use callcore::memory::Offline;
use callcore::model::{
    Assignment, Buyer, Campaign, CampaignStatus, Caps, Number, RoutingType, Strategy,
};
use callcore::port::{CallFilter, Clock};
use callcore::switchboard::{Ports, Reply, Settings, Switchboard};
use callcore::vocabulary::{BuyerId, CallId, CampaignId, NumberId, PageRequest, Seed, TenantId};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::Harness;

const CALLED: &str = "+18005550199";
const TENANT: TenantId = TenantId::from_uuid(Uuid::from_u128(0x57));
const CAMPAIGN: CampaignId = CampaignId::from_uuid(Uuid::from_u128(0x58));

/// How hard it blows.
#[derive(Clone, Copy, Debug)]
pub struct Storm {
    /// Callers at the same time.
    pub callers: u32,
    /// How many calls each of them makes, one after the other.
    pub calls: u32,
}

/// What a storm did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Aftermath {
    /// Calls made.
    pub calls: u32,
    /// Dials made.
    pub dials: u32,
    /// Conversations.
    pub connected: u32,
}

/// The buyers: number, weight, places at once, conversations a day.
const BUYERS: [(&str, u32, u32, u32); 3] =
    [("+15551230001", 3, 5, 40), ("+15551230002", 2, 4, 1_000), ("+15551230003", 1, 7, 60)];

/// What is surely held and what connected, as seen from outside.
#[derive(Debug, Default)]
struct Ledger {
    held: [AtomicU32; 3],
    connected: [AtomicU32; 3],
    dials: AtomicU32,
}

/// Every look at it is a millisecond later, so that no two instants are the same.
#[derive(Debug, Default)]
struct Ticking(AtomicI64);

#[async_trait]
impl Clock for Ticking {
    fn now(&self) -> DateTime<Utc> {
        let noon = DateTime::from_timestamp(1_795_608_000, 0).expect("a day in 2026");
        noon + TimeDelta::milliseconds(self.0.fetch_add(1, Ordering::Relaxed))
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }

    async fn sleep_until(&self, _: Duration) {}
}

/// Chance that is the same in every run: the interleaving is not, but what each caller does is.
struct Chance(Seed);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = Seed::of_rank(self.0.rank(b"next"));
        self.0.below(bound)
    }

    fn one_in(&mut self, bound: u64) -> bool {
        self.below(bound) == 0
    }
}

/// Lets a storm blow over a store.
///
/// # Panics
/// When a cap was exceeded, a place was not given back, or a call has no end.
pub async fn blow<H: Harness>(storm: Storm) -> Aftermath {
    let harness = H::open().await;
    let clock = Arc::new(Ticking::default());
    configure(&harness, clock.now()).await;
    let ports = Ports {
        directory: harness.directory(),
        system: harness.system(),
        calls: harness.calls(),
        capacity: harness.capacity(),
        egress: Arc::new(Offline),
        script: Arc::new(Offline),
        clock: clock.clone(),
    };
    let switchboard = Arc::new(Switchboard::new(ports, Settings::default()));
    let ledger = Arc::new(Ledger::default());
    let callers: Vec<_> = (0..storm.callers)
        .map(|caller| {
            let (switchboard, ledger) = (Arc::clone(&switchboard), Arc::clone(&ledger));
            tokio::spawn(async move {
                for call in 0..storm.calls {
                    Line::new(&switchboard, &ledger, caller, call).call().await;
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.expect("a caller panicked");
    }
    inspect(&harness, &ledger, storm, clock.now()).await
}

async fn configure<H: Harness>(harness: &H, now: DateTime<Utc>) {
    let registry = harness.registry();
    let number = Uuid::from_u128(0x59);
    let tracking = Number::new(CALLED.parse().expect("a number"));
    registry.create(TENANT, number, tracking.into(), now).await.expect("the number is free");
    let campaign = Campaign {
        status: CampaignStatus::Active,
        strategy: Strategy::RoundRobin,
        phone_number_id: Some(NumberId::from_uuid(number)),
        max_attempts: 3,
        ..Campaign::new("Storm", RoutingType::Direct)
    };
    registry.create(TENANT, CAMPAIGN.uuid(), campaign.into(), now).await.expect("a new campaign");
    for (place, (rung, weight, concurrent, daily)) in (0u128..).zip(BUYERS) {
        let id = Uuid::from_u128(0x100 + place);
        let caps = Caps { concurrent: Some(concurrent), daily: Some(daily), ..Caps::default() };
        let buyer = Buyer {
            weight,
            caps: Some(caps),
            ..Buyer::new(format!("Buyer {place}"), rung.parse().expect("a number"))
        };
        registry.create(TENANT, id, buyer.into(), now).await.expect("a new buyer");
        let assigned =
            registry.assign(TENANT, CAMPAIGN, BuyerId::from_uuid(id), Assignment::default(), now);
        assigned.await.expect("both exist");
    }
}

async fn inspect<H: Harness>(
    harness: &H,
    ledger: &Ledger,
    storm: Storm,
    now: DateTime<Utc>,
) -> Aftermath {
    let held = harness.capacity().held(TENANT, now).await.expect("the store answers");
    assert_eq!(held, 0, "places are still held");
    let connected: Vec<u32> =
        ledger.connected.iter().map(|count| count.load(Ordering::SeqCst)).collect();
    for ((_, _, _, daily), connected) in BUYERS.iter().zip(&connected) {
        assert!(connected <= daily, "{connected} conversations under a daily cap of {daily}");
    }
    let (mut seen, mut page) = (0, PageRequest::default());
    loop {
        let calls = harness.calls().list(TENANT, &CallFilter::default(), page).await;
        let calls = calls.expect("the store answers");
        for call in &calls.items {
            assert!(call.final_reason().is_some(), "{} has no end", call.id);
        }
        seen += u32::try_from(calls.items.len()).expect("a page is small");
        match calls.next {
            Some(next) => page.after = Some(next),
            None => break,
        }
    }
    assert_eq!(seen, storm.callers * storm.calls, "calls are missing");
    let dials = ledger.dials.load(Ordering::SeqCst);
    Aftermath { calls: seen, dials, connected: connected.iter().sum() }
}

/// One call as its carrier sees it.
struct Line<'a> {
    switchboard: &'a Arc<Switchboard>,
    ledger: &'a Ledger,
    chance: Chance,
    carrier_call: CarrierCall,
    from: String,
}

impl<'a> Line<'a> {
    fn new(switchboard: &'a Arc<Switchboard>, ledger: &'a Ledger, caller: u32, call: u32) -> Self {
        let carrier_call = CarrierCall {
            carrier: "twilio".into(),
            account: "AC1".into(),
            call_id: format!("CA{caller:06}{call:06}"),
        };
        let id: CallId = carrier_call.id();
        let chance = Chance(Seed::derive(TENANT, id, "storm", "caller"));
        let from = format!("+1555{caller:04}{call:03}");
        Self { switchboard, ledger, chance, carrier_call, from }
    }

    async fn call(mut self) {
        let caller = Caller {
            number: self.from.parse().ok(),
            address: self.from.clone(),
            ..Caller::default()
        };
        let incoming = EventKind::Incoming(Incoming { caller, called: CALLED.into(), trial: None });
        let mut reply = self.deliver(incoming).await;
        while let Some(Directive::Dial(dial)) = reply.directives.first() {
            let attempt = dial.attempt;
            let rung = dial.destination.as_str();
            let buyer = BUYERS.iter().position(|(number, ..)| *number == rung).expect("a buyer");
            self.hold(buyer).await;
            if self.chance.one_in(6) {
                // The caller hangs up; what became of the dial is told late, or never.
                self.status().await;
                if self.chance.one_in(2) {
                    reply = self.result(attempt, DialOutcome::Canceled).await;
                    assert_eq!(reply.directives, [Directive::Hangup]);
                }
                return;
            }
            let outcome = match self.chance.below(4) {
                0 => DialOutcome::Busy,
                1 => DialOutcome::NoAnswer,
                2 => DialOutcome::Failed,
                _ => {
                    self.ledger.connected[buyer].fetch_add(1, Ordering::SeqCst);
                    DialOutcome::Answered
                }
            };
            reply = self.result(attempt, outcome).await;
        }
        self.status().await;
    }

    /// From the reply that dials to just before its result a place is surely held.
    async fn hold(&mut self, buyer: usize) {
        self.ledger.dials.fetch_add(1, Ordering::SeqCst);
        let held = self.ledger.held[buyer].fetch_add(1, Ordering::SeqCst) + 1;
        let cap = BUYERS[buyer].2;
        assert!(held <= cap, "{held} calls at once under a cap of {cap}");
        for _ in 0..self.chance.below(20) {
            tokio::task::yield_now().await;
        }
        self.ledger.held[buyer].fetch_sub(1, Ordering::SeqCst);
    }

    async fn result(&mut self, attempt: u32, outcome: DialOutcome) -> Reply {
        let talked = (outcome == DialOutcome::Answered).then_some(60);
        self.deliver(EventKind::DialResult(DialResult {
            attempt,
            outcome,
            leg: Some(format!("{}-{attempt}", self.carrier_call.call_id)),
            talk_secs: talked,
            call_status: None,
            recording: None,
        }))
        .await
    }

    async fn status(&mut self) {
        let status = CallStatus::Completed;
        let _ = self.deliver(EventKind::Progress(Progress { status, duration_secs: None })).await;
    }

    /// Delivers an event as a bad network does: cut off half-way, and more than once. All answers
    /// are the same.
    async fn deliver(&mut self, kind: EventKind) -> Reply {
        let event = Arc::new(Event {
            carrier_call: self.carrier_call.clone(),
            tenant: None,
            kind,
            parameters: BTreeMap::new(),
        });
        let send = |event: &Arc<Event>| {
            let (switchboard, event) = (Arc::clone(self.switchboard), Arc::clone(event));
            tokio::spawn(async move { switchboard.handle(&event).await })
        };
        while self.chance.one_in(3) {
            let cut_off = send(&event);
            for _ in 0..self.chance.below(6) {
                tokio::task::yield_now().await;
            }
            cut_off.abort();
        }
        let (first, second) = (send(&event), self.chance.one_in(2).then(|| send(&event)));
        let reply = first.await.expect("no panic").expect("the event is handled");
        if let Some(second) = second {
            let again = second.await.expect("no panic").expect("the event is handled");
            assert_eq!(again.directives, reply.directives, "two answers to one event");
        }
        reply
    }
}
