//! Checks bodies against the very schemas that the OpenAPI document shows, and finds every problem
//! at once.

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use callcore::schedule::parse_zone;
use callcore::vocabulary::{Currency, Destination, PhoneNumber};
use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{ValidationError, Validator};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::Fault;

static VALIDATORS: LazyLock<Mutex<HashMap<TypeId, Arc<Validator>>>> = LazyLock::new(Mutex::default);

/// Everything that is wrong with a value of this type, by its schema.
pub fn faults<T: ToSchema + 'static>(value: &Value) -> Vec<Fault> {
    let validator = validator::<T>();
    let mut faults = Vec::new();
    for error in validator.iter_errors(value) {
        collect(&error, &mut faults);
    }
    faults
}

fn validator<T: ToSchema + 'static>() -> Arc<Validator> {
    let known =
        |validators: &HashMap<TypeId, Arc<Validator>>| validators.get(&TypeId::of::<T>()).cloned();
    let mut validators = VALIDATORS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(validator) = known(&validators) {
        return validator;
    }
    let validator = Arc::new(compile::<T>());
    validators.insert(TypeId::of::<T>(), Arc::clone(&validator));
    validator
}

fn compile<T: ToSchema>() -> Validator {
    let mut components = Vec::new();
    T::schemas(&mut components);
    let components: serde_json::Map<String, Value> =
        components.into_iter().map(|(name, schema)| (name, json!(schema))).collect();
    let mut schema = json!(T::schema());
    schema["components"] = json!({ "schemas": components });
    limit_integers(&mut schema);
    jsonschema::options()
        .with_draft(jsonschema::Draft::Draft202012)
        .should_validate_formats(true)
        .with_format("currency", |text: &str| text.parse::<Currency>().is_ok())
        .with_format("destination", |text: &str| text.parse::<Destination>().is_ok())
        .with_format("phone-number", |text: &str| text.parse::<PhoneNumber>().is_ok())
        .with_format("time-zone", |text: &str| parse_zone(text, "").is_ok())
        .build(&schema)
        .expect("a schema that utoipa derives is valid; a test compiles each of them")
}

/// Says of every integer without a maximum what its Rust type can hold.
fn limit_integers(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            let whole = fields.get("format").is_some_and(|format| format == "int32");
            if whole && !fields.contains_key("maximum") {
                fields.insert("maximum".into(), json!(u32::MAX));
            }
            fields.values_mut().for_each(limit_integers);
        }
        Value::Array(items) => items.iter_mut().for_each(limit_integers),
        _ => {}
    }
}

/// Writes whole numbers as integers: `1e2` is 100 for JSON Schema, but not for serde.
pub fn whole_numbers(value: &mut Value) {
    match value {
        Value::Object(fields) => fields.values_mut().for_each(whole_numbers),
        Value::Array(items) => items.iter_mut().for_each(whole_numbers),
        Value::Number(number) => {
            let whole = number.as_f64().filter(|float| number.is_f64() && float.fract() == 0.0);
            // Only integers below 2⁵³ are exact as floats, and none of ours is larger.
            if let Some(float) = whole.filter(|float| float.abs() < 9_007_199_254_740_992.0) {
                *value = json!(float as i64);
            }
        }
        _ => {}
    }
}

fn collect(error: &ValidationError<'_>, faults: &mut Vec<Fault>) {
    let path = error.instance_path().as_str();
    match error.kind() {
        // One fault for each field, at its own place.
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
            faults.extend(unexpected.iter().map(|field| {
                let place = format!("{path}/{}", escape(field));
                Fault::new(place, "unknown_field", format!("there is no field {field:?} here"))
            }));
        }
        ValidationErrorKind::Required { property } => {
            let field = property.as_str().unwrap_or_default();
            let place = format!("{path}/{}", escape(field));
            faults.push(Fault::new(place, "missing", format!("the field {field:?} is missing")));
        }
        // An optional document is "null or the document": the document's own problems are meant.
        ValidationErrorKind::OneOfNotValid { context } | ValidationErrorKind::AnyOf { context } => {
            let branches: Vec<_> =
                context.iter().filter(|branch| !is_the_null_branch(branch)).collect();
            let before = faults.len();
            match meant(&branches) {
                Meant::Branches(meant) => {
                    meant.into_iter().flatten().for_each(|error| collect(error, faults));
                }
                Meant::Fault(fault) => faults.push(fault),
            }
            if faults.len() == before {
                faults.push(Fault::new(
                    path,
                    "invalid",
                    "it fits none of the shapes that are allowed here",
                ));
            }
        }
        kind => {
            let (code, message) = explain(kind, error);
            faults.push(Fault::new(path, code, message));
        }
    }
}

