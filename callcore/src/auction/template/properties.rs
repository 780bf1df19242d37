//! Whatever a value is, the request has the structure that it has with the value `x`.

use chrono::DateTime;
use proptest::prelude::*;
use uuid::Uuid;

use super::{Form, Header, Json, RenderError, Site, Url, Xml};
use crate::auction::tree::{Tree, json, xml};
use crate::auction::variables::{CallFacts, Facts, Scope, Variables};
use crate::call::Caller;
use crate::model::Place;
use crate::vocabulary::{CallId, CampaignId, Currency, Tags, limits};

const SITE: Site<'static> = Site { path: "/requestBody", scope: Scope::Ping };

/// Renders with this value as a tag, as the caller's postal code and as what was dialled.
fn rendered<T>(value: &str, render: impl FnOnce(&Facts<'_>) -> T) -> T {
    let mut tags = Tags::default();
    let within = value.char_indices().map(|(at, c)| at + c.len_utf8());
    let end = within.take_while(|end| *end <= limits::TAG_VALUE_BYTES).last().unwrap_or(0);
    tags.set("t", &value[..end]).unwrap();
    let place = Place { zip: Some(value.to_owned()), ..Place::default() };
    let call = CallFacts {
        call: CallId::derive("a", "b", "c"),
        campaign: CampaignId::from_uuid(Uuid::nil()),
        caller: Caller { place, ..Caller::default() },
        called: value.to_owned(),
        started_at: DateTime::UNIX_EPOCH,
        tags,
    };
    let variables = Variables {
        call: &call,
        request_id: value,
        min_bid: None,
        max_bid: None,
        timeout_ms: 1_000,
        now: DateTime::UNIX_EPOCH,
    };
    let currency = Currency::USD;
    render(&Facts { variables: &variables, currency, caller_shown: true, bid: None })
}

/// The tree with every scalar left out.
fn shape(tree: &Tree<'_>) -> String {
    match tree {
        Tree::List(values) => {
            format!("[{}]", values.iter().map(shape).collect::<Vec<_>>().join(","))
        }
        Tree::Map(members) => {
            let members = members.iter().map(|(name, value)| format!("{name:?}:{}", shape(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
        Tree::Null | Tree::Bool(_) | Tree::Number(_) | Tree::Text(_) => "x".to_owned(),
    }
}

const JSON: &str = r#"{"zipcode":"{callerZip}","Zipcode":"a {tag.t|callerZip} \" b","bare":{tag.t},
    "zip":{callerZip},"deep":{"list":[1,{requestId},"{calledNumber}{tag.t}"],"unset":{minBid}}}"#;

const XML: &str = "<a b=\"{tag.t}\" c='x {callerZip}'><d>{requestId}</d><!-- {\"no\"} --><e>{tag.t}\
    {calledNumber}</e></a>";

/// Values that are markup somewhere, and any others.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,40}",
        r#"[\\"'<>&;{}\[\],:/?#%.=+ \r\n\t\u{0}\u{1f}\u{fffe}]{0,20}"#,
        r#"(","x":1|</e>|&amp;|&x=1|\]\]>|\.\.|%2e|\{callerZip\}|true|null|-?[0-9]{1,25}(\.[0-9]+)?|1e400){0,3}"#,
    ]
}

/// JSON with variables in any place, also where none may stand.
fn json_template() -> impl Strategy<Value = String> {
    let variable = "\\{(tag\\.t|callerZip|minBid)\\}|1|null|true";
    let text = "\"[ab,{}:]?(\\{(tag\\.t|callerZip|minBid)\\})?\"";
    let leaf = prop_oneof![variable, text];
    let name = prop_oneof![6 => "\"[abcx1]\"", 1 => variable, 1 => text];
    leaf.prop_recursive(4, 24, 4, move |value| {
        let member =
            (name.clone(), value.clone()).prop_map(|(name, value)| format!("{name}:{value}"));
        let list = proptest::collection::vec(value, 0..4);
        let object = proptest::collection::vec(member, 0..4);
        prop_oneof![
            list.prop_map(|values| format!("[{}]", values.join(","))),
            object.prop_map(|members| format!("{{{}}}", members.join(", "))),
        ]
    })
}

fn fields(form: &str) -> Vec<(&str, &str)> {
    form.split('&').map(|field| field.split_once('=').unwrap()).collect()
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next().unwrap(), rest.next().unwrap()];
            let digits = std::str::from_utf8(&digits).unwrap();
            bytes.push(u8::from_str_radix(digits, 16).unwrap());
        } else {
            assert!(byte.is_ascii_graphic() && !b"+\"<>".contains(&byte), "{text}");
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).unwrap()
}

