//! Executions of nodes: a node is entered, may go on several times, and is left.

use chrono::{DateTime, Utc};

use crate::call::{FlowStatus, NodeRun, Passage};
use crate::flow::run::NEXT_BRANCH;

/// How the execution of a node ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It was left by an exit.
    Exit,
    /// The flow came to its end in it: it hung up, or the caller was connected and the call ended
    /// with the conversation.
    Flow,
    /// The call did not come any further: the caller hung up, the flow failed or its session expired.
    DropOff,
    /// It could not take the call, and a splitter before it sent the call elsewhere.
    FailedOver,
    /// The call is in it.
    Waiting,
}

/// One execution of one node: everything from entering it to leaving it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// The node's id.
    pub node: String,
    /// Its type, as the document writes it.
    pub kind: String,
    /// When it was entered.
    pub at: DateTime<Utc>,
    /// When it was left, or when the call ended in it; `None` while that is not known.
    pub left_at: Option<DateTime<Utc>>,
    /// How it ended.
    pub ending: Ending,
    /// The exit that was taken.
    pub exit: Option<String>,
    /// What the caller did in it, in order; masked where it is sensitive.
    pub inputs: Vec<String>,
    /// What else is worth knowing.
    pub notes: Vec<String>,
    /// Whether it is a splitter that tries another branch, since the one before could not take the
    /// call.
    pub is_retry: bool,
}

impl Visit {
    fn entered(run: &NodeRun) -> Self {
        Self {
            node: run.node.clone(),
            kind: run.kind.clone(),
            at: run.at,
            left_at: Some(run.at),
            ending: Ending::FailedOver,
            exit: None,
            inputs: Vec::new(),
            notes: Vec::new(),
            is_retry: run.note.as_deref() == Some(NEXT_BRANCH),
        }
    }

    fn take(&mut self, run: &NodeRun) {
        self.left_at = Some(run.at.max(self.at));
        self.exit.clone_from(&run.exit);
        self.ending = if run.exit.is_some() { Ending::Exit } else { Ending::FailedOver };
        self.inputs.extend(run.input.clone());
        self.notes.extend(run.note.clone());
    }

    /// Where the call ended here, or still is.
    fn close(&mut self, passage: &Passage) {
        let over = passage.ended_at.map(|ended_at| ended_at.max(self.at));
        (self.ending, self.left_at) = match passage.status {
            FlowStatus::Running => (Ending::Waiting, None),
            FlowStatus::Completed => (Ending::Flow, over),
            FlowStatus::Abandoned => (Ending::DropOff, over),
            // The call went on without the flow.
            FlowStatus::Failed => (Ending::DropOff, self.left_at),
            // Nobody knows when the caller was gone.
            FlowStatus::Expired => (Ending::DropOff, None),
        };
    }

    /// How long the call was in the node, in milliseconds, with the conversation where the node
    /// connected it; `None` while that is not known.
    pub fn duration_ms(&self) -> Option<u64> {
        let spent = self.left_at? - self.at;
        u64::try_from(spent.num_milliseconds()).ok()
    }
}

/// The executions of nodes that a call came through, in order.
pub fn visits(passage: &Passage) -> Vec<Visit> {
    let mut visits: Vec<Visit> = Vec::new();
    for run in &passage.runs {
        let same = |visit: &&mut Visit| visit.exit.is_none() && visit.node == run.node;
        match visits.last_mut().filter(same).filter(|_| run.waited_ms.is_some()) {
            Some(visit) => visit.take(run),
            None => {
                if let Some(before) = visits.last_mut().filter(|before| before.exit.is_none()) {
                    before.left_at = Some(run.at.max(before.at));
                }
                let mut visit = Visit::entered(run);
                visit.take(run);
                visits.push(visit);
            }
        }
    }
    if let Some(last) = visits.last_mut().filter(|last| last.exit.is_none()) {
        last.close(passage);
    }
    visits
}
