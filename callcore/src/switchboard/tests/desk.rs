//! A switchboard on the in-memory store with one campaign, driven like a carrier drives it.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;
use pollster::block_on;
use uuid::Uuid;

use super::bidders::Bidders;
use super::clock::SetClock;
use crate::auction::Verdict;
use crate::call::{
    Call, CallStatus, Caller, CallerInput, CarrierCall, Delivery, DialOutcome, DialResult,
    Directive, Event, EventKind, Fact, FlowStep, Growth, Incoming, LegProgress, LegStatus, NodeRun,
    Progress, Prompt, RecordingReady, ReportStatus, StepKey, TargetReport,
};
use crate::memory::MemoryStore;
use crate::model::{
    Assignment, Buyer, Campaign, CampaignStatus, FlowDefinition, Kind, Number, Object, RoutingType,
    Target, TargetAssignment,
};
use crate::port::{
    Ask, AuctionRecord, Auctions, BidResponseRecord, CallFilter, Calls, Capacity, Clock, Flows,
    Journey, Outbox, Registry, Save, Script,
};
use crate::switchboard::{Ports, ReportOutcome, Settings, Switchboard};
use crate::vocabulary::{
    BuyerId, CallId, CampaignId, FlowId, Money, NumberId, PageRequest, TargetId, TenantId,
};

const CALLED: &str = "+18005550199";

pub(super) struct Desk {
    pub(super) store: Arc<MemoryStore>,
    pub(super) clock: Arc<SetClock>,
    pub(super) switchboard: Switchboard,
    pub(super) tenant: TenantId,
    pub(super) campaign: Uuid,
    buyers: BTreeMap<String, (Uuid, String)>,
    targets: BTreeMap<String, Uuid>,
    pub(super) bidders: Bidders,
}

impl Desk {
    pub(super) fn open() -> Self {
        Self::open_with(|_| Arc::new(crate::memory::Offline))
    }

    /// A desk with something that runs custom code, made for its clock.
    pub(super) fn open_with(script: impl FnOnce(&Arc<SetClock>) -> Arc<dyn Script>) -> Self {
        let store = Arc::new(MemoryStore::default());
        let clock = Arc::new(SetClock::at("2026-11-23T14:00:00Z"));
        let bidders = Bidders::default();
        let ports = Ports {
            directory: store.clone(),
            system: store.clone(),
            calls: store.clone(),
            capacity: store.clone(),
            script: script(&clock),
            egress: Arc::new(bidders.clone()),
            clock: clock.clone(),
        };
        let settings = Settings { no_route_message: "sorry".into() };
        let switchboard = Switchboard::new(ports, settings);
        let tenant = TenantId::from_uuid(Uuid::from_u128(1));
        let campaign = Uuid::from_u128(2);
        let (buyers, targets) = (BTreeMap::new(), BTreeMap::new());
        let desk = Self { store, clock, switchboard, tenant, campaign, buyers, targets, bidders };
        let number = Uuid::from_u128(3);
        desk.create(number, Number::new(CALLED.parse().unwrap()).into());
        let mut draft = Campaign::new("Sales", RoutingType::Direct);
        draft.phone_number_id = Some(NumberId::from_uuid(number));
        desk.create(campaign, draft.into());
        desk
    }

    pub(super) fn create(&self, id: Uuid, object: Object) {
        block_on(self.store.create(self.tenant, id, object, self.clock.now())).unwrap();
    }

    fn change(&self, kind: Kind, id: Uuid, change: impl FnOnce(Object) -> Object) {
        let stored =
            block_on(Registry::read(&*self.store, self.tenant, kind, id)).unwrap().unwrap();
        let next = change(stored.value);
        block_on(self.store.replace(self.tenant, id, stored.version, next, self.clock.now()))
            .unwrap();
    }

    fn change_campaign(&self, change: impl FnOnce(&mut Campaign)) {
        self.change(Kind::Campaign, self.campaign, |object| {
            let mut campaign = Campaign::try_from(object).unwrap();
            change(&mut campaign);
            campaign.into()
        });
    }

    /// Adds a buyer whose number's last digits are its place, and assigns it.
    pub(super) fn buyer(&mut self, name: &str, set: impl FnOnce(&mut Buyer)) {
        let index = self.buyers.len() as u128;
        let id = Uuid::from_u128(0x100 + index);
        let number = format!("+1555123{index:04}");
        let mut buyer = Buyer::new(name, number.parse().unwrap());
        set(&mut buyer);
        self.create(id, buyer.into());
        let campaign = CampaignId::from_uuid(self.campaign);
        let assigned = self.store.assign(
            self.tenant,
            campaign,
            BuyerId::from_uuid(id),
            Assignment::default(),
            self.clock.now(),
        );
        block_on(assigned).unwrap();
        self.buyers.insert(name.to_owned(), (id, number));
    }

