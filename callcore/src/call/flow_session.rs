//! Where a call stands in its flow, as plain data: the core's flow module moves it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::vocabulary::FlowId;

/// How a flow stands or ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum FlowStatus {
    /// The call is in it.
    Running,
    /// The flow came to its end.
    Completed,
    /// The caller hung up in it.
    Abandoned,
    /// It could not go on; plain routing took over.
    Failed,
    /// Nothing came for longer than a session lasts.
    Expired,
}

/// A splitter that may send the call into another branch when the one it took fails.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Failover {
    /// The splitter's node id.
    pub node: String,
    /// The exits that were taken, in order.
    pub taken: Vec<String>,
}

/// One call in one version of a flow. Its id is the call's: a call runs at most one flow.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FlowSession {
    /// The flow.
    pub flow: FlowId,
    /// The published version that the call stays on.
    pub version: u32,
    /// How it stands.
    pub status: FlowStatus,
    /// The id of the node that the call is in, or was in at the end.
    pub node: String,
    /// The number of the step that the carrier will come back with, or came back with last. Every
    /// question, re-asked or not, has its own.
    pub step: u32,
    /// How often the present node has asked.
    pub tries: u32,
    /// How many nodes were entered.
    pub visits: u32,
    /// The step that waits in a conference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conference: Option<u32>,
    /// What callers entered, by the names that the flow gives it.
    pub variables: BTreeMap<String, String>,
    /// The names of the variables that are shown to nobody.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub sensitive: BTreeSet<String>,
    /// Splitters that the call came through and that have branches left, outermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failovers: Vec<Failover>,
    /// Why it failed, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it last moved.
    pub updated_at: DateTime<Utc>,
    /// When it ends if nothing comes before.
    pub expires_at: DateTime<Utc>,
}

impl FlowSession {
    /// Whether the call is in the flow.
    pub fn is_running(&self) -> bool {
        self.status == FlowStatus::Running
    }

    /// A text in which every value of a sensitive variable is replaced: what may be shown of something
    /// that was spoken.
    pub fn hide(&self, text: &str) -> String {
        let values = self.sensitive.iter().filter_map(|name| self.variables.get(name));
        let mut values: Vec<&String> = values.filter(|value| !value.is_empty()).collect();
        // A short value may be a part of a long one.
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        let stars = |value: &str| "*".repeat(value.chars().count());
        values
            .into_iter()
            .fold(text.to_owned(), |shown, value| shown.replace(value.as_str(), &stars(value)))
    }

    /// The variables as they may be shown: sensitive ones with every character replaced.
    pub fn shown_variables(&self) -> BTreeMap<String, String> {
        let shown = |(name, value): (&String, &String)| {
            let hidden = self.sensitive.contains(name);
            let value = if hidden { "*".repeat(value.chars().count()) } else { value.clone() };
            (name.clone(), value)
        };
        self.variables.iter().map(shown).collect()
    }
}

impl std::fmt::Debug for FlowSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FlowSession")
            .field("flow", &self.flow)
            .field("version", &self.version)
            .field("status", &self.status)
            .field("node", &self.node)
            .field("step", &self.step)
            .finish_non_exhaustive()
    }
}

/// One execution of one node, as analytics count it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeRun {
    /// The node's id.
    pub node: String,
    /// Its type, as the document writes it.
    #[serde(rename = "type")]
    pub kind: String,
    /// When it was entered, or went on after the caller's answer.
    pub at: DateTime<Utc>,
    /// How long the caller took since the node had asked or dialled, in milliseconds; `None` where
    /// it was entered.
    #[serde(default, rename = "waitedMs", skip_serializing_if = "Option::is_none")]
    pub waited_ms: Option<u64>,
    /// What the caller did, where the node had asked; masked where it is sensitive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// The exit that was taken; `None` where the node waits, or where the flow ended in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<String>,
    /// What else is worth knowing: why a condition failed, why a branch was left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}
