//! What the reader refuses, why, and where it says so.

use callcore_twiml::{MAX_PARSE_BYTES, ParseErrorKind, Response, Say, Violation, WriteError};

/// The kind of the error of reading `document`, whose place is marked by `¶`.
#[track_caller]
fn refuse(document: &str) -> ParseErrorKind {
    let position = document.find('¶').expect("the place of the error is marked");
    let error = Response::parse(&document.replace('¶', "")).expect_err("refused");
    assert_eq!(error.position, position, "{error}");
    error.kind
}

fn s(text: &str) -> String {
    text.to_owned()
}

#[test]
fn unknown_elements() {
    for (document, element, parent) in [
        ("<Response>¶<say>x</say></Response>", "say", "Response"),
        ("<Response><Say>é</Say>¶<Shout/></Response>", "Shout", "Response"),
        ("<Response><Gather>¶<Prompt/></Gather></Response>", "Prompt", "Gather"),
        ("<Response><Dial>¶<Application>x</Application></Dial></Response>", "Application", "Dial"),
        ("<Response><Say>a¶<break/></Say></Response>", "break", "Say"),
        ("<Response>¶<a:Say>x</a:Say></Response>", "a:Say", "Response"),
    ] {
        let expected = ParseErrorKind::UnknownElement { element: s(element), parent: s(parent) };
        assert_eq!(refuse(document), expected);
    }
}

#[test]
fn wrong_nesting() {
    let verbs = ["Say", "Play", "Pause", "Gather", "Dial", "Record", "Redirect", "Reject"];
    let verbs = [&verbs[..], &["Hangup", "Enqueue"]].concat();
    let allowed = [("Gather", "Say"), ("Gather", "Play"), ("Gather", "Pause")];
    for parent in &verbs {
        for child in verbs.iter().chain(&["Response"]) {
            if allowed.contains(&(parent, child)) {
                continue;
            }
            let document = format!("<Response><{parent}>¶<{child}/></{parent}></Response>");
            let expected = ParseErrorKind::Misplaced { element: s(child), parent: s(parent) };
            assert_eq!(refuse(&document), expected);
        }
    }
    for noun in ["Conference", "Number", "Queue", "Sip", "prosody"] {
        for parent in ["Response", "Gather", "Say", "Dial"] {
            // Each has one place where it is at home.
            if (noun == "prosody") == (parent == "Say") || (noun != "prosody" && parent == "Dial") {
                continue;
            }
            let inner = format!("¶<{noun}>x</{noun}>");
            let document = match parent {
                "Response" => format!("<Response>{inner}</Response>"),
                _ => format!("<Response><{parent}>{inner}</{parent}></Response>"),
            };
            let expected = ParseErrorKind::Misplaced { element: s(noun), parent: s(parent) };
            assert_eq!(refuse(&document), expected);
        }
    }
}

#[test]
fn misplaced_text() {
    for (document, element) in [
        ("<Response>¶hello</Response>", "Response"),
        ("<Response><Say>x</Say>¶ &amp;</Response>", "Response"),
        ("<Response><Gather>¶press 1<Say>x</Say></Gather></Response>", "Gather"),
        ("<Response><Dial>¶+1<Number>+2</Number></Dial></Response>", "Dial"),
        ("<Response><Pause>¶1</Pause></Response>", "Pause"),
        ("<Response><Hangup>¶now</Hangup></Response>", "Hangup"),
    ] {
        assert_eq!(refuse(document), ParseErrorKind::UnexpectedText { element: s(element) });
    }
}

#[test]
fn unknown_attributes() {
    for (document, element, attribute) in [
        ("<Response ¶x='1'/>", "Response", "x"),
        ("\u{FEFF}<Response ¶x='1'/>", "Response", "x"),
        ("<Response ¶xmlns='urn:x'/>", "Response", "xmlns"),
        ("<Response><Say loop='2' ¶Voice='man'>x</Say></Response>", "Say", "Voice"),
        ("<Response><Hangup ¶reason='busy'/></Response>", "Hangup", "reason"),
        (
            "<Response><Dial><Number\n ¶username='u'>+1</Number></Dial></Response>",
            "Number",
            "username",
        ),
        ("<Response><Gather ¶finish_on_key='#'/></Response>", "Gather", "finish_on_key"),
    ] {
        let (element, attribute) = (s(element), s(attribute));
        assert_eq!(refuse(document), ParseErrorKind::UnknownAttribute { element, attribute });
    }
}