    /// Adds a target that is asked at its name, and assigns it.
    pub(super) fn target(&mut self, name: &str, set: impl FnOnce(&mut Target)) {
        let id = Uuid::from_u128(0x200 + self.targets.len() as u128);
        let mut target = Target::new(name, format!("https://{name}"));
        set(&mut target);
        // A URL needs no more than a host; what a tenant saves is checked elsewhere.
        self.create(id, target.into());
        let (campaign, now) = (CampaignId::from_uuid(self.campaign), self.clock.now());
        let assignment = TargetAssignment::default();
        let target = TargetId::from_uuid(id);
        let assigned = self.store.assign_target(self.tenant, campaign, target, assignment, now);
        block_on(assigned).unwrap();
        self.targets.insert(name.to_owned(), id);
    }

    /// Publishes a flow, a new one or a new version of the one that is there, and has the campaign
    /// run it.
    pub(super) fn flow(&self, document: &serde_json::Value) {
        let definition: FlowDefinition = serde_json::from_value(document.clone()).unwrap();
        let (id, now) = (Uuid::from_u128(4), self.clock.now());
        let known = block_on(Registry::read(&*self.store, self.tenant, Kind::Flow, id)).unwrap();
        let flow = Object::Flow(Box::new(definition));
        let version = match known {
            Some(row) => {
                block_on(self.store.replace(self.tenant, id, row.version, flow, now))
                    .unwrap()
                    .version
            }
            None => {
                self.create(id, flow);
                1
            }
        };
        let flow = FlowId::from_uuid(id);
        block_on(Flows::publish(&*self.store, self.tenant, flow, version, now)).unwrap();
        self.change_campaign(|campaign| campaign.flow_id = Some(flow));
    }

    /// While the next bidder is asked, a recording of the call is told and saved.
    pub(super) fn recorded_meanwhile(&self, call: u32) {
        let (store, tenant, now) = (Arc::clone(&self.store), self.tenant, self.clock.now());
        let id: CallId = Self::carrier_call(call).id();
        self.bidders.meanwhile(move || {
            let look = block_on(Calls::look(&*store, tenant, id, &Ask::default(), now)).unwrap();
            let (mut call, version) = look.call.unwrap();
            let recording = RecordingReady {
                recording_id: "RE9".into(),
                url: "https://example.com/RE9".into(),
                duration_secs: None,
            };
            call.recording(&recording);
            let save = Save {
                growth: Growth::default(),
                releases: Vec::new(),
                call,
                expected: Some(version),
                fact: Fact {
                    at: now,
                    step: StepKey::recording("RE9"),
                    event: EventKind::Recording(recording),
                    parameters: BTreeMap::new(),
                    directives: Vec::new(),
                    nodes: Vec::new(),
                },
                decision: None,
                auction: None,
                outbox: Vec::new(),
            };
            block_on(Calls::save(&*store, tenant, save)).unwrap();
        });
    }

    /// Takes a buyer out of the campaign.
    pub(super) fn unassign(&self, name: &str) {
        let campaign = CampaignId::from_uuid(self.campaign);
        block_on(self.store.unassign(self.tenant, campaign, self.id(name))).unwrap();
    }

    /// What the caller does at a step of a flow.
    pub(super) fn step(&self, call: u32, step: u32, input: CallerInput) -> String {
        self.deliver(call, EventKind::FlowStep(FlowStep { step, input, call_status: None }))
    }

    pub(super) fn keys(&self, call: u32, step: u32, digits: &str) -> String {
        self.step(call, step, CallerInput::Keys { digits: digits.to_owned() })
    }

    /// What a call has to send.
    pub(super) fn outbox(&self, call: u32) -> Vec<Delivery> {
        let id: CallId = Self::carrier_call(call).id();
        let records = block_on(Outbox::of_call(&*self.store, self.tenant, id)).unwrap();
        records.into_iter().map(|record| record.delivery).collect()
    }

    /// The nodes that a call came through, each with its exit.
    pub(super) fn way(&self, call: u32) -> Vec<String> {
        let facts = self.journey(call).facts;
        let runs = facts.iter().flat_map(|fact| &fact.nodes);
        let run = |run: &NodeRun| format!("{}:{}", run.node, run.exit.as_deref().unwrap_or("-"));
        runs.map(run).collect()
    }

    /// The strategies of a call's decisions, in order.
    pub(super) fn decisions(&self, call: u32) -> Vec<crate::model::Strategy> {
        self.journey(call).decisions.iter().map(|(_, decision)| decision.strategy).collect()
    }

