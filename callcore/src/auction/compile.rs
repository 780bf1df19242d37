//! From a target as a tenant wrote it to one that can be asked: every template and path is parsed
//! once, and every problem is found when the target is saved.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use chrono_tz::Tz;
use rust_decimal::Decimal;

use super::credential::Credential;
use super::header_check::{check_auth, credential_header, header_name_problem};
use super::mapping::Mapping;
use super::secrets;
use super::template::{Form, Header, Json, RenderError, Site, Url, Xml};
use super::variables::{Facts, Scope};
use crate::model::{BidContentType, ConfirmRequest, HttpMethod, Target, TargetAuth};
use crate::vocabulary::{Currency, Problem, limits};

/// A target that can be asked. Only [`Target::compile`] makes one.
#[derive(Clone)]
pub struct CompiledTarget {
    pub(super) ping: CompiledRequest,
    pub(super) credential: Credential,
    /// What must not be kept of its answers, in every form.
    pub(super) secrets: Arc<[String]>,
    pub(super) mapping: Mapping,
    pub(super) confirm: Option<CompiledConfirm>,
    pub(super) currency: Currency,
    pub(super) timezone: Tz,
    pub(super) expose_caller_id: bool,
    name: String,
    min_bid: Option<Decimal>,
    max_bid: Option<Decimal>,
}

/// A request's templates.
#[derive(Clone, Debug)]
pub(super) struct CompiledRequest {
    pub(super) method: HttpMethod,
    pub(super) url: Url,
    pub(super) headers: Vec<(String, Header)>,
    pub(super) content_type: BidContentType,
    pub(super) timeout_ms: u32,
    body: Body,
}

/// A confirm request.
#[derive(Clone, Debug)]
pub(super) struct CompiledConfirm {
    pub(super) request: CompiledRequest,
    pub(super) mapping: Mapping,
    required: bool,
}

#[derive(Clone, Debug)]
enum Body {
    Form(Form),
    Json(Json),
    None,
    Xml(Xml),
}

impl fmt::Debug for CompiledTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Templates may hold keys.
        f.debug_struct("CompiledTarget").field("name", &self.name).finish_non_exhaustive()
    }
}

impl CompiledTarget {
    /// What people and the log call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The currency of its bids, where a reply names none.
    pub const fn currency(&self) -> Currency {
        self.currency
    }

    /// The lowest bid that is taken from it, in its currency.
    pub const fn min_bid(&self) -> Option<Decimal> {
        self.min_bid
    }

    /// The highest bid that is believed, in its currency.
    pub const fn max_bid(&self) -> Option<Decimal> {
        self.max_bid
    }

    /// How long it has to answer.
    pub const fn timeout_ms(&self) -> u32 {
        self.ping.timeout_ms
    }

    /// Whether the caller's number is kept from it until it has won.
    pub const fn hides_caller_id(&self) -> bool {
        !self.expose_caller_id
    }

    /// Whether a winner must confirm before it is dialled; `None` where it is not asked again.
    pub fn confirmation_required(&self) -> Option<bool> {
        self.confirm.as_ref().map(|confirm| confirm.required)
    }

    /// How long it may take to confirm, in milliseconds; 0 where it is not asked to.
    pub fn confirm_timeout_ms(&self) -> u32 {
        self.confirm.as_ref().map_or(0, |confirm| confirm.request.timeout_ms)
    }
}

impl CompiledRequest {
    /// A form that a GET request carries in its query.
    pub(super) const fn more_query(&self) -> Option<&Form> {
        match (self.method, &self.body) {
            (HttpMethod::Get, Body::Form(form)) => Some(form),
            _ => None,
        }
    }

    pub(super) fn body_text(&self, facts: &Facts<'_>) -> Result<String, RenderError> {
        match (self.method, &self.body) {
            (HttpMethod::Get, _) | (_, Body::None) => Ok(String::new()),
            (_, Body::Form(form)) => form.render(facts),
            (_, Body::Json(json)) => json.render(facts),
            (_, Body::Xml(xml)) => xml.render(facts),
        }
    }
}

/// The plain bid request, in each content type.
const PLAIN_FIELDS: [&str; 11] = [
    "requestId",
    "campaignId",
    "callerId",
    "callStartTime",
    "minBid",
    "maxBid",
    "currency",
    "callerState",
    "callerZip",
    "timestamp",
    "isoTimestamp",
];

