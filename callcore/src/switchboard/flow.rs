//! Drives a call through its flow: resolves what the flow needs, and turns what comes of it into a
//! step. One event routes a call at most once; what a flow routes after that is a step of its own,
//! for which the carrier comes back.

use chrono::{DateTime, Utc};

use super::conference;
use super::custom_code::ScriptTime;
use super::dial::{directive, hangup};
use super::handle::{HandleError, Known, Outcome, Reply, Stepped, Switchboard};
use super::incoming::{Routing, ask};
use super::sell::is_dialable;
use crate::call::{
    Attempt, AttemptTarget, Call, CallerInput, Confer, Directive, Event, FlowSession, FlowStatus,
    FlowStep, NoRouteReason, Progress, QueueOutcome,
};
use crate::flow::{Context, Input, Need, Routed, Run, Step, Turn};
use crate::plan::{FlowPlan, Plan};
use crate::vocabulary::Destination;

/// An event on its way through a flow.
struct Drive<'a> {
    event: &'a Event,
    plan: &'a Plan,
    flow: &'a FlowPlan,
    now: DateTime<Utc>,
    run: Run<'a>,
    /// How much time custom code took.
    script_time: ScriptTime,
    /// The call, with what was decided of it in this event.
    carried: Outcome,
}

/// What came of routing by a node.
enum NodeRouted {
    /// The flow goes on, or waits for the dial.
    Step(Step),
    /// Another delivery of the same event was first, and this is its reply.
    Stored(Vec<Directive>),
}

impl Switchboard {
    /// Sends a call that has just come in into its campaign's flow.
    pub(super) async fn open_flow(
        &self,
        event: &Event,
        call: Call,
        plan: &Plan,
        flow: &FlowPlan,
        now: DateTime<Utc>,
    ) -> Result<Routing, HandleError> {
        let facts = call.clone();
        let context = Context::of(&facts, flow.pinned.flow, flow.pinned.version, now);
        let mut run = Run::open(&flow.program, context);
        let step = run.start();
        let carried = Outcome::of(call);
        self.drive(Drive::new(event, plan, flow, run, carried), step).await
    }

    /// Goes on with the flow of a call. `carried` has the call, and what was decided of it before in
    /// the same event.
    pub(super) async fn resume_flow(
        &self,
        event: &Event,
        mut carried: Outcome,
        plan: &Plan,
        input: &Input,
        now: DateTime<Utc>,
    ) -> Result<Routing, HandleError> {
        let facts = carried.call.clone();
        let Some((session, flow)) = facts.flow.clone().zip(plan.flow.as_ref()) else {
            if carried.auction.is_some() {
                // Who was asked in this very event is not asked again.
                give_up(&mut carried.call);
                let unrouted = carried.call.no_route;
                return Ok(Routing::decided(Outcome { unrouted, ..carried }));
            }
            return self.fall_back(event, carried.call, plan, now).await;
        };
        let context = Context::of(&facts, session.flow, session.version, now);
        let mut run = Run::resume(&flow.program, context, session);
        let step = run.answer(input);
        self.drive(Drive::new(event, plan, flow, run, carried), step).await
    }

    async fn drive(&self, mut drive: Drive<'_>, mut step: Step) -> Result<Routing, HandleError> {
        loop {
            let need = match step {
                Step::Need(need) => need,
                Step::Wait | Step::End => return Ok(Routing::decided(drive.finish())),
                Step::NoRoute(reason) => {
                    let outcome = drive.finish();
                    return Ok(Routing::decided(Outcome { unrouted: Some(reason), ..outcome }));
                }
                Step::Failed(_) => return self.failed(drive).await,
            };
            if need.connects() && drive.carried.call.is_over() {
                return Ok(Routing::decided(drive.finish()));
            }
            step = match need {
                Need::Script { .. } if drive.is_late_for_code(self.ports.clock.now()) => {
                    drive.run.pause()
                }
                Need::Script { code, call } => {
                    let (tenant, time) = (drive.plan.tenant, &mut drive.script_time);
                    let answer = self.run_code(tenant, &code, &call, time).await;
                    drive.run.answer(&Input::Scripted(answer))
                }
                Need::Ordinal { rotation } => {
                    let ordinal = self.drawn(&drive, &rotation).await?;
                    drive.run.answer(&Input::Ordinal(ordinal))
                }
                Need::Route if drive.has_routed() || drive.is_late_for_an_auction() => {
                    drive.run.pause()
                }
                Need::Route => match self.route_by_node(&mut drive).await? {
                    NodeRouted::Step(step) => step,
                    NodeRouted::Stored(directives) => return Ok(Routing::Stored(directives)),
                },
                Need::Dial { destination } => drive.dial(destination),
                Need::Confer { destination, whisper } => drive.confer(destination, whisper),
            };
        }
    }

