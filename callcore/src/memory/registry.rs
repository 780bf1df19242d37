//! Configuration objects, their assignments, and what spans them.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::flows::Versions;
use super::trials::Trials;
use super::{MemoryStore, State, micros};
use crate::model::{
    Assignment, Campaign, CampaignStatus, Kind, Object, Router, Stored, TargetAssignment,
};
use crate::port::{Holder, Registry, RegistryError, StoreError};
use crate::vocabulary::{
    BuyerId, CampaignId, FlowId, NumberId, Page, PageRequest, TargetId, TenantId,
};

/// What one tenant configured.
#[derive(Debug, Default)]
pub(super) struct Configuration {
    pub(super) revision: u64,
    pub(super) versions: Versions,
    /// When each archived flow was archived.
    pub(super) archived: BTreeMap<FlowId, DateTime<Utc>>,
    pub(super) trials: Trials,
    objects: BTreeMap<(Kind, Uuid), Stored<Object>>,
    /// The buyers of each campaign in the order of assignment.
    assignments: BTreeMap<CampaignId, Vec<Stored<Assignment>>>,
    /// The targets of each campaign, likewise.
    target_assignments: BTreeMap<CampaignId, Vec<Stored<TargetAssignment>>>,
}

impl Configuration {
    pub(super) fn object(&self, kind: Kind, id: Uuid) -> Option<&Stored<Object>> {
        self.objects.get(&(kind, id))
    }

    pub(super) fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Stored<Object>> {
        self.objects.range((kind, Uuid::nil())..=(kind, Uuid::max())).map(|(_, row)| row)
    }

    pub(super) fn assignments(&self, campaign: CampaignId) -> &[Stored<Assignment>] {
        self.assignments.get(&campaign).map_or(&[], Vec::as_slice)
    }

    pub(super) fn target_assignments(&self, campaign: CampaignId) -> &[Stored<TargetAssignment>] {
        self.target_assignments.get(&campaign).map_or(&[], Vec::as_slice)
    }

    /// The campaigns that name a number.
    pub(super) fn campaigns_on(
        &self,
        number: NumberId,
    ) -> impl Iterator<Item = (&Stored<Object>, &Campaign)> {
        self.of_kind(Kind::Campaign).filter_map(move |row| match &row.value {
            Object::Campaign(campaign) if campaign.phone_number_id == Some(number) => {
                Some((row, &**campaign))
            }
            _ => None,
        })
    }

    pub(super) fn require(&self, kind: Kind, id: Uuid) -> Result<&Stored<Object>, RegistryError> {
        self.object(kind, id).ok_or(RegistryError::NotFound(kind))
    }

    pub(super) fn campaigns(&self) -> impl Iterator<Item = (&Stored<Object>, &Campaign)> {
        self.of_kind(Kind::Campaign).filter_map(|row| match &row.value {
            Object::Campaign(campaign) => Some((row, &**campaign)),
            _ => None,
        })
    }

    /// A router names targets that are there.
    fn check_router(&self, router: &Router) -> Result<(), RegistryError> {
        let known = |target: TargetId| self.object(Kind::Target, target.uuid()).is_some();
        match router.assignments.iter().position(|assigned| !known(assigned.target_id)) {
            None => Ok(()),
            Some(place) => Err(RegistryError::UnknownReference {
                path: format!("/assignments/{place}/targetId").into(),
                kind: Kind::Target,
            }),
        }
    }

