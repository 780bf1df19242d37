//! The door: one event in, one reply out.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::auction_record::called_off;
use super::early::Early;
use super::health::HealthBook;
use super::secrets::{journalled, stored_reply};
use super::settle;
use crate::auction::AuctionLog;
use crate::call::{
    Call, Delivery, Directive, Event, EventKind, Fact, FlowStep, Growth, Milestone, NoRouteReason,
    NodeRun,
};
use crate::plan::PlanCache;
use crate::port::{
    Ask, AuctionRecord, Calls, Capacity, Clock, Directory, Egress, Save, SaveError, Script,
    StoreError, SystemStore,
};
use crate::routing::Decision;
use crate::vocabulary::{CallId, TenantId, limits};

/// What the switchboard needs of the world.
#[derive(Clone, Debug)]
pub struct Ports {
    /// Reads configurations.
    pub directory: Arc<dyn Directory>,
    /// Finds out whose something is.
    pub system: Arc<dyn SystemStore>,
    /// Keeps calls.
    pub calls: Arc<dyn Calls>,
    /// Guards caps.
    pub capacity: Arc<dyn Capacity>,
    /// The way out to bidders.
    pub egress: Arc<dyn Egress>,
    /// Runs the custom code of flows.
    pub script: Arc<dyn Script>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

/// What is the same for all campaigns.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Spoken where a campaign has no message of its own, or where there is no campaign.
    pub no_route_message: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            no_route_message:
                "We are sorry, nobody is available to take your call. Please try again later."
                    .into(),
        }
    }
}

/// The answer to one event.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Reply {
    /// The call.
    pub call: CallId,
    /// Its tenant; `None` where the dialled number is nobody's, and nothing was recorded.
    pub tenant: Option<TenantId>,
    /// What the carrier shall do next; empty where it only told us something.
    pub directives: Vec<Directive>,
    /// What the call reached with this event; nothing where it was handled before.
    pub milestones: Vec<Milestone>,
    /// The nodes of a flow that this event led through; nothing where it was handled before.
    pub nodes: Vec<NodeRun>,
    /// How many deliveries this event left in the outbox.
    pub deliveries: usize,
    /// Whether the event had been handled before and this is the stored reply.
    pub repeated: bool,
}

impl Reply {
    /// The stored reply of an event that was handled before.
    pub(super) fn stored(call: CallId, tenant: TenantId, directives: Vec<Directive>) -> Self {
        Self { tenant: Some(tenant), repeated: true, ..Self::unrecorded(call, directives) }
    }

    /// A reply about a call that nothing is recorded of.
    pub(super) const fn unrecorded(call: CallId, directives: Vec<Directive>) -> Self {
        Self {
            call,
            tenant: None,
            directives,
            milestones: Vec::new(),
            nodes: Vec::new(),
            deliveries: 0,
            repeated: false,
        }
    }
}

/// Why an event could not be handled. The caller must hear something all the same: that is the
/// edge's last duty.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HandleError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store failed after bidders were asked, who are not asked again for the same step.
    #[error("the store failed in an auction: {0}")]
    Interrupted(#[source] StoreError),
    /// Another delivery of the same event worked on it for longer than a caller waits.
    #[error("another delivery of the event took too long")]
    Outwaited,
    /// Other deliveries of the same call kept saving first.
    #[error("the call was saved by others {} times in a row", limits::RESTEPS)]
    Contended,
}

impl HandleError {
    pub(super) fn interrupted(self) -> Self {
        match self {
            Self::Store(error) => Self::Interrupted(error),
            other => other,
        }
    }
}

/// How long a step waits before it is tried again, when the store was unavailable.
pub(super) const TRY_AGAIN_AFTER: [Duration; 2] =
    [Duration::from_millis(50), Duration::from_millis(250)];

/// Routes calls.
#[derive(Debug)]
pub struct Switchboard {
    pub(super) ports: Ports,
    pub(super) plans: PlanCache,
    pub(super) settings: Settings,
    pub(super) health: HealthBook,
}

/// What came of one try.
pub(super) enum Stepped {
    /// The event is handled.
    Done(Reply),
    /// Another delivery was first.
    Conflict,
}

/// A call that is going on.
pub(super) struct Known {
    /// The call with its version.
    pub(super) before: (Call, u64),
    /// The log of its auction, if there was one.
    pub(super) auction: Option<AuctionLog>,
}

