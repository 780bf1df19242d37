//! JSON bodies: taken whole or refused with everything that is wrong.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use callcore::vocabulary::Problem;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use serde_json::Value;
use utoipa::ToSchema;

use super::{Failure, Fault, schema};

/// Largest body of the API.
pub const API_BODY_BYTES: usize = 4 * 1024 * 1024;
/// Whoever has more to mend than this finds the rest afterwards: each place is compared with each.
const MOST_REFUSED: usize = 100;
/// How long a body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(5);

/// Something that comes in a body.
pub trait Document: DeserializeOwned + ToSchema + 'static {
    /// Fields that the server sets: accepted in a body, because clients send back what they read,
    /// and ignored.
    const READ_ONLY: &'static [&'static str] = &[];

    /// Largest body, in bytes.
    const MOST_BYTES: usize = API_BODY_BYTES;

    /// What the schema cannot say.
    fn check(&self) -> Vec<Problem> {
        Vec::new()
    }
}

/// A body that is a valid document: its schema holds, and its own check finds no error.
#[derive(Debug)]
pub struct JsonBody<T>(pub T);

impl<T: Document, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Result<Self, Failure> {
        let (parts, body) = request.into_parts();
        if !is_json(&parts.headers) {
            return Err(Failure::MediaType("application/json"));
        }
        let bytes = read(&parts.headers, body, T::MOST_BYTES).await?;
        let value = serde_json::from_slice(&bytes)
            .map_err(|error| Failure::BrokenJson(error.to_string()))?;
        document(value).map(Self)
    }
}

/// Reads a value as a document.
///
/// # Errors
/// [`Failure::Invalid`] with everything that is wrong.
pub fn document<T: Document>(mut value: Value) -> Result<T, Failure> {
    if let Some(object) = value.as_object_mut() {
        for field in T::READ_ONLY {
            object.remove(*field);
        }
    }
    schema::whole_numbers(&mut value);
    let mut faults = schema::faults::<T>(&value);
    if !faults.is_empty() {
        let more = beyond_the_schema::<T>(value, &faults);
        faults.extend(more);
        return Err(Failure::Invalid(faults));
    }
    let document: T = serde_json::from_value(value)
        .map_err(|error| Failure::invalid("", "invalid", error.to_string()))?;
    let blocking = document.check().into_iter().filter(Problem::blocks);
    let faults: Vec<Fault> = blocking.map(Fault::from).collect();
    if faults.is_empty() { Ok(document) } else { Err(Failure::Invalid(faults)) }
}

/// What the own check of a document finds beside what its schema refuses, so that as many problems as
/// can be are told at once: where it can be read without its unknown fields. Nothing else is taken
/// out, because what stands beside it would be judged by a default that nobody wrote. Nothing is told
/// of a place twice.
fn beyond_the_schema<T: Document>(mut value: Value, refused: &[Fault]) -> Vec<Fault> {
    if refused.len() > MOST_REFUSED {
        return Vec::new();
    }
    let (unknown, others): (Vec<&Fault>, _) =
        refused.iter().partition(|fault| fault.code == "unknown_field");
    unknown.iter().for_each(|fault| take_out(&mut value, &fault.path));
    let document = serde_json::from_value::<T>(value);
    let problems = document.map(|document| document.check()).unwrap_or_default();
    let mut faults: Vec<Fault> =
        problems.into_iter().filter(Problem::blocks).map(Fault::from).collect();
    faults.retain(|fault| {
        others.iter().all(|other| {
            !is_within(&fault.path, &other.path) && !is_within(&other.path, &fault.path)
        })
    });
    faults
}

/// Whether a JSON Pointer leads to a place or into it.
fn is_within(path: &str, place: &str) -> bool {
    path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Takes a field of an object out.
fn take_out(value: &mut Value, path: &str) {
    let Some((parent, field)) = path.rsplit_once('/') else { return };
    if let Some(Value::Object(fields)) = value.pointer_mut(parent) {
        fields.remove(&field.replace("~1", "/").replace("~0", "~"));
    }
}

/// A body that may be absent or null, which is the same as an empty object.
#[derive(Debug)]
pub struct OptionalBody<T>(pub T);

impl<T: Document, S: Send + Sync> FromRequest<S> for OptionalBody<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Result<Self, Failure> {
        let (parts, body) = request.into_parts();
        let bytes = read(&parts.headers, body, T::MOST_BYTES).await?;
        let mut value = Value::Null;
        if !bytes.iter().all(u8::is_ascii_whitespace) {
            if !is_json(&parts.headers) {
                return Err(Failure::MediaType("application/json"));
            }
            value = serde_json::from_slice(&bytes)
                .map_err(|error| Failure::BrokenJson(error.to_string()))?;
        }
        if value.is_null() {
            value = Value::Object(serde_json::Map::new());
        }
        document(value).map(Self)
    }
}

