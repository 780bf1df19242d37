//! Where one call stands, and how events move it. Every method here is a pure change of plain data.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::attempt::{Attempt, AttemptTarget};
use super::event::{
    Caller, CallerInput, CarrierCall, DialResult, LegProgress, Progress, QueueOutcome,
    RecordingReady,
};
use super::flow_session::{FlowSession, FlowStatus};
use super::outcome::{FinalReason, NoRouteReason};
use super::status::{Advance, CallStatus, DialOutcome, LegStatus};
use super::transcription::Transcription;
use crate::vocabulary::{BuyerId, CallId, CampaignId, Money, Tags, TargetId, TenantId};

/// Where a recording of the call is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordingReference {
    /// The carrier's id of the recording.
    pub recording_id: String,
    /// Where the carrier keeps it.
    pub url: String,
    /// Its length in seconds.
    pub duration_secs: Option<u32>,
}

/// One call: the state between webhooks and, once it is over, the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Call {
    /// Our id.
    pub id: CallId,
    /// Whose call it is.
    pub tenant: TenantId,
    /// The carrier's name for it.
    pub carrier_call: CarrierCall,
    /// The campaign that routes it.
    pub campaign: CampaignId,
    /// The revision of the tenant's configuration that the call was routed by.
    pub revision: u64,
    /// Who calls.
    pub caller: Caller,
    /// What was dialled.
    pub called: String,
    /// Where the caller's call stands.
    pub status: CallStatus,
    /// When it came in.
    pub started_at: DateTime<Utc>,
    /// When it was over.
    pub ended_at: Option<DateTime<Utc>>,
    /// How long it lasted, in seconds, as the carrier says.
    pub duration_secs: Option<u32>,
    /// The whole ranking of the first decision; attempts take from it in order.
    pub ranking: Vec<BuyerId>,
    /// How many of the ranking were taken or passed over.
    pub ranking_used: usize,
    /// Everybody who was dialled, in order.
    pub attempts: Vec<Attempt>,
    /// The highest number of an attempt that anything was reserved for, dialled or not.
    #[serde(default)]
    pub reserved: u32,
    /// How many attempts were made before the present routing of the call began. A flow may route a
    /// call several times.
    #[serde(default)]
    pub attempts_before: u32,
    /// How often it was offered again after a short conversation.
    pub reroutes: u32,
    /// Why it went to the no-route treatment, if it did.
    pub no_route: Option<NoRouteReason>,
    /// Whether it converted.
    pub converted: bool,
    /// The number of the attempt that it converted by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub converted_by: Option<u32>,
    /// What it earned.
    pub revenue: Option<Money>,
    /// Its newest recording.
    pub recording: Option<RecordingReference>,
    /// What was said in it, where that was asked for and is known by now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transcription: Option<Transcription>,
    /// Key-value facts on it.
    pub tags: Tags,
    /// Where it stands in its flow, if its campaign has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow: Option<FlowSession>,
    /// How many steps of it were saved.
    #[serde(default)]
    pub facts: u32,
    /// How long the voice webhook took, from its arrival to its reply, in milliseconds.
    #[serde(default)]
    pub response_ms: Option<u64>,
}

impl Call {
    /// Whether the caller's call is over.
    pub const fn is_over(&self) -> bool {
        self.status.is_final()
    }

    /// Whether it is a test of a flow: whoever it reaches is really rung, but it never converts, earns
    /// nothing, is counted nowhere, and takes places only while they are in use.
    pub fn is_test(&self) -> bool {
        self.flow.as_ref().is_some_and(FlowSession::is_trial)
    }

    /// When a buyer first answered.
    pub fn answered_at(&self) -> Option<DateTime<Utc>> {
        self.attempts.iter().filter_map(|attempt| attempt.answered_at).min()
    }

    /// Begins to route it anew: nobody of an earlier ranking is offered it any more.
    pub fn begin_routing(&mut self) {
        self.ranking.clear();
        self.ranking_used = 0;
        self.reroutes = 0;
        self.no_route = None;
        self.attempts_before = u32::try_from(self.attempts.len()).unwrap_or(u32::MAX);
    }

    /// The number of the attempt that comes next. A number is used once, whatever came of it.
    pub fn next_attempt(&self) -> u32 {
        let made = self.attempts.last().map_or(0, |attempt| attempt.attempt);
        made.max(self.reserved).saturating_add(1)
    }