proptest! {
    #[test]
    fn no_value_breaks_out_of_json(value in value()) {
        let template = Json::parse(JSON, SITE).unwrap();
        let body = rendered(&value, |facts| template.render(facts)).unwrap();
        let plain = rendered("x", |facts| template.render(facts)).unwrap();
        let (tree, x) = (json::read(&body).unwrap(), json::read(&plain).unwrap());
        prop_assert_eq!(shape(&tree), shape(&x));
        let theirs: serde_json::Value = serde_json::from_str(&body).unwrap();
        prop_assert_eq!(theirs["zipcode"].as_str(), Some(value.as_str()));
        prop_assert!(theirs["deep"]["unset"].is_null());
        let zip = theirs["zip"].as_str().unwrap_or_default();
        prop_assert_eq!(zip, value.as_str());
    }

    #[test]
    fn no_value_breaks_out_of_xml(value in value()) {
        let template = Xml::parse(XML, SITE).unwrap();
        let body = rendered(&value, |facts| template.render(facts)).unwrap();
        let plain = rendered("x", |facts| template.render(facts)).unwrap();
        let (tree, x) = (xml::read(&body).unwrap(), xml::read(&plain).unwrap());
        prop_assert_eq!(shape(&tree), shape(&x));
        let held: String = value.chars().filter(|c| {
            !matches!(c, '\u{0}'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}')
        }).collect();
        let attribute = tree.member("a").and_then(|a| a.member("@b")).cloned();
        prop_assert_eq!(attribute, Some(Tree::Text(held.into())));
    }

    #[test]
    fn no_value_breaks_out_of_a_form(value in value()) {
        let template = Form::parse("zip={callerZip}&\n  both=a {tag.t}%20{requestId}&z=1", SITE).unwrap();
        let body = rendered(&value, |facts| template.render(facts)).unwrap();
        let fields = fields(&body);
        prop_assert_eq!(fields.iter().map(|(name, _)| decoded(name).trim().to_owned()).collect::<Vec<_>>(), ["zip", "both", "z"]);
        prop_assert_eq!(decoded(fields[0].1), value.clone());
        prop_assert_eq!(decoded(fields[1].1), format!("a {value} {value}"));
    }

    #[test]
    fn no_value_breaks_out_of_a_url(value in value()) {
        let text = "https://bid.example.com:8443/v1/{callerZip}/{tag.t}.json?a={callerZip}&b=1";
        let template = Url::parse(text, SITE).unwrap();
        match rendered(&value, |facts| template.render(facts, None)) {
            Ok(url) => {
                let rest = url.strip_prefix("https://bid.example.com:8443/").unwrap();
                let (path, query) = rest.split_once('?').unwrap();
                let segments: Vec<_> = path.split('/').map(decoded).collect();
                prop_assert_eq!(segments, ["v1".to_owned(), value.clone(), format!("{value}.json")]);
                prop_assert!(value != "." && value != "..");
                prop_assert_eq!(decoded(fields(query)[0].1), value);
                prop_assert_eq!(fields(query)[1], ("b", "1"));
            }
            Err(error) => {
                prop_assert_eq!(error, RenderError::DotSegment);
                prop_assert!(value == "." || value == "..");
            }
        }
    }

    #[test]
    fn a_header_is_one_line_or_nothing(value in value()) {
        let template = Header::parse("a {tag.t}", SITE).unwrap();
        let printable = value.chars().all(|c| matches!(c, ' '..='~' | '\t'));
        let rendered = rendered(&value, |facts| template.render(facts));
        let expected = if printable { Ok(format!("a {value}")) } else { Err(RenderError::HeaderValue) };
        prop_assert_eq!(rendered, expected);
    }

    #[test]
    fn a_json_template_that_is_taken_is_json_for_every_value(text in json_template()) {
        if let Ok(template) = Json::parse(&text, SITE) {
            for value in ["a", "x", "1", "-0.5", "true", "", "\"\\</"] {
                let body = rendered(value, |facts| template.render(facts)).unwrap();
                prop_assert!(json::read(&body).is_ok(), "{} gave {}", text, body);
            }
        }
    }

    #[test]
    fn any_template_is_answered(text in r#"(\{callerZip\}|\{tag\.t\}|\{minBid\}|[{}"\\<>&=/:?,a\[\] 1'!-])*"#) {
        // What is taken can be rendered to the format, whatever the value.
        if let Ok(template) = Json::parse(&text, SITE) {
            for value in ["\"\\</", "1", "true"] {
                let body = rendered(value, |facts| template.render(facts)).unwrap();
                prop_assert!(json::read(&body).is_ok(), "{} gave {}", text, body);
            }
        }
        if let Ok(template) = Xml::parse(&text, SITE) {
            let body = rendered("\"'</&", |facts| template.render(facts)).unwrap();
            prop_assert!(xml::read(&body).is_ok(), "{} gave {}", text, body);
        }
        let _ = (Form::parse(&text, SITE), Url::parse(&text, SITE), Header::parse(&text, SITE));
    }
}

