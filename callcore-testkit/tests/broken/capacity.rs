//! Faults of capacity.

use async_trait::async_trait;
use callcore::port::{Ask, Calls, Capacity, Held, Release, Reservation, Reserved, StoreError};
use callcore::routing::{Cap, Claim};
use callcore::vocabulary::{CallId, TenantId};
use chrono::{DateTime, TimeDelta, Utc};

use crate::store::{Fault, Faulty, alias};

/// What makes leases outlast every case.
const AGES: u32 = 1_000_000;

impl Faulty {
    /// Takes a claim that looked as if it had room, without asking again.
    async fn count_then_take(
        &self,
        tenant: TenantId,
        mut wanted: Reservation,
        now: DateTime<Utc>,
    ) -> Result<Reserved, StoreError> {
        let caps = wanted.claims.iter().flat_map(|claim| claim.caps.iter().copied()).collect();
        let ask = Ask { caps, ..Ask::default() };
        let look = self.inner.look(tenant, alias(wanted.call, 0), &ask, now).await?;
        tokio::task::yield_now().await;
        let room = |cap: &Cap| look.usage.get(&cap.key).is_none_or(|used| *used < cap.limit);
        for cap in wanted.claims.iter_mut().flat_map(|claim| &mut claim.caps) {
            cap.limit = if room(cap) { u32::MAX } else { 0 };
        }
        self.inner.reserve(tenant, wanted, now).await
    }

    /// Takes each cap by itself.
    async fn take_in_part(
        &self,
        tenant: TenantId,
        wanted: &Reservation,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        for (attempt, claim) in (1_000..).step_by(10).zip(&wanted.claims) {
            for (attempt, cap) in (attempt..).zip(&claim.caps) {
                let claims = vec![Claim { candidate: claim.candidate, caps: vec![*cap] }];
                let part = Reservation { attempt, claims, ..wanted.clone() };
                self.inner.reserve(tenant, part, now).await?;
            }
        }
        Ok(())
    }

    /// What the store answers, and what a faulty one does besides.
    async fn spoil(
        &self,
        tenant: TenantId,
        wanted: Reservation,
        reserved: Reserved,
        now: DateTime<Utc>,
    ) -> Result<Reserved, StoreError> {
        let length = TimeDelta::seconds(i64::from(wanted.lease_secs));
        match reserved {
            Reserved::Held(held) if self.has(Fault::LeaseRenewed) => {
                Ok(Reserved::Held(Held { expires_at: now + length, ..held }))
            }
            Reserved::Held(held) if self.has(Fault::ExpiredCounts) => {
                let surplus = TimeDelta::seconds(i64::from(AGES));
                Ok(Reserved::Held(Held { expires_at: held.expires_at - surplus, ..held }))
            }
            Reserved::Held(held) if self.has(Fault::RepetitionTakes) => {
                // Each repetition becomes an attempt of its own, until nothing fits any more.
                for attempt in 1_000..1_010 {
                    let more = Reservation { attempt, lease: wanted.lease, ..wanted.clone() };
                    self.inner.reserve(tenant, more, now).await?;
                }
                Ok(Reserved::Held(held))
            }
            Reserved::Full { passed_over } if self.has(Fault::ClaimTakenInPart) => {
                self.take_in_part(tenant, &wanted, now).await?;
                Ok(Reserved::Full { passed_over })
            }
            Reserved::CallEnded if self.has(Fault::EndedCallsDial) => {
                let other = Reservation { call: alias(wanted.call, 0), ..wanted };
                self.inner.reserve(tenant, other, now).await
            }
            right => Ok(right),
        }
    }
}

#[async_trait]
impl Capacity for Faulty {
    async fn reserve(
        &self,
        tenant: TenantId,
        mut wanted: Reservation,
        now: DateTime<Utc>,
    ) -> Result<Reserved, StoreError> {
        let tenant = self.tenant(tenant);
        if self.has(Fault::CountsThenTakes) {
            return self.count_then_take(tenant, wanted, now).await;
        }
        if self.has(Fault::CapIgnored) {
            for claim in &mut wanted.claims {
                claim.caps.pop();
            }
        }
        if self.has(Fault::ReleaseForgotten) {
            wanted.releases.clear();
        }
        if self.has(Fault::ClaimsBackwards) {
            wanted.claims.reverse();
        }
        if self.has(Fault::ExpiredCounts) {
            wanted.lease_secs += AGES;
        }
        let reserved = self.inner.reserve(tenant, wanted.clone(), now).await?;
        self.spoil(tenant, wanted, reserved, now).await
    }

    async fn release(
        &self,
        tenant: TenantId,
        call: CallId,
        releases: &[Release],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        if self.has(Fault::ReleaseForgotten) {
            return Ok(());
        }
        let mut releases = releases.to_vec();
        for release in &mut releases {
            release.refund |= self.has(Fault::RefundAlways);
            release.refund &= !self.has(Fault::RefundForgotten);
        }
        self.inner.release(self.tenant(tenant), call, &releases, now).await
    }

    async fn held(&self, tenant: TenantId, now: DateTime<Utc>) -> Result<u64, StoreError> {
        self.inner.held(self.tenant(tenant), now).await
    }
}