    /// A campaign names a router, a flow and a number that are there, and shares the number with no
    /// other active one.
    fn check_campaign(&self, id: Uuid, campaign: &Campaign) -> Result<(), RegistryError> {
        if let Some(router) = campaign.rtb_router_id
            && self.object(Kind::Router, router.uuid()).is_none()
        {
            let path = "/rtbRouterId".into();
            return Err(RegistryError::UnknownReference { path, kind: Kind::Router });
        }
        self.check_flow(id, campaign)?;
        let Some(number) = campaign.phone_number_id else { return Ok(()) };
        if self.object(Kind::Number, number.uuid()).is_none() {
            return Err(RegistryError::UnknownReference {
                path: "/phoneNumberId".into(),
                kind: Kind::Number,
            });
        }
        let active = |campaign: &Campaign| campaign.status == CampaignStatus::Active;
        let rival = self.campaigns_on(number).find(|(row, other)| row.id != id && active(other));
        match rival {
            Some((row, other)) if active(campaign) => {
                Err(RegistryError::NumberInUse(holder(row.id, other)))
            }
            _ => Ok(()),
        }
    }

    /// What holds on to an object, so that it cannot be deleted.
    fn holders(&self, kind: Kind, id: Uuid) -> Vec<Holder> {
        match kind {
            Kind::Campaign => Vec::new(),
            Kind::Number => self
                .campaigns_on(NumberId::from_uuid(id))
                .map(|(row, campaign)| holder(row.id, campaign))
                .collect(),
            Kind::Buyer => self.campaigns_with(&self.assignments, id),
            Kind::Target => {
                let mut holders = self.campaigns_with(&self.target_assignments, id);
                holders.extend(self.of_kind(Kind::Router).filter_map(|row| match &row.value {
                    Object::Router(router) if router.names(TargetId::from_uuid(id)) => {
                        Some(Holder { kind: Kind::Router, id: row.id, name: router.name.clone() })
                    }
                    _ => None,
                }));
                holders
            }
            Kind::Router => self
                .campaigns()
                .filter(|(_, campaign)| campaign.rtb_router_id.is_some_and(|own| own.uuid() == id))
                .map(|(row, campaign)| holder(row.id, campaign))
                .collect(),
            Kind::Flow => self
                .campaigns()
                .filter(|(_, campaign)| campaign.flow_id.is_some_and(|own| own.uuid() == id))
                .map(|(row, campaign)| holder(row.id, campaign))
                .collect(),
            Kind::FlowTemplate => Vec::new(),
        }
    }

    /// The campaigns that something is assigned to.
    fn campaigns_with<T>(
        &self,
        assignments: &BTreeMap<CampaignId, Vec<Stored<T>>>,
        id: Uuid,
    ) -> Vec<Holder> {
        let assigned = |campaign: &Stored<Object>| {
            let rows = assignments.get(&CampaignId::from_uuid(campaign.id));
            rows.into_iter().flatten().any(|row| row.id == id)
        };
        let campaigns = self.campaigns().filter(|(row, _)| assigned(row));
        campaigns.map(|(row, campaign)| holder(row.id, campaign)).collect()
    }
}

/// Assigns something to a campaign, or replaces its assignment.
fn put<T: Clone>(
    assigned: &mut Vec<Stored<T>>,
    id: Uuid,
    value: T,
    now: DateTime<Utc>,
) -> Stored<T> {
    if let Some(row) = assigned.iter_mut().find(|row| row.id == id) {
        *row = Stored { version: row.version + 1, updated_at: now, ..row.with(value) };
        return row.clone();
    }
    let row = Stored { id, version: 1, created_at: now, updated_at: now, value };
    assigned.push(row.clone());
    row
}

pub(super) fn holder(id: Uuid, campaign: &Campaign) -> Holder {
    Holder { kind: Kind::Campaign, id, name: campaign.name.clone() }
}

