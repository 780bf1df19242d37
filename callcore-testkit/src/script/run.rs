//! Runs a script: calls that go on together, one request after the other in the order of their
//! instants.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use callcore::port::{Http, HttpError, HttpRequest, Journey};
use callcore::vocabulary::CallId;
use callcore_twiml::phone::{CallbackOrder, Phone, Report, Timekeeper};
use callcore_twiml::webhook::CARRIER;
use callcore_twiml::{Form, Password};
use chrono::{DateTime, TimeDelta, Utc};

use super::office::{Answered, Office, TOKEN, continuation, signed, url};
use super::reader::{Names, Script};
use super::steps::{Block, Group, Part, Placed, Step};
use super::wire::Wire;
use super::{Failure, Played, agree, transcript};
use crate::Harness;

/// One call while it goes on.
pub(super) struct Talk {
    pub(super) block: Block,
    pub(super) phone: Phone,
    pub(super) report: Option<Report>,
    pub(super) log: Vec<Exchange>,
    wire: Arc<Wire>,
    going: Pin<Box<dyn Future<Output = Report> + Send>>,
}

/// One request that a phone made.
pub(super) struct Exchange {
    pub(super) token: String,
    /// The key of its step; empty where the office took it for nothing of the kind.
    pub(super) step: String,
    pub(super) request: HttpRequest,
    /// Nothing where it was lost on its way.
    pub(super) answered: Option<Answered>,
}

impl Talk {
    fn new(block: Block, started_at: DateTime<Utc>) -> Self {
        let wire = Arc::new(Wire::default());
        let http: Arc<dyn Http> = wire.clone();
        let timekeeper: Arc<dyn Timekeeper> = wire.clone();
        let mut phone = Phone::new(http, Password::new(TOKEN), url("voice"));
        phone.status_callback = Some(url("status"));
        phone.from.clone_from(&block.from);
        phone.to.clone_from(&block.to);
        phone.parameters = block.place.clone();
        phone.seed = u64::from(block.number);
        phone.started_at = started_at;
        phone.send_twice = block.every_request_twice;
        if block.callbacks_out_of_order {
            phone.callback_order = CallbackOrder::LastSecond;
        }
        phone.timekeeper = Some(timekeeper);
        let (caller, people) = (phone.clone(), block.people.clone());
        let going = Box::pin(async move { caller.call(&people).await });
        Self { block, phone, report: None, log: Vec::new(), wire, going }
    }

    /// Lets the call go on to its next request, or to its end.
    fn go_on(&mut self) {
        let mut context = Context::from_waker(Waker::noop());
        if self.report.is_none()
            && let Poll::Ready(report) = self.going.as_mut().poll(&mut context)
        {
            self.report = Some(report);
        }
    }

    fn ended_at(&self) -> DateTime<Utc> {
        let ended_ms = self.report.as_ref().and_then(Report::ended_ms).unwrap_or(0);
        self.phone.started_at + TimeDelta::milliseconds(i64::try_from(ended_ms).unwrap_or(0))
    }

    pub(super) fn id(&self) -> CallId {
        let sid = self.report.as_ref().map_or("", |report| &report.call_sid);
        CallId::derive(CARRIER, &self.phone.account_sid, sid)
    }

    pub(super) fn unmet(&self, line: usize, what: impl Into<String>) -> Failure {
        let report = self.report.as_ref().map(Report::to_string).unwrap_or_default();
        let what = format!("call {}: {}\n{report}", self.block.number, what.into());
        Failure::Unmet { line, what }
    }
}

/// A step key in the words of scripts: `leg/1/CA5/ringing` is `leg 1 ringing`.
pub(super) fn spoken(step: &str) -> String {
    match step.split('/').collect::<Vec<_>>()[..] {
        ["leg", attempt, _, status] => format!("leg {attempt} {status}"),
        [kind @ ("recording" | "transcription"), _] => kind.to_owned(),
        ref parts => parts.join(" "),
    }
}

pub(super) fn names(webhook: &str, step: &str) -> bool {
    webhook == "everything" || webhook == spoken(step)
}

pub(super) async fn run<H: Harness>(script: Script) -> Result<Vec<Played>, Failure> {
    let Script { parts, names } = script;
    let office = Office::<H>::open(DateTime::UNIX_EPOCH).await;
    let mut played = Vec::new();
    for part in parts {
        match part {
            Part::Step(placed) => apply(&office, &placed).await?,
            Part::Group(group) => {
                for talk in together(&office, group).await? {
                    played.push(judged(&office, talk, &names).await?);
                }
            }
        }
    }
    Ok(played)
}

async fn apply<H: Harness>(office: &Office<H>, placed: &Placed) -> Result<(), Failure> {
    let unmet = |what| Failure::Unmet { line: placed.line, what };
    office.apply(&placed.step).await.map_err(unmet)
}

