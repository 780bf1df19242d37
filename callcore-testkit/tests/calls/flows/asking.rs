//! `ivr_menu`: every key, the retries, and the two exits of those who choose nothing.

use crate::check;

#[test]
fn every_key_has_its_exit() {
    check(
        r#"
        now 2026-11-23 09:00
        campaign Sales
        flow Main
          menu ivr_menu { "message": "Press 1 for sales, star for support.", "timeout": 7,
                          "voice": "Polly.Amy", "language": "en-GB",
                          "options": [ { "key": "1", "label": "Sales" },
                                       { "key": "*", "label": "Support", "nodeId": "support" } ] }
          sales end { "message": "This is sales." }
          support end { "message": "This is support." }
          menu key:1 -> sales
        call 1 from +13105550001
          caller presses 1
        > ask Press 1 for sales, star for support., keys, waits 7s, most 1, voice Polly.Amy, in en-GB
        < presses 1
        > say This is sales.
        > hang up
        = flow completed, held 0
        = flow completed, exits start:next menu:key:1, version 1, in sales
        call 2 from +13105550001
          caller presses *
        > ask Press 1 for sales, star for support.
        < presses *
        > say This is support.
        > hang up
        = flow completed
        = flow completed, exits start:next menu:key:*
        # A key that is pressed while the menu is read out cuts it short.
        call 3 from +13105550001
          caller presses 1 at 500ms
        > ask Press 1 for sales, star for support.
        < presses 1
        > say This is sales.
        > hang up
        = flow completed
        = flow completed, exits start:next menu:key:1
        "#,
    );
}

const BOTH: &str = r#"
    now 2026-11-23 09:00
    campaign Sales
    buyer East +12125550001
    flow Main
      menu ivr_menu { "message": "1 or 2?", "invalidMessage": "No such key.", "maxRetries": 2,
                      "options": [ { "key": "1", "label": "One" } ] }
      one end { "message": "One." }
      slow end { "message": "You said nothing." }
      wrong end { "message": "You pressed nothing that there is." }
      menu key:1 -> one
"#;

#[test]
fn silence_and_wrong_keys_are_asked_again_and_leave_by_their_own_exits() {
    let connected = "
      menu timeout -> slow
      menu invalid -> wrong
    ";
    check(&format!(
        "{BOTH}{connected}
        call 1 from +13105550001
          caller stays silent
          caller presses 9
          caller stays silent
        > ask 1 or 2?
        < silence
        > ask 1 or 2?
        < presses 9
        > ask No such key. 1 or 2?
        < silence
        > say You said nothing.
        > hang up
        = flow completed
        = flow completed, exits start:next menu:timeout
        call 2 from +13105550001
          caller stays silent
          caller stays silent
          caller presses 9
        > ask 1 or 2?
        < silence
        > ask 1 or 2?
        < silence
        > ask 1 or 2?
        < presses 9
        > say You pressed nothing that there is.
        > hang up
        = flow completed
        = flow completed, exits start:next menu:invalid
        # The third try is a try like the others.
        call 3 from +13105550001
          caller presses 7
          caller presses 8
          caller presses 1
        > ask 1 or 2?
        < presses 7
        > ask No such key. 1 or 2?
        < presses 8
        > ask No such key. 1 or 2?
        < presses 1
        > say One.
        > hang up
        = flow completed
        = flow completed, exits start:next menu:key:1
        "
    ));
}

#[test]
fn each_of_the_two_exits_stands_in_for_the_other() {
    check(&format!(
        "{BOTH}
          menu timeout -> slow
        call 1 from +13105550001
          caller presses 7
          caller presses 8
          caller presses 9
        > ask 1 or 2?
        < presses 7
        > ask No such key. 1 or 2?
        < presses 8
        > ask No such key. 1 or 2?
        < presses 9
        > say You said nothing.
        > hang up
        = flow completed
        = flow completed, exits start:next menu:invalid
        "
    ));
    check(&format!(
        "{BOTH}
          menu invalid -> wrong
        call 1 from +13105550001
        > ask 1 or 2?
        < silence
        > ask 1 or 2?
        < silence
        > ask 1 or 2?
        < silence
        > say You pressed nothing that there is.
        > hang up
        = flow completed
        = flow completed, exits start:next menu:timeout
        "
    ));
}

#[test]
fn a_menu_without_either_exit_leaves_the_call_to_plain_routing() {
    check(&format!(
        "{}
        call 1 from +13105550001
          East answers after 2s talks 10s
        > ask 1 or 2?
        < silence
        > ask 1 or 2?
        < silence
        > ask 1 or 2?
        < silence
        > dial East
        < answered 10s
        > hang up
        = answered by East, held 0
        = flow failed, exits start:next menu:timeout, the exit \"timeout\" of the node \"menu\" is not connected
        ",
        BOTH.replace("slow end { \"message\": \"You said nothing.\" }", "")
            .replace("wrong end { \"message\": \"You pressed nothing that there is.\" }", ""),
    ));
}

#[test]
fn a_menu_may_be_a_recording() {
    check(
        r#"
        now 2026-11-23 09:00
        campaign Sales
        flow Main
          menu ivr_menu { "audioUrl": "https://sounds.example/menu.mp3", "maxRetries": 0,
                          "options": [ { "key": "0", "label": "Desk" } ] }
          desk end { "message": "The desk." }
          bye end
          menu key:0 -> desk
          menu timeout -> bye
        call 1 from +13105550001
          caller presses 0
        > ask https://sounds.example/menu.mp3
        < presses 0
        > say The desk.
        > hang up
        = flow completed
        = flow completed, exits start:next menu:key:0
        call 2 from +13105550001
        > ask https://sounds.example/menu.mp3
        < silence
        > hang up
        = flow completed
        = flow completed, exits start:next menu:timeout
        "#,
    );
}
