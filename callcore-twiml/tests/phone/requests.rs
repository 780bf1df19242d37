//! Requests: what they carry, when they are tried again, and what happens when they fail.

use std::sync::Arc;

use callcore::port::HttpError;
use callcore_twiml::phone::limits::{APPLICATION_ERROR, MAX_DOCUMENTS};
use callcore_twiml::phone::{Phone, Purpose, Script};
use callcore_twiml::{Form, Method};

use crate::server::{
    Reply, Server, answer, call, heard, phone, play, play_one, twiml, with_header,
};

#[test]
fn requests_carry_what_twilio_sends() {
    let server = Arc::new(Server::new().on("https://h/a", twiml("")));
    let parameters = Form::from_iter([("FromState", "CA"), ("FromCity", "LOS ANGELES")]);
    let from = "anonymous".to_owned();
    let phone = Phone { parameters, from, voice_method: Some(Method::Get), ..phone(&server) };
    let phone = Phone { voice_url: "https://h/a?tenant=1&b#rc=1".to_owned(), ..phone };
    let report = call(&phone, "");
    let seen = &server.seen()[0];
    let expected = format!(
        "https://h/a?tenant=1&b&CallSid={}&AccountSid={}&From=anonymous&To=%2B18005550199\
         &Caller=anonymous&Called=%2B18005550199&CallStatus=ringing&ApiVersion=2010-04-01\
         &Direction=inbound&FromState=CA&FromCity=LOS+ANGELES",
        report.call_sid, phone.account_sid,
    );
    assert_eq!(seen.url, expected);
    assert_eq!(seen.header("Content-Type"), None);
    assert_eq!(report.requests().next().unwrap().url, "https://h/a?tenant=1&b");
    let (server, _) = play_one("", "");
    let form = "application/x-www-form-urlencoded; charset=utf-8";
    assert_eq!(server.seen()[0].header("Content-Type"), Some(form));
}

#[test]
fn a_call_goes_the_same_way_every_time() {
    let play = || play_one("<Say>hello</Say><Dial>+1</Dial>", "callee +1 answers").1;
    assert_eq!(play(), play());
    let server = Arc::new(Server::new());
    let other = call(&Phone { seed: 1, ..phone(&server) }, "");
    assert_ne!(other.call_sid, play().call_sid);
}

#[test]
fn calls_can_move_between_threads() {
    fn check(_: impl Send) {}
    let server = Arc::new(Server::new());
    let phone = phone(&server);
    check(phone.call(&Script::new()));
}

#[test]
fn the_fragment_says_what_is_tried_again() {
    let tries = |url: &str, failure: Reply| {
        let server = Server::new().on("https://h/a", failure).on("https://h/a", twiml(""));
        let server = Arc::new(server);
        let report = call(&Phone { voice_url: url.to_owned(), ..phone(&server) }, "");
        let mut tokens: Vec<_> = report.requests().map(|one| one.token.clone()).collect();
        tokens.dedup();
        assert_eq!(tokens.len(), 1);
        (server.lines().len(), heard(&report).is_empty())
    };
    let unreachable = || Err(HttpError::Unreachable("refused".to_owned()));
    let (once, twice) = ((1, false), (2, true));
    assert_eq!(tries("https://h/a", unreachable()), twice);
    assert_eq!(tries("https://h/a#rc=0", unreachable()), once);
    assert_eq!(tries("https://h/a", answer(503, "", "")), once);
    assert_eq!(tries("https://h/a#rp=5xx", answer(503, "", "")), twice);
    assert_eq!(tries("https://h/a#rp=5xx", answer(404, "", "")), once);
    assert_eq!(tries("https://h/a#rp=all", answer(404, "", "")), twice);
    assert_eq!(tries("https://h/a#rp=rt", Err(HttpError::Timeout)), once);
    assert_eq!(tries("https://h/a#rp=rt&rt=4000&ct=1000", Err(HttpError::Timeout)), twice);
    assert_eq!(tries("https://h/a#rp=all", Err(HttpError::TooLarge)), once);
}

#[test]
fn fragments_in_documents_are_honoured_too() {
    let document = r#"<Redirect>/b?x=1#rc=2&amp;rp=5xx</Redirect>"#;
    let server = Server::new()
        .on("https://h/a", twiml(document))
        .on("https://h/b", answer(500, "", ""))
        .on("https://h/b", answer(500, "", ""))
        .on("https://h/b", twiml("<Say>third</Say>"));
    let (server, report) = play(server, "");
    assert_eq!(heard(&report), ["third"]);
    assert_eq!(server.last("POST https://h/b").url, "https://h/b?x=1");
    let tokens: Vec<_> = report.requests_for(Purpose::Redirect).map(|one| &one.token).collect();
    assert!(tokens.iter().all(|token| *token == tokens[0]));
}