    /// The turn of a visit to a splitter.
    async fn drawn(&self, drive: &Drive<'_>, rotation: &str) -> Result<u64, HandleError> {
        let (tenant, drawer) = (drive.carried.call.tenant, drive.run.drawer());
        let draw = || self.ports.calls.draw(tenant, drawer, rotation, drive.now);
        match drive.carried.auction {
            Some(_) => self.after_auction(draw).await,
            None => Ok(draw().await?),
        }
    }

    /// Routes the call by the node that it is in.
    async fn route_by_node(&self, drive: &mut Drive<'_>) -> Result<NodeRouted, HandleError> {
        let Some(route) = drive.flow.route(&drive.run.session().node) else {
            let reason = NoRouteReason::NoBuyerAssigned;
            return Ok(NodeRouted::Step(drive.unrouted(reason)));
        };
        if !is_dialable(&drive.carried.call) {
            return Ok(NodeRouted::Step(drive.unrouted(NoRouteReason::AttemptLimit)));
        }
        let (event, now) = (drive.event, drive.now);
        drive.carried.call.begin_routing();
        // Bidders are told what the flow has gathered by now.
        let flow = Some(drive.run.session().clone());
        let call = Call { flow, ..drive.carried.call.clone() };
        let ask = ask(event, route, &call.caller);
        let look = self.ports.calls.look(call.tenant, call.id, &ask, now).await?;
        let routed = match self.route_plainly(event, call, route, &look, now).await? {
            Routing::Decided(routed) => *routed,
            Routing::Stored(directives) => return Ok(NodeRouted::Stored(directives)),
        };
        let Outcome { call, directives, decision, auction, unrouted, .. } = routed;
        drive.carried = Outcome { decision, auction, ..Outcome::of(call) };
        Ok(NodeRouted::Step(match unrouted {
            Some(reason) => drive.unrouted(reason),
            None => {
                directives.into_iter().for_each(|directive| drive.run.direct(directive));
                Step::Wait
            }
        }))
    }

    /// A flow cannot go on: plain routing takes over, in a step of its own where this one routed
    /// already.
    async fn failed(&self, mut drive: Drive<'_>) -> Result<Routing, HandleError> {
        if drive.has_routed() || drive.script_time.is_late() && drive.plan.auction.is_some() {
            drive.carried.call.no_route = None;
            let _ = drive.run.pause();
            return Ok(Routing::decided(drive.finish()));
        }
        let (event, plan, now) = (drive.event, drive.plan, drive.now);
        let outcome = drive.finish();
        match self.fall_back(event, outcome.call, plan, now).await? {
            Routing::Decided(routed) => {
                let heard = outcome.directives.into_iter().filter(|heard| !heard.is_last());
                let directives = heard.chain(routed.directives).collect();
                let (nodes, outbox) = (outcome.nodes, outcome.outbox);
                Ok(Routing::decided(Outcome { directives, nodes, outbox, ..*routed }))
            }
            stored @ Routing::Stored(_) => Ok(stored),
        }
    }

    /// Routes a call as if its campaign had no flow.
    async fn fall_back(
        &self,
        event: &Event,
        mut call: Call,
        plan: &Plan,
        now: DateTime<Utc>,
    ) -> Result<Routing, HandleError> {
        give_up(&mut call);
        // Who has talked with somebody already is not rung through again.
        if call.is_over() || call.is_served() {
            return Ok(Routing::decided(hangup(call)));
        }
        if !is_dialable(&call) {
            return Ok(Routing::decided(Outcome::unrouted(call, NoRouteReason::AttemptLimit)));
        }
        call.begin_routing();
        let ask = ask(event, plan, &call.caller);
        let look = self.ports.calls.look(call.tenant, call.id, &ask, now).await?;
        self.route_plainly(event, call, plan, &look, now).await
    }