/// A step that is ready to be saved, once whatever it lacks was decided.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    pub(super) call: Call,
    pub(super) directives: Vec<Directive>,
    pub(super) decision: Option<Decision>,
    pub(super) auction: Option<AuctionRecord>,
    /// Why nobody takes the call, where it is still to be decided what follows from that.
    pub(super) unrouted: Option<NoRouteReason>,
    /// The nodes of a flow that the step led through.
    pub(super) nodes: Vec<NodeRun>,
    /// What is to be sent once the step is saved.
    pub(super) outbox: Vec<Delivery>,
    /// Whether what the caller entered must not be kept.
    pub(super) sensitive: bool,
}

impl Outcome {
    /// A call about which nothing more is to be said.
    pub(super) const fn of(call: Call) -> Self {
        Self {
            call,
            directives: Vec::new(),
            decision: None,
            auction: None,
            unrouted: None,
            nodes: Vec::new(),
            outbox: Vec::new(),
            sensitive: false,
        }
    }

    /// A call that nobody takes.
    pub(super) fn unrouted(call: Call, reason: NoRouteReason) -> Self {
        Self { unrouted: Some(reason), ..Self::of(call) }
    }

    /// Takes over what was saved of the call while bidders were asked. Where the caller is gone by
    /// then, nobody is dialled.
    fn catch_up(&mut self, saved: &Call, now: DateTime<Utc>) {
        self.call.catch_up(saved);
        if saved.is_over() {
            self.call.attempts.truncate(saved.attempts.len());
            if !self.directives.is_empty() {
                self.directives = vec![Directive::Hangup];
            }
            let auction = self.auction.take();
            self.auction = auction.map(|AuctionRecord { log, exchanges, .. }| {
                called_off(&self.call, &log, exchanges, now)
            });
        }
    }

    /// A call whose carrier does this next.
    pub(super) fn told(call: Call, directives: Vec<Directive>) -> Self {
        Self { directives, ..Self::of(call) }
    }
}

impl Switchboard {
    /// A switchboard on these ports.
    pub fn new(ports: Ports, settings: Settings) -> Self {
        Self { ports, plans: PlanCache::default(), settings, health: HealthBook::default() }
    }

    /// Handles one event.
    ///
    /// **Idempotency**: by call and step. **Ordering**: the reply is durable before it is answered.
    ///
    /// # Errors
    /// [`HandleError`]. Delivering the event again is always safe.
    pub async fn handle(&self, event: &Event) -> Result<Reply, HandleError> {
        let mut pauses = TRY_AGAIN_AFTER.into_iter();
        let mut early = Early::default();
        for _ in 0..limits::RESTEPS {
            match (self.step(event, &mut early).await, pauses.len()) {
                (Ok(Stepped::Done(reply)), _) => return Ok(reply),
                (Ok(Stepped::Conflict), _) => {}
                // Every act is idempotent, so a hiccup of the store need not cost the caller the
                // call, nor a buyer the place that this step may have taken already.
                (Err(HandleError::Store(StoreError::Unavailable(_))), 1..) => {
                    self.pause(pauses.next().unwrap_or_default()).await;
                }
                (Err(error), _) => return Err(error),
            }
        }
        Err(HandleError::Contended)
    }

    pub(super) async fn pause(&self, pause: Duration) {
        self.ports.clock.sleep_until(self.ports.clock.monotonic() + pause).await;
    }

    async fn step(&self, event: &Event, early: &mut Early) -> Result<Stepped, HandleError> {
        match &event.kind {
            EventKind::Incoming(incoming) => self.incoming(event, incoming).await,
            EventKind::DialResult(result) => self.dial_result(event, result).await,
            EventKind::FlowStep(step) => self.flow_step(event, step).await,
            EventKind::Progress(_)
            | EventKind::LegProgress(_)
            | EventKind::Recording(_)
            | EventKind::Transcription(_)
            | EventKind::TargetReport(_) => self.news(event, early).await,
        }
    }

    /// The tenant of a call that is going on.
    pub(super) async fn tenant_of(&self, event: &Event) -> Result<Option<TenantId>, StoreError> {
        match event.tenant {
            Some(tenant) => Ok(Some(tenant)),
            None => self.ports.system.call(event.carrier_call.id()).await,
        }
    }

