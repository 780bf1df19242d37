//! What passes between a flow and whoever runs it: what came, what is needed, what follows.

use crate::call::CallerInput;
use crate::call::NoRouteReason;
use crate::vocabulary::Destination;

/// What a flow goes on with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// What the caller did where the flow had asked.
    Caller(CallerInput),
    /// The answer to [`Need::Ordinal`].
    Ordinal(u64),
    /// The answer to [`Need::Script`]; an error is a sentence for people.
    Scripted(Result<bool, String>),
    /// What came of [`Need::Route`], [`Need::Dial`] or [`Need::Confer`].
    Routed(Routed),
}

/// What came of the attempt to connect the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Routed {
    /// Somebody answered, and the conversation is over; the caller is still there.
    Connected,
    /// Nobody took the call.
    Unrouted(NoRouteReason),
}

/// What a flow needs before it can go on.
#[derive(Clone, PartialEq)]
pub enum Need {
    /// Routes the call by the settings of the node that the session is in
    /// ([`Program::route`](super::Program::route)). Where somebody is dialled, the flow waits.
    Route,
    /// Dials a number that the flow names, and waits.
    Dial {
        /// Which one.
        destination: Destination,
    },
    /// Puts the caller into a conference, rings somebody who joins it, and waits.
    Confer {
        /// Whom to ring.
        destination: Destination,
        /// What whoever answers hears first.
        whisper: String,
    },
    /// Runs custom code.
    Script {
        /// The body of the function.
        code: String,
        /// Its one argument.
        call: serde_json::Value,
    },
    /// Draws the call's turn of a rotation.
    Ordinal {
        /// The rotation's key: the same for all calls in one version of a flow.
        rotation: String,
    },
}

impl std::fmt::Debug for Need {
    // Custom code is given what callers entered.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Route => f.write_str("Route"),
            Self::Dial { destination } => f.debug_tuple("Dial").field(destination).finish(),
            Self::Confer { destination, .. } => f.debug_tuple("Confer").field(destination).finish(),
            Self::Script { .. } => f.write_str("Script"),
            Self::Ordinal { rotation } => f.debug_tuple("Ordinal").field(rotation).finish(),
        }
    }
}

/// What follows from an input.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// The carrier carries out the directives and comes back.
    Wait,
    /// The directives end the call.
    End,
    /// Something is needed first; go on with [`Run::answer`](super::Run::answer).
    Need(Need),
    /// The call goes to the campaign's no-route treatment, after the directives.
    NoRoute(NoRouteReason),
    /// The flow cannot go on: plain routing takes over, after the directives.
    Failed(Failure),
}

/// Why a flow could not go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// One event led through too many nodes.
    #[error("one event led through more than {} nodes", crate::vocabulary::limits::FLOW_STEPS)]
    StepLimit,
    /// The call was asked too often.
    #[error("the call was asked more than {} times", crate::vocabulary::limits::FLOW_QUESTIONS)]
    QuestionLimit,
    /// The reply became too large for a carrier.
    #[error("the reply is larger than {} bytes", crate::vocabulary::limits::FLOW_REPLY_BYTES)]
    ReplyLimit,
    /// An exit leads nowhere.
    #[error("the exit {exit:?} of the node {node:?} is not connected")]
    NotConnected {
        /// The node's id.
        node: String,
        /// Its exit.
        exit: String,
    },
    /// The session is in a node that this version of the flow does not have.
    #[error("there is no node {0:?} in this version")]
    UnknownNode(String),
    /// A node got an answer to something that it did not ask.
    #[error("the node {0:?} cannot go on with what came")]
    Unexpected(String),
}

/// Why something is not sent at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unsent {
    #[error("a form has more than {} bytes", crate::vocabulary::limits::PIXEL_BODY_BYTES)]
    BodyTooLong,
    #[error("a value makes a part of a URL's path that is a dot or two")]
    DotSegment,
    #[error("one event sends at most {} pixels", crate::vocabulary::limits::FLOW_PIXELS)]
    TooMany,
    #[error(
        "the pixels of one event have at most {} bytes",
        crate::vocabulary::limits::FLOW_PIXELS_BYTES
    )]
    TooMuch,
    #[error("a URL has more than {} bytes", crate::vocabulary::limits::PIXEL_URL_BYTES)]
    UrlTooLong,
}

/// What a node does when it is entered, or when what it waited for has come.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Act {
    /// Leaves by an exit.
    Exit(String),
    /// Waits for the carrier to come back.
    Wait,
    /// Ends the call.
    End,
    /// Waits for what it needs.
    Need(Need),
    /// Cannot go on.
    Fail(Failure),
}

impl Act {
    pub(crate) fn exit(handle: &str) -> Self {
        Self::Exit(handle.to_owned())
    }
}
