//! The lines of a transcript that only calls in flows have.

use callcore::call::{Directive, FlowStatus, NodeRun, Payload, Prompt, Question, Sound, Speech};
use callcore::model::HttpMethod;
use callcore::port::{DeliveryRecord, Journey};
use callcore_twiml::phone::{Purpose, Requested};

use super::transcript::{Line, recorded};

/// What the caller did where a flow had asked, as the carrier tells it.
pub(super) fn result(requested: &Requested) -> Option<Line> {
    let parameter = |name| requested.parameter(name);
    let line = |text: String| Some(Line::new(format!("< {text}"), None));
    match requested.purpose {
        Purpose::Gather => match (parameter("SpeechResult"), parameter("Digits")) {
            (Some(text), _) => line(format!("says {text}")),
            (None, Some(digits)) if !digits.is_empty() => line(format!("presses {digits}")),
            (None, _) if parameter("FinishedOnKey").is_some() => line("ends at once".to_owned()),
            (None, _) => line("silence".to_owned()),
        },
        Purpose::Record => {
            let secs = parameter("RecordingDuration").unwrap_or("0");
            line(format!("leaves a message of {secs}s"))
        }
        Purpose::Enqueue => {
            line(format!("leaves the queue: {}", parameter("QueueResult").unwrap_or("?")))
        }
        Purpose::Recall => line("is recalled".to_owned()),
        // The result of a conference says nothing of a leg.
        Purpose::Dial if requested.url.contains("/api/webhooks/flow/") => {
            let joined = parameter("DialBridged") == Some("true");
            line(if joined { "talked in the conference" } else { "left the conference" }.to_owned())
        }
        _ => None,
    }
}

/// What the phone is told, beside dials and the end of the call.
pub(super) fn told(directive: &Directive) -> Line {
    match directive {
        Directive::Say(speech) => Line::new(format!("> say {}", speech.text), manner(speech)),
        Directive::Play(sound) => Line::new(format!("> play {}", sound.url), times(sound.times)),
        Directive::Ask(question) => asked(question),
        Directive::Record(message) => {
            let mut details = vec![
                format!("for {}s", message.max_length_secs),
                format!("silence {}s", message.silence_timeout_secs),
            ];
            details.extend(message.transcribe.then(|| "transcribed".to_owned()));
            Line::new("> record", details)
        }
        Directive::Enqueue(place) => Line::new(format!("> queue {}", place.queue), None),
        Directive::Confer(place) => {
            let record = recorded(place.recording);
            let details = [
                format!("attempt {}", place.attempt),
                format!("lasts {}s", place.time_limit_secs),
                format!("record {record}"),
            ];
            Line::new("> conference", details)
        }
        Directive::Continue { .. } => Line::new("> come back at once", None),
        other => Line::new(format!("> {other:?}"), None),
    }
}

fn asked(question: &Question) -> Line {
    let prompts = question.prompts.iter().map(|prompt| match prompt {
        Prompt::Say(Speech { text, .. }) => text.clone(),
        Prompt::Play(Sound { url, .. }) => url.clone(),
    });
    let mut details = Vec::new();
    details.extend(question.keys.then(|| "keys".to_owned()));
    details.extend(question.speech.then(|| "speech".to_owned()));
    details.push(format!("waits {}s", question.timeout_secs));
    details.extend(question.most_keys.map(|most| format!("most {most}")));
    details.extend(question.finish_on_key.map(|key| format!("ends with {key}")));
    details.extend(question.hints.iter().map(|hint| format!("hint {hint}")));
    details.extend(question.language.iter().map(|language| format!("hears {language}")));
    for prompt in &question.prompts {
        if let Prompt::Say(speech) = prompt {
            details.extend(manner(speech));
        }
    }
    Line::new(format!("> ask {}", prompts.collect::<Vec<_>>().join(" ")), details)
}

fn manner(speech: &Speech) -> Vec<String> {
    let mut details: Vec<String> = times(speech.times).into_iter().collect();
    details.extend(speech.voice.iter().map(|voice| format!("voice {voice}")));
    details.extend(speech.language.iter().map(|language| format!("in {language}")));
    details.extend(speech.speed_percent.map(|percent| format!("speed {percent}%")));
    details
}

fn times(times: u32) -> Option<String> {
    (times != 1).then(|| format!("{times} times"))
}

/// How a flow stands, in a script's words.
pub(super) const fn status_name(status: FlowStatus) -> &'static str {
    match status {
        FlowStatus::Running => "running",
        FlowStatus::Completed => "completed",
        FlowStatus::Abandoned => "abandoned",
        FlowStatus::Failed => "failed",
        FlowStatus::Expired => "expired",
    }
}

/// How the flow ended: the exits that were taken, what callers entered, and why it failed.
pub(super) fn end(journey: &Journey) -> Option<Line> {
    let session = journey.call.flow.as_ref()?;
    let status = status_name(session.status);
    let runs = || journey.facts.iter().flat_map(|fact| &fact.nodes);
    let exit = |run: &NodeRun| Some(format!("{}:{}", run.node, run.exit.as_ref()?));
    let exits: Vec<String> = runs().filter_map(exit).collect();
    let mut details = vec![
        format!("exits {}", exits.join(" ")),
        format!("version {}", session.version),
        format!("in {}", session.node),
    ];
    let shown = session.shown_variables();
    details.extend(shown.iter().map(|(name, value)| format!("{name} {value}")));
    details.extend(session.failure.clone());
    details.extend(runs().filter_map(|run| run.note.clone()));
    Some(Line::new(format!("= flow {status}"), details))
}

/// Something that waits to be sent to others.
pub(super) fn sent(record: &DeliveryRecord) -> Line {
    let delivery = &record.delivery;
    let (what, detail) = match &delivery.payload {
        Payload::Http { method, url, body, timeout_ms, .. } => {
            let method = if *method == HttpMethod::Post { "POST" } else { "GET" };
            let body = if body.is_empty() { String::new() } else { format!(" {body}") };
            (format!("{method} {url}{body}"), format!("within {timeout_ms}ms"))
        }
        Payload::Invite { destination, caller_id, ring_timeout_secs, .. } => {
            let what = format!("invites {destination}");
            (what, format!("from {caller_id} for {ring_timeout_secs}s"))
        }
        Payload::Recall { after_secs, .. } => {
            ("takes the caller out".to_owned(), format!("after {after_secs}s"))
        }
        Payload::HangUp { after_secs } => {
            ("ends the call".to_owned(), format!("after {after_secs}s"))
        }
    };
    let retries = format!("retries {}", delivery.retries);
    Line::new(format!("~ {}: {what}", delivery.name), [detail, retries])
}