impl State {
    /// Writes an object unless something that spans objects forbids it.
    fn write(
        &mut self,
        tenant: TenantId,
        row: Stored<Object>,
    ) -> Result<Stored<Object>, RegistryError> {
        match &row.value {
            Object::Number(number) => {
                let own = (tenant, NumberId::from_uuid(row.id));
                if self.numbers.get(&number.number).is_some_and(|holder| *holder != own) {
                    return Err(RegistryError::NumberUnavailable);
                }
                self.forget_number(tenant, row.id);
                self.numbers.insert(number.number.clone(), own);
            }
            Object::Campaign(campaign) => {
                self.tenant(tenant).configuration.check_campaign(row.id, campaign)?;
            }
            Object::Router(router) => {
                self.tenant(tenant).configuration.check_router(router)?;
            }
            Object::Buyer(_) | Object::Target(_) | Object::Flow(_) | Object::FlowTemplate(_) => {}
        }
        let kind = row.value.kind();
        self.changed(tenant, kind);
        let objects = &mut self.tenant(tenant).configuration.objects;
        objects.insert((kind, row.id), row.clone());
        Ok(row)
    }

    /// Frees the number that this row stands for right now.
    fn forget_number(&mut self, tenant: TenantId, id: Uuid) {
        let row =
            self.tenants.get(&tenant).and_then(|own| own.configuration.object(Kind::Number, id));
        if let Some(Object::Number(number)) = row.map(|row| &row.value) {
            self.numbers.remove(&number.number);
        }
    }

    fn changed(&mut self, tenant: TenantId, kind: Kind) {
        self.tenant(tenant).configuration.revision += 1;
        // Any write of a campaign can move the choice which one answers its number.
        if matches!(kind, Kind::Campaign | Kind::Number) {
            self.numbers_revision += 1;
        }
    }
}

#[async_trait]
impl Registry for MemoryStore {
    async fn create(
        &self,
        tenant: TenantId,
        id: Uuid,
        object: Object,
        now: DateTime<Utc>,
    ) -> Result<Stored<Object>, RegistryError> {
        let (mut state, now) = (self.lock(), micros(now));
        if state.tenant(tenant).configuration.object(object.kind(), id).is_some() {
            return Err(RegistryError::VersionConflict);
        }
        let row = Stored { id, version: 1, created_at: now, updated_at: now, value: object };
        state.write(tenant, row)
    }

    async fn read(
        &self,
        tenant: TenantId,
        kind: Kind,
        id: Uuid,
    ) -> Result<Option<Stored<Object>>, StoreError> {
        Ok(self.lock().tenant(tenant).configuration.object(kind, id).cloned())
    }

    async fn replace(
        &self,
        tenant: TenantId,
        id: Uuid,
        version: u64,
        object: Object,
        now: DateTime<Utc>,
    ) -> Result<Stored<Object>, RegistryError> {
        let mut state = self.lock();
        let before = state.tenant(tenant).configuration.require(object.kind(), id)?;
        if before.version != version {
            return Err(RegistryError::VersionConflict);
        }
        let row = Stored { version: version + 1, updated_at: micros(now), ..before.with(object) };
        state.write(tenant, row)
    }

    async fn delete(&self, tenant: TenantId, kind: Kind, id: Uuid) -> Result<(), RegistryError> {
        let mut state = self.lock();
        let configuration = &mut state.tenant(tenant).configuration;
        configuration.require(kind, id)?;
        let holders = configuration.holders(kind, id);
        if !holders.is_empty() {
            return Err(RegistryError::InUse(holders));
        }
        if kind == Kind::Number {
            state.forget_number(tenant, id);
        }
        let configuration = &mut state.tenant(tenant).configuration;
        configuration.objects.remove(&(kind, id));
        if kind == Kind::Flow {
            configuration.archived.remove(&FlowId::from_uuid(id));
        }
        if kind == Kind::Campaign {
            configuration.assignments.remove(&CampaignId::from_uuid(id));
            configuration.target_assignments.remove(&CampaignId::from_uuid(id));
        }
        state.changed(tenant, kind);
        Ok(())
    }

