//! The document itself: keys, ids, limits, and connections between nodes that exist.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::super::node::KINDS;
use super::super::problem::{FlowProblem, Report};
use super::super::reader::{Reader, shape};
use super::{ReadNode, Wiring};
use crate::model::{FlowConnection, FlowDefinition, FlowNode};
use crate::vocabulary::limits;

/// Keys of the document beside its outer shape, of a node and of a connection.
const OF_FLOW: [&str; 1] = ["description"];
const OF_NODE: [&str; 4] = ["label", "position", "notes", "config"];
const OF_CONNECTION: [&str; 5] = ["id", "source", "sourceHandle", "target", "label"];

/// Checks keys, limits and ids.
pub(super) fn check_outline(definition: &FlowDefinition, report: &Report) {
    unknown_keys(&definition.others, "", &OF_FLOW, report);
    text(&definition.others, "description", "", report);
    if definition.name.trim().is_empty() {
        report.error("blank", "/name", "the flow has no name: give one");
    }
    let (nodes, connections) = (definition.nodes.len(), definition.connections.len());
    if nodes > limits::FLOW_NODES {
        let most = limits::FLOW_NODES;
        let message = format!("at most {most} nodes are allowed, there are {nodes}: remove some");
        report.error("too_many", "/nodes", message);
    }
    if connections > limits::FLOW_CONNECTIONS {
        let most = limits::FLOW_CONNECTIONS;
        let message =
            format!("at most {most} connections are allowed, there are {connections}: remove some");
        report.error("too_many", "/connections", message);
    }
    let mut ids = BTreeSet::new();
    for (index, node) in definition.nodes.iter().enumerate() {
        let about = Report::of(&node.id);
        let path = format!("/nodes/{index}/id");
        if node.id.is_empty() || node.id.len() > limits::FLOW_ID_BYTES {
            let most = limits::FLOW_ID_BYTES;
            let message = format!("the id is empty or too long: give one of 1 to {most} bytes");
            about.error("bad_id", path, message);
        } else if !ids.insert(node.id.as_str()) {
            let message = format!(
                "another node has the id {:?} already: give this one an id of its own",
                node.id
            );
            about.error("duplicate_id", path, message);
        }
        report.append(about);
    }
}

/// Reads one node with everything that is wrong with it alone.
pub(super) fn read_node(node: &FlowNode, index: usize) -> (ReadNode, Vec<FlowProblem>) {
    let report = Report::of(&node.id);
    let place = format!("/nodes/{index}");
    unknown_keys(&node.others, &place, &OF_NODE, &report);
    text(&node.others, "label", &place, &report);
    text(&node.others, "notes", &place, &report);
    position(&node.others, &place, &report);
    if !KINDS.contains(&node.kind.as_str()) {
        let message =
            format!("{:?} is no type of node: choose one of {}", node.kind, KINDS.join(", "));
        report.error("unknown_type", format!("{place}/type"), message);
    }
    let reader = Reader::new(node.config(), format!("{place}/config"), &report);
    let mut read = ReadNode::new(&node.kind, &reader);
    if report.blocks() && !KINDS.contains(&node.kind.as_str()) {
        read.behaviour = None;
    }
    (read, report.into_problems())
}

/// Reads the connections, and the settings that stand for one.
pub(super) fn connect(
    definition: &FlowDefinition,
    read: &[ReadNode],
    by_id: &BTreeMap<&str, usize>,
    report: &Report,
) -> Wiring {
    let edges = vec![BTreeMap::new(); definition.nodes.len()];
    let mut wiring = Wiring { edges, dangling: BTreeSet::new(), second: Vec::new() };
    let mut ids = BTreeSet::new();
    for (index, connection) in definition.connections.iter().enumerate() {
        let place = format!("/connections/{index}");
        let source = connection.text("source").and_then(|id| by_id.get(id)).copied();
        let about =
            source.map_or_else(Report::default, |source| Report::of(&definition.nodes[source].id));
        check_fields(connection, &place, &about);
        if let Some(id) = connection.text("id").filter(|id| !ids.insert(*id)) {
            let message = format!(
                "another connection has the id {id:?} already: give this one an id of its own"
            );
            about.error("duplicate_id", format!("{place}/id"), message);
        }
        if let Some((source, handle, target)) = ends(connection, &place, &about) {
            let source = known(source, by_id, &format!("{place}/source"), &about);
            if let Some(source) = source {
                check_handle(&read[source], handle, &format!("{place}/sourceHandle"), &about);
            }
            let path = format!("{place}/target");
            let target = check_target(definition, target, by_id, &path, &about);
            if let Some(source) = source {
                join(&mut wiring, source, handle, target, &place, &about);
            }
        }
        report.append(about);
    }
    for (source, node) in read.iter().enumerate() {
        let about = Report::of(&definition.nodes[source].id);
        for shortcut in &node.mentions.shortcuts {
            let (handle, path) = (&shortcut.handle, &shortcut.path);
            let target = check_target(definition, &shortcut.target, by_id, path, &about);
            join(&mut wiring, source, handle, target, path, &about);
        }
        report.append(about);
    }
    wiring
}

