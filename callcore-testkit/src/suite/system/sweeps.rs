//! Leases that nobody else frees.

use callcore::call::{Call, StepKey};
use callcore::port::{Reservation, Reserved, Swept};
use callcore::routing::Cap;
use callcore::schedule::CapWindow;
use chrono::{DateTime, TimeDelta, Utc};

use crate::Harness;
use crate::fixtures::{
    attempt, buyer_cap, call, call_id, claim, instant, noon, over, reservation, save,
};
use crate::suite::kit::{Kit, race};

const NOTHING: Swept = Swept { expired: 0, ended: 0, orphaned: 0 };

fn caps() -> [Cap; 2] {
    [CapWindow::Concurrent, CapWindow::Daily].map(|window| buyer_cap(1, window, 100))
}

impl Kit {
    async fn sweep(&self, now: DateTime<Utc>) -> Swept {
        self.system.sweep(now).await.expect("the store answers")
    }

    /// Reserves at noon and saves the call with the attempt, as a step does.
    async fn dial(&self, n: u32) -> (Call, DateTime<Utc>) {
        let held = self.hold(n, 1, &caps(), noon()).await;
        let mut call = call(self.tenant, n);
        call.attempts.push(attempt(1, &held));
        self.save_new(call.clone()).await;
        (call, held.expires_at)
    }

    /// How many places are taken at the same time, and of the day.
    async fn places(&self, now: DateTime<Utc>) -> (u32, u32) {
        let [concurrent, daily] = caps();
        (self.used(&concurrent, now).await, self.used(&daily, now).await)
    }
}

/// A sweep frees the leases that ran out, once, and refunds nothing.
pub async fn a_sweep_frees_what_ran_out(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let (_, expiry) = kit.dial(1).await;
    assert_eq!(kit.sweep(expiry - TimeDelta::microseconds(1)).await, NOTHING);
    assert_eq!(kit.sweep(expiry).await, Swept { expired: 1, ..NOTHING });
    assert_eq!(kit.places(noon()).await, (0, 1), "freed for whatever clock asks");
    assert_eq!(kit.sweep(expiry).await, NOTHING);
}

/// A call that is over left nothing to sweep, however long ago it was.
pub async fn a_call_that_is_over_leaves_nothing_to_sweep(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let (call, expiry) = kit.dial(1).await;
    kit.hold(1, 2, &caps(), noon()).await;
    kit.save(save(over(call, noon()), Some(1), &StepKey::dial_result(1))).await;
    assert_eq!(kit.places(noon()).await, (0, 1));
    assert_eq!(kit.sweep(noon() + TimeDelta::minutes(2)).await, NOTHING);
    assert_eq!(kit.sweep(expiry).await, NOTHING);
    assert_eq!(kit.places(noon()).await, (0, 1));
}

/// A sweep frees and refunds the leases that are older than a minute although no saved call knows of
/// the attempt.
pub async fn a_sweep_refunds_orphans(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.hold(1, 1, &caps(), noon()).await;
    // A call that is saved knows only of the attempts that it has.
    kit.dial(2).await;
    kit.hold(2, 2, &caps(), noon()).await;
    kit.save_new(call(kit.tenant, 3)).await;
    kit.hold(3, 1, &caps(), noon()).await;
    let minute = noon() + TimeDelta::minutes(1);
    assert_eq!(kit.sweep(minute).await, NOTHING, "a minute is not more than a minute");
    assert_eq!(kit.places(minute).await, (4, 4));
    let later = minute + TimeDelta::microseconds(1);
    assert_eq!(kit.sweep(later).await, Swept { orphaned: 3, ..NOTHING });
    assert_eq!(kit.places(later).await, (1, 1));
    assert_eq!(kit.sweep(later).await, NOTHING);
}

/// An orphan is refunded however short its lease was: it is freed for no other reason.
pub async fn an_orphan_with_a_short_lease_is_refunded(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let short = Reservation { lease_secs: 45, ..reservation(call_id(1), 1, [claim(1, caps())]) };
    let reserved = harness.capacity().reserve(kit.tenant, short, noon()).await;
    assert!(matches!(reserved, Ok(Reserved::Held(_))), "{reserved:?}");
    // It ran out, so it counts nowhere at the moment, but nobody knows yet that it never dialled.
    let ran_out = noon() + TimeDelta::seconds(50);
    assert_eq!(kit.sweep(ran_out).await, NOTHING);
    assert_eq!(kit.places(ran_out).await, (0, 1));
    let later = noon() + TimeDelta::seconds(61);
    assert_eq!(kit.sweep(later).await, Swept { orphaned: 1, ..NOTHING });
    assert_eq!(kit.places(later).await, (0, 0));
}