#[test]
fn wrong_values() {
    for (element, attribute, value, expected) in [
        ("Say", "voice", "Man", "man | woman | alice | Polly.<name> | Google.<name>"),
        ("Gather", "numDigits", "-1", "a whole number up to 4294967295"),
        ("Gather", "numDigits", "", "a whole number up to 4294967295"),
        ("Gather", "numDigits", "4294967296", "a whole number up to 4294967295"),
        ("Gather", "bargeIn", "TRUE", "true or false"),
        ("Gather", "method", "PUT", "GET | POST"),
        ("Gather", "input", "dtmf,speech", "a space-separated list of dtmf | speech"),
        ("Gather", "input", " ", "a space-separated list of dtmf | speech"),
        ("Gather", "speechTimeout", "soon", "auto or a whole number up to 4294967295"),
        ("Reject", "reason", "bored", "rejected | busy"),
        ("Record", "trim", "yes", "trim-silence | do-not-trim"),
    ] {
        let document = format!("<Response><{element} ¶{attribute}='{value}'>x</{element}>");
        let document = document.replace(">x</", if element == "Say" { ">x</" } else { "></" });
        let kind = refuse(&format!("{document}</Response>"));
        let (element, attribute) = (s(element), s(attribute));
        let (value, expected) = (s(value), s(expected));
        assert_eq!(kind, ParseErrorKind::WrongValue { element, attribute, value, expected });
    }
}

#[test]
fn broken_rules() {
    let out_of_range = |min, max| Violation::OutOfRange { min, max };
    for (document, element, attribute, violation) in [
        ("<Response>¶<Say> </Say></Response>", "Say", None, Violation::Empty),
        ("<Response>¶<Dial/></Response>", "Dial", None, Violation::Empty),
        ("<Response>¶<Redirect>\n</Redirect></Response>", "Redirect", None, Violation::Empty),
        ("<Response><Dial>¶<Number/></Dial></Response>", "Number", None, Violation::Empty),
        (
            "<Response><Dial action='' ¶timeout='4'>+1</Dial></Response>",
            "Dial",
            Some("timeout"),
            out_of_range(5, 600),
        ),
        (
            "<Response><Dial><Sip ¶machineDetectionTimeout='2'>s</Sip></Dial></Response>",
            "Sip",
            Some("machineDetectionTimeout"),
            out_of_range(3, 60),
        ),
        (
            "<Response><Gather ¶finishOnKey='12'/></Response>",
            "Gather",
            Some("finishOnKey"),
            Violation::TooLong { max: 1 },
        ),
    ] {
        let element = s(element);
        assert_eq!(refuse(document), ParseErrorKind::Invalid { element, attribute, violation });
    }
}

#[test]
fn not_well_formed() {
    for document in [
        "<Response>¶</Say></Response>",
        "¶<Response>",
        "<Response/>¶<Response/>",
        "<Response/>¶x",
        "¶&lt;<Response/>",
        "<Response/>¶<![CDATA[ ]]>",
        "<Response><Say>x</Say>¶<?xml version='1.0'?></Response>",
        "¶<?xml version='1.1'?><Response/>",
        "<Response><Say>a¶]]></Say></Response>",
        "<Response><Say>¶&#x;</Say></Response>",
        "<Response><Say ¶voice='a<b'>x</Say></Response>",
        "<Response><Say ¶voice='&#x;'>x</Say></Response>",
    ] {
        let kind = refuse(document);
        assert!(matches!(kind, ParseErrorKind::Malformed { .. }), "{kind:?} {document}");
    }
}

