//! Test calls: what they run, and that nothing counts them.

use std::collections::BTreeMap;

use pollster::block_on;
use serde_json::{Value, json};
use uuid::Uuid;

use super::auctions::auction;
use super::desk::Desk;
use super::flows::flow;
use crate::call::{
    CallStatus, Caller, DialOutcome, Event, EventKind, FlowStatus, Incoming, LegStatus,
    ReportStatus, RoutingMetrics,
};
use crate::model::{Caps, Conversion, DuplicateRule, DuplicateScope, RestrictAfter};
use crate::port::{Ask, Calls, Flows, NewTrial};
use crate::vocabulary::{CampaignId, FlowId, Money, TenantId, TrialId, limits};

/// Whoever is rung, who calls as themselves as well.
const PHONE: &str = "+14155550100";

impl Desk {
    /// Makes a trial of a document, and answers its id.
    fn trial(&self, document: &Value) -> TrialId {
        let id = TrialId::from_uuid(Uuid::from_u128(0x77));
        let new = NewTrial {
            id,
            flow: FlowId::from_uuid(Uuid::from_u128(4)),
            campaign: CampaignId::from_uuid(self.campaign),
            definition: serde_json::from_value(document.clone()).unwrap(),
        };
        let now = crate::port::Clock::now(&*self.clock);
        block_on(self.store.try_out(self.tenant, new, now)).unwrap();
        id
    }

    /// The phone that is rung for a test is answered.
    fn answered(&self, call: u32, tenant: TenantId, trial: TrialId) -> String {
        let caller =
            Caller { address: PHONE.into(), number: PHONE.parse().ok(), ..Caller::default() };
        let incoming = Incoming { caller, called: "+18005550199".into(), trial: Some(trial) };
        let event = Event {
            carrier_call: Self::carrier_call(call),
            tenant: Some(tenant),
            kind: EventKind::Incoming(incoming),
            parameters: BTreeMap::new(),
        };
        self.told_all(&block_on(self.switchboard.handle(&event)).unwrap().directives)
    }

    /// The test as which a call begins, in a trial of this document.
    fn test(&self, call: u32, document: &Value) -> String {
        self.answered(call, self.tenant, self.trial(document))
    }

    /// How often the campaign offered calls to a buyer.
    fn offered(&self, name: &str) -> u64 {
        let buyer = self.id(name).into();
        let activity = Some((CampaignId::from_uuid(self.campaign), vec![buyer]));
        let ask = Ask { activity, ..Ask::default() };
        let (id, now) = (Self::carrier_call(0).id(), crate::port::Clock::now(&*self.clock));
        let look = block_on(self.store.look(self.tenant, id, &ask, now)).unwrap();
        look.activity.get(&buyer).map_or(0, |activity| activity.offered)
    }
}

fn menu(message: &str) -> Value {
    let options = json!([{ "key": "1", "label": "Go on" }]);
    flow(
        &[
            ("menu", "ivr_menu", json!({ "message": "1?", "options": options })),
            ("bye", "end", json!({ "message": message })),
        ],
        &[("menu", "key:1", "bye")],
    )
}

fn to_buyers() -> Value {
    flow(&[("sales", "advanced_router", json!({ "campaignBuyers": true }))], &[])
}

#[test]
fn a_test_runs_its_trial_and_no_other_call_does() {
    let desk = Desk::open();
    desk.flow(&menu("Published."));
    // Not yet active: that is when a flow is tested.
    let trial = desk.trial(&menu("Tried."));
    assert_eq!(desk.answered(1, desk.tenant, trial), "ask 1: 1?");
    assert_eq!(desk.answered(1, desk.tenant, trial), "ask 1: 1?", "the stored reply");
    desk.flow(&menu("Published again."));
    assert_eq!(desk.keys(1, 1, "1"), "say Tried., hangup");
    let call = desk.call(1);
    let session = call.flow.as_ref().unwrap();
    assert_eq!((session.version, session.status), (limits::FIRST_TRIAL, FlowStatus::Completed));
    assert_eq!((call.is_test(), call.called.as_str()), (true, "+18005550199"));
    desk.activate(|_| {});
    desk.voice(2);
    assert_eq!(desk.keys(2, 1, "1"), "say Published again., hangup");
    assert!(!desk.call(2).is_test());
}

