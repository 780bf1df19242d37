//! The configuration as plans read it.

use std::fmt::Debug;

use async_trait::async_trait;

use super::StoreError;
use crate::plan::{PinnedFlow, Source, Trial};
use crate::vocabulary::{CampaignId, TenantId, TrialId};

/// Reads what a tenant configured.
#[async_trait]
pub trait Directory: Debug + Send + Sync {
    /// The newest revision of a tenant's configuration that this process knows of. Reads memory
    /// only: it is asked on every webhook.
    ///
    /// **Ordering**: once a [`Registry`](super::Registry) of the same process has acknowledged a
    /// change, this answers a higher revision than before it. A change by another process shows
    /// within a second where the store is shared.
    fn revision(&self, tenant: TenantId) -> u64;

    /// The same for the question which number belongs to whom, over all tenants.
    ///
    /// **Ordering**: as [`Directory::revision`].
    fn numbers_revision(&self) -> u64;

    /// Everything that a campaign's plan is compiled from. `flow` names the version or trial that a
    /// call is pinned to; it is answered even where the campaign names another flow by now, or none.
    ///
    /// **Atomicity**: all parts are of one instant. **Ordering**: the answer is no older than the
    /// last acknowledged change of the same process, and its revision no newer than its parts.
    ///
    /// # Errors
    /// [`StoreError`]; an unknown campaign, or another tenant's, is `None`.
    async fn source(
        &self,
        tenant: TenantId,
        campaign: CampaignId,
        flow: Option<PinnedFlow>,
    ) -> Result<Option<Source>, StoreError>;

    /// A trial of a flow.
    ///
    /// **Ordering**: sees every acknowledged trial of every process.
    ///
    /// # Errors
    /// [`StoreError`]; an unknown trial, one that newer ones took the place of, or another tenant's, is
    /// `None`.
    async fn trial(&self, tenant: TenantId, trial: TrialId) -> Result<Option<Trial>, StoreError>;
}