    /// The attempt that is still going on.
    pub fn current_attempt(&self) -> Option<&Attempt> {
        self.attempts.last().filter(|attempt| !attempt.is_over())
    }

    /// The buyer who has the call: the last that answered, or the one being rung right now.
    pub fn buyer(&self) -> Option<BuyerId> {
        self.taken_by()?.target.buyer()
    }

    /// The target that has the call, likewise.
    pub fn target(&self) -> Option<TargetId> {
        self.taken_by()?.target.target()
    }

    fn taken_by(&self) -> Option<&Attempt> {
        let answered = self.attempts.iter().rev().find(|attempt| attempt.connected());
        let ringing = self.current_attempt().filter(|_| !self.is_over());
        answered.or(ringing)
    }

    /// Whether somebody talked with the caller, other than at the number of the no-route treatment.
    pub fn is_served(&self) -> bool {
        let served =
            |attempt: &Attempt| attempt.connected() && attempt.target != AttemptTarget::NoRoute;
        self.attempts.iter().any(served) || self.was_taken_from_queue()
    }

    /// Whether somebody took the caller out of a queue of the flow.
    pub fn was_taken_from_queue(&self) -> bool {
        self.flow.as_ref().is_some_and(|flow| flow.reached)
    }

    /// Takes over the news that were saved of the call since this state of it began: its own and its
    /// legs' progress, recordings, reports.
    pub fn catch_up(&mut self, saved: &Self) {
        // Both moved on one lattice, so one of them says as much as both.
        let _ = self.status.advance(saved.status);
        self.ended_at = self.ended_at.or(saved.ended_at);
        self.duration_secs = self.duration_secs.or(saved.duration_secs);
        self.facts = saved.facts;
        if saved.recording.is_some() {
            self.recording.clone_from(&saved.recording);
        }
        if let Some(transcription) = &saved.transcription {
            let _ = self.transcription(transcription);
        }
        for (own, saved) in self.attempts.iter_mut().zip(&saved.attempts) {
            if own.leg.is_none() {
                own.leg.clone_from(&saved.leg);
            }
            own.ringing_at = own.ringing_at.or(saved.ringing_at);
            own.answered_at = own.answered_at.or(saved.answered_at);
            own.reported = saved.reported.or(own.reported);
            let _ = own.status.advance(saved.status);
        }
        if saved.converted_by.is_some() || (saved.converted && !self.converted) {
            self.converted = saved.converted;
            self.converted_by = saved.converted_by;
            self.revenue = saved.revenue;
        }
        self.weigh_reports();
    }

    /// Why it ends the way it does: once it is over, or once nothing is left but the no-route
    /// message. A function of what is known, so the order in which it became known does not matter.
    pub fn final_reason(&self) -> Option<FinalReason> {
        let in_flow = self.flow.as_ref().is_some_and(FlowSession::is_running);
        let nothing_left = self.no_route.is_some() && self.current_attempt().is_none() && !in_flow;
        if !self.is_over() && !nothing_left {
            return None;
        }
        if self.is_served() {
            return Some(FinalReason::Answered);
        }
        if let Some(reason) = self.no_route {
            return Some(reason.into());
        }
        if self.flow.as_ref().is_some_and(|flow| flow.status == FlowStatus::Completed) {
            return Some(FinalReason::FlowCompleted);
        }
        Some(match self.attempts.last() {
            Some(_) => FinalReason::CallerHungUpWhileRinging,
            None => FinalReason::CallerHungUp,
        })
    }

    /// How long the call lasted, in seconds: as the carrier says, or by our own times.
    pub fn duration(&self) -> Option<u32> {
        let ended_at = self.ended_at?;
        let measured = (ended_at - self.started_at).num_seconds().max(0);
        Some(self.duration_secs.unwrap_or(u32::try_from(measured).unwrap_or(u32::MAX)))
    }

