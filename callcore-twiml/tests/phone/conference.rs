//! Callers in conferences: waiting, talking, and being taken out.

use callcore::call::CallStatus;
use callcore_twiml::phone::{Event, Parting, Purpose, Report, Sound};

use crate::server::{Server, answer, heard, play, play_one, twiml};

const ROOM: &str = concat!(
    r#"<Dial action="/d" timeLimit="60"><Conference startConferenceOnEnter="false""#,
    r#" endConferenceOnExit="true">room</Conference></Dial>"#,
);

fn server() -> Server {
    Server::new().on("https://h/a", twiml(ROOM)).on("https://h/d", twiml("<Say>bye</Say>"))
}

fn partings(report: &Report) -> Vec<Parting> {
    let reason = |event: &Event| match event {
        Event::Parted { reason } => Some(*reason),
        _ => None,
    };
    report.events().filter_map(reason).collect()
}

#[test]
fn somebody_joins_and_the_action_follows_their_leaving() {
    let (server, report) = play(server(), "conference room joined after 8s talks 30s");
    let seen = server.last("POST https://h/d");
    assert_eq!(seen.get("DialCallStatus"), Some("answered"));
    assert_eq!(
        (seen.get("DialBridged"), seen.get("CallStatus")),
        (Some("true"), Some("in-progress"))
    );
    assert_eq!((seen.get("DialCallSid"), seen.get("DialCallDuration")), (None, None));
    let music = report.sounds().next().unwrap();
    assert_eq!((&music.sound, music.cut), (&Sound::Music, true));
    let bridged = report.entries.iter().find(|entry| matches!(entry.event, Event::Bridged { .. }));
    assert_eq!(bridged.unwrap().at_ms, 8000);
    assert_eq!(partings(&report), [Parting::Callee]);
    assert_eq!((heard(&report), report.ended_ms()), (vec!["bye"], Some(38_000 + 180)));
    assert_eq!(report.warnings().count(), 0);
}

#[test]
fn nobody_comes_until_the_time_is_over() {
    for script in ["", "conference room stays empty", "conference room joined after 60s"] {
        let (server, report) = play(server(), script);
        assert_eq!(server.last("POST https://h/d").get("DialBridged"), Some("false"), "{script}");
        assert_eq!(partings(&report), [Parting::TimeLimit]);
        assert_eq!(report.ended_ms(), Some(60_000 + 180));
    }
}

#[test]
fn the_time_limit_holds_for_waiting_and_talking_together() {
    let (_, report) = play(server(), "conference room joined after 50s talks 30s");
    assert_eq!(partings(&report), [Parting::TimeLimit]);
    assert_eq!(report.ended_ms(), Some(60_000 + 180));
}

#[test]
fn a_caller_who_hangs_up_is_told_and_nothing_follows() {
    for (script, bridged) in [
        ("hang up at 5s", "false"),
        ("conference * joined after 2s talks 20s\nhang up at 5s", "true"),
    ] {
        let (server, report) = play(server(), script);
        let seen = server.last("POST https://h/d");
        assert_eq!(seen.get("CallStatus"), Some("completed"), "{script}");
        assert_eq!(seen.get("DialBridged"), Some(bridged));
        assert_eq!((heard(&report).len(), report.ended_ms()), (0, Some(5000)));
        assert_eq!(report.status(), Some(CallStatus::Completed));
    }
}

#[test]
fn the_carrier_takes_the_caller_out() {
    for (script, line) in [
        ("conference room recalled after 9s to next?x=1", "POST https://h/next"),
        ("conference room recalled after 9s", "POST https://h/d"),
    ] {
        let replies = server().on("https://h/next", twiml("<Say>bye</Say>"));
        let (server, report) = play(replies, script);
        assert_eq!(server.lines(), ["POST https://h/a", line]);
        assert_eq!(server.last(line).get("DialCallStatus"), None);
        assert_eq!(server.last(line).get("CallStatus"), Some("in-progress"));
        assert_eq!(report.requests_for(Purpose::Recall).count(), 1);
        assert_eq!(report.ended_ms(), Some(9000 + 180));
    }
}

#[test]
fn each_visit_has_its_own_turn() {
    let document =
        "<Dial><Conference>one</Conference></Dial><Dial><Conference>two</Conference></Dial>";
    let script = "conference * joined after 1s talks 2s\nconference * joined after 3s talks 4s";
    let (_, report) = play_one(document, script);
    assert_eq!(report.ended_ms(), Some(10_000));
    let script = "conference two joined after 1s talks 2s\nconference * joined after 3s talks 4s";
    let (_, report) = play_one(document, script);
    assert_eq!(report.ended_ms(), Some(10_000));
    let again = "<Dial><Conference>one</Conference></Dial>".repeat(2);
    let script = "conference one joined after 1s talks 1s\nconference one joined after 5s talks 5s";
    let (_, report) = play_one(&again, script);
    assert_eq!(report.ended_ms(), Some(12_000));
}

#[test]
fn the_dial_is_recorded_from_the_callers_joining() {
    let document = concat!(
        r#"<Dial action="/d" record="record-from-answer-dual" recordingStatusCallback="/s">"#,
        "<Conference>room</Conference></Dial>",
    );
    let replies = Server::new()
        .on("https://h/a", twiml(document))
        .on("https://h/d", twiml(""))
        .on("https://h/s", answer(204, "", ""));
    let (server, _) = play(replies, "conference room joined after 8s talks 30s");
    let told = server.last("POST https://h/s");
    assert_eq!(
        (told.get("RecordingDuration"), told.get("RecordingChannels")),
        (Some("38"), Some("2"))
    );
    assert_eq!(told.get("RecordingUrl"), server.last("POST https://h/d").get("RecordingUrl"));
}

#[test]
fn a_wait_document_is_repeated_and_silence_is_no_music() {
    let document = |wait| format!(r#"<Dial><Conference waitUrl="{wait}">room</Conference></Dial>"#);
    let replies = Server::new()
        .on("https://h/a", twiml(&document("/w")))
        .on("https://h/w", twiml("<Pause length=\"3\"/>"));
    let (server, report) = play(replies, "conference room joined after 8s talks 1s");
    assert_eq!(server.seen_at("POST https://h/w").len(), 3);
    assert_eq!(report.ended_ms(), Some(9000));
    let (_, report) = play_one(&document(""), "conference room joined after 8s talks 1s");
    assert_eq!(report.sounds().count(), 0);
}

#[test]
fn a_star_leaves_and_what_is_not_simulated_is_said() {
    let document = concat!(
        r#"<Dial hangupOnStar="true"><Conference statusCallback="/c">room</Conference></Dial>"#,
        "<Say>bye</Say>",
    );
    let script = "conference room joined after 1s talks 9s\nat 2s digits *";
    let (_, report) = play_one(document, script);
    assert_eq!((partings(&report), heard(&report)), (vec![Parting::Star], vec!["bye"]));
    assert!(report.warnings().any(|warning| warning.message.contains("of conferences")));
    let (server, report) = play(
        Server::new()
            .on("https://h/a", twiml(r#"<Dial action="/d"><Queue>q</Queue></Dial>"#))
            .on("https://h/d", twiml("")),
        "",
    );
    assert_eq!(server.last("POST https://h/d").get("DialCallStatus"), Some("failed"));
    assert!(report.warnings().any(|warning| warning.message.contains("<Queue>")));
}
