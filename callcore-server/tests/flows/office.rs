//! A server that listens, with a campaign whose number leads into a flow.

use std::sync::Arc;
use std::time::{Duration, Instant};

use callcore::memory::Offline;
use callcore::model::{
    Campaign, CampaignStatus, FlowDefinition, HttpMethod, Number, Object, RoutingType,
};
use callcore::port::{DeliveryRecord, DeliveryStatus, Http, HttpRequest, Journey};
use callcore::vocabulary::{CallId, CampaignId, FlowId, NumberId};
use callcore_server::client::HttpClient;
use callcore_server::config::Settings;
use callcore_server::start;
use callcore_server::state::{App, Stores};
use callcore_twiml::Form;
use callcore_twiml::signature::{Body, sign};
use callcore_twiml::webhook::CARRIER;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::world::{ACCOUNT, CALLED, CALLER, PUBLIC_URL, TENANT, TOKEN};

const CAMPAIGN: CampaignId = CampaignId::from_uuid(Uuid::from_u128(1));
const NUMBER: NumberId = NumberId::from_uuid(Uuid::from_u128(2));
pub(crate) const FLOW: FlowId = FlowId::from_uuid(Uuid::from_u128(3));

/// Longer than anything takes that comes at all.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Settings of a server that keeps its files here.
pub(crate) fn settings(folder: &TempDir) -> Settings {
    Settings {
        data_dir: Some(folder.path().display().to_string()),
        listen: Some("127.0.0.1:0".into()),
        public_url: Some(PUBLIC_URL.into()),
        twilio_account_sid: Some(ACCOUNT.into()),
        twilio_auth_token: Some(TOKEN.into()),
        allow_private_targets: Some("true".into()),
        ..Settings::default()
    }
}

/// A server that runs in this process.
#[derive(Debug)]
pub(crate) struct Office {
    pub(crate) app: App,
    pub(crate) line: Line,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Office {
    pub(crate) async fn open(settings: Settings) -> Self {
        let server = start::bind(settings.check().unwrap(), Arc::new(Offline)).await.unwrap();
        let app = Arc::clone(server.app());
        let line = Line::to(format!("http://{}", server.address()));
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(server.run(async {
            let _ = stopped.await;
        }));
        Self { app, line, stop, serving }
    }

    /// Asks it to stop and waits until it has.
    pub(crate) async fn close(self) {
        let _ = self.stop.send(());
        tokio::time::timeout(PATIENCE, self.serving).await.unwrap().unwrap();
    }
}

/// Writes the campaign, its number and the flow, and publishes it.
pub(crate) async fn configure(stores: &Stores, flow: FlowDefinition) {
    let (registry, now) = (&stores.registry, chrono::Utc::now());
    let number = Number::new(CALLED.parse().unwrap());
    registry.create(TENANT, NUMBER.uuid(), number.into(), now).await.unwrap();
    let draft = registry.create(TENANT, FLOW.uuid(), object(flow), now).await.unwrap();
    stores.flows.publish(TENANT, FLOW, draft.version, now).await.unwrap();
    let campaign = Campaign {
        status: CampaignStatus::Active,
        phone_number_id: Some(NUMBER),
        flow_id: Some(FLOW),
        ..Campaign::new("Flow", RoutingType::Direct)
    };
    registry.create(TENANT, CAMPAIGN.uuid(), campaign.into(), now).await.unwrap();
}

/// Edits the flow and publishes what came of it.
pub(crate) async fn publish(stores: &Stores, flow: FlowDefinition) {
    let now = chrono::Utc::now();
    let newest = stores.flows.newest(TENANT, FLOW).await.unwrap();
    let version = newest.unwrap().draft;
    let replaced = stores.registry.replace(TENANT, FLOW.uuid(), version, object(flow), now);
    let draft = replaced.await.unwrap();
    stores.flows.publish(TENANT, FLOW, draft.version, now).await.unwrap();
}

fn object(flow: FlowDefinition) -> Object {
    Object::Flow(Box::new(flow))
}

/// What the carrier keeps of a call that it named so.
pub(crate) async fn journey(stores: &Stores, call: &str) -> Journey {
    stores.calls.read(TENANT, id(call)).await.unwrap().unwrap()
}

fn id(call: &str) -> CallId {
    CallId::derive(CARRIER, ACCOUNT, call)
}

/// The only delivery of a call, once it is settled.
pub(crate) async fn settled(stores: &Stores, call: &str) -> DeliveryRecord {
    let begun = Instant::now();
    loop {
        let [delivery] = &stores.outbox.of_call(TENANT, id(call)).await.unwrap()[..] else {
            panic!("one delivery is expected");
        };
        if delivery.status != DeliveryStatus::Waiting {
            return delivery.clone();
        }
        assert!(begun.elapsed() < PATIENCE, "{delivery:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The carrier's requests to a server.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    http: HttpClient,
    server: String,
}

/// What is answered.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) text: String,
    pub(crate) after: Duration,
}

impl Line {
    pub(crate) fn to(server: String) -> Self {
        Self { http: HttpClient::default(), server }
    }

    /// An address of the server itself.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.server)
    }

    /// A call comes in.
    pub(crate) async fn voice(&self, call: &str) -> Answer {
        self.webhook("/api/webhooks/voice", call, &[("CallStatus", "ringing")]).await
    }

    /// The caller does something at a step.
    pub(crate) async fn step(&self, call: &str, step: u32, more: &[(&str, &str)]) -> Answer {
        let path = format!("/api/webhooks/flow/{TENANT}/{step}");
        let more: Vec<_> = [("CallStatus", "in-progress")].iter().chain(more).copied().collect();
        self.webhook(&path, call, &more).await
    }

    /// The caller's call moved.
    pub(crate) async fn status(&self, call: &str, status: &str) -> Answer {
        self.webhook("/api/webhooks/status", call, &[("CallStatus", status)]).await
    }

    /// One webhook about the caller's call.
    pub(crate) async fn webhook(&self, path: &str, call: &str, more: &[(&str, &str)]) -> Answer {
        let always = [("CallSid", call), ("AccountSid", ACCOUNT), ("From", CALLER), ("To", CALLED)];
        self.post(&format!("{PUBLIC_URL}{path}"), &always.iter().chain(more).copied().collect())
            .await
    }

    /// One signed request to an address of ours.
    pub(crate) async fn post(&self, url: &str, form: &Form) -> Answer {
        let signature = sign(TOKEN, url, Body::Form(form));
        self.post_signed(url, form, signature).await
    }

    pub(crate) async fn post_signed(&self, url: &str, form: &Form, signature: String) -> Answer {
        let begun = Instant::now();
        let request = HttpRequest {
            method: HttpMethod::Post,
            url: url.replacen(PUBLIC_URL, &self.server, 1),
            headers: vec![
                ("Content-Type".into(), "application/x-www-form-urlencoded".into()),
                ("X-Twilio-Signature".into(), signature),
            ],
            body: form.encode().into_bytes(),
            timeout: PATIENCE,
            most_body_bytes: 100_000,
        };
        let answer = self.http.send(request).await.unwrap();
        let text = String::from_utf8(answer.body).unwrap();
        Answer { status: answer.status, text, after: begun.elapsed() }
    }
}