    /// The result of a dial. The attempt learns how it ended; a final status of the caller's own
    /// call ends the call.
    ///
    /// Answers whether the result told anything new of an attempt that we made.
    pub fn dial_result(&mut self, result: &DialResult, now: DateTime<Utc>) -> Advance {
        if let Some(status) = result.call_status {
            // Whether the status is new is told by the call's own callbacks.
            let _ = self.progress(&Progress { status, duration_secs: None }, now);
        }
        if let Some(recording) = &result.recording {
            self.recording(recording);
        }
        let Some(attempt) = self.attempt_mut(result.attempt) else {
            return Advance::Stale;
        };
        if attempt.leg.is_none() {
            attempt.leg.clone_from(&result.leg);
        }
        if result.outcome == DialOutcome::Answered {
            attempt.talk_secs = result.talk_secs.or(attempt.talk_secs);
            let talked = TimeDelta::seconds(i64::from(attempt.talk_secs.unwrap_or(0)));
            // Clocks differ: nobody answers before they are dialled.
            let answered_at = (now - talked).max(attempt.dialled_at);
            // The news of the answer may have come late; the talk time is rounded up.
            let latest = answered_at + TimeDelta::seconds(1);
            if attempt.answered_at.is_none_or(|known| known > latest) {
                attempt.answered_at = Some(answered_at);
            }
        }
        let advance = attempt.learn(result.outcome, now);
        self.weigh_reports();
        advance
    }

    /// A status of the leg to a buyer. Where one attempt rang twice, because the carrier was asked
    /// again, the leg that was heard of first is the attempt's, and the other one tells nothing.
    pub fn leg_progress(&mut self, progress: &LegProgress, now: DateTime<Utc>) -> Advance {
        let Some(attempt) = self.attempt_mut(progress.attempt) else {
            return Advance::Stale;
        };
        if *attempt.leg.get_or_insert_with(|| progress.leg.clone()) != progress.leg {
            return Advance::Stale;
        }
        match progress.status {
            LegStatus::Ringing => {
                attempt.ringing_at.get_or_insert(now);
            }
            LegStatus::Answered => {
                attempt.answered_at.get_or_insert(now);
            }
            LegStatus::Dialled | LegStatus::Ended => {}
        }
        // The leg's end is not the dial's: only the dial result says how the attempt ended, because
        // with it the carrier waits for what comes next.
        let advance = attempt.status.advance(progress.status);
        if progress.status == LegStatus::Answered {
            let _ = self.status.advance(CallStatus::InProgress);
        }
        advance
    }

    /// A status of the caller's call.
    pub fn progress(&mut self, progress: &Progress, now: DateTime<Utc>) -> Advance {
        let advance = self.status.advance(progress.status);
        if self.status.is_final() {
            self.ended_at.get_or_insert(now);
            if self.duration_secs.is_none() {
                self.duration_secs = progress.duration_secs;
            }
        }
        advance
    }

    /// A recording.
    pub fn recording(&mut self, recording: &RecordingReady) {
        self.recording = Some(RecordingReference {
            recording_id: recording.recording_id.clone(),
            url: recording.url.clone(),
            duration_secs: recording.duration_secs,
        });
    }

    /// What the caller did at a step of a flow, as far as the call keeps it: a message, or a conversation
    /// that began in a queue. Whoever hangs up after either has not abandoned the flow, though the news
    /// of that may come first.
    pub fn came_back(&mut self, input: &CallerInput) {
        let reached = match input {
            CallerInput::Recorded(recording) => {
                self.recording(recording);
                false
            }
            CallerInput::LeftQueue { outcome: QueueOutcome::Bridged } => {
                // That nobody took the call before the queue is no longer how it ends.
                self.no_route = None;
                true
            }
            _ => return,
        };
        let Some(flow) = self.flow.as_mut() else { return };
        flow.reached |= reached;
        if flow.status == FlowStatus::Abandoned {
            flow.status = FlowStatus::Running;
        }
    }

    fn attempt_mut(&mut self, attempt: u32) -> Option<&mut Attempt> {
        self.attempts.iter_mut().find(|known| known.attempt == attempt)
    }
}

impl Attempt {
    /// Learns how it ended. An answer outweighs everything else; otherwise the first word stays.
    fn learn(&mut self, outcome: DialOutcome, now: DateTime<Utc>) -> Advance {
        let advance = match self.outcome {
            Some(known) if known == outcome => Advance::Repeated,
            Some(_) if outcome != DialOutcome::Answered => Advance::Stale,
            _ => Advance::Moved,
        };
        if advance == Advance::Moved {
            self.outcome = Some(outcome);
        }
        // Ended is the top of the lattice, so the leg can only move up or stay.
        let _ = self.status.advance(LegStatus::Ended);
        self.ended_at.get_or_insert(now);
        advance
    }
}
