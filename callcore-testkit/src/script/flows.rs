//! Flows in scripts: a line for each node and a line for each connection.

use callcore::flow::{FlowProblem, check};
use callcore::model::{FlowConnection, FlowDefinition, FlowNode};
use serde_json::{Map, Value};

use super::reader::Names;
use super::steps::During;
use super::words::{Read, Words};

/// The types of nodes, as documents write them.
const KINDS: [&str; 11] = [
    "start",
    "ivr_menu",
    "gather_input",
    "play_audio",
    "business_hours",
    "advanced_router",
    "traffic_splitter",
    "tracking_pixel",
    "action",
    "condition",
    "end",
];

/// A flow whose lines are being read.
#[derive(Debug)]
pub(super) struct Draft {
    /// The number of its first line.
    pub(super) line: usize,
    pub(super) name: String,
    pub(super) published: bool,
    pub(super) meanwhile: Option<During>,
    nodes: Vec<FlowNode>,
    connections: Vec<FlowConnection>,
    /// A node whose settings go on in the next line.
    unfinished: Option<Unfinished>,
}

#[derive(Debug)]
struct Unfinished {
    line: usize,
    id: String,
    kind: &'static str,
    settings: String,
}

impl Draft {
    pub(super) fn new(words: &mut Words<'_>, meanwhile: Option<During>) -> Read<Self> {
        let (line, name) = (words.line, words.word("the name of the flow")?.to_owned());
        let published = !words.takes("draft");
        words.end()?;
        let (nodes, connections) = (Vec::new(), Vec::new());
        Ok(Self { line, name, published, meanwhile, nodes, connections, unfinished: None })
    }

    /// Reads a line, if it is one of the flow.
    pub(super) fn line(&mut self, names: &Names, number: usize, line: &str) -> Read<bool> {
        if let Some(mut unfinished) = self.unfinished.take() {
            unfinished.settings.push(' ');
            unfinished.settings.push_str(line);
            self.node(names, unfinished)?;
            return Ok(true);
        }
        let mut words = Words::new(number, line);
        let first = words.word("a line of a flow")?.to_owned();
        if let Some((exit, target)) = line[first.len()..].split_once("->") {
            self.connect(&words, [&first, exit.trim(), target.trim()])?;
            return Ok(true);
        }
        let Some(kind) = words.next().and_then(|word| KINDS.into_iter().find(|one| *one == word))
        else {
            return Ok(false);
        };
        let settings = line.find('{').map_or("{}", |at| &line[at..]).to_owned();
        self.node(names, Unfinished { line: number, id: first, kind, settings })?;
        Ok(true)
    }

    fn connect(&mut self, words: &Words<'_>, [source, exit, target]: [&str; 3]) -> Read<()> {
        if exit.is_empty() || target.is_empty() || target.contains(' ') {
            return Err(words.wrong("a connection such as menu key:1 -> sales", target));
        }
        let id = format!("c{}", self.connections.len() + 1);
        self.connections.push(FlowConnection::new(&id, source, exit, target));
        Ok(())
    }

    fn node(&mut self, names: &Names, unfinished: Unfinished) -> Read<()> {
        let mut settings: Value = match serde_json::from_str(&unfinished.settings) {
            Ok(settings) => settings,
            Err(error) if error.is_eof() => {
                self.unfinished = Some(unfinished);
                return Ok(());
            }
            Err(error) => {
                let words = Words::new(unfinished.line, "");
                return Err(words.wrong(format!("JSON ({error})"), &unfinished.settings));
            }
        };
        identify(&mut settings, names);
        self.nodes.push(node(&unfinished.id, unfinished.kind, settings));
        Ok(())
    }

    /// The document. A flow that does not name a start begins with its first node.
    pub(super) fn definition(self) -> Read<FlowDefinition> {
        let Self { line, name, published, mut nodes, mut connections, unfinished, .. } = self;
        let words = Words::new(line, "");
        if let Some(unfinished) = unfinished {
            return Err(words.wrong("the end of the settings of a node", &unfinished.settings));
        }
        let Some(first) = nodes.first() else {
            return Err(words.wrong("a node such as menu ivr_menu {…}", ""));
        };
        if nodes.iter().all(|node| node.kind != "start") {
            connections.insert(0, FlowConnection::new("c0", "start", "next", &first.id));
            nodes.insert(0, node("start", "start", Value::Object(Map::new())));
        }
        let definition = FlowDefinition { name, nodes, connections, others: Map::new() };
        // A draft may be wrong; what is published may not.
        let problems = check(&definition, None).problems;
        match problems.into_iter().find(|problem| published && FlowProblem::blocks(problem)) {
            Some(problem) => Err(words.wrong(problem.message, &problem.path)),
            None => Ok(definition),
        }
    }
}

fn node(id: &str, kind: &str, settings: Value) -> FlowNode {
    let others = Map::from_iter([("config".to_owned(), settings)]);
    FlowNode { id: id.to_owned(), kind: kind.to_owned(), others }
}

/// Puts ids where a script has the names of buyers.
fn identify(settings: &mut Value, names: &Names) {
    match settings {
        Value::Object(fields) => {
            for (key, value) in fields {
                let known = names.buyers.iter().find(|(name, ..)| *value == name.as_str());
                match known {
                    Some((_, id, _)) if key == "buyerId" => *value = id.to_string().into(),
                    _ => identify(value, names),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| identify(item, names)),
        _ => {}
    }
}
