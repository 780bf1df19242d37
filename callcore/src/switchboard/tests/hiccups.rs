//! A store that is unavailable for a moment after bidders were asked: the step goes on where it stands,
//! nobody is asked twice, and where it cannot go on it says so at once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use pollster::block_on;
use serde_json::json;

use super::auctions::{auction, confirmed};
use super::bidders::Does;
use super::desk::Desk;
use super::flows::flow;
use crate::call::{
    Call, Caller, CallerInput, DialOutcome, DialResult, Event, EventKind, FlowStep, Incoming,
    Passage, StepKey,
};
use crate::memory::MemoryStore;
use crate::model::RoutingType;
use crate::port::{
    Ask, Begun, CallFilter, Calls, Capacity, Clock as _, Journey, Look, PassageFilter, Release,
    Reservation, Reserved, Save, SaveError, StoreError,
};
use crate::switchboard::{HandleError, Ports, Switchboard};
use crate::vocabulary::{CallId, Page, PageRequest, TenantId};

/// Which of the acts that follow the beginning of a step fails.
#[derive(Clone, Copy, Debug)]
enum Fails {
    Never,
    /// This one, which is not done.
    Once(usize),
    /// This one, which is done: its answer is lost.
    Unheard(usize),
    /// This one and all that follow.
    From(usize),
}

#[derive(Debug)]
struct Hiccups {
    inner: Arc<MemoryStore>,
    fails: Fails,
    begun: AtomicBool,
    /// How many acts followed.
    acts: AtomicUsize,
}

impl Hiccups {
    async fn act<T, E: From<StoreError>>(
        &self,
        act: impl Future<Output = Result<T, E>> + Send,
    ) -> Result<T, E> {
        if !self.begun.load(Ordering::SeqCst) {
            return act.await;
        }
        let number = self.acts.fetch_add(1, Ordering::SeqCst);
        match self.fails {
            Fails::Once(at) if at == number => {}
            Fails::From(at) if at <= number => {}
            Fails::Unheard(at) if at == number => drop(act.await),
            _ => return act.await,
        }
        Err(StoreError::unavailable("planted").into())
    }
}

#[async_trait]
impl Calls for Hiccups {
    async fn look(
        &self,
        tenant: TenantId,
        call: CallId,
        ask: &Ask,
        now: DateTime<Utc>,
    ) -> Result<Look, StoreError> {
        self.act(self.inner.look(tenant, call, ask, now)).await
    }

    async fn begin(
        &self,
        tenant: TenantId,
        call: CallId,
        step: &StepKey,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Begun, StoreError> {
        assert!(!self.begun.swap(true, Ordering::SeqCst), "a step waits for itself");
        self.inner.begin(tenant, call, step, until, now).await
    }

    async fn draw(
        &self,
        tenant: TenantId,
        call: CallId,
        rotation: &str,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        self.act(self.inner.draw(tenant, call, rotation, now)).await
    }

    async fn save(&self, tenant: TenantId, save: Save) -> Result<(), SaveError> {
        self.act(self.inner.save(tenant, save)).await
    }

    async fn read(&self, tenant: TenantId, call: CallId) -> Result<Option<Journey>, StoreError> {
        Calls::read(&*self.inner, tenant, call).await
    }

    async fn list(
        &self,
        tenant: TenantId,
        filter: &CallFilter,
        page: PageRequest,
    ) -> Result<Page<Call>, StoreError> {
        Calls::list(&*self.inner, tenant, filter, page).await
    }

    async fn passages(
        &self,
        tenant: TenantId,
        filter: &PassageFilter,
        page: PageRequest,
    ) -> Result<Page<Passage>, StoreError> {
        self.inner.passages(tenant, filter, page).await
    }
}

#[async_trait]
impl Capacity for Hiccups {
    async fn reserve(
        &self,
        tenant: TenantId,
        reservation: Reservation,
        now: DateTime<Utc>,
    ) -> Result<Reserved, StoreError> {
        self.act(self.inner.reserve(tenant, reservation, now)).await
    }

    async fn release(
        &self,
        tenant: TenantId,
        call: CallId,
        releases: &[Release],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.act(self.inner.release(tenant, call, releases, now)).await
    }