    async fn list(
        &self,
        tenant: TenantId,
        kind: Kind,
        page: PageRequest,
    ) -> Result<Page<Stored<Object>>, StoreError> {
        let place = |row: &Stored<Object>| (row.created_at, row.id);
        let after = page.after.map(|cursor| (micros(cursor.created_at), cursor.id));
        let mut state = self.lock();
        let rows = state.tenant(tenant).configuration.of_kind(kind);
        let mut rows: Vec<_> =
            rows.filter(|row| after.is_none_or(|after| place(row) < after)).collect();
        rows.sort_unstable_by_key(|row| std::cmp::Reverse(place(row)));
        let rows = rows.into_iter().take(page.limit + 1).cloned().collect();
        Ok(Page::from_surplus(rows, page.limit, Stored::cursor))
    }

    async fn assign(
        &self,
        tenant: TenantId,
        campaign: CampaignId,
        buyer: BuyerId,
        assignment: Assignment,
        now: DateTime<Utc>,
    ) -> Result<Stored<Assignment>, RegistryError> {
        let (mut state, now) = (self.lock(), micros(now));
        let configuration = &mut state.tenant(tenant).configuration;
        configuration.require(Kind::Campaign, campaign.uuid())?;
        configuration.require(Kind::Buyer, buyer.uuid())?;
        let assigned = configuration.assignments.entry(campaign).or_default();
        let row = put(assigned, buyer.uuid(), assignment, now);
        state.changed(tenant, Kind::Buyer);
        Ok(row)
    }

    async fn unassign(
        &self,
        tenant: TenantId,
        campaign: CampaignId,
        buyer: BuyerId,
    ) -> Result<(), RegistryError> {
        let mut state = self.lock();
        let configuration = &mut state.tenant(tenant).configuration;
        configuration.require(Kind::Campaign, campaign.uuid())?;
        let assigned = configuration.assignments.entry(campaign).or_default();
        let place = assigned.iter().position(|row| row.id == buyer.uuid());
        assigned.remove(place.ok_or(RegistryError::NotFound(Kind::Buyer))?);
        state.changed(tenant, Kind::Buyer);
        Ok(())
    }

    async fn assignments(
        &self,
        tenant: TenantId,
        campaign: CampaignId,
    ) -> Result<Vec<Stored<Assignment>>, RegistryError> {
        let mut state = self.lock();
        let configuration = &state.tenant(tenant).configuration;
        configuration.require(Kind::Campaign, campaign.uuid())?;
        Ok(configuration.assignments(campaign).to_vec())
    }

    async fn assign_target(
        &self,
        tenant: TenantId,
        campaign: CampaignId,
        target: TargetId,
        assignment: TargetAssignment,
        now: DateTime<Utc>,
    ) -> Result<Stored<TargetAssignment>, RegistryError> {
        let (mut state, now) = (self.lock(), micros(now));
        let configuration = &mut state.tenant(tenant).configuration;
        configuration.require(Kind::Campaign, campaign.uuid())?;
        configuration.require(Kind::Target, target.uuid())?;
        let assigned = configuration.target_assignments.entry(campaign).or_default();
        let row = put(assigned, target.uuid(), assignment, now);
        state.changed(tenant, Kind::Target);
        Ok(row)
    }

    async fn unassign_target(
        &self,
        tenant: TenantId,
        campaign: CampaignId,
        target: TargetId,
    ) -> Result<(), RegistryError> {
        let mut state = self.lock();
        let configuration = &mut state.tenant(tenant).configuration;
        configuration.require(Kind::Campaign, campaign.uuid())?;
        let assigned = configuration.target_assignments.entry(campaign).or_default();
        let place = assigned.iter().position(|row| row.id == target.uuid());
        assigned.remove(place.ok_or(RegistryError::NotFound(Kind::Target))?);
        state.changed(tenant, Kind::Target);
        Ok(())
    }

    async fn target_assignments(
        &self,
        tenant: TenantId,
        campaign: CampaignId,
    ) -> Result<Vec<Stored<TargetAssignment>>, RegistryError> {
        let mut state = self.lock();
        let configuration = &state.tenant(tenant).configuration;
        configuration.require(Kind::Campaign, campaign.uuid())?;
        Ok(configuration.target_assignments(campaign).to_vec())
    }
}
