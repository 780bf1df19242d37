//! The scripts themselves: what they catch, and what they say of a script that is wrong.

use callcore::call::{DialOutcome, Directive};
use callcore::port::Journey;
use callcore_testkit::Memory;
use callcore_testkit::script::{Failure, Played, check, differences, play};

const SCRIPT: &str = "
    now 2026-11-23 09:00
    campaign Sales record mono
    message All lines are busy.
    buyer East +12125550001 priority 1
    buyer West +12125550002 priority 2
    call 1 from +13105550001
      East busy
      West answers after 4s talks 60s
    > dial East
    < busy
    > dial West
    < answered 60s
    > hang up
    = answered by West
    buyer East paused
    buyer West paused
    call 2 from +13105550001
    > say All lines are busy.
    > hang up
    = no buyer all filtered
";

/// The failure of a script, in words.
fn failure(script: &str) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(play::<Memory>(script)).expect_err("the script does not pass").to_string()
}

/// Changes a journey into one that is not true.
type Doctor = fn(&mut Journey);

fn doctored(played: &Played, doctor: Doctor) -> Vec<String> {
    let mut journey = played.journey.clone().expect("it was recorded");
    doctor(&mut journey);
    differences(&played.report, Some(&journey))
}

#[test]
fn a_doctored_journey_is_found_out() {
    let played = check(SCRIPT);
    let [answered, unrouted] = &played[..] else { panic!("two calls") };
    assert_eq!(doctored(answered, |_| {}), Vec::<String>::new());
    let doctors: [(&str, Doctor); 14] = [
        ("dials", |journey| journey.call.attempts[0].outcome = Some(DialOutcome::NoAnswer)),
        ("dials", |journey| journey.call.attempts[1].talk_secs = Some(61)),
        ("dials", |journey| journey.call.attempts[1].leg = Some("CA0".into())),
        ("dials", |journey| journey.call.attempts.swap(0, 1)),
        ("attempts", |journey| journey.call.attempts.truncate(1)),
        ("answered", |journey| journey.call.attempts[1].answered_at = None),
        ("answered", |journey| {
            let answered = &mut journey.call.attempts[1].answered_at;
            *answered = answered.map(|at| at + chrono::TimeDelta::seconds(2));
        }),
        ("requests", |journey| journey.facts.truncate(1)),
        ("requests", |journey| journey.facts.swap(1, 2)),
        ("requests", |journey| {
            let again = journey.facts[0].clone();
            journey.facts.push(again);
        }),
        ("end", |journey| journey.call.duration_secs = Some(1)),
        ("end", |journey| journey.call.status = callcore::call::CallStatus::Failed),
        ("recording", |journey| journey.call.recording = None),
        ("what was heard", |journey| {
            journey.facts[0].directives.push(Directive::say("Welcome."));
        }),
    ];
    for (n, (what, doctor)) in doctors.into_iter().enumerate() {
        let found = doctored(answered, doctor);
        assert!(found.iter().any(|found| found.starts_with(what)), "{n} {what}: {found:#?}");
    }
    let silent = doctored(unrouted, |journey| journey.facts[0].directives.clear());
    assert!(silent[0].starts_with("what was heard"), "{silent:#?}");
    assert_eq!(differences(&answered.report, None).len(), 1);
}

const IN_A_FLOW: &str = r#"
    now 2026-11-23 09:00
    campaign Sales
    buyer East +12125550001
    flow Main
      menu ivr_menu { "message": "Press 1.", "options": [ { "key": "1", "label": "Sales" } ] }
      wait play_audio { "audioUrl": "https://sounds.example/a.mp3" }
      route advanced_router { "campaignBuyers": true }
      mail action { "actionType": "voicemail", "message": "Speak." }
      menu key:1 -> wait
      wait next -> route
      route connected -> mail
    call 1 from +13105550001
      caller presses 1
      caller talks 5s
      East answers after 4s talks 60s
    > ask Press 1.
    < presses 1
    > play https://sounds.example/a.mp3
    > dial East
    < answered 60s
    > say Speak.
    > record
    < leaves a message of 5s
    > hang up
    = answered by East
    = flow completed
"#;

#[test]
fn a_doctored_journey_of_a_flow_is_found_out() {
    let played = check(IN_A_FLOW);
    let [played] = &played[..] else { panic!("one call") };
    assert_eq!(doctored(played, |_| {}), Vec::<String>::new());
    let doctors: [(&str, Doctor); 5] = [
        // What was asked, what was played, and what was said before the message.
        ("what was heard", |journey| {
            let Directive::Ask(question) = &mut journey.facts[0].directives[0] else { panic!() };
            question.prompts.clear();
        }),
        ("what was heard", |journey| drop(journey.facts[1].directives.remove(0))),
        ("requests", |journey| drop(journey.facts.remove(1))),
        ("dials", |journey| {
            journey.call.attempts[0].dialled_at += chrono::TimeDelta::seconds(2);
        }),
        ("recording", |journey| journey.call.recording = None),
    ];
    for (n, (what, doctor)) in doctors.into_iter().enumerate() {
        let found = doctored(played, doctor);
        assert!(found.iter().any(|found| found.starts_with(what)), "{n} {what}: {found:#?}");
    }
}

