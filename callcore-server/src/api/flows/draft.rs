//! A flow in a body, and a flow in the registry: as a draft, or as a template of drafts.

use callcore::model::{FlowDefinition, Kind, Object, WrongKind};
use callcore::vocabulary::{Problem, limits};
use utoipa::ToSchema;

use crate::api::resource::Configured;
use crate::http::Document;

/// Whatever a client read of a flow, a version or a template can be sent back as a flow.
impl Document for FlowDefinition {
    const READ_ONLY: &'static [&'static str] = &[
        "id",
        "createdAt",
        "updatedAt",
        "status",
        "publishedVersion",
        "unpublishedChanges",
        "problems",
        "version",
        "publishedAt",
        "builtIn",
        "archivedAt",
    ];
    const MOST_BYTES: usize = limits::FLOW_BYTES;

    fn check(&self) -> Vec<Problem> {
        Self::check(self)
    }
}

/// The draft of a flow.
#[derive(Clone, Debug, ToSchema)]
pub(super) struct Draft(pub(super) FlowDefinition);

/// A flow that others are begun from.
#[derive(Clone, Debug, ToSchema)]
pub(super) struct Template(pub(super) FlowDefinition);

impl Configured for Draft {
    const KIND: Kind = Kind::Flow;
}

impl Configured for Template {
    const KIND: Kind = Kind::FlowTemplate;
}

impl From<Draft> for Object {
    fn from(draft: Draft) -> Self {
        Self::Flow(Box::new(draft.0))
    }
}

impl From<Template> for Object {
    fn from(template: Template) -> Self {
        Self::FlowTemplate(Box::new(template.0))
    }
}

impl TryFrom<Object> for Draft {
    type Error = WrongKind;

    fn try_from(object: Object) -> Result<Self, WrongKind> {
        match object {
            Object::Flow(flow) => Ok(Self(*flow)),
            other => Err(WrongKind { expected: Kind::Flow, found: other.kind() }),
        }
    }
}

impl TryFrom<Object> for Template {
    type Error = WrongKind;

    fn try_from(object: Object) -> Result<Self, WrongKind> {
        match object {
            Object::FlowTemplate(flow) => Ok(Self(*flow)),
            other => Err(WrongKind { expected: Kind::FlowTemplate, found: other.kind() }),
        }
    }
}
