//! One tenant's requests: from the port's request to the answer.

use std::cell::Cell;
use std::sync::Arc;

use async_trait::async_trait;
use callcore::model::HttpMethod;
use callcore::port::{Http, HttpError, HttpRequest, HttpResponse};
use callcore::vocabulary::TenantId;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Body, Client, Method, Request, Response};
use url::Url;

use super::answer::{broke_off, busy, failed, received};
use super::client::CONNECT;
use super::names::waiting_for;
use super::place::{Full, Places};
use super::target::{Policy, Refused, parse_url};

/// How many requests of one tenant are under way, in all and to one host.
const MOST_REQUESTS: usize = 1024;
const MOST_REQUESTS_TO_HOST: usize = 256;

/// Headers that belong to the connection, to the body's length or to the guard.
const OURS: [&str; 12] = [
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

tokio::task_local! {
    /// Whether the request under way has opened a connection of its own.
    static CONNECTING: Cell<bool>;
}

/// Notes that the request under way opens a connection. It stands before the connector, whose types
/// cannot be named.
pub(super) fn connecting<T>(target: T) -> T {
    let _ = CONNECTING.try_with(|connecting| connecting.set(true));
    target
}

/// One tenant's client.
#[derive(Debug)]
pub(super) struct TenantClient {
    tenant: TenantId,
    client: Client,
    policy: Arc<Policy>,
    places: Places<String>,
}

#[async_trait]
impl Http for TenantClient {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        // One time limit for everything; what is under way when it ends is dropped and closed.
        let timeout = request.timeout;
        // What is our own to give takes half of it at the most, also of the time for connecting:
        // later nobody could tell whether it was us or the bidder who was late.
        let exchange = waiting_for(timeout.min(CONNECT) / 2, self.exchange(request));
        tokio::time::timeout(timeout, exchange).await.unwrap_or(Err(HttpError::Timeout))
    }
}

impl TenantClient {
    pub(super) fn new(tenant: TenantId, client: Client, policy: Arc<Policy>) -> Self {
        let places = Places::new(MOST_REQUESTS, MOST_REQUESTS_TO_HOST);
        Self { tenant, client, policy, places }
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let most = request.most_body_bytes;
        let url =
            parse_url(&request.url, &self.policy).map_err(|refused| self.refused(&refused))?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let request = prepared(request, url)?;
        let _place = self.places.take(&host).map_err(|Full { all, of_one }| {
            busy(
                &host,
                &format_args!("{all} requests are under way, {of_one} of them to this host"),
            )
        })?;
        let response = self.answered(request).await.map_err(|error| failed(error, &host))?;
        self.check_peer(&response)?;
        received(response, most).await
    }

    fn refused(&self, refused: &Refused) -> HttpError {
        tracing::info!(tenant = %self.tenant, %refused, "a request was refused");
        match refused {
            Refused::Malformed(_) | Refused::TooLong(_) => {
                HttpError::Unreachable(refused.to_string())
            }
            _ => HttpError::Forbidden,
        }
    }

    /// Sends the request, and once more if it went over a used connection that died before an
    /// answer: the other side had most likely closed it before it saw the request.
    async fn answered(&self, request: Request) -> Result<Response, reqwest::Error> {
        let again = request.try_clone();
        let (outcome, connected) = self.once(request).await;
        match (outcome, again) {
            (Err(error), Some(again)) if !connected && broke_off(&error) => {
                self.once(again).await.0
            }
            (outcome, _) => outcome,
        }
    }

    async fn once(&self, request: Request) -> (Result<Response, reqwest::Error>, bool) {
        let attempt = async {
            let outcome = self.client.execute(request).await;
            (outcome, CONNECTING.with(Cell::get))
        };
        CONNECTING.scope(Cell::new(false), attempt).await
    }

    /// The resolver has let through only what is allowed; should anything ever go past it, the
    /// answer at least is not shown.
    fn check_peer(&self, response: &Response) -> Result<(), HttpError> {
        let peer = response.remote_addr();
        match peer.and_then(|peer| self.policy.refusal(peer.ip())) {
            Some(reason) => {
                tracing::error!(tenant = %self.tenant, %reason, "connected to a refused address");
                Err(HttpError::Forbidden)
            }
            None => Ok(()),
        }
    }
}

fn prepared(request: HttpRequest, url: Url) -> Result<Request, HttpError> {
    let method = match request.method {
        HttpMethod::Get => Method::GET,
        HttpMethod::Post => Method::POST,
    };
    let mut prepared = Request::new(method, url);
    *prepared.headers_mut() = headers(&request.headers)?;
    if !request.body.is_empty() || request.method == HttpMethod::Post {
        *prepared.body_mut() = Some(Body::from(request.body));
    }
    Ok(prepared)
}

fn headers(given: &[(String, String)]) -> Result<HeaderMap, HttpError> {
    let malformed = || HttpError::Unreachable("a header of the request is malformed".into());
    let mut headers = HeaderMap::with_capacity(given.len());
    for (name, value) in given {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| malformed())?;
        let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| malformed())?;
        if !OURS.contains(&name.as_str()) {
            headers.append(name, value);
        }
    }
    Ok(headers)
}
