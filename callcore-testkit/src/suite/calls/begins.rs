//! Taking steps on.

use callcore::call::{CallStatus, StepKey};
use callcore::port::{Ask, Begun};
use chrono::{DateTime, TimeDelta, Utc};

use crate::Harness;
use crate::fixtures::{call, call_id, fact, instant, noon, save};
use crate::suite::kit::{Kit, race};

impl Kit {
    /// Begins a step of a call at an instant, for ten seconds.
    async fn begin(&self, call: u32, step: &StepKey, now: DateTime<Utc>) -> Begun {
        let begun = self.calls.begin(self.tenant, call_id(call), step, ten_from(now), now).await;
        begun.expect("the store answers")
    }
}

fn ten_from(now: DateTime<Utc>) -> DateTime<Utc> {
    now + TimeDelta::seconds(10)
}

/// **Idempotency**: whoever asks first is fresh; the second to ask is told until when it is busy, and
/// makes that no longer.
pub async fn a_step_is_begun_once(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let voice = StepKey::voice();
    assert_eq!(kit.begin(1, &voice, noon()).await, Begun::Fresh);
    for seconds in [0, 1, 9] {
        let now = noon() + TimeDelta::seconds(seconds);
        let busy = Begun::Busy { until: ten_from(noon()) };
        assert_eq!(kit.begin(1, &voice, now).await, busy, "after {seconds} s");
    }
}

/// **Atomicity**: of several at once exactly one is fresh, and the others are busy until its time is
/// over.
pub async fn of_several_that_begin_exactly_one_is_fresh(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let begun = race(32, |n| {
        let kit = kit.clone();
        let now = noon() + TimeDelta::milliseconds(n.into());
        async move { (kit.begin(1, &StepKey::voice(), now).await, ten_from(now)) }
    });
    let begun = begun.await;
    let fresh: Vec<_> = begun.iter().filter(|(begun, _)| *begun == Begun::Fresh).collect();
    assert_eq!(fresh.len(), 1, "{begun:?}");
    let busy = Begun::Busy { until: fresh[0].1 };
    assert_eq!(begun.iter().filter(|(begun, _)| *begun == busy).count(), 31, "{begun:?}");
}

/// **Idempotency**: when the time of whoever began is over, the next to ask is fresh, and has a time
/// of its own.
pub async fn an_abandoned_step_is_begun_again(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let voice = StepKey::voice();
    kit.begin(1, &voice, noon()).await;
    let over = ten_from(noon());
    let just_before = over - TimeDelta::microseconds(1);
    assert_eq!(kit.begin(1, &voice, just_before).await, Begun::Busy { until: over });
    assert_eq!(kit.begin(1, &voice, over).await, Begun::Fresh);
    assert_eq!(kit.begin(1, &voice, over).await, Begun::Busy { until: ten_from(over) });
}

/// **Atomicity**: of several that ask at once for an abandoned step exactly one is fresh.
pub async fn of_several_that_begin_again_exactly_one_is_fresh(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.begin(1, &StepKey::voice(), noon()).await;
    let begun = race(32, |_| {
        let kit = kit.clone();
        async move { kit.begin(1, &StepKey::voice(), ten_from(noon())).await }
    });
    let begun = begun.await;
    assert_eq!(begun.iter().filter(|begun| **begun == Begun::Fresh).count(), 1, "{begun:?}");
}

/// **Ordering**: a step that was saved answers its stored reply, whether and by whomever it was
/// begun, and however long ago.
pub async fn a_saved_step_answers_its_reply(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let voice = StepKey::voice();
    kit.begin(1, &voice, noon()).await;
    kit.save_new(call(kit.tenant, 1)).await;
    kit.save_new(call(kit.tenant, 2)).await;
    let stored = Begun::Stored(fact(&voice, noon()).directives);
    for n in [1, 2] {
        for now in [noon(), ten_from(noon()), noon() + TimeDelta::days(1)] {
            assert_eq!(kit.begin(n, &voice, now).await, stored, "call {n} at {now}");
        }
    }
    let news = StepKey::progress(CallStatus::InProgress);
    let mut silent = save(call(kit.tenant, 1), Some(1), &news);
    silent.fact.directives.clear();
    kit.begin(1, &news, noon()).await;
    kit.save(silent).await;
    let nothing = Begun::Stored(Vec::new());
    assert_eq!(kit.begin(1, &news, noon()).await, nothing, "an empty reply is a reply");
}

/// **Ordering**: of those that begin while a step is saved nobody is fresh after the save.
pub async fn nobody_is_fresh_after_the_save(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let voice = StepKey::voice();
    for n in 1..=8 {
        kit.begin(n, &voice, noon()).await;
        let busy = Begun::Busy { until: ten_from(noon()) };
        let stored = Begun::Stored(fact(&voice, noon()).directives);
        let begun = race(8, |side| {
            let (kit, voice) = (kit.clone(), voice.clone());
            async move {
                if side == 0 {
                    kit.save_new(call(kit.tenant, n)).await;
                }
                kit.begin(n, &voice, noon()).await
            }
        });
        let begun = begun.await;
        assert_eq!(begun[0], stored);
        assert!(begun.iter().all(|one| *one == busy || *one == stored), "{begun:?}");
    }
}

/// A step is begun for itself: not for other steps, other calls or other tenants.
pub async fn each_step_is_begun_by_itself(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let (voice, dial) = (StepKey::voice(), StepKey::dial_result(1));
    assert_eq!(kit.begin(1, &voice, noon()).await, Begun::Fresh);
    assert_eq!(kit.begin(1, &dial, noon()).await, Begun::Fresh);
    assert_eq!(kit.begin(1, &StepKey::dial_result(2), noon()).await, Begun::Fresh);
    assert_eq!(kit.begin(2, &voice, noon()).await, Begun::Fresh);
    let other = kit.as_tenant(2);
    assert_eq!(other.begin(1, &voice, noon()).await, Begun::Fresh);
    kit.save_new(call(kit.tenant, 1)).await;
    let busy = Begun::Busy { until: ten_from(noon()) };
    assert_eq!(kit.begin(1, &dial, noon()).await, busy, "another step was saved");
    assert_eq!(other.begin(1, &voice, noon()).await, busy, "another tenant's step was saved");
}

/// A step that was begun is no call yet: nothing is known of it, and its save is the first.
pub async fn a_begun_step_is_no_call(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let voice = StepKey::voice();
    kit.begin(1, &voice, noon()).await;
    let ask = Ask { step: Some(voice), ..Ask::default() };
    let look = kit.look(1, &ask).await;
    assert_eq!((look.call, look.reply), (None, None));
    let owner = kit.system.call(call_id(1)).await.expect("the store answers");
    assert_eq!(owner, None);
    kit.save_new(call(kit.tenant, 1)).await;
    assert_eq!(kit.version(1).await, Some(1));
}

/// Until when a step is busy is kept to the microsecond.
pub async fn a_begun_steps_instant_is_kept_to_the_microsecond(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let now = instant("2026-11-22T12:00:00.123456789Z");
    assert_eq!(kit.begin(1, &StepKey::voice(), now).await, Begun::Fresh);
    let until = instant("2026-11-22T12:00:10.123456Z");
    assert_eq!(kit.begin(1, &StepKey::voice(), now).await, Begun::Busy { until });
}
