//! Saving steps, and the journeys that come of it.

use callcore::call::{CallStatus, Failover, Growth, NodeRun, StepKey};
use callcore::port::{Ask, Journey, Release, Reserved, Save, SaveError};
use callcore::schedule::CapWindow;
use callcore::vocabulary::PageRequest;

use crate::Harness;
use crate::fixtures::{
    attempt, buyer_cap, buyer_id, call, call_id, campaign_id, candidate_id, claim, contact,
    decision, fact, in_flow, lease_id, node_run, noon, over, reservation, save, tally,
};
use crate::suite::kit::{Kit, assert_is, race};

impl Kit {
    async fn journey(&self, n: u32) -> Option<Journey> {
        self.calls.read(self.tenant, call_id(n)).await.expect("the store answers")
    }
}

/// What is saved reads back, every field of it, and the version counts the saves.
pub async fn a_saved_call_reads_back(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let held = kit.hold(1, 1, &[], noon()).await;
    let mut saved = call(kit.tenant, 1);
    saved.attempts.push(attempt(1, &held));
    saved.ranking = vec![buyer_id(2), buyer_id(1)];
    saved.ranking_used = 1;
    saved.caller.name = Some("Ünïcode “<&>” \u{1F4DE}".into());
    saved.tags.set("source", "newsletter").expect("a short tag");
    let voice = StepKey::voice();
    kit.save(Save { decision: Some(decision(&saved)), ..save(saved.clone(), None, &voice) }).await;
    let look = kit.look(1, &Ask::default()).await;
    assert_eq!(look.call, Some((saved.clone(), 1)));

    let ended = over(saved.clone(), noon());
    let last = StepKey::progress(CallStatus::Completed);
    kit.save(save(ended.clone(), Some(1), &last)).await;
    let look = kit.look(1, &Ask::default()).await;
    assert_eq!(look.call, Some((ended.clone(), 2)));
    let journey = kit.journey(1).await.expect("the call was saved");
    assert_eq!(journey.call, ended);
    assert_eq!(journey.facts, [fact(&voice, noon()), fact(&last, noon())]);
    assert_eq!(journey.decisions, [(voice, decision(&saved))]);
}

/// So does where a call stands in its flow, and the nodes that each step led through.
pub async fn a_calls_flow_reads_back(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let mut saved = call(kit.tenant, 1);
    let mut session = in_flow(1, 2);
    session.failovers =
        vec![Failover { node: "split".into(), taken: vec!["branch_1".into(), "branch_2".into()] }];
    session.failure = Some("a “reason” \u{1F4DE}".into());
    saved.flow = Some(session);
    let mut written = save(saved.clone(), None, &StepKey::voice());
    written.fact.nodes = vec![node_run("menu"), NodeRun { input: None, ..node_run("a “b”") }];
    let fact = written.fact.clone();
    kit.save(written).await;
    assert_eq!(kit.look(1, &Ask::default()).await.call, Some((saved.clone(), 1)));
    let journey = kit.journey(1).await.expect("the call was saved");
    assert_eq!((journey.call, journey.facts), (saved, vec![fact]));
}

/// Facts stand in the order in which they were written, and decisions in that in which they were
/// made.
pub async fn a_journey_is_in_the_order_of_writing(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let saved = call(kit.tenant, 1);
    // Neither the names nor the instants are in this order.
    let steps = [StepKey::voice(), StepKey::dial_result(2), StepKey::dial_result(1)];
    for (version, step) in (0..).zip(&steps) {
        let decision = (version != 1).then(|| decision(&saved));
        let expected = (version > 0).then_some(version);
        kit.save(Save { decision, ..save(saved.clone(), expected, step) }).await;
    }
    let journey = kit.journey(1).await.expect("the call was saved");
    let facts: Vec<_> = journey.facts.into_iter().map(|fact| fact.step).collect();
    assert_eq!(facts, steps);
    let decisions: Vec<_> = journey.decisions.into_iter().map(|(step, _)| step).collect();
    assert_eq!(decisions, [StepKey::voice(), StepKey::dial_result(1)]);
}

/// **Errors**: a save that started from another version than the newest is a conflict.
pub async fn a_save_of_another_version_is_a_conflict(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let saved = call(kit.tenant, 1);
    let early = save(saved.clone(), Some(1), &StepKey::voice());
    assert_is!(kit.try_save(early).await, Err(SaveError::Conflict));
    assert_eq!(kit.version(1).await, None);
    kit.save_new(saved.clone()).await;
    kit.save(save(saved.clone(), Some(1), &StepKey::dial_result(1))).await;
    for expected in [None, Some(0), Some(1), Some(3)] {
        let late = save(saved.clone(), expected, &StepKey::dial_result(2));
        assert_is!(kit.try_save(late).await, Err(SaveError::Conflict));
    }
    assert_eq!(kit.version(1).await, Some(2));
}

