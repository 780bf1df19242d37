//! Moves a call through a program: an input in, a step out, without any I/O.

use chrono::TimeDelta;

use super::act::{Act, Failure, Input, Need, Routed, Step};
use super::context::Context;
use super::desk::{Desk, Made};
use super::program::{Leads, Program, ProgramNode};
use crate::call::{
    CallerInput, Delivery, Directive, Failover, FlowSession, FlowStatus, NoRouteReason, NodeRun,
    Payload, QueueOutcome,
};
use crate::vocabulary::{CallId, Seed, limits};

/// What the log says of a splitter that sends the call into another branch.
pub(super) const NEXT_BRANCH: &str = "the branch before could not take the call";

/// One event on its way through a program.
#[derive(Debug)]
pub struct Run<'a> {
    program: &'a Program,
    desk: Desk<'a>,
    nodes: Vec<NodeRun>,
    steps: usize,
}

/// What came of an event.
#[derive(Clone, PartialEq)]
pub struct Turn {
    /// Where the call stands now.
    pub session: FlowSession,
    /// What the carrier shall do.
    pub directives: Vec<Directive>,
    /// What is to be sent once the step is saved.
    pub deliveries: Vec<Delivery>,
    /// The nodes that the event led through.
    pub nodes: Vec<NodeRun>,
}

impl<'a> Run<'a> {
    /// Opens a session.
    pub fn open(program: &'a Program, context: Context<'a>) -> Self {
        let now = context.now;
        let session = FlowSession {
            flow: context.flow,
            version: context.version,
            status: FlowStatus::Running,
            node: String::new(),
            step: 0,
            tries: 0,
            visits: 0,
            conference: None,
            reached: false,
            variables: std::collections::BTreeMap::new(),
            sensitive: std::collections::BTreeSet::new(),
            secrets: Vec::new(),
            replies: Vec::new(),
            failovers: Vec::new(),
            failure: None,
            started_at: now,
            updated_at: now,
            expires_at: now + TimeDelta::seconds(limits::FLOW_SESSION_SECS),
        };
        Self::resume(program, context, session)
    }

    /// Goes on with a session.
    pub fn resume(program: &'a Program, context: Context<'a>, session: FlowSession) -> Self {
        let desk = Desk::new(context, session);
        Self { program, desk, nodes: Vec::new(), steps: 0 }
    }

    /// Enters the program at its start.
    pub fn start(&mut self) -> Step {
        let act = self.enter(self.program.start);
        self.drive(act)
    }

    /// Enters one node and stops there, whatever it does: what its caller hears.
    pub fn preview(&mut self, node: &str) -> Option<Step> {
        let index = *self.program.by_id.get(node)?;
        Some(match self.enter(index) {
            Act::Wait | Act::Exit(_) => Step::Wait,
            Act::End => Step::End,
            Act::Need(need) => Step::Need(need),
            Act::Fail(failure) => Step::Failed(failure),
        })
    }

    /// Goes on with what came.
    pub fn answer(&mut self, input: &Input) -> Step {
        let Some(node) = self.program.node(&self.desk.session.node) else {
            let failure = Failure::UnknownNode(self.desk.session.node.clone());
            return self.failed(failure);
        };
        if let Input::Caller(_) | Input::Routed(_) = input {
            let waited = self.desk.context.now - self.desk.session.updated_at;
            let shown = shown(input, node.behaviour.is_sensitive());
            self.note_run(node, Some(waited.num_milliseconds().max(0)), shown);
        }
        if took_the_call(input) {
            // The branch could take the call, so no other one is to have it as well.
            self.desk.session.failovers.clear();
        }
        let act = node.behaviour.resume(&mut self.desk, input);
        self.take_note();
        self.drive(act)
    }

    /// The session as it stands.
    pub const fn session(&self) -> &FlowSession {
        &self.desk.session
    }

