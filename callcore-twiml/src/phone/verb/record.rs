//! Record: the caller's voice, until silence, a key, the limit or the end of the call.

use super::{Next, Place, Step};
use crate::phone::line::whole_seconds;
use crate::phone::machine::{Arrival, Machine, Over};
use crate::phone::report::{Event, Purpose, Sound};
use crate::{Form, Record, RecordingEvent, RecordingStatusCallback, Trim};

const DEFAULT_KEYS: &str = "1234567890*#";

/// A recording, as callbacks tell of it.
#[derive(Debug)]
pub(super) struct Recording {
    pub(super) sid: String,
    pub(super) duration_secs: u64,
    pub(super) channels: u32,
    pub(super) source: &'static str,
    /// The virtual time at its beginning.
    pub(super) began: String,
}

/// What was recorded.
#[derive(Debug)]
struct Take {
    begun_ms: u64,
    /// When the first words began and the last ones ended.
    speech_ms: Option<(u64, u64)>,
    words: Vec<String>,
    /// The key that ended it, or `hangup`.
    ended_by: Option<String>,
}

impl Take {
    fn duration_ms(&self, record: &Record, now_ms: u64) -> u64 {
        match self.speech_ms {
            Some((first_ms, last_ms)) if record.trim != Some(Trim::DoNotTrim) => {
                last_ms.min(now_ms).saturating_sub(first_ms)
            }
            _ => now_ms.saturating_sub(self.begun_ms),
        }
    }
}

impl Machine<'_> {
    pub(super) async fn record(&mut self, place: Place<'_>, record: &Record) -> Step {
        if record.play_beep != Some(false) {
            self.hear(place.line, Sound::Beep, 1);
        }
        let began = self.timestamp();
        let sid = self.sids.sid("RE");
        let callback = &record.recording_status_callback;
        let source = "RecordVerb";
        let mut recording = Recording { sid, duration_secs: 0, channels: 1, source, began };
        self.tell_recording(place, callback, &recording, RecordingEvent::InProgress).await;
        let mut take =
            Take { begun_ms: self.clock_ms, speech_ms: None, words: Vec::new(), ended_by: None };
        let over = self.take(place, record, &mut take).err();
        if take.speech_ms.is_none() && over.is_none() {
            // Nothing was said: no recording, and the next verb runs.
            self.tell_recording(place, callback, &recording, RecordingEvent::Absent).await;
            return Ok(Next::Verb);
        }
        if over.is_some() {
            take.ended_by = Some("hangup".to_owned());
        }
        recording.duration_secs = whole_seconds(take.duration_ms(record, self.clock_ms));
        let (recording_sid, duration_secs) = (recording.sid.clone(), recording.duration_secs);
        self.note(Event::Recorded { recording_sid, duration_secs });
        let mut details = Form::from_iter([
            ("RecordingUrl", self.recording_url(&recording.sid)),
            ("RecordingSid", recording.sid.clone()),
            ("RecordingDuration", duration_secs.to_string()),
        ]);
        if let Some(keys) = &take.ended_by {
            details.push("Digits", keys);
        }
        let ask = place.ask(Purpose::Record, record.action.as_deref(), record.method, details);
        let next = self.conclude(Some(ask), place.line, over).await;
        self.tell_recording(place, callback, &recording, RecordingEvent::Completed).await;
        self.transcribe(place, record, &recording.sid, &take.words.join(" ")).await;
        next
    }

    async fn transcribe(&mut self, place: Place<'_>, record: &Record, sid: &str, words: &str) {
        let url = record.transcribe_callback.as_deref().filter(|url| !url.is_empty());
        let Some(url) = url else { return };
        if record.transcribe != Some(true) {
            self.warn(None, "a transcribeCallback needs transcribe=\"true\"".to_owned());
            return;
        }
        let details = Form::from_iter([
            ("TranscriptionSid", self.sids.sid("TR")),
            ("TranscriptionText", words.to_owned()),
            ("TranscriptionStatus", "completed".to_owned()),
            ("RecordingSid", sid.to_owned()),
            ("RecordingUrl", self.recording_url(sid)),
        ]);
        let ask = place.ask(Purpose::Transcription, Some(url), None, details);
        self.notify(place.line, ask).await;
    }

    /// Records until something ends it.
    fn take(&mut self, place: Place<'_>, record: &Record, take: &mut Take) -> Result<(), Over> {
        let seconds = |seconds: u32| u64::from(seconds) * 1000;
        let default_secs = if record.transcribe == Some(true) { 120 } else { 3600 };
        let latest_ms = self.clock_ms + seconds(record.max_length.unwrap_or(default_secs));
        let silence_ms = match seconds(record.timeout.unwrap_or(5)) {
            0 => u64::MAX,
            silence_ms => silence_ms,
        };
        let keys = record.finish_on_key.as_deref().unwrap_or(DEFAULT_KEYS);
        let now_ms = self.clock_ms;
        self.lines[place.line].person.ask(now_ms);
        let mut deadline_ms = self.clock_ms.saturating_add(silence_ms);
        loop {
            match self.wait(place.line, deadline_ms.min(latest_ms))? {
                Arrival::Key(key) => {
                    let taken = keys.contains(key);
                    self.note_key(place.line, key, taken);
                    if taken {
                        take.ended_by = Some(key.to_string());
                        return Ok(());
                    }
                }
                Arrival::Speech(speech) => {
                    self.note_speech(place.line, &speech.text, true);
                    let last_ms = self.clock_ms.saturating_add(speech.duration_ms);
                    let first_ms = take.speech_ms.map_or(self.clock_ms, |(first_ms, _)| first_ms);
                    take.speech_ms = Some((first_ms, last_ms));
                    take.words.push(speech.text);
                    deadline_ms = last_ms.saturating_add(silence_ms);
                }
                Arrival::Time => return Ok(()),
            }
        }
    }

    pub(super) fn recording_url(&self, sid: &str) -> String {
        let account_sid = &self.phone.account_sid;
        format!("https://api.twilio.com/2010-04-01/Accounts/{account_sid}/Recordings/{sid}")
    }

    /// Tells of a recording where the document asks for that
    /// (<https://www.twilio.com/docs/voice/twiml/record#recordingstatuscallback>).
    pub(super) async fn tell_recording(
        &mut self,
        place: Place<'_>,
        callback: &RecordingStatusCallback,
        recording: &Recording,
        event: RecordingEvent,
    ) {
        let Some(url) = callback.url.as_deref().filter(|url| !url.is_empty()) else { return };
        let by_default = callback.events.is_empty() && event == RecordingEvent::Completed;
        if !by_default && !callback.events.contains(&event) {
            return;
        }
        let mut details = Form::from_iter([
            ("RecordingSid", recording.sid.clone()),
            ("RecordingUrl", self.recording_url(&recording.sid)),
            ("RecordingStatus", event.to_string()),
            ("RecordingChannels", recording.channels.to_string()),
            ("RecordingStartTime", recording.began.clone()),
            ("RecordingSource", recording.source.to_owned()),
        ]);
        if event == RecordingEvent::Completed {
            details.push("RecordingDuration", recording.duration_secs.to_string());
        }
        let ask = place.ask(Purpose::RecordingStatus, Some(url), callback.method, details);
        self.notify(place.line, ask).await;
    }
}
