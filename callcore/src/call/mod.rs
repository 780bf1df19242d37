//! One call as plain data: what the carrier told us, where the call stands, what the carrier shall
//! do next. Nothing here decides anything but what follows from the call itself.

mod attempt;
mod directive;
mod event;
mod metrics;
mod milestone;
mod outcome;
mod state;
mod status;
mod step;
mod tally;

pub use attempt::{Attempt, AttemptTarget};
pub use directive::{Dial, Directive};
pub use event::{
    Caller, CarrierCall, DialResult, Event, EventKind, Incoming, LegProgress, Progress,
    RecordingReady,
};
pub use metrics::RoutingMetrics;
pub use milestone::Milestone;
pub use outcome::{FinalReason, NoRouteReason};
pub use state::{Call, RecordingReference};
pub use status::{Advance, CallStatus, DialOutcome, LegStatus};
pub use step::{Fact, StepKey};
pub use tally::{Contact, Growth, Tally};