/// The plain confirm request.
const PLAIN_CONFIRM_FIELDS: [&str; 5] =
    ["requestId", "bidId", "bidAmount", "callerId", "destinationNumber"];

/// Variables that are numbers stand bare in JSON.
const NUMBERS: [&str; 4] = ["minBid", "maxBid", "timestamp", "bidAmount"];

fn plain_body(fields: &[&str], content_type: BidContentType) -> String {
    let each = |write: &dyn Fn(&str) -> String, separator: &str| {
        fields.iter().map(|field| write(field)).collect::<Vec<_>>().join(separator)
    };
    match content_type {
        BidContentType::Form => each(&|field| format!("{field}={{{field}}}"), "&"),
        BidContentType::Json => {
            let member = |field: &str| {
                let quote = if NUMBERS.contains(&field) { "" } else { "\"" };
                format!("\"{field}\":{quote}{{{field}}}{quote}")
            };
            format!("{{{}}}", each(&member, ","))
        }
        BidContentType::Xml => {
            let element = |field: &str| format!("<{field}>{{{field}}}</{field}>");
            format!("<bidRequest>{}</bidRequest>", each(&element, ""))
        }
    }
}

/// One request as it is configured, for a ping and for a confirmation alike.
struct Source<'a> {
    /// Where it stands in the document.
    at: &'static str,
    scope: Scope,
    endpoint_url: &'a str,
    method: HttpMethod,
    content_type: BidContentType,
    headers: &'a BTreeMap<String, String>,
    request_body: Option<&'a str>,
    timeout_ms: u32,
    credential_header: Option<&'a str>,
}

impl Source<'_> {
    fn compile(&self, problems: &mut Vec<Problem>) -> Option<CompiledRequest> {
        let at = self.at;
        let url_path = format!("{at}/endpointUrl");
        let url = Url::parse(self.endpoint_url, Site { path: &url_path, scope: self.scope });
        let url = url.map_err(|found| problems.extend(found)).ok();
        let headers = self.headers(problems);
        let body = self.body().map_err(|found| problems.extend(found)).ok();
        let ignored = !matches!(body, None | Some(Body::None | Body::Form(_)));
        if self.method == HttpMethod::Get && self.request_body.is_some() && ignored {
            problems.push(Problem::warning(
                "unused",
                format!("{at}/requestBody"),
                "a GET request has no body: put the variables into endpointUrl, or use the content type form",
            ));
        }
        Some(CompiledRequest {
            method: self.method,
            url: url?,
            headers: headers?,
            content_type: self.content_type,
            timeout_ms: self.timeout_ms,
            body: body?,
        })
    }

    fn body(&self) -> Result<Body, Vec<Problem>> {
        let path = format!("{}/requestBody", self.at);
        let site = Site { path: &path, scope: self.scope };
        let plain;
        let text = match self.request_body {
            Some(text) => text,
            None if self.method == HttpMethod::Get => "",
            None => {
                let fields = match self.scope {
                    Scope::Ping => &PLAIN_FIELDS[..],
                    Scope::Confirm => &PLAIN_CONFIRM_FIELDS[..],
                };
                plain = plain_body(fields, self.content_type);
                &plain
            }
        };
        Ok(match self.content_type {
            _ if text.trim().is_empty() => Body::None,
            BidContentType::Form => Body::Form(Form::parse(text, site)?),
            BidContentType::Json => Body::Json(Json::parse(text, site)?),
            BidContentType::Xml => Body::Xml(Xml::parse(text, site)?),
        })
    }

    fn headers(&self, problems: &mut Vec<Problem>) -> Option<Vec<(String, Header)>> {
        let before = problems.len();
        let mut compiled: Vec<(String, Header)> = Vec::new();
        if self.headers.len() > limits::TARGET_HEADERS {
            problems.push(Problem::error(
                "too_many",
                format!("{}/headers", self.at),
                format!("at most {} headers are allowed", limits::TARGET_HEADERS),
            ));
        }
        for (name, value) in self.headers {
            let path =
                format!("{}/headers/{}", self.at, name.replace('~', "~0").replace('/', "~1"));
            let same = |known: &str| known.eq_ignore_ascii_case(name);
            if let Some(message) = header_name_problem(name) {
                problems.push(Problem::error("bad_header", path.as_str(), message));
            } else if compiled.iter().any(|(known, _)| same(known))
                || self.credential_header.is_some_and(same)
            {
                let message = format!("the header {name} stands twice");
                problems.push(Problem::error("duplicate", path.as_str(), message));
            }
            match Header::parse(value, Site { path: &path, scope: self.scope }) {
                Ok(header) => compiled.push((name.clone(), header)),
                Err(found) => problems.extend(found),
            }
        }
        (problems.len() == before).then_some(compiled)
    }
}

