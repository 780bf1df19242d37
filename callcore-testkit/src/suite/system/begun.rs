//! Calls that are worked on and still unknown.

use callcore::call::StepKey;
use callcore::port::Begun;
use chrono::{DateTime, TimeDelta, Utc};

use crate::Harness;
use crate::fixtures::{call, call_id, noon};
use crate::suite::kit::{Kit, race};

impl Kit {
    async fn is_begun(&self, n: u32, now: DateTime<Utc>) -> bool {
        self.system.is_begun(call_id(n), now).await.expect("the store answers")
    }

    /// Begins a step of a call at an instant, for ten seconds.
    async fn works_on(&self, n: u32, step: &StepKey, now: DateTime<Utc>) {
        let until = now + TimeDelta::seconds(10);
        let begun = self.calls.begin(self.tenant, call_id(n), step, until, now).await;
        assert_eq!(begun.expect("the store answers"), Begun::Fresh);
    }
}

/// Nobody works on a call of which nothing was ever begun, nor on one whose begun steps' time is over.
pub async fn a_call_is_begun_until_the_time_of_its_steps_is_over(harness: &impl Harness) {
    let kit = Kit::of(harness);
    assert!(!kit.is_begun(1, noon()).await);
    kit.works_on(1, &StepKey::voice(), noon()).await;
    let over = noon() + TimeDelta::seconds(10);
    for now in [noon(), over - TimeDelta::microseconds(1)] {
        assert!(kit.is_begun(1, now).await, "at {now}");
    }
    assert!(!kit.is_begun(1, over).await);
    // One step's time is over, and another's is not.
    kit.works_on(1, &StepKey::dial_result(1), over - TimeDelta::seconds(1)).await;
    assert!(kit.is_begun(1, over).await);
}

/// **Ordering**: sees every acknowledged save: a call of which something is saved is known, whatever
/// is begun of it.
pub async fn a_call_that_is_saved_is_not_begun(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.works_on(1, &StepKey::voice(), noon()).await;
    kit.works_on(1, &StepKey::dial_result(1), noon()).await;
    kit.save_new(call(kit.tenant, 1)).await;
    assert!(!kit.is_begun(1, noon()).await);
    kit.works_on(1, &StepKey::dial_result(2), noon()).await;
    assert!(!kit.is_begun(1, noon()).await);
}

/// A call is begun for itself, whoever's it is.
pub async fn calls_are_begun_each_by_itself(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.works_on(1, &StepKey::voice(), noon()).await;
    kit.as_tenant(2).works_on(2, &StepKey::voice(), noon()).await;
    let begun = [kit.is_begun(1, noon()).await, kit.is_begun(2, noon()).await];
    assert_eq!((begun, kit.is_begun(3, noon()).await), ([true, true], false));
    kit.save_new(call(kit.tenant, 1)).await;
    assert!(kit.is_begun(2, noon()).await, "another call was saved");
}

/// **Ordering**: sees every acknowledged begin, also of a step that was abandoned before.
pub async fn a_call_that_is_begun_again_lasts_anew(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let over = noon() + TimeDelta::seconds(10);
    kit.works_on(1, &StepKey::voice(), noon()).await;
    kit.works_on(1, &StepKey::voice(), over).await;
    assert!(kit.is_begun(1, over + TimeDelta::seconds(9)).await);
    assert!(!kit.is_begun(1, over + TimeDelta::seconds(10)).await);
}

/// **Atomicity**: while a call is saved, whoever asks first whether it is begun and then whose it is
/// finds one of both.
pub async fn of_a_call_that_is_saved_one_of_both_is_known(harness: &impl Harness) {
    let kit = Kit::of(harness);
    for n in 1..=8 {
        kit.works_on(n, &StepKey::voice(), noon()).await;
        let known = race(8, |side| {
            let kit = kit.clone();
            async move {
                if side == 0 {
                    kit.save_new(call(kit.tenant, n)).await;
                }
                let is_begun = kit.is_begun(n, noon()).await;
                let owner = kit.system.call(call_id(n)).await.expect("the store answers");
                is_begun || owner == Some(kit.tenant)
            }
        });
        let known = known.await;
        assert!(known.iter().all(|known| *known), "{known:?}");
    }
}