#[test]
fn all_failures_lead_to_the_fallback_with_a_code() {
    let big = format!("<Response><Say>{}</Say></Response>", "x".repeat(65_536));
    for (failure, code) in [
        (answer(404, "text/xml", "<Response/>"), "11200"),
        (Err(HttpError::Timeout), "11200"),
        (Err(HttpError::Forbidden), "11205"),
        (Err(HttpError::Broken("reset".to_owned())), "11206"),
        (answer(200, "text/xml", &big), "11750"),
        (answer(200, "text/xml", ""), "11770"),
        (answer(200, "text/xml", "<Response><Say>"), "12100"),
        (answer(200, "text/xml", "<response/>"), "12102"),
        (answer(200, "text/xml", "<Response><Connect/></Response>"), "12200"),
        (answer(200, "application/json", "{}"), "12300"),
    ] {
        let server = Arc::new(
            Server::new()
                .on("https://h/a", failure)
                .on("https://h/f", twiml("<Redirect>g</Redirect>"))
                .on("https://h/g", twiml("<Say>saved</Say>")),
        );
        let fallback_url = Some("https://h/f".to_owned());
        let report = call(&Phone { fallback_url, ..phone(&server) }, "");
        assert_eq!(server.last("POST https://h/f").get("ErrorCode"), Some(code));
        assert_eq!(heard(&report), ["saved"]);
        let warned: Vec<_> = report.warnings().filter_map(|warning| warning.code).collect();
        assert_eq!(warned, [code.parse::<u32>().unwrap()]);
    }
}

#[test]
fn without_a_fallback_that_helps_the_caller_hears_an_apology() {
    let (_, report) = play(Server::new(), "");
    assert_eq!(heard(&report), [APPLICATION_ERROR]);
    let server = Arc::new(Server::new());
    let fallback_url = Some("https://h/f".to_owned());
    let report = call(&Phone { fallback_url, ..phone(&server) }, "");
    assert_eq!(server.lines(), ["POST https://h/a", "POST https://h/f"]);
    assert_eq!(heard(&report), [APPLICATION_ERROR]);
    let (_, report) = play_one("<Redirect>mailto:a@b</Redirect>", "");
    assert_eq!(report.warnings().next().unwrap().code, Some(11100));
    assert_eq!(heard(&report), [APPLICATION_ERROR]);
}

#[test]
fn http_redirects_are_followed_and_move_the_document() {
    let moved = |status, to| with_header(answer(status, "", ""), "location", to);
    let server = Server::new()
        .on("https://h/a", moved(307, "/x/b"))
        .on("https://h/x/b", moved(302, "c?y=1"))
        .on("https://h/x/c", twiml("<Redirect>d</Redirect>"))
        .on("https://h/x/d", twiml("<Say>there</Say>"));
    let (server, report) = play(server, "");
    let expected =
        ["POST https://h/a", "POST https://h/x/b", "GET https://h/x/c", "POST https://h/x/d"];
    assert_eq!(server.lines(), expected);
    assert!(server.seen()[1].get("CallSid").is_some());
    assert_eq!(server.seen()[2].url, "https://h/x/c?y=1");
    assert_eq!(heard(&report), ["there"]);
    let server = Server::new().on("https://h/a", moved(302, "/a"));
    let (server, report) = play(server, "");
    assert_eq!(server.lines().len(), 11);
    assert_eq!(report.warnings().next().unwrap().code, Some(11215));
}

#[test]
fn cookies_are_kept_for_the_call() {
    let first = with_header(twiml("<Redirect>/b</Redirect>"), "set-cookie", "id=7; Path=/");
    let server = Server::new().on("https://h/a", first).on("https://h/b", twiml(""));
    let (server, _) = play(server, "");
    assert_eq!(server.seen()[0].header("Cookie"), None);
    assert_eq!(server.seen()[1].header("Cookie"), Some("id=7"));
}

#[test]
fn credentials_and_ports_are_not_signed() {
    let server = Arc::new(Server::new().on("https://h:8443/a", twiml("")));
    let voice_url = "https://user:secret@h:8443/a".to_owned();
    let report = call(&Phone { voice_url, ..phone(&server) }, "");
    assert_eq!(server.seen()[0].header("Authorization"), Some("Basic dXNlcjpzZWNyZXQ="));
    assert!(!report.to_string().contains("secret"));
}

#[test]
fn endless_redirects_end() {
    let (server, report) = play_one("<Redirect>/a</Redirect>", "");
    assert_eq!(server.lines().len(), usize::try_from(MAX_DOCUMENTS).unwrap());
    assert_eq!(heard(&report), [APPLICATION_ERROR]);
    assert!(report.warnings().any(|warning| warning.message.contains("1000 documents")));
}

#[test]
fn callbacks_want_quiet_answers_and_change_nothing() {
    for (reply, warned) in [
        (answer(204, "", ""), false),
        (twiml(""), false),
        (twiml("<Say>x</Say>"), true),
        (answer(200, "text/plain", "ok"), true),
        (answer(500, "", ""), true),
        (Err(HttpError::Timeout), true),
    ] {
        let server = Arc::new(
            Server::new().on("https://h/a", twiml("<Say>hi</Say>")).on("https://h/s", reply),
        );
        let status_callback = Some("https://h/s".to_owned());
        let report = call(&Phone { status_callback, ..phone(&server) }, "");
        assert_eq!(report.warnings().count(), usize::from(warned));
        assert_eq!((heard(&report), report.ended_ms()), (vec!["hi"], Some(120)));
        assert_eq!(server.seen_at("POST https://h/s").len(), 1);
    }
}
