//! Faults of the outbox.

use async_trait::async_trait;
use callcore::port::{DeliveryRecord, Due, Lane, Outbox, Settlement, StoreError, Tried, Wanted};
use callcore::vocabulary::{CallId, TenantId};
use chrono::{DateTime, Utc};

use crate::store::{Fault, Faulty};

#[async_trait]
impl Outbox for Faulty {
    async fn claim(
        &self,
        wanted: &Wanted,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Due>, StoreError> {
        let until = match () {
            () if self.has(Fault::ClaimsLeak) => now,
            () if self.has(Fault::ClaimsForEver) => DateTime::<Utc>::MAX_UTC,
            () => until,
        };
        let mut wanted = wanted.clone();
        if self.has(Fault::ClaimsWithoutLimit) {
            (wanted.most, wanted.most_of_one) = (usize::MAX, usize::MAX);
        }
        if self.has(Fault::UnderwayIgnored) {
            wanted.underway.clear();
        }
        let mut claimed = self.inner.claim(&wanted, until, now).await?;
        if self.has(Fault::LanesMixed) {
            wanted.lane = match wanted.lane {
                Lane::Carrier => Lane::Tenants,
                Lane::Tenants => Lane::Carrier,
            };
            claimed.extend(self.inner.claim(&wanted, until, now).await?);
        }
        if self.has(Fault::ClaimsNewestFirst) {
            claimed.reverse();
        }
        Ok(claimed)
    }

    async fn settle(&self, settled: &[Settlement], now: DateTime<Utc>) -> Result<(), StoreError> {
        let changed = |Settlement { due, tried }: &Settlement| {
            let tried = match tried {
                Tried::Delivered | Tried::GivenUp { .. } if self.has(Fault::SettledAgain) => {
                    Tried::Again { at: now, reason: String::new() }
                }
                tried => tried.clone(),
            };
            Settlement { due: Due { tenant: self.tenant(due.tenant), ..due.clone() }, tried }
        };
        let mut settled: Vec<_> = settled.iter().map(changed).collect();
        if self.has(Fault::SettledByAnybody) {
            for attempt in 0..5 {
                let any = |one: &Settlement| {
                    let due = Due { attempt, ..one.due.clone() };
                    Settlement { due, ..one.clone() }
                };
                let any: Vec<_> = settled.iter().map(any).collect();
                self.inner.settle(&any, now).await?;
            }
        }
        if self.has(Fault::OneSettled) {
            settled.truncate(1);
        }
        self.inner.settle(&settled, now).await
    }

    async fn forget(
        &self,
        before: DateTime<Utc>,
        most: usize,
        now: DateTime<Utc>,
    ) -> Result<usize, StoreError> {
        match () {
            () if self.has(Fault::NothingForgotten) => Ok(0),
            () => self.inner.forget(before, most, now).await,
        }
    }

    async fn of_call(
        &self,
        tenant: TenantId,
        call: CallId,
    ) -> Result<Vec<DeliveryRecord>, StoreError> {
        let mut records = Outbox::of_call(&*self.inner, self.tenant(tenant), call).await?;
        if self.has(Fault::DeliveriesSorted) {
            records.sort_by_key(|record| record.delivery.id);
        }
        Ok(records)
    }
}
