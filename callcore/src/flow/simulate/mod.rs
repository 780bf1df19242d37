//! Plays a call through a program without a phone: what is heard, which exits are taken, how it ends.
//!
//! A simulation does no I/O. It runs by itself as far as it can, and comes back for what it cannot
//! know: what custom code answers, whose turn it is, and whom routing would choose.

mod input;
mod telling;
mod transcript;

use chrono::TimeDelta;

pub use input::{DialResult, InvalidInput, SimulatedInput};
pub use transcript::{
    EntryKind, OutcomeKind, SimulationOutcome, TakenExit, Transcript, TranscriptEntry, Who,
};

use self::input::{Inputs, recorded};
use super::act::{Input, Need, Routed, Step};
use super::context::Context;
use super::program::Program;
use super::run::Run;
use crate::call::{CallerInput, Directive, FlowSession, NoRouteReason, QueueOutcome};
use crate::vocabulary::{BuyerId, Destination, limits};

/// How long a phone rings that nobody answers, where no node says it, in seconds.
const RING_SECS: u32 = 30;

/// A call that is played through a program.
#[derive(Debug)]
pub struct Simulation<'a> {
    program: &'a Program,
    context: Context<'a>,
    inputs: Inputs,
    state: State<'a>,
    entries: Vec<TranscriptEntry>,
    exits: Vec<TakenExit>,
    turns: usize,
    /// How long the texts of the transcript are, with what each entry takes beside.
    told_bytes: usize,
    dials: u32,
    /// Whoever talked with the caller last.
    reached: Option<Offer>,
}

/// What follows for whoever drives a simulation.
#[derive(Clone, Debug, PartialEq)]
pub enum SimulationStep {
    /// [`Need::Route`], [`Need::Ordinal`] or [`Need::Script`]: go on with [`Simulation::answer`].
    Need(Need),
    /// The call is over.
    Done(Transcript),
}

/// What a simulation goes on with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The answer to [`Need::Ordinal`].
    Ordinal(u64),
    /// The answer to [`Need::Script`]; an error is a sentence for people.
    Scripted(Result<bool, String>),
    /// The answer to [`Need::Route`]: who would be dialled, one after the other.
    Offered(Vec<Offer>),
    /// The answer to [`Need::Route`]: nobody, and why.
    Unrouted(NoRouteReason),
}

/// Somebody whom a call is offered to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The buyer, where it is one.
    pub buyer: Option<BuyerId>,
    /// What is dialled, or the name of a queue.
    pub destination: String,
}