fn check_fields(connection: &FlowConnection, place: &str, report: &Report) {
    unknown_keys(&connection.fields, place, &OF_CONNECTION, report);
    for key in OF_CONNECTION {
        text(&connection.fields, key, place, report);
    }
    if connection.text("id").is_some_and(|id| id.len() > limits::FLOW_ID_BYTES) {
        let message =
            format!("the id is too long: give one of at most {} bytes", limits::FLOW_ID_BYTES);
        report.error("bad_id", format!("{place}/id"), message);
    }
}

/// The one node that every call enters.
pub(super) fn start(definition: &FlowDefinition, report: &Report) -> Option<usize> {
    let nodes = definition.nodes.iter().enumerate();
    let mut starts = nodes.filter(|(_, node)| node.kind == "start").map(|(index, _)| index);
    let first = starts.next();
    if first.is_none() {
        report.error(
            "no_start",
            "/nodes",
            "no call can enter the flow: add a node of the type start",
        );
    }
    for another in starts {
        let message = "a flow has one start: remove the others";
        let about = Report::of(&definition.nodes[another].id);
        about.error("several_starts", format!("/nodes/{another}/type"), message);
        report.append(about);
    }
    first
}

fn ends<'a>(
    connection: &'a FlowConnection,
    place: &str,
    report: &Report,
) -> Option<(&'a str, &'a str, &'a str)> {
    let end = |key: &str| {
        let found = connection.text(key);
        if !connection.fields.contains_key(key) {
            let message = format!("the connection has no `{key}`: give it");
            report.error("missing", format!("{place}/{key}"), message);
        }
        found
    };
    let (source, handle, target) = (end("source"), end("sourceHandle"), end("target"));
    Some((source?, handle?, target?))
}

fn known(id: &str, by_id: &BTreeMap<&str, usize>, path: &str, report: &Report) -> Option<usize> {
    let found = by_id.get(id).copied();
    if found.is_none() {
        let message = format!("there is no node {id:?}: connect to one that exists");
        report.error("unknown_node", path, message);
    }
    found
}

fn check_handle(node: &ReadNode, handle: &str, path: &str, report: &Report) {
    let Some((kind, behaviour)) = &node.behaviour else { return };
    let rules = behaviour.exits();
    if rules.iter().any(|rule| rule.handle == handle) {
        return;
    }
    let exits: Vec<&str> = rules.iter().map(|rule| &*rule.handle).collect();
    let message = if exits.is_empty() {
        format!("a node like this {kind} has no exits: remove the connection")
    } else {
        format!("{handle:?} is no exit of this {kind}: choose one of {}", exits.join(", "))
    };
    report.error("unknown_exit", path, message);
}

/// The node that something leads to: one that exists, and not the start.
fn check_target(
    definition: &FlowDefinition,
    id: &str,
    by_id: &BTreeMap<&str, usize>,
    path: &str,
    report: &Report,
) -> Option<usize> {
    let target = known(id, by_id, path, report)?;
    if definition.nodes[target].kind == "start" {
        let message = "no connection leads into the start: connect to the node behind it";
        report.error("into_start", path, message);
    }
    Some(target)
}

/// Connects an exit, once. Without a target, it leads to a node that is not there.
fn join(
    wiring: &mut Wiring,
    source: usize,
    handle: &str,
    target: Option<usize>,
    path: &str,
    report: &Report,
) {
    let Some(target) = target else {
        wiring.dangling.insert((source, handle.to_owned()));
        return;
    };
    let first = *wiring.edges[source].entry(handle.to_owned()).or_insert(target);
    if first != target {
        wiring.second.push((source, handle.to_owned(), target));
        let message = format!("the exit {handle:?} leads to two nodes: keep one of them");
        report.error("exit_connected_twice", path, message);
    }
}

fn unknown_keys(fields: &Map<String, Value>, place: &str, known: &[&str], report: &Report) {
    for key in fields.keys().filter(|key| !known.contains(&key.as_str())) {
        let message =
            format!("{key:?} is unknown here: remove it, or use one of {}", known.join(", "));
        report.error("unknown_key", format!("{place}/{}", escaped(key)), message);
    }
}

fn text(fields: &Map<String, Value>, key: &str, place: &str, report: &Report) {
    match fields.get(key) {
        None | Some(Value::Null) => {}
        Some(Value::String(text)) => {
            let most = limits::TEXT_CHARACTERS;
            if text.chars().count() > most {
                let message = format!("at most {most} characters are allowed: shorten it");
                report.error("too_long", format!("{place}/{key}"), message);
            }
        }
        Some(other) => {
            let message = format!("a text is expected instead of {}: replace it", shape(other));
            report.error("wrong_type", format!("{place}/{key}"), message);
        }
    }
}

fn position(fields: &Map<String, Value>, place: &str, report: &Report) {
    let Some(position) = fields.get("position").filter(|position| !position.is_null()) else {
        return;
    };
    let is_place = position.as_object().is_some_and(|fields| {
        fields.len() == 2
            && ["x", "y"].iter().all(|key| fields.get(*key).is_some_and(Value::is_number))
    });
    if !is_place {
        let message = "the position is no pair of numbers: give {\"x\": 0, \"y\": 0}";
        report.error("bad_position", format!("{place}/position"), message);
    }
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
