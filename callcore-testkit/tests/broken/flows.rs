//! Faults of published flows.

use async_trait::async_trait;
use callcore::model::{FlowReferences, Kind};
use callcore::port::{
    FlowRecord, FlowStage, FlowVersion, FlowVersionSummary, Flows, NewTrial, Registry,
    RegistryError, StoreError, Trial, TrialError,
};
use callcore::vocabulary::{FlowId, Page, PageRequest, TenantId, TrialId};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::store::{Fault, Faulty};

#[async_trait]
impl Flows for Faulty {
    async fn publish(
        &self,
        tenant: TenantId,
        flow: FlowId,
        draft: u64,
        now: DateTime<Utc>,
    ) -> Result<FlowVersion, RegistryError> {
        let tenant = self.tenant(tenant);
        if self.has(Fault::ArchivedPublished) {
            self.inner.restore(tenant, flow).await?;
        }
        if self.has(Fault::PublishRepeats) {
            // What was published is put behind another draft, so that it counts as new.
            let row = Registry::read(&*self.inner, tenant, Kind::Flow, flow.uuid()).await?;
            let row = row.ok_or(RegistryError::NotFound(Kind::Flow))?;
            let moved = self.inner.replace(tenant, row.id, row.version, row.value, now).await?;
            return self.inner.publish(tenant, flow, moved.version, now).await;
        }
        if self.has(Fault::PublishWithoutCompare) {
            let row = Registry::read(&*self.inner, tenant, Kind::Flow, flow.uuid()).await?;
            let newest = row.map_or(draft, |row| row.version);
            return self.inner.publish(tenant, flow, newest, now).await;
        }
        self.inner.publish(tenant, flow, draft, now).await
    }

    async fn newest(
        &self,
        tenant: TenantId,
        flow: FlowId,
    ) -> Result<Option<FlowVersion>, StoreError> {
        let tenant = self.tenant(tenant);
        if self.has(Fault::NewestIsFirst) {
            return self.inner.version(tenant, flow, 1).await;
        }
        self.inner.newest(tenant, flow).await
    }

    async fn versions(
        &self,
        tenant: TenantId,
        flow: FlowId,
        before: Option<u32>,
        limit: usize,
    ) -> Result<Vec<FlowVersionSummary>, StoreError> {
        let before = before.filter(|_| !self.has(Fault::CursorIgnored));
        let mut versions = self.inner.versions(self.tenant(tenant), flow, before, limit).await?;
        if self.has(Fault::VersionsBackwards) {
            versions.reverse();
        }
        Ok(versions)
    }

    async fn version(
        &self,
        tenant: TenantId,
        flow: FlowId,
        number: u32,
    ) -> Result<Option<FlowVersion>, StoreError> {
        let tenant = self.tenant(tenant);
        if self.has(Fault::VersionsGoWithDrafts) {
            let row = Registry::read(&*self.inner, tenant, Kind::Flow, flow.uuid()).await?;
            if row.is_none() {
                return Ok(None);
            }
        }
        self.inner.version(tenant, flow, number).await
    }

    async fn record(
        &self,
        tenant: TenantId,
        flow: FlowId,
    ) -> Result<Option<FlowRecord>, StoreError> {
        let record = self.inner.record(self.tenant(tenant), flow).await?;
        let by_number = |record| FlowRecord { changed: false, ..record };
        Ok(if self.has(Fault::ChangesUnseen) { record.map(by_number) } else { record })
    }

    async fn records(
        &self,
        tenant: TenantId,
        stage: Option<FlowStage>,
        page: PageRequest,
    ) -> Result<Page<FlowRecord>, StoreError> {
        let stage = stage.filter(|_| !self.has(Fault::StageIgnored));
        self.inner.records(self.tenant(tenant), stage, page).await
    }

    async fn archive(
        &self,
        tenant: TenantId,
        flow: FlowId,
        now: DateTime<Utc>,
    ) -> Result<(), RegistryError> {
        let tenant = self.tenant(tenant);
        if self.has(Fault::ArchivedAnew) {
            self.inner.restore(tenant, flow).await?;
        }
        match self.inner.archive(tenant, flow, now).await {
            Err(RegistryError::InUse(_)) if self.has(Fault::ArchivedInUse) => Ok(()),
            archived => archived,
        }
    }

    async fn restore(&self, tenant: TenantId, flow: FlowId) -> Result<(), RegistryError> {
        self.inner.restore(self.tenant(tenant), flow).await
    }

    async fn known(
        &self,
        tenant: TenantId,
        named: FlowReferences,
    ) -> Result<FlowReferences, StoreError> {
        if self.has(Fault::EverythingKnown) {
            return Ok(named);
        }
        self.inner.known(self.tenant(tenant), named).await
    }

    async fn try_out(
        &self,
        tenant: TenantId,
        trial: NewTrial,
        now: DateTime<Utc>,
    ) -> Result<Trial, TrialError> {
        let tenant = self.tenant(tenant);
        if self.has(Fault::TrialRepeats) {
            let instant = now.timestamp_micros().to_be_bytes();
            let id = TrialId::from_uuid(Uuid::new_v5(&trial.id.uuid(), &instant));
            return self.inner.try_out(tenant, NewTrial { id, ..trial }, now).await;
        }
        self.inner.try_out(tenant, trial, now).await
    }
}
