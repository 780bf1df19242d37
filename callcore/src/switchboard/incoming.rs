//! A call comes in: find its campaign, decide, reserve, answer.

use chrono::{DateTime, Utc};

use super::handle::{HandleError, Outcome, Reply, Stepped, Switchboard};
use super::secrets::stored_reply;
use crate::call::{Call, CallStatus, Caller, Directive, Event, Incoming, NoRouteReason};
use crate::plan::Plan;
use crate::port::{Ask, EarlierBids, Held, Look, Reserved, StoreError};
use crate::routing::{Decision, Eligibility, Observed, Turn};
use crate::vocabulary::{BuyerId, CallId, PhoneNumber, Seed, Tags, TenantId};

/// What came of the attempt to route a call.
pub(super) enum Routing {
    /// A step, which may say that nobody takes the call.
    Decided(Box<Outcome>),
    /// Another delivery of the same event was first, and this is its reply.
    Stored(Vec<Directive>),
}

impl Routing {
    pub(super) fn decided(outcome: Outcome) -> Self {
        Self::Decided(Box::new(outcome))
    }
}

impl Switchboard {
    pub(super) async fn incoming(
        &self,
        event: &Event,
        incoming: &Incoming,
    ) -> Result<Stepped, HandleError> {
        let id = event.carrier_call.id();
        let plan = match (incoming.trial, incoming.called.parse::<PhoneNumber>()) {
            (Some(trial), _) => self.plan_of_trial(event.tenant, trial).await?,
            (None, Ok(called)) => self.plan_for(&called).await?,
            (None, Err(_)) => None,
        };
        let Some(plan) = plan else {
            return Ok(Stepped::Done(self.nobody_answers(id)));
        };
        let now = self.ports.clock.now();
        let ask = ask(event, &plan, &incoming.caller);
        let look = self.ports.calls.look(plan.tenant, id, &ask, now).await?;
        if let Some(directives) = stored_reply(event, &look) {
            return Ok(Stepped::Done(Reply::stored(id, plan.tenant, directives)));
        }
        let call = new_call(event, incoming, &plan, now);
        let routing = match &plan.flow {
            // A campaign is tested before it is activated, too.
            _ if !plan.is_active() && incoming.trial.is_none() => {
                Routing::decided(Outcome::unrouted(call, NoRouteReason::CampaignNotActive))
            }
            Some(flow) => self.open_flow(event, call, &plan, flow, now).await?,
            None => self.route_plainly(event, call, &plan, &look, now).await?,
        };
        let outcome = match routing {
            Routing::Decided(outcome) => self.treated(*outcome, &plan, now),
            Routing::Stored(directives) => {
                return Ok(Stepped::Done(Reply::stored(id, plan.tenant, directives)));
            }
        };
        self.save(event, look.call.as_ref(), outcome, now).await
    }

    /// A number that nobody holds, or that no campaign uses: the caller hears the same as at a
    /// campaign that is not active, and nothing is recorded, because there is nobody to record for.
    fn nobody_answers(&self, call: CallId) -> Reply {
        let text = self.settings.no_route_message.clone();
        let directives = vec![Directive::say(text), Directive::Hangup];
        Reply::unrecorded(call, directives)
    }

    /// Routes a call by a plan: asks its bidders where it has some, then its buyers.
    pub(super) async fn route_plainly(
        &self,
        event: &Event,
        call: Call,
        plan: &Plan,
        look: &Look,
        now: DateTime<Utc>,
    ) -> Result<Routing, HandleError> {
        let terms = plan.auction.as_ref().filter(|terms| !terms.bidders.is_empty());
        let Some(terms) = terms else {
            return Ok(Routing::decided(self.route(event, call, plan, look, now).await?));
        };
        if let Some(directives) = self.begin(event, plan).await? {
            return Ok(Routing::Stored(directives));
        }
        let sold = self.sell_or_route(event, call, plan, terms, look).await;
        Ok(Routing::decided(sold.map_err(HandleError::interrupted)?))
    }

