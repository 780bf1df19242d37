//! `traffic_splitter`: the four strategies, each split, the fallback, and the failover.

use crate::check;

/// Calls one after the other, and the branch that each takes.
fn calls(branches: &str) -> String {
    let call = |(number, branch): (usize, char)| {
        format!(
            "
            call {number} from +13105550001
            > say {branch}.
            > hang up
            = flow completed
            = flow completed, exits start:next split:{branch}
            "
        )
    };
    branches.char_indices().map(|(index, branch)| call((index + 1, branch))).collect()
}

#[test]
fn shares_are_exact() {
    for (strategy, a, b, branches) in [
        ("percentage", "\"percentage\": 75", "\"percentage\": 25", "aabaaaba"),
        ("weighted", "\"weight\": 1", "\"weight\": 2", "babbab"),
        ("round_robin", "\"weight\": 9", "\"weight\": 1", "abab"),
    ] {
        check(&format!(
            r#"
            now 2026-11-23 09:00
            campaign Sales
            flow Main
              split traffic_splitter {{ "strategy": "{strategy}", "splits": [
                {{ "id": "a", "name": "Premium", "nodeId": "a", {a} }},
                {{ "id": "b", "name": "Standard", {b} }} ] }}
              a end {{ "message": "a." }}
              b end {{ "message": "b." }}
              split b -> b
            {}
            "#,
            calls(branches),
        ));
    }
}

/// A caller who is led back to a splitter takes the next turn of the same rotation, of which every
/// webhook that is repeated takes the same.
#[test]
fn a_call_that_comes_back_draws_again() {
    check(
        r#"
        now 2026-11-23 09:00
        campaign Sales
        flow Main
          split traffic_splitter { "strategy": "round_robin", "splits": [
            { "id": "a", "nodeId": "one" }, { "id": "b", "nodeId": "two" } ] }
          one play_audio { "text": "One." }
          two play_audio { "text": "Two." }
          one next -> menu
          two next -> menu
          menu ivr_menu { "message": "Again?", "options": [ { "key": "1", "nodeId": "split" } ] }
          bye end { "message": "Goodbye." }
          menu timeout -> bye
        call 1 from +13105550001
          every request twice
          caller presses 1
          caller presses 1
          caller presses 2
          caller presses 2
          caller presses 2
          caller presses 2
        > say One.
        > ask Again?
        < presses 1
        > say Two.
        > ask Again?
        < presses 1
        > say One.
        > ask Again?
        < presses 2
        > ask Again?
        < presses 2
        > ask Again?
        < presses 2
        > ask Again?
        < presses 2
        > say Goodbye.
        > hang up
        = flow completed
        = flow completed, exits start:next split:a one:next menu:key:1 split:b two:next menu:key:1 split:a one:next menu:invalid
        again voice
        again flow 1
        again flow 2
        # The repetitions took no turn.
        call 2 from +13105550001
          caller presses 2
          caller presses 2
          caller presses 2
          caller presses 2
        > say Two.
        > ask Again?
        < presses 2
        > ask Again?
        < presses 2
        > ask Again?
        < presses 2
        > ask Again?
        < presses 2
        > say Goodbye.
        > hang up
        = flow completed
        = flow completed, exits start:next split:b two:next menu:invalid
        "#,
    );
}

const HOURS: &str = r#"
    campaign Sales
    buyer East +12125550001
    flow Main
      split traffic_splitter { "strategy": "time_based", "timezone": "America/New_York", "splits": [
        { "id": "a", "name": "Early", "nodeId": "a",
          "rules": [ { "startHour": 6, "endHour": 12, "daysOfWeek": ["monday", "tuesday"] } ] },
        { "id": "b", "name": "Late", "nodeId": "b",
          "rules": [ { "startHour": 11, "endHour": 15, "daysOfWeek": [1] },
                     { "startHour": 22, "endHour": 2, "daysOfWeek": [1] } ] } ] }
      a end { "message": "a." }
      b end { "message": "b." }
"#;

#[test]
fn the_first_split_that_matches_the_time_takes_the_call() {
    let at = |number: usize, now: &str, branch: &str, said: &str| {
        format!(
            "
            now {now} America/New_York
            call {number} from +13105550001
            > say {said}.
            > hang up
            = flow completed
            = flow completed, exits start:next split:{branch}
            "
        )
    };
    let calls = [
        at(1, "2026-11-23 06:00", "a", "a"),
        at(2, "2026-11-23 11:30", "a", "a"),
        at(3, "2026-11-23 12:00", "b", "b"),
        at(4, "2026-11-24 01:59", "b", "b"),
        at(5, "2026-11-24 12:00", "fallback", "Neither"),
    ];
    check(&format!(
        "{HOURS}
          neither end {{ \"message\": \"Neither.\" }}
          split fallback -> neither
        {}",
        calls.concat()
    ));
}

#[test]
fn no_split_and_no_fallback_leave_the_call_to_plain_routing() {
    check(&format!(
        "
        now 2026-11-24 12:00 America/New_York
        {HOURS}
        call 1 from +13105550001
          East answers after 2s talks 10s
        > dial East
        < answered 10s
        > hang up
        = answered by East, held 0
        = flow failed, exits start:next split:fallback
        "
    ));
}

const FAILOVER: &str = r#"
    now 2026-11-23 09:00
    campaign Sales
    buyer East +12125550001
    buyer West +12125550002
    flow Main
      split traffic_splitter { "strategy": "weighted", "enableFailover": true, "splits": [
        { "id": "a", "name": "East", "weight": 1, "nodeId": "east" },
        { "id": "b", "name": "West", "weight": 1, "nodeId": "west" } ] }
      east action { "actionType": "route_to_buyer", "buyerId": "East" }
      west action { "actionType": "route_to_buyer", "buyerId": "West" }
      sorry end { "message": "Nobody is there." }
      split fallback -> sorry
"#;

#[test]
fn a_branch_that_cannot_take_the_call_passes_it_on_to_the_next_and_at_last_to_the_fallback() {
    check(&format!(
        "{FAILOVER}
        call 1 from +13105550001
          East busy
          West answers after 2s talks 10s
        > dial East
        < busy
        > dial West
        < answered 10s
        > hang up
        = answered by West, held 0
        = flow completed, exits start:next split:a east:failed split:b west:connected
        call 2 from +13105550002
          West no answer
          East busy
        > dial West
        < no-answer
        > dial East
        < busy
        > say Nobody is there.
        > hang up
        = no answer, held 0
        = flow completed, exits start:next split:b west:failed split:a east:failed split:fallback
        "
    ));
}

#[test]
fn whoever_talked_with_the_caller_is_not_passed_on() {
    check(&format!(
        "{}
        call 1 from +13105550001
          East answers after 2s talks 10s
          West answers after 2s talks 10s
        > dial East
        < answered 10s
        > dial +12125550009
        < no-answer
        > hang up
        = answered by East, held 0
        = flow failed
        ",
        FAILOVER.replace(
            "sorry end",
            "more action { \"actionType\": \"external\", \"number\": \"+12125550009\" }
             east connected -> more
             sorry end"
        )
    ));
}
