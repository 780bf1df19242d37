//! How a flow is shown: its document, what is wrong with it, and what of it is published.

use callcore::flow::FlowProblem;
use callcore::model::{FlowDefinition, Stored};
use callcore::port::FlowVersion;
use callcore::vocabulary::{FlowId, TenantId};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::draft::Draft;
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
    /// The version that new calls run; null where it was never published.
    pub(super) published_version: Option<u32>,
    /// Whether the draft differs from what new calls run.
    pub(super) unpublished_changes: bool,
    /// Everything that is wrong with the draft: errors, which forbid publishing, then warnings.
    pub(super) problems: Vec<FlowProblem>,
    /// The draft.
    #[serde(flatten)]
    pub(super) definition: FlowDefinition,
}

/// The version of a flow that new calls run.
pub(super) async fn newest(
    app: &App,
    tenant: TenantId,
    id: Uuid,
) -> Result<Option<FlowVersion>, Failure> {
    let versions = app.stores.flows.versions(tenant, FlowId::from_uuid(id)).await?;
    Ok(versions.into_iter().next())
}

/// A flow as it is shown.
pub(super) async fn shown(
    app: &App,
    tenant: TenantId,
    stored: Stored<Draft>,
) -> Result<FlowResource, Failure> {
    let mut inspector = Inspector::of(app, tenant, [&stored.value.0]).await?;
    shown_by(&mut inspector, stored).await
}

/// A flow as it is shown, by an inspector that knows what it names.
pub(super) async fn shown_by(
    inspector: &mut Inspector<'_>,
    stored: Stored<Draft>,
) -> Result<FlowResource, Failure> {
    let newest = newest(inspector.app, inspector.tenant, stored.id).await?;
    let problems = inspector.problems(&stored.value.0).await?;
    let published = newest.as_ref().map(|newest| &newest.definition);
    Ok(FlowResource {
        id: stored.id,
        created_at: stored.created_at,
        updated_at: stored.updated_at,
        status: if newest.is_some() { FlowState::Published } else { FlowState::Draft },
        unpublished_changes: published != Some(&stored.value.0),
        published_version: newest.map(|newest| newest.number),
        problems,
        definition: stored.value.0,
    })
}
