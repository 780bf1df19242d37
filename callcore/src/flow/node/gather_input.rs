//! `gather_input`: asks for digits or words, checks them and keeps them.

use regex::Regex;

use super::prompt::{Voice, optional_text};
use super::{Behaviour, ExitRule, Last, Mentions, unexpected};
use crate::call::{CallerInput, Question};
use crate::flow::act::{Act, Input};
use crate::flow::desk::Desk;
use crate::flow::pattern;
use crate::flow::reader::Reader;
use crate::flow::text::{BUILT_IN, Text, Use, is_name, read_text};

/// Most keys of one answer.
const MOST_KEYS: u32 = 128;
/// Most hints, and the longest of them in characters, as carriers take them.
const HINTS: usize = 500;
const HINT_CHARACTERS: usize = 100;

#[derive(Debug)]
pub(super) struct Gather {
    keys: bool,
    speech: bool,
    least_keys: u32,
    most_keys: Option<u32>,
    pattern: Option<Regex>,
    prompt: Text,
    retry_prompt: Option<Text>,
    error_prompt: Option<Text>,
    most_retries: u32,
    timeout_secs: u32,
    finish_on_key: Option<char>,
    variable: Option<String>,
    sensitive: bool,
    hints: Vec<String>,
    voice: Voice,
}

pub(super) fn read(reader: &Reader<'_>, mentions: &mut Mentions) -> Option<Gather> {
    let kinds = [("digits", (true, false)), ("speech", (false, true)), ("both", (true, true))];
    let (keys, speech) = reader.choice("inputType", &kinds).unwrap_or((true, false));
    let least_keys = reader.number("minLength", 0..=MOST_KEYS, 1);
    let most_keys = reader.number_if("maxLength", 1..=MOST_KEYS);
    if most_keys.is_some_and(|most| most < least_keys) {
        let message = "the longest answer is shorter than the shortest: raise maxLength";
        reader.report().error("bad_length", reader.path("maxLength"), message);
    }
    if !reader.has("prompt") {
        reader.missing("prompt", "the question");
    }
    let prompt = read_text(reader, "prompt", &mut mentions.uses);
    let gather = Gather {
        keys,
        speech,
        least_keys,
        most_keys,
        pattern: pattern::read(reader, "pattern"),
        prompt: prompt.unwrap_or_default(),
        retry_prompt: optional_text(reader, "retryPrompt", mentions),
        error_prompt: optional_text(reader, "errorPrompt", mentions),
        most_retries: reader.number("maxRetries", 0..=10, 3),
        timeout_secs: reader.number("timeout", 1..=60, 10),
        finish_on_key: finish_key(reader),
        variable: variable(reader, mentions),
        sensitive: reader.flag("sensitive", false),
        hints: hints(reader),
        voice: Voice::read(reader),
    };
    if !keys {
        reader.unused(&["minLength", "maxLength", "finishOnKey"], "where only words are taken");
    }
    if gather.most_retries == 0 {
        reader.unused(&["retryPrompt"], "where `maxRetries` is 0, so that nobody is asked again");
    }
    if !speech {
        reader.unused(&["hints"], "where only keys are taken");
    }
    Some(gather)
}

/// The key that ends the answer; an empty text is none.
fn finish_key(reader: &Reader<'_>) -> Option<char> {
    let Some(text) = reader.text("finishOnKey") else { return Some('#') };
    let mut characters = text.chars();
    let (first, second) = (characters.next(), characters.next());
    let fits = |c: &char| c.is_ascii_digit() || "*#".contains(*c);
    match (first, second) {
        (None, _) => None,
        (Some(key), None) if fits(&key) => Some(key),
        _ => {
            let message = format!("{text:?} is no key: give one of 0 to 9, * or #, or nothing");
            reader.report().error("bad_key", reader.path("finishOnKey"), message);
            None
        }
    }
}

