//! What must hold whatever comes in, one function per fuzz target. Each panics where it does not.
//!
//! The tests of `callcore-twiml` include this file by its path and run the corpus through it, so that
//! `cargo test` covers every input that was ever worth keeping.

mod bid;
mod call;
mod choices;
mod generate;
mod pointer;

use callcore::flow::{Checked, FlowDefinition, Surroundings, check, compile_node};
use serde_json::Value;

pub use bid::is_bid;
use choices::Choices;

/// An input is a flow document, followed by bytes that decide what the caller does, or bytes that
/// decide both: which flow is built and what the caller does.
///
/// Holds: a check never panics, names places that are in the document, and gives a program exactly
/// where nothing forbids it; a program brings every call to an end, and every reply is valid TwiML.
pub fn definition(bytes: &[u8]) {
    let Some((definition, mut choices)) = read(bytes) else { return };
    let document = serde_json::to_value(&definition).expect("a definition is JSON");
    judge(&definition, &document, &check(&definition, Some(&Surroundings::default())));
    let checked = check(&definition, None);
    judge(&definition, &document, &checked);
    if !definition.nodes.is_empty() {
        let node = &definition.nodes[choices.below(definition.nodes.len())];
        if let Err(problems) = compile_node(&definition, &node.id) {
            problems.iter().for_each(|problem| pointer::check(&document, &problem.path));
        }
    }
    if let Some(program) = &checked.program {
        call::preview(program, &definition);
        call::play(program, &mut choices);
    }
}

/// An input is a flow document.
///
/// Holds: written and read again it is the same, and so is everything that is wrong with it.
pub fn roundtrip(bytes: &[u8]) {
    let Some(definition) = document(bytes).map(|(definition, _)| definition) else { return };
    let written = serde_json::to_vec(&definition).expect("a definition is JSON");
    let read: FlowDefinition = serde_json::from_slice(&written).expect("what was written is read");
    assert_eq!(definition, read, "reading gives what was written");
    let value = serde_json::to_value(&definition).expect("a definition is JSON");
    let read_value: FlowDefinition = serde_json::from_value(value).expect("a value is read");
    assert_eq!(definition, read_value, "a value gives what was written");
    let (before, after) = (check(&definition, None), check(&read, None));
    assert_eq!(before.problems, after.problems, "what is wrong stays the same");
    assert_eq!(before.code, after.code, "code stays the same");
    assert_eq!(before.program.is_some(), after.program.is_some());
}

/// An input is the body of a bidder's answer.
///
/// Holds: whatever it is, every mapping makes a typed reply of it, the same one each time, which a
/// store can keep and in which no secret stands.
pub fn bid_response(bytes: &[u8]) {
    bid::answer(bytes);
}

/// Whether a definition out of these bytes has a program: tells whether the corpus reaches one.
pub fn has_program(bytes: &[u8]) -> bool {
    read(bytes).is_some_and(|(definition, _)| check(&definition, None).program.is_some())
}

fn read(bytes: &[u8]) -> Option<(FlowDefinition, Choices<'_>)> {
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{') {
        let (definition, rest) = document(bytes)?;
        return Some((definition, Choices::new(if rest.is_empty() { bytes } else { rest })));
    }
    let mut choices = Choices::new(bytes);
    let generated = generate::flow(&mut choices);
    let definition = serde_json::from_value(generated).expect("what is built has the outer shape");
    Some((definition, choices))
}

/// The document at the beginning, and what follows it.
fn document(bytes: &[u8]) -> Option<(FlowDefinition, &[u8])> {
    let mut documents = serde_json::Deserializer::from_slice(bytes).into_iter();
    let definition = documents.next()?.ok()?;
    let end = documents.byte_offset();
    Some((definition, bytes.get(end..).unwrap_or_default()))
}

fn judge(definition: &FlowDefinition, document: &Value, checked: &Checked) {
    for problem in &checked.problems {
        pointer::check(document, &problem.path);
        assert!(!problem.message.is_empty() && !problem.code.is_empty(), "{problem:?}");
        if let Some(id) = &problem.node_id {
            assert!(definition.nodes.iter().any(|node| node.id == *id), "{problem:?}");
        }
    }
    for code in &checked.code {
        let found = document.pointer(&code.path).and_then(Value::as_str);
        assert_eq!(found, Some(code.code.as_str()), "{}", code.path);
    }
    let forbidden = checked.problems.iter().any(callcore::flow::FlowProblem::blocks);
    assert_eq!(checked.program.is_some(), !forbidden, "a program exactly where nothing forbids it");
    let size = checked.program.as_ref().map(callcore::flow::Program::len);
    assert!(size.is_none_or(|size| size == definition.nodes.len()), "every node is in the program");
}
