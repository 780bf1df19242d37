//! Trials of flows.

use chrono::{DateTime, TimeDelta, Utc};

use super::registry::Configuration;
use crate::model::FlowDefinition;
use crate::plan::{PinnedFlow, Trial};
use crate::port::{NewTrial, TrialError};
use crate::vocabulary::{TrialId, limits};

/// The trials of all flows with their documents, oldest first.
pub(super) type Trials = Vec<(Trial, FlowDefinition)>;

impl Configuration {
    pub(super) fn trial(&self, id: TrialId) -> Option<Trial> {
        self.trials.iter().map(|(trial, _)| *trial).find(|trial| trial.id == id)
    }

    /// The document of a trial that is still kept.
    pub(super) fn tried_document(&self, pinned: PinnedFlow) -> Option<&FlowDefinition> {
        let (_, definition) = self.trials.iter().find(|(trial, _)| trial.pinned == pinned)?;
        Some(definition)
    }

    pub(super) fn try_out(
        &mut self,
        new: NewTrial,
        now: DateTime<Utc>,
    ) -> Result<Trial, TrialError> {
        if let Some(known) = self.trial(new.id) {
            return Ok(known);
        }
        let since = now - TimeDelta::minutes(1);
        let recent = self.trials.iter().filter(|(trial, _)| trial.created_at > since).count();
        if recent >= limits::TRIALS_PER_MINUTE as usize {
            return Err(TrialError::TooMany);
        }
        let pinned = self.trials.iter().map(|(trial, _)| trial.pinned);
        let newest = pinned.filter(|pinned| pinned.flow == new.flow).map(|pinned| pinned.version);
        let version = newest.max().map_or(limits::FIRST_TRIAL, |newest| newest + 1);
        let pinned = PinnedFlow { flow: new.flow, version };
        let trial = Trial { id: new.id, campaign: new.campaign, pinned, created_at: now };
        self.trials.push((trial, new.definition));
        let kept = |other: &PinnedFlow| {
            other.flow != pinned.flow || other.version + limits::FLOW_TRIALS > version
        };
        self.trials.retain(|(trial, _)| kept(&trial.pinned));
        Ok(trial)
    }
}
