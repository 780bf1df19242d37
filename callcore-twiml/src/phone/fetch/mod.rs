//! Requests, as Twilio makes them.

mod cookies;
mod policy;
mod target;

use callcore::model::HttpMethod;
use callcore::port::{HttpError, HttpRequest, HttpResponse};
use url::Url;

use super::limits::{MAX_HTTP_REDIRECTS, MAX_SOUND_BYTES};
use super::machine::{LineId, Machine};
use super::report::{Event, Outcome, Purpose, Requested};
use crate::signature::{Body, sign};
use crate::{Form, MAX_PARSE_BYTES, Method};

pub(super) use cookies::Cookies;
use policy::Fault;
use target::Target;

const USER_AGENT: &str = "TwilioProxy/1.1";
const CONTENT_TYPE: &str = "application/x-www-form-urlencoded; charset=utf-8";

/// Something that is to be requested.
#[derive(Debug)]
pub(super) struct Ask<'a> {
    pub(super) purpose: Purpose,
    /// As it stands in the document or in the settings.
    pub(super) url: &'a str,
    /// The URL of the document that it stands in.
    pub(super) base: Option<&'a Url>,
    pub(super) method: Option<Method>,
    /// The parameters beyond those that every request has.
    pub(super) details: Form,
    /// The parameters that every request has, if they were others when this was due.
    pub(super) standard: Option<Form>,
}

/// What a request came to.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) answer: Result<Answer, Failure>,
    pub(super) elapsed_ms: u64,
}

/// An answer with a status from 200 to 299.
#[derive(Debug)]
pub(super) struct Answer {
    /// The URL that it came from, after HTTP redirects.
    pub(super) url: Url,
    pub(super) status: u16,
    pub(super) content_type: String,
    pub(super) body: Vec<u8>,
}

/// Why there is nothing to go on with, by Twilio's codes
/// (<https://www.twilio.com/docs/api/errors>).
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) code: u32,
    pub(super) url: String,
    pub(super) reason: String,
}

impl Failure {
    pub(super) fn new(code: u32, url: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { code, url: url.into(), reason: reason.into() }
    }
}

/// What stays the same over the tries of a request, and what adds up.
struct Tries {
    purpose: Purpose,
    token: String,
    elapsed_ms: u64,
}

/// One request, and the next after an HTTP redirect.
struct Hop {
    target: Target,
    method: Method,
    parameters: Form,
    standard: usize,
}

