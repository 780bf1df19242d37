//! Say, Play and Pause: what somebody hears, and how long it takes.

use super::{Next, Place, Stage, Step};
use crate::attribute::Scalar;
use crate::phone::limits::{KEY_INTERVAL_MS, MAX_LOOPS, SAY_MS_PER_CHARACTER};
use crate::phone::machine::Machine;
use crate::phone::report::{Manner, Purpose, Sound};
use crate::{Form, GatherPrompt, Pause, Percent, Play, PlaySource, Say};

/// Something that goes on for a time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Playing {
    /// Where in the report it stands, unless it is silence.
    pub(super) heard: Option<usize>,
    pub(super) until_ms: u64,
}

impl Machine<'_> {
    pub(super) fn say(&mut self, place: Place<'_>, say: &Say) -> Step {
        let playing = self.begin_say(place, say);
        self.finish(place, playing)
    }

    pub(super) async fn play_sound(&mut self, place: Place<'_>, play: &Play) -> Step {
        let playing = self.begin_play(place, play).await;
        self.finish(place, playing)
    }

    /// Waits; a call that rings is answered afterwards.
    pub(super) fn pause(&mut self, place: Place<'_>, pause: &Pause) -> Step {
        let playing = self.begin_pause(pause);
        let next = self.finish(place, playing)?;
        if place.stage == Stage::Call {
            self.answer();
        }
        Ok(next)
    }

    /// Begins with something that stands in a `<Gather>`.
    pub(super) async fn begin(&mut self, place: Place<'_>, prompt: &GatherPrompt) -> Playing {
        match prompt {
            GatherPrompt::Pause(pause) => self.begin_pause(pause),
            GatherPrompt::Play(play) => self.begin_play(place, play).await,
            GatherPrompt::Say(say) => self.begin_say(place, say),
        }
    }

    fn finish(&mut self, place: Place<'_>, playing: Playing) -> Step {
        match playing.heard {
            Some(heard) => self.play_out(place.line, heard, playing.until_ms)?,
            None => self.pass(place.line, playing.until_ms)?,
        }
        Ok(Next::Verb)
    }

    fn begin_pause(&self, pause: &Pause) -> Playing {
        let length_ms = u64::from(pause.length.unwrap_or(1)) * 1000;
        Playing { heard: None, until_ms: self.clock_ms.saturating_add(length_ms) }
    }

    fn begin_say(&mut self, place: Place<'_>, say: &Say) -> Playing {
        let rate_percent = say.prosody.as_ref().and_then(|prosody| prosody.rate);
        let rate_percent = rate_percent.map(|Percent(percent)| percent);
        let manner = Manner {
            voice: say.voice.as_ref().map(|voice| voice.to_text().into_owned()),
            language: say.language.clone(),
            rate_percent,
        };
        let percent = rate_percent.map_or(100, u64::from).max(1);
        let length_ms = say_ms(&say.text).saturating_mul(100) / percent;
        let times = times(say.loop_count);
        let heard = self.hear_as(place.line, Sound::Text(say.text.clone()), manner, times);
        self.playing(heard, times, length_ms)
    }

    async fn begin_play(&mut self, place: Place<'_>, play: &Play) -> Playing {
        let reference = match &play.source {
            PlaySource::Digits(keys) => {
                let sound = Sound::Keys(keys.clone());
                return self.begin_sound(place, sound, play.loop_count, keys_ms(keys));
            }
            PlaySource::Url(reference) => reference,
        };
        let ask = place.ask(Purpose::Sound, Some(reference), None, Form::new());
        // The sound is fetched while the call goes on, so that takes none of its time.
        match self.send(place.line, &ask).await.answer {
            Ok(answer) => {
                let length_ms = self.phone.sound_ms(answer.url.as_str());
                let sound = Sound::File(answer.url.into());
                self.begin_sound(place, sound, play.loop_count, length_ms)
            }
            Err(failure) => {
                let message = format!("{}: {}", failure.url, failure.reason);
                self.warn(Some(failure.code), message);
                Playing { heard: None, until_ms: self.clock_ms }
            }
        }
    }

    fn begin_sound(
        &mut self,
        place: Place<'_>,
        sound: Sound,
        loop_count: Option<u32>,
        length_ms: u64,
    ) -> Playing {
        let times = times(loop_count);
        let heard = self.hear(place.line, sound, times);
        self.playing(heard, times, length_ms)
    }

    fn playing(&self, heard: usize, times: u64, length_ms: u64) -> Playing {
        let until_ms = self.clock_ms.saturating_add(times.saturating_mul(length_ms));
        Playing { heard: Some(heard), until_ms }
    }
}

fn times(loop_count: Option<u32>) -> u64 {
    match loop_count {
        None => 1,
        Some(0) => MAX_LOOPS,
        Some(count) => u64::from(count),
    }
}

/// How long a text is spoken at the voice's own speed.
pub(in crate::phone) fn say_ms(text: &str) -> u64 {
    let characters = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
    characters.saturating_mul(SAY_MS_PER_CHARACTER)
}

/// How long keys are played.
pub(super) fn keys_ms(keys: &str) -> u64 {
    let length_ms = |key| match key {
        'W' => 1000,
        'w' => 500,
        _ => KEY_INTERVAL_MS,
    };
    keys.chars().map(length_ms).fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_counted() {
        assert_eq!(say_ms("Grüß"), 240);
        assert_eq!(keys_ms("1wW#"), 2000);
    }
}
