//! The published versions of flows. Drafts are configuration objects of the
//! [`Registry`](super::Registry).

use std::fmt::Debug;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{RegistryError, StoreError};
use crate::model::FlowDefinition;
use crate::vocabulary::{FlowId, TenantId};

/// One published version of a flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowVersion {
    /// Its number, from 1.
    pub number: u32,
    /// The version of the draft that was published.
    pub draft: u64,
    /// When it was published.
    pub published_at: DateTime<Utc>,
    /// Its document.
    pub definition: FlowDefinition,
}

/// Publishes flows and keeps what was published. A version never changes and outlives the draft, for
/// the calls that are pinned to it.
#[async_trait]
pub trait Flows: Debug + Send + Sync {
    /// Publishes the draft as the next version, if the draft still is at `draft`, the version that was
    /// checked.
    ///
    /// **Atomicity**: compare and set, with the raised revision; of several at once each number is
    /// given once. **Idempotency**: publishing a draft that is published already answers the version
    /// that there is.
    ///
    /// # Errors
    /// [`RegistryError::NotFound`], [`RegistryError::VersionConflict`], [`RegistryError::Store`].
    async fn publish(
        &self,
        tenant: TenantId,
        flow: FlowId,
        draft: u64,
        now: DateTime<Utc>,
    ) -> Result<FlowVersion, RegistryError>;

    /// All versions of a flow.
    ///
    /// **Ordering**: newest first.
    ///
    /// # Errors
    /// [`StoreError`]; an unknown flow, or another tenant's, has none.
    async fn versions(
        &self,
        tenant: TenantId,
        flow: FlowId,
    ) -> Result<Vec<FlowVersion>, StoreError>;

    /// One version of a flow.
    ///
    /// # Errors
    /// [`StoreError`]; an unknown version, or another tenant's, is `None`.
    async fn version(
        &self,
        tenant: TenantId,
        flow: FlowId,
        number: u32,
    ) -> Result<Option<FlowVersion>, StoreError>;
}
