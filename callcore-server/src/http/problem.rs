//! Problem documents (RFC 9457): the only place where errors become HTTP status codes.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use callcore::flow::FlowProblem;
use callcore::model::{Kind, WrongKind};
use callcore::port::{AccountsError, Holder, RegistryError, StoreError};
use callcore::vocabulary::{Problem, Severity};
use serde::Serialize;
use utoipa::ToSchema;

/// One thing that is wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Fault {
    /// A JSON Pointer (RFC 6901) into the body, or `/` and the name of a query parameter.
    pub path: String,
    /// A stable word for programs.
    pub code: String,
    /// A sentence for people: what, where and what is expected.
    pub message: String,
    /// The node of a flow that it concerns; absent where it concerns none.
    #[serde(rename = "nodeId", skip_serializing_if = "Option::is_none")]
    pub node_id: Option<String>,
    /// Whether it stands in the way; absent where everything that is told does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
}

impl Fault {
    /// A fault at a place.
    pub fn new(
        path: impl Into<String>,
        code: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        let (path, code, message) = (path.into(), code.into(), message.into());
        Self { path, code, message, node_id: None, severity: None }
    }
}

impl From<Problem> for Fault {
    fn from(problem: Problem) -> Self {
        Self::new(problem.path, problem.code, problem.message)
    }
}

/// A flow's problems come with its warnings, so each says which it is.
impl From<FlowProblem> for Fault {
    fn from(problem: FlowProblem) -> Self {
        Self {
            node_id: problem.node_id,
            severity: Some(problem.severity),
            ..Self::new(problem.path, problem.code, problem.message)
        }
    }
}

/// The body of every error.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProblemDocument {
    /// Names the kind of problem.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind for people.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What happened here.
    pub detail: String,
    /// Everything that is wrong with the request.
    pub errors: Vec<Fault>,
}

