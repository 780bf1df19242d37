//! One call as plain data: what the carrier told us, where the call stands, what the carrier shall
//! do next. Nothing here decides anything but what follows from the call itself.

mod attempt;
mod delivery;
mod directive;
mod event;
mod flow_session;
mod metrics;
mod milestone;
mod outcome;
mod passage;
mod report;
mod state;
mod status;
mod step;
mod tally;
mod transcription;

pub use attempt::{Attempt, AttemptTarget};
pub use delivery::{Delivery, Payload};
pub use directive::{Confer, Dial, Directive, Enqueue, Message, Prompt, Question, Sound, Speech};
pub use event::{
    Caller, CallerInput, CarrierCall, DialResult, Event, EventKind, FlowStep, Incoming,
    LegProgress, Progress, QueueOutcome, RecordingReady,
};
pub use flow_session::{Failover, FlowSession, FlowStatus, NodeRun, SecretReply};
pub use metrics::RoutingMetrics;
pub use milestone::Milestone;
pub use outcome::{FinalReason, NoRouteReason};
pub use passage::Passage;
pub use report::{ReportStatus, Reported, TargetReport};
pub use state::{Call, RecordingReference};
pub use status::{Advance, CallStatus, DialOutcome, LegStatus};
pub use step::{Fact, StepKey};
pub use tally::{Contact, Growth, Tally};
pub use transcription::{Transcription, TranscriptionStatus};
