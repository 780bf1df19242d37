//! Callers who hang up while the bidders of their first step are asked: the carrier tells the end of a
//! call that no store knows yet, to another server.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use pollster::block_on;
use serde_json::json;

use super::auctions::{auction, confirmed};
use super::bidders::Does;
use super::clock::SetClock;
use super::desk::Desk;
use super::flows::flow;
use crate::auction::Verdict;
use crate::call::{CallStatus, Event, EventKind, FinalReason, FlowStatus, Progress, StepKey};
use crate::model::{Caps, RoutingType};
use crate::port::{Begun, Calls, Clock};
use crate::switchboard::{Ports, Reply, Switchboard};

/// The desk's clock, which tells when somebody waits.
#[derive(Debug)]
struct Watch(Arc<SetClock>, Sender<()>);

#[async_trait]
impl Clock for Watch {
    fn now(&self) -> DateTime<Utc> {
        self.0.now()
    }

    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }

    async fn sleep_until(&self, _: Duration) {
        let _ = self.1.send(());
        thread::yield_now();
    }
}

/// Another server, which was told a status.
#[derive(Clone, Debug)]
struct Other {
    ports: Ports,
    clock: Arc<SetClock>,
    settings: crate::switchboard::Settings,
}

impl Other {
    fn beside(desk: &Desk) -> Self {
        let Switchboard { ports, settings, .. } = &desk.switchboard;
        Self { ports: ports.clone(), clock: desk.clock.clone(), settings: settings.clone() }
    }

    /// Tells it a status of a call. Comes back once it waits, or has answered.
    #[expect(clippy::disallowed_methods, reason = "the two servers wait for each other")]
    fn hears(self, call: u32, status: CallStatus, answered: Sender<Reply>) {
        let (waits, waiting) = channel();
        let clock: Arc<dyn Clock> = Arc::new(Watch(self.clock, waits));
        let event = Event {
            carrier_call: Desk::carrier_call(call),
            tenant: None,
            kind: EventKind::Progress(Progress { status, duration_secs: None }),
            parameters: BTreeMap::new(),
        };
        thread::spawn(move || {
            let switchboard = Switchboard::new(Ports { clock, ..self.ports }, self.settings);
            let reply = block_on(switchboard.handle(&event)).unwrap();
            drop(switchboard);
            answered.send(reply).unwrap();
        });
        let _ = waiting.recv();
    }
}

/// Statuses of a call, which another server was told while a bidder was asked.
struct Told {
    replies: Receiver<Reply>,
    count: usize,
}

impl Desk {
    /// While the bidder at a place is asked, another server is told these statuses of the call.
    fn told_meanwhile(&self, call: u32, place: &str, statuses: &[CallStatus]) -> Told {
        let (answered, replies) = channel();
        let (other, count) = (Other::beside(self), statuses.len());
        let statuses = statuses.to_vec();
        self.bidders.meanwhile_at(place, move || {
            for status in statuses {
                other.clone().hears(call, status, answered.clone());
            }
        });
        Told { replies, count }
    }
}

impl Told {
    /// Waits until all of them were answered.
    fn all(self) -> Vec<Reply> {
        let next = |_| self.replies.recv_timeout(Duration::from_secs(10)).unwrap();
        (0..self.count).map(next).collect()
    }
}

/// A desk whose targets take one call a day each.
fn selling() -> Desk {
    let mut desk = Desk::open();
    let caps = Some(Caps { concurrent: Some(1), daily: Some(1), ..Caps::default() });
    desk.target("a", |target| target.caps = caps);
    desk.target("b", |_| {});
    desk.activate(|campaign| campaign.routing_type = RoutingType::Rtb);
    desk.bidders.bids("a", "9", "0001");
    desk.bidders.bids("b", "8", "0002");
    desk
}

/// Call 1 is over, nobody was dialled for it and nobody has won it.
fn sold_to_nobody(desk: &Desk, reason: FinalReason) {
    let call = desk.call(1);
    assert_eq!((call.status, call.final_reason()), (CallStatus::Completed, Some(reason)));
    assert_eq!((call.attempts.len(), call.converted, call.target()), (0, false, None));
    assert_eq!(desk.held(), 0);
    let record = desk.auction(1);
    assert_eq!((record.request.winner, record.request.price), (None, None));
    assert_eq!(crate::auction::replay(&record.log).winner(), None);
}

#[test]
fn a_caller_who_hangs_up_in_the_first_auction_is_sold_to_nobody() {
    let desk = selling();
    let told = desk.told_meanwhile(1, "b", &[CallStatus::Completed]);
    assert_eq!(desk.voice(1), "dial +12125550001", "which nobody hears");
    let replies = told.all();
    assert_eq!((replies[0].tenant, replies[0].repeated), (Some(desk.tenant), false));
    sold_to_nobody(&desk, FinalReason::CallerHungUp);
    assert_eq!(desk.verdict_words(1), [Verdict::Lost, Verdict::Lost]);
    let lost = "the caller hung up before it was dialled";
    assert!(desk.auction(1).responses.iter().any(|row| row.detail == lost));
    assert_eq!(desk.auction(1).exchanges.len(), 2, "what was said is kept");
    assert_eq!(desk.facts(1), ["voice", "status/completed"]);
    // The place of the day is given back as well.
    assert_eq!(desk.voice(2), "dial +12125550001");
}

