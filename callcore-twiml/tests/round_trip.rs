//! What is written reads back, here and elsewhere, and whatever is read does no harm.

mod arbitrary;

use callcore_twiml::{ParseErrorKind, Response, Say, WriteError};
use proptest::prelude::*;

/// Failures are not kept in a file: the seed is printed.
fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) }
}

/// Pieces of documents, most of them broken when put together.
fn soup() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(
        &[
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
            "<Response>",
            "</Response>",
            "<Response/>",
            "<Say>",
            "</Say>",
            "<Say voice='man' ",
            "<Dial>",
            "</Dial>",
            "<Dial timeout=\"10\">",
            "<Number>",
            "</Number>",
            "<prosody rate='80%'>",
            "<prosody ",
            "rate=\"20%\"",
            "</prosody>",
            "<Conference>",
            "<Conference beep='onEnter'>",
            "</Conference>",
            "<Queue>q</Queue>",
            "<Gather ",
            "numDigits=\"1\"",
            "timeout='9'",
            "<?xml version='1.0' ",
            "standalone='yes'",
            "<?1?>",
            ">",
            "/>",
            "</Gather>",
            "<Play",
            " digits='12'",
            "<!--",
            "--",
            "-->",
            "<![CDATA[",
            "]]>",
            "<?",
            "?>",
            "<?x y?>",
            "&lt;",
            "&#x41;",
            "&#0;",
            "&#xFFFF;",
            "&nbsp;",
            "&",
            ";",
            "<!DOCTYPE a>",
            "<!",
            "]",
            "=",
            "\"",
            "'",
            "<",
            "\u{FEFF}",
            "\u{0}",
            "\u{FFFF}",
            "é",
            "text",
            " ",
            "\r",
            "\n",
            "+1",
            ":",
            "xmlns='u'",
            "<a:b/>",
        ][..],
    );
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(config(512))]

    #[test]
    fn what_is_written_reads_back(response in arbitrary::response()) {
        let document = response.to_xml().unwrap();
        prop_assert_eq!(Response::parse(&document).unwrap(), response);
    }

    #[test]
    fn another_parser_reads_the_same_text(text in arbitrary::text()) {
        let text = format!("x{text}");
        let verb = Say { language: None, ..Say::new(text.clone()) };
        let gather = callcore_twiml::Gather {
            action: Some(text.clone()),
            ..callcore_twiml::Gather::new()
        };
        let document = Response::new().then(gather).then(verb).to_xml().unwrap();
        let tree = roxmltree::Document::parse(&document).unwrap();
        let mut elements = tree.root_element().children();
        prop_assert_eq!(elements.next().unwrap().attribute("action"), Some(text.as_str()));
        prop_assert_eq!(elements.next().unwrap().text(), Some(text.as_str()));
    }

    #[test]
    fn another_parser_reads_every_document(response in arbitrary::response()) {
        let document = response.to_xml().unwrap();
        prop_assert!(document.starts_with(r#"<?xml version="1.0" encoding="UTF-8"?><Response"#));
        let tree = roxmltree::Document::parse(&document).unwrap();
        prop_assert_eq!(tree.root_element().children().count(), response.verbs.len());
    }

    #[test]
    fn no_text_panics(document in ".*") {
        let _ = Response::parse(&document);
    }

    #[test]
    fn illegal_characters_never_get_out(text in any::<String>(), illegal in "[\0-\u{8}\u{FFFE}]") {
        let response = Response::new().then(Say::new(format!("{text}{illegal}")));
        let refused = matches!(
            response.to_xml(),
            Err(WriteError::IllegalCharacter { element: "Say", attribute: None, position })
                if position <= text.len()
        );
        prop_assert!(refused);
    }
}

proptest! {
    #![proptest_config(config(20_000))]

    /// We may refuse more than XML does, but we must not take for XML what is not.
    #[test]
    fn soup_never_panics_and_what_is_accepted_is_xml(inner in soup(), wrap: bool) {
        let document = if wrap { format!("<Response>{inner}</Response>") } else { inner };
        match Response::parse(&document) {
            Ok(response) => {
                roxmltree::Document::parse(&document).unwrap();
                let written = response.to_xml().unwrap();
                prop_assert_eq!(Response::parse(&written).unwrap(), response);
            }
            Err(error) => {
                prop_assert!(document.is_char_boundary(error.position), "{}", error.position);
                let said_malformed = matches!(error.kind, ParseErrorKind::Malformed { .. });
                // The other parser lets through wrong names of processing instructions.
                let is_xml = !document.contains("<?")
                    && roxmltree::Document::parse(&document).is_ok();
                prop_assert!(!(said_malformed && is_xml), "{error}: {document:?}");
            }
        }
    }
}
