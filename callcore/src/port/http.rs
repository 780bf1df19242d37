//! Requests to other servers.

use std::fmt::{self, Debug};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::model::HttpMethod;
use crate::vocabulary::TenantId;

/// One request, ready to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// Its method.
    pub method: HttpMethod,
    /// An absolute http or https URL.
    pub url: String,
    /// Headers in order. `Content-Length` and `Host` are the adapter's.
    pub headers: Vec<(String, String)>,
    /// The body; empty for none.
    pub body: Vec<u8>,
    /// How long the whole exchange may take, from the look-up of the name to the last byte.
    pub timeout: Duration,
    /// How many bytes of the answer's body are read at the most.
    pub most_body_bytes: usize,
}

impl Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Query, headers and body may hold secrets and what callers said.
        let url = self.url.split(['?', '#']).next().unwrap_or_default();
        f.debug_struct("HttpRequest")
            .field("method", &self.method)
            .field("url", &url)
            .finish_non_exhaustive()
    }
}

/// What came back.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpResponse {
    /// The status code.
    pub status: u16,
    /// Headers in order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl HttpResponse {
    /// The first header of this lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpResponse")
            .field("status", &self.status)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// Why no answer came.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// Nothing was sent: on our side every place for it is taken. It says nothing of the other side.
    #[error("no place is free on our side: {0}")]
    Busy(String),
    /// The address may not be reached: the operator forbids it.
    #[error("the address is not allowed")]
    Forbidden,
    /// No connection was made: the name, the address, the port or TLS.
    #[error("no connection: {0}")]
    Unreachable(String),
    /// The answer did not come in time.
    #[error("no answer in time")]
    Timeout,
    /// The answer's body is larger than is read.
    #[error("the answer is too large")]
    TooLarge,
    /// The connection broke off before the answer was whole.
    #[error("the exchange broke off: {0}")]
    Broken(String),
    /// What came is no HTTP.
    #[error("the answer is no HTTP: {0}")]
    NotHttp(String),
}

/// The way out for each tenant.
pub trait Egress: Debug + Send + Sync {
    /// Sends requests to addresses that this tenant configured. Tenants share no connection, so
    /// that nothing of one can reach another.
    fn tenant(&self, tenant: TenantId) -> Arc<dyn Http>;
}

/// Sends requests. Redirects are not followed, answers are not decompressed, cookies are not kept.
#[async_trait]
pub trait Http: Debug + Send + Sync {
    /// Sends one request and reads the whole answer.
    ///
    /// **Atomicity**: none; after an error the other side may have acted all the same.
    ///
    /// # Errors
    /// [`HttpError`]. An answer with any status is no error.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError>;
}