/// Why a request was not carried out.
#[derive(Debug)]
pub enum Failure {
    /// 400: the body is no JSON.
    BrokenJson(String),
    /// 401: nobody is signed in.
    Unauthenticated,
    /// 401: user name and password do not fit.
    BadCredentials,
    /// 403: refused, with the reason.
    Forbidden(&'static str),
    /// 404: there is no such thing, or it is another tenant's. Always the same bytes.
    NotFound,
    /// 405: the path is known, the method is not.
    MethodNotAllowed,
    /// 408: the body did not come in time.
    BodyTimeout,
    /// 409: it collides with what is there.
    Conflict(Fault),
    /// 409: other things hold on to it.
    InUse(Vec<Holder>),
    /// 413: the body is too large.
    TooLarge {
        /// How many bytes are taken.
        most_bytes: usize,
    },
    /// 415: the body is of another media type.
    MediaType(&'static str),
    /// 422: everything that is wrong with the request.
    Invalid(Vec<Fault>),
    /// 429: too many failed attempts to prove who one is.
    TooMany {
        /// When to try again, in seconds.
        retry_after_secs: u64,
    },
    /// 429: it was done too often in a short time.
    TooOften {
        /// What the limit is.
        message: String,
        /// When to try again, in seconds.
        retry_after_secs: u64,
    },
    /// 500: a bug.
    Bug(&'static str),
    /// 502: the carrier did not do what it was asked for, with its own code and words.
    Carrier(Fault),
    /// 503: the store does not answer.
    Unavailable(StoreError),
}

impl Failure {
    /// One fault as a failure.
    pub fn invalid(path: &str, code: &str, message: impl Into<String>) -> Self {
        Self::Invalid(vec![Fault::new(path, code, message)])
    }

    /// A collision.
    pub fn conflict(path: &str, code: &str, message: impl Into<String>) -> Self {
        Self::Conflict(Fault::new(path, code, message))
    }

    const fn status(&self) -> StatusCode {
        match self {
            Self::BrokenJson(_) => StatusCode::BAD_REQUEST,
            Self::Unauthenticated | Self::BadCredentials => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::BodyTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::Conflict(_) | Self::InUse(_) => StatusCode::CONFLICT,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::MediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooMany { .. } | Self::TooOften { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Bug(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Carrier(_) => StatusCode::BAD_GATEWAY,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    const fn kind_and_title(&self) -> (&'static str, &'static str) {
        match self {
            Self::BrokenJson(_) => ("broken-json", "The body is not JSON"),
            Self::Unauthenticated => ("unauthenticated", "Sign in first"),
            Self::BadCredentials => ("bad-credentials", "User name or password is wrong"),
            Self::Forbidden(_) => ("forbidden", "Refused"),
            Self::NotFound => ("not-found", "There is no such resource"),
            Self::MethodNotAllowed => ("method-not-allowed", "The method is not allowed here"),
            Self::BodyTimeout => ("timeout", "The body did not come in time"),
            Self::Conflict(_) => ("conflict", "It collides with what is there"),
            Self::InUse(_) => ("in-use", "It is still in use"),
            Self::TooLarge { .. } => ("too-large", "The body is too large"),
            Self::MediaType(_) => ("media-type", "The media type is not supported"),
            Self::Invalid(_) => ("invalid", "The request is not valid"),
            Self::TooMany { .. } => ("too-many", "Too many failed attempts"),
            Self::TooOften { .. } => ("too-often", "Too often"),
            Self::Carrier(_) => ("carrier", "The carrier refused"),
            Self::Bug(_) => ("bug", "The server made a mistake"),
            Self::Unavailable(_) => ("unavailable", "The server cannot answer right now"),
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::BrokenJson(why) => format!("The body is not JSON: {why}."),
            Self::Unauthenticated => "A session cookie or an API key is needed.".into(),
            Self::BadCredentials => "The user name or the password is wrong.".into(),
            Self::Forbidden(why) => (*why).into(),
            Self::NotFound => "There is no such resource, or it is not yours.".into(),
            Self::MethodNotAllowed => "The resource exists, but not for this method.".into(),
            Self::BodyTimeout => "The whole body is expected within 5 seconds.".into(),
            Self::Conflict(fault) | Self::Carrier(fault) => fault.message.clone(),
            Self::InUse(holders) => match holders.first() {
                Some(holder) => format!("The {} {:?} still uses it.", holder.kind, holder.name),
                None => "Something still uses it.".into(),
            },
            Self::TooLarge { most_bytes } => format!("At most {most_bytes} bytes are taken."),
            Self::MediaType(expected) => format!("The body is expected as {expected}."),
            Self::Invalid(faults) => match faults.as_slice() {
                [fault] => fault.message.clone(),
                faults => format!("{} things are wrong; see `errors`.", faults.len()),
            },
            Self::TooMany { retry_after_secs } => {
                format!("Too many sign-ins failed. Try again in {retry_after_secs} seconds.")
            }
            Self::TooOften { message, .. } => message.clone(),
            Self::Bug(_) => "This is a bug; the server's log tells more.".into(),
            Self::Unavailable(_) => "The store does not answer. Try again later.".into(),
        }
    }

    fn errors(self) -> Vec<Fault> {
        match self {
            Self::Conflict(fault) | Self::Carrier(fault) => vec![fault],
            Self::Invalid(faults) => faults,
            Self::InUse(holders) => holders
                .into_iter()
                .map(|holder| {
                    let message =
                        format!("the {} {:?} ({}) uses it", holder.kind, holder.name, holder.id);
                    Fault::new("", "in_use", message)
                })
                .collect(),
            _ => Vec::new(),
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match &self {
            Self::Unavailable(error) => tracing::error!(%error, "the store failed"),
            Self::Bug(what) => tracing::error!(what, "a bug"),
            _ => {}
        }
        let status = self.status();
        let (kind, title) = self.kind_and_title();
        let retry_after = match &self {
            Self::TooMany { retry_after_secs } | Self::TooOften { retry_after_secs, .. } => {
                Some(*retry_after_secs)
            }
            _ => None,
        };
        let body = ProblemDocument {
            kind: format!("urn:callcore:problem:{kind}"),
            title,
            status: status.as_u16(),
            detail: self.detail(),
            errors: self.errors(),
        };
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        let media_type = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, media_type);
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error)
    }
}

impl From<WrongKind> for Failure {
    fn from(_: WrongKind) -> Self {
        Self::Bug("the store answered an object of another kind")
    }
}

impl From<RegistryError> for Failure {
    fn from(error: RegistryError) -> Self {
        match error {
            RegistryError::NotFound(_) => Self::NotFound,
            RegistryError::VersionConflict => Self::conflict(
                "",
                "changed",
                "somebody else changed it at the same time; read it again",
            ),
            RegistryError::NumberUnavailable => {
                Self::conflict("/number", "number_unavailable", "this number is not available")
            }
            RegistryError::NumberInUse(holder) => Self::conflict(
                "/phoneNumberId",
                "number_in_use",
                format!("the campaign {:?} is active on the same number", holder.name),
            ),
            RegistryError::InUse(holders) => Self::InUse(holders),
            RegistryError::UnknownReference { path, kind } => unknown_reference(&path, kind),
            RegistryError::FlowArchived => flow_archived(),
            RegistryError::Store(error) => Self::Unavailable(error),
            _ => Self::Bug("an error of the registry that this server does not know"),
        }
    }
}

/// 422 for a reference to something that this tenant does not have.
pub fn unknown_reference(path: &str, kind: Kind) -> Failure {
    Failure::invalid(path, "unknown_reference", format!("there is no {kind} with this id"))
}

/// 409 for a campaign that would take up an archived flow.
fn flow_archived() -> Failure {
    Failure::conflict(
        "/flowId",
        "flow_archived",
        "the flow is archived: restore it first, or name another one",
    )
}

impl From<AccountsError> for Failure {
    fn from(error: AccountsError) -> Self {
        match error {
            AccountsError::UsernameTaken => {
                Self::conflict("/username", "username_taken", error.to_string())
            }
            AccountsError::AlreadySetUp => {
                Self::conflict("", "already_set_up", "the owner account exists already")
            }
            AccountsError::NotFound => Self::NotFound,
            AccountsError::Store(error) => Self::Unavailable(error),
            _ => Self::Bug("an error of the accounts that this server does not know"),
        }
    }
}
