//! The way of one call: steps, decisions, its auction, dial attempts.

use callcore::call::{
    Attempt, AttemptTarget, DialOutcome, Directive, EventKind, LegStatus, NodeRun, Reported,
};
use callcore::flow::hidden_directives;
use callcore::port::AuctionRecord;
use callcore::routing::Decision;
use callcore::vocabulary::{BuyerId, Money, TargetId};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::bids::AuctionOfCall;
use super::calls::CallSummary;

/// A call with everything that is known of its way.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallWithJourney {
    /// The call in short.
    #[serde(flatten)]
    pub call: CallSummary,
    /// Its way.
    pub journey: Journey,
}

/// The way of a call.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Journey {
    /// What happened and what was answered, in order.
    pub steps: Vec<JourneyStep>,
    /// Who was chosen, who was next, and why the others were refused.
    pub decisions: Vec<DecisionOfStep>,
    /// The auction; null where there was none.
    pub auction: Option<AuctionOfCall>,
    /// Everybody who was dialled.
    pub dial_attempts: Vec<DialAttempt>,
}

/// One step of a call.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct JourneyStep {
    /// When it was handled.
    pub at: DateTime<Utc>,
    /// Its key, unique inside the call.
    pub step: String,
    /// What happened.
    #[schema(value_type = Object)]
    pub event: EventKind,
    /// What the carrier was told to do.
    #[schema(value_type = Vec<Object>)]
    pub directives: Vec<Directive>,
    /// The nodes of the call's flow that it led through, in order; what callers entered where a node
    /// is sensitive is masked.
    #[schema(value_type = Vec<Object>)]
    pub nodes: Vec<NodeRun>,
}

/// A decision with its step.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DecisionOfStep {
    /// The step that it was made in.
    pub step: String,
    /// The decision: `chosen`, `ranked` and `refused` are exactly the candidates.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub decision: Decision,
}

/// One dial.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DialAttempt {
    /// Which dial of the call, from 1.
    pub attempt: u32,
    /// The buyer; null for a bidder, the no-route number and a number that a flow
    /// names.
    pub buyer_id: Option<Uuid>,
    /// The bidder; null for a buyer, the no-route number and a number that a flow names.
    pub target_id: Option<Uuid>,
    /// What the bidder pays.
    pub price: Option<Money>,
    /// What was rung.
    pub destination: String,
    /// Where the leg stands.
    pub status: LegStatus,
    /// How it ended; null while it goes on.
    pub outcome: Option<DialOutcome>,
    /// When the carrier was told to dial.
    pub dialled_at: DateTime<Utc>,
    /// When the phone rang.
    pub ringing_at: Option<DateTime<Utc>>,
    /// When it was answered.
    pub answered_at: Option<DateTime<Utc>>,
    /// When it was over.
    pub ended_at: Option<DateTime<Utc>>,
    /// How long the two talked.
    pub talk_seconds: Option<u32>,
    /// The carrier's id of the leg.
    pub carrier_call_id: Option<String>,
    /// What the bidder reported last of the call; null where it reported nothing.
    #[schema(value_type = Option<Object>)]
    pub reported: Option<Reported>,
}

impl From<Attempt> for DialAttempt {
    fn from(attempt: Attempt) -> Self {
        let price = match attempt.target {
            AttemptTarget::Target { price, .. } => Some(price),
            AttemptTarget::Buyer { .. }
            | AttemptTarget::NoRoute
            | AttemptTarget::External
            | AttemptTarget::Conference => None,
        };
        Self {
            attempt: attempt.attempt,
            buyer_id: attempt.target.buyer().map(BuyerId::uuid),
            target_id: attempt.target.target().map(TargetId::uuid),
            price,
            destination: attempt.destination.to_string(),
            status: attempt.status,
            outcome: attempt.outcome,
            dialled_at: attempt.dialled_at,
            ringing_at: attempt.ringing_at,
            answered_at: attempt.answered_at,
            ended_at: attempt.ended_at,
            talk_seconds: attempt.talk_secs,
            carrier_call_id: attempt.leg,
            reported: attempt.reported,
        }
    }
}

impl Journey {
    /// What was read of a call, and its auction.
    pub fn new(read: callcore::port::Journey, auction: Option<AuctionRecord>) -> Self {
        Self {
            steps: read
                .facts
                .into_iter()
                .map(|fact| JourneyStep {
                    at: fact.at,
                    step: fact.step.to_string(),
                    event: fact.event,
                    directives: match &read.call.flow {
                        Some(session) => hidden_directives(&fact.directives, session),
                        None => fact.directives,
                    },
                    nodes: fact.nodes,
                })
                .collect(),
            decisions: read
                .decisions
                .into_iter()
                .map(|(step, decision)| DecisionOfStep { step: step.to_string(), decision })
                .collect(),
            auction: auction.map(AuctionOfCall::from),
            dial_attempts: read.call.attempts.into_iter().map(DialAttempt::from).collect(),
        }
    }
}
