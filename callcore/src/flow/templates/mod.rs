//! Ready-made flows: documents that a tenant copies and makes its own. They name no buyer and no
//! number, so they can be published in any campaign that has buyers.

use std::sync::LazyLock;

use serde::Serialize;

use crate::model::FlowDefinition;

/// A ready-made flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Template {
    /// Its id, which never changes.
    pub id: &'static str,
    /// What people call it.
    pub name: String,
    /// What it is good for.
    pub description: String,
    /// The document to start from.
    pub definition: FlowDefinition,
}

/// Each file beside this one is a template, and its id is the file's name.
const DOCUMENTS: [(&str, &str); 8] = [
    ("ab-split", include_str!("ab-split.json")),
    ("after-hours-voicemail", include_str!("after-hours-voicemail.json")),
    ("agent-queue", include_str!("agent-queue.json")),
    ("caller-screening", include_str!("caller-screening.json")),
    ("day-and-night-teams", include_str!("day-and-night-teams.json")),
    ("holiday-closure", include_str!("holiday-closure.json")),
    ("sales-and-support", include_str!("sales-and-support.json")),
    ("zip-to-auction", include_str!("zip-to-auction.json")),
];

/// Every ready-made flow, in the order of the ids.
pub fn templates() -> &'static [Template] {
    static TEMPLATES: LazyLock<Vec<Template>> =
        LazyLock::new(|| DOCUMENTS.iter().filter_map(|(id, text)| read(id, text)).collect());
    &TEMPLATES
}

fn read(id: &'static str, text: &str) -> Option<Template> {
    // A test reads every document, so none is left out.
    let definition: FlowDefinition = serde_json::from_str(text).ok()?;
    let description = definition.others.get("description").and_then(serde_json::Value::as_str);
    Some(Template {
        id,
        name: definition.name.clone(),
        description: description.unwrap_or_default().to_owned(),
        definition,
    })
}
