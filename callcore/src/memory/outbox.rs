//! What waits to be sent.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{MemoryStore, micros};
use crate::call::Delivery;
use crate::port::{
    DeliveryRecord, DeliveryStatus, Due, Lane, Outbox, Settlement, StoreError, Tried, Wanted,
};
use crate::vocabulary::{CallId, TenantId};

/// The deliveries of all tenants.
#[derive(Debug, Default)]
pub(super) struct Post {
    /// In the order of writing, so that a place tells which of two is older.
    rows: BTreeMap<usize, Row>,
    written: usize,
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

impl Row {
    fn end(&mut self, status: DeliveryStatus, reason: Option<String>) {
        self.record.status = status;
        self.record.reason = reason;
        self.record.delivery = self.record.delivery.clone().emptied();
    }
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
            let place = self.written;
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
            self.rows.insert(place, Row { tenant, call, record, due_at: now });
            self.written += 1;
        }
    }

    fn claim(&mut self, wanted: &Wanted, until: DateTime<Utc>, now: DateTime<Utc>) -> Vec<Due> {
        let mut taken: BTreeMap<TenantId, usize> = BTreeMap::new();
        let mut places = Vec::new();
        for (due_at, place) in self.due.iter().take_while(|(due_at, _)| *due_at <= now) {
            let Some(row) = self.rows.get(place) else { continue };
            if places.len() == wanted.most {
                break;
            }
            let of_its_tenant = taken.entry(row.tenant).or_default();
            if Lane::of(&row.record.delivery.payload) == wanted.lane
                && *of_its_tenant < wanted.room(row.tenant)
            {
                *of_its_tenant += 1;
                places.push((*due_at, *place));
            }
        }
        let mut claimed = Vec::with_capacity(places.len());
        for (due_at, place) in places {
            let Some(row) = self.rows.get_mut(&place) else { continue };
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
                age: now - row.record.created_at,
            });
        }
        claimed
    }

    fn settle(&mut self, Settlement { due, tried }: &Settlement, now: DateTime<Utc>) {
        let Some(&place) = self.known.get(&(due.tenant, due.delivery.id)) else { return };
        let Some(row) = self.rows.get_mut(&place) else { return };
        if row.record.status != DeliveryStatus::Waiting || row.record.attempts != due.attempt {
            return;
        }
        self.due.remove(&(row.due_at, place));
        row.record.updated_at = now;
        match tried {
            Tried::Delivered => row.end(DeliveryStatus::Delivered, None),
            Tried::Again { at, reason } => {
                row.due_at = micros(*at);
                row.record.reason = Some(reason.clone());
                self.due.insert((row.due_at, place));
            }
            Tried::GivenUp { reason } => row.end(DeliveryStatus::GivenUp, Some(reason.clone())),
        }
    }

    fn forget(&mut self, before: DateTime<Utc>, most: usize) -> usize {
        let ended = self.rows.iter().filter(|(_, row)| {
            row.record.status != DeliveryStatus::Waiting && row.record.updated_at < before
        });
        let mut old: Vec<_> = ended.map(|(place, row)| (row.record.updated_at, *place)).collect();
        old.sort_unstable();
        old.truncate(most);
        for (_, place) in &old {
            let Some(row) = self.rows.remove(place) else { continue };
            self.known.remove(&(row.tenant, row.record.delivery.id));
            if let Some(places) = self.of_calls.get_mut(&(row.tenant, row.call)) {
                places.retain(|known| known != place);
            }
        }
        old.len()
    }

    fn of_call(&self, tenant: TenantId, call: CallId) -> Vec<DeliveryRecord> {
        let places = self.of_calls.get(&(tenant, call)).map_or(&[][..], Vec::as_slice);
        let rows = places.iter().filter_map(|place| self.rows.get(place));
        rows.map(|row| row.record.clone()).collect()
    }
}

#[async_trait]
impl Outbox for MemoryStore {
    async fn claim(
        &self,
        wanted: &Wanted,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Due>, StoreError> {
        Ok(self.lock().post.claim(wanted, micros(until), micros(now)))
    }

    async fn settle(&self, settled: &[Settlement], now: DateTime<Utc>) -> Result<(), StoreError> {
        let post = &mut self.lock().post;
        for settlement in settled {
            post.settle(settlement, micros(now));
        }
        Ok(())
    }

    async fn forget(
        &self,
        before: DateTime<Utc>,
        most: usize,
        _now: DateTime<Utc>,
    ) -> Result<usize, StoreError> {
        Ok(self.lock().post.forget(micros(before), most))
    }

    async fn of_call(
        &self,
        tenant: TenantId,
        call: CallId,
    ) -> Result<Vec<DeliveryRecord>, StoreError> {
        Ok(self.lock().post.of_call(tenant, call))
    }
}