/// A lease whose attempt was saved is no orphan, however old.
pub async fn a_sweep_spares_calls_that_go_on(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let (_, expiry) = kit.dial(1).await;
    let last = expiry - TimeDelta::microseconds(1);
    for now in [noon(), noon() + TimeDelta::minutes(30), last] {
        assert_eq!(kit.sweep(now).await, NOTHING);
        assert_eq!(kit.held(now).await, 1);
    }
}

/// What was released is not swept, and what was swept can still be refunded.
pub async fn a_sweep_and_a_release_free_once(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let (_, expiry) = kit.dial(1).await;
    kit.dial(2).await;
    kit.release(1, 1, false, noon()).await;
    assert_eq!(kit.sweep(expiry).await, Swept { expired: 1, ..NOTHING });
    assert_eq!(kit.places(noon()).await, (0, 2));
    for _ in 0..2 {
        kit.release(2, 1, true, expiry).await;
        assert_eq!(kit.places(noon()).await, (0, 1));
    }
}

/// An orphan's refund is for the windows of its grant.
pub async fn an_orphans_refund_is_for_the_windows_of_its_grant(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let before = instant("2026-11-22T23:59:30Z");
    let after = instant("2026-11-23T00:01:00Z");
    kit.hold(1, 1, &caps(), before).await;
    let (concurrent, daily) = (caps()[0], caps()[1]);
    kit.hold(2, 1, &[concurrent, daily], after).await;
    assert_eq!(kit.sweep(after).await, Swept { orphaned: 1, ..NOTHING });
    assert_eq!(kit.used(&daily, before).await, 0);
    assert_eq!(kit.used(&daily, after).await, 1);
    assert_eq!(kit.held(after).await, 1);
}

/// A sweep is for all tenants.
pub async fn a_sweep_frees_for_every_tenant(harness: &impl Harness) {
    let kit = Kit::of(harness);
    for n in 1..=3 {
        kit.as_tenant(n).hold(n, 1, &caps(), noon()).await;
    }
    let later = noon() + TimeDelta::minutes(2);
    assert_eq!(kit.sweep(later).await, Swept { orphaned: 3, ..NOTHING });
    for n in 1..=3 {
        assert_eq!(kit.as_tenant(n).places(later).await, (0, 0));
    }
}

/// **Atomicity**: each lease is freed once, also by several sweeps at once.
pub async fn of_several_sweeps_each_lease_is_freed_once(harness: &impl Harness) {
    let kit = Kit::of(harness);
    for n in 0..20 {
        kit.hold(n, 1, &caps(), noon()).await;
    }
    let later = noon() + TimeDelta::minutes(2);
    let sweeps = race(8, |_| {
        let kit = kit.clone();
        async move { kit.sweep(later).await }
    });
    let freed: u64 = sweeps.await.iter().map(|swept| swept.orphaned).sum();
    assert_eq!(freed, 20);
    assert_eq!(kit.places(noon()).await, (0, 0));
}

/// **Atomicity**: a sweep at the same time as releases and reservations frees no place that somebody
/// holds.
pub async fn a_sweep_among_releases_frees_no_held_place(harness: &impl Harness) {
    let kit = Kit::of(harness);
    for n in 0..8 {
        kit.hold(n, 1, &caps(), noon()).await;
    }
    let later = noon() + TimeDelta::minutes(2);
    race(24, |n| {
        let kit = kit.clone();
        async move {
            match n % 3 {
                0 => drop(kit.sweep(later).await),
                1 => kit.release(n / 3, 1, true, later).await,
                _ => drop(kit.hold(100 + n, 1, &caps(), later).await),
            }
        }
    })
    .await;
    kit.sweep(later).await;
    assert_eq!(kit.places(later).await, (8, 8), "the eight new ones");
}