#[derive(Debug)]
enum State<'a> {
    New,
    Moved(Run<'a>, Step),
    Asked(Run<'a>, Need),
    Over(SimulationOutcome),
}

impl<'a> Simulation<'a> {
    /// A call that has not begun. The simulated clock starts at the context's instant. Of the inputs,
    /// the first [`limits::SIMULATED_INPUTS`] are used.
    pub fn new(
        program: &'a Program,
        context: Context<'a>,
        inputs: impl IntoIterator<Item = SimulatedInput>,
    ) -> Self {
        Self {
            program,
            context,
            inputs: Inputs::new(inputs.into_iter().collect()),
            state: State::New,
            entries: Vec::new(),
            exits: Vec::new(),
            turns: 0,
            told_bytes: 0,
            dials: 0,
            reached: None,
        }
    }

    /// The node that the call is in, and the simulated instant; `None` unless something is needed.
    pub fn place(&self) -> Option<(&str, chrono::DateTime<chrono::Utc>)> {
        match &self.state {
            State::Asked(run, _) => Some((&run.session().node, self.context.now)),
            _ => None,
        }
    }

    /// Runs as far as it can. Until a need is answered, each step tells the same one; after the end,
    /// each tells the same transcript.
    pub fn step(&mut self) -> SimulationStep {
        loop {
            self.state = match std::mem::replace(&mut self.state, State::New) {
                State::New => {
                    let mut run = Run::open(self.program, self.context);
                    let step = run.start();
                    State::Moved(run, step)
                }
                State::Moved(run, step) => self.follow(run, step),
                State::Asked(run, need) => {
                    let told = need.clone();
                    self.state = State::Asked(run, need);
                    return SimulationStep::Need(told);
                }
                State::Over(outcome) => {
                    self.state = State::Over(outcome.clone());
                    return SimulationStep::Done(self.transcript(outcome));
                }
            };
        }
    }

    /// Goes on with what was needed. An answer to something else fails the flow, as it would in a
    /// call; without a need, nothing happens.
    pub fn answer(&mut self, answer: Answer) {
        let before = std::mem::replace(&mut self.state, State::New);
        let State::Asked(mut run, need) = before else {
            self.state = before;
            return;
        };
        let input = match answer {
            Answer::Offered(offers) if need == Need::Route && !offers.is_empty() => {
                self.state = self.offer(run, offers);
                return;
            }
            Answer::Offered(_) => {
                Input::Routed(Routed::Unrouted(NoRouteReason::NoBuyerAllFiltered))
            }
            Answer::Unrouted(reason) => Input::Routed(Routed::Unrouted(reason)),
            Answer::Ordinal(ordinal) => Input::Ordinal(ordinal),
            Answer::Scripted(answer) => Input::Scripted(answer),
        };
        let step = run.answer(&input);
        self.state = State::Moved(run, step);
    }

    fn follow(&mut self, run: Run<'a>, step: Step) -> State<'a> {
        match step {
            Step::Need(Need::Dial { destination }) => {
                self.offer(run, vec![Offer::outside(&destination)])
            }
            Step::Need(Need::Confer { destination, .. }) => self.transfer(run, &destination),
            Step::Need(need) => State::Asked(run, need),
            Step::Wait => {
                let (session, last) = self.take(run);
                self.wait(session, last.as_ref())
            }
            Step::End => {
                let (session, _) = self.take(run);
                self.over(session, OutcomeKind::Ended, None)
            }
            Step::NoRoute(reason) => {
                let (session, _) = self.take(run);
                self.goes(&session, EntryKind::NoRoute);
                self.over(session, OutcomeKind::NoRoute, Some(word(reason)))
            }
            Step::Failed(failure) => {
                let (session, _) = self.take(run);
                let next = if self.reached.is_some() {
                    EntryKind::Hangup
                } else if self.dials >= limits::ATTEMPTS {
                    EntryKind::NoRoute
                } else {
                    EntryKind::PlainRouting
                };
                self.goes(&session, next);
                self.over(session, OutcomeKind::Failed, Some(failure.to_string()))
            }
        }
    }

    /// The carrier carries out the reply and comes back.
    fn wait(&mut self, session: FlowSession, last: Option<&Directive>) -> State<'a> {
        if self.inputs.hangs_up() {
            return self.hang_up(session);
        }
        let input = match last {
            Some(Directive::Ask(question)) => {
                let answer = self.inputs.answer(question);
                if answer == CallerInput::Silence {
                    self.pass(question.timeout_secs);
                }
                self.told(&session, &answer, None);
                answer
            }
            Some(Directive::Record(message)) => {
                let secs = self.inputs.record(message.max_length_secs);
                self.pass(secs);
                let answer = recorded(secs);
                self.told(&session, &answer, (secs > 0).then_some(secs));
                answer
            }
            Some(Directive::Enqueue(queue)) => {
                let offer = Offer { buyer: None, destination: queue.queue.clone() };
                let outcome = match self.dial(&session, &offer, EntryKind::Queue) {
                    DialResult::Answered => QueueOutcome::Bridged,
                    DialResult::Busy => QueueOutcome::Full,
                    DialResult::NoAnswer | DialResult::Failed => QueueOutcome::Left,
                };
                CallerInput::LeftQueue { outcome }
            }
            _ => CallerInput::Returned,
        };
        self.resume(session, &Input::Caller(input))
    }

    /// Dials one after the other until somebody answers.
    fn offer(&mut self, run: Run<'a>, offers: Vec<Offer>) -> State<'a> {
        let (session, _) = self.take(run);
        let mut routed = Routed::Unrouted(NoRouteReason::NoAnswer);
        for offer in offers {
            if self.dials >= limits::ATTEMPTS {
                routed = Routed::Unrouted(NoRouteReason::AttemptLimit);
                break;
            }
            if self.inputs.hangs_up() {
                return self.hang_up(session);
            }
            if self.dial(&session, &offer, EntryKind::Dial) == DialResult::Answered {
                routed = Routed::Connected;
                break;
            }
        }
        self.resume(session, &Input::Routed(routed))
    }

    fn transfer(&mut self, run: Run<'a>, destination: &Destination) -> State<'a> {
        let (session, _) = self.take(run);
        if self.inputs.hangs_up() {
            return self.hang_up(session);
        }
        let limit = self.dials >= limits::ATTEMPTS;
        let routed = if limit {
            Routed::Unrouted(NoRouteReason::AttemptLimit)
        } else {
            let offer = Offer::outside(destination);
            match self.dial(&session, &offer, EntryKind::Transfer) {
                DialResult::Answered => Routed::Connected,
                _ => Routed::Unrouted(NoRouteReason::NoAnswer),
            }
        };
        self.resume(session, &Input::Routed(routed))
    }

    /// One dial, and the conversation where somebody answers.
    fn dial(&mut self, session: &FlowSession, offer: &Offer, kind: EntryKind) -> DialResult {
        self.dials += u32::from(kind != EntryKind::Queue);
        let (result, talk_secs) = self.inputs.dial();
        let mut entry = self.entry(Who::Carrier, kind, &session.node);
        entry.destination = Some(offer.destination.clone());
        entry.buyer_id = offer.buyer;
        entry.result = Some(result);
        entry.seconds = (result == DialResult::Answered).then_some(talk_secs);
        self.entries.push(entry);
        match result {
            DialResult::Answered => {
                self.reached = Some(offer.clone());
                self.pass(talk_secs);
            }
            DialResult::NoAnswer => {
                let settings = self.program.route(&session.node);
                let ring_secs = settings.and_then(|settings| settings.ring_timeout_secs);
                self.pass(ring_secs.unwrap_or(RING_SECS));
            }
            DialResult::Busy | DialResult::Failed => {}
        }
        result
    }

    fn resume(&mut self, session: FlowSession, input: &Input) -> State<'a> {
        self.turns += 1;
        if self.turns > limits::SIMULATED_TURNS {
            let most = limits::SIMULATED_TURNS;
            let reason = format!("the simulation was stopped after {most} turns");
            return self.over(session, OutcomeKind::Failed, Some(reason));
        }
        if self.told_bytes > limits::SIMULATED_BYTES {
            let most = limits::SIMULATED_BYTES;
            let reason = format!("the simulation was stopped after {most} bytes of transcript");
            return self.over(session, OutcomeKind::Failed, Some(reason));
        }
        let mut run = Run::resume(self.program, self.context, session);
        let step = run.answer(input);
        State::Moved(run, step)
    }

    fn pass(&mut self, secs: u32) {
        self.context.now += TimeDelta::seconds(secs.into());
    }

    /// Notes where the call goes that the flow lets go of.
    fn goes(&mut self, session: &FlowSession, kind: EntryKind) {
        let entry = self.entry(Who::System, kind, &session.node);
        self.entries.push(entry);
    }

    fn hang_up(&mut self, session: FlowSession) -> State<'a> {
        let entry = self.entry(Who::Caller, EntryKind::Hangup, &session.node);
        self.entries.push(entry);
        self.over(session, OutcomeKind::CallerHungUp, None)
    }

    /// Ends the call. Once somebody talked with the caller, the end of it is the end of that.
    fn over(&self, session: FlowSession, kind: OutcomeKind, reason: Option<String>) -> State<'a> {
        let ends = matches!(kind, OutcomeKind::Ended | OutcomeKind::CallerHungUp);
        let kind = if ends && self.reached.is_some() { OutcomeKind::Connected } else { kind };
        let reached = self.reached.as_ref().filter(|_| kind == OutcomeKind::Connected);
        State::Over(SimulationOutcome {
            kind,
            node_id: session.node,
            reason,
            buyer_id: reached.and_then(|offer| offer.buyer),
            destination: reached.map(|offer| offer.destination.clone()),
        })
    }

    fn transcript(&self, outcome: SimulationOutcome) -> Transcript {
        Transcript {
            entries: self.entries.clone(),
            exits: self.exits.clone(),
            outcome,
            unused_inputs: self.inputs.left(),
        }
    }
}

impl Offer {
    fn outside(destination: &Destination) -> Self {
        Self { buyer: None, destination: destination.as_str().to_owned() }
    }
}

/// A reason as documents write it.
fn word(reason: NoRouteReason) -> String {
    let word = serde_json::to_value(reason).unwrap_or_default();
    word.as_str().unwrap_or_default().to_owned()
}
