//! Configuration objects, written and read by the API.

use std::borrow::Cow;
use std::fmt::Debug;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::StoreError;
use crate::model::{Assignment, Kind, Object, Stored, TargetAssignment};
use crate::vocabulary::{BuyerId, CampaignId, Page, PageRequest, TargetId, TenantId};

/// Something that holds on to something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its kind.
    pub kind: Kind,
    /// Its id.
    pub id: Uuid,
    /// What people call it.
    pub name: String,
}

/// Why the registry did not write.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// There is no such object of this tenant.
    #[error("there is no such {0}")]
    NotFound(Kind),
    /// Somebody else wrote it since it was read.
    #[error("the object was changed since it was read")]
    VersionConflict,
    /// Somebody, perhaps another tenant, holds this number already.
    #[error("this number is not available")]
    NumberUnavailable,
    /// An active campaign routes this number already.
    #[error("the campaign {:?} is active on the same number", .0.name)]
    NumberInUse(Holder),
    /// Other objects hold on to it.
    #[error("it is still in use")]
    InUse(Vec<Holder>),
    /// The object names another one that does not exist.
    #[error("the {kind} that {path} names does not exist")]
    UnknownReference {
        /// Where the name stands: a JSON Pointer.
        path: Cow<'static, str>,
        /// The kind of the object that is missing.
        kind: Kind,
    },
    /// The flow is archived: it is not published, and no campaign takes it up.
    #[error("the flow is archived")]
    FlowArchived,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Creates, reads, replaces, deletes and lists what a tenant configures. Objects come checked: the
/// registry guards only what spans objects.
#[async_trait]
pub trait Registry: Debug + Send + Sync {
    /// Creates an object.
    ///
    /// **Atomicity**: the object and the raised revision appear together or not at all.
    /// **Idempotency**: none; a second create of the same id is [`RegistryError::VersionConflict`].
    ///
    /// # Errors
    /// [`RegistryError::NumberUnavailable`] for a number that any tenant holds, also where two
    /// create it at once; [`RegistryError::UnknownReference`] for a campaign that names a number, a
    /// router or a flow, or a router that names a target, which this tenant does not have;
    /// [`RegistryError::FlowArchived`] for a campaign that names an archived flow;
    /// [`RegistryError::NumberInUse`] as for [`Registry::replace`]; [`RegistryError::Store`].
    async fn create(
        &self,
        tenant: TenantId,
        id: Uuid,
        object: Object,
        now: DateTime<Utc>,
    ) -> Result<Stored<Object>, RegistryError>;

    /// Reads an object.
    ///
    /// # Errors
    /// [`StoreError`]; an unknown object, or another tenant's, is `None`.
    async fn read(
        &self,
        tenant: TenantId,
        kind: Kind,
        id: Uuid,
    ) -> Result<Option<Stored<Object>>, StoreError>;

    /// Replaces an object, if it still has the version that was read.
    ///
    /// **Atomicity**: compare and set, with the raised revision. Of several at once with the same
    /// version exactly one succeeds. Two campaigns are never active on one number.
    ///
    /// # Errors
    /// [`RegistryError::NotFound`], [`RegistryError::VersionConflict`],
    /// [`RegistryError::NumberUnavailable`], [`RegistryError::NumberInUse`] for an active campaign
    /// whose number another active one has, [`RegistryError::UnknownReference`],
    /// [`RegistryError::FlowArchived`] for a campaign that names an archived flow and is active or
    /// named another one before; [`RegistryError::Store`].
    async fn replace(
        &self,
        tenant: TenantId,
        id: Uuid,
        version: u64,
        object: Object,
        now: DateTime<Utc>,
    ) -> Result<Stored<Object>, RegistryError>;

    /// Deletes an object; a campaign's assignments go with it.
    ///
    /// **Atomicity**: everything or nothing, with the raised revision. Calls stay.
    ///
    /// # Errors
    /// [`RegistryError::NotFound`]; [`RegistryError::InUse`] for a buyer or target that is assigned,
    /// a target that a router names, or a number, router or flow that a campaign names;
    /// [`RegistryError::Store`].
    async fn delete(&self, tenant: TenantId, kind: Kind, id: Uuid) -> Result<(), RegistryError>;

    /// Lists the objects of a kind.
    ///
    /// **Ordering**: newest first, by creation and then by id, both descending. Following the
    /// cursors meets every object that exists throughout exactly once.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn list(
        &self,
        tenant: TenantId,
        kind: Kind,
        page: PageRequest,
    ) -> Result<Page<Stored<Object>>, StoreError>;

    /// Assigns a buyer to a campaign, or replaces the assignment.
    ///
    /// **Atomicity**: with the raised revision. **Idempotency**: the same assignment twice is one
    /// assignment; `created_at` stays.
    ///
    /// # Errors
    /// [`RegistryError::NotFound`] with the kind that is missing, [`RegistryError::Store`].
    async fn assign(
        &self,
        tenant: TenantId,
        campaign: CampaignId,
        buyer: BuyerId,
        assignment: Assignment,
        now: DateTime<Utc>,
    ) -> Result<Stored<Assignment>, RegistryError>;

    /// Takes a buyer out of a campaign.
    ///
    /// # Errors
    /// [`RegistryError::NotFound`] where it was not assigned, [`RegistryError::Store`].
    async fn unassign(
        &self,
        tenant: TenantId,
        campaign: CampaignId,
        buyer: BuyerId,
    ) -> Result<(), RegistryError>;

    /// The assignments of a campaign; their ids are the buyers'.
    ///
    /// **Ordering**: in the order of assignment.
    ///
    /// # Errors
    /// [`RegistryError::NotFound`] for an unknown campaign, [`RegistryError::Store`].
    async fn assignments(
        &self,
        tenant: TenantId,
        campaign: CampaignId,
    ) -> Result<Vec<Stored<Assignment>>, RegistryError>;

    /// Assigns a target to a campaign, or replaces the assignment.
    ///
    /// **Atomicity** and **Idempotency**: as [`Registry::assign`].
    ///
    /// # Errors
    /// [`RegistryError::NotFound`] with the kind that is missing, [`RegistryError::Store`].
    async fn assign_target(
        &self,
        tenant: TenantId,
        campaign: CampaignId,
        target: TargetId,
        assignment: TargetAssignment,
        now: DateTime<Utc>,
    ) -> Result<Stored<TargetAssignment>, RegistryError>;

    /// Takes a target out of a campaign.
    ///
    /// # Errors
    /// [`RegistryError::NotFound`] where it was not assigned, [`RegistryError::Store`].
    async fn unassign_target(
        &self,
        tenant: TenantId,
        campaign: CampaignId,
        target: TargetId,
    ) -> Result<(), RegistryError>;

    /// The target assignments of a campaign; their ids are the targets'.
    ///
    /// **Ordering**: in the order of assignment.
    ///
    /// # Errors
    /// [`RegistryError::NotFound`] for an unknown campaign, [`RegistryError::Store`].
    async fn target_assignments(
        &self,
        tenant: TenantId,
        campaign: CampaignId,
    ) -> Result<Vec<Stored<TargetAssignment>>, RegistryError>;
}