    /// Routes a call to one of a plan's buyers.
    pub(super) async fn route(
        &self,
        event: &Event,
        mut call: Call,
        plan: &Plan,
        look: &Look,
        now: DateTime<Utc>,
    ) -> Result<Outcome, HandleError> {
        let seed = Seed::derive(call.tenant, call.id, event.step().as_str(), "rank");
        let mut observed = Observed {
            usage: look.usage.clone(),
            contacts: look.contacts.clone(),
            activity: look.activity.clone(),
            ..Observed::default()
        };
        let request = plan.request(&call.caller);
        let eligibility = Eligibility::examine(&request, &plan.candidates, &observed, now);
        if let Some(rotation) = eligibility.rotation(&request) {
            observed.turn = Some(self.turn(call.tenant, call.id, rotation.key, now).await?);
        }
        let first = eligibility.decide(&request, &observed, seed, now);
        let ranking: Vec<BuyerId> = first.ranking().collect();
        let reserved = if ranking.is_empty() {
            Reserved::Full { passed_over: Vec::new() }
        } else {
            self.reserve(&call, plan, &ranking, call.next_attempt(), now).await?
        };
        let held = match reserved {
            Reserved::Held(held) => Some(held),
            Reserved::Full { passed_over } => {
                observed.full = passed_over;
                None
            }
            Reserved::CallEnded => None,
        };
        let decision = match &held {
            Some(held) => self.as_held(plan, &call.caller, observed, held, first, seed, now),
            None if observed.full.is_empty() => first,
            None => crate::routing::decide(&request, &plan.candidates, &observed, seed, now),
        };
        call.ranking = decision.ranking().collect();
        let outcome = match (held, decision.no_route()) {
            (Some(held), _) => self.dial(call, plan, &held, now),
            (None, reason) => {
                Outcome::unrouted(call, reason.unwrap_or(NoRouteReason::NoBuyerAllCapped))
            }
        };
        Ok(Outcome { decision: Some(decision), ..outcome })
    }

    /// The decision as it stands after the reservation. Where the store granted what the decision
    /// put first, that is the decision itself. Where others were faster, or an earlier try of this
    /// same step had reserved already, that is evidence, and deciding again with it gives the
    /// candidate who is held.
    #[expect(clippy::too_many_arguments, reason = "the arguments of a decision, passed on once")]
    fn as_held(
        &self,
        plan: &Plan,
        caller: &Caller,
        mut observed: Observed,
        held: &Held,
        first: Decision,
        seed: Seed,
        now: DateTime<Utc>,
    ) -> Decision {
        if first.chosen.as_ref().is_some_and(|chosen| held.candidate == chosen.buyer.into()) {
            return first;
        }
        observed.full.clone_from(&held.passed_over);
        observed.held = Some(held.candidate);
        crate::routing::decide(&plan.request(caller), &plan.candidates, &observed, seed, now)
    }

    async fn turn(
        &self,
        tenant: TenantId,
        call: CallId,
        key: String,
        now: DateTime<Utc>,
    ) -> Result<Turn, StoreError> {
        let ordinal = self.ports.calls.draw(tenant, call, &key, now).await?;
        Ok(Turn { key, ordinal })
    }
}

pub(super) fn ask(event: &Event, plan: &Plan, caller: &Caller) -> Ask {
    let activity = plan.looks_at_activity();
    Ask {
        step: Some(event.step()),
        caps: plan.caps(),
        caller: caller.number.clone().filter(|_| plan.looks_at_contacts()),
        bids: plan.auction.as_ref().and_then(|terms| {
            Some(EarlierBids {
                campaign: plan.id,
                caller: caller.number.clone()?,
                targets: terms.bidders.iter().map(|bidder| bidder.target).collect(),
            })
        }),
        activity: (!activity.is_empty()).then_some((plan.id, activity)),
    }
}

fn new_call(event: &Event, incoming: &Incoming, plan: &Plan, now: DateTime<Utc>) -> Call {
    Call {
        id: event.carrier_call.id(),
        tenant: plan.tenant,
        carrier_call: event.carrier_call.clone(),
        campaign: plan.id,
        revision: plan.revision,
        caller: incoming.caller.clone(),
        called: incoming.called.clone(),
        status: CallStatus::Ringing,
        started_at: now,
        ended_at: None,
        duration_secs: None,
        ranking: Vec::new(),
        ranking_used: 0,
        attempts: Vec::new(),
        reserved: 0,
        attempts_before: 0,
        reroutes: 0,
        no_route: None,
        converted: false,
        converted_by: None,
        revenue: None,
        recording: None,
        transcription: None,
        tags: Tags::default(),
        flow: None,
        facts: 0,
        response_ms: None,
    }
}