#[test]
fn a_trial_that_is_unknown_old_or_anothers_begins_no_call() {
    let desk = Desk::open();
    desk.flow(&menu("Published."));
    desk.activate(|_| {});
    let trial = desk.trial(&menu("Tried."));
    let unknown = TrialId::from_uuid(Uuid::from_u128(0x78));
    let other = TenantId::from_uuid(Uuid::from_u128(9));
    assert_eq!(desk.answered(1, desk.tenant, unknown), "say sorry, hangup");
    assert_eq!(desk.answered(2, other, trial), "say sorry, hangup");
    desk.wait(limits::TRIAL_SECS);
    assert_eq!(desk.answered(3, desk.tenant, trial), "ask 1: 1?");
    desk.wait(1);
    assert_eq!(desk.answered(4, desk.tenant, trial), "say sorry, hangup");
    assert_eq!(desk.calls(), 1);
}

#[test]
fn a_test_rings_a_buyer_and_nothing_counts_it() {
    let mut desk = Desk::open();
    desk.buyer("A", |buyer| {
        buyer.caps = Some(Caps { concurrent: Some(1), daily: Some(1), ..Caps::default() });
        buyer.conversion = Some(Conversion { after_secs: 30 });
        buyer.revenue = Some(Money { amount: 5.into(), currency: "USD".parse().unwrap() });
        buyer.duplicates = Some(DuplicateRule {
            scope: DuplicateScope::Buyer,
            after: RestrictAfter::Connected,
            days: None,
        });
    });
    desk.activate(|_| {});
    assert_eq!(desk.test(1, &to_buyers()), "dial A");
    assert_eq!(desk.held(), 1, "a buyer talks with one at a time, whoever it is");
    desk.leg(1, 1, LegStatus::Answered);
    desk.wait(60);
    desk.result(1, 1, DialOutcome::Answered, 50);
    desk.status(1, CallStatus::Completed);
    let test = desk.call(1);
    assert_eq!((test.converted, test.revenue, desk.held()), (false, None, 0));
    assert_eq!(desk.offered("A"), 0);
    // The one call of the day, by the same caller, who never reached the buyer as far as rules say.
    assert_eq!(desk.voice_from(2, PHONE), "dial A", "{:?}", desk.refusals(2));
    desk.result(2, 1, DialOutcome::Answered, 50);
    desk.status(2, CallStatus::Completed);
    let call = desk.call(2);
    assert!(call.converted && call.revenue.is_some());
    assert_eq!(desk.offered("A"), 1);
    let mut metrics = RoutingMetrics::default();
    [test, call].iter().for_each(|call| metrics.add(call));
    assert_eq!((metrics.calls, metrics.answered, metrics.talk_secs), (1, 1, 50));
}

#[test]
fn a_report_on_a_test_is_kept_and_pays_nothing() {
    let desk = auction(&["a"]);
    desk.activate(|_| {});
    desk.bidders.bids("a", "9", "0001");
    let router = json!({ "strategy": "rtb", "campaignBuyers": true });
    assert_eq!(
        desk.test(1, &flow(&[("sell", "advanced_router", router)], &[])),
        "dial +12125550001"
    );
    desk.result(1, 1, DialOutcome::Answered, 300);
    let _ = desk.report(1, ("a", ReportStatus::Sold), None, None);
    let call = desk.call(1);
    assert_eq!((call.converted, call.revenue, call.converted_by), (false, None, None));
    assert!(call.attempts[0].reported.is_some());
    assert_eq!(desk.conversions("a"), 0);
}
