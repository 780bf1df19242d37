//! Cases of [`Outbox`](callcore::port::Outbox).

mod claims;
mod writes;

pub use claims::*;
pub use writes::*;

use callcore::call::{Delivery, StepKey};
use callcore::port::{DeliveryRecord, Due, Save, Tried};
use chrono::{DateTime, Utc};

use crate::fixtures::{call, call_id, delivery_id, save};
use crate::suite::kit::Kit;

impl Kit {
    /// Saves a new call whose first step, at this instant, has something to send.
    async fn post_at(&self, n: u32, deliveries: Vec<Delivery>, at: DateTime<Utc>) {
        let mut written = save(call(self.tenant, n), None, &StepKey::voice());
        written.fact.at = at;
        self.save(Save { outbox: deliveries, ..written }).await;
    }

    async fn deliveries(&self, n: u32) -> Vec<DeliveryRecord> {
        self.outbox.of_call(self.tenant, call_id(n)).await.expect("the store answers")
    }

    /// The only delivery of a call.
    async fn delivery(&self, n: u32) -> DeliveryRecord {
        let mut records = self.deliveries(n).await;
        assert_eq!(records.len(), 1, "call {n} has one delivery");
        records.remove(0)
    }

    async fn claim(&self, limit: usize, until: DateTime<Utc>, now: DateTime<Utc>) -> Vec<Due> {
        self.outbox.claim(limit, until, now).await.expect("the store answers")
    }

    async fn settle(&self, n: u32, tried: Tried, now: DateTime<Utc>) {
        let settled = self.outbox.settle(self.tenant, delivery_id(n), tried, now).await;
        settled.expect("the store answers");
    }
}
