//! `play_audio`: speaks a text or plays a sound file.

use super::prompt::{Heard, Voice};
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
            if !reader.has("audioUrl") {
                reader.missing("audioUrl", "the sound file");
            }
            reader.url("audioUrl").map(|url| Heard::Sound(url.to_owned()))
        }
        Some(false) => {
            let _ = reader.text("audioUrl");
            if !reader.has("text") {
                reader.missing("text", "what is spoken");
            }
            read_text(reader, "text", &mut mentions.uses).map(Heard::Words)
        }
        None => Heard::read(reader, "text", "audioUrl", mentions),
    };
    let mut voice = Voice::read(reader);
    voice.speed_percent = reader.hundredths("speed", 50..=200).filter(|percent| *percent != 100);
    let times = reader.number("loop", 1..=LOOPS, 1);
    Some(Play { heard: heard?, voice, times })
}

impl Behaviour for Play {
    fn exits(&self) -> Vec<ExitRule> {
        vec![ExitRule::required("next")]
    }

    fn enter(&self, desk: &mut Desk<'_>) -> Act {
        let prompt = self.heard.prompt(&self.voice, desk, self.times);
        desk.tell(prompt);
        Act::exit("next")
    }
}
