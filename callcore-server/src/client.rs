//! The `Http` port on reqwest.

use std::time::Duration;

use async_trait::async_trait;
use callcore::model::HttpMethod;
use callcore::port::{Http, HttpError, HttpRequest, HttpResponse};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Response};

/// How long an idle connection is kept: shorter than servers do, so that none is used that the
/// other side has closed already.
const IDLE: Duration = Duration::from_secs(4);

/// Sends requests with reqwest: no redirects, no proxies, no cookies, no decompression.
#[derive(Clone, Debug)]
pub struct HttpClient(Client);

impl Default for HttpClient {
    fn default() -> Self {
        // An error says that a provider is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .pool_idle_timeout(IDLE)
            .build()
            .expect("a TLS provider was installed just now, and nothing else can fail");
        Self(client)
    }
}

#[async_trait]
impl Http for HttpClient {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let timeout = request.timeout;
        let exchange = self.exchange(request);
        tokio::time::timeout(timeout, exchange).await.unwrap_or(Err(HttpError::Timeout))
    }
}

impl HttpClient {
    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let method = match request.method {
            HttpMethod::Get => Method::GET,
            HttpMethod::Post => Method::POST,
        };
        let most = request.most_body_bytes;
        let mut sent = self.0.request(method, &request.url).body(request.body);
        for (name, value) in request.headers {
            sent = sent.header(name, value);
        }
        let response = sent.send().await.map_err(failed)?;
        let status = response.status().as_u16();
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| {
                (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            })
            .collect();
        Ok(HttpResponse { status, headers, body: body(response, most).await? })
    }
}

async fn body(mut response: Response, most: usize) -> Result<Vec<u8>, HttpError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if body.len() + chunk.len() > most {
            return Err(HttpError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn failed(error: reqwest::Error) -> HttpError {
    // reqwest's own text names the URL, and a URL may hold secrets.
    let error = error.without_url();
    if error.is_timeout() {
        HttpError::Timeout
    } else if error.is_connect() || error.is_builder() {
        HttpError::Unreachable(error.to_string())
    } else {
        HttpError::Broken(error.to_string())
    }
}
