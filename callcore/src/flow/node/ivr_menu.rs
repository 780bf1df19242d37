//! `ivr_menu`: reads out options and waits for a key.

use std::collections::BTreeSet;

use super::prompt::{Heard, Voice, optional_text};
use super::{Behaviour, ExitRule, Last, Mentions, Shortcut, unexpected};
use crate::call::{CallerInput, Question};
use crate::flow::act::{Act, Input};
use crate::flow::desk::Desk;
use crate::flow::reader::Reader;
use crate::flow::text::Text;
use crate::vocabulary::limits;

#[derive(Debug)]
pub(super) struct Menu {
    message: Heard,
    invalid_message: Option<Text>,
    voice: Voice,
    keys: Vec<char>,
    timeout_secs: u32,
    most_retries: u32,
}

pub(super) fn read(reader: &Reader<'_>, mentions: &mut Mentions) -> Option<Menu> {
    let message = Heard::read(reader, "message", "audioUrl", mentions);
    let invalid_message = optional_text(reader, "invalidMessage", mentions);
    let voice = Voice::read(reader);
    let timeout_secs = reader.number("timeout", 1..=60, 10);
    let most_retries = reader.number("maxRetries", 0..=10, 3);
    if most_retries == 0 {
        reader
            .unused(&["invalidMessage"], "where `maxRetries` is 0, so that nobody is asked again");
    }
    let is_sound = matches!(message, Some(Heard::Sound(_)));
    if is_sound && (invalid_message.is_none() || most_retries == 0) {
        reader.unused(&["voice", "language"], "where nothing is spoken");
    }
    let keys = options(reader, mentions);
    Some(Menu { message: message?, invalid_message, voice, keys, timeout_secs, most_retries })
}

fn options(reader: &Reader<'_>, mentions: &mut Mentions) -> Vec<char> {
    let mut keys = Vec::new();
    let mut seen = BTreeSet::new();
    let options = reader.objects("options", limits::MENU_OPTIONS);
    if options.is_empty() && !matches!(reader.value("options"), Some(value) if !value.is_array()) {
        let message = "a menu without options lets nobody choose: add one";
        reader.report().error("no_options", reader.path("options"), message);
    }
    for option in options {
        let key = option.required("key", "the key of the option");
        option.text("label");
        let target = option.node("nodeId");
        option.finish();
        let Some(key) = key else { continue };
        let mut characters = key.chars();
        let one = characters.next().filter(|_| characters.next().is_none());
        let Some(one) = one.filter(|one| one.is_ascii_digit() || "*#".contains(*one)) else {
            let message = format!("{key:?} is no key of a telephone: give one of 0 to 9, * or #");
            reader.report().error("bad_key", option.path("key"), message);
            continue;
        };
        if !seen.insert(one) {
            let message = format!(
                "another option has the key {one} already: choose another key, or remove this option"
            );
            reader.report().error("duplicate_key", option.path("key"), message);
            continue;
        }
        mentions.shortcuts.extend(target.map(|target| Shortcut {
            handle: format!("key:{one}"),
            target: target.to_owned(),
            path: option.path("nodeId"),
        }));
        keys.push(one);
    }
    keys
}

impl Menu {
    fn ask(&self, desk: &mut Desk<'_>, before: Option<&Text>) -> Act {
        let before = before.map(|text| self.voice.say(text, desk, 1));
        let message = self.message.prompt(&self.voice, desk, 1);
        desk.ask(Question {
            step: 0,
            prompts: before.into_iter().chain(message).collect(),
            keys: true,
            speech: false,
            timeout_secs: self.timeout_secs,
            most_keys: Some(1),
            // Every key may be an option, so none ends the answer.
            finish_on_key: None,
            language: None,
            hints: Vec::new(),
        })
    }

    /// Asks again, or leaves by this exit after the last try.
    fn again(&self, desk: &mut Desk<'_>, before: Option<&Text>, otherwise: &str) -> Act {
        if desk.session.tries >= self.most_retries {
            return Act::exit(otherwise);
        }
        desk.session.tries += 1;
        self.ask(desk, before)
    }
}

impl Behaviour for Menu {
    fn exits(&self) -> Vec<ExitRule> {
        let key = |key: &char| ExitRule::required(format!("key:{key}")).after_waiting();
        let timeout = ExitRule::optional("timeout", Last::Fail).or(&["invalid"]);
        let invalid = ExitRule::optional("invalid", Last::Fail).or(&["timeout"]);
        let keys = self.keys.iter().map(key);
        keys.chain([timeout.after_waiting(), invalid.after_waiting()]).collect()
    }

    fn enter(&self, desk: &mut Desk<'_>) -> Act {
        self.ask(desk, None)
    }

    fn resume(&self, desk: &mut Desk<'_>, input: &Input) -> Act {
        match input {
            Input::Caller(CallerInput::Keys { digits }) => {
                let pressed = digits.chars().next().filter(|_| digits.chars().count() == 1);
                match pressed.filter(|key| self.keys.contains(key)) {
                    Some(key) => Act::Exit(format!("key:{key}")),
                    None => self.again(desk, self.invalid_message.as_ref(), "invalid"),
                }
            }
            Input::Caller(CallerInput::Speech { .. }) => {
                self.again(desk, self.invalid_message.as_ref(), "invalid")
            }
            Input::Caller(_) => self.again(desk, None, "timeout"),
            _ => unexpected(desk),
        }
    }
}
