//! How a flow is shown: its document, what is wrong with it, and what of it is published.

use callcore::flow::FlowProblem;
use callcore::model::FlowDefinition;
use callcore::port::{FlowRecord, FlowStage};
use callcore::vocabulary::{FlowId, TenantId};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::problems::Inspector;
use crate::http::Failure;
use crate::state::App;

/// Whether calls can run a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum FlowState {
    /// It was never published.
    Draft,
    /// A version of it is published.
    Published,
    /// It was put away: it is not published, and no campaign takes it up.
    Archived,
}

/// A flow: its draft, and what of it is published.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct FlowResource {
    /// Its id.
    pub(super) id: Uuid,
    /// When it was created.
    pub(super) created_at: DateTime<Utc>,
    /// When its draft was last changed.
    pub(super) updated_at: DateTime<Utc>,
    /// Whether calls can run it.
    pub(super) status: FlowState,
    /// The newest version, which new calls run; null where it was never published.
    pub(super) published_version: Option<u32>,
    /// Whether the draft differs from what new calls run.
    pub(super) unpublished_changes: bool,
    /// When it was archived; absent where it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) archived_at: Option<DateTime<Utc>>,
    /// Everything that is wrong with the draft: errors, which forbid publishing, then warnings. In
    /// lists without what is wrong with custom code.
    pub(super) problems: Vec<FlowProblem>,
    /// The draft.
    #[serde(flatten)]
    pub(super) definition: FlowDefinition,
}

/// A flow as it is shown.
///
/// # Errors
/// [`Failure::NotFound`], [`Failure::Unavailable`].
pub(super) async fn shown(app: &App, tenant: TenantId, id: Uuid) -> Result<FlowResource, Failure> {
    let record = app.stores.flows.record(tenant, FlowId::from_uuid(id)).await?;
    let record = record.ok_or(Failure::NotFound)?;
    let mut inspector = Inspector::of(app, tenant, [&record.draft.value]).await?;
    let problems = inspector.problems(&record.draft.value).await?;
    Ok(FlowResource::new(record, problems))
}

impl FlowResource {
    /// A flow with what is wrong with its draft.
    pub(super) fn new(record: FlowRecord, problems: Vec<FlowProblem>) -> Self {
        Self {
            id: record.draft.id,
            created_at: record.draft.created_at,
            updated_at: record.draft.updated_at,
            status: record.stage().into(),
            published_version: record.published,
            unpublished_changes: record.changed,
            archived_at: record.archived_at,
            problems,
            definition: record.draft.value,
        }
    }
}

impl From<FlowStage> for FlowState {
    fn from(stage: FlowStage) -> Self {
        match stage {
            FlowStage::Draft => Self::Draft,
            FlowStage::Published => Self::Published,
            FlowStage::Archived => Self::Archived,
        }
    }
}
