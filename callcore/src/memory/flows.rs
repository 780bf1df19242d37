//! Published versions of flows, and what a published flow names.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::registry::Configuration;
use super::{MemoryStore, micros};
use crate::model::{FlowDefinition, Kind, Router, Stored};
use crate::plan::{FlowSource, PinnedFlow};
use crate::port::{FlowVersion, Flows, RegistryError, StoreError};
use crate::vocabulary::{FlowId, TenantId};

/// The versions of each flow, oldest first. They stay when the draft goes.
pub(super) type Versions = BTreeMap<FlowId, Vec<FlowVersion>>;

impl Configuration {
    fn flow_versions(&self, flow: FlowId) -> &[FlowVersion] {
        self.versions.get(&flow).map_or(&[], Vec::as_slice)
    }

    /// What publishing the draft makes of it, and whether that is a new version.
    fn published(
        &self,
        flow: FlowId,
        draft: u64,
        now: DateTime<Utc>,
    ) -> Result<(FlowVersion, bool), RegistryError> {
        let row: Stored<FlowDefinition> =
            self.row(Kind::Flow, flow.uuid()).ok_or(RegistryError::NotFound(Kind::Flow))?;
        if row.version != draft {
            return Err(RegistryError::VersionConflict);
        }
        let newest = self.flow_versions(flow).last();
        // The document as well: a flow that was deleted and is created again counts its drafts anew.
        let same = |one: &&FlowVersion| one.draft == draft && one.definition == row.value;
        if let Some(newest) = newest.filter(same) {
            return Ok((newest.clone(), false));
        }
        let number = newest.map_or(0, |newest| newest.number) + 1;
        Ok((FlowVersion { number, draft, published_at: now, definition: row.value }, true))
    }

    /// The version that was asked for, else the newest of the flow that the campaign names, with
    /// what it names.
    pub(super) fn flow_source(
        &self,
        pinned: Option<PinnedFlow>,
        named: Option<FlowId>,
    ) -> Option<FlowSource> {
        let (flow, version) = match pinned {
            Some(PinnedFlow { flow, version }) => {
                let versions = self.flow_versions(flow);
                (flow, versions.iter().find(|one| one.number == version)?)
            }
            None => named.and_then(|flow| Some((flow, self.flow_versions(flow).last()?)))?,
        };
        let references = version.definition.references();
        let buyers = references.buyers.iter();
        let routers = references.routers.iter();
        let routers: Vec<Stored<Router>> =
            routers.filter_map(|id| self.row(Kind::Router, id.uuid())).collect();
        let assigned = routers.iter().flat_map(|router| &router.value.assignments);
        let targets: BTreeSet<_> = assigned.map(|assigned| assigned.target_id).collect();
        Some(FlowSource {
            pinned: PinnedFlow { flow, version: version.number },
            definition: version.definition.clone(),
            buyers: buyers.filter_map(|id| self.row(Kind::Buyer, id.uuid())).collect(),
            router_targets: targets
                .iter()
                .filter_map(|id| self.row(Kind::Target, id.uuid()))
                .collect(),
            routers,
        })
    }
}

#[async_trait]
impl Flows for MemoryStore {
    async fn publish(
        &self,
        tenant: TenantId,
        flow: FlowId,
        draft: u64,
        now: DateTime<Utc>,
    ) -> Result<FlowVersion, RegistryError> {
        let mut state = self.lock();
        let configuration = &mut state.tenant(tenant).configuration;
        let (version, new) = configuration.published(flow, draft, micros(now))?;
        if new {
            configuration.versions.entry(flow).or_default().push(version.clone());
            configuration.revision += 1;
        }
        Ok(version)
    }

    async fn versions(
        &self,
        tenant: TenantId,
        flow: FlowId,
    ) -> Result<Vec<FlowVersion>, StoreError> {
        let mut state = self.lock();
        let versions = state.tenant(tenant).configuration.flow_versions(flow);
        Ok(versions.iter().rev().cloned().collect())
    }

    async fn version(
        &self,
        tenant: TenantId,
        flow: FlowId,
        number: u32,
    ) -> Result<Option<FlowVersion>, StoreError> {
        let mut state = self.lock();
        let versions = state.tenant(tenant).configuration.flow_versions(flow);
        Ok(versions.iter().find(|version| version.number == number).cloned())
    }
}
