//! `condition`: yes or no, by the caller, by the time, or by custom code.

use std::collections::BTreeMap;

use chrono::SecondsFormat;
use chrono_tz::Tz;
use regex::Regex;
use serde_json::{Value, json};

use super::hours::{Hours, first_gap};
use super::weekday::read_days;
use super::{Behaviour, ExitRule, Last, Mentions, unexpected};
use crate::call::Caller;
use crate::flow::act::{Act, Input, Need};
use crate::flow::desk::Desk;
use crate::flow::pattern;
use crate::flow::reader::Reader;
use crate::schedule::minutes_of_day;
use crate::vocabulary::{PhoneNumber, limits};

/// Most numbers of a list.
const LISTED: usize = 10_000;
/// Most numbers of a list that are told at once: whoever mends these looks again.
const TOLD: usize = 25;
/// How much of a number is shown, in characters.
const SHOWN: usize = 40;

#[derive(Debug)]
pub(super) enum Condition {
    CallerId(CallerRule),
    Time { hours: Hours, zone: Tz },
    Custom { code: String },
}

#[derive(Debug)]
pub(super) enum CallerRule {
    StartsWith(String),
    Equals(String),
    InList(Vec<String>),
    Matches(Regex),
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    CallerId,
    Time,
    Custom,
}

#[derive(Clone, Copy, Debug)]
enum Rule {
    StartsWith,
    Equals,
    InList,
    Matches,
}

pub(super) fn read(reader: &Reader<'_>, mentions: &mut Mentions) -> Option<Condition> {
    if !reader.has("conditionType") {
        reader.missing("conditionType", "what is asked");
    }
    let kinds = [("caller_id", Kind::CallerId), ("time", Kind::Time), ("custom", Kind::Custom)];
    let Some(kind) = reader.choice("conditionType", &kinds) else {
        reader.ignore_rest();
        return None;
    };
    match kind {
        Kind::CallerId => caller_rule(reader).map(Condition::CallerId),
        Kind::Time => time(reader),
        Kind::Custom => {
            let code = custom(reader)?;
            mentions.code = Some((code.clone(), reader.path("code")));
            Some(Condition::Custom { code })
        }
    }
}

fn caller_rule(reader: &Reader<'_>) -> Option<CallerRule> {
    if !reader.has("rule") {
        reader.missing("rule", "how the caller is compared");
    }
    let rules = [
        ("starts_with", Rule::StartsWith),
        ("equals", Rule::Equals),
        ("in_list", Rule::InList),
        ("matches", Rule::Matches),
    ];
    let rule = reader.choice("rule", &rules);
    if !reader.has("value") {
        reader.missing("value", "what the caller is compared with");
        return None;
    }
    Some(match rule? {
        Rule::StartsWith => CallerRule::StartsWith(compared(reader)?.trim().to_owned()),
        Rule::Equals => CallerRule::Equals(plain(compared(reader)?)),
        Rule::InList => CallerRule::InList(listed(reader)?),
        Rule::Matches => CallerRule::Matches(pattern::read(reader, "value")?),
    })
}

/// A number, or the beginning of one.
fn compared<'a>(reader: &Reader<'a>) -> Option<&'a str> {
    let text = reader.words("value")?;
    warn_of(reader, [(reader.path("value"), text)]);
    Some(text)
}

/// A list, or a text with commas or line breaks.
fn listed(reader: &Reader<'_>) -> Option<Vec<String>> {
    let numbers: Vec<(String, &str)> = match reader.value("value") {
        Some(Value::String(text)) => {
            let parts = text.split([',', ';', '\n']).filter(|part| !part.trim().is_empty());
            parts.map(|part| (reader.path("value"), part)).collect()
        }
        _ => reader.placed_texts("value", LISTED),
    };
    if numbers.len() > LISTED {
        let message =
            format!("at most {LISTED} items are allowed, there are {}: remove some", numbers.len());
        reader.report().error("too_many", reader.path("value"), message);
    }
    if numbers.is_empty() {
        let message = "the list is empty: give at least one number";
        reader.report().error("empty_list", reader.path("value"), message);
        return None;
    }
    let listed = numbers.iter().map(|(_, number)| plain(number)).collect();
    warn_of(reader, numbers);
    Some(listed)
}

/// Warns of what no caller is called, each with its place.
fn warn_of<'a>(reader: &Reader<'_>, numbers: impl IntoIterator<Item = (String, &'a str)>) {
    let numbers = numbers.into_iter().map(|(path, number)| (path, number.trim()));
    for (path, number) in numbers.filter(|(_, number)| !can_call(number)).take(TOLD) {
        let shown: String = number.chars().take(SHOWN).collect();
        let message = format!(
            "callers' numbers are + and digits only, the country first, so none matches {shown:?}: write it as +13105550100"
        );
        reader.report().warning("not_international", path, message);
    }
}