    async fn held(&self, tenant: TenantId, now: DateTime<Utc>) -> Result<u64, StoreError> {
        self.inner.held(tenant, now).await
    }
}

/// What an event came to.
#[derive(Debug, PartialEq)]
struct Came {
    told: String,
    asked: Vec<String>,
    verdicts: Vec<String>,
    held: u64,
}

/// An event of call 1 at a desk that is ready for it.
type Scene = fn() -> (Desk, EventKind);

/// Plays a scene while the store fails; answers also how many acts followed the beginning.
fn play(scene: Scene, fails: Fails) -> (Result<Came, HandleError>, Vec<String>, usize) {
    let (desk, kind) = scene();
    desk.bidders.asked();
    let (begun, acts) = (AtomicBool::new(false), AtomicUsize::new(0));
    let hiccups = Arc::new(Hiccups { inner: desk.store.clone(), fails, begun, acts });
    let Switchboard { ports, settings, .. } = &desk.switchboard;
    let ports = Ports { calls: hiccups.clone(), capacity: hiccups.clone(), ..ports.clone() };
    let switchboard = Switchboard::new(ports, settings.clone());
    let event = Event {
        carrier_call: Desk::carrier_call(1),
        tenant: None,
        kind,
        parameters: BTreeMap::new(),
    };
    let asked_before = desk.clock.now();
    let handled = block_on(switchboard.handle(&event));
    assert_eq!(desk.clock.now(), asked_before);
    let asked = desk.bidders.asked();
    let came = handled.map(|reply| Came {
        told: desk.told_all(&reply.directives),
        asked: asked.clone(),
        verdicts: desk.verdicts(1),
        held: desk.held(),
    });
    (came, asked, hiccups.acts.load(Ordering::SeqCst))
}

/// Plays a scene with a failure at each of its acts.
fn fails_everywhere(scene: Scene, told: &str, least: usize) {
    let (came, asked, acts) = play(scene, Fails::Never);
    let sound = came.unwrap();
    assert_eq!(sound.told, told);
    assert!(acts >= least, "{acts} acts");
    for at in 0..acts {
        for fails in [Fails::Once(at), Fails::Unheard(at)] {
            let (came, ..) = play(scene, fails);
            assert_eq!(
                came.unwrap_or_else(|error| panic!("{fails:?}: {error}")),
                sound,
                "{fails:?}"
            );
        }
        let (came, again, tried) = play(scene, Fails::From(at));
        assert!(matches!(came, Err(HandleError::Interrupted(_))), "from {at}: {came:?}");
        // Who confirms comes after the first act.
        assert!(asked.starts_with(&again), "from {at}: {again:?}");
        assert_eq!(tried, at + 3, "from {at}: an act is tried three times");
    }
}

fn voice() -> EventKind {
    let number = "+14155550100";
    let caller =
        Caller { address: number.into(), number: number.parse().ok(), ..Caller::default() };
    EventKind::Incoming(Incoming { caller, called: "+18005550199".into(), trial: None })
}

fn busy(attempt: u32) -> EventKind {
    EventKind::DialResult(DialResult {
        attempt,
        outcome: DialOutcome::Busy,
        leg: None,
        talk_secs: None,
        call_status: None,
        recording: None,
    })
}

fn key_1() -> EventKind {
    let input = CallerInput::Keys { digits: "1".to_owned() };
    EventKind::FlowStep(FlowStep { step: 1, input, call_status: None })
}

fn refuse(desk: &Desk, target: &str) {
    desk.bidders.will(target, Does::Says(r#"{"accepted":false}"#.into()));
}

/// A target that confirms, one that does not, and two buyers that share.
fn confirming() -> Desk {
    let mut desk = Desk::open();
    desk.target("a", confirmed);
    desk.target("b", |_| {});
    desk.buyer("Own", |_| {});
    desk.buyer("Other", |_| {});
    desk.activate(|campaign| campaign.routing_type = RoutingType::Rtb);
    desk.bidders.bids("a", "8", "0001");
    desk.bidders.bids("b", "7", "0002");
    desk.bidders.will("confirm/a", Does::Says(r#"{"status":"accepted"}"#.into()));
    desk
}

/// A flow that sells and, where nobody buys, draws a turn of a splitter.
fn sells_and_splits(first: &[(&str, &str, serde_json::Value)]) -> serde_json::Value {
    let splits = json!([{ "id": "a", "nodeId": "one" }, { "id": "b", "nodeId": "two" }]);
    let split = json!({ "strategy": "round_robin", "splits": splits });
    let mut nodes = first.to_vec();
    nodes.extend([
        ("sells", "advanced_router", json!({ "strategy": "rtb" })),
        ("split", "traffic_splitter", split),
        ("one", "end", json!({ "message": "One." })),
        ("two", "end", json!({ "message": "Two." })),
    ]);
    let mut connections = vec![("sells", "no_route", "split")];
    connections.extend(first.iter().map(|(menu, ..)| (*menu, "key:1", "sells")));
    flow(&nodes, &connections)
}

#[test]
fn a_call_is_sold_and_confirmed_once() {
    let scene = || (confirming(), voice());
    fails_everywhere(scene, "dial +12125550001", 2);
}

#[test]
fn a_call_that_nobody_buys_goes_to_a_buyer() {
    let scene = || {
        let desk = confirming();
        refuse(&desk, "a");
        refuse(&desk, "b");
        (desk, voice())
    };
    fails_everywhere(scene, "dial Own", 3);
}

#[test]
fn the_next_bid_is_confirmed_once() {
    let scene = || {
        let desk = confirming();
        desk.bidders.bids("b", "9", "0002");
        assert_eq!(desk.voice(1), "dial +12125550002");
        (desk, busy(1))
    };
    fails_everywhere(scene, "dial +12125550001", 2);
}

#[test]
fn after_the_last_bid_come_the_buyers() {
    let scene = || {
        let desk = confirming();
        refuse(&desk, "a");
        assert_eq!(desk.voice(1), "dial +12125550002");
        (desk, busy(1))
    };
    // A look, a draw, a reservation and the save.
    fails_everywhere(scene, "dial Own", 4);
}

#[test]
fn a_flow_goes_on_where_nobody_bought() {
    let scene = || {
        let desk = auction(&["a"]);
        refuse(&desk, "a");
        desk.flow(&sells_and_splits(&[]));
        (desk, voice())
    };
    fails_everywhere(scene, "say One., hangup", 2);
}

#[test]
fn a_flow_goes_on_after_the_last_bid() {
    let scene = || {
        let desk = auction(&["a"]);
        desk.bidders.bids("a", "9", "0001");
        desk.flow(&sells_and_splits(&[]));
        assert_eq!(desk.voice(1), "dial +12125550001");
        (desk, busy(1))
    };
    fails_everywhere(scene, "say One., hangup", 2);
}

#[test]
fn news_that_come_meanwhile_are_taken_over() {
    let scene = || {
        let desk = auction(&["a"]);
        desk.bidders.bids("a", "9", "0001");
        let menu = json!({ "message": "1?", "options": [{ "key": "1", "label": "Sales" }] });
        desk.flow(&sells_and_splits(&[("menu", "ivr_menu", menu)]));
        desk.voice(1);
        desk.recorded_meanwhile(1);
        (desk, key_1())
    };
    // A reservation, a save that conflicts, a look and the save.
    fails_everywhere(scene, "dial +12125550001", 4);
}

#[test]
fn a_flow_that_can_go_on_no_more_asks_nobody_again() {
    let scene = || {
        let desk = auction(&["a"]);
        desk.bidders.bids("a", "9", "0001");
        desk.flow(&sells_and_splits(&[]));
        assert_eq!(desk.voice(1), "dial +12125550001");
        desk.loses_its_version(1);
        (desk, busy(1))
    };
    fails_everywhere(scene, "say sorry, hangup", 1);
}

impl Desk {
    /// The version of the flow that a call is on is gone.
    fn loses_its_version(&self, call: u32) {
        let (store, tenant, now) = (&*self.store, self.tenant, self.clock.now());
        let id = Self::carrier_call(call).id();
        let look = block_on(Calls::look(store, tenant, id, &Ask::default(), now)).unwrap();
        let (mut call, version) = look.call.unwrap();
        call.flow.as_mut().unwrap().version = 99;
        let save = Save {
            growth: crate::call::Growth::default(),
            releases: Vec::new(),
            call,
            expected: Some(version),
            fact: crate::call::Fact {
                at: now,
                step: StepKey::recording("RE1"),
                event: busy(9),
                parameters: BTreeMap::new(),
                directives: Vec::new(),
                nodes: Vec::new(),
            },
            decision: None,
            auction: None,
            outbox: Vec::new(),
        };
        block_on(Calls::save(store, tenant, save)).unwrap();
    }
}
