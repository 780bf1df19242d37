//! `action`: a buyer, a number, a queue, a transfer, a voicemail, each with all its exits.

use crate::check;

/// A flow with one action, whose exits lead to words of their own.
fn action(settings: &str, exits: &str) -> String {
    let connections: String = exits
        .split_whitespace()
        .map(|exit| {
            format!("{exit} end {{ \"message\": \"It is {exit}.\" }}\nact {exit} -> {exit}\n")
        })
        .collect();
    format!(
        "
        now 2026-11-23 09:00
        campaign Sales dial-timeout 25
        buyer East +12125550001 caps concurrent 1
        buyer West +12125550002
        flow Main
        act action {{ {settings} }}
        {connections}
        "
    )
}

#[test]
fn a_call_goes_to_one_buyer() {
    let flow = action(r#""actionType": "route_to_buyer", "buyerId": "East""#, "connected failed");
    check(&format!(
        "{flow}
        call 1 from +13105550001
          East answers after 4s talks 60s
        > dial East, from the caller
        < answered 60s
        > say It is connected.
        > hang up
        = answered by East, held 0
        = flow completed, exits start:next act:connected
        call 2 from +13105550002
          East busy
        > dial East
        < busy
        > say It is failed.
        > hang up
        = no answer, held 0
        = flow completed, exits start:next act:failed
        buyer East paused
        call 3 from +13105550003
        > say It is failed.
        > hang up
        = no buyer all filtered, held 0
        = flow completed, exits start:next act:failed
        "
    ));
}

#[test]
fn a_call_goes_to_a_number() {
    for settings in [
        r#""actionType": "external", "number": "+13105550100""#,
        r#""actionType": "transfer", "number": "+13105550100", "transferType": "cold""#,
        r#""actionType": "transfer", "number": "+13105550100""#,
    ] {
        let flow = action(settings, "connected failed");
        check(&format!(
            "{flow}
            call 1 from +13105550001
              +13105550100 answers after 4s talks 60s
            > dial +13105550100, rings 25s
            < answered 60s
            > say It is connected.
            > hang up
            = answered, held 0
            = flow completed, exits start:next act:connected
            call 2 from +13105550002
              +13105550100 no answer
            > dial +13105550100
            < no-answer
            > say It is failed.
            > hang up
            = no answer, held 0
            = flow completed, exits start:next act:failed
            call 3 from +13105550003
              +13105550100 answers after 4s talks 60s
              caller hangs up at 20s
            > dial +13105550100
            < caller hangs up
            < answered 16s
            > hang up
            = answered, held 0
            = flow completed
            "
        ));
    }
}

#[test]
fn an_action_whose_exits_lead_nowhere_ends_or_leaves_the_call_to_plain_routing() {
    let flow = action(r#""actionType": "external", "number": "+13105550100""#, "");
    check(&format!(
        "{flow}
        call 1 from +13105550001
          +13105550100 answers after 4s talks 60s
        > dial +13105550100
        < answered 60s
        > hang up
        = answered, held 0
        = flow completed, exits start:next act:connected
        call 2 from +13105550002
          +13105550100 busy
          East answers after 4s talks 60s
        > dial +13105550100
        < busy
        > dial East
        < answered 60s
        > hang up
        = answered by East, held 0
        = flow failed, exits start:next act:failed
        "
    ));
}

#[test]
fn a_caller_waits_in_a_queue() {
    let flow = action(r#""actionType": "queue", "queue": "sales""#, "connected failed");
    check(&format!(
        "{flow}
        call 1 from +13105550001
          queue sales answers after 30s talks 20s
        > queue sales
        < leaves the queue: bridged
        > say It is connected.
        > hang up
        = answered, held 0
        = flow completed, exits start:next act:connected
        call 2 from +13105550001
          queue sales holds 1000
        > queue sales
        < leaves the queue: queue-full
        > say It is failed.
        > hang up
        = flow completed
        = flow completed, exits start:next act:failed
        call 3 from +13105550001
          caller hangs up at 40s
        > queue sales
        < caller hangs up
        < leaves the queue: hangup
        > hang up
        = caller hung up, held 0, status completed
        = flow abandoned, exits start:next
        "
    ));
}

#[test]
fn somebody_joins_the_caller_in_a_conference() {
    let settings = r#""actionType": "transfer", "number": "+13105550100", "transferType": "warm""#;
    let flow = action(settings, "connected failed");
    check(&format!(
        "{flow}
        call 1 from +13105550001
          conference joined after 8s talks 30s
        3s into call 1: leg 1 ringing
        8s into call 1: leg 1 in-progress
        > conference, attempt 1, record off
        < talked in the conference
        > say It is connected.
        > hang up
        = answered, held 0
        = flow completed, exits start:next act:connected
        ~ invitation: invites +13105550100, from +18005550199 for 25s
        ~ recall: takes the caller out, after 45s
        # Nobody answers: the carrier is asked to take the caller out.
        call 2 from +13105550002
          conference recalled after 9s
        8s into call 2: leg 1 busy
        > conference, attempt 1
        < is recalled
        > say It is failed.
        > hang up
        = no answer, held 0
        = flow completed, exits start:next act:failed
        ~ invitation: invites +13105550100
        ~ recall: takes the caller out, after 45s
        ~ recall: takes the caller out, after 0s, retries 5
        again flow 1
        call 3 from +13105550003
          caller hangs up at 5s
        > conference
        < caller hangs up
        < left the conference
        > hang up
        = caller hung up while ringing, held 0
        = flow abandoned, exits start:next
        ~ invitation: invites +13105550100
        ~ recall: takes the caller out
        # Nobody tells that nobody answered: the carrier is asked all the same.
        call 4 from +13105550004
          conference recalled after 45s
        > conference
        < is recalled
        > say It is failed.
        > hang up
        = no answer, held 0
        = flow completed, exits start:next act:failed
        ~ invitation: invites +13105550100
        ~ recall: takes the caller out, after 45s
        "
    ));
}

#[test]
fn a_caller_leaves_a_message() {
    let settings = r#""actionType": "voicemail", "message": "Speak after the tone.",
        "maxLength": 90, "format": "mp3", "transcribe": true"#;
    let flow = action(settings, "done");
    check(&format!(
        "{flow}
        call 1 from +13105550001
          caller talks 12s
        > say Speak after the tone.
        > record, for 90s, silence 5s, transcribed
        < leaves a message of 12s
        > say It is done.
        > hang up
        = flow completed, recorded 12s, held 0
        = flow completed, exits start:next act:done
        again recording
        again transcription
        again flow 1
        call 2 from +13105550002
          caller stays silent
        > say Speak after the tone.
        > record
        > say It is done.
        > hang up
        = flow completed
        = flow completed, exits start:next act:done, the caller left no message
        call 3 from +13105550003
          caller talks 60s
          caller hangs up at 20s
        > say Speak after the tone.
        > record
        < caller hangs up
        < leaves a message of 19s
        > say It is done.
        > hang up
        = flow completed
        = flow completed, exits start:next act:done
        "
    ));
    check(&format!(
        "{}
        call 1 from +13105550001
          caller talks 2s
        > record, for 120s, silence 5s
        < leaves a message of 2s
        > hang up
        = flow completed, recorded 2s
        = flow completed, exits start:next act:done
        ",
        action(r#""actionType": "voicemail""#, "")
    ));
}

#[test]
fn what_the_caller_said_in_a_message_is_kept_with_the_call() {
    let settings = r#""actionType": "voicemail", "message": "Speak.", "transcribe": true"#;
    let flow = action(settings, "done");
    let played = check(&format!(
        "{flow}
        call 1 from +13105550001
          callbacks out of order
          caller says please call me back
        > say Speak.
        > record, transcribed
        < leaves a message of 2s
        > say It is done.
        > hang up
        = flow completed
        = flow completed, voicemail_transcription please call me back
        again transcription
        again everything
        call 2 from +13105550002
          caller says this is lost
          lost transcription
        > say Speak.
        > record
        < leaves a message of 1s
        > say It is done.
        > hang up
        = flow completed
        = flow completed
        "
    ));
    let kept = |index: usize| {
        let call: &callcore::call::Call = &played[index].journey.as_ref().unwrap().call;
        call.transcription.as_ref().map(|told| told.text.clone())
    };
    assert_eq!([kept(0), kept(1)], [Some("please call me back".to_owned()), None]);
}
