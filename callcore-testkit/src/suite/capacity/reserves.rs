//! What is granted, to whom, and what a repetition answers.

use callcore::call::StepKey;
use callcore::port::Reserved;
use callcore::routing::CapScope;
use callcore::schedule::CapWindow;
use callcore::vocabulary::TargetId;
use chrono::TimeDelta;

use super::WINDOWS;
use crate::Harness;
use crate::fixtures::{
    buyer_cap, buyer_id, call, call_id, campaign_id, candidate_id, cap, claim, group_id, lease_id,
    noon, over, reservation, save, target_cap, target_claim, target_id,
};
use crate::suite::kit::{Kit, assert_is};

/// **Ordering**: the first claim that has room is granted; those before it are told, each with the
/// first of its caps that was full.
pub async fn the_first_claim_with_room_is_granted(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let roomy = buyer_cap(1, CapWindow::Daily, 10);
    let full = buyer_cap(1, CapWindow::Concurrent, 1);
    let fuller = buyer_cap(2, CapWindow::Hourly, 1);
    kit.hold(1, 1, &[full, fuller], noon()).await;
    let claims =
        [claim(1, [roomy, full]), claim(2, [fuller, full]), claim(3, [roomy]), claim(4, [])];
    let Reserved::Held(held) = kit.reserve(reservation(call_id(2), 1, claims), noon()).await else {
        panic!("the third claim has room");
    };
    assert_eq!(held.candidate, candidate_id(3));
    assert_eq!(held.lease, lease_id(call_id(2), 1));
    assert_eq!((held.at, held.expires_at), (noon(), noon() + TimeDelta::hours(1)));
    assert_eq!(held.passed_over, [(candidate_id(1), full.key), (candidate_id(2), fuller.key)]);
    assert_eq!(kit.used(&roomy, noon()).await, 1, "only the granted claim takes places");
}

/// Where no claim has room, every one is told with the first of its caps that was full.
pub async fn a_refusal_names_a_full_cap_of_each_claim(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let (first, second) = (buyer_cap(1, CapWindow::Daily, 1), buyer_cap(2, CapWindow::Total, 1));
    kit.hold(1, 1, &[first, second], noon()).await;
    let claims = [claim(2, [second]), claim(1, [first, second])];
    let Reserved::Full { passed_over } =
        kit.reserve(reservation(call_id(2), 1, claims), noon()).await
    else {
        panic!("both caps are full");
    };
    assert_eq!(passed_over, [(candidate_id(2), second.key), (candidate_id(1), first.key)]);
    assert_eq!(kit.used(&first, noon()).await, 1);
}

/// A claim without caps always fits, and where there is no claim none fits.
pub async fn a_claim_without_caps_always_fits(harness: &impl Harness) {
    let kit = Kit::of(harness);
    for n in 0..3 {
        assert!(kit.takes(n, &[], noon()).await);
    }
    let nothing = kit.reserve(reservation(call_id(9), 1, []), noon()).await;
    assert_eq!(nothing, Reserved::Full { passed_over: Vec::new() });
}

/// A cap of zero takes no call.
pub async fn a_cap_of_zero_is_always_full(harness: &impl Harness) {
    let kit = Kit::of(harness);
    for window in WINDOWS {
        assert!(!kit.takes(1, &[buyer_cap(1, window, 0)], noon()).await, "{window:?}");
    }
}

/// Every kind of cap grants as many places as its limit says.
pub async fn every_kind_of_cap_is_kept(harness: &impl Harness) {
    let kit = Kit::of(harness);
    for (kind, window) in (1..).zip(WINDOWS) {
        let cap = buyer_cap(1, window, 3);
        for n in 0..3 {
            assert!(kit.takes(kind * 10 + n, &[cap], noon()).await, "{window:?} has room for 3");
        }
        assert!(!kit.takes(kind * 10 + 3, &[cap], noon()).await, "{window:?} is full");
        assert_eq!(kit.used(&cap, noon()).await, 3);
    }
}

/// **Atomicity**: all caps of a claim or none.
pub async fn a_refused_claim_takes_no_place(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let caps = WINDOWS.map(|window| buyer_cap(1, window, 5));
    let full = buyer_cap(2, CapWindow::Concurrent, 0);
    for place in 0..=caps.len() {
        let mut wanted = caps.to_vec();
        wanted.insert(place, full);
        assert!(!kit.takes(1, &wanted, noon()).await);
    }
    for cap in &caps {
        assert_eq!(kit.used(cap, noon()).await, 0, "{:?}", cap.key.window);
    }
    assert_eq!(kit.held(noon()).await, 0);
}

