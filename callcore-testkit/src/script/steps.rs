//! What a script comes to once it is read.

use callcore::model::{Assignment, FlowDefinition, Kind, Object};
use callcore::port::Swept;
use callcore::vocabulary::{BuyerId, CampaignId};
use callcore_twiml::Form;
use callcore_twiml::phone;
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::code::Verdict;

/// One thing that a script does, besides calls.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Sets the time of day.
    Now(DateTime<Utc>),
    /// Lets time go by.
    Wait(TimeDelta),
    /// Creates an object, or replaces the one of the same id.
    Put(Uuid, Object),
    /// Writes a flow, and publishes it unless it is a draft.
    Flow {
        id: Uuid,
        definition: Box<FlowDefinition>,
        published: bool,
    },
    /// Says what custom code comes to.
    Code(String, Verdict),
    /// Moves the leg to somebody who is invited into a caller's conference, in the carrier's words.
    Leg {
        attempt: u32,
        status: String,
    },
    Delete(Kind, Uuid),
    Assign(CampaignId, BuyerId, Assignment),
    Unassign(CampaignId, BuyerId),
    /// Sweeps, and says what that must free.
    Sweep(Swept),
    /// Says how many places must be held.
    Held(u64),
}

/// A step and the line that it stands in.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub(super) line: usize,
    pub(super) step: Step,
}

/// So long after the beginning of a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct During {
    pub(super) after: TimeDelta,
    pub(super) call: u32,
}

/// A part of a script: steps go one after the other, and the calls of a group go on together.
#[derive(Clone, Debug)]
pub(super) enum Part {
    Step(Placed),
    Group(Group),
}

/// Calls that go on together, with what happens meanwhile.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    pub(super) calls: Vec<Block>,
    pub(super) meanwhile: Vec<(During, Placed)>,
}

/// One call: what people do in it, and what must come of it.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub(super) line: usize,
    pub(super) number: u32,
    pub(super) begins: Option<During>,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) place: Form,
    pub(super) people: phone::Script,
    pub(super) every_request_twice: bool,
    pub(super) callbacks_out_of_order: bool,
    /// Webhooks that never arrive.
    pub(super) lost: Vec<String>,
    pub(super) expected: Vec<(usize, String)>,
    pub(super) after: Vec<(usize, After)>,
}

/// A webhook that comes when the call is over.
#[derive(Clone, Debug)]
pub(super) enum After {
    /// Once more, as it came in the call.
    Again(String),
    /// One that did not come in the call.
    Late(String),
    /// A text that must not be in the journal or in what is logged of the call.
    Nowhere(String),
    /// So much later, with nothing heard of the call, its flow must stand so.
    Later(TimeDelta, String),
}