    /// Who draws the turn of a rotation ([`Need::Ordinal`]): this visit of the call to its node, so
    /// that a node which the call visits again takes another turn, and handling an event again
    /// takes the same.
    pub fn drawer(&self) -> CallId {
        let (context, visits) = (&self.desk.context, self.desk.session.visits);
        let step = format!("flow/{visits}");
        CallId::from_uuid(Seed::derive(context.tenant, context.call, &step, "draw").uuid())
    }

    /// The instant of the event.
    pub const fn now(&self) -> chrono::DateTime<chrono::Utc> {
        self.desk.context.now
    }

    /// Has the carrier come back at once, so that what follows is a step of its own: one event
    /// routes a call once.
    pub fn pause(&mut self) -> Step {
        let step = self.desk.next_step();
        self.desk.direct(Directive::Continue { step });
        Step::Wait
    }

    /// Notes something about the node that ran last.
    pub fn note(&mut self, note: String) {
        self.desk.note = Some(note);
        self.take_note();
    }

    /// Has the carrier do something that is the switchboard's to decide.
    pub fn direct(&mut self, directive: Directive) {
        self.desk.direct(directive);
    }

    /// Notes that the caller waits in a conference, and answers the step that goes on after it.
    pub fn wait_in_conference(&mut self) -> u32 {
        let step = self.desk.next_step();
        self.desk.session.conference = Some(step);
        step
    }

    /// Adds something to send once the step is saved.
    pub fn deliver(&mut self, name: String, retries: u32, payload: Payload) {
        self.desk.deliver(name, retries, payload);
    }

    /// What came of the event.
    pub fn finish(self) -> Turn {
        self.finish_in_order().0
    }

    /// What came of the event, and in which order nodes told and sent it.
    pub(super) fn finish_in_order(self) -> (Turn, Vec<Made>) {
        let Desk { mut session, directives, deliveries, context, made, .. } = self.desk;
        session.remember_secrets();
        session.updated_at = context.now;
        session.expires_at = context.now + TimeDelta::seconds(limits::FLOW_SESSION_SECS);
        (Turn { session, directives, deliveries, nodes: self.nodes }, made)
    }

    fn drive(&mut self, mut act: Act) -> Step {
        loop {
            if self.desk.reply_bytes > limits::FLOW_REPLY_BYTES {
                self.desk.cut_reply();
                return self.failed(Failure::ReplyLimit);
            }
            act = match act {
                Act::Exit(handle) => match self.leave(&handle) {
                    Ok(act) => act,
                    Err(step) => return step,
                },
                Act::Wait if self.desk.session.step > limits::FLOW_QUESTIONS => {
                    self.desk.take_back_question();
                    return self.failed(Failure::QuestionLimit);
                }
                Act::Wait => return Step::Wait,
                Act::End => {
                    self.desk.session.status = FlowStatus::Completed;
                    return Step::End;
                }
                Act::Need(need) => return Step::Need(need),
                Act::Fail(failure) => match self.fail_over() {
                    Some(act) => act,
                    None => return self.failed(failure),
                },
            };
        }
    }

    /// Leaves the present node by an exit.
    fn leave(&mut self, handle: &str) -> Result<Act, Step> {
        if let Some(run) = self.nodes.last_mut() {
            run.exit = Some(handle.to_owned());
        }
        let Some(node) = self.program.node(&self.desk.session.node) else {
            let failure = Failure::UnknownNode(self.desk.session.node.clone());
            return Err(self.failed(failure));
        };
        match node.leads(handle) {
            Leads::To(next) => Ok(self.enter(next)),
            Leads::ToTheEnd => {
                self.desk.session.status = FlowStatus::Completed;
                self.desk.direct(Directive::Hangup);
                Err(Step::End)
            }
            Leads::ToNoRoute => self.fail_over().ok_or_else(|| {
                self.desk.session.status = FlowStatus::Completed;
                Step::NoRoute(self.desk.no_route.take().unwrap_or(NoRouteReason::NoAnswer))
            }),
            Leads::Nowhere => {
                let (node, exit) = (node.id.clone(), handle.to_owned());
                Ok(Act::Fail(Failure::NotConnected { node, exit }))
            }
        }
    }

