//! Turns of rotations.

use crate::Harness;
use crate::suite::kit::{Kit, race};

/// **Atomicity**: the turns of a rotation are 0, 1, 2, … without a gap.
pub async fn turns_are_drawn_without_a_gap(harness: &impl Harness) {
    let kit = Kit::of(harness);
    for n in 0..5 {
        assert_eq!(kit.draw(n, "rotation").await, u64::from(n));
    }
}

/// **Atomicity**: of several calls at once each gets a turn of its own, without a gap.
pub async fn of_several_draws_each_gets_a_turn_of_its_own(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let mut turns = race(64, |n| {
        let kit = kit.clone();
        async move { kit.draw(n, "rotation").await }
    })
    .await;
    turns.sort_unstable();
    assert_eq!(turns, Vec::from_iter(0..64));
}

/// **Idempotency**: drawing again for a call answers the same turn, also after others drew.
pub async fn a_repeated_draw_answers_the_same_turn(harness: &impl Harness) {
    let kit = Kit::of(harness);
    assert_eq!(kit.draw(1, "rotation").await, 0);
    assert_eq!(kit.draw(2, "rotation").await, 1);
    assert_eq!(kit.draw(1, "rotation").await, 0);
    assert_eq!(kit.draw(3, "rotation").await, 2);
    assert_eq!(kit.draw(2, "rotation").await, 1);
}

/// **Idempotency**: so it is where the repetitions come at once, and no turn is lost to them.
pub async fn draws_of_one_call_at_once_take_one_turn(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let turns = race(32, |n| {
        let kit = kit.clone();
        async move { (n % 4, kit.draw(n % 4, "rotation").await) }
    });
    let mut turns = turns.await;
    turns.sort_unstable();
    turns.dedup();
    let mut drawn: Vec<_> = turns.iter().map(|(_, turn)| *turn).collect();
    drawn.sort_unstable();
    assert_eq!(drawn, [0, 1, 2, 3], "one turn for each of the four calls: {turns:?}");
    assert_eq!(kit.draw(9, "rotation").await, 4);
}

/// **Idempotency**: turns are per rotation, whatever its name.
pub async fn each_rotation_has_turns_of_its_own(harness: &impl Harness) {
    let kit = Kit::of(harness);
    for rotation in ["", "a", "A", "a/b", "a%", "ä “quoted” \u{1F4DE}", &"x".repeat(1_000)] {
        assert_eq!(kit.draw(1, rotation).await, 0, "{rotation:?}");
        assert_eq!(kit.draw(2, rotation).await, 1, "{rotation:?}");
    }
}

/// A rotation is each tenant's own.
pub async fn another_tenants_draws_take_no_turn(harness: &impl Harness) {
    let kit = Kit::of(harness);
    assert_eq!(kit.as_tenant(2).draw(1, "rotation").await, 0);
    assert_eq!(kit.as_tenant(2).draw(2, "rotation").await, 1);
    assert_eq!(kit.draw(2, "rotation").await, 0);
    assert_eq!(kit.draw(1, "rotation").await, 1);
}