impl Machine<'_> {
    /// Makes a request for a line, with its tries and HTTP redirects. The clock stays where it is.
    pub(super) async fn send(&mut self, line: LineId, ask: &Ask<'_>) -> Delivery {
        let mut tries = Tries { purpose: ask.purpose, token: self.sids.token(), elapsed_ms: 0 };
        let answer = self.follow(line, ask, &mut tries).await;
        Delivery { answer, elapsed_ms: tries.elapsed_ms }
    }

    async fn follow(
        &mut self,
        line: LineId,
        ask: &Ask<'_>,
        tries: &mut Tries,
    ) -> Result<Answer, Failure> {
        let mut hop = self.first_hop(line, ask)?;
        for _ in 0..=MAX_HTTP_REDIRECTS {
            let request = self.request(&hop, tries);
            let answer = self.try_all(&hop, &request, tries).await?;
            self.cookies.keep(hop.target.host(), &answer);
            let address = hop.target.address();
            match (answer.status, answer.header("location")) {
                (200..=299, _) => {
                    if self.phone.send_twice && tries.purpose.is_control() {
                        self.repeat(&hop, &request, &answer, tries).await;
                    }
                    let content_type = answer.header("content-type").unwrap_or_default().to_owned();
                    let (url, status) = (hop.target.url().clone(), answer.status);
                    return Ok(Answer { url, status, content_type, body: answer.body });
                }
                (301 | 302 | 303 | 307 | 308, Some(location)) => {
                    let target = Target::resolve(Some(hop.target.url()), location)?;
                    hop = match answer.status {
                        307 | 308 => Hop { target, ..hop },
                        // Browsers do the same: the answer to a form is elsewhere.
                        _ => Hop {
                            target,
                            method: Method::Get,
                            parameters: Form::new(),
                            standard: 0,
                        },
                    };
                }
                (status, _) => {
                    let reason = format!("the server answered with status {status}");
                    return Err(Failure::new(11200, address, reason));
                }
            }
        }
        let reason = format!("there are more than {MAX_HTTP_REDIRECTS} HTTP redirects");
        Err(Failure::new(11215, hop.target.address(), reason))
    }

    fn first_hop(&self, line: LineId, ask: &Ask<'_>) -> Result<Hop, Failure> {
        let target = Target::resolve(ask.base, ask.url)?;
        if ask.purpose == Purpose::Sound {
            let parameters = Form::new();
            return Ok(Hop { target, method: Method::Get, parameters, standard: 0 });
        }
        let mut parameters = ask.standard.clone().unwrap_or_else(|| self.parameters(line));
        let standard = parameters.len();
        for (name, value) in ask.details.iter() {
            parameters.push(name, value);
        }
        let method = ask.method.unwrap_or(Method::Post);
        Ok(Hop { target, method, parameters, standard })
    }

    fn request(&self, hop: &Hop, tries: &Tries) -> HttpRequest {
        let token = self.phone.auth_token.expose();
        let (method, url, signed_body, body) = match hop.method {
            Method::Get => {
                let url = hop.target.address_with(&hop.parameters);
                (HttpMethod::Get, url, Body::None, Vec::new())
            }
            Method::Post => {
                let body = hop.parameters.encode().into_bytes();
                (HttpMethod::Post, hop.target.address(), Body::Form(&hop.parameters), body)
            }
        };
        let signature = sign(token, &hop.target.signed(&url), signed_body);
        let mut headers = vec![
            ("User-Agent", USER_AGENT.to_owned()),
            ("Accept", "*/*".to_owned()),
            ("Cache-Control", "max-age=259200".to_owned()),
            ("X-Twilio-Signature", signature),
            ("I-Twilio-Idempotency-Token", tries.token.clone()),
        ];
        if method == HttpMethod::Post {
            headers.push(("Content-Type", CONTENT_TYPE.to_owned()));
        }
        headers.extend(hop.target.authorization().map(|value| ("Authorization", value)));
        headers.extend(self.cookies.header(hop.target.host()).map(|value| ("Cookie", value)));
        let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let most_body_bytes = match tries.purpose {
            Purpose::Sound => MAX_SOUND_BYTES,
            _ => MAX_PARSE_BYTES,
        };
        let timeout = hop.target.policy().timeout(tries.elapsed_ms).unwrap_or_default();
        HttpRequest { method, url, headers, body, timeout, most_body_bytes }
    }

    /// Tries until there is an answer that need not be tried again.
    async fn try_all(
        &mut self,
        hop: &Hop,
        request: &HttpRequest,
        tries: &mut Tries,
    ) -> Result<HttpResponse, Failure> {
        let policy = hop.target.policy();
        let mut retries_left = policy.retries;
        loop {
            let Some(timeout) = policy.timeout(tries.elapsed_ms) else {
                let reason = "there is no time left for another try";
                return Err(Failure::new(11200, hop.target.address(), reason));
            };
            let request = HttpRequest { timeout, ..request.clone() };
            let answer = self.try_once(hop, request, tries).await;
            match fault(&answer) {
                Some(fault) if retries_left > 0 && policy.retries_after(fault) => retries_left -= 1,
                _ => return answer.map_err(|error| failure(hop.target.address(), &error)),
            }
        }
    }

    async fn try_once(
        &mut self,
        hop: &Hop,
        request: HttpRequest,
        tries: &mut Tries,
    ) -> Result<HttpResponse, HttpError> {
        let (timeout, most_body_bytes) = (request.timeout, request.most_body_bytes);
        let begun_ms = self.clock_ms.saturating_add(tries.elapsed_ms);
        if let Some(timekeeper) = &self.phone.timekeeper {
            timekeeper.requests_at(self.instant(begun_ms));
        }
        let answer = match self.phone.http.send(request).await {
            Ok(answer) if answer.body.len() > most_body_bytes => Err(HttpError::TooLarge),
            answer => answer,
        };
        if answer == Err(HttpError::Timeout) {
            tries.elapsed_ms += u64::try_from(timeout.as_millis()).unwrap_or(0);
        }
        let outcome = match &answer {
            Ok(answer) => Outcome::Status(answer.status),
            Err(error) => Outcome::Failed(error.to_string()),
        };
        let requested = Requested {
            purpose: tries.purpose,
            method: hop.method,
            url: hop.target.address(),
            parameters: hop.parameters.clone(),
            standard: hop.standard,
            token: tries.token.clone(),
            outcome,
        };
        self.note_at(begun_ms, Event::Requested(requested));
        answer
    }

    /// Makes a request again, as when the answer was lost on its way.
    async fn repeat(
        &mut self,
        hop: &Hop,
        request: &HttpRequest,
        answer: &HttpResponse,
        tries: &mut Tries,
    ) {
        let again = self.try_once(hop, request.clone(), tries).await;
        let same =
            |again: &HttpResponse| again.status == answer.status && again.body == answer.body;
        if !again.as_ref().is_ok_and(same) {
            let address = hop.target.address();
            self.warn(None, format!("{address} answers the same request differently"));
        }
    }
}

/// Why an answer is no success; none is that it is one, or an HTTP redirect.
fn fault(answer: &Result<HttpResponse, HttpError>) -> Option<Fault> {
    match answer {
        Ok(answer) => match answer.status {
            400..=499 => Some(Fault::ClientError),
            500.. => Some(Fault::ServerError),
            _ => None,
        },
        Err(HttpError::Timeout) => Some(Fault::Read),
        Err(HttpError::Unreachable(_)) => Some(Fault::Connect),
        Err(_) => Some(Fault::Final),
    }
}

fn failure(address: String, error: &HttpError) -> Failure {
    let code = match error {
        HttpError::Forbidden | HttpError::Unreachable(_) => 11205,
        HttpError::TooLarge => 11750,
        HttpError::Broken(_) | HttpError::NotHttp(_) => 11206,
        _ => 11200,
    };
    Failure::new(code, address, error.to_string())
}