/// Targets are candidates as buyers are: their claims are tried with those of buyers, and what is
/// granted says which it was, also when it is asked again.
pub async fn a_target_is_reserved_as_a_buyer_is(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let windows = [CapWindow::Concurrent, CapWindow::Daily];
    let own = windows.map(|window| target_cap(1, window, 1));
    let next = windows.map(|window| buyer_cap(1, window, 1));
    let claims = || [target_claim(1, own), claim(1, next), target_claim(2, [])];
    let expected = [target_id(1).into(), candidate_id(1), target_id(2).into()];
    for (n, candidate) in (1..).zip(expected) {
        let wanted = reservation(call_id(n), 1, claims());
        let Reserved::Held(held) = kit.reserve(wanted.clone(), noon()).await else {
            panic!("claim {n} has room");
        };
        assert_eq!(held.candidate, candidate);
        let passed_over = [(expected[0], own[0].key), (expected[1], next[0].key)];
        assert_eq!(held.passed_over, passed_over[..n as usize - 1]);
        assert_eq!(kit.reserve(wanted, noon()).await, Reserved::Held(held));
    }
    assert_eq!((kit.used(&own[0], noon()).await, kit.held(noon()).await), (1, 2));
    kit.release(1, 1, true, noon()).await;
    for cap in own {
        assert_eq!(kit.used(&cap, noon()).await, 0, "{:?}", cap.key.window);
    }
    assert!(kit.takes(4, &own, noon()).await);
}

/// Scopes are counted apart: a buyer's own, its assignments', its group's, a target's.
pub async fn scopes_are_counted_apart(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let buyer = buyer_id(1);
    let scopes = [
        CapScope::Buyer { buyer },
        CapScope::Buyer { buyer: buyer_id(2) },
        CapScope::Assignment { campaign: campaign_id(1), buyer },
        CapScope::Assignment { campaign: campaign_id(2), buyer },
        CapScope::Assignment { campaign: campaign_id(1), buyer: buyer_id(2) },
        CapScope::Group { group: group_id(1) },
        CapScope::Target { target: target_id(1) },
        CapScope::TargetAssignment { campaign: campaign_id(1), target: target_id(1) },
        CapScope::TargetAssignment { campaign: campaign_id(2), target: target_id(1) },
        // The same id, and another scope.
        CapScope::Target { target: TargetId::from_uuid(buyer.uuid()) },
    ];
    for (n, scope) in (0..).zip(scopes) {
        let cap = cap(scope, CapWindow::Daily, 1);
        assert_eq!(kit.used(&cap, noon()).await, 0, "{scope:?}");
        assert!(kit.takes(n * 2, &[cap], noon()).await, "{scope:?}");
        assert!(!kit.takes(n * 2 + 1, &[cap], noon()).await, "{scope:?}");
    }
}

/// **Idempotency**: once granted, the same buyer, lease and expiry are answered again, whatever the
/// repetition asks for, and nothing more is taken.
pub async fn a_repeated_reservation_answers_the_same(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let cap = buyer_cap(1, CapWindow::Concurrent, 1);
    let other = buyer_cap(2, CapWindow::Concurrent, 5);
    let first = kit.hold(1, 1, &[cap], noon()).await;
    let mut again = reservation(call_id(1), 1, [claim(2, [other]), claim(1, [cap])]);
    again.lease = lease_id(call_id(7), 7);
    again.lease_secs = 1;
    let later = noon() + TimeDelta::minutes(5);
    for wanted in [reservation(call_id(1), 1, [claim(1, [cap])]), again] {
        let Reserved::Held(held) = kit.reserve(wanted, later).await else {
            panic!("it was granted before");
        };
        assert_eq!((held.candidate, held.lease), (first.candidate, first.lease));
        assert_eq!(held.expires_at, first.expires_at);
    }
    assert_eq!(kit.used(&cap, later).await, 1);
    assert_eq!(kit.used(&other, later).await, 0);
}

/// **Idempotency**: also after the lease was released, and then still nothing is taken.
pub async fn a_repetition_after_the_release_takes_nothing(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let caps = WINDOWS.map(|window| buyer_cap(1, window, 1));
    let first = kit.hold(1, 1, &caps, noon()).await;
    kit.release(1, 1, true, noon()).await;
    let again = kit.hold(1, 1, &caps, noon()).await;
    assert_eq!((again.candidate, again.lease), (first.candidate, first.lease));
    assert_eq!(again.expires_at, first.expires_at);
    assert_eq!(kit.held(noon()).await, 0);
    assert!(kit.takes(2, &caps, noon()).await, "every place is free");
}

