//! `end`: a last message, perhaps, and the end of the call.

use super::prompt::{Voice, optional_text};
use super::{Behaviour, ExitRule, Mentions};
use crate::call::Directive;
use crate::flow::act::Act;
use crate::flow::desk::Desk;
use crate::flow::reader::Reader;
use crate::flow::text::Text;

#[derive(Debug)]
pub(super) struct End {
    message: Option<Text>,
    voice: Voice,
}

pub(super) fn read(reader: &Reader<'_>, mentions: &mut Mentions) -> Option<End> {
    let has_message = reader.choice("endType", &[("hangup", false), ("message", true)]);
    let message = optional_text(reader, "message", mentions);
    let voice = Voice::read(reader);
    if has_message == Some(true) && message.is_none() {
        reader.missing("message", "the last message");
    }
    // Without a type, a message that is there is meant.
    let message = message.filter(|_| has_message != Some(false));
    Some(End { message, voice })
}

impl Behaviour for End {
    fn exits(&self) -> Vec<ExitRule> {
        Vec::new()
    }

    fn enter(&self, desk: &mut Desk<'_>) -> Act {
        if let Some(text) = &self.message {
            let prompt = self.voice.say(text, desk, 1);
            desk.tell(prompt);
        }
        desk.direct(Directive::Hangup);
        Act::End
    }
}
