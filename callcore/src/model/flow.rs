//! Call flows as documents: what the API, export files and the editor have. What is wrong inside one
//! is found by the core's flow module; a document of the right outer shape is always kept as a draft.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::vocabulary::{BuyerId, Problem, RouterId};

/// A flow: nodes, and connections between their exits and other nodes.
///
/// Only the outer shape is typed: a name, nodes with an id and a type, a list of connections. The
/// rest is kept as it was written, so that a draft loses nothing and every problem of it can be told
/// with its place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct FlowDefinition {
    /// What people call it.
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 200))]
    pub name: String,
    /// Its nodes.
    pub nodes: Vec<FlowNode>,
    /// What leads where.
    pub connections: Vec<FlowConnection>,
    /// Everything else: `description`, and keys that no flow has.
    #[serde(flatten)]
    #[cfg_attr(feature = "schema", schema(additional_properties, value_type = Object))]
    pub others: Map<String, Value>,
}

/// One node of a flow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct FlowNode {
    /// Its id, unique inside the flow.
    pub id: String,
    /// Its type, such as `ivr_menu`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Everything else: `label`, `position`, `notes`, `config`, and keys that no node has.
    #[serde(flatten)]
    #[cfg_attr(feature = "schema", schema(additional_properties, value_type = Object))]
    pub others: Map<String, Value>,
}

/// A connection from one exit of a node to another node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct FlowConnection {
    /// `id`, `source`, `sourceHandle`, `target` and `label`, and keys that no connection has.
    #[serde(flatten)]
    #[cfg_attr(feature = "schema", schema(additional_properties, value_type = Object))]
    pub fields: Map<String, Value>,
}

impl FlowNode {
    /// Its settings, whose keys depend on its type; `None` where there are none.
    pub fn config(&self) -> Option<&Value> {
        self.others.get("config")
    }

    /// What people call it, where that is a text.
    pub fn label(&self) -> Option<&str> {
        self.others.get("label").and_then(Value::as_str)
    }
}

impl FlowConnection {
    /// A connection as the editor writes it.
    pub fn new(id: &str, source: &str, source_handle: &str, target: &str) -> Self {
        let fields =
            [("id", id), ("source", source), ("sourceHandle", source_handle), ("target", target)];
        let fields = fields.map(|(key, value)| (key.to_owned(), Value::from(value)));
        Self { fields: fields.into_iter().collect() }
    }

    /// One of its fields, where it is a text.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.fields.get(key).and_then(Value::as_str)
    }
}

/// What a flow names outside itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlowReferences {
    /// Buyers.
    pub buyers: BTreeSet<BuyerId>,
    /// Routers.
    pub routers: BTreeSet<RouterId>,
}

impl FlowDefinition {
    /// All problems of the outer shape: what forbids keeping the document even as a draft.
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        super::check::name(&mut problems, "/name", &self.name);
        problems
    }

    /// Everything that its nodes name outside the flow, whether or not it exists. What is no id at all
    /// is left to the flow's own check.
    pub fn references(&self) -> FlowReferences {
        let mut references = FlowReferences::default();
        for config in self.nodes.iter().filter_map(FlowNode::config) {
            collect(config, &mut references);
        }
        references
    }
}

/// Documents are at most as deep as the JSON reader allows, so the recursion is bounded.
fn collect(value: &Value, references: &mut FlowReferences) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                match (key.as_str(), value) {
                    ("buyerId", Value::String(id)) => {
                        references.buyers.extend(id.parse::<BuyerId>().ok());
                    }
                    ("routerId", Value::String(id)) => {
                        references.routers.extend(id.parse::<RouterId>().ok());
                    }
                    _ => collect(value, references),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, references)),
        _ => {}
    }
}
