//! Capacity against a model of it: random sequences of acts, one after the other, and after each of
//! them the store tells the same as the model. The invariants are named where they are checked.
//!
//! - I1: no count is below zero, which its type says, or above what was granted.
//! - I2: at each grant the count before it was below the limit in force then.
//! - I3: a concurrency count is the number of leases that last: nothing drifts.
//! - I4: all caps of a claim or none.
//! - I5: releasing twice is releasing once.
//! - I6: nothing is granted to a call that is over.
//! - I7: other counts fall by refunds only, and only in the windows of their grants.
//! - I8: after the last event and the longest lease, no place is held.

#![expect(clippy::unwrap_used, reason = "a panic is how this test fails")]

mod capacity_model;

use callcore::call::{Attempt, Call, StepKey};
use callcore::memory::MemoryStore;
use callcore::port::{Ask, Calls, Capacity, Release, Reservation, Reserved, SystemStore};
use callcore::routing::{Cap, CapScope};
use callcore::schedule::CapWindow;
use callcore::vocabulary::{TenantId, limits};
use callcore_testkit::fixtures;
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use proptest::collection::vec;
use proptest::prelude::*;

use capacity_model::{Answer, Model};

const CALLS: u32 = 4;
const ATTEMPTS: u32 = 3;
const LEASE_SECS: u32 = 7_200;

/// One act of a sequence.
#[derive(Clone, Debug)]
enum Act {
    Advance {
        secs: i64,
    },
    End {
        call: u32,
    },
    Release {
        call: u32,
        releases: Vec<(u32, bool)>,
    },
    ReleaseAll {
        call: u32,
    },
    /// Each claim is the places of its caps in the list of caps.
    Reserve {
        call: u32,
        attempt: u32,
        claims: Vec<Vec<usize>>,
    },
    /// Saves an attempt that was granted, as a step does.
    SaveAttempt {
        call: u32,
        attempt: u32,
    },
    SetLimit {
        cap: usize,
        limit: u32,
    },
    Sweep,
}

fn caps() -> Vec<Cap> {
    let york = |cap| Cap { zone: Tz::America__New_York, ..cap };
    let group = CapScope::Group { group: fixtures::group_id(1) };
    vec![
        fixtures::buyer_cap(1, CapWindow::Concurrent, 2),
        fixtures::buyer_cap(1, CapWindow::Hourly, 2),
        fixtures::buyer_cap(1, CapWindow::Daily, 3),
        fixtures::buyer_cap(1, CapWindow::Total, 6),
        york(fixtures::buyer_cap(2, CapWindow::Concurrent, 1)),
        york(fixtures::buyer_cap(2, CapWindow::Daily, 2)),
        fixtures::cap(group, CapWindow::Monthly, 4),
    ]
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let call = || 0..CALLS;
    let attempt = || 1..=ATTEMPTS;
    let some_caps = proptest::sample::subsequence(Vec::from_iter(0..caps().len()), 0..=4);
    let act = prop_oneof![
        8 => (call(), attempt(), vec(some_caps, 1..=3))
            .prop_map(|(call, attempt, claims)| Act::Reserve { call, attempt, claims }),
        4 => (call(), vec((attempt(), any::<bool>()), 1..=2))
            .prop_map(|(call, releases)| Act::Release { call, releases }),
        1 => call().prop_map(|call| Act::ReleaseAll { call }),
        2 => (call(), attempt()).prop_map(|(call, attempt)| Act::SaveAttempt { call, attempt }),
        1 => call().prop_map(|call| Act::End { call }),
        2 => Just(Act::Sweep),
        3 => proptest::sample::select(vec![1, 60, 61, 1_800, 7_199, 7_200, 40_000, 700_000])
            .prop_map(|secs| Act::Advance { secs }),
        1 => (0..caps().len(), 0..5_u32).prop_map(|(cap, limit)| Act::SetLimit { cap, limit }),
    ];
    vec(act, 1..80)
}

/// The store beside its model.
struct Pair {
    store: MemoryStore,
    model: Model,
    tenant: TenantId,
    now: DateTime<Utc>,
    /// The calls that were saved, with their versions.
    saved: Vec<Option<(Call, u64)>>,
}

impl Pair {
    fn new() -> Self {
        Self {
            store: MemoryStore::new(),
            model: Model::new(caps()),
            tenant: fixtures::tenant(1),
            now: fixtures::noon(),
            saved: vec![None; CALLS as usize],
        }
    }

    async fn act(&mut self, act: &Act) {
        match act {
            Act::Advance { secs } => self.now += TimeDelta::seconds(*secs),
            Act::SetLimit { cap, limit } => self.model.caps[*cap].limit = *limit,
            Act::Reserve { call, attempt, claims } => self.reserve(*call, *attempt, claims).await,
            Act::Release { call, releases } => self.release(*call, releases).await,
            Act::ReleaseAll { call } => {
                let all: Vec<_> = (1..=limits::ATTEMPTS).map(|attempt| (attempt, false)).collect();
                self.release(*call, &all).await;
            }
            Act::SaveAttempt { call, attempt } => self.save_attempt(*call, *attempt).await,
            Act::End { call } => {
                let saved = self.saved[*call as usize].as_ref();
                let known = saved
                    .map_or_else(|| fixtures::call(self.tenant, *call), |(known, _)| known.clone());
                self.save(*call, fixtures::over(known, self.now)).await;
                self.model.end(*call);
            }
            Act::Sweep => {
                let swept = self.store.sweep(self.now).await.unwrap();
                let freed = swept.expired + swept.ended + swept.orphaned;
                assert_eq!((freed, swept.orphaned), self.model.sweep(self.now));
            }
        }
    }

