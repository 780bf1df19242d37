//! One call's way through a flow, as it was recorded.

use chrono::{DateTime, Utc};

use super::flow_session::{FlowStatus, NodeRun};
use crate::vocabulary::CallId;

/// What the nodes of a flow did for one call, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    /// The call.
    pub call: CallId,
    /// The version that it stayed on.
    pub version: u32,
    /// How it stands in the flow.
    pub status: FlowStatus,
    /// When the call came in.
    pub started_at: DateTime<Utc>,
    /// When the call was over; `None` while it goes on.
    pub ended_at: Option<DateTime<Utc>>,
    /// What each node did, in the order in which it was written.
    pub runs: Vec<NodeRun>,
}