    /// The journal of a call, as it is stored.
    pub(super) fn journal(&self, call: u32) -> String {
        serde_json::to_string(&self.journey(call).facts).unwrap()
    }

    /// The leg to somebody ended without an answer.
    pub(super) fn leg_ended(&self, call: u32, attempt: u32, outcome: DialOutcome) {
        let leg = format!("LEG{call}-{attempt}");
        let (status, outcome) = (LegStatus::Ended, Some(outcome));
        let news = EventKind::LegProgress(LegProgress { attempt, leg, status, outcome });
        assert_eq!(self.deliver(call, news), "");
    }

    pub(super) fn target_id(&self, name: &str) -> TargetId {
        TargetId::from_uuid(self.targets[name])
    }

    /// The auction of a call.
    pub(super) fn auction(&self, call: u32) -> AuctionRecord {
        let id: CallId = Self::carrier_call(call).id();
        let mut auctions = block_on(Auctions::of_call(&*self.store, self.tenant, id)).unwrap();
        assert_eq!(auctions.len(), 1, "a call has one auction");
        auctions.remove(0)
    }

    /// What became of each target, in the order of their names.
    pub(super) fn verdicts(&self, call: u32) -> Vec<String> {
        let told = |row: BidResponseRecord| {
            let bid = row.bid.map(|bid| format!(" at {}", bid.amount)).unwrap_or_default();
            let rank = row.rank.map(|rank| format!(", rank {rank}")).unwrap_or_default();
            format!("{}: {}{bid}{rank}", row.target_name, row.verdict)
        };
        let mut told: Vec<_> = self.auction(call).responses.into_iter().map(told).collect();
        told.sort();
        told
    }

    pub(super) fn verdict_words(&self, call: u32) -> Vec<Verdict> {
        let mut rows = self.auction(call).responses;
        rows.sort_by(|one, other| one.target_name.cmp(&other.target_name));
        rows.into_iter().map(|row| row.verdict).collect()
    }

    /// How many places are taken under a daily cap of a target, which has none of its own.
    pub(super) fn held_by_target(&self, name: &str) -> usize {
        let calls = block_on(Calls::list(
            &*self.store,
            self.tenant,
            &CallFilter::default(),
            PageRequest::default(),
        ));
        let target = Some(self.target_id(name));
        calls.unwrap().items.iter().filter(|call| call.target() == target).count()
    }

    pub(super) fn change_buyer(&self, name: &str, change: impl FnOnce(&mut Buyer)) {
        self.change(Kind::Buyer, self.buyers[name].0, |object| {
            let mut buyer = Buyer::try_from(object).unwrap();
            change(&mut buyer);
            buyer.into()
        });
    }

    pub(super) fn activate(&self, set: impl FnOnce(&mut Campaign)) {
        self.change_campaign(|campaign| {
            campaign.status = CampaignStatus::Active;
            set(campaign);
        });
    }

    pub(super) fn pause(&self) {
        self.change_campaign(|campaign| campaign.status = CampaignStatus::Paused);
    }

    pub(super) fn wait(&self, secs: i64) {
        self.clock.advance(TimeDelta::seconds(secs));
    }

    pub(super) fn id(&self, name: &str) -> BuyerId {
        BuyerId::from_uuid(self.buyers[name].0)
    }

    pub(super) fn voice(&self, call: u32) -> String {
        self.voice_to(call, CALLED)
    }

    pub(super) fn voice_to(&self, call: u32, called: &str) -> String {
        self.incoming(call, "+14155550100", called)
    }

    pub(super) fn voice_from(&self, call: u32, caller: &str) -> String {
        self.incoming(call, caller, CALLED)
    }

    fn incoming(&self, call: u32, number: &str, called: &str) -> String {
        let caller =
            Caller { address: number.into(), number: number.parse().ok(), ..Caller::default() };
        self.deliver(
            call,
            EventKind::Incoming(Incoming { caller, called: called.into(), trial: None }),
        )
    }

    pub(super) fn result(
        &self,
        call: u32,
        attempt: u32,
        outcome: DialOutcome,
        talked: u32,
    ) -> String {
        self.deliver(
            call,
            EventKind::DialResult(DialResult {
                attempt,
                outcome,
                leg: Some(format!("LEG{call}-{attempt}")),
                talk_secs: (outcome == DialOutcome::Answered).then_some(talked),
                call_status: None,
                recording: None,
            }),
        )
    }

    pub(super) fn status(&self, call: u32, status: CallStatus) {
        let news = EventKind::Progress(Progress { status, duration_secs: None });
        assert_eq!(self.deliver(call, news), "");
    }

