//! Call flows: what a caller hears and is asked, and where the call goes (spec FLO-1 to FLO-16).
//!
//! ```text
//! FlowDefinition ──check──▶ every problem, and a Program if none forbids it
//! (Program, FlowSession, Input) ──Run──▶ Step::{Wait | End | Need | NoRoute | Failed}
//! ```
//!
//! Nothing here touches the world. A flow that needs something (a route, a draw, custom code) says so
//! as a [`Need`] and goes on with the [`Input`] that answers it. Only a [`Program`] runs, so regular
//! expressions, schedules and texts are compiled once.
//!
//! A node type is a file in `node/` and a line in `node/mod.rs`.
//!
//! ```
//! use callcore::flow::{FlowDefinition, check};
//!
//! let definition: FlowDefinition = serde_json::from_str(
//!     r#"{ "name": "Sales line",
//!          "nodes": [
//!            { "id": "start", "type": "start" },
//!            { "id": "bye", "type": "end", "config": { "message": "Goodbye." } } ],
//!          "connections": [
//!            { "id": "c1", "source": "start", "sourceHandle": "next", "target": "bye" } ] }"#,
//! )?;
//! let checked = check(&definition, None);
//! assert!(checked.problems.is_empty());
//! assert_eq!(checked.program.expect("no error").len(), 2);
//! # Ok::<(), serde_json::Error>(())
//! ```

mod act;
mod check;
mod context;
mod desk;
mod node;
mod pattern;
mod problem;
mod program;
mod reader;
mod run;
mod secrets;
mod simulate;
mod statistics;
mod templates;
mod text;

#[cfg(test)]
mod tests;

pub use act::{Failure, Input, Need, Routed, Step};
pub use check::{Checked, CustomCode, Surroundings, check, compile_node};
pub use context::Context;
pub use node::{ChosenBuyer, RouteSettings};
pub use problem::FlowProblem;
pub use program::Program;
pub use run::{Run, Turn};
pub use secrets::{hidden, hidden_directives};
pub use simulate::{
    Answer, DialResult, EntryKind, InvalidInput, Offer, OutcomeKind, SimulatedInput, Simulation,
    SimulationOutcome, SimulationStep, TakenExit, Transcript, TranscriptEntry, Who,
};
pub use statistics::{
    Branch, Durations, Ending, FlowStatistics, Layout, NodeStatistics, Outcomes, Path, Peak, Visit,
    Volume, visits,
};
pub use templates::{Template, templates};

pub use crate::model::{FlowConnection, FlowDefinition, FlowNode};
