//! `end`: a last message, perhaps, and the end of the call.

use super::prompt::{Voice, optional_text};
use super::{Behaviour, ExitRule, Mentions, unexpected};
use crate::call::{Directive, Payload};
use crate::flow::act::{Act, Input};
use crate::flow::desk::Desk;
use crate::flow::reader::Reader;
use crate::flow::text::Text;
use crate::vocabulary::limits;

/// How often the sending of a cut may be begun again: once to wait for its time, and twice where the
/// carrier does not answer.
const RETRIES: u32 = 3;

#[derive(Debug)]
pub(super) struct End {
    message: Option<Text>,
    voice: Voice,
    /// When the message is cut, in seconds.
    most_playback_secs: Option<u32>,
}

pub(super) fn read(reader: &Reader<'_>, mentions: &mut Mentions) -> Option<End> {
    let has_message = reader.choice("endType", &[("hangup", false), ("message", true)]);
    let message = optional_text(reader, "message", mentions);
    let voice = Voice::read(reader);
    if has_message == Some(true) && message.is_none() {
        reader.missing("message", "the last message");
    }
    let most_playback_secs = reader.number_if("maxPlaybackSeconds", limits::PLAYBACK_SECS);
    if has_message == Some(false) {
        reader.unused(&["message"], "where the type is hangup");
    }
    // Without a type, a message that is there is meant.
    let message = message.filter(|_| has_message != Some(false));
    if message.is_none() && has_message != Some(true) {
        reader.unused(&["voice", "language", "maxPlaybackSeconds"], "where nothing is spoken");
    }
    Some(End { message, voice, most_playback_secs })
}

impl End {
    /// Speaks the message and ends the call: by the carrier's own word where that is the end of the
    /// message, by ours where it takes too long. No document can cut what it plays.
    fn part(&self, desk: &mut Desk<'_>) -> Act {
        if let Some(text) = &self.message {
            let prompt = self.voice.say(text, desk, 1);
            desk.tell(prompt);
            if let Some(after_secs) = self.most_playback_secs {
                desk.deliver("cut".to_owned(), RETRIES, Payload::HangUp { after_secs });
            }
        }
        desk.direct(Directive::Hangup);
        Act::End
    }
}

impl Behaviour for End {
    fn exits(&self) -> Vec<ExitRule> {
        Vec::new()
    }

    fn enter(&self, desk: &mut Desk<'_>) -> Act {
        let is_timed = self.message.is_some() && self.most_playback_secs.is_some();
        if is_timed && desk.has_spoken() {
            // The time is that of this message, so it begins when all before it was heard.
            let step = desk.next_step();
            desk.direct(Directive::Continue { step });
            return Act::Wait;
        }
        self.part(desk)
    }

    fn resume(&self, desk: &mut Desk<'_>, input: &Input) -> Act {
        match input {
            Input::Caller(_) => self.part(desk),
            _ => unexpected(desk),
        }
    }
}
