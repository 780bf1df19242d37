//! What calls did in a flow, in figures (spec FLO-7, FLO-9, FLO-15): a fold over what their nodes
//! recorded, one call after the other.
//!
//! ```text
//! Passage ──visits──▶ executions of nodes ──add──▶ FlowStatistics ◀──merge── FlowStatistics
//! ```
//!
//! The order of the calls does not matter, and two halves that are merged are the whole. Memory is
//! bounded by the flow's document, by the buckets of [`Durations`], and for paths by the number of
//! calls: each adds at most one path, cut at [`PATH_NODES`](limits::PATH_NODES) nodes.

mod branch;
mod durations;
mod layout;
mod node;
mod path;
mod visit;
mod volume;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub use branch::Branch;
pub use durations::Durations;
pub use layout::Layout;
pub use node::NodeStatistics;
pub use path::Path;
pub use visit::{Ending, Visit, visits};
pub use volume::{Peak, Volume};

use crate::call::{FlowStatus, Passage};
use crate::vocabulary::limits;

/// The figures of a number of calls that ran a flow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlowStatistics {
    /// How the calls stand in the flow.
    pub outcomes: Outcomes,
    /// How many calls ran each version.
    pub versions: BTreeMap<u32, u64>,
    /// The figures of each node that a call came to, by its id.
    pub nodes: BTreeMap<Arc<str>, NodeStatistics>,
    paths: BTreeMap<Path, u64>,
}

/// How many calls stand how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// They are in the flow.
    pub running: u64,
    /// The flow came to its end.
    pub completed: u64,
    /// The caller hung up in it.
    pub abandoned: u64,
    /// It could not go on.
    pub failed: u64,
    /// Nothing came for longer than a session lasts.
    pub expired: u64,
}

impl Outcomes {
    /// All calls.
    pub const fn calls(&self) -> u64 {
        self.running + self.completed + self.abandoned + self.failed + self.expired
    }

    const fn of(&mut self, status: FlowStatus) -> &mut u64 {
        match status {
            FlowStatus::Running => &mut self.running,
            FlowStatus::Completed => &mut self.completed,
            FlowStatus::Abandoned => &mut self.abandoned,
            FlowStatus::Failed => &mut self.failed,
            FlowStatus::Expired => &mut self.expired,
        }
    }
}

impl FlowStatistics {
    /// Takes one more call into account. `layout` is of the version that the call ran.
    pub fn add(&mut self, passage: &Passage, layout: &Layout) {
        *self.outcomes.of(passage.status) += 1;
        *self.versions.entry(passage.version).or_default() += 1;
        let visits = visits(passage);
        let mut met = BTreeSet::new();
        let mut nodes = Vec::new();
        for visit in &visits {
            let id = self.id_of(&visit.node);
            let node = self.nodes.entry(Arc::clone(&id)).or_default();
            node.add(visit, passage.version, layout.node(&visit.node));
            node.calls += u64::from(met.insert(Arc::clone(&id)));
            if nodes.len() < limits::PATH_NODES {
                nodes.push(id);
            }
        }
        if !nodes.is_empty() {
            let is_cut = visits.len() > nodes.len();
            *self.paths.entry(Path { nodes, is_cut }).or_default() += 1;
        }
    }

    /// Takes into account what another fold counted of other calls.
    pub fn merge(&mut self, other: &Self) {
        let Outcomes { running, completed, abandoned, failed, expired } = other.outcomes;
        self.outcomes.running += running;
        self.outcomes.completed += completed;
        self.outcomes.abandoned += abandoned;
        self.outcomes.failed += failed;
        self.outcomes.expired += expired;
        for (version, calls) in &other.versions {
            *self.versions.entry(*version).or_default() += calls;
        }
        for (id, node) in &other.nodes {
            self.nodes.entry(Arc::clone(id)).or_default().merge(node);
        }
        for (path, calls) in &other.paths {
            *self.paths.entry(path.clone()).or_default() += calls;
        }
    }

    /// The commonest ways through the flow, each with the number of calls that took it; of those that
    /// are as common, the first by the ids of their nodes.
    pub fn commonest_paths(&self, most: usize) -> Vec<(&Path, u64)> {
        let mut paths: Vec<_> = self.paths.iter().map(|(path, calls)| (path, *calls)).collect();
        paths.sort_by_key(|(_, calls)| std::cmp::Reverse(*calls));
        paths.truncate(most);
        paths
    }

    /// The id of a node, kept once for all paths that lead through it.
    fn id_of(&self, node: &str) -> Arc<str> {
        self.nodes.get_key_value(node).map_or_else(|| node.into(), |(id, _)| Arc::clone(id))
    }
}
