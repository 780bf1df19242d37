//! `advanced_router`: its exits, and each strategy once.

use crate::check;

const EXITS: &str = r#"
      after play_audio { "text": "How did you like it?" }
      none end { "message": "Nobody is there." }
      full end { "message": "Everybody is talking." }
      bye end { "message": "Goodbye." }
      route connected -> after
      after next -> bye
      route no_route -> none
      route overflow -> full
"#;

fn router(settings: &str) -> String {
    format!(
        r#"
        now 2026-11-23 09:00
        campaign Sales attempts 1 dial-timeout 10
        buyer East +12125550001 priority 1 caps concurrent 1
        buyer West +12125550002 priority 2 caps concurrent 1
        flow Main
          route advanced_router {{ {settings} }}
        {EXITS}
        "#
    )
}

#[test]
fn after_the_conversation_the_flow_goes_on() {
    check(&format!(
        "{}
        call 1 from +13105550001
          East answers after 4s talks 60s
        > dial East, rings 30s
        < answered 60s
        > say How did you like it?
        > say Goodbye.
        > hang up
        = answered by East, held 0
        = flow completed, exits start:next route:connected after:next
        # The settings of the node hold, and not those of the campaign.
        call 2 from +13105550002
          East busy
          West no answer
        > dial East
        < busy
        > dial West
        < no-answer
        > say Nobody is there.
        > hang up
        = no answer, held 0
        = flow completed, exits start:next route:no_route
        ",
        router(r#""campaignBuyers": true"#)
    ));
}

#[test]
fn callers_overflow_when_everybody_is_talking() {
    let calls = "
        call 1 from +13105550001
          East answers after 2s talks 60s
          West answers after 2s talks 60s
        5s into call 1: call 2 from +13105550002
          East answers after 2s talks 60s
          West answers after 2s talks 60s
        20s into call 1: call 3 from +13105550003
    ";
    // Calls of a group are told one after the other; the first two are only there to talk.
    let talks = |buyer: &str| {
        format!(
            "
        > dial {buyer}
        < answered 60s
        > say How did you like it?
        > say Goodbye.
        > hang up
        = answered by {buyer}
        = flow completed
        "
        )
    };
    let script = |router: &str, heard: &str| {
        let (first, rest) = calls.split_at(calls.find("        5s into").unwrap());
        let (second, third) = rest.split_at(rest.find("        20s into").unwrap());
        let (east, west) = (talks("East"), talks("West"));
        format!("{router}{first}{east}{second}{west}{third}{heard}")
    };
    let both = router(r#""campaignBuyers": true"#);
    check(&script(
        &both,
        "> say Everybody is talking.
        > hang up
        = no buyer all capped
        = flow completed, exits start:next route:overflow
        ",
    ));
    let alone = both
        .replace("route overflow -> full", "")
        .replace("full end { \"message\": \"Everybody is talking.\" }", "");
    check(&script(
        &alone,
        "> say Nobody is there.
        > hang up
        = no buyer all capped
        = flow completed, exits start:next route:overflow
        ",
    ));
}

#[test]
fn without_a_way_on_the_campaigns_own_treatment_follows() {
    check(
        r#"
        now 2026-11-23 09:00
        campaign Sales no-route +12125550008
        buyer East +12125550001 paused
        flow Main
          route advanced_router { "campaignBuyers": true }
        call 1 from +13105550001
          +12125550008 answers after 4s talks 60s
        > dial +12125550008
        < answered 60s
        > hang up
        = no buyer all filtered
        = flow completed, exits start:next route:no_route
        "#,
    );
}

#[test]
fn buyers_of_the_node_need_not_be_the_campaigns() {
    check(
        r#"
        now 2026-11-23 09:00
        campaign Sales
        buyer East +12125550001
        buyer West +12125550002
        unassign East
        unassign West
        flow Main
          route advanced_router { "strategy": "priority", "ringTimeout": 12, "maxAttempts": 1,
            "buyers": [ { "buyerId": "East", "priority": 2 }, { "buyerId": "West", "priority": 1 } ] }
        call 1 from +13105550001
          West answers after 4s talks 60s
        > dial West, rings 12s
        < answered 60s
        > hang up
        = answered by West, held 0
        = flow completed, exits start:next route:connected
        call 2 from +13105550002
          West busy
        > dial West
        < busy
        > say Nobody is available.
        > hang up
        = attempt limit, held 0
        = flow completed, exits start:next route:no_route
        "#,
    );
}

/// Two calls one after the other, and who has each.
fn two(settings: &str, first: &str, second: &str) {
    let call = |number: usize, buyer: &str| {
        format!(
            "
            call {number} from +1310555000{number}
              {buyer} answers after 2s talks 10s
            > dial {buyer}
            < answered 10s
            > say How did you like it?
            > say Goodbye.
            > hang up
            = answered by {buyer}, held 0
            = flow completed, exits start:next route:connected after:next
            "
        )
    };
    let skilled = router(settings).replace("priority 2 caps", "priority 2 skill spanish 4 caps");
    check(&format!("{skilled}{}{}", call(1, first), call(2, second)));
}

#[test]
fn each_strategy_chooses_in_its_own_way() {
    let buyers = r#""buyers": [ { "buyerId": "East", "priority": 2 },
                                { "buyerId": "West", "priority": 1, "maxConcurrent": 5 } ]"#;
    two(&format!(r#""strategy": "priority", {buyers}"#), "West", "West");
    two(&format!(r#""strategy": "round_robin", {buyers}"#), "East", "West");
    two(r#""strategy": "capacity", "campaignBuyers": true"#, "East", "East");
    two(r#""strategy": "performance", "campaignBuyers": true"#, "East", "West");
    let skills = r#""requiredSkills": { "spanish": 3 }"#;
    two(&format!(r#""strategy": "skills", "campaignBuyers": true, {skills}"#), "West", "West");
    // Nobody bids, and buyers stand behind the bidders.
    two(r#""strategy": "rtb", "campaignBuyers": true"#, "East", "East");
}

#[test]
fn a_second_router_is_a_step_of_its_own() {
    check(
        r#"
        now 2026-11-23 09:00
        campaign Sales
        buyer East +12125550001 paused
        buyer West +12125550002
        flow Main
          one advanced_router { "buyers": [ { "buyerId": "East" } ] }
          two advanced_router { "buyers": [ { "buyerId": "West" } ] }
          one no_route -> two
        call 1 from +13105550001
          every request twice
          West answers after 2s talks 10s
        > come back at once
        > dial West
        < answered 10s
        > hang up
        = answered by West, held 0
        = flow completed, exits start:next one:no_route two:connected
        again voice
        again flow 1
        "#,
    );
}