    /// Looks at a call that is going on: the call with its version, or the reply that is final.
    pub(super) async fn look_again(
        &self,
        event: &Event,
        tenant: TenantId,
        now: DateTime<Utc>,
    ) -> Result<Result<Known, Reply>, StoreError> {
        let id = event.carrier_call.id();
        let ask = Ask { step: Some(event.step()), ..Ask::default() };
        let look = self.ports.calls.look(tenant, id, &ask, now).await?;
        if let Some(directives) = stored_reply(event, &look) {
            return Ok(Err(Reply::stored(id, tenant, directives)));
        }
        let auction = look.auction;
        let known = look.call.map(|before| Known { before, auction });
        Ok(known.ok_or_else(|| self.unknown_call(event)))
    }

    /// What is answered about a call that nobody knows: the caller hears the end of it.
    pub(super) fn unknown_call(&self, event: &Event) -> Reply {
        let directives =
            if event.wants_directives() { vec![Directive::Hangup] } else { Vec::new() };
        Reply::unrecorded(event.carrier_call.id(), directives)
    }

    /// Saves one step. Bidders are not asked again because news of the call came in meanwhile: a step
    /// with an auction takes the news over and is saved all the same.
    pub(super) async fn save(
        &self,
        event: &Event,
        before: Option<&(Call, u64)>,
        mut outcome: Outcome,
        now: DateTime<Utc>,
    ) -> Result<Stepped, HandleError> {
        let had_auction = outcome.auction.is_some();
        let mut newest: Option<(Call, u64)> = None;
        for _ in 0..limits::RESTEPS {
            let known = newest.as_ref().or(before);
            match self.try_to_save(event, known, outcome.clone(), now).await {
                Ok(Stepped::Conflict) if had_auction => {}
                Err(error) if had_auction => return Err(error.interrupted()),
                saved => return saved,
            }
            let tenant = outcome.call.tenant;
            match self.after_auction(|| self.look_again(event, tenant, now)).await? {
                Ok(known) => {
                    outcome.catch_up(&known.before.0, self.ports.clock.now());
                    newest = Some(known.before);
                }
                Err(reply) => return Ok(Stepped::Done(reply)),
            }
        }
        Err(HandleError::Contended)
    }

    async fn try_to_save(
        &self,
        event: &Event,
        before: Option<&(Call, u64)>,
        outcome: Outcome,
        now: DateTime<Utc>,
    ) -> Result<Stepped, HandleError> {
        let Outcome { mut call, directives, decision, auction, nodes, outbox, sensitive, .. } =
            outcome;
        settle::close_flow(&mut call);
        call.facts = call.facts.saturating_add(1);
        if matches!(event.kind, EventKind::Incoming(_)) {
            let taken = self.ports.clock.now() - now;
            call.response_ms = u64::try_from(taken.num_milliseconds()).ok();
        }
        let milestones = Milestone::between(before.map(|(call, _)| call), &call);
        let (id, tenant, step) = (call.id, call.tenant, event.step());
        let shown = journalled(&mut call, &step, &directives);
        let (passed, deliveries) = (nodes.clone(), outbox.len());
        let save = Save {
            growth: Growth::between(before.map(|(call, _)| call), &call),
            releases: settle::releases(&call),
            call,
            expected: before.map(|(_, version)| *version),
            fact: Fact {
                at: now,
                step,
                event: kept(&event.kind, sensitive),
                parameters: event.parameters.clone(),
                directives: shown,
                nodes,
            },
            decision,
            auction,
            outbox,
        };
        let mut pauses = TRY_AGAIN_AFTER.into_iter();
        let saved = loop {
            match (self.ports.calls.save(tenant, save.clone()).await, pauses.next()) {
                // Saved after all, it is a conflict the second time, and the stored reply is found.
                (Err(SaveError::Store(StoreError::Unavailable(_))), Some(pause)) => {
                    self.pause(pause).await;
                }
                (saved, _) => break saved,
            }
        };
        match saved {
            Ok(()) => Ok(Stepped::Done(Reply {
                call: id,
                tenant: Some(tenant),
                directives,
                milestones,
                nodes: passed,
                deliveries,
                repeated: false,
            })),
            Err(SaveError::Conflict) => Ok(Stepped::Conflict),
            Err(SaveError::Store(error)) => Err(error.into()),
        }
    }
}

/// What the journal keeps of an event.
fn kept(event: &EventKind, sensitive: bool) -> EventKind {
    match event {
        EventKind::FlowStep(step) if sensitive => {
            EventKind::FlowStep(FlowStep { input: step.input.masked(), ..step.clone() })
        }
        event => event.clone(),
    }
}
