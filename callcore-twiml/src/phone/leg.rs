//! The legs to callees: how they go, and who is told.

use callcore::call::CallStatus;
use url::Url;

use super::CallbackOrder;
use super::fetch::Ask;
use super::line::{Line, Person};
use super::machine::{CALLER, LineId, Machine};
use super::report::{Dialled, Entry, Event, Purpose};
use super::script::Reaction;
use crate::{CallEvent, Form, StatusCallback};

/// A leg and what the script has in store for it.
#[derive(Debug)]
pub(super) struct Leg {
    pub(super) line: LineId,
    /// When its ringing is over.
    pub(super) due_ms: u64,
    pub(super) fate: Fate,
    dialled_ms: u64,
    /// Where in the report it stands.
    entry: usize,
    callback: StatusCallback,
    /// The URL of the document that names the callback.
    base: Url,
    /// How many reports were due.
    reports: u32,
    held: Vec<Report>,
}

/// How the ringing of a leg is over.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fate {
    Answered { talk_ms: u64 },
    Ended(CallStatus),
}

/// The parameters of a status callback.
#[derive(Debug)]
struct Report {
    standard: Form,
    details: Form,
}

impl Machine<'_> {
    /// Dials somebody, who may take until `limit_ms` to answer.
    pub(super) async fn open_leg(
        &mut self,
        from: String,
        to: &str,
        limit_ms: u64,
        callback: &StatusCallback,
        base: &Url,
    ) -> Leg {
        let earlier = self.lines.iter().filter(|line| line.parent.is_some() && line.to == to);
        let reaction = self.script.reaction(to, earlier.count());
        let (after_ms, fate, inputs) = match reaction {
            Reaction::Answers { after_ms, inputs, talk_ms } => {
                (*after_ms, Fate::Answered { talk_ms: *talk_ms }, inputs.clone())
            }
            Reaction::Busy { after_ms } => (*after_ms, Fate::Ended(CallStatus::Busy), Vec::new()),
            Reaction::Fails { after_ms } => {
                (*after_ms, Fate::Ended(CallStatus::Failed), Vec::new())
            }
            Reaction::NoAnswer => (u64::MAX, Fate::Ended(CallStatus::NoAnswer), Vec::new()),
        };
        let due_ms = self.clock_ms.saturating_add(after_ms);
        let (due_ms, fate) = if due_ms < limit_ms {
            (due_ms, fate)
        } else {
            (limit_ms, Fate::Ended(CallStatus::NoAnswer))
        };
        let call_sid = self.sids.sid("CA");
        self.lines.push(Line {
            sid: call_sid.clone(),
            parent: Some(self.lines[CALLER].sid.clone()),
            from: from.clone(),
            to: to.to_owned(),
            answered_ms: None,
            ended: None,
            person: Person::answering(inputs),
        });
        let dialled = Dialled {
            call_sid,
            to: to.to_owned(),
            from,
            status: CallStatus::Ringing,
            answered_after_ms: None,
            talked_ms: 0,
            bridged: false,
        };
        self.note(Event::Dialled(dialled));
        let mut leg = Leg {
            line: self.lines.len() - 1,
            due_ms,
            fate,
            dialled_ms: self.clock_ms,
            entry: self.entries.len() - 1,
            callback: StatusCallback {
                url: callback.url.clone().filter(|url| !url.is_empty()),
                ..callback.clone()
            },
            base: base.clone(),
            reports: 0,
            held: Vec::new(),
        };
        self.tell_leg(&mut leg, CallEvent::Initiated).await;
        if matches!(reaction, Reaction::Answers { .. } | Reaction::NoAnswer) {
            self.tell_leg(&mut leg, CallEvent::Ringing).await;
        }
        leg
    }

    pub(super) fn is_open(&self, leg: &Leg) -> bool {
        self.lines[leg.line].ended.is_none()
    }

    pub(super) async fn answer_leg(&mut self, leg: &mut Leg) {
        self.lines[leg.line].answered_ms = Some(self.clock_ms);
        let after_ms = self.clock_ms - leg.dialled_ms;
        if let Some(dialled) = self.dialled(leg) {
            dialled.status = CallStatus::InProgress;
            dialled.answered_after_ms = Some(after_ms);
        }
        self.tell_leg(leg, CallEvent::Answered).await;
    }

    pub(super) fn bridge_leg(&mut self, leg: &Leg) {
        if let Some(dialled) = self.dialled(leg) {
            dialled.bridged = true;
        }
        let to = self.lines[leg.line].to.clone();
        self.note(Event::Bridged { to });
    }

    /// Ends a leg, unless it has ended. An answered one is completed whatever ends it.
    pub(super) async fn end_leg(&mut self, leg: &mut Leg, unanswered: CallStatus) {
        if !self.is_open(leg) {
            return;
        }
        let was_answered = self.lines[leg.line].answered_ms.is_some();
        let status = if was_answered { CallStatus::Completed } else { unanswered };
        self.end(leg.line, status);
        let talked_ms = self.lines[leg.line].talked_ms();
        if let Some(dialled) = self.dialled(leg) {
            dialled.status = status;
            dialled.talked_ms = talked_ms;
        }
        self.tell_leg(leg, CallEvent::Completed).await;
    }

    fn dialled(&mut self, leg: &Leg) -> Option<&mut Dialled> {
        match self.entries.get_mut(leg.entry) {
            Some(Entry { event: Event::Dialled(dialled), .. }) => Some(dialled),
            _ => None,
        }
    }

    /// Makes the status callback for an event, if the document asks for it.
    async fn tell_leg(&mut self, leg: &mut Leg, event: CallEvent) {
        let by_default = leg.callback.events.is_empty() && event == CallEvent::Completed;
        if leg.callback.url.is_none() || (!by_default && !leg.callback.events.contains(&event)) {
            return;
        }
        let report = Report {
            standard: self.leg_parameters(leg.line, event),
            details: self.progress(leg.line, leg.reports),
        };
        leg.reports += 1;
        let is_last = event == CallEvent::Completed;
        let holds = self.phone.callback_order == CallbackOrder::LastSecond;
        if holds && !is_last && leg.reports > 1 {
            leg.held.push(report);
            return;
        }
        self.send_report(leg, report).await;
        for report in std::mem::take(&mut leg.held) {
            self.send_report(leg, report).await;
        }
    }

    /// Like those of other requests, but a leg that was only just made has a status of its own.
    fn leg_parameters(&self, line: LineId, event: CallEvent) -> Form {
        let parameters = self.parameters(line);
        let spell = |name, value| match (name, event) {
            ("CallStatus", CallEvent::Initiated) => (name, "initiated"),
            _ => (name, value),
        };
        parameters.iter().map(|(name, value)| spell(name, value)).collect()
    }

    async fn send_report(&mut self, leg: &Leg, report: Report) {
        let Some(url) = leg.callback.url.as_deref() else { return };
        let Report { standard, details } = report;
        let ask = Ask {
            purpose: Purpose::LegStatus,
            url,
            base: Some(&leg.base),
            method: leg.callback.method,
            details,
            standard: Some(standard),
        };
        self.notify(leg.line, ask).await;
    }
}