#[test]
fn roots_entities_and_document_types() {
    assert_eq!(refuse("¶"), ParseErrorKind::NoRoot);
    assert_eq!(refuse("<!-- only a comment -->¶"), ParseErrorKind::NoRoot);
    assert_eq!(refuse("\n¶<response/>"), ParseErrorKind::Root { element: s("response") });
    assert_eq!(refuse("¶<!DOCTYPE Response><Response/>"), ParseErrorKind::Doctype);
    let bomb = "¶<!DOCTYPE r [<!ENTITY a 'a'><!ENTITY b '&a;&a;'>]><Response>&b;</Response>";
    assert_eq!(refuse(bomb), ParseErrorKind::Doctype);
    let nbsp = || ParseErrorKind::UnknownEntity { name: s("nbsp") };
    assert_eq!(refuse("<Response><Say>x¶&nbsp;</Say></Response>"), nbsp());
    assert_eq!(refuse("<Response><Say ¶voice='&nbsp;'>x</Say></Response>"), nbsp());
    for document in [
        "<Response><Say>¶\u{0}</Say></Response>",
        "<Response><Say>¶&#0;</Say></Response>",
        "<Response><Say>¶&#x1F;</Say></Response>",
        "<Response><Say>¶&#xFFFF;</Say></Response>",
        "<Response><Dial ¶action='&#8;'>+1</Dial></Response>",
    ] {
        let kind = refuse(document);
        let expected =
            matches!(kind, ParseErrorKind::IllegalCharacter | ParseErrorKind::Malformed { .. });
        assert!(expected, "{kind:?} {document}");
    }
}

#[test]
fn what_is_ignored() {
    let document = concat!(
        "\u{FEFF}<?xml version='1.0' encoding='utf-8'?>\n<!-- a --><?a b?>\n<Response>\n",
        "  <!-- b -->\n  <Say>on<!-- c -->e <![CDATA[& two]]> &#x33;</Say>\n",
        "  <Dial >\r\n  <Number\t>\n +1 \n</Number>\n</Dial>\n</Response>\n<!-- d -->\n",
    );
    let number = callcore_twiml::Number::new("+1");
    let expected =
        Response::new().then(Say::new("one & two 3")).then(callcore_twiml::Dial::nouns([number]));
    assert_eq!(Response::parse(document), Ok(expected));
}

#[test]
fn line_ends_are_normalised_as_xml_says() {
    let document = "<Response><Say>a\r\nb\rc&#xD;</Say><Dial action='a\r\n\tb&#9;'>+1</Dial>";
    let response = Response::parse(&format!("{document}</Response>")).unwrap();
    let dial =
        callcore_twiml::Dial { action: Some(s("a  b\t")), ..callcore_twiml::Dial::number("+1") };
    assert_eq!(response, Response::new().then(Say::new("a\nb\nc\r")).then(dial));
}

#[test]
fn limits() {
    let filler = "x".repeat(MAX_PARSE_BYTES);
    let bytes = filler.len() + 1;
    let kind = Response::parse(&format!("{filler}x")).unwrap_err().kind;
    assert_eq!(kind, ParseErrorKind::TooLarge { bytes });
    let nested = ["<Response>", &"<Gather>".repeat(7), "¶", &"<Gather>".repeat(5000)].concat();
    assert_eq!(refuse(&nested), ParseErrorKind::TooDeep { element: s("Gather") });

    let say = Say::new("&".repeat(4000));
    let response = |count| Response { verbs: vec![say.clone().into(); count] };
    assert!(response(2).to_xml().is_ok());
    assert_eq!(response(3).to_xml(), Err(WriteError::TooLarge));
}

#[test]
fn illegal_characters_in_attributes_are_not_written() {
    let dial = callcore_twiml::Dial {
        caller_id: Some(s("é\u{1}")),
        ..callcore_twiml::Dial::number("+1")
    };
    let (element, attribute) = ("Dial", Some("callerId"));
    let expected = WriteError::IllegalCharacter { element, attribute, position: 2 };
    assert_eq!(Response::new().then(dial).to_xml(), Err(expected));
}
