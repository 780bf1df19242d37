//! A call as lines, and whether they are the expected ones.

use std::collections::BTreeSet;
use std::fmt;

use callcore::call::{Directive, FinalReason};
use callcore::model::Recording;
use callcore::port::{DeliveryRecord, Journey};
use callcore_twiml::phone::{Event, Party, Purpose, Report, Requested};

use super::flow_lines as flow;
use super::reader::Names;
use super::run::Talk;

/// A line: what it is, and details of it that need not be mentioned.
#[derive(Clone, Debug)]
pub(super) struct Line {
    head: String,
    details: Vec<String>,
}

impl Line {
    pub(super) fn new(head: impl Into<String>, details: impl IntoIterator<Item = String>) -> Self {
        Self { head: head.into(), details: details.into_iter().collect() }
    }

    fn is_reason(&self) -> bool {
        self.head.starts_with('!')
    }

    /// An expected line names the head and as many details as it likes.
    fn is(&self, expected: &str) -> bool {
        let Some(rest) = expected.strip_prefix(self.head.as_str()) else { return false };
        let is_detail = |part: &str| self.details.iter().any(|detail| detail == part);
        rest.is_empty()
            || rest.strip_prefix(", ").is_some_and(|rest| rest.split(", ").all(is_detail))
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.head)?;
        self.details.iter().try_for_each(|detail| write!(f, ", {detail}"))
    }
}

/// Writes a call down.
pub(super) fn lines(
    talk: &Talk,
    journey: Option<&Journey>,
    names: &Names,
    held: u64,
    sent: &[DeliveryRecord],
) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut tokens = BTreeSet::new();
    for event in talk.report.iter().flat_map(Report::events) {
        match event {
            Event::HungUp { party: Party::Caller } => {
                lines.push(Line::new("< caller hangs up", None));
            }
            Event::Requested(requested)
                if requested.purpose.is_control() && tokens.insert(&requested.token) =>
            {
                lines.extend(result(requested));
                lines.extend(answer(talk, requested, journey, names));
            }
            _ => {}
        }
    }
    lines.push(end(journey, names, held));
    lines.extend(journey.and_then(flow::end));
    lines.extend(sent.iter().map(flow::sent));
    lines
}

fn result(requested: &Requested) -> Option<Line> {
    if let Some(line) = flow::result(requested) {
        return Some(line);
    }
    let parameter = |name| requested.parameter(name);
    let status = parameter("DialCallStatus").filter(|_| requested.purpose == Purpose::Dial)?;
    Some(match parameter("DialCallDuration") {
        Some(secs) => Line::new(format!("< answered {secs}s"), None),
        None => Line::new(format!("< {status}"), None),
    })
}

fn answer(
    talk: &Talk,
    requested: &Requested,
    journey: Option<&Journey>,
    names: &Names,
) -> Vec<Line> {
    let exchange = talk.log.iter().find(|exchange| exchange.token == requested.token);
    let Some((exchange, answered)) = exchange.and_then(|one| Some((one, one.answered.as_ref()?)))
    else {
        return vec![Line::new("> nothing: lost", None)];
    };
    let decisions = journey.iter().flat_map(|journey| &journey.decisions);
    let decisions = decisions.filter(|(step, _)| step.as_str() == exchange.step);
    let refused = decisions.flat_map(|(_, decision)| &decision.refused);
    let refused = refused.map(|one| Line::new(format!("! {} {}", one.name, one.evidence), None));
    let told = answered.directives.iter().map(|directive| told(directive, names));
    refused.chain(told).collect()
}

fn told(directive: &Directive, names: &Names) -> Line {
    match directive {
        Directive::Hangup => Line::new("> hang up", None),
        Directive::Dial(dial) => {
            let address = dial.destination.as_str();
            let from = dial.caller_id.as_deref().unwrap_or("the caller");
            let record = recorded(dial.recording);
            let details = [
                format!("at {address}"),
                format!("from {from}"),
                format!("rings {}s", dial.ring_timeout_secs),
                format!("lasts {}s", dial.time_limit_secs),
                format!("record {record}"),
            ];
            Line::new(format!("> dial {}", names.of_address(address)), details)
        }
        other => flow::told(other),
    }
}

pub(super) const fn recorded(recording: Recording) -> &'static str {
    match recording {
        Recording::Off => "off",
        Recording::Mono => "mono",
        Recording::Dual => "dual",
    }
}

fn end(journey: Option<&Journey>, names: &Names, held: u64) -> Line {
    let Some(journey) = journey else {
        return Line::new("= not recorded", [format!("held {held}")]);
    };
    let call = &journey.call;
    let mut details = vec![format!("held {held}"), format!("status {}", call.status)];
    details.extend(call.duration().map(|secs| format!("{secs}s")));
    details.extend(call.no_route.map(|reason| words(&FinalReason::from(reason))));
    details.extend(call.converted.then(|| "converted".to_owned()));
    details.extend(call.revenue.map(|revenue| format!("earned {revenue}")));
    details.push(format!("rerouted {}", call.reroutes));
    details.extend(
        call.recording.iter().map(|one| format!("recorded {}s", one.duration_secs.unwrap_or(0))),
    );
    let head = match (call.final_reason(), call.buyer()) {
        (None, _) => "going on".to_owned(),
        (Some(FinalReason::Answered), Some(buyer)) => {
            format!("answered by {}", names.of_buyer(buyer))
        }
        (Some(reason), _) => words(&reason),
    };
    Line::new(format!("= {head}"), details)
}

/// `NoBuyerAllCapped` as `no buyer all capped`.
fn words(reason: &FinalReason) -> String {
    let mut words = String::new();
    for letter in format!("{reason:?}").chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
    }
    words
}

/// Where the lines are not the expected ones: the number of the script's line, or `None` where a
/// line is missing there, with everything marked.
pub(super) fn compared(
    lines: &[Line],
    expected: &[(usize, String)],
) -> Result<(), (Option<usize>, String)> {
    let gives_reasons = expected.iter().any(|(_, text)| text.starts_with('!'));
    let mut text = String::new();
    let mut first = None;
    let mut rest = expected.iter();
    for line in lines {
        if line.is_reason() && !gives_reasons {
            text.push_str(&format!("    {line}\n"));
            continue;
        }
        let next = rest.next();
        if first.is_some() || next.is_some_and(|(_, expected)| line.is(expected)) {
            text.push_str(&format!("    {line}\n"));
            continue;
        }
        first = Some(next.map(|(number, _)| *number));
        let wanted = next.map_or("nothing more", |(_, expected)| expected);
        text.push_str(&format!("--> {line}\n    expected: {wanted}\n"));
    }
    if first.is_none()
        && let Some((number, wanted)) = rest.next()
    {
        first = Some(Some(*number));
        text.push_str(&format!("--> nothing more\n    expected: {wanted}\n"));
    }
    first.map_or(Ok(()), |number| Err((number, text)))
}
