//! Where a call stands in its flow, as plain data: the core's flow module moves it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::directive::Directive;
use super::step::StepKey;
use crate::vocabulary::{FlowId, limits};

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

impl FlowStatus {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Running, Self::Completed, Self::Abandoned, Self::Failed, Self::Expired];

    /// The word for it, as documents have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Abandoned => "abandoned",
            Self::Failed => "failed",
            Self::Expired => "expired",
        }
    }

    /// The status of a word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
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

/// A reply that says what the caller entered in confidence, as the carrier got it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretReply {
    /// The step that it answers.
    pub step: StepKey,
    /// The reply.
    pub directives: Vec<Directive>,
}

impl std::fmt::Debug for SecretReply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SecretReply").field("step", &self.step).finish_non_exhaustive()
    }
}

/// One call in one version of a flow. Its id is the call's: a call runs at most one flow.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FlowSession {
    /// The flow.
    pub flow: FlowId,
    /// The published version that the call stays on; of a test call, the number of its trial, which
    /// is [`limits::FIRST_TRIAL`] or more.
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
    /// Whether somebody took the caller out of a queue and talked with them, which no attempt tells.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reached: bool,
    /// What callers entered, by the names that the flow gives it.
    pub variables: BTreeMap<String, String>,
    /// The names of the variables that are shown to nobody.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub sensitive: BTreeSet<String>,
    /// Every answer that was sensitive, also where its variable has another value now: what must not be
    /// shown. Forgotten with the flow's end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<String>,
    /// The newest replies that say one of them, for a carrier that repeats its webhook: the journal has
    /// them hidden. Forgotten with the call's end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replies: Vec<SecretReply>,
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
    /// The variable that holds what was said in the caller's message, once that is known.
    pub const TRANSCRIPTION: &'static str = "voicemail_transcription";

    /// Whether it is the session of a test call.
    pub const fn is_trial(&self) -> bool {
        self.version >= limits::FIRST_TRIAL
    }

    /// Whether the call is in the flow.
    pub fn is_running(&self) -> bool {
        self.status == FlowStatus::Running
    }

    /// How it stands at an instant: a session that nothing came to for too long is over, also where
    /// nobody has told so yet.
    pub fn status_at(&self, now: DateTime<Utc>) -> FlowStatus {
        if self.is_running() && self.expires_at < now { FlowStatus::Expired } else { self.status }
    }

    /// The variables that may be told to others.
    pub fn open_variables(&self) -> impl Iterator<Item = (&str, &str)> {
        let is_open = |(name, _): &(&String, &String)| !self.sensitive.contains(*name);
        let variables = self.variables.iter().filter(is_open);
        variables.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Remembers the values that are sensitive now, so that they stay hidden once their variables have
    /// others.
    pub fn remember_secrets(&mut self) {
        let values = self.sensitive.iter().filter_map(|name| self.variables.get(name));
        for value in values.filter(|value| !value.is_empty()) {
            if !self.secrets.contains(value) {
                self.secrets.push(value.clone());
            }
        }
        let surplus = self.secrets.len().saturating_sub(limits::FLOW_SECRETS);
        self.secrets.drain(..surplus);
    }

    /// Keeps a reply for a carrier that repeats its webhook.
    pub fn keep_reply(&mut self, step: StepKey, directives: Vec<Directive>) {
        self.replies.push(SecretReply { step, directives });
        let surplus = self.replies.len().saturating_sub(limits::FLOW_REPLIES);
        self.replies.drain(..surplus);
    }

    /// The reply to a step, where it was kept.
    pub fn kept_reply(&self, step: &StepKey) -> Option<&[Directive]> {
        let kept = self.replies.iter().find(|reply| reply.step == *step)?;
        Some(&kept.directives)
    }

    /// Forgets what was entered in confidence: the values once the flow is over, and the replies that
    /// say them once the call is.
    pub fn forget_secrets(&mut self, call_is_over: bool) {
        if !self.is_running() {
            self.variables = self.shown_variables();
            self.secrets.clear();
        }
        if call_is_over {
            self.replies.clear();
        }
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
