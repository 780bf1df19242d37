//! Finds the plan that answers a number: from the cache, or from the directory where the
//! configuration changed.

use std::sync::Arc;

use chrono::TimeDelta;

use super::handle::Switchboard;
use crate::call::Call;
use crate::plan::{NumberHolder, PinnedFlow, Plan};
use crate::port::StoreError;
use crate::vocabulary::{CampaignId, PhoneNumber, TenantId, TrialId, limits};

impl Switchboard {
    /// The plan of the campaign that answers a number. Numbers that nobody holds are remembered too.
    pub(super) async fn plan_for(
        &self,
        called: &PhoneNumber,
    ) -> Result<Option<Arc<Plan>>, StoreError> {
        let Some(holder) = self.holder(called).await? else { return Ok(None) };
        match holder.campaign {
            Some(campaign) => self.plan(holder.tenant, campaign, None).await,
            None => Ok(None),
        }
    }

    /// The plan of the campaign that a test call runs in, with the trial as its flow; `None` where the
    /// trial is unknown, or takes calls no more.
    pub(super) async fn plan_of_trial(
        &self,
        tenant: Option<TenantId>,
        trial: TrialId,
    ) -> Result<Option<Arc<Plan>>, StoreError> {
        let Some(tenant) = tenant else { return Ok(None) };
        let Some(trial) = self.ports.directory.trial(tenant, trial).await? else {
            return Ok(None);
        };
        let age = self.ports.clock.now() - trial.created_at;
        if age > TimeDelta::seconds(limits::TRIAL_SECS) {
            return Ok(None);
        }
        let plan = self.plan(tenant, trial.campaign, Some(trial.pinned)).await?;
        // Whoever tests a draft must not take another version for it.
        Ok(plan.filter(|plan| plan.flow.as_ref().is_some_and(|flow| flow.pinned == trial.pinned)))
    }

    /// The plan of a call's campaign, unless the campaign is gone: with the version of the flow that
    /// the call is on.
    pub(super) async fn plan_of(&self, call: &Call) -> Result<Option<Arc<Plan>>, StoreError> {
        let newest = self.plan(call.tenant, call.campaign, None).await?;
        let session = call.flow.as_ref().filter(|session| session.is_running());
        let Some(session) = session else { return Ok(newest) };
        let pinned = PinnedFlow { flow: session.flow, version: session.version };
        match newest {
            Some(plan) if plan.flow.as_ref().is_some_and(|flow| flow.pinned == pinned) => {
                Ok(Some(plan))
            }
            Some(_) => self.plan(call.tenant, call.campaign, Some(pinned)).await,
            None => Ok(None),
        }
    }

    /// The plan of a campaign, if it exists, with its flow in this version or in the newest.
    async fn plan(
        &self,
        tenant: TenantId,
        campaign: CampaignId,
        flow: Option<PinnedFlow>,
    ) -> Result<Option<Arc<Plan>>, StoreError> {
        let revision = self.ports.directory.revision(tenant);
        if let Some(plan) = self.plans.plan(tenant, campaign, flow, revision) {
            return Ok(Some(plan));
        }
        // After a change every call of the campaign misses the cache at once. One of them reads, and
        // the others find what it found.
        let loading = self.plans.loading(tenant, campaign);
        let _turn = loading.lock().await;
        if let Some(plan) = self.plans.plan(tenant, campaign, flow, revision) {
            return Ok(Some(plan));
        }
        let Some(source) = self.ports.directory.source(tenant, campaign, flow).await? else {
            self.plans.forget_plan(tenant, campaign);
            return Ok(None);
        };
        let plan = Arc::new(Plan::compile(&source));
        self.plans.keep_plan(&plan, flow);
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
