//! Callers who hang up in the middle of every node that waits, and sessions that nobody comes back to.

use crate::check;

#[test]
fn a_caller_hangs_up_while_the_flow_waits() {
    for (node, told) in [
        (
            r#"wait ivr_menu { "message": "Press 1.", "maxRetries": 9,
                "options": [ { "key": "1", "label": "One" } ] }
               wait key:1 -> bye"#,
            "> ask Press 1.\n< silence\n> ask Press 1.\n< caller hangs up",
        ),
        (
            r#"wait gather_input { "prompt": "Your zip code?", "timeout": 30 }
               wait valid -> bye"#,
            "> ask Your zip code?\n< caller hangs up",
        ),
        (
            r#"wait action { "actionType": "queue", "queue": "sales" }
               wait connected -> bye"#,
            "> queue sales\n< caller hangs up\n< leaves the queue: hangup",
        ),
        (
            r#"wait action { "actionType": "transfer", "number": "+13105550100",
                "transferType": "warm" }
               wait failed -> bye"#,
            "> conference\n< caller hangs up\n< left the conference",
        ),
        (
            r#"wait action { "actionType": "external", "number": "+13105550100" }
               wait failed -> bye"#,
            "> dial +13105550100\n< caller hangs up\n< canceled",
        ),
        (
            r#"wait advanced_router { "campaignBuyers": true }
               wait no_route -> bye"#,
            "> dial East\n< caller hangs up\n< canceled",
        ),
        (
            r#"wait action { "actionType": "route_to_buyer", "buyerId": "East" }
               wait failed -> bye"#,
            "> dial East\n< caller hangs up\n< canceled",
        ),
    ] {
        let rings = if told.contains("> dial") || told.contains("conference") {
            "caller hung up while ringing"
        } else {
            "caller hung up"
        };
        let hangs_up = if told.contains("> ask") { "" } else { "> hang up" };
        let sent = if told.contains("conference") {
            "~ invitation: invites +13105550100\n~ recall: takes the caller out"
        } else {
            ""
        };
        check(&format!(
            "
            now 2026-11-23 09:00
            campaign Sales
            buyer East +12125550001 caps concurrent 1
            flow Main
              {node}
              bye end {{ \"message\": \"Goodbye.\" }}
            call 1 from +13105550001
              caller hangs up at 15s
            {told}
            {hangs_up}
            = {rings}, held 0, status completed
            = flow abandoned, exits start:next
            {sent}
            again everything
            "
        ));
    }
}

#[test]
fn what_the_caller_does_too_late_changes_nothing() {
    check(
        r#"
        now 2026-11-23 09:00
        campaign Sales
        flow Main
          menu ivr_menu { "message": "Press 1.", "options": [ { "key": "1", "label": "One" } ] }
          bye end { "message": "Goodbye." }
          menu key:1 -> bye
        call 1 from +13105550001
          caller hangs up at 5s
        > ask Press 1.
        < caller hangs up
        = caller hung up, held 0
        = flow abandoned, exits start:next
        late flow 1 1
        late flow 2 1
        late flow 1 silence
        call 2 from +13105550001
          caller presses 1
        > ask Press 1.
        < presses 1
        > say Goodbye.
        > hang up
        = flow completed
        = flow completed, exits start:next menu:key:1
        late flow 1 9
        late flow 2 1
        again everything
        "#,
    );
}

#[test]
fn a_step_that_is_lost_is_given_up_by_the_carrier() {
    check(
        r#"
        now 2026-11-23 09:00
        campaign Sales
        flow Main
          menu ivr_menu { "message": "Press 1.", "options": [ { "key": "1", "label": "One" } ] }
          bye end { "message": "Goodbye." }
          menu key:1 -> bye
        call 1 from +13105550001
          caller presses 1
          lost flow 1
        > ask Press 1.
        < presses 1
        > nothing: lost
        = caller hung up, held 0
        = flow abandoned, exits start:next, in menu
        late flow 1 1
        "#,
    );
}

#[test]
fn a_session_that_nobody_comes_back_to_is_over_when_its_time_is() {
    check(
        r#"
        now 2026-11-23 09:00
        campaign Sales
        flow Main
          menu ivr_menu { "message": "Press 1.", "options": [ { "key": "1", "label": "One" } ] }
          bye end { "message": "Goodbye." }
          menu key:1 -> bye
        # The word of the call's end is lost as well, so nothing comes any more.
        call 1 from +13105550001
          caller presses 1
          lost flow 1
          lost status completed
        > ask Press 1.
        < presses 1
        > nothing: lost
        = going on, held 0, status ringing
        = flow running, exits start:next, in menu
        later 27h flow running
        later 1h flow expired
        # What is over stays as it ended.
        call 2 from +13105550002
          caller presses 1
        > ask Press 1.
        < presses 1
        > say Goodbye.
        > hang up
        = flow completed
        = flow completed, exits start:next menu:key:1
        later 28h flow completed
        "#,
    );
}
