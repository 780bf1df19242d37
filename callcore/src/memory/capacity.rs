//! Caps that hold. For every place there is the set of attempts that hold it, and nothing is counted
//! but these sets, so that no counter can drift.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};

use super::{MemoryStore, micros};
use crate::call::{Attempt, Call};
use crate::port::{Capacity, Held, Release, Reservation, Reserved, StoreError};
use crate::routing::{Cap, CapKey};
use crate::schedule::CapWindow;
use crate::vocabulary::{CallId, TenantId};

/// One attempt of one call.
pub(super) type AttemptKey = (CallId, u32);

/// A cap in one of its windows.
type Place = (CapKey, String);

/// What one tenant's attempts hold.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// Everything that was ever granted: the answers to repeated reservations.
    grants: BTreeMap<AttemptKey, Grant>,
    /// The attempts that have not given back their concurrency places.
    leases: BTreeSet<AttemptKey>,
    taken: HashMap<Place, BTreeSet<AttemptKey>>,
}

#[derive(Debug)]
struct Grant {
    held: Held,
    places: Vec<Place>,
}

impl Places {
    /// How many other calls' attempts hold a place under this cap.
    pub(super) fn used_by_others(&self, cap: &Cap, call: CallId, now: DateTime<Utc>) -> u32 {
        self.used(cap, now, |attempt| attempt.0 != call)
    }

    fn used(&self, cap: &Cap, now: DateTime<Utc>, counts: impl Fn(&AttemptKey) -> bool) -> u32 {
        let holders = self.taken.get(&(cap.key, cap.window_key(now)));
        let lasting = |attempt: &&AttemptKey| {
            cap.key.window != CapWindow::Concurrent || self.lasts(attempt, now)
        };
        let used = holders.into_iter().flatten().filter(lasting).filter(|held| counts(held));
        u32::try_from(used.count()).unwrap_or(u32::MAX)
    }

    /// Whether a lease has not run out. One that has counts nowhere, swept or not.
    fn lasts(&self, attempt: &AttemptKey, now: DateTime<Utc>) -> bool {
        self.grants.get(attempt).is_some_and(|grant| grant.held.expires_at > now)
    }

    fn reserve(&mut self, wanted: Reservation, now: DateTime<Utc>) -> Reserved {
        let attempt = (wanted.call, wanted.attempt);
        if let Some(grant) = self.grants.get(&attempt) {
            return Reserved::Held(grant.held.clone());
        }
        let mut passed_over = Vec::new();
        for claim in wanted.claims {
            if let Some(cap) =
                claim.caps.iter().find(|cap| self.used(cap, now, |_| true) >= cap.limit)
            {
                passed_over.push((claim.candidate, cap.key));
                continue;
            }
            let places: Vec<Place> =
                claim.caps.iter().map(|cap| (cap.key, cap.window_key(now))).collect();
            for place in &places {
                self.taken.entry(place.clone()).or_default().insert(attempt);
            }
            let held = Held {
                candidate: claim.candidate,
                lease: wanted.lease,
                at: now,
                expires_at: now + TimeDelta::seconds(i64::from(wanted.lease_secs)),
                passed_over,
            };
            self.leases.insert(attempt);
            self.grants.insert(attempt, Grant { held: held.clone(), places });
            return Reserved::Held(held);
        }
        Reserved::Full { passed_over }
    }

    pub(super) fn release(&mut self, call: CallId, releases: &[Release]) {
        for release in releases {
            self.give_back((call, release.attempt), release.refund);
        }
    }

    /// Gives back all that is left of a call that is over.
    pub(super) fn close(&mut self, call: &Call) {
        let open: Vec<AttemptKey> =
            self.leases.range((call.id, u32::MIN)..=(call.id, u32::MAX)).copied().collect();
        for attempt in open {
            let lease = self.grants.get(&attempt).map(|grant| grant.held.lease);
            let known = |one: &Attempt| one.attempt == attempt.1 && one.lease == lease;
            self.give_back(attempt, !call.attempts.iter().any(known));
        }
    }

    /// Gives back the concurrency places of an attempt, and with `refund` the others.
    pub(super) fn give_back(&mut self, attempt: AttemptKey, refund: bool) {
        self.leases.remove(&attempt);
        let Some(grant) = self.grants.get(&attempt) else { return };
        for place in &grant.places {
            if (refund || place.0.window == CapWindow::Concurrent)
                && let Some(holders) = self.taken.get_mut(place)
            {
                holders.remove(&attempt);
                if holders.is_empty() {
                    self.taken.remove(place);
                }
            }
        }
    }

    /// Every attempt that has not given back its concurrency places, with its grant.
    pub(super) fn leases(&self) -> impl Iterator<Item = (AttemptKey, &Held)> {
        self.leases.iter().filter_map(|attempt| Some((*attempt, &self.grants.get(attempt)?.held)))
    }

    fn held(&self, now: DateTime<Utc>) -> u64 {
        let lasting = self.leases.iter().filter(|attempt| self.lasts(attempt, now));
        let places = lasting.filter_map(|attempt| self.grants.get(attempt)).flat_map(|grant| {
            grant.places.iter().filter(|(key, _)| key.window == CapWindow::Concurrent)
        });
        places.count() as u64
    }
}

#[async_trait]
impl Capacity for MemoryStore {
    async fn reserve(
        &self,
        tenant: TenantId,
        reservation: Reservation,
        now: DateTime<Utc>,
    ) -> Result<Reserved, StoreError> {
        let mut state = self.lock();
        let tenant = state.tenant(tenant);
        tenant.places.release(reservation.call, &reservation.releases);
        // An ended call gets not even its own earlier grant again: its places are given back.
        if tenant.calls.call(reservation.call).is_some_and(Call::is_over) {
            return Ok(Reserved::CallEnded);
        }
        Ok(tenant.places.reserve(reservation, micros(now)))
    }

    async fn release(
        &self,
        tenant: TenantId,
        call: CallId,
        releases: &[Release],
        _now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.lock().tenant(tenant).places.release(call, releases);
        Ok(())
    }

    async fn held(&self, tenant: TenantId, now: DateTime<Utc>) -> Result<u64, StoreError> {
        Ok(self.lock().tenant(tenant).places.held(micros(now)))
    }
}
