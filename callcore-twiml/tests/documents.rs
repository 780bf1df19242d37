//! Agreement with the documents of Twilio's Python library, see `fixtures/make_documents.py`.

use std::collections::BTreeMap;

use callcore_twiml::Response;

/// A document as canonical XML sees it: names, attributes in any order, and text as it is.
#[derive(Debug, PartialEq)]
enum Canonical {
    Element { name: String, attributes: BTreeMap<String, String>, children: Vec<Canonical> },
    Text(String),
}

fn canonical(document: &str) -> Canonical {
    canonical_node(
        roxmltree::Document::parse(document).expect("the other parser reads it").root_element(),
    )
}

fn canonical_node(node: roxmltree::Node<'_, '_>) -> Canonical {
    if let Some(text) = node.text().filter(|_| node.is_text()) {
        return Canonical::Text(text.to_owned());
    }
    let attribute = |attribute: roxmltree::Attribute<'_, '_>| {
        (attribute.name().to_owned(), attribute.value().to_owned())
    };
    Canonical::Element {
        name: node.tag_name().name().to_owned(),
        attributes: node.attributes().map(attribute).collect(),
        children: node.children().map(canonical_node).collect(),
    }
}

#[test]
fn documents_of_the_official_library_survive() {
    let documents: Vec<String> =
        serde_json::from_str(include_str!("fixtures/documents.json")).unwrap();
    assert!(documents.len() > 1000);
    for document in documents {
        let response = Response::parse(&document).unwrap_or_else(|e| panic!("{e}: {document}"));
        let written = response.to_xml().unwrap_or_else(|e| panic!("{e}: {document}"));
        assert_eq!(canonical(&written), canonical(&document), "{written}");
    }
}
