//! Faults of the outbox.

use async_trait::async_trait;
use callcore::port::{DeliveryRecord, Due, Outbox, StoreError, Tried};
use callcore::vocabulary::{CallId, TenantId};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::store::{Fault, Faulty};

#[async_trait]
impl Outbox for Faulty {
    async fn claim(
        &self,
        limit: usize,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Due>, StoreError> {
        let until = match () {
            () if self.has(Fault::ClaimsLeak) => now,
            () if self.has(Fault::ClaimsForEver) => DateTime::<Utc>::MAX_UTC,
            () => until,
        };
        let limit = if self.has(Fault::ClaimsWithoutLimit) { usize::MAX } else { limit };
        let mut claimed = self.inner.claim(limit, until, now).await?;
        if self.has(Fault::ClaimsNewestFirst) {
            claimed.reverse();
        }
        Ok(claimed)
    }

    async fn settle(
        &self,
        tenant: TenantId,
        delivery: Uuid,
        tried: Tried,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let tried = match tried {
            Tried::Delivered | Tried::GivenUp { .. } if self.has(Fault::SettledAgain) => {
                Tried::Again { at: now, reason: String::new() }
            }
            tried => tried,
        };
        self.inner.settle(self.tenant(tenant), delivery, tried, now).await
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