    pub(super) fn leg(&self, call: u32, attempt: u32, status: LegStatus) {
        let leg = format!("LEG{call}-{attempt}");
        let news = EventKind::LegProgress(LegProgress { attempt, leg, status, outcome: None });
        assert_eq!(self.deliver(call, news), "");
    }

    pub(super) fn recording(&self, call: u32, recording: u32) {
        let ready = RecordingReady {
            recording_id: format!("RE{recording}"),
            url: "https://example.com/RE".into(),
            duration_secs: None,
        };
        assert_eq!(self.deliver(call, EventKind::Recording(ready)), "");
    }

    /// A target reports what became of a call, by an id of its own where it has one.
    pub(super) fn report(
        &self,
        call: u32,
        (target, status): (&str, ReportStatus),
        amount: Option<Money>,
        id: Option<&str>,
    ) -> ReportOutcome {
        let report = TargetReport {
            target: self.target_id(target),
            status,
            amount,
            reason: None,
            report_id: id.map(str::to_owned),
        };
        let call = Self::carrier_call(call).id();
        block_on(self.switchboard.report(self.tenant, call, report)).unwrap()
    }

    /// How many calls count as converted by a target.
    pub(super) fn conversions(&self, target: &str) -> u64 {
        let target = self.target_id(target).into();
        let activity = Some((CampaignId::from_uuid(self.campaign), vec![target]));
        let (id, ask) = (Self::carrier_call(0).id(), Ask { activity, ..Ask::default() });
        let look = block_on(self.store.look(self.tenant, id, &ask, self.clock.now())).unwrap();
        look.activity[&target].converted
    }

    pub(super) fn carrier_call(call: u32) -> CarrierCall {
        CarrierCall {
            carrier: "twilio".into(),
            account: "AC1".into(),
            call_id: format!("CA{call}"),
        }
    }

    pub(super) fn deliver(&self, call: u32, kind: EventKind) -> String {
        let carrier_call = Self::carrier_call(call);
        let event = Event { carrier_call, tenant: None, kind, parameters: BTreeMap::new() };
        let reply = block_on(self.switchboard.handle(&event)).unwrap();
        self.told_all(&reply.directives)
    }

    pub(super) fn told_all(&self, directives: &[Directive]) -> String {
        let told: Vec<String> = directives.iter().map(|directive| self.told(directive)).collect();
        told.join(", ")
    }

    fn told(&self, directive: &Directive) -> String {
        match directive {
            Directive::Say(speech) => format!("say {}", speech.text),
            Directive::Hangup => "hangup".into(),
            Directive::Continue { step } => format!("continue {step}"),
            Directive::Play(sound) => format!("play {}", sound.url),
            Directive::Ask(question) => {
                format!("ask {}: {}", question.step, heard(&question.prompts))
            }
            Directive::Record(message) => format!("record {}", message.step),
            Directive::Enqueue(place) => format!("enqueue {}", place.queue),
            Directive::Confer(place) => format!("confer {}", place.attempt),
            Directive::Dial(dial) => {
                let rung = dial.destination.as_str();
                let buyer = self.buyers.iter().find(|(_, (_, number))| number == rung);
                format!("dial {}", buyer.map_or(rung, |(name, _)| name))
            }
        }
    }

    fn journey(&self, call: u32) -> Journey {
        let id: CallId = Self::carrier_call(call).id();
        block_on(Calls::read(&*self.store, self.tenant, id)).unwrap().unwrap()
    }

    pub(super) fn call(&self, call: u32) -> Call {
        self.journey(call).call
    }

    pub(super) fn facts(&self, call: u32) -> Vec<String> {
        self.journey(call).facts.iter().map(|fact| fact.step.to_string()).collect()
    }

    pub(super) fn refusals(&self, call: u32) -> Vec<String> {
        let decisions = self.journey(call).decisions;
        let refused = decisions.iter().flat_map(|(_, decision)| &decision.refused);
        refused
            .map(|one| format!("{}: {}, {}", one.name, one.evidence, one.counterfactual.text))
            .collect()
    }

    pub(super) fn held(&self) -> u64 {
        block_on(self.store.held(self.tenant, self.clock.now())).unwrap()
    }

    pub(super) fn calls(&self) -> usize {
        let filter = CallFilter::default();
        block_on(Calls::list(&*self.store, self.tenant, &filter, PageRequest::default()))
            .unwrap()
            .items
            .len()
    }
}

fn heard(prompts: &[Prompt]) -> String {
    let told = |prompt: &Prompt| match prompt {
        Prompt::Say(speech) => speech.text.clone(),
        Prompt::Play(sound) => sound.url.clone(),
    };
    prompts.iter().map(told).collect::<Vec<_>>().join(" ")
}
