//! Finds the plan that answers a number: from the cache, or from the directory where the
//! configuration changed.

use std::sync::Arc;

use super::handle::Switchboard;
use crate::plan::{NumberHolder, Plan};
use crate::port::StoreError;
use crate::vocabulary::{CampaignId, PhoneNumber, TenantId};

impl Switchboard {
    /// The plan of the campaign that answers a number. Numbers that nobody holds are remembered too.
    pub(super) async fn plan_for(
        &self,
        called: &PhoneNumber,
    ) -> Result<Option<Arc<Plan>>, StoreError> {
        let Some(holder) = self.holder(called).await? else { return Ok(None) };
        match holder.campaign {
            Some(campaign) => self.plan(holder.tenant, campaign).await,
            None => Ok(None),
        }
    }

    /// The plan of a campaign, if it exists.
    pub(super) async fn plan(
        &self,
        tenant: TenantId,
        campaign: CampaignId,
    ) -> Result<Option<Arc<Plan>>, StoreError> {
        let revision = self.ports.directory.revision(tenant);
        if let Some(plan) = self.plans.plan(tenant, campaign, revision) {
            return Ok(Some(plan));
        }
        // After a change every call of the campaign misses the cache at once. One of them reads, and
        // the others find what it found.
        let loading = self.plans.loading(tenant, campaign);
        let _turn = loading.lock().await;
        if let Some(plan) = self.plans.plan(tenant, campaign, revision) {
            return Ok(Some(plan));
        }
        let Some(source) = self.ports.directory.source(tenant, campaign).await? else {
            self.plans.forget_plan(tenant, campaign);
            return Ok(None);
        };
        let plan = Arc::new(Plan::compile(&source));
        self.plans.keep_plan(&plan);
        Ok(Some(plan))
    }

    async fn holder(&self, called: &PhoneNumber) -> Result<Option<NumberHolder>, StoreError> {
        // The revision is read first: a change in between only makes the entry stale too early.
        let revision = self.ports.directory.numbers_revision();
        if let Some(holder) = self.plans.holder(called, revision) {
            return Ok(holder);
        }
        let holder = self.ports.system.number(called).await?;
        self.plans.keep_holder(called.clone(), revision, holder);
        Ok(holder)
    }
}