impl Target {
    /// All problems of this target, those of its templates and paths included.
    pub fn check(&self) -> Vec<Problem> {
        self.checked().0
    }

    /// The target, ready to be asked.
    ///
    /// # Errors
    /// All problems, where one of them blocks.
    ///
    /// ```
    /// use callcore::model::Target;
    ///
    /// let mut target = Target::new("Acme", "https://bid.example.com/{callerID}");
    /// let problems = target.compile().unwrap_err();
    /// assert_eq!((&*problems[0].code, &*problems[0].path), ("unknown_variable", "/endpointUrl"));
    /// assert!(problems[0].message.contains("did you mean {callerId}?"));
    ///
    /// target.endpoint_url = "https://bid.example.com/{callerId}".to_owned();
    /// assert_eq!(target.compile()?.name(), "Acme");
    /// # Ok::<(), Vec<callcore::vocabulary::Problem>>(())
    /// ```
    pub fn compile(&self) -> Result<CompiledTarget, Vec<Problem>> {
        match self.checked() {
            (problems, Some(compiled)) if !problems.iter().any(Problem::blocks) => Ok(compiled),
            (problems, _) => Err(problems),
        }
    }

    fn checked(&self) -> (Vec<Problem>, Option<CompiledTarget>) {
        let mut problems = self.check_settings();
        let none = TargetAuth::None;
        let auth = self.auth.as_ref().unwrap_or(&none);
        problems.extend(check_auth(auth));
        let ping = Source {
            at: "",
            scope: Scope::Ping,
            endpoint_url: &self.endpoint_url,
            method: self.method,
            content_type: self.content_type,
            headers: &self.headers,
            request_body: self.request_body.as_deref(),
            timeout_ms: self.timeout_ms,
            credential_header: credential_header(auth),
        };
        let ping = ping.compile(&mut problems);
        let mapping = Mapping::compile(&self.response, "/response");
        let mapping = mapping.map_err(|found| problems.extend(found)).ok();
        let confirm = self.confirm.as_ref().map(|confirm| confirmed(confirm, auth, &mut problems));
        // A confirmation with a problem is no absent confirmation.
        let confirm = match confirm {
            Some(None) => return (problems, None),
            Some(confirm) => confirm,
            None => None,
        };
        let compiled = ping.zip(mapping).map(|(ping, mapping)| CompiledTarget {
            ping,
            credential: Credential::new(auth),
            secrets: secrets::of(auth),
            mapping,
            confirm,
            currency: self.currency,
            timezone: self.timezone,
            expose_caller_id: self.expose_caller_id,
            name: self.name.clone(),
            min_bid: self.min_bid.map(|bound| bound.amount),
            max_bid: self.max_bid.map(|bound| bound.amount),
        });
        (problems, compiled)
    }
}

fn confirmed(
    confirm: &ConfirmRequest,
    auth: &TargetAuth,
    problems: &mut Vec<Problem>,
) -> Option<CompiledConfirm> {
    let source = Source {
        at: "/confirm",
        scope: Scope::Confirm,
        endpoint_url: &confirm.endpoint_url,
        method: confirm.method,
        content_type: confirm.content_type,
        headers: &confirm.headers,
        request_body: confirm.request_body.as_deref(),
        timeout_ms: confirm.timeout_ms,
        credential_header: credential_header(auth),
    };
    let request = source.compile(problems);
    let mapping = Mapping::compile(&confirm.response, "/confirm/response");
    let mapping = mapping.map_err(|found| problems.extend(found)).ok();
    Some(CompiledConfirm { request: request?, mapping: mapping?, required: confirm.required })
}
