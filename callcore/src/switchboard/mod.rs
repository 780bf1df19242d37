//! The only async part of the core: takes an event, asks the pure parts what to do, and touches the
//! world through the ports.
//!
//! ```text
//! event ─▶ plan ─▶ look ─▶ decide ─▶ reserve ─▶ save ─▶ directives
//!            ▲                  (pure)             │
//!            └─ cached                             └─ conflict: another delivery was first, look again
//! ```
//!
//! Handling is idempotent: an event delivered twice, at once or late gets the stored reply and
//! changes nothing.

mod ask;
mod auction;
mod auction_record;
mod conference;
mod confirm;
mod custom_code;
mod dial;
mod early;
mod fan_out;
mod flow;
mod handle;
mod health;
mod incoming;
mod plans;
mod report;
mod secrets;
mod sell;
mod settle;

#[cfg(test)]
mod tests;

pub use ask::{Asked, ask};
pub use handle::{HandleError, Ports, Reply, Settings, Switchboard};
pub use report::ReportOutcome;