    fn enter(&mut self, index: usize) -> Act {
        self.steps += 1;
        if self.steps > limits::FLOW_STEPS {
            // Another branch would only go round again.
            self.desk.session.failovers.clear();
            return Act::Fail(Failure::StepLimit);
        }
        let Some(node) = self.program.nodes.get(index) else {
            return Act::Fail(Failure::UnknownNode(index.to_string()));
        };
        let session = &mut self.desk.session;
        session.node.clone_from(&node.id);
        session.tries = 0;
        session.visits = session.visits.saturating_add(1);
        self.note_run(node, None, None);
        let act = node.behaviour.enter(&mut self.desk);
        self.take_note();
        act
    }

    /// The next branch of the innermost splitter that has one left.
    fn fail_over(&mut self) -> Option<Act> {
        while let Some(failover) = self.desk.session.failovers.pop() {
            let Some(node) = self.program.node(&failover.node) else { continue };
            let now = self.desk.context.now;
            let Some(handle) = node.behaviour.next_branch(&failover.taken, now) else { continue };
            if !matches!(node.leads(&handle), Leads::To(_)) {
                continue;
            }
            let mut taken = failover.taken;
            taken.push(handle.clone());
            self.desk.session.node.clone_from(&node.id);
            self.desk.session.failovers.push(Failover { node: node.id.clone(), taken });
            self.note_run(node, None, None);
            self.desk.note = Some(NEXT_BRANCH.into());
            self.take_note();
            return Some(Act::Exit(handle));
        }
        None
    }

    fn failed(&mut self, failure: Failure) -> Step {
        self.desk.session.status = FlowStatus::Failed;
        self.desk.session.failure = Some(failure.to_string());
        Step::Failed(failure)
    }

    fn note_run(&mut self, node: &ProgramNode, waited_ms: Option<i64>, input: Option<String>) {
        self.nodes.push(NodeRun {
            node: node.id.clone(),
            kind: node.kind.to_owned(),
            at: self.desk.context.now,
            waited_ms: waited_ms.and_then(|waited_ms| u64::try_from(waited_ms).ok()),
            input,
            exit: None,
            note: None,
        });
    }

    fn take_note(&mut self) {
        if let (Some(note), Some(run)) = (self.desk.note.take(), self.nodes.last_mut()) {
            run.note = Some(self.desk.hidden(&note));
        }
    }
}

/// Whether somebody talked with the caller.
const fn took_the_call(input: &Input) -> bool {
    matches!(
        input,
        Input::Routed(Routed::Connected)
            | Input::Caller(CallerInput::LeftQueue { outcome: QueueOutcome::Bridged })
    )
}

/// What the caller did, as the journal shows it.
fn shown(input: &Input, sensitive: bool) -> Option<String> {
    let Input::Caller(input) = input else { return None };
    let masked;
    let input = if sensitive {
        masked = input.masked();
        &masked
    } else {
        input
    };
    Some(match input {
        CallerInput::Keys { digits } => digits.clone(),
        CallerInput::Speech { text, .. } => text.clone(),
        CallerInput::Silence => "silence".into(),
        CallerInput::Recorded(recording) => format!("recording {}", recording.recording_id),
        CallerInput::LeftQueue { .. } => "left the queue".into(),
        CallerInput::Returned => "returned".into(),
    })
}

impl std::fmt::Debug for Turn {
    // Directives and deliveries are filled with what callers entered.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Turn")
            .field("session", &self.session)
            .field("nodes", &self.nodes)
            .finish_non_exhaustive()
    }
}

impl Need {
    /// Whether the carrier has a hand in it, so that the flow waits for the caller meanwhile.
    pub const fn connects(&self) -> bool {
        matches!(self, Self::Route | Self::Dial { .. } | Self::Confer { .. })
    }
}
