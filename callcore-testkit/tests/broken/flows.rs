//! Faults of published flows.

use async_trait::async_trait;
use callcore::model::Kind;
use callcore::port::{FlowVersion, Flows, Registry, RegistryError, StoreError};
use callcore::vocabulary::{FlowId, TenantId};
use chrono::{DateTime, Utc};

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

    async fn versions(
        &self,
        tenant: TenantId,
        flow: FlowId,
    ) -> Result<Vec<FlowVersion>, StoreError> {
        let mut versions = self.inner.versions(self.tenant(tenant), flow).await?;
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
}
