//! Finds everything that is wrong with a flow, all at once, and compiles one without errors.

mod document;
mod graph;
mod loops;

use std::collections::{BTreeMap, BTreeSet};

use super::node::{self, Behaviour, Mentions, RouteSettings};
use super::problem::{FlowProblem, Report};
use super::program::{Program, ProgramNode};
use super::reader::Reader;
use super::text::{BUILT_IN, Use};
use crate::model::FlowDefinition;
use crate::vocabulary::{BuyerId, RouterId, limits};

/// The variable that a voicemail stores.
const VOICEMAIL_URL: &str = "voicemail_url";

/// What a flow may name outside itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// The tenant's buyers.
    pub buyers: BTreeSet<BuyerId>,
    /// The tenant's routers.
    pub routers: BTreeSet<RouterId>,
    /// Names of call tags that the tenant's campaigns set.
    pub tags: BTreeSet<String>,
}

/// What a check found.
#[derive(Debug)]
pub struct Checked {
    /// The program, unless an error forbids it.
    pub program: Option<Program>,
    /// Every problem: those of the document, of its nodes in their order, of its graph.
    pub problems: Vec<FlowProblem>,
    /// Custom code with its node and its place: its syntax is checked by whoever can run it.
    pub code: Vec<CustomCode>,
}

/// Custom code of a flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomCode {
    /// The node's id.
    pub node_id: String,
    /// A JSON Pointer to it.
    pub path: String,
    /// The body of the function.
    pub code: String,
}

/// Checks a definition. `None` for the surroundings takes whatever it names outside itself as known:
/// a published version was checked when it was published.
pub fn check(definition: &FlowDefinition, around: Option<&Surroundings>) -> Checked {
    let report = Report::default();
    document::check_outline(definition, &report);
    let mut problems = Vec::new();
    let mut read: Vec<ReadNode> = Vec::new();
    for (index, node) in definition.nodes.iter().enumerate() {
        let (node, found) = document::read_node(node, index);
        problems.extend(found);
        read.push(node);
    }
    let by_id: BTreeMap<&str, usize> = definition
        .nodes
        .iter()
        .enumerate()
        .rev()
        .map(|(index, node)| (node.id.as_str(), index))
        .collect();
    let wiring = document::connect(definition, &read, &by_id, &report);
    mention(&read, definition, around, &mut problems);
    check_routes(&read, &report);
    let start = document::start(definition, &report);
    if let Some(start) = start {
        problems.extend(graph::check(definition, &read, &wiring, start));
    }
    let mut all = report.into_problems();
    all.append(&mut problems);
    let code = code(&read, definition);
    let program = match start {
        Some(start) if !all.iter().any(FlowProblem::blocks) => {
            Some(compile(definition, read, wiring.edges, start))
        }
        _ => None,
    };
    Checked { program, problems: all, code }
}

/// Compiles one node by itself, for a preview of what its caller hears. It leads nowhere.
///
/// # Errors
/// The problems of that node; none for a node that is not there.
pub fn compile_node(definition: &FlowDefinition, id: &str) -> Result<Program, Vec<FlowProblem>> {
    let found = definition.nodes.iter().enumerate().find(|(_, node)| node.id == id);
    let Some((index, node)) = found else { return Err(Vec::new()) };
    let (read, problems) = document::read_node(node, index);
    let Some((kind, behaviour)) = read.behaviour else { return Err(problems) };
    let node = ProgramNode { id: node.id.clone(), kind, behaviour, exits: BTreeMap::new() };
    let by_id = BTreeMap::from([(node.id.clone(), 0)]);
    Ok(Program { nodes: vec![node], by_id, start: 0 })
}

