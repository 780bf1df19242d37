//! Somebody of the tenant who is signed in.

use callcore::model::HttpMethod;
use callcore::port::{Http, HttpRequest};
use callcore_server::auth::new_owner;
use callcore_server::client::HttpClient;
use serde_json::{Value, json};

use crate::office::{Office, PATIENCE};
use crate::world::TENANT;

const PASSWORD: &str = "correct horse battery staple";

/// The owner of [`TENANT`].
#[derive(Debug)]
pub(crate) struct Owner {
    url: String,
    cookie: String,
}

impl Owner {
    pub(crate) async fn of(office: &Office) -> Self {
        let now = chrono::Utc::now();
        let mut owner = new_owner("owner", PASSWORD, now).await.unwrap();
        owner.user.tenant = TENANT;
        office.app.stores.system.set_up(owner, now).await.unwrap();
        let mut signed_in = Self { url: office.line.url(""), cookie: String::new() };
        let login = json!({ "username": "owner", "password": PASSWORD });
        let login = signed_in.request(HttpMethod::Post, "/api/auth/login", Some(&login));
        let answer = HttpClient::default().send(login).await.unwrap();
        let cookie = answer.header("set-cookie").unwrap().split(';').next().unwrap();
        signed_in.cookie = cookie.to_owned();
        signed_in
    }

    /// Reads a resource, which must answer with this status.
    pub(crate) async fn get(&self, status: u16, path: &str) -> Value {
        let request = self.request(HttpMethod::Get, path, None);
        let answer = HttpClient::default().send(request).await.unwrap();
        let body = String::from_utf8(answer.body).unwrap();
        assert_eq!(answer.status, status, "{path}: {body}");
        serde_json::from_str(&body).unwrap()
    }

    fn request(&self, method: HttpMethod, path: &str, body: Option<&Value>) -> HttpRequest {
        HttpRequest {
            method,
            url: format!("{}{path}", self.url),
            headers: vec![
                ("Content-Type".into(), "application/json".into()),
                ("Cookie".into(), self.cookie.clone()),
            ],
            body: body.map(|body| body.to_string().into_bytes()).unwrap_or_default(),
            timeout: PATIENCE,
            most_body_bytes: 1_000_000,
        }
    }
}
