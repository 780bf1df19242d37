//! `gather_input`: what is an answer, what is asked again, and what nobody gets to see.

use crate::check;

#[test]
fn digits_are_checked_by_their_length_and_pattern() {
    check(
        r#"
        now 2026-11-23 09:00
        campaign Sales
        flow Main
          zip gather_input { "prompt": "Your zip code?", "retryPrompt": "Five digits, please.",
                             "errorPrompt": "We give up.", "minLength": 5, "maxLength": 5,
                             "pattern": "^9", "maxRetries": 2, "timeout": 6, "variable": "zip" }
          there play_audio { "text": "You live at {zip}." }
          bye end
          zip valid -> there
          zip failed -> bye
          there next -> bye
        call 1 from +13105550001
          caller presses 90210
        > ask Your zip code?, keys, waits 6s, most 5, ends with #
        < presses 90210
        > say You live at 90210.
        > hang up
        = flow completed
        = flow completed, exits start:next zip:valid there:next, zip 90210
        # Too short, another beginning than it must have, and right.
        call 2 from +13105550002
          caller presses 902#
          caller presses 10210
          caller presses 90001
        > ask Your zip code?
        < presses 902
        > ask Five digits, please.
        < presses 10210
        > ask Five digits, please.
        < presses 90001
        > say You live at 90001.
        > hang up
        = flow completed
        = flow completed, exits start:next zip:valid there:next, zip 90001
        call 3 from +13105550003
          caller stays silent
          caller presses #
          caller presses 12345
        > ask Your zip code?
        < silence
        > ask Five digits, please.
        < ends at once
        > ask Five digits, please.
        < presses 12345
        > say We give up.
        > hang up
        = flow completed
        = flow completed, exits start:next zip:failed
        "#,
    );
}

#[test]
fn the_finish_key_may_be_another_or_none() {
    check(
        r#"
        now 2026-11-23 09:00
        campaign Sales
        flow Main
          star gather_input { "prompt": "End with star.", "finishOnKey": "*", "variable": "a" }
          none gather_input { "prompt": "Three keys.", "finishOnKey": "", "maxLength": 3,
                              "variable": "b" }
          bye end { "message": "{a} and {b}." }
          star valid -> none
          none valid -> bye
        call 1 from +13105550001
          caller presses 1#2*
          caller presses #*#
        > ask End with star., ends with *
        < presses 1#2
        > ask Three keys., most 3
        < presses #*#
        > say 1#2 and #*#.
        > hang up
        = flow completed
        = flow completed, exits start:next star:valid none:valid
        "#,
    );
}

#[test]
fn an_answer_of_no_digits_may_be_right() {
    check(
        r#"
        now 2026-11-23 09:00
        campaign Sales
        flow Main
          code gather_input { "prompt": "A code, or hash.", "minLength": 0, "variable": "code" }
          bye end { "message": "{code|No code}." }
          code valid -> bye
        call 1 from +13105550001
          caller presses #
        > ask A code, or hash.
        < ends at once
        > say No code.
        > hang up
        = flow completed
        = flow completed, exits start:next code:valid
        "#,
    );
}

#[test]
fn speech_is_an_answer_where_it_is_asked_for() {
    check(
        r#"
        now 2026-11-23 09:00
        campaign Sales
        flow Main
          team gather_input { "inputType": "speech", "prompt": "Which team?", "hints": "sales, help",
                              "pattern": "(?i)sales|help", "maxRetries": 1, "language": "en-GB",
                              "variable": "team" }
          code gather_input { "inputType": "both", "prompt": "Say or press your code.",
                              "variable": "code" }
          bye end { "message": "{team}, {code}." }
          lost end { "message": "Sorry." }
          team valid -> code
          team failed -> lost
          code valid -> bye
        call 1 from +13105550001
          caller says the sales team with confidence 0.4
          caller presses 12#
        > ask Which team?, speech, hint sales, hint help, hears en-GB
        < says the sales team
        > ask Say or press your code., keys, speech
        < presses 12
        > say the sales team, 12.
        > hang up
        = flow completed
        = flow completed, exits start:next team:valid code:valid, team the sales team, code 12
        call 2 from +13105550001
          caller says help
          caller says one two
        > ask Which team?
        < says help
        > ask Say or press your code.
        < says one two
        > say help, one two.
        > hang up
        = flow completed
        = flow completed, exits start:next team:valid code:valid
        call 3 from +13105550001
          caller says nobody
          caller stays silent
        > ask Which team?
        < says nobody
        > ask Which team?
        < silence
        > say Sorry.
        > hang up
        = flow completed
        = flow completed, exits start:next team:failed
        "#,
    );
}