fn variable(reader: &Reader<'_>, mentions: &mut Mentions) -> Option<String> {
    let name = reader.text("variable").filter(|name| !name.is_empty())?;
    let path = reader.path("variable");
    if !is_name(name) {
        let message = format!("{name:?} is no name: use letters, digits, _ and -");
        reader.report().error("bad_name", path, message);
        return None;
    }
    if BUILT_IN.contains(&name) {
        let message = format!("{name} is known to every session already: choose another name");
        reader.report().error("reserved_name", path, message);
        return None;
    }
    mentions.stores.push(Use { name: name.to_owned(), path });
    Some(name.to_owned())
}

/// Words that are likely: a list, or a text with commas.
fn hints(reader: &Reader<'_>) -> Vec<String> {
    let hints: Vec<String> = match reader.value("hints") {
        Some(serde_json::Value::String(text)) => {
            let hints = text.split(',').map(str::trim).filter(|hint| !hint.is_empty());
            hints.map(str::to_owned).collect()
        }
        _ => reader.texts("hints", HINTS).into_iter().map(str::to_owned).collect(),
    };
    let fits = |hint: &String| hint.chars().count() <= HINT_CHARACTERS && !hint.contains(',');
    if hints.len() > HINTS || !hints.iter().all(fits) {
        let message = format!(
            "there are too many hints, or one is too long or holds a comma: give at most {HINTS} of at most {HINT_CHARACTERS} characters"
        );
        reader.report().error("bad_hints", reader.path("hints"), message);
        return Vec::new();
    }
    hints
}

impl Gather {
    fn ask(&self, desk: &mut Desk<'_>, prompt: Option<&Text>) -> Act {
        let prompt = self.voice.say(prompt.unwrap_or(&self.prompt), desk, 1);
        desk.ask(Question {
            step: 0,
            prompts: vec![prompt],
            keys: self.keys,
            speech: self.speech,
            timeout_secs: self.timeout_secs,
            most_keys: self.most_keys.filter(|_| self.keys),
            finish_on_key: self.finish_on_key.filter(|_| self.keys),
            language: self.voice.language.clone().filter(|_| self.speech),
            hints: if self.speech { self.hints.clone() } else { Vec::new() },
        })
    }

    fn again(&self, desk: &mut Desk<'_>) -> Act {
        if desk.session.tries >= self.most_retries {
            if let Some(text) = &self.error_prompt {
                let prompt = self.voice.say(text, desk, 1);
                desk.tell(prompt);
            }
            return Act::exit("failed");
        }
        desk.session.tries += 1;
        self.ask(desk, self.retry_prompt.as_ref())
    }

    fn accepts(&self, answer: &str, keys: bool) -> bool {
        if !(if keys { self.keys } else { self.speech }) {
            return false;
        }
        let length = u32::try_from(answer.chars().count()).unwrap_or(u32::MAX);
        let long_enough = length >= self.least_keys.max(u32::from(!keys));
        let fits = !keys || (long_enough && self.most_keys.is_none_or(|most| length <= most));
        let said = keys || !answer.trim().is_empty();
        fits && said && self.pattern.as_ref().is_none_or(|pattern| pattern.is_match(answer))
    }

    fn take(&self, desk: &mut Desk<'_>, answer: &str, keys: bool) -> Act {
        if !self.accepts(answer, keys) {
            return self.again(desk);
        }
        if let Some(name) = &self.variable {
            desk.session.variables.insert(name.clone(), answer.to_owned());
            if self.sensitive {
                desk.session.sensitive.insert(name.clone());
            } else {
                desk.session.sensitive.remove(name);
            }
        }
        Act::exit("valid")
    }
}

impl Behaviour for Gather {
    fn exits(&self) -> Vec<ExitRule> {
        vec![
            ExitRule::required("valid").after_waiting(),
            ExitRule::optional("failed", Last::Fail).after_waiting(),
        ]
    }

    fn enter(&self, desk: &mut Desk<'_>) -> Act {
        self.ask(desk, None)
    }

    fn resume(&self, desk: &mut Desk<'_>, input: &Input) -> Act {
        match input {
            Input::Caller(CallerInput::Keys { digits }) => self.take(desk, digits, true),
            Input::Caller(CallerInput::Speech { text, .. }) => self.take(desk, text, false),
            Input::Caller(_) => self.again(desk),
            _ => unexpected(desk),
        }
    }

    fn is_sensitive(&self) -> bool {
        self.sensitive
    }
}
