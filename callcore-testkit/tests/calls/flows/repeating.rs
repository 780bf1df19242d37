//! Flows while webhooks come twice, and while flows are edited, published and taken away.

use crate::check;

#[test]
fn every_request_twice_is_answered_once() {
    check(
        r#"
        now 2026-11-23 09:00
        campaign Sales record mono
        buyer East +12125550001 caps concurrent 1 daily 2
        flow Main
          menu ivr_menu { "message": "1 or 2?", "options": [ { "key": "1", "label": "Sales" } ] }
          zip gather_input { "prompt": "Zip?", "variable": "zip" }
          split traffic_splitter { "strategy": "round_robin", "splits": [
            { "id": "a", "nodeId": "pixel" }, { "id": "b", "nodeId": "bye" } ] }
          pixel tracking_pixel { "pixelUrl": "https://p.example/?zip={zip}" }
          route advanced_router { "campaignBuyers": true }
          mail action { "actionType": "voicemail" }
          bye end { "message": "b." }
          menu key:1 -> zip
          zip valid -> split
          pixel next -> route
          route connected -> mail
          mail done -> bye
        call 1 from +13105550001
          every request twice
          callbacks out of order
          caller presses 9
          caller presses 1
          caller presses 90210#
          caller talks 4s
          East answers after 4s talks 60s
        > ask 1 or 2?
        < presses 9
        > ask 1 or 2?
        < presses 1
        > ask Zip?
        < presses 90210
        > dial East, record mono
        < answered 60s
        > record
        < leaves a message of 4s
        > say b.
        > hang up
        = answered by East, held 0
        = flow completed, exits start:next menu:key:1 zip:valid split:a pixel:next route:connected mail:done
        ~ pixel: GET https://p.example/?zip=90210
        again voice
        again flow 1
        again flow 2
        again flow 3
        again dial 1
        again flow 4
        again everything
        # The repetitions took no turn of the splitter.
        call 2 from +13105550001
          caller presses 1
          caller presses 1#
        > ask 1 or 2?
        < presses 1
        > ask Zip?
        < presses 1
        > say b.
        > hang up
        = flow completed
        = flow completed, exits start:next menu:key:1 zip:valid split:b
        "#,
    );
}

const FIRST: &str = r#"
    now 2026-11-23 09:00
    campaign Sales
    buyer East +12125550001
    flow Main
      menu ivr_menu { "message": "The first menu.", "options": [ { "key": "1", "label": "One" } ] }
      bye end { "message": "The first end." }
      menu key:1 -> bye
    call 1 from +13105550001
      caller presses 1 at 8s
"#;

#[test]
fn a_call_stays_on_the_version_that_it_came_in_on() {
    check(&format!(
        "{FIRST}
        > ask The first menu.
        < presses 1
        > say The first end.
        > hang up
        = flow completed
        = flow completed, exits start:next menu:key:1, version 1
        4s into call 1: flow Main
          bye end {{ \"message\": \"The second end.\" }}
        5s into call 1: call 2 from +13105550002
        > say The second end.
        > hang up
        = flow completed
        = flow completed, exits start:next, version 2
        "
    ));
}

#[test]
fn a_draft_is_nobodys_flow_until_it_is_published() {
    check(&format!(
        "{FIRST}
        > ask The first menu.
        < presses 1
        > say The first end.
        > hang up
        = flow completed
        = flow completed, exits start:next menu:key:1, version 1
        4s into call 1: flow Main draft
          bye end {{ \"message\": \"The second end.\" }}
        5s into call 1: call 2 from +13105550002
          caller hangs up at 1s
        > ask The first menu.
        < caller hangs up
        = caller hung up
        = flow abandoned, exits start:next, version 1
        "
    ));
}

#[test]
fn a_flow_that_is_taken_away_goes_on_for_whoever_is_in_it() {
    check(&format!(
        "{FIRST}
        > ask The first menu.
        < presses 1
        > say The first end.
        > hang up
        = flow completed
        = flow completed, exits start:next menu:key:1, version 1
        4s into call 1: flow off
        5s into call 1: call 2 from +13105550002
          East busy
        > dial East
        < busy
        > say Nobody is available.
        > hang up
        = no answer
        "
    ));
}

#[test]
fn a_campaign_that_is_deleted_ends_the_calls_in_its_flow() {
    check(&format!(
        "{FIRST}
        > ask The first menu.
        < presses 1
        > say Nobody is available.
        > hang up
        = campaign gone
        = flow abandoned, exits start:next
        4s into call 1: delete campaign Sales
        "
    ));
}