fn problem<T>(parsed: Result<T, Vec<crate::vocabulary::Problem>>) -> String {
    let Err(problems) = parsed else { return "none".to_owned() };
    problems.iter().map(|problem| problem.code.as_ref()).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_variable_stands_only_where_a_value_can() {
    for (text, code) in [
        (r#"{"{tag.t}":1}"#, "misplaced_variable"),
        (r#"{"a {tag.t}" : 1}"#, "misplaced_variable"),
        (r"{{tag.t}:1}", "misplaced_variable"),
        (r#"{"a":1,{tag.t}:2}"#, "misplaced_variable"),
        (r#"{"a":[{}], {minBid} : 2}"#, "misplaced_variable"),
        (r#"[1,{{tag.t}:{tag.t}}]"#, "misplaced_variable"),
        (r#"{"a":"\",","{tag.t}":2}"#, "misplaced_variable"),
        (r#"{"a":[1,{tag.t},{"b":{tag.t}}],"c":"{tag.t}"}"#, "none"),
        (r#"{"a":1{minBid}}"#, "bad_json"),
        (r#"{"a":{minBid}{maxBid}}"#, "bad_json"),
        (r#"{"a":"\{tag.t}"}"#, "bad_json"),
        (r#"{"a":"\u00{tag.t}"}"#, "bad_json"),
        (r#"{"a":"{tag.t}"#, "bad_json"),
        (r#"{"a":1,"a":{minBid}}"#, "bad_json"),
        (r#"["{tag.t}",{"a":{minBid}}]"#, "none"),
        ("{minBid}", "none"),
    ] {
        assert_eq!(problem(Json::parse(text, SITE)), code, "{text}");
    }
    for (text, code) in [
        ("<a {tag.t}='1'/>", "misplaced_variable"),
        ("<{tag.t}/>", "misplaced_variable"),
        ("<a><!-- {tag.t} --></a>", "misplaced_variable"),
        ("<a><![CDATA[{tag.t}]]></a>", "misplaced_variable"),
        ("<a>&{tag.t};</a>", "bad_xml"),
        ("<a>&#{tag.t};</a>", "bad_xml"),
        ("<a b={tag.t}/>", "misplaced_variable bad_xml"),
        ("<a>{tag.t}</b>", "bad_xml"),
        ("<a b='>{tag.t}'>{tag.t}</a>", "none"),
    ] {
        assert_eq!(problem(Xml::parse(text, SITE)), code, "{text}");
    }
    for (text, code) in [
        ("{tag.t}=1", "misplaced_variable"),
        ("a=1&{tag.t}", "misplaced_variable"),
        ("a={tag.t}{tag.t}&b=", "none"),
    ] {
        assert_eq!(problem(Form::parse(text, SITE)), code, "{text}");
    }
    for (text, code) in [
        ("https://{tag.t}/", "bad_url"),
        ("https://a.example{tag.t}/", "bad_url"),
        ("https://a.example:{tag.t}/", "bad_url"),
        ("https://{tag.t}@a.example/", "bad_url"),
        ("https://u:p@a.example/", "bad_url"),
        ("{tag.t}://a.example/", "bad_url"),
        ("ftp://a.example/", "bad_url"),
        ("https:///x", "bad_url"),
        ("https://a.example/#x", "bad_url"),
        ("https://a.example\\@b.example/", "bad_url"),
        ("https://a.example/../x", "bad_url"),
        ("https://a.example/%2E%2e/x", "bad_url"),
        ("https://a.example/?{tag.t}", "misplaced_variable"),
        ("https://a.example?a={tag.t}", "none"),
        ("http://[::1]:8080/{tag.t}", "none"),
    ] {
        assert_eq!(problem(Url::parse(text, SITE)), code, "{text}");
    }
    assert_eq!(problem(Header::parse("a\r\nb: c", SITE)), "bad_header");
}

#[test]
fn a_url_without_a_path_gets_one_and_a_form_joins_its_query() {
    let url = |text: &str, more: Option<&str>| {
        let more = more.map(|more| Form::parse(more, SITE).unwrap());
        let url = Url::parse(text, SITE).unwrap();
        rendered("x y", |facts| url.render(facts, more.as_ref())).unwrap()
    };
    assert_eq!(url("https://a.example", None), "https://a.example/");
    assert_eq!(url("https://a.example?a={tag.t}", None), "https://a.example/?a=x%20y");
    assert_eq!(
        url("https://a.example/b?c=1", Some("d={tag.t}")),
        "https://a.example/b?c=1&d=x%20y"
    );
    assert_eq!(url("https://a.example/b", Some("d=1")), "https://a.example/b?d=1");
}

#[test]
fn a_request_that_grows_too_long_is_not_sent() {
    let variables = "{callerZip}".repeat(100);
    let form = Form::parse(&format!("a={variables}"), SITE).unwrap();
    let value = "x".repeat(1_000);
    let too_long = RenderError::TooLong(limits::BID_BODY_BYTES);
    assert_eq!(rendered(&value, |facts| form.render(facts)), Err(too_long));
    let url = Url::parse(&format!("https://a.example/{variables}"), SITE).unwrap();
    let too_long = RenderError::TooLong(limits::BID_URL_BYTES);
    assert_eq!(rendered(&value, |facts| url.render(facts, None)), Err(too_long));
}
