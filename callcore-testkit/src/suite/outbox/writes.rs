//! Deliveries that saves write.

use callcore::call::{Delivery, StepKey};
use callcore::port::{DeliveryRecord, DeliveryStatus, Save, SaveError, Tried};
use chrono::TimeDelta;

use crate::Harness;
use crate::fixtures::{call, delivery, delivery_id, invitation, noon, over, recall, save};
use crate::suite::kit::{Kit, assert_is, race};

/// A record of what was written at noon and never tried.
fn waiting(delivery: Delivery) -> DeliveryRecord {
    DeliveryRecord {
        delivery,
        status: DeliveryStatus::Waiting,
        attempts: 0,
        reason: None,
        created_at: noon(),
        updated_at: noon(),
    }
}

/// What is saved reads back, every field of it, and waits since its step.
pub async fn a_saved_delivery_reads_back(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let written = vec![delivery(1), invitation(2), recall(3)];
    kit.post_at(1, written.clone(), noon()).await;
    let expected: Vec<_> = written.into_iter().map(waiting).collect();
    assert_eq!(kit.deliveries(1).await, expected);
}

/// **Ordering**: the deliveries of a call stand in the order in which they were written, whatever
/// their ids are and however often they were tried.
pub async fn deliveries_stand_in_the_order_of_writing(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.post_at(1, vec![delivery(5), delivery(1), delivery(4)], noon()).await;
    kit.post_at(2, vec![delivery(9)], noon()).await;
    kit.claim(2, noon() + TimeDelta::hours(1), noon()).await;
    let next = save(call(kit.tenant, 1), Some(1), &StepKey::flow(1));
    kit.save(Save { outbox: vec![delivery(3), delivery(2)], ..next }).await;
    let last = save(over(call(kit.tenant, 1), noon()), Some(2), &StepKey::flow(2));
    kit.save(Save { outbox: vec![delivery(8), delivery(6), delivery(7)], ..last }).await;
    let found: Vec<_> = kit.deliveries(1).await.iter().map(|one| one.delivery.id).collect();
    assert_eq!(found, [5, 1, 4, 3, 2, 8, 6, 7].map(delivery_id));
}

/// A delivery whose id is known already stays as it is: waiting, claimed or settled, in the same save,
/// in another step or in another call.
pub async fn a_known_delivery_stays_as_it_is(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let other = |n| Delivery { name: "Another".into(), ..recall(n) };
    kit.post_at(1, vec![delivery(1), other(1), delivery(2)], noon()).await;
    kit.claim(9, noon() + TimeDelta::hours(1), noon()).await;
    kit.settle(2, Tried::Delivered, noon()).await;
    let before = kit.deliveries(1).await;
    assert_eq!(before.len(), 2);
    let known = (&before[0].delivery, &before[1].delivery);
    assert_eq!(known, (&delivery(1), &delivery(2).emptied()));
    let next = save(call(kit.tenant, 1), Some(1), &StepKey::flow(1));
    kit.save(Save { outbox: vec![other(1), other(2), delivery(3)], ..next }).await;
    kit.post_at(2, vec![other(1), other(2)], noon()).await;
    let after = kit.deliveries(1).await;
    assert_eq!(after[..2], before);
    assert_eq!(after[2..], [waiting(delivery(3))]);
    let other_call = kit.deliveries(2).await;
    assert_eq!(other_call, Vec::new());
    let due: Vec<_> = kit.claim(9, noon() + TimeDelta::hours(1), noon()).await;
    let due: Vec<_> = due.into_iter().map(|due| due.delivery).collect();
    assert_eq!(due, [delivery(3)], "neither is due anew");
}

/// **Atomicity**: a conflict writes no delivery.
pub async fn a_conflict_writes_no_delivery(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.post_at(1, vec![delivery(1)], noon()).await;
    for (expected, step) in
        [(None, StepKey::voice()), (Some(1), StepKey::voice()), (Some(7), StepKey::flow(1))]
    {
        let late = save(call(kit.tenant, 1), expected, &step);
        let refused = kit.try_save(Save { outbox: vec![delivery(2)], ..late }).await;
        assert_is!(refused, Err(SaveError::Conflict));
    }
    assert_eq!(kit.deliveries(1).await, [waiting(delivery(1))]);
    let due = kit.claim(9, noon() + TimeDelta::hours(1), noon()).await;
    assert_eq!(due.len(), 1);
}

/// **Atomicity**: of several saves at once only what the one that succeeds has to send is written.
pub async fn of_several_saves_one_has_its_deliveries_written(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let saved = race(24, |n| {
        let kit = kit.clone();
        async move {
            let mine = save(call(kit.tenant, 1), None, &StepKey::voice());
            let outbox = vec![delivery(2 * n), delivery(2 * n + 1)];
            let saved = kit.try_save(Save { outbox: outbox.clone(), ..mine }).await;
            saved.ok().map(|()| outbox)
        }
    });
    let mut winners: Vec<_> = saved.await.into_iter().flatten().collect();
    assert_eq!(winners.len(), 1);
    let expected: Vec<_> = winners.remove(0).into_iter().map(waiting).collect();
    assert_eq!(kit.deliveries(1).await, expected);
}

/// **Errors**: an unknown call has no deliveries, and neither has one that sends nothing.
pub async fn a_call_that_sends_nothing_has_no_deliveries(harness: &impl Harness) {
    let kit = Kit::of(harness);
    assert_eq!(kit.deliveries(1).await, Vec::new());
    kit.post_at(1, Vec::new(), noon()).await;
    kit.post_at(2, vec![delivery(1)], noon()).await;
    assert_eq!(kit.deliveries(1).await, Vec::new());
}

/// Another tenant's deliveries are absent to every act but the claim, and the same id is a delivery
/// of its own there.
pub async fn another_tenants_deliveries_are_absent_to_every_act(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let other = kit.as_tenant(2);
    kit.post_at(1, vec![delivery(1)], noon()).await;
    assert_eq!(other.deliveries(1).await, Vec::new());
    other.settle_try(1, 0, Tried::Delivered, noon()).await;
    assert_eq!(kit.deliveries(1).await, [waiting(delivery(1))]);
    other.post_at(2, vec![recall(1)], noon()).await;
    assert_eq!(other.deliveries(2).await, [waiting(recall(1))]);
    other.settle_try(1, 0, Tried::Delivered, noon()).await;
    assert_eq!(other.delivery(2).await.status, DeliveryStatus::Delivered);
    assert_eq!(kit.deliveries(1).await, [waiting(delivery(1))]);
}
