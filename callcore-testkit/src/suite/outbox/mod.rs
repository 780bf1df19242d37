//! Cases of [`Outbox`](callcore::port::Outbox).

mod claims;
mod ends;
mod lanes;
mod writes;

pub use claims::*;
pub use ends::*;
pub use lanes::*;
pub use writes::*;

use std::collections::BTreeMap;

use callcore::call::{Delivery, StepKey};
use callcore::port::{DeliveryRecord, Due, Lane, Save, Settlement, Tried, Wanted};
use chrono::{DateTime, TimeDelta, Utc};

use crate::fixtures::{call, call_id, requests, save, settlement};
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

    /// What is due at addresses of tenants, without its age.
    async fn claim(&self, limit: usize, until: DateTime<Utc>, now: DateTime<Utc>) -> Vec<Due> {
        let claimed = self.claim_of(&requests(limit), until, now).await;
        claimed.into_iter().map(|due| Due { age: TimeDelta::zero(), ..due }).collect()
    }

    async fn claim_of(
        &self,
        wanted: &Wanted,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Vec<Due> {
        self.outbox.claim(wanted, until, now).await.expect("the store answers")
    }

    /// Settles the first try of delivery `n`.
    async fn settle(&self, n: u32, tried: Tried, now: DateTime<Utc>) {
        self.settle_try(n, 1, tried, now).await;
    }

    async fn settle_try(&self, n: u32, attempt: u32, tried: Tried, now: DateTime<Utc>) {
        let settled = self.outbox.settle(&[self.settlement(n, attempt, tried)], now).await;
        settled.expect("the store answers");
    }

    fn settlement(&self, n: u32, attempt: u32, tried: Tried) -> Settlement {
        settlement(self.tenant, n, attempt, tried)
    }
}

/// A claim with nothing underway.
fn wanted(lane: Lane, most: usize, most_of_one: usize) -> Wanted {
    Wanted { lane, most, most_of_one, underway: BTreeMap::new() }
}