/// What a value that fits none of several shapes was meant to be.
enum Meant<'a> {
    /// One of these.
    Branches(Vec<&'a Vec<ValidationError<'static>>>),
    /// Nobody knows: the word that tells the shapes apart is missing, or none of theirs.
    Fault(Fault),
}

/// Shapes that a word tells apart are one shape each: what the others miss is no problem.
fn meant<'a>(branches: &[&'a Vec<ValidationError<'static>>]) -> Meant<'a> {
    let all = || Meant::Branches(branches.to_vec());
    let [first, _, ..] = branches else { return all() };
    if let Some(fault) = missing_in_all(first, branches) {
        return Meant::Fault(fault);
    }
    let mut words = branches.iter().flat_map(|branch| branch.iter().filter_map(word_of));
    let Some((path, _)) = words.next() else { return all() };
    let word = |branch: &Vec<ValidationError<'_>>| {
        branch.iter().filter_map(word_of).find(|(place, _)| *place == path).map(|(_, word)| word)
    };
    let words: Vec<_> = branches.iter().filter_map(|branch| word(branch)).flatten().collect();
    let fitting: Vec<_> =
        branches.iter().copied().filter(|branch| word(branch).is_none()).collect();
    match fitting[..] {
        [] => {
            let message = format!("one of {} is expected", Value::Array(words));
            Meant::Fault(Fault::new(path, "unknown_word", message))
        }
        [_] => Meant::Branches(fitting),
        _ => all(),
    }
}

/// The field that every shape wants, if it is not there.
fn missing_in_all(
    first: &[ValidationError<'_>],
    branches: &[&Vec<ValidationError<'_>>],
) -> Option<Fault> {
    let wanted = |error: &ValidationError<'_>| match error.kind() {
        ValidationErrorKind::Required { property } => {
            Some((error.instance_path().as_str().to_owned(), property.clone()))
        }
        _ => None,
    };
    let in_all = |error: &&ValidationError<'_>| {
        let field = wanted(error);
        let misses =
            |branch: &&Vec<ValidationError<'_>>| branch.iter().any(|other| wanted(other) == field);
        field.is_some() && branches.iter().all(misses)
    };
    let mut faults = Vec::new();
    collect(first.iter().find(in_all)?, &mut faults);
    faults.pop()
}

/// Where a word is expected that is not there, and which.
fn word_of(error: &ValidationError<'_>) -> Option<(String, Vec<Value>)> {
    let path = error.instance_path().as_str().to_owned();
    match error.kind() {
        ValidationErrorKind::Enum { options } => Some((path, options.as_array()?.clone())),
        ValidationErrorKind::Constant { expected_value } => {
            Some((path, vec![(**expected_value).clone()]))
        }
        _ => None,
    }
}