/// One node as far as it could be read.
#[derive(Debug)]
struct ReadNode {
    behaviour: Option<(&'static str, Box<dyn Behaviour>)>,
    mentions: Mentions,
}

/// Where the exits of each node lead, by handle.
type Edges = Vec<BTreeMap<String, usize>>;

/// What leads where.
#[derive(Debug)]
struct Wiring {
    edges: Edges,
    /// Exits, each with its node, that lead to a node that is not there.
    dangling: BTreeSet<(usize, String)>,
    /// Exits, each with its node, that are connected already, and where they lead as well.
    second: Vec<(usize, String, usize)>,
}

fn compile(
    definition: &FlowDefinition,
    read: Vec<ReadNode>,
    edges: Edges,
    start: usize,
) -> Program {
    let nodes = definition.nodes.iter().zip(read).zip(edges);
    let nodes = nodes.filter_map(|((node, read), exits)| {
        let (kind, behaviour) = read.behaviour?;
        Some(ProgramNode { id: node.id.clone(), kind, behaviour, exits })
    });
    let nodes: Vec<ProgramNode> = nodes.collect();
    let by_id = nodes.iter().enumerate().map(|(index, node)| (node.id.clone(), index)).collect();
    Program { nodes, by_id, start }
}

fn code(read: &[ReadNode], definition: &FlowDefinition) -> Vec<CustomCode> {
    let nodes = definition.nodes.iter().zip(read);
    let code = nodes.filter_map(|(node, read)| {
        let (code, path) = read.mentions.code.clone()?;
        Some(CustomCode { node_id: node.id.clone(), path, code })
    });
    code.collect()
}

/// Each way to route calls becomes a plan of its own, with all of its candidates.
fn check_routes(read: &[ReadNode], report: &Report) {
    let mut ways: Vec<&RouteSettings> = Vec::new();
    let routes = read.iter().filter_map(|node| node.behaviour.as_ref()?.1.route());
    for route in routes {
        if !ways.contains(&route) {
            ways.push(route);
        }
    }
    let (count, most) = (ways.len(), limits::FLOW_ROUTES);
    if count > most {
        let message = format!(
            "at most {most} nodes may route calls by settings of their own, there are {count}: remove some, or give several the same settings"
        );
        report.error("too_many_routes", "/nodes", message);
    }
}

/// Checks what nodes mention outside themselves: variables, buyers, routers.
fn mention(
    read: &[ReadNode],
    definition: &FlowDefinition,
    around: Option<&Surroundings>,
    problems: &mut Vec<FlowProblem>,
) {
    let stored = read.iter().flat_map(|node| &node.mentions.stores);
    let mut known: BTreeSet<&str> = stored.map(|stored| stored.name.as_str()).collect();
    known.extend(BUILT_IN);
    known.insert(VOICEMAIL_URL);
    let is_heard_of = uses_voicemail_url(read);
    for (node, read) in definition.nodes.iter().zip(read) {
        let report = Report::of(&node.id);
        if let Some(path) = read.mentions.ending.as_ref().filter(|_| !is_heard_of) {
            let message = "`format` is the ending of {voicemail_url}, which nothing uses: send it by a pixel, or remove `format`";
            report.warning("unused", path.as_str(), message);
        }
        for used in &read.mentions.uses {
            check_use(used, &known, around, &report);
        }
        if let Some(around) = around {
            for (buyer, path) in &read.mentions.buyers {
                if !around.buyers.contains(buyer) {
                    let message = format!("there is no buyer {buyer}: choose one that exists");
                    report.error("unknown_buyer", path.as_str(), message);
                }
            }
            for (router, path) in &read.mentions.routers {
                if !around.routers.contains(router) {
                    let message = format!("there is no router {router}: choose one that exists");
                    report.error("unknown_router", path.as_str(), message);
                }
            }
        }
        problems.extend(report.into_problems());
    }
}

/// Whether any text or any custom code uses the address of a voicemail.
fn uses_voicemail_url(read: &[ReadNode]) -> bool {
    read.iter().any(|node| {
        let mentions = &node.mentions;
        let in_code = mentions.code.as_ref().is_some_and(|(code, _)| code.contains(VOICEMAIL_URL));
        in_code || mentions.uses.iter().any(|used| used.name == VOICEMAIL_URL)
    })
}

fn check_use(used: &Use, known: &BTreeSet<&str>, around: Option<&Surroundings>, report: &Report) {
    let name = used.name.as_str();
    // A tag that is named as one may come with any call.
    let Some(around) = around else { return };
    if known.contains(name) || name.starts_with("tag.") || around.tags.contains(name) {
        return;
    }
    let mut names: Vec<&str> = known.iter().copied().collect();
    names.extend(around.tags.iter().map(String::as_str));
    let message = format!(
        "the variable {{{name}}} is unknown: use one of {}, or a call tag as {{tag.NAME}}",
        names.join(", ")
    );
    report.error("unknown_variable", used.path.as_str(), message);
}

impl ReadNode {
    fn new(kind: &str, reader: &Reader<'_>) -> Self {
        let mut mentions = Mentions::default();
        let behaviour = node::read(kind, reader, &mut mentions);
        Self { behaviour, mentions }
    }
}
