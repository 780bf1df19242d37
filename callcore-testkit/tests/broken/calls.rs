//! Faults of calls.

use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use callcore::call::{Call, Growth, Passage, StepKey};
use callcore::port::{
    Ask, Begun, CallFilter, Calls, EarlierBids, Journey, Look, PassageFilter, Save, SaveError,
    StoreError,
};
use callcore::vocabulary::{CallId, Page, PageRequest, TenantId};
use callcore_testkit::fixtures;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::store::{Fault, Faulty, alias};

/// Makes each draw another one.
static DRAWS: AtomicU64 = AtomicU64::new(0);

impl Faulty {
    /// Has what a refused save would send sent for another call.
    async fn save_or_send(&self, tenant: TenantId, save: Save) -> Result<(), SaveError> {
        let saved = self.inner.save(tenant, save.clone()).await;
        if saved.is_err() && !save.outbox.is_empty() {
            let id = alias(save.call.id, DRAWS.fetch_add(1, Ordering::Relaxed));
            let call = Call { id, ..save.call };
            let sent = Save { outbox: save.outbox, ..fixtures::save(call, None, &save.fact.step) };
            self.inner.save(tenant, sent).await?;
        }
        saved
    }
}

#[async_trait]
impl Calls for Faulty {
    async fn look(
        &self,
        tenant: TenantId,
        call: CallId,
        ask: &Ask,
        now: DateTime<Utc>,
    ) -> Result<Look, StoreError> {
        let tenant = self.tenant(tenant);
        let mut look = self.inner.look(tenant, call, ask, now).await?;
        if self.has(Fault::OwnUsageCounted) {
            look.usage = self.inner.look(tenant, alias(call, 0), ask, now).await?.usage;
        }
        if self.has(Fault::BidsForEver) {
            let ask = Ask { bids: ask.bids.clone(), ..Ask::default() };
            look.bids = self.inner.look(tenant, call, &ask, DateTime::UNIX_EPOCH).await?.bids;
        }
        if self.has(Fault::BidsAlwaysNew) {
            look.bids.values_mut().for_each(|earlier| earlier.made_at = now);
        }
        if self.has(Fault::BidsOfAnyCampaign) {
            for n in (1..5).rev() {
                let campaign = fixtures::campaign_id(n);
                let bids = ask.bids.clone().map(|bids| EarlierBids { campaign, ..bids });
                let ask = Ask { bids, ..Ask::default() };
                look.bids.extend(self.inner.look(tenant, call, &ask, now).await?.bids);
            }
        }
        Ok(look)
    }

    async fn begin(
        &self,
        tenant: TenantId,
        call: CallId,
        step: &StepKey,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Begun, StoreError> {
        if self.has(Fault::AlwaysFresh) {
            return Ok(Begun::Fresh);
        }
        let now = if self.has(Fault::NeverAbandoned) { DateTime::UNIX_EPOCH } else { now };
        let call = if self.has(Fault::BeginForgetsSaves) { alias(call, 0) } else { call };
        self.inner.begin(self.tenant(tenant), call, step, until, now).await
    }

    async fn draw(
        &self,
        tenant: TenantId,
        call: CallId,
        rotation: &str,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let drawer = if self.has(Fault::DrawRepeats) {
            fixtures::call_id(1)
        } else if self.has(Fault::DrawForgets) {
            alias(call, DRAWS.fetch_add(1, Ordering::Relaxed))
        } else {
            call
        };
        self.inner.draw(self.tenant(tenant), drawer, rotation, now).await
    }

    async fn save(&self, tenant: TenantId, mut save: Save) -> Result<(), SaveError> {
        let tenant = self.tenant(tenant);
        if self.has(Fault::GrowthForgotten) {
            save.growth = Growth::default();
        }
        if self.has(Fault::WithdrawalsForgotten) {
            save.growth.tallies.iter_mut().for_each(|one| one.converted = one.converted.max(0));
        }
        if self.has(Fault::ExchangesForgotten)
            && let Some(auction) = &mut save.auction
        {
            auction.exchanges.clear();
        }
        let later = self.has(Fault::AuctionNotReplaced) && save.expected.is_some();
        if self.has(Fault::AuctionForgotten) || later {
            save.auction = None;
        }
        if self.has(Fault::ReleaseForgotten) {
            save.releases.clear();
        }
        if self.has(Fault::DeliveryForgotten) {
            save.outbox.clear();
        }
        if self.has(Fault::KnownDeliverySentAgain) && save.expected.is_some() {
            for delivery in &mut save.outbox {
                delivery.id = Uuid::new_v5(&delivery.id, b"again");
            }
        }
        if self.has(Fault::DeliveriesWithoutSave) {
            return self.save_or_send(tenant, save).await;
        }
        if !self.has(Fault::SaveWithoutCompare) {
            return self.inner.save(tenant, save).await;
        }
        let mut saved = Err(SaveError::Conflict);
        for _ in 0..100 {
            let now = save.fact.at;
            let ask = Ask { step: Some(save.fact.step.clone()), ..Ask::default() };
            let look = self.inner.look(tenant, save.call.id, &ask, now).await?;
            save.expected = look.call.map(|(_, version)| version);
            saved = self.inner.save(tenant, save.clone()).await;
            if saved.is_ok() || look.reply.is_some() {
                break;
            }
        }
        saved
    }

    async fn read(&self, tenant: TenantId, call: CallId) -> Result<Option<Journey>, StoreError> {
        self.inner.read(self.tenant(tenant), call).await
    }

    async fn list(
        &self,
        tenant: TenantId,
        filter: &CallFilter,
        mut page: PageRequest,
    ) -> Result<Page<Call>, StoreError> {
        let mut filter = filter.clone();
        if self.has(Fault::FlowFilterIgnored) {
            filter.flow = None;
            filter.flow_status = None;
        }
        if self.has(Fault::CursorIgnored) {
            page.after = None;
        }
        Calls::list(&*self.inner, self.tenant(tenant), &filter, page).await
    }

    async fn passages(
        &self,
        tenant: TenantId,
        filter: &PassageFilter,
        mut page: PageRequest,
    ) -> Result<Page<Passage>, StoreError> {
        let mut filter = *filter;
        if self.has(Fault::SpanIgnored) {
            (filter.from, filter.to) = (None, None);
        }
        if self.has(Fault::CursorIgnored) {
            page.after = None;
        }
        let mut passages = self.inner.passages(self.tenant(tenant), &filter, page).await?;
        if self.has(Fault::NodesBackwards) {
            passages.items.iter_mut().for_each(|passage| passage.runs.reverse());
        }
        Ok(passages)
    }
}
