//! The model: a list of everything that was granted, counted anew each time.

use callcore::routing::Cap;
use callcore::schedule::CapWindow;
use callcore::vocabulary::LeaseId;
use callcore_testkit::fixtures;
use chrono::{DateTime, TimeDelta, Utc};

/// What a reservation must answer.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The call is over.
    Ended,
    /// Each claim found this cap full.
    Full { caps: Vec<usize> },
    /// The claim at this place, at this instant.
    Granted { claim: usize, at: DateTime<Utc> },
}

#[derive(Debug)]
struct Grant {
    call: u32,
    attempt: u32,
    claim: usize,
    at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    /// Caps by their places in the list, each with the name of its window.
    items: Vec<(usize, String)>,
    live: bool,
    refunded: bool,
    saved: bool,
}

/// Capacity as a list of grants.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) caps: Vec<Cap>,
    grants: Vec<Grant>,
    ended: Vec<u32>,
}

impl Model {
    pub(crate) fn new(caps: Vec<Cap>) -> Self {
        Self { caps, grants: Vec::new(), ended: Vec::new() }
    }

    pub(crate) fn used(&self, cap: usize, now: DateTime<Utc>) -> u32 {
        let item = (cap, self.window(cap, now));
        let concurrent = self.caps[cap].key.window == CapWindow::Concurrent;
        let counts = |grant: &&Grant| match concurrent {
            true => grant.live && grant.expires_at > now,
            false => !grant.refunded,
        };
        let holders = self.grants.iter().filter(|grant| grant.items.contains(&item));
        u32::try_from(holders.filter(counts).count()).unwrap()
    }

    pub(crate) fn held(&self, now: DateTime<Utc>) -> u64 {
        let concurrent =
            (0..self.caps.len()).filter(|cap| self.caps[*cap].key.window == CapWindow::Concurrent);
        concurrent.map(|cap| u64::from(self.used(cap, now))).sum()
    }

    pub(crate) fn reserve(
        &mut self,
        call: u32,
        attempt: u32,
        claims: &[Vec<usize>],
        lease_secs: u32,
        now: DateTime<Utc>,
    ) -> Answer {
        if self.ended.contains(&call) {
            return Answer::Ended;
        }
        if let Some(grant) = self.grant(call, attempt) {
            return Answer::Granted { claim: grant.claim, at: grant.at };
        }
        let full = |claim: &Vec<usize>| {
            claim.iter().copied().find(|cap| self.used(*cap, now) >= self.caps[*cap].limit)
        };
        let tried: Vec<_> = claims.iter().map(full).collect();
        let Some(claim) = tried.iter().position(Option::is_none) else {
            return Answer::Full { caps: tried.into_iter().flatten().collect() };
        };
        let items = claims[claim].iter().map(|cap| (*cap, self.window(*cap, now))).collect();
        self.grants.push(Grant {
            call,
            attempt,
            claim,
            at: now,
            expires_at: now + TimeDelta::seconds(i64::from(lease_secs)),
            items,
            live: true,
            refunded: false,
            saved: false,
        });
        Answer::Granted { claim, at: now }
    }

    pub(crate) fn release(&mut self, call: u32, releases: &[(u32, bool)]) {
        for (attempt, refund) in releases {
            let granted = self.grants.iter_mut();
            for grant in granted.filter(|one| (one.call, one.attempt) == (call, *attempt)) {
                grant.live = false;
                grant.refunded |= refund;
            }
        }
    }

    pub(crate) fn end(&mut self, call: u32) {
        for grant in self.grants.iter_mut().filter(|grant| grant.call == call && grant.live) {
            grant.live = false;
            grant.refunded |= !grant.saved;
        }
        self.ended.push(call);
    }

    /// The lease of a grant that no saved call knows of; it is known from now on.
    pub(crate) fn unsaved_grant(
        &mut self,
        call: u32,
        attempt: u32,
    ) -> Option<(LeaseId, DateTime<Utc>)> {
        let mut grants = self.grants.iter_mut();
        let grant =
            grants.find(|one| (one.call, one.attempt, one.saved) == (call, attempt, false))?;
        grant.saved = true;
        Some((fixtures::lease_id(fixtures::call_id(call), attempt), grant.expires_at))
    }

    /// Frees what nobody else does; answers how many leases, and how many of them were orphans.
    pub(crate) fn sweep(&mut self, now: DateTime<Utc>) -> (u64, u64) {
        let (mut freed, mut orphans) = (0, 0);
        for grant in self.grants.iter_mut().filter(|grant| grant.live) {
            let orphan = !grant.saved && now - grant.at > TimeDelta::minutes(1);
            let over = grant.expires_at <= now || self.ended.contains(&grant.call);
            if orphan || (grant.saved && over) {
                grant.live = false;
                grant.refunded |= orphan;
                freed += 1;
                orphans += u64::from(orphan);
            }
        }
        (freed, orphans)
    }

    fn grant(&self, call: u32, attempt: u32) -> Option<&Grant> {
        self.grants.iter().find(|grant| (grant.call, grant.attempt) == (call, attempt))
    }

    fn window(&self, cap: usize, now: DateTime<Utc>) -> String {
        let cap = &self.caps[cap];
        let pattern = match cap.key.window {
            CapWindow::Concurrent | CapWindow::Total => "always",
            CapWindow::Hourly => "%F %H",
            CapWindow::Daily => "%F",
            CapWindow::Monthly => "%Y-%m",
        };
        now.with_timezone(&cap.zone).format(pattern).to_string()
    }
}
