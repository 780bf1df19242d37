//! Gather: prompts, then keys or speech.

use super::sound::Playing;
use super::{Next, Place, Step};
use crate::phone::limits::{AUTO_SPEECH_SILENCE_MS, REACTION_MS};
use crate::phone::machine::{Arrival, Machine, Over};
use crate::phone::report::{Event, Purpose};
use crate::phone::script::Speech;
use crate::{Form, Gather, GatherInput, SpeechTimeout};

/// The attributes, with their defaults.
#[derive(Clone, Copy, Debug)]
struct Rules {
    keys: bool,
    speech: bool,
    barge_in: bool,
    timeout_ms: u64,
    speech_timeout_ms: u64,
    max_speech_ms: u64,
    num_digits: usize,
    finish_key: Option<char>,
}

/// What was collected. The first kind that arrives is the only one.
#[derive(Debug, Default)]
struct Collected {
    keys: String,
    said: Option<Said>,
    deadline_ms: u64,
    is_complete: bool,
    /// The key that ended the input.
    ended_by: Option<char>,
}

#[derive(Debug)]
struct Said {
    begun_ms: u64,
    words: Vec<String>,
    confidence_percent: Option<u8>,
}

impl Rules {
    fn new(gather: &Gather) -> Self {
        let milliseconds =
            |seconds: Option<u32>, default| u64::from(seconds.unwrap_or(default)) * 1000;
        let timeout_ms = milliseconds(gather.timeout, 5);
        let has = |kind| gather.input.contains(&kind);
        Self {
            keys: gather.input.is_empty() || has(GatherInput::Dtmf),
            speech: has(GatherInput::Speech),
            barge_in: gather.barge_in.unwrap_or(true),
            timeout_ms,
            speech_timeout_ms: match gather.speech_timeout {
                None => timeout_ms,
                Some(SpeechTimeout::Auto) => AUTO_SPEECH_SILENCE_MS,
                Some(SpeechTimeout::Seconds(seconds)) => u64::from(seconds) * 1000,
            },
            max_speech_ms: milliseconds(gather.max_speech_time, 60),
            num_digits: gather
                .num_digits
                .map_or(usize::MAX, |count| usize::try_from(count).unwrap_or(usize::MAX)),
            finish_key: match gather.finish_on_key.as_deref() {
                None => Some('#'),
                Some(key) => key.chars().next(),
            },
        }
    }
}

impl Collected {
    fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.said.is_none()
    }

    /// Takes a key, if it is of use.
    fn take_key(&mut self, rules: Rules, now_ms: u64, key: char) -> bool {
        if !rules.keys || self.said.is_some() {
            return false;
        }
        if rules.finish_key == Some(key) {
            self.is_complete = true;
            self.ended_by = Some(key);
            return true;
        }
        self.keys.push(key);
        self.is_complete = self.keys.len() >= rules.num_digits;
        self.deadline_ms = now_ms.saturating_add(rules.timeout_ms);
        true
    }

    /// Takes speech that begins now, if it is of use.
    fn take_speech(&mut self, rules: Rules, now_ms: u64, speech: Speech) -> bool {
        if !rules.speech || !self.keys.is_empty() {
            return false;
        }
        let said = self.said.get_or_insert_with(|| {
            let confidence_percent = speech.confidence_percent;
            Said { begun_ms: now_ms, words: Vec::new(), confidence_percent }
        });
        said.words.push(speech.text);
        let silent_ms = now_ms.saturating_add(speech.duration_ms);
        let latest_ms = said.begun_ms.saturating_add(rules.max_speech_ms);
        self.deadline_ms = silent_ms.saturating_add(rules.speech_timeout_ms).min(latest_ms);
        true
    }

    fn parameters(&self) -> Form {
        let mut form = Form::new();
        if !self.keys.is_empty() {
            form.push("Digits", &self.keys);
        } else if let Some(key) = self.ended_by {
            form.push("FinishedOnKey", key);
        }
        if let Some(said) = &self.said {
            form.push("SpeechResult", said.words.join(" "));
            if let Some(percent) = said.confidence_percent {
                form.push("Confidence", confidence(percent));
            }
        }
        form
    }
}

