//! What a check makes of a definition: the only thing that runs.

use std::collections::BTreeMap;

use super::node::{Behaviour, Last, RouteSettings};

/// A flow without errors, compiled: regular expressions, schedules and texts are read once.
#[derive(Debug)]
pub struct Program {
    pub(super) nodes: Vec<ProgramNode>,
    pub(super) by_id: BTreeMap<String, usize>,
    pub(super) start: usize,
}

/// One node of a program.
#[derive(Debug)]
pub(crate) struct ProgramNode {
    pub(crate) id: String,
    pub(crate) kind: &'static str,
    pub(crate) behaviour: Box<dyn Behaviour>,
    /// Where its connected exits lead.
    pub(crate) exits: BTreeMap<String, usize>,
}

/// Where an exit leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leads {
    /// To this node.
    To(usize),
    /// Nowhere, which ends the call.
    ToTheEnd,
    /// Nowhere, which is the campaign's no-route treatment.
    ToNoRoute,
    /// Nowhere, which a flow cannot go on from.
    Nowhere,
}

impl ProgramNode {
    /// Where an exit leads, by its connection or by that of the exit that stands in for it.
    pub(crate) fn leads(&self, handle: &str) -> Leads {
        let rules = self.behaviour.exits();
        let rule = rules.iter().find(|rule| rule.handle == handle);
        let alternatives = rule.map_or(&[][..], |rule| rule.alternatives);
        let handles = std::iter::once(handle).chain(alternatives.iter().copied());
        let connected = handles.filter_map(|handle| self.exits.get(handle)).next();
        match (connected, rule.map(|rule| rule.last)) {
            (Some(node), _) => Leads::To(*node),
            (None, Some(Last::End)) => Leads::ToTheEnd,
            (None, Some(Last::NoRoute)) => Leads::ToNoRoute,
            (None, Some(Last::Fail | Last::NotTaken(_) | Last::Required) | None) => Leads::Nowhere,
        }
    }
}

impl Program {
    pub(crate) fn node(&self, id: &str) -> Option<&ProgramNode> {
        self.by_id.get(id).and_then(|index| self.nodes.get(*index))
    }

    /// The settings by which a node routes calls; `None` where it routes none.
    pub fn route(&self, node: &str) -> Option<&RouteSettings> {
        self.node(node)?.behaviour.route()
    }

    /// Every node that routes calls, by its id.
    pub fn routes(&self) -> impl Iterator<Item = (&str, &RouteSettings)> {
        self.nodes.iter().filter_map(|node| Some((node.id.as_str(), node.behaviour.route()?)))
    }

    /// Whether what the caller enters at a node must be kept out of logs and journals.
    pub fn is_sensitive(&self, node: &str) -> bool {
        self.node(node).is_some_and(|node| node.behaviour.is_sensitive())
    }

    /// How many nodes it has.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether it has none, which no check lets pass.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }
}
