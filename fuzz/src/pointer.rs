//! Whether a JSON Pointer (RFC 6901) names a place of a document.

use serde_json::Value;

/// How many steps may lead beyond the document: a key that is missing, in an object that is too, or
/// in something that is no object.
const MISSING: usize = 2;

/// Panics where a pointer is none, or names an item that a list does not have.
pub(crate) fn check(document: &Value, pointer: &str) {
    if pointer.is_empty() {
        return;
    }
    let steps = pointer.strip_prefix('/').unwrap_or_else(|| panic!("{pointer:?} is no pointer"));
    let (mut at, mut missing) = (Some(document), 0);
    for step in steps.split('/') {
        let step = unescaped(step).unwrap_or_else(|| panic!("{pointer:?} escapes wrongly"));
        at = match at {
            Some(Value::Array(items)) => step.parse().ok().map(|index: usize| {
                let item = items.get(index);
                item.unwrap_or_else(|| panic!("{pointer:?} names an item that is not there"))
            }),
            Some(Value::Object(fields)) => fields.get(&step),
            _ => None,
        };
        missing += usize::from(at.is_none());
    }
    assert!(missing <= MISSING, "{pointer:?} leads out of the document");
}

fn unescaped(step: &str) -> Option<String> {
    let parts: Vec<&str> = step.split('~').collect();
    let escapes = parts.iter().skip(1);
    let valid = escapes.clone().all(|part| part.starts_with(['0', '1']));
    valid.then(|| step.replace("~1", "/").replace("~0", "~"))
}
