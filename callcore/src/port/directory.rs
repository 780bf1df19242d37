//! The configuration as plans read it.

use std::fmt::Debug;

use async_trait::async_trait;

use super::StoreError;
use crate::model::{Assignment, Buyer, Campaign, CampaignStatus, Number, Stored};
use crate::vocabulary::{CampaignId, TenantId};

/// A buyer with its assignment to a campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssignedBuyer {
    /// The assignment; its id is the buyer's.
    pub assignment: Stored<Assignment>,
    /// The buyer.
    pub buyer: Stored<Buyer>,
}

/// A campaign that names a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberUse {
    /// Which campaign.
    pub campaign: CampaignId,
    /// What people call it.
    pub name: String,
    /// Where it stands.
    pub status: CampaignStatus,
}

/// Everything that a campaign's plan is compiled from, as of one revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Whose it is.
    pub tenant: TenantId,
    /// The revision of the tenant's configuration.
    pub revision: u64,
    /// The campaign.
    pub campaign: Stored<Campaign>,
    /// Its number, where it names one that exists.
    pub number: Option<Stored<Number>>,
    /// Other campaigns that name the same number.
    pub number_also_used_by: Vec<NumberUse>,
    /// Its buyers, in the order of their assignment.
    pub buyers: Vec<AssignedBuyer>,
}

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

    /// Everything that a campaign's plan is compiled from.
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
    ) -> Result<Option<Source>, StoreError>;
}
