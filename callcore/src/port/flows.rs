//! The published versions of flows. Drafts are configuration objects of the
//! [`Registry`](super::Registry).

use std::fmt::Debug;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{RegistryError, StoreError};
use crate::model::{FlowDefinition, FlowReferences, Stored};
use crate::plan::Trial;
use crate::vocabulary::{CampaignId, FlowId, Page, PageRequest, TenantId, TrialId};

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

/// A version in short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowVersionSummary {
    /// Its number, from 1.
    pub number: u32,
    /// The version of the draft that was published.
    pub draft: u64,
    /// When it was published.
    pub published_at: DateTime<Utc>,
    /// What the flow was called.
    pub name: String,
}

/// Where a flow stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowStage {
    /// It was never published.
    Draft,
    /// It has a version that calls can run.
    Published,
    /// It was put away, published or not.
    Archived,
}

/// A flow: its draft, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowRecord {
    /// The draft.
    pub draft: Stored<FlowDefinition>,
    /// The number of the newest version; `None` where it was never published.
    pub published: Option<u32>,
    /// Whether the draft's document is another than the newest version's, or was never published.
    pub changed: bool,
    /// When it was archived; `None` where it is not.
    pub archived_at: Option<DateTime<Utc>>,
}

impl FlowRecord {
    /// Where the flow stands.
    pub const fn stage(&self) -> FlowStage {
        match (self.archived_at, self.published) {
            (Some(_), _) => FlowStage::Archived,
            (None, Some(_)) => FlowStage::Published,
            (None, None) => FlowStage::Draft,
        }
    }
}

/// What a test call shall run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTrial {
    /// The id, which nobody can guess.
    pub id: TrialId,
    /// The flow that it is a trial of.
    pub flow: FlowId,
    /// The campaign whose call it runs in.
    pub campaign: CampaignId,
    /// The document.
    pub definition: FlowDefinition,
}

/// Why there is no trial.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrialError {
    /// The tenant made as many in the last minute as it may.
    #[error("no more trials in this minute")]
    TooMany,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Publishes flows and keeps what was published. A version never changes and outlives the draft, for
/// the calls that are pinned to it.
///
/// An archived flow is published no more, and no campaign that is active names it. Calls that are in
/// it stay in it. It is not archived any more once its draft is deleted.
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
    /// [`RegistryError::NotFound`], [`RegistryError::FlowArchived`], also where the draft is published
    /// already; [`RegistryError::VersionConflict`], [`RegistryError::Store`].
    async fn publish(
        &self,
        tenant: TenantId,
        flow: FlowId,
        draft: u64,
        now: DateTime<Utc>,
    ) -> Result<FlowVersion, RegistryError>;

    /// The newest version of a flow, which is what new calls run.
    ///
    /// **Ordering**: sees every acknowledged publish.
    ///
    /// # Errors
    /// [`StoreError`]; an unknown flow, another tenant's, or one that was never published has none.
    async fn newest(
        &self,
        tenant: TenantId,
        flow: FlowId,
    ) -> Result<Option<FlowVersion>, StoreError>;

    /// The versions of a flow in short, at most `limit` of them: those with a smaller number than
    /// `before`, or all.
    ///
    /// **Ordering**: newest first, which is by number.
    ///
    /// # Errors
    /// [`StoreError`]; an unknown flow, or another tenant's, has none.
    async fn versions(
        &self,
        tenant: TenantId,
        flow: FlowId,
        before: Option<u32>,
        limit: usize,
    ) -> Result<Vec<FlowVersionSummary>, StoreError>;

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

    /// A flow with what became of it.
    ///
    /// **Atomicity**: one instant.
    ///
    /// # Errors
    /// [`StoreError`]; an unknown flow, or another tenant's, is `None`.
    async fn record(
        &self,
        tenant: TenantId,
        flow: FlowId,
    ) -> Result<Option<FlowRecord>, StoreError>;

    /// Lists flows with what became of them: those at a stage, or all.
    ///
    /// **Atomicity**: one instant. **Ordering**: newest first, by creation and then by id, both
    /// descending.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn records(
        &self,
        tenant: TenantId,
        stage: Option<FlowStage>,
        page: PageRequest,
    ) -> Result<Page<FlowRecord>, StoreError>;

    /// Puts a flow away. Its versions stay for the calls that are in them.
    ///
    /// **Atomicity**: with the writes of campaigns: none becomes active with an archived flow.
    /// **Idempotency**: archiving what is archived changes nothing, also not when it was.
    ///
    /// # Errors
    /// [`RegistryError::NotFound`]; [`RegistryError::InUse`] with every active campaign that names
    /// it; [`RegistryError::Store`].
    async fn archive(
        &self,
        tenant: TenantId,
        flow: FlowId,
        now: DateTime<Utc>,
    ) -> Result<(), RegistryError>;

    /// Takes a flow back: it stands where it would if it had never been archived.
    ///
    /// **Idempotency**: restoring what is not archived changes nothing.
    ///
    /// # Errors
    /// [`RegistryError::NotFound`], [`RegistryError::Store`].
    async fn restore(&self, tenant: TenantId, flow: FlowId) -> Result<(), RegistryError>;

    /// Which of these buyers and routers the tenant has.
    ///
    /// **Atomicity**: one instant.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn known(
        &self,
        tenant: TenantId,
        named: FlowReferences,
    ) -> Result<FlowReferences, StoreError>;

    /// Keeps the document that one test call runs. Trials are numbered in each flow from
    /// [`limits::FIRST_TRIAL`](crate::vocabulary::limits::FIRST_TRIAL); they are no versions, and no
    /// campaign takes one. Of each flow the newest
    /// [`limits::FLOW_TRIALS`](crate::vocabulary::limits::FLOW_TRIALS) are kept.
    ///
    /// **Atomicity**: of several at once each number is given once, and no more are made than may be.
    /// **Idempotency**: by the id; a known trial is answered as it is. **Ordering**: once this is
    /// acknowledged, [`Directory::trial`](super::Directory::trial) and
    /// [`Directory::source`](super::Directory::source) of every process answer it.
    ///
    /// # Errors
    /// [`TrialError::TooMany`] where the tenant made
    /// [`limits::TRIALS_PER_MINUTE`](crate::vocabulary::limits::TRIALS_PER_MINUTE) in the minute before
    /// `now`, [`TrialError::Store`].
    async fn try_out(
        &self,
        tenant: TenantId,
        trial: NewTrial,
        now: DateTime<Utc>,
    ) -> Result<Trial, TrialError>;
}
