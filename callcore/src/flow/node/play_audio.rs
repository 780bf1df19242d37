//! `play_audio`: speaks a text or plays a sound file.

use super::prompt::{Heard, Voice, read_sound};
use super::{Behaviour, ExitRule, Mentions};
use crate::flow::act::Act;
use crate::flow::desk::Desk;
use crate::flow::reader::Reader;
use crate::flow::text::read_text;

/// Most repetitions. Carriers take more; nobody listens to more.
const LOOPS: u32 = 100;

#[derive(Debug)]
pub(super) struct Play {
    heard: Heard,
    voice: Voice,
    times: u32,
}

pub(super) fn read(reader: &Reader<'_>, mentions: &mut Mentions) -> Option<Play> {
    let is_audio = reader.choice("messageType", &[("tts", false), ("audio", true)]);
    // Both stand in what editors write; only the one that is used must be right.
    let heard = match is_audio {
        Some(true) => {
            let _ = reader.text("text");
            reader.unused(&["text"], "where a sound file is played");
            if !reader.has("audioUrl") {
                reader.missing("audioUrl", "the sound file");
            }
            read_sound(reader, "audioUrl", mentions).map(Heard::Sound)
        }
        Some(false) => {
            let _ = reader.text("audioUrl");
            reader.unused(&["audioUrl"], "where a text is spoken");
            if !reader.has("text") {
                reader.missing("text", "what is spoken");
            }
            read_text(reader, "text", &mut mentions.uses).map(Heard::Words)
        }
        None => Heard::read(reader, "text", "audioUrl", mentions),
    };
    let mut voice = Voice::read(reader);
    voice.speed_percent = reader.hundredths("speed", 50..=200).filter(|percent| *percent != 100);
    if let Some(Heard::Sound(_)) = &heard {
        let of_words: &[&str] = if voice.speed_percent.is_some() {
            &["voice", "language", "speed"]
        } else {
            &["voice", "language"]
        };
        reader.unused(of_words, "on a sound file");
    } else if voice.speed_percent.is_some() && !voice.changes_speed() {
        let message = "`speed` has no effect on this voice: choose one whose name begins with Polly. or Google., or remove it";
        reader.report().warning("unused", reader.path("speed"), message);
    }
    let times = reader.number("loop", 1..=LOOPS, 1);
    Some(Play { heard: heard?, voice, times })
}

impl Behaviour for Play {
    fn exits(&self) -> Vec<ExitRule> {
        vec![ExitRule::required("next")]
    }

    fn enter(&self, desk: &mut Desk<'_>) -> Act {
        if let Some(prompt) = self.heard.prompt(&self.voice, desk, self.times) {
            desk.tell(prompt);
        }
        Act::exit("next")
    }
}
