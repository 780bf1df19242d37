//! Loops of a graph: its strongly connected parts first, in linear time, and only inside those the
//! shortest ways round.

use std::collections::VecDeque;

/// From each node: the exit that is taken, by its place among the node's exits, and where it leads.
#[derive(Debug)]
pub(super) struct SilentEdges {
    edges: Vec<Vec<(usize, usize)>>,
}

/// One step of a way round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// The node that is left.
    pub(super) node: usize,
    /// By which of its exits.
    pub(super) exit: usize,
}

/// Where the search for strongly connected parts stands: R. Tarjan, "Depth-first search and linear
/// graph algorithms", SIAM Journal on Computing 1 (1972) 146–160, without recursion.
#[derive(Debug)]
struct Search {
    /// When each node was first met, from 1; 0 before.
    met: Vec<usize>,
    /// The earliest node that is known to be reached from each one.
    earliest: Vec<usize>,
    open: Vec<usize>,
    is_open: Vec<bool>,
    /// The part of each node that is done.
    part: Vec<usize>,
    parts: usize,
    clock: usize,
}

impl SilentEdges {
    pub(super) const fn new(edges: Vec<Vec<(usize, usize)>>) -> Self {
        Self { edges }
    }

    /// Ways round, each the shortest through its first node, until every node that lies on a loop is
    /// part of one, or until there are so many; in the order of their first nodes.
    pub(super) fn loops(&self, most: usize) -> Vec<Vec<Step>> {
        let parts = self.parts();
        let mut done = vec![false; self.edges.len()];
        let mut loops = Vec::new();
        for node in 0..self.edges.len() {
            if loops.len() == most {
                break;
            }
            if done[node] {
                continue;
            }
            if let Some(way) = self.way_back(node, &parts) {
                way.iter().for_each(|step| done[step.node] = true);
                loops.push(way);
            }
        }
        loops
    }

    /// The strongly connected part of each node.
    fn parts(&self) -> Vec<usize> {
        let size = self.edges.len();
        let mut search = Search {
            met: vec![0; size],
            earliest: vec![0; size],
            open: Vec::new(),
            is_open: vec![false; size],
            part: vec![0; size],
            parts: 0,
            clock: 0,
        };
        for node in 0..size {
            if search.met[node] == 0 {
                self.search(node, &mut search);
            }
        }
        search.part
    }

    fn search(&self, root: usize, search: &mut Search) {
        search.meet(root);
        // Nodes on the way down, each with the next of its edges.
        let mut way = vec![(root, 0)];
        while let Some((node, edge)) = way.last_mut() {
            let node = *node;
            let Some((_, next)) = self.edges[node].get(*edge).copied() else {
                way.pop();
                if let Some((before, _)) = way.last() {
                    search.earliest[*before] = search.earliest[*before].min(search.earliest[node]);
                }
                search.leave(node);
                continue;
            };
            *edge += 1;
            if search.met[next] == 0 {
                search.meet(next);
                way.push((next, 0));
            } else if search.is_open[next] {
                search.earliest[node] = search.earliest[node].min(search.met[next]);
            }
        }
    }

    /// The shortest way from a node back to itself, if there is one: it stays inside the part.
    fn way_back(&self, from: usize, parts: &[usize]) -> Option<Vec<Step>> {
        let mut came_by: Vec<Option<Step>> = vec![None; self.edges.len()];
        let mut queue = VecDeque::from([from]);
        while let Some(node) = queue.pop_front() {
            let inside = self.edges[node].iter().filter(|(_, next)| parts[*next] == parts[from]);
            for (exit, next) in inside.copied() {
                let step = Step { node, exit };
                if next == from {
                    return Some(way_to(step, &came_by));
                }
                if came_by[next].is_none() {
                    came_by[next] = Some(step);
                    queue.push_back(next);
                }
            }
        }
        None
    }
}

impl Search {
    fn meet(&mut self, node: usize) {
        self.clock += 1;
        self.met[node] = self.clock;
        self.earliest[node] = self.clock;
        self.open.push(node);
        self.is_open[node] = true;
    }

    /// Closes the part of which a node is the first that was met.
    fn leave(&mut self, node: usize) {
        if self.earliest[node] != self.met[node] {
            return;
        }
        while let Some(member) = self.open.pop() {
            self.is_open[member] = false;
            self.part[member] = self.parts;
            if member == node {
                break;
            }
        }
        self.parts += 1;
    }
}

/// The way whose last step is given; the node where it began has none before it.
fn way_to(last: Step, came_by: &[Option<Step>]) -> Vec<Step> {
    let mut way = vec![last];
    let mut at = last.node;
    while let Some(step) = came_by[at] {
        way.push(step);
        at = step.node;
    }
    way.reverse();
    way
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// Whether a node can come back to itself, by trying all ways.
    fn comes_back(edges: &[Vec<(usize, usize)>], from: usize) -> bool {
        let mut seen = vec![false; edges.len()];
        let mut left = vec![from];
        while let Some(node) = left.pop() {
            for (_, next) in &edges[node] {
                if *next == from {
                    return true;
                }
                if !std::mem::replace(&mut seen[*next], true) {
                    left.push(*next);
                }
            }
        }
        false
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn every_node_on_a_loop_is_told_and_no_other(
            targets in (1_usize..12).prop_flat_map(|size| vec(vec(0..size, 0..4), size)),
        ) {
            let edges: Vec<Vec<(usize, usize)>> =
                targets.iter().map(|to| to.iter().copied().enumerate().collect()).collect();
            let loops = SilentEdges::new(edges.clone()).loops(usize::MAX);
            let mut told = vec![false; edges.len()];
            for way in &loops {
                for (at, step) in way.iter().enumerate() {
                    let next = way[(at + 1) % way.len()].node;
                    prop_assert!(edges[step.node].contains(&(step.exit, next)), "{way:?}");
                    told[step.node] = true;
                }
            }
            for (node, told) in told.into_iter().enumerate() {
                prop_assert_eq!(told, comes_back(&edges, node), "node {} of {:?}", node, edges);
            }
        }
    }
}