/// Percent as a decimal number, without zeros at its end.
fn confidence(percent: u8) -> String {
    match (percent / 100, percent % 100) {
        (whole, 0) => format!("{whole}.0"),
        (whole, rest) => format!("{whole}.{rest:02}").trim_end_matches('0').to_owned(),
    }
}

impl Machine<'_> {
    pub(super) async fn gather(&mut self, place: Place<'_>, gather: &Gather) -> Step {
        let rules = Rules::new(gather);
        let collected = self.collect(place, gather, rules).await?;
        if let (Some(said), Some(url)) = (&collected.said, &gather.partial_result_callback) {
            let words = said.words.join(" ");
            let details = Form::from_iter([
                ("UnstableSpeechResult", words.as_str()),
                ("SequenceNumber", "0"),
            ]);
            let method = gather.partial_result_callback_method;
            let ask = place.ask(Purpose::PartialResult, Some(url), method, details);
            self.notify(place.line, ask).await;
        }
        if collected.is_empty() && gather.action_on_empty_result != Some(true) {
            return Ok(Next::Verb);
        }
        let details = collected.parameters();
        let ask = place.ask(Purpose::Gather, gather.action.as_deref(), gather.method, details);
        self.document(place.line, ask).await.map(Next::Document)
    }

    async fn collect(
        &mut self,
        place: Place<'_>,
        gather: &Gather,
        rules: Rules,
    ) -> Result<Collected, Over> {
        let line = place.line;
        let party = self.lines[line].party();
        self.note(Event::Asked { party, keys: rules.keys, speech: rules.speech });
        let now_ms = self.clock_ms;
        self.lines[line].person.release_keys(now_ms);
        let mut collected = Collected::default();
        for prompt in &gather.prompts {
            self.count_verb(line)?;
            let playing = self.begin(place, prompt).await;
            self.listen_during(place, rules, playing, &mut collected)?;
            if collected.is_complete || !collected.is_empty() {
                break;
            }
        }
        if collected.is_empty() && !collected.is_complete {
            collected.deadline_ms = self.clock_ms.saturating_add(rules.timeout_ms);
            self.lines[line].person.ask(self.clock_ms.saturating_add(REACTION_MS));
        }
        while !collected.is_complete {
            let arrival = self.wait(line, collected.deadline_ms)?;
            collected.is_complete = arrival == Arrival::Time;
            self.listen(place, rules, arrival, &mut collected);
        }
        Ok(collected)
    }

    /// Listens while a prompt is heard; the first input cuts it.
    fn listen_during(
        &mut self,
        place: Place<'_>,
        rules: Rules,
        playing: Playing,
        collected: &mut Collected,
    ) -> Result<(), Over> {
        if !rules.barge_in {
            return match playing.heard {
                Some(heard) => self.play_out(place.line, heard, playing.until_ms),
                None => self.pass(place.line, playing.until_ms),
            };
        }
        loop {
            let arrival = self.wait(place.line, playing.until_ms);
            if arrival == Ok(Arrival::Time) {
                return Ok(());
            }
            let taken = arrival.map(|arrival| self.listen(place, rules, arrival, collected));
            if taken != Ok(false)
                && let Some(heard) = playing.heard
            {
                self.cut(heard);
            }
            if taken? {
                return Ok(());
            }
        }
    }

    /// Takes what arrives, if it is of use.
    fn listen(
        &mut self,
        place: Place<'_>,
        rules: Rules,
        arrival: Arrival,
        collected: &mut Collected,
    ) -> bool {
        match arrival {
            Arrival::Key(key) => {
                let taken = collected.take_key(rules, self.clock_ms, key);
                self.note_key(place.line, key, taken);
                taken
            }
            Arrival::Speech(speech) => {
                let text = speech.text.clone();
                let taken = collected.take_speech(rules, self.clock_ms, speech);
                self.note_speech(place.line, &text, taken);
                taken
            }
            Arrival::Time => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confidence_is_a_decimal() {
        for (percent, text) in [(0, "0.0"), (5, "0.05"), (50, "0.5"), (87, "0.87"), (100, "1.0")] {
            assert_eq!(confidence(percent), text);
        }
    }
}