/// **Idempotency**: a second save of a step is a conflict, also from the newest version.
pub async fn a_second_save_of_a_step_is_a_conflict(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.save_new(call(kit.tenant, 1)).await;
    for expected in [None, Some(1)] {
        let again = save(call(kit.tenant, 1), expected, &StepKey::voice());
        assert_is!(kit.try_save(again).await, Err(SaveError::Conflict));
    }
    // The same step of another call is another step.
    kit.save_new(call(kit.tenant, 2)).await;
}

/// **Atomicity**: everything or nothing, so a conflict leaves call, journal and counters as they are.
pub async fn a_conflict_changes_nothing(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let first = call(kit.tenant, 1);
    kit.save_new(first.clone()).await;
    let before = kit.journey(1).await;
    let growth = Growth {
        tallies: vec![tally(campaign_id(1), buyer_id(1))],
        caller: first.caller.number.clone(),
        contacts: vec![contact(campaign_id(1), buyer_id(1), noon())],
    };
    let ended = over(first.clone(), noon());
    for (expected, step) in [(Some(1), StepKey::voice()), (Some(7), StepKey::dial_result(1))] {
        let refused = Save {
            growth: growth.clone(),
            decision: Some(decision(&first)),
            ..save(ended.clone(), expected, &step)
        };
        assert_is!(kit.try_save(refused).await, Err(SaveError::Conflict));
    }
    assert_eq!(kit.journey(1).await, before);
    let ask = Ask {
        step: Some(StepKey::dial_result(1)),
        caller: first.caller.number.clone(),
        activity: Some((campaign_id(1), vec![candidate_id(1)])),
        ..Ask::default()
    };
    let look = kit.look(1, &ask).await;
    assert_eq!(look.call, Some((first, 1)));
    assert_eq!(look.reply, None);
    assert_eq!(look.contacts, Vec::new());
    let offered = look.activity.get(&candidate_id(1)).map_or(0, |activity| activity.offered);
    assert_eq!(offered, 0);
}

/// **Atomicity**: of several saves of a new call at once exactly one succeeds, and the call is that
/// one's.
pub async fn of_several_first_saves_exactly_one_succeeds(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let saved = race(32, |n| {
        let kit = kit.clone();
        async move {
            let mut mine = call(kit.tenant, 1);
            mine.called = format!("+1555{n:07}");
            kit.try_save(save(mine.clone(), None, &StepKey::voice())).await.ok().map(|()| mine)
        }
    });
    let mut winners: Vec<_> = saved.await.into_iter().flatten().collect();
    assert_eq!(winners.len(), 1);
    let journey = kit.journey(1).await.expect("one was saved");
    assert_eq!(Some(journey.call), winners.pop());
    assert_eq!(journey.facts.len(), 1);
}

/// **Atomicity**: the same for later steps, which differ from each other but start from one version.
pub async fn of_several_later_saves_exactly_one_succeeds(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.save_new(call(kit.tenant, 1)).await;
    let saved = race(32, |n| {
        let kit = kit.clone();
        async move {
            let step = StepKey::dial_result(n);
            let later = save(call(kit.tenant, 1), Some(1), &step);
            kit.try_save(later).await.ok().map(|()| step)
        }
    });
    let mut winners: Vec<_> = saved.await.into_iter().flatten().collect();
    assert_eq!(winners.len(), 1);
    assert_eq!(kit.version(1).await, Some(2));
    let journey = kit.journey(1).await.expect("it was saved");
    assert_eq!(journey.facts.len(), 2);
    assert_eq!(journey.facts.last().map(|fact| fact.step.clone()), winners.pop());
}

/// A save gives back what it names, as a release does; a conflict gives back nothing.
pub async fn a_save_gives_back_what_is_known_to_be_over(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let caps = [CapWindow::Concurrent, CapWindow::Daily].map(|window| buyer_cap(1, window, 9));
    let mut saved = call(kit.tenant, 1);
    for made in 1..=3 {
        saved.attempts.push(attempt(made, &kit.hold(1, made, &caps, noon()).await));
    }
    let used = async || (kit.used(&caps[0], noon()).await, kit.used(&caps[1], noon()).await);
    kit.save_new(saved.clone()).await;
    let releases =
        vec![Release { attempt: 1, refund: false }, Release { attempt: 2, refund: true }];
    let early = save(saved.clone(), Some(7), &StepKey::dial_result(1));
    let refused = kit.try_save(Save { releases: releases.clone(), ..early }).await;
    assert_is!(refused, Err(SaveError::Conflict));
    assert_eq!(used().await, (3, 3));
    let next = save(saved.clone(), Some(1), &StepKey::dial_result(1));
    kit.save(Save { releases: releases.clone(), ..next }).await;
    assert_eq!(used().await, (1, 2));
    let again = save(saved, Some(2), &StepKey::dial_result(2));
    kit.save(Save { releases, ..again }).await;
    assert_eq!(used().await, (1, 2));
}