fn is_the_null_branch(branch: &[ValidationError<'_>]) -> bool {
    matches!(branch, [error] if matches!(error.kind(),
        ValidationErrorKind::Type { kind } if types(kind) == "null"))
}

fn escape(field: &str) -> String {
    field.replace('~', "~0").replace('/', "~1")
}

fn explain(kind: &ValidationErrorKind, error: &ValidationError<'_>) -> (&'static str, String) {
    match kind {
        // The value is not repeated: it may be a password.
        ValidationErrorKind::Type { kind } => (
            "wrong_type",
            format!("{} is expected, not {}", types(kind), type_of(error.instance())),
        ),
        ValidationErrorKind::Enum { options } => {
            ("unknown_word", format!("one of {options} is expected"))
        }
        ValidationErrorKind::Format { format } => {
            ("bad_format", expected(format, error.instance()))
        }
        ValidationErrorKind::Minimum { limit } => {
            ("out_of_range", format!("at least {limit} is expected"))
        }
        ValidationErrorKind::Maximum { limit } => {
            ("out_of_range", format!("at most {limit} is expected"))
        }
        ValidationErrorKind::MinLength { limit: 1 } => ("blank", "it must not be empty".to_owned()),
        ValidationErrorKind::MinLength { limit } => {
            ("too_short", format!("at least {limit} characters are expected"))
        }
        ValidationErrorKind::MaxLength { limit } => {
            ("too_long", format!("at most {limit} characters are allowed"))
        }
        ValidationErrorKind::MaxItems { limit } => {
            ("too_many", format!("at most {limit} items are allowed"))
        }
        ValidationErrorKind::MinItems { limit } => {
            ("too_few", format!("at least {limit} items are expected"))
        }
        ValidationErrorKind::Pattern { pattern } => {
            ("bad_format", format!("text that fits {pattern} is expected"))
        }
        other => ("invalid", format!("the rule `{}` does not hold", other.keyword())),
    }
}

fn types(kind: &TypeKind) -> String {
    let names: Vec<String> = match kind {
        TypeKind::Single(one) => vec![one.to_string()],
        TypeKind::Multiple(several) => several.iter().map(|one| one.to_string()).collect(),
    };
    let articled = names.iter().map(|name| match name.as_str() {
        "null" => "null".to_owned(),
        "array" | "integer" | "object" => format!("an {name}"),
        name => format!("a {name}"),
    });
    articled.collect::<Vec<_>>().join(" or ")
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(number) if number.is_f64() => "a number with a fraction",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn expected(format: &str, value: &Value) -> String {
    let text = value.as_str().unwrap_or_default();
    match format {
        "time-zone" => {
            parse_zone(text, "").err().map_or_else(String::new, |problem| problem.message)
        }
        "phone-number" => {
            text.parse::<PhoneNumber>().err().map_or_else(String::new, |e| e.to_string())
        }
        "destination" => {
            text.parse::<Destination>().err().map_or_else(String::new, |e| e.to_string())
        }
        "currency" => text.parse::<Currency>().err().map_or_else(String::new, |e| e.to_string()),
        "uuid" => "a UUID is expected".to_owned(),
        "uri" => "an absolute URL is expected, such as https://example.com/hook".to_owned(),
        "date" => "a date is expected as YYYY-MM-DD".to_owned(),
        other => format!("a {other} is expected"),
    }
}

#[cfg(test)]
mod tests {
    use callcore::model::Target;
    use serde_json::json;

    use super::*;

    fn of_auth(auth: &Value) -> Vec<(String, String)> {
        let target = json!({ "name": "T", "endpointUrl": "https://bid.example.com", "auth": auth });
        faults::<Target>(&target).into_iter().map(|fault| (fault.path, fault.message)).collect()
    }

    #[test]
    fn of_several_shapes_only_the_one_that_is_meant_is_told_of() {
        let is = |path: &str, message: &str| vec![(path.to_owned(), message.to_owned())];
        assert_eq!(
            of_auth(&json!({ "type": "bearer" })),
            is("/auth/token", r#"the field "token" is missing"#)
        );
        assert_eq!(
            of_auth(&json!({ "type": "token" })),
            is("/auth/type", r#"one of ["none","bearer","basic","api_key","hmac"] is expected"#)
        );
        assert_eq!(of_auth(&json!({})), is("/auth/type", r#"the field "type" is missing"#));
        assert_eq!(of_auth(&json!({ "type": "none" })), []);
    }

    #[test]
    fn everything_is_told_of_an_object_that_may_be_left_out() {
        let target = json!({ "name": "T", "endpointUrl": "https://bid.example.com", "minBid": {},
            "confirm": { "x": 1, "timeoutMs": "y" } });
        let mut paths: Vec<_> =
            faults::<Target>(&target).into_iter().map(|fault| fault.path).collect();
        paths.sort();
        let expected = [
            "/confirm/endpointUrl",
            "/confirm/timeoutMs",
            "/confirm/x",
            "/minBid/amount",
            "/minBid/currency",
        ];
        assert_eq!(paths, expected);
    }
}