    /// The caller did something at a step of a flow.
    pub(super) async fn flow_step(
        &self,
        event: &Event,
        step: &FlowStep,
    ) -> Result<Stepped, HandleError> {
        let Some(tenant) = self.tenant_of(event).await? else {
            return Ok(Stepped::Done(self.unknown_call(event)));
        };
        let now = self.ports.clock.now();
        let before = match self.look_again(event, tenant, now).await? {
            Ok(Known { before, .. }) => before,
            Err(reply) => return Ok(Stepped::Done(reply)),
        };
        let mut call = before.0.clone();
        let Some(session) = call.flow.clone().filter(|session| session.step == step.step) else {
            // A step that was never asked: whoever asks hears the end of the call.
            return Ok(Stepped::Done(self.unknown_call(event)));
        };
        if let Some(status) = step.call_status {
            // Whether the status is new is told by the call's own callbacks.
            let _ = call.progress(&Progress { status, duration_secs: None }, now);
        }
        call.came_back(&step.input);
        let Some(plan) = self.plan_of(&call).await? else {
            // What a node of a campaign that is gone had asked may have been sensitive.
            let gone = Outcome::unrouted(call, NoRouteReason::CampaignGone);
            let outcome = Outcome { sensitive: true, ..self.without_campaign(gone) };
            return self.save(event, Some(&before), outcome, now).await;
        };
        // The version that asked is loaded only while the session runs.
        let flow = plan.flow.as_ref().filter(|_| in_flow(&call));
        let sensitive = flow.is_none_or(|flow| flow.program.is_sensitive(&session.node));
        let routing = self.step_on(event, step, call, &plan, now).await?;
        let outcome = match routing {
            Routing::Decided(outcome) => self.treated(*outcome, &plan, now),
            Routing::Stored(directives) => {
                let reply = Reply::stored(before.0.id, tenant, directives);
                return Ok(Stepped::Done(reply));
            }
        };
        self.save(event, Some(&before), Outcome { sensitive, ..outcome }, now).await
    }

    /// What follows from a step that the flow had asked for.
    async fn step_on(
        &self,
        event: &Event,
        step: &FlowStep,
        mut call: Call,
        plan: &Plan,
        now: DateTime<Utc>,
    ) -> Result<Routing, HandleError> {
        let waited = conference::outcome(&mut call, step.step, &step.input, now);
        let dialling = call.current_attempt().is_some();
        let Some(session) = call.flow.as_mut() else {
            return Ok(Routing::decided(hangup(call)));
        };
        match session.status {
            FlowStatus::Running if session.status_at(now) == FlowStatus::Expired => {
                session.status = FlowStatus::Expired;
                Ok(Routing::decided(hangup(call)))
            }
            FlowStatus::Running => {
                if has_left(&call, &step.input) {
                    // The end of the call says whether the flow was abandoned.
                    return Ok(Routing::decided(hangup(call)));
                }
                let input = waited.unwrap_or_else(|| Input::Caller(step.input.clone()));
                self.resume_flow(event, Outcome::of(call), plan, &input, now).await
            }
            // It had failed in an event that routed the call already.
            FlowStatus::Failed if !dialling => self.fall_back(event, call, plan, now).await,
            _ => Ok(Routing::decided(hangup(call))),
        }
    }

    /// A conversation is over, and the caller is still there.
    pub(super) async fn talked(
        &self,
        event: &Event,
        call: Call,
        plan: Option<&Plan>,
        now: DateTime<Utc>,
    ) -> Result<Routing, HandleError> {
        let Some(plan) = plan.filter(|_| in_flow(&call)) else {
            return Ok(Routing::decided(hangup(call)));
        };
        let input = Input::Routed(Routed::Connected);
        self.resume_flow(event, Outcome::of(call), plan, &input, now).await
    }

    /// The call was offered to whoever comes next, or nobody is left.
    pub(super) async fn after_offer(
        &self,
        event: &Event,
        offered: Outcome,
        plan: Option<&Plan>,
        now: DateTime<Utc>,
    ) -> Result<Routing, HandleError> {
        let in_flow = in_flow(&offered.call);
        match (offered.unrouted, plan) {
            (Some(reason), Some(plan)) if in_flow => {
                let mut carried = Outcome { unrouted: None, ..offered };
                carried.call.no_route = Some(reason);
                let input = Input::Routed(Routed::Unrouted(reason));
                self.resume_flow(event, carried, plan, &input, now).await
            }
            _ => Ok(Routing::decided(offered)),
        }
    }
}

