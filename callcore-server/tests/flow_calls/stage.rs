//! The server, the phone that calls it, and what both say of a call.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use callcore::memory::Offline;
use callcore::port::{Http, HttpError, HttpRequest, HttpResponse};
use callcore::vocabulary::CallId;
use callcore_server::client::HttpClient;
use callcore_server::config::Settings;
use callcore_server::start;
use callcore_twiml::Password;
use callcore_twiml::phone::{Phone, Report};
use callcore_twiml::webhook::CARRIER;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::api::Api;

pub(crate) const ACCOUNT: &str = "AC00000000000000000000000000000001";
pub(crate) const TOKEN: &str = "the-token-of-the-flow-calls";
/// The URL that the carrier knows. Requests to it are led to wherever the server listens.
pub(crate) const PUBLIC_URL: &str = "https://calls.example.com";
const PATIENCE: Duration = Duration::from_secs(30);

/// The way from the carrier to the server. Sounds are somebody else's, and they are always there.
#[derive(Debug)]
struct Wire {
    http: HttpClient,
    server: String,
}

#[async_trait]
impl Http for Wire {
    async fn send(&self, mut request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let Some(path) = request.url.strip_prefix(PUBLIC_URL) else {
            let headers = vec![("content-type".to_owned(), "audio/mpeg".to_owned())];
            return Ok(HttpResponse { status: 200, headers, body: b"ID3".to_vec() });
        };
        request.url = format!("{}{path}", self.server);
        self.http.send(request).await
    }
}

/// Where nobody answers.
#[derive(Debug)]
pub(crate) struct Nowhere;

#[async_trait]
impl Http for Nowhere {
    async fn send(&self, _: HttpRequest) -> Result<HttpResponse, HttpError> {
        Err(HttpError::Forbidden)
    }
}

/// One call, as the phone and the API tell it.
#[derive(Debug)]
pub(crate) struct Played {
    pub(crate) report: Report,
    pub(crate) session: Value,
}

impl Played {
    /// What the caller heard: texts, and sounds by their URLs.
    pub(crate) fn heard(&self) -> Vec<&str> {
        self.report.heard().collect()
    }

    /// The exits that were taken, such as `menu:key:1`.
    pub(crate) fn exits(&self) -> String {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let nodes = self.session["nodes"].as_array().unwrap().iter();
        let exits = nodes.filter_map(|node| {
            Some(format!("{}:{}", text(&node["nodeId"])?, text(&node["exit"])?))
        });
        exits.collect::<Vec<_>>().join(" ")
    }
}

/// A server on SQLite in this process, with its owner signed in.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) api: Api,
    wire: Arc<Wire>,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
    _folder: TempDir,
}

impl Stage {
    pub(crate) async fn open() -> Self {
        Self::open_on(None).await
    }

    /// With the carrier's API at this address.
    pub(crate) async fn open_on(twilio_api_url: Option<String>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings {
            data_dir: Some(folder.path().display().to_string()),
            listen: Some("127.0.0.1:0".into()),
            public_url: Some(PUBLIC_URL.into()),
            twilio_account_sid: Some(ACCOUNT.into()),
            twilio_auth_token: Some(TOKEN.into()),
            twilio_api_url,
            ..Settings::default()
        };
        let server = start::bind(settings.check().unwrap(), Arc::new(Offline)).await.unwrap();
        let url = format!("http://{}", server.address());
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(server.run(async {
            let _ = stopped.await;
        }));
        let api = Api::set_up(url.clone()).await;
        let wire = Arc::new(Wire { http: HttpClient::default(), server: url });
        Self { api, wire, stop, serving, _folder: folder }
    }

    pub(crate) async fn close(self) {
        let _ = self.stop.send(());
        tokio::time::timeout(PATIENCE, self.serving).await.unwrap().unwrap();
    }

    /// The way of a phone's requests to the server.
    pub(crate) fn http(&self) -> Arc<dyn Http> {
        self.wire.clone()
    }

    pub(crate) async fn buyer(&self, name: &str, number: &str) -> String {
        let buyer = json!({ "name": name, "destination": number });
        self.api.post("/api/buyers", &buyer).await["id"].as_str().unwrap().to_owned()
    }

    /// Publishes a flow, and a campaign with this buyer whose number leads into it.
    pub(crate) async fn campaign(&self, number: &str, buyer: &str, flow: &Value) {
        let flow = self.api.post("/api/flows", flow).await;
        let id = flow["id"].as_str().unwrap();
        assert_eq!(self.api.act(&format!("/api/flows/{id}/publish")).await["version"], 1);
        let number = self.api.post("/api/numbers", &json!({ "number": number })).await;
        let campaign = json!({ "name": id, "routingType": "direct", "phoneNumberId": number["id"],
            "flowId": id });
        let campaign = self.api.post("/api/campaigns", &campaign).await;
        let campaign = campaign["id"].as_str().unwrap();
        self.api.put(&format!("/api/campaigns/{campaign}/buyers/{buyer}"), &json!({})).await;
        self.api.act(&format!("/api/campaigns/{campaign}/activate")).await;
    }

    /// Plays a call with every request made twice. The carrier has nothing to complain about.
    pub(crate) async fn call(&self, seed: u64, number: &str, script: &str) -> Played {
        let (http, token): (Arc<dyn Http>, _) = (self.wire.clone(), Password::new(TOKEN));
        let mut phone = Phone::new(http, token, format!("{PUBLIC_URL}/api/webhooks/voice"));
        phone.status_callback = Some(format!("{PUBLIC_URL}/api/webhooks/status"));
        phone.account_sid = ACCOUNT.to_owned();
        phone.to = number.to_owned();
        phone.seed = seed;
        phone.send_twice = true;
        let report = phone.call(&script.parse().unwrap()).await;
        assert_eq!(report.warnings().collect::<Vec<_>>(), Vec::<&_>::new(), "{report}");
        let id = CallId::derive(CARRIER, ACCOUNT, &report.call_sid);
        let session = self.api.get(&format!("/api/flow-sessions/{id}")).await;
        Played { report, session }
    }
}