/// Whether a carrier may write a caller so, or the beginning of one: as `+` and digits, as an address
/// such as `sip:…` and `client:…`, as a word such as `anonymous`, or not at all.
fn can_call(text: &str) -> bool {
    match text.strip_prefix('+') {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_digit()),
        None => text.is_empty() || text.starts_with(char::is_alphabetic),
    }
}

/// A number as the carrier writes it, where it is one.
fn plain(text: &str) -> String {
    let text = text.trim();
    text.parse::<PhoneNumber>().map_or_else(|_| text.to_owned(), |number| number.to_string())
}

fn time(reader: &Reader<'_>) -> Option<Condition> {
    if !reader.has("timezone") {
        reader.missing("timezone", "the time zone");
    }
    let zone = reader.zone("timezone");
    let from_minute = minute(reader, "startTime", 0);
    let to_minute = minute(reader, "endTime", 24 * 60);
    let days = read_days(reader, "daysOfWeek");
    let hours = Hours { from_minute: from_minute?, to_minute: to_minute?, days };
    if first_gap([&hours]).is_none() {
        let message = "this is every minute of the week, so the answer is always yes: choose fewer hours or days, or remove the condition";
        reader.report().warning("always_yes", reader.place(), message);
    }
    Some(Condition::Time { hours, zone: zone? })
}

fn minute(reader: &Reader<'_>, key: &'static str, default: u16) -> Option<u16> {
    if !reader.has(key) {
        return Some(default);
    }
    let text = reader.text(key)?;
    let minute = minutes_of_day(text);
    if minute.is_none() {
        let message = format!("{text:?} is no time of day: give HH:MM from 00:00 to 24:00");
        reader.report().error("bad_time", reader.path(key), message);
    }
    minute
}

fn custom(reader: &Reader<'_>) -> Option<String> {
    if !reader.has("code") {
        reader.missing("code", "the body of the function");
        return None;
    }
    let Some(Value::String(code)) = reader.value("code") else {
        let message = "the code is no text: give the body of a JavaScript function";
        reader.report().error("wrong_type", reader.path("code"), message);
        return None;
    };
    if code.len() > limits::CODE_BYTES {
        let message =
            format!("at most {} bytes of code are allowed: shorten it", limits::CODE_BYTES);
        reader.report().error("too_long", reader.path("code"), message);
        return None;
    }
    if code.trim().is_empty() {
        let message = "the code is empty: return something truthy for yes";
        reader.report().error("blank", reader.path("code"), message);
        return None;
    }
    Some(code.clone())
}

impl CallerRule {
    fn holds(&self, caller: &Caller) -> bool {
        let shown = caller.number.as_ref().map_or(caller.address.as_str(), PhoneNumber::as_str);
        match self {
            Self::StartsWith(prefix) => shown.starts_with(prefix.as_str()),
            Self::Equals(other) => shown == other,
            Self::InList(list) => list.iter().any(|other| other == shown),
            Self::Matches(pattern) => pattern.is_match(shown),
        }
    }
}

fn answer(holds: bool) -> Act {
    Act::exit(if holds { "yes" } else { "no" })
}

fn run(code: &str, desk: &Desk<'_>) -> Act {
    Act::Need(Need::Script { code: code.to_owned(), call: seen(desk) })
}

/// What custom code sees of the call.
fn seen(desk: &Desk<'_>) -> Value {
    let context = &desk.context;
    let tags: BTreeMap<&str, &str> = context.tags.iter().collect();
    json!({
        "caller": context.caller.address,
        "called": context.called,
        "vars": desk.values().all(),
        "tags": tags,
        "now": context.now.to_rfc3339_opts(SecondsFormat::Secs, true),
    })
}

impl Behaviour for Condition {
    fn exits(&self) -> Vec<ExitRule> {
        vec![
            ExitRule::required("yes"),
            ExitRule::required("no"),
            ExitRule::optional("error", Last::Fail).or(&["no"]),
        ]
    }

    fn enter(&self, desk: &mut Desk<'_>) -> Act {
        match self {
            Self::CallerId(rule) => answer(rule.holds(desk.context.caller)),
            Self::Time { hours, zone } => answer(hours.contain(desk.context.now, *zone)),
            Self::Custom { code } => run(code, desk),
        }
    }

    fn resume(&self, desk: &mut Desk<'_>, input: &Input) -> Act {
        match (input, self) {
            (Input::Scripted(Ok(holds)), _) => answer(*holds),
            (Input::Scripted(Err(reason)), _) => {
                desk.note = Some(reason.clone());
                Act::exit("error")
            }
            // The flow had paused before it.
            (Input::Caller(_), Self::Custom { code }) => run(code, desk),
            _ => unexpected(desk),
        }
    }
}