/// The body of an action: none, or an empty object.
#[derive(Clone, Copy, Debug)]
pub struct NoBody;

impl<S: Send + Sync> FromRequest<S> for NoBody {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Result<Self, Failure> {
        let (parts, body) = request.into_parts();
        let bytes = read(&parts.headers, body, API_BODY_BYTES).await?;
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self);
        }
        if !is_json(&parts.headers) {
            return Err(Failure::MediaType("application/json"));
        }
        let value: Value = serde_json::from_slice(&bytes)
            .map_err(|error| Failure::BrokenJson(error.to_string()))?;
        match value {
            Value::Object(fields) if fields.is_empty() => Ok(Self),
            Value::Object(fields) => Err(Failure::Invalid(
                fields
                    .keys()
                    .map(|field| {
                        let message = format!("there is no field {field:?} here");
                        Fault::new(format!("/{field}"), "unknown_field", message)
                    })
                    .collect(),
            )),
            _ => Err(Failure::invalid("", "wrong_type", "no body or {} is expected")),
        }
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = value.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

/// Reads a body of at most so many bytes, in time.
///
/// # Errors
/// [`Failure::TooLarge`], before anything is read where the length is told; [`Failure::BodyTimeout`];
/// [`Failure::BrokenJson`] where the connection broke off.
pub async fn read(headers: &HeaderMap, body: Body, most_bytes: usize) -> Result<Bytes, Failure> {
    let told = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    if told
        .and_then(|length| length.parse::<usize>().ok())
        .is_some_and(|length| length > most_bytes)
    {
        return Err(Failure::TooLarge { most_bytes });
    }
    let collecting = Limited::new(body, most_bytes).collect();
    match tokio::time::timeout(BODY_TIMEOUT, collecting).await {
        Err(_) => Err(Failure::BodyTimeout),
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Failure::TooLarge { most_bytes }),
        Ok(Err(_)) => Err(Failure::BrokenJson("the body broke off".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use callcore::model::{Buyer, Campaign};
    use serde_json::json;

    use super::*;

    /// The places of everything that is wrong with a buyer of this much more.
    fn of_buyer(more: &Value) -> Vec<String> {
        let mut buyer = json!({ "name": "B", "destination": "+13035550142" });
        let fields = more.as_object().cloned().unwrap_or_default();
        buyer.as_object_mut().into_iter().for_each(|buyer| buyer.extend(fields.clone()));
        match document::<Buyer>(buyer) {
            Err(Failure::Invalid(faults)) => faults.into_iter().map(|fault| fault.path).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn what_the_schema_refuses_hides_nothing_else() {
        let bad_skill = json!({ "skills": { "english": 9 } });
        let [skill] = &of_buyer(&bad_skill)[..] else { panic!("one problem is expected") };
        for (more, other) in [
            (json!({ "colour": "red" }), "/colour"),
            (json!({ "name": "" }), "/name"),
            (json!({ "priority": 0, "caps": { "x": 1 } }), "/caps/x"),
        ] {
            let mut more = more;
            more["skills"] = json!({ "english": 9 });
            let told = of_buyer(&more);
            assert!(told.contains(skill), "{more}: {told:?}");
            assert!(told.iter().any(|path| path == other), "{more}: {told:?}");
        }
        // What is refused already is not told of a second time.
        assert_eq!(of_buyer(&json!({ "skills": { "english": "much" } })), ["/skills/english"]);
    }
    #[test]
    fn nothing_is_judged_by_a_default_that_nobody_wrote() {
        let campaign = json!({ "name": "C", "routingType": "rtb", "auction": { "currency": "USD",
            "rates": { "EUR": "abc" }, "minBid": { "amount": "1", "currency": "EUR" } } });
        let Err(Failure::Invalid(faults)) = document::<Campaign>(campaign) else {
            panic!("a rate that is no number is refused");
        };
        let paths: Vec<_> = faults.iter().map(|fault| fault.path.as_str()).collect();
        assert_eq!(paths, ["/auction/rates/EUR"]);
    }
}