/// **Idempotency**: a refusal is not remembered.
pub async fn a_refusal_is_not_remembered(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let cap = buyer_cap(1, CapWindow::Concurrent, 1);
    kit.hold(1, 1, &[cap], noon()).await;
    assert!(!kit.takes(2, &[cap], noon()).await);
    kit.release(1, 1, false, noon()).await;
    assert!(kit.takes(2, &[cap], noon()).await);
}

/// **Idempotency**: it is per attempt: another one of the same call takes another place.
pub async fn each_attempt_takes_a_place(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let cap = buyer_cap(1, CapWindow::Concurrent, 2);
    let first = kit.hold(1, 1, &[cap], noon()).await;
    let second = kit.hold(1, 2, &[cap], noon()).await;
    assert_ne!(first.lease, second.lease);
    assert_eq!(kit.used(&cap, noon()).await, 2);
    let third = reservation(call_id(1), 3, [claim(1, [cap])]);
    assert_is!(kit.reserve(third, noon()).await, Reserved::Full { .. });
}

/// The call is over, so nothing is dialled for it any more.
pub async fn an_ended_call_reserves_nothing(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let cap = buyer_cap(1, CapWindow::Daily, 5);
    kit.save_new(call(kit.tenant, 1)).await;
    kit.hold(1, 1, &[cap], noon()).await;
    let ended = over(call(kit.tenant, 1), noon());
    kit.save(save(ended, Some(1), &StepKey::dial_result(1))).await;
    let second = reservation(call_id(1), 2, [claim(1, [cap])]);
    assert_eq!(kit.reserve(second, noon()).await, Reserved::CallEnded);
    let unlimited = reservation(call_id(1), 3, [claim(1, [])]);
    assert_eq!(kit.reserve(unlimited, noon()).await, Reserved::CallEnded);
    // What was granted before may be answered again or not, but takes nothing more.
    let again = reservation(call_id(1), 1, [claim(1, [cap])]);
    assert_is!(kit.reserve(again, noon()).await, Reserved::CallEnded | Reserved::Held(_));
    assert_eq!(kit.used(&cap, noon()).await, 0, "the call never dialled");
    assert!(kit.takes(2, &[cap], noon()).await, "another call goes on");
}

/// **Atomicity**: caps hold as of each grant: a lowered one stops admission and takes nothing away,
/// a raised one admits again.
pub async fn a_changed_cap_holds_for_the_next_grant(harness: &impl Harness) {
    let kit = Kit::of(harness);
    for (kind, window) in (1..).zip(WINDOWS) {
        let limit = |limit| [buyer_cap(1, window, limit)];
        for n in 0..3 {
            assert!(kit.takes(kind * 10 + n, &limit(3), noon()).await);
        }
        for lowered in [2, 3, 0] {
            assert!(!kit.takes(kind * 10 + 3, &limit(lowered), noon()).await, "{window:?}");
        }
        assert_eq!(kit.used(&limit(2)[0], noon()).await, 3);
        assert!(kit.takes(kind * 10 + 3, &limit(4), noon()).await, "{window:?}");
        assert!(!kit.takes(kind * 10 + 4, &limit(4), noon()).await, "{window:?}");
    }
}

/// Caps and attempts are each tenant's own, also under the same ids.
pub async fn another_tenants_places_are_its_own(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let other = kit.as_tenant(2);
    let caps = WINDOWS.map(|window| buyer_cap(1, window, 1));
    let held = kit.hold(1, 1, &caps, noon()).await;
    let later = noon() + TimeDelta::seconds(1);
    let foreign = other.hold(1, 1, &caps, later).await;
    assert_eq!(foreign.expires_at, held.expires_at + TimeDelta::seconds(1), "a lease of its own");
    assert!(!other.takes(2, &caps, later).await);
    assert_eq!((kit.held(later).await, other.held(later).await), (1, 1));

    other.release(1, 1, true, later).await;
    other.release_all(1, later).await;
    assert_eq!((kit.held(later).await, other.held(later).await), (1, 0));
    for cap in &caps {
        assert_eq!(kit.used(cap, later).await, 1, "{:?}", cap.key.window);
    }
    // A call that ended elsewhere under the same id is another call.
    other.save_new(over(call(other.tenant, 3), later)).await;
    let free = buyer_cap(2, CapWindow::Daily, 1);
    assert!(kit.takes(3, &[free], later).await);
}
