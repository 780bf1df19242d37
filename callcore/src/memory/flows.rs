//! Published versions of flows, and what a published flow names.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::registry::{Configuration, holder};
use super::{MemoryStore, micros};
use crate::model::{
    Campaign, CampaignStatus, FlowDefinition, FlowReferences, Kind, Object, Router, Stored,
};
use crate::plan::{FlowSource, PinnedFlow, Trial};
use crate::port::{
    FlowRecord, FlowStage, FlowVersion, FlowVersionSummary, Flows, NewTrial, RegistryError,
    StoreError, TrialError,
};
use crate::vocabulary::{FlowId, Page, PageRequest, TenantId};

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
        if self.archived.contains_key(&flow) {
            return Err(RegistryError::FlowArchived);
        }
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

    /// A campaign names a flow that is there, and takes up none that is archived.
    pub(super) fn check_flow(&self, id: Uuid, campaign: &Campaign) -> Result<(), RegistryError> {
        let Some(flow) = campaign.flow_id else { return Ok(()) };
        if self.object(Kind::Flow, flow.uuid()).is_none() {
            let path = "/flowId".into();
            return Err(RegistryError::UnknownReference { path, kind: Kind::Flow });
        }
        let named_it = self
            .campaigns()
            .any(|(row, before)| row.id == id && before.flow_id == campaign.flow_id);
        let keeps = named_it && campaign.status != CampaignStatus::Active;
        match self.archived.contains_key(&flow) && !keeps {
            true => Err(RegistryError::FlowArchived),
            false => Ok(()),
        }
    }

    fn record(&self, row: &Stored<Object>) -> Option<FlowRecord> {
        let draft: Stored<FlowDefinition> = row.clone().of().ok()?;
        let flow = FlowId::from_uuid(row.id);
        let newest = self.flow_versions(flow).last();
        Some(FlowRecord {
            published: newest.map(|newest| newest.number),
            changed: newest.is_none_or(|newest| newest.definition != draft.value),
            archived_at: self.archived.get(&flow).copied(),
            draft,
        })
    }

    /// The version that was asked for, else the newest of the flow that the campaign names, with
    /// what it names.
    pub(super) fn flow_source(
        &self,
        pinned: Option<PinnedFlow>,
        named: Option<FlowId>,
    ) -> Option<FlowSource> {
        let (pinned, definition) = match pinned {
            Some(trial) if trial.is_trial() => (trial, self.tried_document(trial)?),
            Some(pinned) => {
                let versions = self.flow_versions(pinned.flow);
                let version = versions.iter().find(|one| one.number == pinned.version)?;
                (pinned, &version.definition)
            }
            None => {
                let flow = named?;
                let newest = self.flow_versions(flow).last()?;
                (PinnedFlow { flow, version: newest.number }, &newest.definition)
            }
        };
        let references = definition.references();
        let buyers = references.buyers.iter();
        let routers = references.routers.iter();
        let routers: Vec<Stored<Router>> =
            routers.filter_map(|id| self.row(Kind::Router, id.uuid())).collect();
        let assigned = routers.iter().flat_map(|router| &router.value.assignments);
        let targets: BTreeSet<_> = assigned.map(|assigned| assigned.target_id).collect();
        Some(FlowSource {
            pinned,
            definition: definition.clone(),
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

    async fn newest(
        &self,
        tenant: TenantId,
        flow: FlowId,
    ) -> Result<Option<FlowVersion>, StoreError> {
        Ok(self.lock().tenant(tenant).configuration.flow_versions(flow).last().cloned())
    }

    async fn versions(
        &self,
        tenant: TenantId,
        flow: FlowId,
        before: Option<u32>,
        limit: usize,
    ) -> Result<Vec<FlowVersionSummary>, StoreError> {
        let mut state = self.lock();
        let versions = state.tenant(tenant).configuration.flow_versions(flow).iter().rev();
        let asked = versions.filter(|one| before.is_none_or(|before| one.number < before));
        let summary = |version: &FlowVersion| FlowVersionSummary {
            number: version.number,
            draft: version.draft,
            published_at: version.published_at,
            name: version.definition.name.clone(),
        };
        Ok(asked.take(limit).map(summary).collect())
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

    async fn record(
        &self,
        tenant: TenantId,
        flow: FlowId,
    ) -> Result<Option<FlowRecord>, StoreError> {
        let mut state = self.lock();
        let configuration = &state.tenant(tenant).configuration;
        let row = configuration.object(Kind::Flow, flow.uuid());
        Ok(row.and_then(|row| configuration.record(row)))
    }

    async fn records(
        &self,
        tenant: TenantId,
        stage: Option<FlowStage>,
        page: PageRequest,
    ) -> Result<Page<FlowRecord>, StoreError> {
        let place = |record: &FlowRecord| (record.draft.created_at, record.draft.id);
        let after = page.after.map(|cursor| (micros(cursor.created_at), cursor.id));
        let mut state = self.lock();
        let configuration = &state.tenant(tenant).configuration;
        let mut records: Vec<_> = configuration
            .of_kind(Kind::Flow)
            .filter_map(|row| configuration.record(row))
            .filter(|record| after.is_none_or(|after| place(record) < after))
            .filter(|record| stage.is_none_or(|stage| record.stage() == stage))
            .collect();
        records.sort_unstable_by_key(|record| std::cmp::Reverse(place(record)));
        records.truncate(page.limit.saturating_add(1));
        Ok(Page::from_surplus(records, page.limit, |record| record.draft.cursor()))
    }

    async fn archive(
        &self,
        tenant: TenantId,
        flow: FlowId,
        now: DateTime<Utc>,
    ) -> Result<(), RegistryError> {
        let mut state = self.lock();
        let configuration = &mut state.tenant(tenant).configuration;
        configuration.require(Kind::Flow, flow.uuid())?;
        let active = configuration.campaigns().filter(|(_, campaign)| {
            campaign.flow_id == Some(flow) && campaign.status == CampaignStatus::Active
        });
        let holders: Vec<_> = active.map(|(row, campaign)| holder(row.id, campaign)).collect();
        if !holders.is_empty() {
            return Err(RegistryError::InUse(holders));
        }
        configuration.archived.entry(flow).or_insert(micros(now));
        configuration.revision += 1;
        Ok(())
    }

    async fn restore(&self, tenant: TenantId, flow: FlowId) -> Result<(), RegistryError> {
        let mut state = self.lock();
        let configuration = &mut state.tenant(tenant).configuration;
        configuration.require(Kind::Flow, flow.uuid())?;
        configuration.archived.remove(&flow);
        configuration.revision += 1;
        Ok(())
    }

    async fn known(
        &self,
        tenant: TenantId,
        named: FlowReferences,
    ) -> Result<FlowReferences, StoreError> {
        let mut state = self.lock();
        let configuration = &state.tenant(tenant).configuration;
        let FlowReferences { mut buyers, mut routers } = named;
        buyers.retain(|id| configuration.object(Kind::Buyer, id.uuid()).is_some());
        routers.retain(|id| configuration.object(Kind::Router, id.uuid()).is_some());
        Ok(FlowReferences { buyers, routers })
    }

    async fn try_out(
        &self,
        tenant: TenantId,
        trial: NewTrial,
        now: DateTime<Utc>,
    ) -> Result<Trial, TrialError> {
        self.lock().tenant(tenant).configuration.try_out(trial, micros(now))
    }
}