#[test]
fn a_flow_call_that_is_not_as_the_script_says_fails() {
    for (wrong, right, message) in [
        ("< presses 1", "< presses 2", "--> < presses 1"),
        (
            "> play https://sounds.example/a.mp3",
            "> play https://sounds.example/b.mp3",
            "--> > play",
        ),
        ("= flow completed", "= flow abandoned", "--> = flow completed"),
        ("= flow completed", "= flow completed, exits start:next", "--> = flow completed"),
        ("= flow completed", "= flow completed\n~ pixel: GET https://p.example/", "nothing more"),
    ] {
        let told = failure(&IN_A_FLOW.replace(wrong, right));
        assert!(told.contains(message), "{right}: {told}");
    }
}

#[test]
fn an_expectation_that_fails_shows_the_whole_call_with_the_line_marked() {
    let failure = failure(&SCRIPT.replace("> dial West", "> dial East"));
    for part in [
        "line 12 of the script: call 1:",
        "    > dial East, at +12125550001, from the caller, rings 30s, lasts 14400s, record mono\n",
        "    < busy\n--> > dial West, at +12125550002",
        "\n    expected: > dial East\n    < answered 60s\n    > hang up\n",
        "+12125550001 is dialled: busy",
    ] {
        assert!(failure.contains(part), "{part:?} is not in\n{failure}");
    }
}

#[test]
fn lines_that_are_missing_or_too_many_fail() {
    let missing = failure(&SCRIPT.replace("    < busy\n", ""));
    assert!(missing.contains("--> < busy\n    expected: > dial West"), "{missing}");
    let much =
        failure(&SCRIPT.replace("    = answered by West", "    = answered by West\n    > hang up"));
    assert!(much.contains("--> nothing more\n    expected: > hang up"), "{much}");
    let none = failure(&SCRIPT.replace("    = no buyer all filtered\n", ""));
    assert!(none.contains("expected: nothing more"), "{none}");
    let detail = failure(&SCRIPT.replace("= answered by West", "= answered by West, held 1"));
    assert!(detail.contains("expected: = answered by West, held 1"), "{detail}");
}

#[test]
fn a_place_or_a_sweep_that_is_not_as_said_fails() {
    assert!(failure("held 1").starts_with("line 1 of the script: held: 0, and expected is 1"));
    assert!(failure("\nsweep ended 2").starts_with("line 2 of the script: swept: "));
    let again =
        SCRIPT.replace("    = answered by West\n", "    = answered by West\n    again dial 3\n");
    assert!(failure(&again).contains("\"dial 3\" did not come in the call"));
}

#[test]
fn a_script_that_cannot_be_read_says_where_and_what_is_expected() {
    for (script, message) in [
        ("\nspeak", "line 2 of the script: now, +TIME, campaign"),
        (
            "now 2026-11-23",
            "line 1 of the script: a date and a time such as 2026-11-23 09:00:00 is missing",
        ),
        ("now 2026-11-23 09:00 Mars/Base", "a time zone is expected instead of \"Mars/Base\""),
        ("campaign Sales strategy best", "priority or round-robin or capacity"),
        ("campaign Sales attempts", "a number of attempts is missing"),
        ("buyer East +12125550001", "a campaign line before is missing"),
        ("campaign Sales\nbuyer East nowhere", "line 2 of the script: a number or SIP address"),
        ("campaign Sales\nbuyer East +12125550001 hours mon 10-11", "expected instead of"),
        ("campaign Sales\nbuyer East +12125550001 caps many", "concurrent, hourly, daily"),
        ("campaign Sales attempts 99", "expected instead of \"/maxAttempts\""),
        ("campaign Sales\ncall 1 by +13105550001", "from is expected instead of \"by\""),
        ("campaign Sales\ncall 1 from +1\n  East busy", "line 3 of the script: "),
        (
            "campaign Sales\ncall 1 from +1\n5s into call 2: held 1",
            "the number of a call of this group",
        ),
        ("campaign Sales\ncall 1 from +1\nlate", "voice, dial, flow, leg, status"),
        (
            "campaign Sales\ncall 1 from +1\n  caller hangs about",
            "up is expected instead of \"about\"",
        ),
        ("campaign Sales\nflow Main\ncall 1 from +1", "line 2 of the script: a node such as"),
        ("campaign Sales\nflow Main\n  bye end { \"message\": 1 }", "line 2 of the script: "),
        ("campaign Sales\nflow Main\n  bye end { message }", "line 3 of the script: JSON"),
        ("campaign Sales\nflow Main\n  bye end {", "the end of the settings of a node"),
        ("campaign Sales\nflow Main\n  a key -> b c", "a connection such as menu key:1"),
        ("leg 1 busy", "line 1 of the script: no call goes on whose leg could move"),
        ("code maybe 1", "yes or no or fails is expected instead of \"maybe\""),
        ("held 1 place", "the end of the line is expected instead of \"place\""),
        ("+5 minutes", "is expected instead of \"+5\""),
    ] {
        let failure = failure(script);
        assert!(failure.contains(message), "{script:?}: {failure}");
    }
}

#[test]
fn failures_are_values() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let failure = runtime.block_on(play::<Memory>("held x"));
    let expected =
        Failure::Unreadable { line: 1, expected: "a number of places".into(), found: "x".into() };
    assert_eq!(failure.err(), Some(expected));
}
