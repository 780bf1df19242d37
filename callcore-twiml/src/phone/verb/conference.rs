//! A dial into a conference: waiting, until somebody joins or the caller is taken out of it.

use super::dial::{recorded, time_limit_ms};
use super::record::Recording;
use super::{Next, Place, Stage, Step};
use crate::phone::machine::{CALLER, Machine, Over};
use crate::phone::report::{Event, Parting, Purpose};
use crate::phone::script::Turn;
use crate::{Conference, ConferenceRecord, Dial, Form, RecordingEvent};

/// How a visit to a conference ended.
#[derive(Debug)]
enum Left {
    /// The conference is over, or the caller's part in it, or the whole call.
    Over { joined: bool, over: Option<Over> },
    /// The carrier was told to go on with another document.
    Recalled(Option<String>),
}

impl Machine<'_> {
    pub(super) async fn confer(
        &mut self,
        place: Place<'_>,
        dial: &Dial,
        conference: &Conference,
    ) -> Step {
        let is_reported = conference.status_callback.url.is_some();
        if is_reported || conference.record == Some(ConferenceRecord::RecordFromStart) {
            let message = "status callbacks and recordings of conferences are not simulated";
            self.warn(None, message.to_owned());
        }
        self.answer();
        let (begun_ms, began) = (self.clock_ms, self.timestamp());
        let left = self.visit(place, dial, conference).await;
        let recording =
            recorded(dial).map(|(_, channels)| self.recorded_since(begun_ms, began, channels));
        let next = self.after_conference(place, dial, left, recording.as_ref()).await;
        if let Some(recording) = &recording {
            let callback = &dial.recording_status_callback;
            self.tell_recording(place, callback, recording, RecordingEvent::Completed).await;
        }
        next
    }

    /// Lets the caller wait, and then talk to whoever joins.
    async fn visit(&mut self, place: Place<'_>, dial: &Dial, conference: &Conference) -> Left {
        let name = &conference.name;
        let turn = self.turn(name);
        self.note(Event::Joined { name: name.clone() });
        let limit_ms = self.clock_ms.saturating_add(time_limit_ms(dial));
        let turn_ms = match &turn {
            Turn::Joined { after_ms, .. } | Turn::Recalled { after_ms, .. } => {
                self.clock_ms.saturating_add(*after_ms)
            }
            Turn::Empty => u64::MAX,
        };
        self.taken_ms = Some(turn_ms.min(limit_ms));
        let over = self.wait_in_conference(place, conference).await;
        self.taken_ms = None;
        if over != Over::Taken {
            return Left::Over { joined: false, over: Some(over) };
        }
        match turn {
            Turn::Joined { talk_ms, .. } if turn_ms < limit_ms => {
                self.note(Event::Bridged { to: name.clone() });
                let rest_ms = limit_ms.saturating_sub(self.clock_ms);
                let over = self.converse(dial, talk_ms, rest_ms).err();
                Left::Over { joined: true, over }
            }
            Turn::Recalled { url, .. } if turn_ms < limit_ms => {
                self.note(Event::Recalled);
                Left::Recalled(url)
            }
            Turn::Joined { .. } | Turn::Recalled { .. } | Turn::Empty => {
                self.note(Event::Parted { reason: Parting::TimeLimit });
                Left::Over { joined: false, over: None }
            }
        }
    }

    /// What the script has in store for this visit.
    fn turn(&self, name: &str) -> Turn {
        let visits = self.entries.iter().filter_map(|entry| match &entry.event {
            Event::Joined { name } => Some(name.as_str()),
            _ => None,
        });
        let names: Vec<&str> = visits.collect();
        let earlier = names.iter().filter(|visited| **visited == name).count();
        self.script.turn(name, earlier, names.len()).clone()
    }

    /// Lets the caller wait until something ends it.
    async fn wait_in_conference(&mut self, place: Place<'_>, conference: &Conference) -> Over {
        let Some(url) = conference.wait_url.as_deref().filter(|url| !url.is_empty()) else {
            return self.wait_with_music(conference.wait_url.is_none());
        };
        loop {
            let ask = place.ask(Purpose::Wait, Some(url), conference.wait_method, Form::new());
            let ran = match self.document(CALLER, ask).await {
                Ok(document) => self.run(CALLER, Stage::Queue, document).await,
                Err(over) => Err(over),
            };
            if let Err(over) = ran {
                return over;
            }
        }
    }

    /// The action, which learns of a conference less than of a phone
    /// (<https://www.twilio.com/docs/voice/twiml/dial#request-parameters>), or the document that
    /// the carrier was told to go on with.
    async fn after_conference(
        &mut self,
        place: Place<'_>,
        dial: &Dial,
        left: Left,
        recording: Option<&Recording>,
    ) -> Step {
        let (joined, over) = match left {
            Left::Over { joined, over } => (joined, over),
            Left::Recalled(url) => {
                let url = url.as_deref().or(dial.action.as_deref());
                let ask = place.ask(Purpose::Recall, url, None, Form::new());
                return self.document(CALLER, ask).await.map(Next::Document);
            }
        };
        let mut details = Form::new();
        details.push("DialCallStatus", "answered");
        details.push("DialBridged", joined.to_string());
        if let Some(recording) = recording {
            details.push("RecordingUrl", self.recording_url(&recording.sid));
        }
        let ask = place.dial_action(dial, details);
        self.conclude(ask, place.line, over).await
    }
}
