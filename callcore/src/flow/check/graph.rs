//! Where calls can get: nodes that none reaches, exits that lead nowhere, and loops in which the
//! caller is never asked anything. Each with the way that a call would take.

use std::collections::{BTreeSet, VecDeque};

use super::super::node::{ExitRule, Last};
use super::super::problem::{FlowProblem, Report};
use super::loops::SilentEdges;
use super::{Edges, ReadNode, Wiring};
use crate::model::FlowDefinition;

/// Most loops that are told at once: whoever mends these looks again.
const SILENT_LOOPS: usize = 25;

/// A flow as a graph.
struct Graph<'a> {
    definition: &'a FlowDefinition,
    read: &'a [ReadNode],
    rules: Vec<Vec<ExitRule>>,
    edges: &'a Edges,
    dangling: &'a BTreeSet<(usize, String)>,
    second: &'a [(usize, String, usize)],
    /// The node before each one on a shortest way from the start, with the exit that was taken.
    came_by: Vec<Option<(usize, &'a str)>>,
    reached: Vec<bool>,
}

pub(super) fn check(
    definition: &FlowDefinition,
    read: &[ReadNode],
    wiring: &Wiring,
    start: usize,
) -> Vec<FlowProblem> {
    let rules = read.iter().map(|node| match &node.behaviour {
        Some((_, behaviour)) => behaviour.exits(),
        None => Vec::new(),
    });
    let size = definition.nodes.len();
    let mut graph = Graph {
        definition,
        read,
        rules: rules.collect(),
        edges: &wiring.edges,
        dangling: &wiring.dangling,
        second: &wiring.second,
        came_by: vec![None; size],
        reached: vec![false; size],
    };
    graph.walk(start);
    // Where a node that calls reach cannot be read, it may lead to more than is known.
    let all_known = (0..size).all(|node| !graph.reached[node] || read[node].behaviour.is_some());
    let mut problems = Vec::new();
    for node in 0..size {
        let report = Report::of(&definition.nodes[node].id);
        if graph.reached[node] {
            graph.check_exits(node, &report);
        } else if all_known {
            let message = "no call ever gets here: connect it, or remove it";
            report.warning("unreachable", format!("/nodes/{node}"), message);
        }
        problems.extend(report.into_problems());
    }
    problems.extend(graph.silent_loops());
    problems
}

impl Graph<'_> {
    /// Finds the shortest way to every node that can be reached.
    fn walk(&mut self, start: usize) {
        self.reached[start] = true;
        let mut queue = VecDeque::from([start]);
        while let Some(node) = queue.pop_front() {
            let own = self.edges[node].iter();
            let second = self.second.iter().filter(|(source, ..)| *source == node);
            let all = own.chain(second.map(|(_, handle, next)| (handle, next)));
            let taken = all.filter(|(handle, _)| !is_never_taken(&self.rules[node], handle));
            for (handle, next) in taken {
                if !std::mem::replace(&mut self.reached[*next], true) {
                    self.came_by[*next] = Some((node, handle));
                    queue.push_back(*next);
                }
            }
        }
    }

    fn check_exits(&self, node: usize, report: &Report) {
        for rule in &self.rules[node] {
            // What leads to a node that is not there is a problem of its own.
            let connected = |handle: &str| {
                self.edges[node].contains_key(handle)
                    || self.dangling.contains(&(node, handle.to_owned()))
            };
            let handle: &str = &rule.handle;
            let stood_in_for = || rule.alternatives.iter().any(|other| connected(other));
            if let (true, Last::NotTaken(otherwise)) = (connected(handle), rule.last) {
                let message = format!(
                    "no call takes the exit {handle:?} unless {otherwise}: remove its connection, or set it so"
                );
                report.warning("never_taken", format!("/nodes/{node}"), message);
            } else if !connected(handle) && !stood_in_for() {
                self.unconnected(node, rule, report);
            }
        }
    }

    fn unconnected(&self, node: usize, rule: &ExitRule, report: &Report) {
        let (place, handle) = (format!("/nodes/{node}"), &rule.handle);
        let behaviour = self.read[node].behaviour.as_ref();
        let gap = behaviour.and_then(|(_, behaviour)| behaviour.gap());
        match (rule.last, gap) {
            (Last::Required, _) => {
                let way = self.way_to(node);
                let message = format!(
                    "the exit {handle:?} leads nowhere: connect it. A call gets there by {way}"
                );
                report.error("dead_end", place, message);
            }
            (Last::Fail, Some(gap)) => {
                let message = format!(
                    "{gap} no split takes a call, and the exit {handle:?} leads nowhere: cover these hours, or connect it"
                );
                report.warning("gap", place, message);
            }
            (Last::Fail, None) => {
                let message = format!(
                    "the exit {handle:?} leads nowhere, so the call then goes to the campaign's own routing: connect it to have it go elsewhere"
                );
                report.warning("not_connected", place, message);
            }
            (Last::End | Last::NoRoute | Last::NotTaken(_), _) => {}
        }
    }

    /// The way from the start to a node, for people.
    fn way_to(&self, node: usize) -> String {
        let mut steps = vec![self.name(node).to_owned()];
        let mut at = node;
        while let Some((before, handle)) = self.came_by[at] {
            steps.push(format!("{} ({handle})", self.name(before)));
            at = before;
        }
        steps.reverse();
        steps.join(" → ")
    }

    fn name(&self, node: usize) -> &str {
        &self.definition.nodes[node].id
    }

    /// Loops along exits that are taken without anybody being asked or dialled: so many that each
    /// node of one is told at least once, up to a limit.
    fn silent_loops(&self) -> Vec<FlowProblem> {
        let mut problems = Vec::new();
        for way in self.silent_edges().loops(SILENT_LOOPS) {
            let names = way.iter().map(|step| {
                format!("{} ({})", self.name(step.node), self.rules[step.node][step.exit].handle)
            });
            let names: Vec<String> = names.collect();
            let Some(first) = way.first().map(|step| step.node) else { continue };
            let message = format!(
                "a call can go round without ever being asked anything: {} → {}. Ask the caller on the way, or end the call. A call gets there by {}",
                names.join(" → "),
                self.name(first),
                self.way_to(first)
            );
            let report = Report::of(self.name(first));
            report.error("silent_loop", format!("/nodes/{first}"), message);
            problems.extend(report.into_problems());
        }
        problems
    }

    /// From every node that calls reach: the exits that are taken at once, and where they lead.
    fn silent_edges(&self) -> SilentEdges {
        let edges = |node: usize| {
            let can_be = |rule: &ExitRule| rule.silent && !matches!(rule.last, Last::NotTaken(_));
            let rules = self.rules[node].iter().enumerate().filter(|(_, rule)| can_be(rule));
            let edge = |(exit, rule): (usize, &ExitRule)| {
                let own = std::iter::once(&*rule.handle);
                let mut handles = own.chain(rule.alternatives.iter().copied());
                let found = handles.find_map(|handle| self.edges[node].get(handle));
                found.map(|next| (exit, *next))
            };
            if self.reached[node] { rules.filter_map(edge).collect() } else { Vec::new() }
        };
        SilentEdges::new((0..self.edges.len()).map(edges).collect())
    }
}

/// Whether the settings of a node, which has these exits, never take this one.
fn is_never_taken(rules: &[ExitRule], handle: &str) -> bool {
    rules.iter().any(|rule| rule.handle == handle && matches!(rule.last, Last::NotTaken(_)))
}
