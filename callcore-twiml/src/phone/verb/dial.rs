//! Dial: legs ring, one of them is connected, and the caller learns how it went.

use callcore::call::CallStatus;

use super::record::Recording;
use super::sound::keys_ms;
use super::{Place, Stage, Step};
use crate::phone::fetch::Ask;
use crate::phone::leg::{Fate, Leg};
use crate::phone::limits::RING_EXTRA_MS;
use crate::phone::line::whole_seconds;
use crate::phone::machine::{Arrival, CALLER, Machine, Over};
use crate::phone::report::{Event, Parting, Purpose, Sound};
use crate::{Dial, DialRecord, DialTarget, Form, Method, Noun, RecordingEvent, StatusCallback};

/// One whom a dial calls.
#[derive(Clone, Debug)]
struct Target<'a> {
    address: &'a str,
    keys: Option<&'a str>,
    url: Option<&'a str>,
    method: Option<Method>,
    callback: StatusCallback,
    detects_machines: bool,
}

/// How a dial went.
#[derive(Debug)]
struct Attempt {
    began_ms: u64,
    began: String,
    /// The connection, if there was one.
    bridge: Option<Bridge>,
}

#[derive(Debug)]
struct Bridge {
    /// The index of the leg.
    leg: usize,
    begun_ms: u64,
    began: String,
}

impl<'a> Target<'a> {
    fn plain(address: &'a str) -> Self {
        Self {
            address,
            keys: None,
            url: None,
            method: None,
            callback: StatusCallback::default(),
            detects_machines: false,
        }
    }

    /// None where nobody's phone rings.
    fn noun(noun: &'a Noun) -> Option<Self> {
        Some(match noun {
            Noun::Conference(_) | Noun::Queue(_) => return None,
            Noun::Number(number) => Self {
                keys: number.send_digits.as_deref(),
                url: number.url.as_deref().filter(|url| !url.is_empty()),
                method: number.method,
                callback: number.status_callback.clone(),
                detects_machines: number.machine_detection.mode.is_some(),
                ..Self::plain(&number.phone_number)
            },
            Noun::Sip(sip) => Self {
                url: sip.url.as_deref().filter(|url| !url.is_empty()),
                method: sip.method,
                callback: sip.status_callback.clone(),
                detects_machines: sip.machine_detection.mode.is_some(),
                ..Self::plain(&sip.uri)
            },
        })
    }

    fn all(dial: &'a Dial) -> Vec<Self> {
        match &dial.target {
            DialTarget::Number(phone_number) => vec![Self::plain(phone_number)],
            DialTarget::Nouns(nouns) => nouns.iter().filter_map(Self::noun).collect(),
        }
    }
}

impl<'a> Place<'a> {
    /// What follows a dial that has an action.
    pub(super) fn dial_action(self, dial: &'a Dial, details: Form) -> Option<Ask<'a>> {
        let action = dial.action.as_deref();
        action.map(|url| self.ask(Purpose::Dial, Some(url), dial.method, details))
    }
}

impl Machine<'_> {
    pub(super) async fn dial(&mut self, place: Place<'_>, dial: &Dial) -> Step {
        match &dial.target {
            DialTarget::Nouns(nouns) => match &nouns[..] {
                [Noun::Conference(conference)] => self.confer(place, dial, conference).await,
                [Noun::Queue(_)] => {
                    self.warn(None, "a <Dial> of a <Queue> is not simulated".to_owned());
                    let details =
                        Form::from_iter([("DialCallStatus", "failed"), ("DialBridged", "false")]);
                    let ask = place.dial_action(dial, details);
                    self.conclude(ask, place.line, None).await
                }
                _ => self.dial_phones(place, dial).await,
            },
            DialTarget::Number(_) => self.dial_phones(place, dial).await,
        }
    }