/// Plays the calls of a group, with what happens meanwhile.
async fn together<H: Harness>(office: &Office<H>, group: Group) -> Result<Vec<Talk>, Failure> {
    let began = office.now();
    let mut talks: Vec<Talk> = Vec::new();
    for block in group.calls {
        let started_at = begins(&talks, &block, began);
        talks.push(Talk::new(block, started_at));
    }
    let mut meanwhile = Vec::new();
    for (into, placed) in group.meanwhile {
        let call = talks.iter().find(|talk| talk.block.number == into.call);
        let started_at = call.map_or(began, |talk| talk.phone.started_at);
        meanwhile.push((started_at + into.after, into.call, placed));
    }
    meanwhile.sort_by_key(|(at, ..)| *at);
    let mut meanwhile = meanwhile.into_iter().peekable();
    loop {
        talks.iter_mut().for_each(Talk::go_on);
        let due = talks.iter().enumerate().filter_map(|(n, talk)| Some((talk.wire.due()?, n)));
        let next = due.min();
        let is_first = |at: DateTime<Utc>| next.is_none_or(|(due, _)| at <= due);
        if let Some((at, call, placed)) = meanwhile.next_if(|(at, ..)| is_first(*at)) {
            office.clock.set(at);
            match (&placed.step, talks.iter().find(|talk| talk.block.number == call)) {
                (Step::Leg { attempt, status }, Some(talk)) => {
                    let line = placed.line;
                    office.answer(&invited(talk, *attempt, status, line)?).await;
                }
                _ => apply(office, &placed).await?,
            }
            continue;
        }
        let Some((at, n)) = next else { break };
        office.clock.set(at);
        serve(office, &mut talks[n]).await;
    }
    let last = talks.iter().map(Talk::ended_at).max();
    office.clock.set(last.map_or(began, |last| last.max(office.now())));
    Ok(talks)
}

fn begins(talks: &[Talk], block: &Block, began: DateTime<Utc>) -> DateTime<Utc> {
    let Some(into) = block.begins else { return began };
    let other = talks.iter().find(|talk| talk.block.number == into.call);
    other.map_or(began, |talk| talk.phone.started_at) + into.after
}

/// A webhook of the leg to somebody who is invited into a caller's conference.
fn invited(talk: &Talk, attempt: u32, status: &str, line: usize) -> Result<HttpRequest, Failure> {
    let request = talk.log.last().map(|exchange| Form::parse(&exchange.request.body));
    let sid = request.and_then(Result::ok).and_then(|form| form.get("CallSid").map(str::to_owned));
    let Some(sid) = sid else { return Err(talk.unmet(line, "the call made no request yet")) };
    let form = Form::from_iter([
        ("AccountSid", talk.phone.account_sid.as_str()),
        ("CallSid", "CAinvited"),
        ("ParentCallSid", &sid),
        ("CallStatus", status),
    ]);
    Ok(signed(&continuation("leg", &attempt.to_string()), &form))
}

/// Answers the request that waits, unless it is one that gets lost.
async fn serve<H: Harness>(office: &Office<H>, talk: &mut Talk) {
    let Some(request) = talk.wire.take() else { return };
    let event = Office::<H>::event(&request).ok();
    let step = event.map(|(_, event)| event.step().to_string()).unwrap_or_default();
    let answered = if talk.block.lost.iter().any(|webhook| names(webhook, &step)) {
        talk.wire.answer(Err(HttpError::Unreachable("the request is lost".to_owned())));
        None
    } else {
        let answered = office.answer(&request).await;
        talk.wire.answer(Ok(answered.response.clone()));
        Some(answered)
    };
    let token = request.headers.iter().find(|(name, _)| name == "I-Twilio-Idempotency-Token");
    let token = token.map(|(_, token)| token.clone()).unwrap_or_default();
    talk.log.push(Exchange { token, step, request, answered });
}

/// Compares what came of a call with the script, and the phone with the server.
async fn judged<H: Harness>(
    office: &Office<H>,
    talk: Talk,
    names: &Names,
) -> Result<Played, Failure> {
    let journey: Option<Journey> = office.journey(talk.id()).await;
    let held = office.held().await;
    let line = talk.block.line;
    let Some(report) = &talk.report else {
        return Err(talk.unmet(line, "it does not end"));
    };
    let sent = office.outbox(talk.id()).await;
    let lines = transcript::lines(&talk, journey.as_ref(), names, held, &sent);
    transcript::compared(&lines, &talk.block.expected)
        .map_err(|(at, text)| talk.unmet(at.unwrap_or(line), format!("\n{text}")))?;
    let differences = agree::differences(report, journey.as_ref());
    if !differences.is_empty() {
        let text = differences.join("\n");
        return Err(talk.unmet(line, format!("the phone and the server differ\n{text}")));
    }
    // A request that is lost is warned about, and rightly.
    if talk.block.lost.is_empty()
        && let Some(warning) = report.warnings().next()
    {
        return Err(talk.unmet(line, format!("the carrier warns: {}", warning.message)));
    }
    for (line, after) in &talk.block.after {
        let late = office.deliver(&talk, after).await;
        late.map_err(|what| talk.unmet(*line, what))?;
    }
    let report = report.clone();
    Ok(Played { number: talk.block.number, report, journey })
}