/// The save of a call that is over gives back all that its attempts still hold. Attempts that it does
/// not know, by attempt and lease, never dialled: they are refunded.
pub async fn a_call_that_is_over_holds_nothing(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let caps = [CapWindow::Concurrent, CapWindow::Daily].map(|window| buyer_cap(1, window, 9));
    let mut saved = call(kit.tenant, 1);
    for made in 1..=2 {
        saved.attempts.push(attempt(made, &kit.hold(1, made, &caps, noon()).await));
    }
    // A lease of another save of the same step that came too late.
    saved.attempts[1].lease = Some(lease_id(call_id(9), 9));
    kit.hold(1, 3, &caps, noon()).await;
    kit.hold(2, 1, &caps, noon()).await;
    let used = async || (kit.used(&caps[0], noon()).await, kit.used(&caps[1], noon()).await);
    assert_eq!(used().await, (4, 4));
    let ended = over(saved, noon());
    kit.save(save(ended.clone(), None, &StepKey::voice())).await;
    assert_eq!(used().await, (1, 2), "the other call's, and the attempt that dialled");
    kit.save(save(ended, Some(1), &StepKey::dial_result(1))).await;
    assert_eq!(used().await, (1, 2));
}

/// **Atomicity**: whatever is reserved while a call ends is refused or given back.
pub async fn of_an_end_and_reservations_at_once_nothing_stays_held(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let caps = [CapWindow::Concurrent, CapWindow::Daily].map(|window| buyer_cap(1, window, 99));
    for n in 0..6 {
        kit.save_new(call(kit.tenant, n)).await;
    }
    race(24, |n| {
        let kit = kit.clone();
        async move {
            let (id, made) = (n % 6, n / 6);
            if made == 0 {
                let ended = over(call(kit.tenant, id), noon());
                kit.save(save(ended, Some(1), &StepKey::dial_result(1))).await;
            } else {
                let wanted = reservation(call_id(id), made, [claim(1, caps)]);
                let reserved = kit.reserve(wanted, noon()).await;
                assert_is!(reserved, Reserved::Held(_) | Reserved::CallEnded);
            }
        }
    })
    .await;
    assert_eq!(kit.held(noon()).await, 0);
    assert_eq!(kit.used(&caps[1], noon()).await, 0, "nobody dialled");
}

/// **Errors**: an unknown call has no journey.
pub async fn an_unknown_call_has_no_journey(harness: &impl Harness) {
    let kit = Kit::of(harness);
    assert_eq!(kit.journey(1).await, None);
    kit.hold(1, 1, &[], noon()).await;
    kit.draw(1, "rotation").await;
    assert_eq!(kit.journey(1).await, None, "a reservation or a turn makes no call");
}

/// Another tenant's call reads as absent to every act.
pub async fn another_tenants_call_is_absent_to_every_act(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.save_new(call(kit.tenant, 1)).await;
    let other = kit.as_tenant(2);
    let ask = Ask { step: Some(StepKey::voice()), ..Ask::default() };
    let look = other.look(1, &ask).await;
    assert_eq!((look.call, look.reply), (None, None));
    assert_eq!(other.journey(1).await, None);
    let page = other.calls.list(other.tenant, &Default::default(), PageRequest::default()).await;
    assert_eq!(page.expect("the store answers").items, Vec::new());
}

/// Another tenant's save cannot change a call, nor take it over.
pub async fn another_tenants_save_changes_no_call(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.save_new(call(kit.tenant, 1)).await;
    let before = kit.journey(1).await;
    let other = kit.as_tenant(2);
    let ended = over(call(other.tenant, 1), noon());
    let next = save(ended.clone(), Some(1), &StepKey::dial_result(1));
    assert_is!(other.try_save(next).await, Err(SaveError::Conflict));
    // Whether the other tenant may keep a call of the same id is the store's choice.
    let _ = other.try_save(save(ended, None, &StepKey::dial_result(1))).await;
    assert_eq!(kit.journey(1).await, before);
    assert_eq!(kit.version(1).await, Some(1));
    let owner = kit.system.call(call_id(1)).await.expect("the store answers");
    assert_eq!(owner, Some(kit.tenant));
}