    async fn reserve(&mut self, call: u32, attempt: u32, claims: &[Vec<usize>]) {
        let before = self.used().await;
        let claims_of_caps = claims
            .iter()
            .map(|places| fixtures::claim(1, places.iter().map(|place| self.model.caps[*place])));
        let wanted = Reservation {
            lease_secs: LEASE_SECS,
            ..fixtures::reservation(fixtures::call_id(call), attempt, claims_of_caps)
        };
        let reserved = self.store.reserve(self.tenant, wanted, self.now).await.unwrap();
        let expected = self.model.reserve(call, attempt, claims, LEASE_SECS, self.now);
        match (reserved, expected) {
            (Reserved::Held(held), Answer::Granted { claim, at }) => {
                assert_eq!(held.at, at);
                assert_eq!(held.passed_over.len(), claim, "an earlier claim goes first");
                if at == self.now && before != self.used().await {
                    for place in &claims[claim] {
                        let limit = self.model.caps[*place].limit;
                        assert!(before[*place] < limit, "I2: {} of {limit}", before[*place]);
                    }
                }
            }
            (Reserved::Full { passed_over }, Answer::Full { caps }) => {
                let keys: Vec<_> = passed_over.into_iter().map(|(_, key)| key).collect();
                let expected: Vec<_> = caps.iter().map(|cap| self.model.caps[*cap].key).collect();
                assert_eq!(keys, expected, "each claim with its first full cap");
                assert_eq!(self.used().await, before, "I4");
            }
            (Reserved::CallEnded, Answer::Ended) => assert_eq!(self.used().await, before, "I6"),
            (reserved, expected) => panic!("expected {expected:?}, got {reserved:?}"),
        }
    }

    async fn release(&mut self, call: u32, releases: &[(u32, bool)]) {
        let before = self.used().await;
        let given_back: Vec<_> = releases
            .iter()
            .map(|(attempt, refund)| Release { attempt: *attempt, refund: *refund })
            .collect();
        let id = fixtures::call_id(call);
        self.store.release(self.tenant, id, &given_back, self.now).await.unwrap();
        self.model.release(call, releases);
        let once = self.used().await;
        self.store.release(self.tenant, id, &given_back, self.now).await.unwrap();
        assert_eq!(self.used().await, once, "I5");
        if releases.iter().all(|(_, refund)| !refund) {
            self.expect_no_refund(&before).await;
        }
    }

    async fn expect_no_refund(&self, before: &[u32]) {
        for ((cap, before), after) in self.model.caps.iter().zip(before).zip(self.used().await) {
            if cap.key.window != CapWindow::Concurrent {
                assert_eq!(after, *before, "I7: {:?}", cap.key);
            }
        }
    }

    async fn save_attempt(&mut self, call: u32, attempt: u32) {
        let Some((lease, expires_at)) = self.model.unsaved_grant(call, attempt) else { return };
        let saved = self.saved[call as usize].as_ref();
        let mut known =
            saved.map_or_else(|| fixtures::call(self.tenant, call), |(known, _)| known.clone());
        let target = callcore::call::AttemptTarget::Buyer { buyer: fixtures::buyer_id(1) };
        let destination = fixtures::buyer(1).destination;
        known.attempts.push(Attempt {
            lease: Some(lease),
            lease_expires_at: Some(expires_at),
            ..Attempt::dialled(attempt, target, destination, self.now)
        });
        self.save(call, known).await;
    }

    async fn save(&mut self, call: u32, known: Call) {
        let expected = self.saved[call as usize].as_ref().map(|(_, version)| *version);
        let version = expected.unwrap_or(0) + 1;
        let step = StepKey::from_stored(format!("step/{version}"));
        let save = fixtures::save(known.clone(), expected, &step);
        self.store.save(self.tenant, save).await.unwrap();
        self.saved[call as usize] = Some((known, version));
    }

    /// What the store says of each cap, to a call that holds nothing.
    async fn used(&self) -> Vec<u32> {
        let ask = Ask { caps: self.model.caps.clone(), ..Ask::default() };
        let stranger = fixtures::call_id(CALLS);
        let look = self.store.look(self.tenant, stranger, &ask, self.now).await.unwrap();
        let used = |cap: &Cap| look.usage.get(&cap.key).copied().unwrap_or(0);
        self.model.caps.iter().map(used).collect()
    }

    async fn expect_agreement(&self, act: &Act) {
        let expected: Vec<_> =
            (0..self.model.caps.len()).map(|cap| self.model.used(cap, self.now)).collect();
        assert_eq!(self.used().await, expected, "I1, I3 after {act:?}");
        let held = self.store.held(self.tenant, self.now).await.unwrap();
        assert_eq!(held, self.model.held(self.now), "I3 after {act:?}");
    }

    async fn expect_an_end(&mut self) {
        self.now += TimeDelta::seconds(i64::from(LEASE_SECS));
        assert_eq!(self.store.held(self.tenant, self.now).await.unwrap(), 0, "I8");
        self.store.sweep(self.now).await.unwrap();
        let swept = self.store.sweep(self.now).await.unwrap();
        assert_eq!(swept, callcore::port::Swept::default(), "I8: nothing is left to sweep");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn capacity_is_what_its_model_says(acts in acts()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut pair = Pair::new();
            for act in &acts {
                pair.act(act).await;
                pair.expect_agreement(act).await;
            }
            pair.expect_an_end().await;
        });
    }
}
