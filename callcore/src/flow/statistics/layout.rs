//! What of a flow's document its figures are measured against.

use std::collections::BTreeMap;

use chrono_tz::Tz;

use crate::flow::check::compile_node;
use crate::model::FlowDefinition;

/// The zones and shares of one version of a flow. Without one, hours are counted in UTC and shares
/// are compared with nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout(BTreeMap<String, NodeLayout>);

/// The same of one node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct NodeLayout {
    /// By whose wall clock calls are counted.
    pub(super) zone: Option<Tz>,
    /// The branches of a splitter, each with its share in millionths where it has one.
    pub(super) branches: Vec<(String, Option<u32>)>,
}

impl Layout {
    /// Reads a document.
    pub fn of(definition: &FlowDefinition) -> Self {
        let counted = |kind: &str| matches!(kind, "business_hours" | "traffic_splitter");
        let nodes = definition.nodes.iter().filter(|node| counted(&node.kind));
        let layouts = nodes.filter_map(|node| {
            let program = compile_node(definition, &node.id).ok()?;
            let behaviour = &program.node(&node.id)?.behaviour;
            let layout =
                NodeLayout { zone: behaviour.counting_zone(), branches: behaviour.branches() };
            Some((node.id.clone(), layout))
        });
        Self(layouts.collect())
    }

    pub(super) fn node(&self, id: &str) -> Option<&NodeLayout> {
        self.0.get(id)
    }
}