/// Whether a caller who waited for somebody hung up. A message that they left goes on, though.
fn has_left(call: &Call, input: &CallerInput) -> bool {
    match input {
        CallerInput::LeftQueue { outcome } => *outcome == QueueOutcome::HungUp,
        CallerInput::Returned => call.is_over(),
        _ => false,
    }
}

/// The version of a call's flow cannot be run any more.
fn give_up(call: &mut Call) {
    if let Some(session) = call.flow.as_mut().filter(|session| session.is_running()) {
        session.status = FlowStatus::Failed;
        session.failure = Some("this version of the flow cannot be run any more".into());
    }
}

fn in_flow(call: &Call) -> bool {
    call.flow.as_ref().is_some_and(FlowSession::is_running)
}

impl<'a> Drive<'a> {
    fn new(
        event: &'a Event,
        plan: &'a Plan,
        flow: &'a FlowPlan,
        run: Run<'a>,
        carried: Outcome,
    ) -> Self {
        let (now, script_time) = (run.now(), ScriptTime::default());
        Self { event, plan, flow, now, run, script_time, carried }
    }
}

impl Drive<'_> {
    /// Whether the call is to be sold, and custom code took too much of the event's time.
    fn is_late_for_an_auction(&self) -> bool {
        let route = self.flow.route(&self.run.session().node);
        self.script_time.is_late() && route.is_some_and(|route| route.auction.is_some())
    }

    /// Whether custom code is to run, and an auction took too much of the event's time.
    fn is_late_for_code(&self, now: DateTime<Utc>) -> bool {
        self.script_time.begins_late(now - self.now)
    }

    /// Whether this event routed the call already.
    const fn has_routed(&self) -> bool {
        self.carried.decision.is_some() || self.carried.auction.is_some()
    }

    /// Nobody takes the call.
    fn unrouted(&mut self, reason: NoRouteReason) -> Step {
        self.carried.call.no_route = Some(reason);
        self.run.answer(&Input::Routed(Routed::Unrouted(reason)))
    }

    /// Makes an attempt to reach somebody whom the flow names; `None` where there were too many.
    fn attempt(&mut self, target: AttemptTarget, destination: &Destination) -> Option<u32> {
        let call = &mut self.carried.call;
        call.begin_routing();
        let attempt = call.next_attempt();
        if !is_dialable(call) {
            return None;
        }
        call.attempts.push(Attempt::dialled(attempt, target, destination.clone(), self.now));
        Some(attempt)
    }

    fn dial(&mut self, destination: Destination) -> Step {
        let Some(attempt) = self.attempt(AttemptTarget::External, &destination) else {
            return self.unrouted(NoRouteReason::AttemptLimit);
        };
        let dial = directive(&self.carried.call, self.plan, attempt, destination);
        self.run.direct(dial);
        Step::Wait
    }

    fn confer(&mut self, destination: Destination, whisper: String) -> Step {
        let Some(attempt) = self.attempt(AttemptTarget::Conference, &destination) else {
            return self.unrouted(NoRouteReason::AttemptLimit);
        };
        let campaign = &self.plan.campaign;
        let step = self.run.wait_in_conference();
        let invitation = conference::invitation(
            &self.carried.call,
            (attempt, step),
            destination,
            whisper,
            campaign.dial_timeout_secs,
        );
        self.run.deliver("invitation".to_owned(), 1, invitation);
        let watch = conference::watch(&self.carried.call, step, campaign.dial_timeout_secs);
        self.run.deliver("recall".to_owned(), 5, watch);
        self.run.direct(Directive::Confer(Confer {
            step,
            attempt,
            time_limit_secs: campaign.max_call_length_secs,
            recording: campaign.recording,
        }));
        Step::Wait
    }

    /// The step, with where the call stands in its flow.
    fn finish(self) -> Outcome {
        let Turn { session, directives, deliveries, nodes } = self.run.finish();
        let mut outcome = Outcome { directives, nodes, outbox: deliveries, ..self.carried };
        outcome.call.flow = Some(session);
        outcome
    }
}
