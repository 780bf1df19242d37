//! Flows to call.

use callcore::model::FlowDefinition;
use serde_json::{Value, json};

/// A flow of nodes (id, type, settings) and connections (source, exit, target) behind a start that
/// leads to the first node.
pub(crate) fn flow(
    nodes: &[(&str, &str, Value)],
    connections: &[(&str, &str, &str)],
) -> FlowDefinition {
    let start = json!({ "id": "start", "type": "start" });
    let nodes =
        nodes.iter().map(|(id, kind, config)| json!({ "id": id, "type": kind, "config": config }));
    let nodes: Vec<Value> = std::iter::once(start).chain(nodes).collect();
    let first = nodes[1]["id"].as_str().unwrap().to_owned();
    let connections =
        std::iter::once(("start", "next", first.as_str())).chain(connections.iter().copied());
    let connections = connections.enumerate().map(|(index, (source, handle, target))| {
        json!({ "id": format!("c{index}"), "source": source, "sourceHandle": handle,
            "target": target })
    });
    let document = json!({ "name": "Test", "nodes": nodes,
        "connections": connections.collect::<Vec<_>>() });
    serde_json::from_value(document).unwrap()
}

/// A flow that fires a pixel and says goodbye.
pub(crate) fn pixel(url: &str, retries: u32) -> FlowDefinition {
    let settings = json!({ "pixelUrl": url, "timeout": 20, "retries": retries });
    flow(
        &[("pixel", "tracking_pixel", settings), ("bye", "end", json!({ "message": "Goodbye." }))],
        &[("pixel", "next", "bye")],
    )
}

/// A menu whose only option says this.
pub(crate) fn menu(message: &str) -> FlowDefinition {
    let options = json!([{ "key": "1", "label": "Go on" }]);
    flow(
        &[
            ("menu", "ivr_menu", json!({ "message": "Press 1.", "options": options })),
            ("bye", "end", json!({ "message": message })),
        ],
        &[("menu", "key:1", "bye")],
    )
}
