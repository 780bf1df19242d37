//! The door: one event in, one reply out.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::auction::HealthBook;
use super::settle;
use crate::auction::AuctionLog;
use crate::call::{Call, Directive, Event, EventKind, Fact, Growth, Milestone};
use crate::plan::{Plan, PlanCache};
use crate::port::{
    Ask, AuctionRecord, Calls, Capacity, Clock, Directory, Egress, Save, SaveError, StoreError,
    SystemStore,
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
    /// Whether the event had been handled before and this is the stored reply.
    pub repeated: bool,
}

impl Reply {
    /// The stored reply of an event that was handled before.
    pub(super) const fn stored(call: CallId, tenant: TenantId, directives: Vec<Directive>) -> Self {
        Self { call, tenant: Some(tenant), directives, milestones: Vec::new(), repeated: true }
    }

    /// A reply about a call that nothing is recorded of.
    pub(super) const fn unrecorded(call: CallId, directives: Vec<Directive>) -> Self {
        Self { call, tenant: None, directives, milestones: Vec::new(), repeated: false }
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
const TRY_AGAIN_AFTER: [Duration; 2] = [Duration::from_millis(50), Duration::from_millis(250)];

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

/// A step that is ready to be saved.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) call: Call,
    pub(super) directives: Vec<Directive>,
    pub(super) decision: Option<Decision>,
    pub(super) auction: Option<AuctionRecord>,
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
        for _ in 0..limits::RESTEPS {
            match (self.step(event).await, pauses.len()) {
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

    async fn pause(&self, pause: Duration) {
        self.ports.clock.sleep_until(self.ports.clock.monotonic() + pause).await;
    }

    async fn step(&self, event: &Event) -> Result<Stepped, HandleError> {
        match &event.kind {
            EventKind::Incoming(incoming) => self.incoming(event, incoming).await,
            EventKind::DialResult(result) => self.dial_result(event, result).await,
            EventKind::Progress(_) | EventKind::LegProgress(_) | EventKind::Recording(_) => {
                self.news(event).await
            }
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
        if let Some(directives) = look.reply {
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

    /// The plan of a call's campaign, unless the campaign is gone.
    pub(super) async fn plan_of(&self, call: &Call) -> Result<Option<Arc<Plan>>, StoreError> {
        self.plan(call.tenant, call.campaign).await
    }

    /// Saves one step.
    pub(super) async fn save(
        &self,
        event: &Event,
        before: Option<&(Call, u64)>,
        outcome: Outcome,
        now: DateTime<Utc>,
    ) -> Result<Stepped, HandleError> {
        let Outcome { mut call, directives, decision, auction } = outcome;
        call.facts = call.facts.saturating_add(1);
        if matches!(event.kind, EventKind::Incoming(_)) {
            let taken = self.ports.clock.now() - now;
            call.response_ms = u64::try_from(taken.num_milliseconds()).ok();
        }
        let milestones = Milestone::between(before.map(|(call, _)| call), &call);
        let (id, tenant) = (call.id, call.tenant);
        let save = Save {
            growth: Growth::between(before.map(|(call, _)| call), &call),
            releases: settle::releases(&call),
            call,
            expected: before.map(|(_, version)| *version),
            fact: Fact {
                at: now,
                step: event.step(),
                event: event.kind.clone(),
                parameters: event.parameters.clone(),
                directives: directives.clone(),
            },
            decision,
            auction,
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
                repeated: false,
            })),
            Err(SaveError::Conflict) => Ok(Stepped::Conflict),
            Err(SaveError::Store(error)) => Err(error.into()),
        }
    }
}
