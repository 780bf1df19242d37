//! What one step sees.

use callcore::call::{CallStatus, Growth, StepKey};
use callcore::port::{Ask, EarlierBids, Look, Save};
use callcore::routing::CapKey;
use callcore::schedule::CapWindow;
use chrono::TimeDelta;

use crate::Harness;
use crate::fixtures::{
    buyer_cap, buyer_id, call, call_id, campaign_id, candidate_id, claim, fact, noon, phone,
    reservation, save, tally, target_id,
};
use crate::suite::kit::Kit;

/// **Errors**: an unknown call is not an error; nothing is known of it.
pub async fn an_unknown_call_is_looked_at_without_error(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let ask = Ask {
        step: Some(StepKey::voice()),
        caps: vec![buyer_cap(1, CapWindow::Daily, 5)],
        caller: Some(phone(1)),
        activity: Some((campaign_id(1), vec![candidate_id(1)])),
        bids: Some(EarlierBids {
            campaign: campaign_id(1),
            caller: phone(1),
            targets: vec![target_id(1)],
        }),
    };
    let Look { call, reply, usage, contacts, activity, bids, auction } = kit.look(1, &ask).await;
    assert_eq!((call, reply, contacts), (None, None, Vec::new()));
    assert!(bids.is_empty() && auction.is_none(), "nobody bid");
    assert!(usage.values().all(|used| *used == 0), "nobody took a place");
    assert!(activity.values().all(|activity| *activity == Default::default()));
}

/// A look answers the stored reply of the step that it asks for, and of no other one.
pub async fn a_look_answers_the_stored_reply_of_its_step(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let voice = StepKey::voice();
    let news = StepKey::progress(CallStatus::InProgress);
    kit.save_new(call(kit.tenant, 1)).await;
    let mut silent = save(call(kit.tenant, 1), Some(1), &news);
    silent.fact.directives.clear();
    kit.save(silent).await;
    let reply = async |call, step: Option<&StepKey>| {
        kit.look(call, &Ask { step: step.cloned(), ..Ask::default() }).await.reply
    };
    assert_eq!(reply(1, Some(&voice)).await, Some(fact(&voice, noon()).directives));
    assert_eq!(reply(1, Some(&news)).await, Some(Vec::new()), "an empty reply is a reply");
    assert_eq!(reply(1, Some(&StepKey::dial_result(1))).await, None);
    assert_eq!(reply(2, Some(&voice)).await, None, "a step belongs to its call");
    assert_eq!(reply(1, None).await, None);
}

/// **Ordering**: a look sees every acknowledged save, reservation and release.
pub async fn a_look_sees_every_acknowledged_act(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let cap = buyer_cap(1, CapWindow::Concurrent, 10);
    for n in 1..=5 {
        kit.hold(n, 1, &[cap], noon()).await;
        assert_eq!(kit.used(&cap, noon()).await, n);
        kit.save_new(call(kit.tenant, n)).await;
        assert_eq!(kit.version(n).await, Some(1));
    }
    for n in 1..=5 {
        kit.release(n, 1, true, noon()).await;
        assert_eq!(kit.used(&cap, noon()).await, 5 - n);
    }
}

/// Usage is without the places that the call itself holds, under every kind of cap.
pub async fn usage_is_without_what_the_call_itself_holds(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let windows = [
        CapWindow::Concurrent,
        CapWindow::Hourly,
        CapWindow::Daily,
        CapWindow::Monthly,
        CapWindow::Total,
    ];
    let caps = windows.map(|window| buyer_cap(1, window, 10));
    kit.hold(1, 1, &caps, noon()).await;
    kit.hold(1, 2, &caps, noon()).await;
    kit.hold(2, 1, &caps, noon()).await;
    for cap in &caps {
        let used = [1, 2, 3].map(|call| (call, cap));
        for ((call, cap), expected) in used.into_iter().zip([1, 2, 3]) {
            let found = kit.used_without(call, cap, noon()).await;
            assert_eq!(found, expected, "call {call} under {:?}", cap.key.window);
        }
    }
}

/// One look tells the usage of many caps, each by its own scope, window and zone, and of no cap that
/// it does not ask for.
pub async fn usage_is_told_for_each_cap_that_is_asked_for(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let first = buyer_cap(1, CapWindow::Daily, 10);
    let second = buyer_cap(2, CapWindow::Daily, 10);
    let other = buyer_cap(1, CapWindow::Hourly, 10);
    kit.hold(1, 1, &[first, second], noon()).await;
    kit.hold(2, 1, &[first], noon()).await;
    let ask = Ask { caps: vec![second, first, other], ..Ask::default() };
    let usage = kit.look(9, &ask).await.usage;
    let used = |key: CapKey| usage.get(&key).copied().unwrap_or(0);
    assert_eq!([first, second, other].map(|cap| used(cap.key)), [2, 1, 0]);
    let usage = kit.look(9, &Ask { caps: vec![second], ..Ask::default() }).await.usage;
    assert!(usage.keys().all(|key| *key == second.key), "only what was asked for");
}

/// Usage is that of the window that is running at the instant of the look.
pub async fn usage_is_of_the_running_window(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let cap = buyer_cap(1, CapWindow::Hourly, 10);
    kit.hold(1, 1, &[cap], noon()).await;
    let an_hour = TimeDelta::hours(1);
    assert_eq!(kit.used(&cap, noon() + an_hour - TimeDelta::microseconds(1)).await, 1);
    assert_eq!(kit.used(&cap, noon() + an_hour).await, 0);
    assert_eq!(kit.used(&cap, noon() - TimeDelta::microseconds(1)).await, 0);
}

/// Another tenant's calls take no places here, whatever ids they use.
pub async fn usage_is_of_the_tenants_own_calls(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let cap = buyer_cap(1, CapWindow::Daily, 10);
    kit.as_tenant(2).hold(1, 1, &[cap], noon()).await;
    assert_eq!(kit.used(&cap, noon()).await, 0);
    let wanted = reservation(call_id(1), 1, [claim(1, [cap])]);
    kit.reserve(wanted, noon()).await;
    assert_eq!(kit.used(&cap, noon()).await, 1);
}

/// **Atomicity**: all that a look sees is of one instant.
pub async fn a_look_is_of_one_instant(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let saver = kit.clone();
    let saving = tokio::spawn(async move {
        // Each save counts one more attempt, so at each instant there are as many as versions.
        for version in 0..60 {
            let step = StepKey::dial_result(version);
            let expected = (version > 0).then_some(u64::from(version));
            let growth =
                Growth { tallies: vec![tally(campaign_id(1), buyer_id(1))], ..Growth::default() };
            let saved = call(saver.tenant, 1);
            saver.save(Save { growth, ..save(saved, expected, &step) }).await;
        }
    });
    let ask = Ask { activity: Some((campaign_id(1), vec![candidate_id(1)])), ..Ask::default() };
    while !saving.is_finished() {
        let look = kit.look(1, &ask).await;
        let version = look.call.map_or(0, |(_, version)| version);
        let offered = look.activity.get(&candidate_id(1)).map_or(0, |activity| activity.offered);
        assert_eq!(version, offered, "torn between the call and the counters");
        tokio::task::yield_now().await;
    }
    saving.await.expect("the saver does not panic");
}
