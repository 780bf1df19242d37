//! Configuration objects, their assignments, and what spans them.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{MemoryStore, State, micros};
use crate::model::{Assignment, Campaign, CampaignStatus, Kind, Object, Stored};
use crate::port::{Holder, Registry, RegistryError, StoreError};
use crate::vocabulary::{BuyerId, CampaignId, NumberId, Page, PageRequest, TenantId};

/// What one tenant configured.
#[derive(Debug, Default)]
pub(super) struct Configuration {
    pub(super) revision: u64,
    objects: BTreeMap<(Kind, Uuid), Stored<Object>>,
    /// The buyers of each campaign in the order of assignment.
    assignments: BTreeMap<CampaignId, Vec<Stored<Assignment>>>,
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

    fn require(&self, kind: Kind, id: Uuid) -> Result<&Stored<Object>, RegistryError> {
        self.object(kind, id).ok_or(RegistryError::NotFound(kind))
    }

    /// A campaign names a number that is there, and shares it with no other active one.
    fn check_campaign(&self, id: Uuid, campaign: &Campaign) -> Result<(), RegistryError> {
        let Some(number) = campaign.phone_number_id else { return Ok(()) };
        if self.object(Kind::Number, number.uuid()).is_none() {
            return Err(RegistryError::UnknownReference {
                path: "/phoneNumberId",
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
            Kind::Buyer => self
                .assignments
                .iter()
                .filter(|(_, assigned)| assigned.iter().any(|row| row.id == id))
                .filter_map(|(campaign, _)| self.object(Kind::Campaign, campaign.uuid()))
                .filter_map(|row| match &row.value {
                    Object::Campaign(campaign) => Some(holder(row.id, campaign)),
                    _ => None,
                })
                .collect(),
        }
    }
}

fn holder(id: Uuid, campaign: &Campaign) -> Holder {
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
            Object::Buyer(_) => {}
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
        if kind != Kind::Buyer {
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
        if kind == Kind::Campaign {
            configuration.assignments.remove(&CampaignId::from_uuid(id));
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
        let row = match assigned.iter_mut().find(|row| row.id == buyer.uuid()) {
            Some(row) => {
                *row = Stored { version: row.version + 1, updated_at: now, ..row.with(assignment) };
                row.clone()
            }
            None => {
                let row = Stored {
                    id: buyer.uuid(),
                    version: 1,
                    created_at: now,
                    updated_at: now,
                    value: assignment,
                };
                assigned.push(row.clone());
                row
            }
        };
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
}