    async fn dial_phones(&mut self, place: Place<'_>, dial: &Dial) -> Step {
        let targets = Target::all(dial);
        if targets.iter().any(|target| target.detects_machines) {
            self.warn(None, "answering machine detection is not simulated".to_owned());
        }
        let mut attempt =
            Attempt { began_ms: self.clock_ms, began: self.timestamp(), bridge: None };
        let mut legs = Vec::new();
        let over = self.call_out(place, dial, &targets, &mut legs, &mut attempt).await.err();
        for leg in &mut legs {
            self.end_leg(leg, CallStatus::Canceled).await;
        }
        let recording = self.dial_recording(dial, &attempt);
        let details = self.dial_parameters(&legs, &attempt, recording.as_ref());
        let ask = place.dial_action(dial, details);
        let next = self.conclude(ask, place.line, over).await;
        if let Some(recording) = &recording {
            let callback = &dial.recording_status_callback;
            self.tell_recording(place, callback, recording, RecordingEvent::Completed).await;
        }
        next
    }

    /// Calls everybody at once or one after the other, until somebody was connected.
    async fn call_out(
        &mut self,
        place: Place<'_>,
        dial: &Dial,
        targets: &[Target<'_>],
        legs: &mut Vec<Leg>,
        attempt: &mut Attempt,
    ) -> Result<(), Over> {
        let together = if dial.sequential == Some(true) { 1 } else { targets.len().max(1) };
        let ring_ms = u64::from(dial.timeout.unwrap_or(30)) * 1000 + RING_EXTRA_MS;
        for group in targets.chunks(together) {
            let first = legs.len();
            let limit_ms = self.clock_ms.saturating_add(ring_ms);
            for target in group {
                let from = dial.caller_id.clone().unwrap_or_else(|| self.phone.from.clone());
                let base = &place.document.url;
                let leg = self.open_leg(from, target.address, limit_ms, &target.callback, base);
                legs.push(leg.await);
            }
            let Some(winner) = self.ring(&mut legs[first..]).await? else { continue };
            let leg = &mut legs[first + winner];
            let Some(talk_ms) = self.prepare(place, &group[winner], leg).await? else {
                self.end_leg(leg, CallStatus::NoAnswer).await;
                continue;
            };
            self.answer();
            self.bridge_leg(leg);
            let (begun_ms, began) = (self.clock_ms, self.timestamp());
            attempt.bridge = Some(Bridge { leg: first + winner, begun_ms, began });
            let limit_ms = time_limit_ms(dial);
            return self.converse(dial, talk_ms, limit_ms);
        }
        Ok(())
    }

    /// Lets legs ring until the first answers, which ends the others, or until none is left.
    async fn ring(&mut self, legs: &mut [Leg]) -> Result<Option<usize>, Over> {
        loop {
            let open = legs.iter().enumerate().filter(|(_, leg)| self.is_open(leg));
            let Some((next, leg)) = open.min_by_key(|(_, leg)| leg.due_ms) else {
                return Ok(None);
            };
            let fate = leg.fate;
            self.pass(CALLER, leg.due_ms)?;
            match fate {
                Fate::Ended(status) => self.end_leg(&mut legs[next], status).await,
                Fate::Answered { .. } => {
                    self.answer_leg(&mut legs[next]).await;
                    for (index, leg) in legs.iter_mut().enumerate() {
                        if index != next {
                            self.end_leg(leg, CallStatus::Canceled).await;
                        }
                    }
                    return Ok(Some(next));
                }
            }
        }
    }

    /// Plays to the callee what comes before the two are connected, and says how long they will
    /// talk; none is that the callee was hung up.
    async fn prepare(
        &mut self,
        place: Place<'_>,
        target: &Target<'_>,
        leg: &Leg,
    ) -> Result<Option<u64>, Over> {
        let Fate::Answered { talk_ms } = leg.fate else { return Ok(None) };
        if let Some(keys) = target.keys {
            let heard = self.hear(leg.line, Sound::Keys(keys.to_owned()), 1);
            self.play_out(leg.line, heard, self.clock_ms + keys_ms(keys))?;
        }
        let Some(url) = target.url else { return Ok(Some(talk_ms)) };
        let ask = place.ask(Purpose::Whisper, Some(url), target.method, Form::new());
        let told = match self.document(leg.line, ask).await {
            Ok(document) => self.run(leg.line, Stage::Whisper, document).await,
            Err(over) => Err(over),
        };
        match told {
            Ok(()) => Ok(Some(talk_ms)),
            Err(Over::CallerGone) => Err(Over::CallerGone),
            Err(_) => Ok(None),
        }
    }

    /// Lets the two talk until something parts them.
    pub(super) fn converse(
        &mut self,
        dial: &Dial,
        talk_ms: u64,
        limit_ms: u64,
    ) -> Result<(), Over> {
        let until_ms = self.clock_ms.saturating_add(talk_ms.min(limit_ms));
        let reason = loop {
            match self.wait(CALLER, until_ms) {
                Ok(Arrival::Key('*')) if dial.hangup_on_star == Some(true) => {
                    self.note_key(CALLER, '*', true);
                    break Parting::Star;
                }
                Ok(Arrival::Key(key)) => self.note_key(CALLER, key, false),
                // The callee hears it.
                Ok(Arrival::Speech(speech)) => self.note_speech(CALLER, &speech.text, true),
                Ok(Arrival::Time) if talk_ms <= limit_ms => break Parting::Callee,
                Ok(Arrival::Time) => break Parting::TimeLimit,
                Err(over) => {
                    self.note(Event::Parted { reason: Parting::Caller });
                    return Err(over);
                }
            }
        };
        self.note(Event::Parted { reason });
        Ok(())
    }

    fn dial_recording(&mut self, dial: &Dial, attempt: &Attempt) -> Option<Recording> {
        let (from_ringing, channels) = recorded(dial)?;
        // Without a connection there is nothing worth keeping.
        let bridge = attempt.bridge.as_ref()?;
        let (begun_ms, began) = if from_ringing {
            (attempt.began_ms, &attempt.began)
        } else {
            (bridge.begun_ms, &bridge.began)
        };
        Some(self.recorded_since(begun_ms, began.clone(), channels))
    }

    /// The recording of a dial that began at this time and ends now.
    pub(super) fn recorded_since(
        &mut self,
        begun_ms: u64,
        began: String,
        channels: u32,
    ) -> Recording {
        let duration_secs = whole_seconds(self.clock_ms - begun_ms);
        let sid = self.sids.sid("RE");
        self.note(Event::Recorded { recording_sid: sid.clone(), duration_secs });
        Recording { sid, duration_secs, channels, source: "DialVerb", began }
    }

    /// What the action learns
    /// (<https://www.twilio.com/docs/voice/twiml/dial#request-parameters>). Of several legs that
    /// failed it is the one that failed last.
    fn dial_parameters(
        &self,
        legs: &[Leg],
        attempt: &Attempt,
        recording: Option<&Recording>,
    ) -> Form {
        let bridged = attempt.bridge.as_ref().and_then(|bridge| legs.get(bridge.leg));
        let ended_ms = |leg: &&Leg| self.lines[leg.line].ended.map(|ended| ended.at_ms);
        let mut form = Form::new();
        if let Some(leg) = bridged.or_else(|| legs.iter().max_by_key(ended_ms)) {
            let line = &self.lines[leg.line];
            form.push("DialCallStatus", line.status().name());
            form.push("DialCallSid", &line.sid);
            if line.answered_ms.is_some() {
                form.push("DialCallDuration", whole_seconds(line.talked_ms()).to_string());
            }
        }
        form.push("DialBridged", bridged.is_some().to_string());
        if let Some(recording) = recording {
            form.push("RecordingUrl", self.recording_url(&recording.sid));
        }
        form
    }
}

/// How long whoever is connected may talk.
pub(super) fn time_limit_ms(dial: &Dial) -> u64 {
    u64::from(dial.time_limit.unwrap_or(14_400)) * 1000
}

/// Whether a dial is recorded from the ringing, and in how many channels; none is not at all.
pub(super) fn recorded(dial: &Dial) -> Option<(bool, u32)> {
    match dial.record? {
        DialRecord::DoNotRecord => None,
        DialRecord::RecordFromAnswer => Some((false, 1)),
        DialRecord::RecordFromRinging => Some((true, 1)),
        DialRecord::RecordFromAnswerDual => Some((false, 2)),
        DialRecord::RecordFromRingingDual => Some((true, 2)),
    }
}
