//! The configuration as plans read it.

use async_trait::async_trait;

use super::MemoryStore;
use super::registry::Configuration;
use crate::model::{Buyer, Campaign, Kind, Number, Object, Router, Stored, Target, WrongKind};
use crate::port::{
    AssignedBuyer, AssignedTarget, Directory, NumberUse, PinnedFlow, Source, StoreError, Trial,
};
use crate::vocabulary::{CampaignId, TenantId, TrialId};

#[async_trait]
impl Directory for MemoryStore {
    fn revision(&self, tenant: TenantId) -> u64 {
        self.lock().tenant(tenant).configuration.revision
    }

    fn numbers_revision(&self) -> u64 {
        self.lock().numbers_revision
    }

    async fn source(
        &self,
        tenant: TenantId,
        campaign: CampaignId,
        flow: Option<PinnedFlow>,
    ) -> Result<Option<Source>, StoreError> {
        Ok(self.lock().tenant(tenant).configuration.source(tenant, campaign, flow))
    }

    async fn trial(&self, tenant: TenantId, trial: TrialId) -> Result<Option<Trial>, StoreError> {
        Ok(self.lock().tenant(tenant).configuration.trial(trial))
    }
}

impl Configuration {
    fn source(&self, tenant: TenantId, id: CampaignId, flow: Option<PinnedFlow>) -> Option<Source> {
        let campaign: Stored<Campaign> = self.row(Kind::Campaign, id.uuid())?;
        let number_id = campaign.value.phone_number_id;
        let users = number_id.into_iter().flat_map(|number| self.campaigns_on(number));
        let number_also_used_by = users.filter(|(row, _)| row.id != id.uuid());
        let buyers = self.assignments(id).iter().filter_map(|assignment| {
            let buyer: Stored<Buyer> = self.row(Kind::Buyer, assignment.id)?;
            Some(AssignedBuyer { assignment: assignment.clone(), buyer })
        });
        let targets = self.target_assignments(id).iter().filter_map(|assignment| {
            let target: Stored<Target> = self.row(Kind::Target, assignment.id)?;
            Some(AssignedTarget { assignment: assignment.clone(), target })
        });
        let router_id = campaign.value.rtb_router_id;
        let router: Option<Stored<Router>> =
            router_id.and_then(|id| self.row(Kind::Router, id.uuid()));
        let named = router.iter().flat_map(|router| router.value.assignments.clone());
        let router_targets =
            named.filter_map(|assigned| self.row(Kind::Target, assigned.target_id.uuid()));
        let router_targets: Vec<_> = router_targets.collect();
        Some(Source {
            tenant,
            revision: self.revision,
            number: number_id.and_then(|id| self.row::<Number>(Kind::Number, id.uuid())),
            number_also_used_by: number_also_used_by
                .map(|(row, campaign)| NumberUse {
                    campaign: CampaignId::from_uuid(row.id),
                    name: campaign.name.clone(),
                    status: campaign.status,
                })
                .collect(),
            buyers: buyers.collect(),
            targets: targets.collect(),
            router_targets,
            flow: self.flow_source(flow, campaign.value.flow_id),
            router,
            campaign,
        })
    }

    pub(super) fn row<T: TryFrom<Object, Error = WrongKind>>(
        &self,
        kind: Kind,
        id: uuid::Uuid,
    ) -> Option<Stored<T>> {
        // Objects are filed under their kind, so they always are of it.
        self.object(kind, id)?.clone().of().ok()
    }
}