#[test]
fn a_question_that_fails_without_a_way_on_leaves_the_call_to_plain_routing() {
    check(
        r#"
        now 2026-11-23 09:00
        campaign Sales
        buyer East +12125550001
        flow Main
          pin gather_input { "prompt": "Your PIN?", "errorPrompt": "A colleague helps.",
                             "maxRetries": 0 }
          bye end
          pin valid -> bye
        call 1 from +13105550001
          East answers after 2s talks 10s
        > ask Your PIN?
        < silence
        > say A colleague helps.
        > dial East
        < answered 10s
        > hang up
        = answered by East, held 0
        = flow failed, exits start:next pin:failed
        "#,
    );
}

const CARD: &str = r#"
    now 2026-11-23 09:00
    campaign Sales
    flow Main
      card gather_input { "prompt": "Your card?", "minLength": 4, "maxLength": 4, "maxRetries": 1,
                          "variable": "card", "SECRET" }
      check condition { "conditionType": "custom", "code": "return call.vars.card === '4321';" }
      right play_audio { "text": "That is right." }
      wrong play_audio { "text": "That is wrong." }
      bye end
      card valid -> check
      card failed -> wrong
      check yes -> right
      check no -> wrong
      right next -> bye
      wrong next -> bye
    code yes return call.vars.card === '4321';
    call 1 from +13105550001
      every request twice
      caller presses 987#
      caller presses 4321
    > ask Your card?
    < presses 987
    > ask Your card?
    < presses 4321
    > say That is right.
    > hang up
    = flow completed
    = flow completed, exits start:next card:valid check:yes right:next, card SHOWN
    nowhere 4321
    nowhere 987
"#;

#[test]
fn what_is_sensitive_is_kept_nowhere_that_is_shown() {
    check(&CARD.replace("\"SECRET\"", "\"sensitive\": true").replace("SHOWN", "****"));
}

#[test]
#[should_panic(expected = "stands in")]
fn what_is_not_sensitive_is_found() {
    check(&CARD.replace("\"SECRET\"", "\"sensitive\": false").replace("SHOWN", "4321"));
}

const READ_BACK: &str = r#"
    now 2026-11-23 09:00
    campaign Sales
    flow Main
      card gather_input { "prompt": "Your card?", "variable": "card", "SECRET" }
      menu ivr_menu { "message": "You entered {card}.", "options": [
                      { "key": "1", "label": "Right" }, { "key": "2", "label": "Wrong" } ] }
      zip gather_input { "prompt": "Your zip code?", "variable": "card" }
      bye end { "message": "You live at {card}." }
      card valid -> menu
      menu key:1 -> zip
      menu key:2 -> card
      zip valid -> bye
    call 1 from +13105550001
      every request twice
      caller presses 4111#
      caller presses 2
      caller presses 5222#
      caller presses 1
      caller presses 90210#
    > ask Your card?
    < presses 4111
    > ask You entered 4111.
    < presses 2
    > ask Your card?
    < presses 5222
    > ask You entered 5222.
    < presses 1
    > ask Your zip code?
    < presses 90210
    > say You live at 90210.
    > hang up
    = flow completed
    = flow completed, card 90210
    nowhere 4111
    nowhere 5222
"#;

#[test]
fn what_is_read_back_to_the_caller_is_kept_nowhere() {
    check(&READ_BACK.replace("\"SECRET\"", "\"sensitive\": true"));
}

#[test]
#[should_panic(expected = "stands in")]
fn what_is_read_back_and_no_secret_is_found() {
    check(&READ_BACK.replace("\"SECRET\"", "\"sensitive\": false"));
}