#[test]
fn a_caller_who_hangs_up_in_the_auction_that_a_flow_begins_with_is_sold_to_nobody() {
    let desk = selling();
    let sells = json!({ "strategy": "rtb" });
    desk.flow(&flow(&[("sells", "advanced_router", sells)], &[]));
    let told = desk.told_meanwhile(1, "a", &[CallStatus::Completed]);
    assert_eq!(desk.voice(1), "dial +12125550001");
    told.all();
    sold_to_nobody(&desk, FinalReason::CallerHungUp);
    assert_eq!(desk.call(1).flow.unwrap().status, FlowStatus::Abandoned);
    assert_eq!(desk.voice(2), "dial +12125550001");
}

#[test]
fn a_caller_who_hangs_up_while_the_first_winner_confirms_is_sold_to_nobody() {
    let mut desk = Desk::open();
    desk.target("a", confirmed);
    desk.activate(|campaign| campaign.routing_type = RoutingType::Rtb);
    desk.bidders.bids("a", "9", "0001");
    desk.bidders.will("confirm/a", Does::Says(r#"{"status":"accepted"}"#.into()));
    let told = desk.told_meanwhile(1, "confirm/a", &[CallStatus::Completed]);
    desk.voice(1);
    told.all();
    sold_to_nobody(&desk, FinalReason::CallerHungUp);
    assert_eq!(desk.auction(1).exchanges.len(), 2);
}

#[test]
fn a_caller_who_hangs_up_before_the_buyers_are_dialled_takes_no_place_of_theirs() {
    let mut desk = auction(&["a"]);
    let caps = Some(Caps { concurrent: Some(1), daily: Some(1), ..Caps::default() });
    desk.buyer("Own", |buyer| buyer.caps = caps);
    desk.bidders.will("a", Does::Says(r#"{"accepted":false}"#.into()));
    let told = desk.told_meanwhile(1, "a", &[CallStatus::Completed]);
    assert_eq!(desk.voice(1), "dial Own");
    told.all();
    sold_to_nobody(&desk, FinalReason::CallerHungUp);
    assert_eq!(desk.voice(2), "dial Own");
}

#[test]
fn whatever_else_is_told_in_the_first_auction_is_kept() {
    let desk = selling();
    let told = desk.told_meanwhile(1, "a", &[CallStatus::InProgress]);
    assert_eq!(desk.voice(1), "dial +12125550001");
    told.all();
    let call = desk.call(1);
    assert_eq!((call.status, call.attempts.len()), (CallStatus::InProgress, 1));
    assert_eq!(desk.verdict_words(1), [Verdict::Won, Verdict::Lost]);
    assert_eq!(desk.held(), 1);
}

#[test]
fn several_statuses_that_are_told_in_the_first_auction_are_all_heard() {
    use CallStatus::{Canceled, Completed, InProgress};
    for statuses in [[InProgress, Completed], [Completed, Completed], [Completed, Canceled]] {
        let desk = selling();
        let told = desk.told_meanwhile(1, "b", &statuses);
        desk.voice(1);
        for reply in told.all() {
            assert_eq!(reply.directives, []);
        }
        let call = desk.call(1);
        assert!(call.is_over() && call.attempts.is_empty(), "{statuses:?}: {call:?}");
        assert_eq!((desk.auction(1).request.winner, desk.held()), (None, 0), "{statuses:?}");
        assert!(!desk.journal(1).contains(r#""hangup""#), "{}", desk.journal(1));
    }
}

#[test]
fn news_of_a_call_that_nobody_works_on_waits_for_nothing() {
    let desk = selling();
    let (answered, replies) = channel();
    Other::beside(&desk).hears(1, CallStatus::Completed, answered);
    let reply = replies.recv_timeout(Duration::from_secs(10)).unwrap();
    assert_eq!((reply.tenant, desk.calls()), (None, 0));
}

#[test]
fn news_of_a_call_whose_step_is_abandoned_waits_no_longer() {
    let desk = selling();
    let (id, voice, now) = (Desk::carrier_call(1).id(), StepKey::voice(), desk.clock.now());
    let until = now + TimeDelta::seconds(9);
    let begun = desk.store.begin(desk.tenant, id, &voice, until, now);
    assert_eq!(block_on(begun).unwrap(), Begun::Fresh);
    let (answered, replies) = channel();
    Other::beside(&desk).hears(1, CallStatus::Completed, answered);
    assert!(replies.try_recv().is_err(), "it waits");
    desk.wait(9);
    let reply = replies.recv_timeout(Duration::from_secs(10)).unwrap();
    assert_eq!((reply.tenant, desk.calls()), (None, 0));
}
