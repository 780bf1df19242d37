//! The owner, who configures and reads through the HTTP API.

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

/// The owner's session at one server, which every other server knows too.
#[derive(Debug)]
pub(crate) struct Api {
    client: Client,
    url: String,
    cookie: String,
}

impl Api {
    /// Creates the owner and signs in.
    pub(crate) async fn set_up(url: String) -> Self {
        // An error says that a provider is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().no_proxy().build().expect("a TLS provider is installed");
        let mut api = Self { client, url, cookie: String::new() };
        let owner = json!({ "username": "owner", "password": "correct horse battery staple 47" });
        api.post("/api/auth/setup", &owner).await;
        let login = api.client.post(format!("{}/api/auth/login", api.url));
        let login = login.header("Content-Type", "application/json").body(owner.to_string());
        let answer = login.send().await.expect("the server answers");
        let cookie = answer.headers().get("set-cookie").expect("a session");
        let cookie = cookie.to_str().expect("plain").split(';').next().unwrap_or_default();
        api.cookie = cookie.to_owned();
        api
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.send(Method::GET, path, None, StatusCode::OK).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Value {
        self.send(Method::POST, path, Some(body), StatusCode::CREATED).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Value {
        self.send(Method::PUT, path, Some(body), StatusCode::OK).await
    }

    pub(crate) async fn act(&self, path: &str) -> Value {
        self.send(Method::POST, path, None, StatusCode::OK).await
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        expected: StatusCode,
    ) -> Value {
        let what = format!("{method} {path}");
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        if let Some(body) = body {
            request = request.header("Content-Type", "application/json").body(body.to_string());
        }
        let answer = request.header("Cookie", &self.cookie).send().await;
        let answer = answer.unwrap_or_else(|error| panic!("{what}: {error:?}"));
        let status = answer.status();
        let text = answer.text().await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
        assert_eq!(status, expected, "{what}: {text}");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{what}: {error}: {text}"))
    }
}
