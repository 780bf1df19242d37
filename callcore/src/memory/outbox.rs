//! What waits to be sent.

use std::collections::{BTreeSet, HashMap};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{MemoryStore, micros};
use crate::call::Delivery;
use crate::port::{DeliveryRecord, DeliveryStatus, Due, Outbox, StoreError, Tried};
use crate::vocabulary::{CallId, TenantId};

/// The deliveries of all tenants.
#[derive(Debug, Default)]
pub(super) struct Post {
    /// In the order of writing, so that a place tells which of two is older.
    rows: Vec<Row>,
    known: HashMap<(TenantId, Uuid), usize>,
    of_calls: HashMap<(TenantId, CallId), Vec<usize>>,
    /// What is not settled, the longest waiting first.
    due: BTreeSet<(DateTime<Utc>, usize)>,
}

#[derive(Debug)]
struct Row {
    tenant: TenantId,
    call: CallId,
    record: DeliveryRecord,
    due_at: DateTime<Utc>,
}

impl Post {
    /// Writes what a step of a call has to send. What is known already stays as it is.
    pub(super) fn write(
        &mut self,
        tenant: TenantId,
        call: CallId,
        deliveries: Vec<Delivery>,
        now: DateTime<Utc>,
    ) {
        for delivery in deliveries {
            let place = self.rows.len();
            if *self.known.entry((tenant, delivery.id)).or_insert(place) != place {
                continue;
            }
            self.of_calls.entry((tenant, call)).or_default().push(place);
            self.due.insert((now, place));
            let record = DeliveryRecord {
                delivery,
                status: DeliveryStatus::Waiting,
                attempts: 0,
                reason: None,
                created_at: now,
                updated_at: now,
            };
            self.rows.push(Row { tenant, call, record, due_at: now });
        }
    }

    fn claim(&mut self, limit: usize, until: DateTime<Utc>, now: DateTime<Utc>) -> Vec<Due> {
        let due = self.due.iter().take_while(|(due_at, _)| *due_at <= now);
        let due: Vec<_> = due.take(limit).copied().collect();
        let mut claimed = Vec::with_capacity(due.len());
        for (due_at, place) in due {
            let Some(row) = self.rows.get_mut(place) else { continue };
            self.due.remove(&(due_at, place));
            self.due.insert((until, place));
            row.due_at = until;
            row.record.attempts += 1;
            row.record.updated_at = now;
            claimed.push(Due {
                tenant: row.tenant,
                call: row.call,
                delivery: row.record.delivery.clone(),
                attempt: row.record.attempts,
            });
        }
        claimed
    }

    fn settle(&mut self, tenant: TenantId, delivery: Uuid, tried: Tried, now: DateTime<Utc>) {
        let Some(&place) = self.known.get(&(tenant, delivery)) else { return };
        let Some(row) = self.rows.get_mut(place) else { return };
        if row.record.status != DeliveryStatus::Waiting {
            return;
        }
        self.due.remove(&(row.due_at, place));
        row.record.updated_at = now;
        match tried {
            Tried::Delivered => {
                row.record.status = DeliveryStatus::Delivered;
                row.record.reason = None;
            }
            Tried::Again { at, reason } => {
                row.due_at = micros(at);
                row.record.reason = Some(reason);
                self.due.insert((row.due_at, place));
            }
            Tried::GivenUp { reason } => {
                row.record.status = DeliveryStatus::GivenUp;
                row.record.reason = Some(reason);
            }
        }
    }

    fn of_call(&self, tenant: TenantId, call: CallId) -> Vec<DeliveryRecord> {
        let places = self.of_calls.get(&(tenant, call)).map_or(&[][..], Vec::as_slice);
        let rows = places.iter().filter_map(|place| self.rows.get(*place));
        rows.map(|row| row.record.clone()).collect()
    }
}

#[async_trait]
impl Outbox for MemoryStore {
    async fn claim(
        &self,
        limit: usize,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Due>, StoreError> {
        Ok(self.lock().post.claim(limit, micros(until), micros(now)))
    }

    async fn settle(
        &self,
        tenant: TenantId,
        delivery: Uuid,
        tried: Tried,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.lock().post.settle(tenant, delivery, tried, micros(now));
        Ok(())
    }

    async fn of_call(
        &self,
        tenant: TenantId,
        call: CallId,
    ) -> Result<Vec<DeliveryRecord>, StoreError> {
        Ok(self.lock().post.of_call(tenant, call))
    }
}
