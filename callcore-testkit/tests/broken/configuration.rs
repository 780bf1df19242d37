//! Faults of configuration.

use async_trait::async_trait;
use callcore::model::{Assignment, Campaign, Kind, Object, Stored, TargetAssignment};
use callcore::port::{Directory, PinnedFlow, Registry, RegistryError, Source, StoreError, Trial};
use callcore::vocabulary::{BuyerId, CampaignId, Page, PageRequest, TargetId, TenantId, TrialId};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::store::{Fault, Faulty};

#[async_trait]
impl Directory for Faulty {
    fn revision(&self, tenant: TenantId) -> u64 {
        if self.has(Fault::RevisionStands) { 0 } else { self.inner.revision(self.tenant(tenant)) }
    }

    fn numbers_revision(&self) -> u64 {
        if self.has(Fault::RevisionStands) { 0 } else { self.inner.numbers_revision() }
    }

    async fn source(
        &self,
        tenant: TenantId,
        campaign: CampaignId,
        flow: Option<PinnedFlow>,
    ) -> Result<Option<Source>, StoreError> {
        let flow = flow.filter(|_| !self.has(Fault::PinIgnored));
        self.inner.source(self.tenant(tenant), campaign, flow).await
    }

    async fn trial(&self, tenant: TenantId, trial: TrialId) -> Result<Option<Trial>, StoreError> {
        self.inner.trial(self.tenant(tenant), trial).await
    }
}

#[async_trait]
impl Registry for Faulty {
    async fn create(
        &self,
        tenant: TenantId,
        id: Uuid,
        object: Object,
        now: DateTime<Utc>,
    ) -> Result<Stored<Object>, RegistryError> {
        let tenant = self.tenant(tenant);
        let created = self.inner.create(tenant, id, object.clone(), now).await;
        match (created, object) {
            (
                Err(RegistryError::UnknownReference { kind: Kind::Flow, .. }),
                Object::Campaign(campaign),
            ) if self.has(Fault::FlowUnchecked) => {
                let unchecked = Campaign { flow_id: None, ..*campaign };
                self.inner.create(tenant, id, unchecked.into(), now).await
            }
            (created, _) => created,
        }
    }

    async fn read(
        &self,
        tenant: TenantId,
        kind: Kind,
        id: Uuid,
    ) -> Result<Option<Stored<Object>>, StoreError> {
        Registry::read(&*self.inner, self.tenant(tenant), kind, id).await
    }

    async fn replace(
        &self,
        tenant: TenantId,
        id: Uuid,
        version: u64,
        object: Object,
        now: DateTime<Utc>,
    ) -> Result<Stored<Object>, RegistryError> {
        let tenant = self.tenant(tenant);
        if !self.has(Fault::ReplaceWithoutCompare) {
            return self.inner.replace(tenant, id, version, object, now).await;
        }
        loop {
            let known = Registry::read(&*self.inner, tenant, object.kind(), id).await?;
            let version = known.map_or(0, |row| row.version);
            match self.inner.replace(tenant, id, version, object.clone(), now).await {
                Err(RegistryError::VersionConflict) => {}
                outcome => return outcome,
            }
        }
    }

    async fn delete(&self, tenant: TenantId, kind: Kind, id: Uuid) -> Result<(), RegistryError> {
        match self.inner.delete(self.tenant(tenant), kind, id).await {
            Err(RegistryError::InUse(_)) if self.has(Fault::InUseIgnored) => Ok(()),
            deleted => deleted,
        }
    }

    async fn list(
        &self,
        tenant: TenantId,
        kind: Kind,
        mut page: PageRequest,
    ) -> Result<Page<Stored<Object>>, StoreError> {
        if self.has(Fault::CursorIgnored) {
            page.after = None;
        }
        Registry::list(&*self.inner, self.tenant(tenant), kind, page).await
    }

    async fn assign(
        &self,
        tenant: TenantId,
        campaign: CampaignId,
        buyer: BuyerId,
        assignment: Assignment,
        now: DateTime<Utc>,
    ) -> Result<Stored<Assignment>, RegistryError> {
        self.inner.assign(self.tenant(tenant), campaign, buyer, assignment, now).await
    }

    async fn unassign(
        &self,
        tenant: TenantId,
        campaign: CampaignId,
        buyer: BuyerId,
    ) -> Result<(), RegistryError> {
        self.inner.unassign(self.tenant(tenant), campaign, buyer).await
    }

    async fn assignments(
        &self,
        tenant: TenantId,
        campaign: CampaignId,
    ) -> Result<Vec<Stored<Assignment>>, RegistryError> {
        self.inner.assignments(self.tenant(tenant), campaign).await
    }

    async fn assign_target(
        &self,
        tenant: TenantId,
        campaign: CampaignId,
        target: TargetId,
        assignment: TargetAssignment,
        now: DateTime<Utc>,
    ) -> Result<Stored<TargetAssignment>, RegistryError> {
        self.inner.assign_target(self.tenant(tenant), campaign, target, assignment, now).await
    }

    async fn unassign_target(
        &self,
        tenant: TenantId,
        campaign: CampaignId,
        target: TargetId,
    ) -> Result<(), RegistryError> {
        self.inner.unassign_target(self.tenant(tenant), campaign, target).await
    }

    async fn target_assignments(
        &self,
        tenant: TenantId,
        campaign: CampaignId,
    ) -> Result<Vec<Stored<TargetAssignment>>, RegistryError> {
        let mut rows = self.inner.target_assignments(self.tenant(tenant), campaign).await?;
        if self.has(Fault::TargetsSorted) {
            rows.sort_by_key(|row| row.id);
        }
        Ok(rows)
    }
}
