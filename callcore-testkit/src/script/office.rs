//! A whole server without a network: it verifies, parses, lets the real switchboard decide, renders.

use std::sync::Arc;

use callcore::call::{Directive, Event};
use callcore::memory::Offline;
use callcore::model::HttpMethod;
use callcore::model::Object;
use callcore::port::{DeliveryRecord, HttpRequest, HttpResponse, Journey, Registry, Swept};
use callcore::switchboard::{Ports, Settings, Switchboard};
use callcore::vocabulary::{CallId, FlowId, TenantId};
use callcore_twiml::Form;
use callcore_twiml::render::Renderer;
use callcore_twiml::signature::{Body, sign, verify};
use callcore_twiml::webhook::{self, Webhook};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::code::Table;
use super::steps::Step;
use crate::{Harness, ManualClock};

const PUBLIC_URL: &str = "https://calls.example";
pub(super) const TENANT: TenantId = TenantId::from_uuid(Uuid::from_u128(1));

/// What requests are signed with.
pub(super) const TOKEN: &str = "a token that only the carrier knows";
/// What callers hear where a campaign has no message of its own.
const MESSAGE: &str = "Nobody is available.";

/// The server, its store and its clock.
#[derive(Debug)]
pub(super) struct Office<H> {
    store: H,
    pub(super) clock: Arc<ManualClock>,
    code: Arc<Table>,
    switchboard: Switchboard,
    renderer: Renderer,
}

/// What a request was answered.
#[derive(Clone, Debug)]
pub(super) struct Answered {
    pub(super) directives: Vec<Directive>,
    pub(super) response: HttpResponse,
}

/// The address of one of the webhooks.
pub(super) fn url(path: &str) -> String {
    format!("{PUBLIC_URL}/api/webhooks/{path}")
}

impl<H: Harness> Office<H> {
    pub(super) async fn open(now: DateTime<Utc>) -> Self {
        let store = H::open().await;
        let clock = Arc::new(ManualClock::new(now));
        let code = Arc::new(Table::default());
        let ports = Ports {
            directory: store.directory(),
            system: store.system(),
            calls: store.calls(),
            capacity: store.capacity(),
            egress: Arc::new(Offline),
            script: code.clone(),
            clock: clock.clone(),
        };
        let settings = Settings { no_route_message: MESSAGE.to_owned() };
        let switchboard = Switchboard::new(ports, settings);
        Self { store, clock, code, switchboard, renderer: Renderer::new(PUBLIC_URL) }
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        use callcore::port::Clock;
        self.clock.now()
    }

    /// The event that a request tells of, if it comes from the carrier.
    pub(super) fn event(request: &HttpRequest) -> Result<(Webhook, Event), HttpResponse> {
        let form = Form::parse(&request.body).map_err(|_| status(400))?;
        let mut headers = request.headers.iter();
        let signature = headers.find(|(name, _)| name.eq_ignore_ascii_case("X-Twilio-Signature"));
        let (_, signature) = signature.ok_or_else(|| status(403))?;
        let is_post = request.method == HttpMethod::Post;
        let verified = verify(TOKEN, &request.url, Body::Form(&form), signature);
        if !is_post || verified.is_err() {
            return Err(status(403));
        }
        let webhook = webhook_at(&request.url).ok_or_else(|| status(404))?;
        let event = webhook::event(webhook, &form).map_err(|_| status(400))?;
        Ok((webhook, event))
    }

    pub(super) async fn answer(&self, request: &HttpRequest) -> Answered {
        if let Some(response) = elsewhere(&request.url) {
            return Answered { directives: Vec::new(), response };
        }
        let (_, event) = match Self::event(request) {
            Ok(event) => event,
            Err(response) => return Answered { directives: Vec::new(), response },
        };
        let reply = match self.switchboard.handle(&event).await {
            Ok(reply) => reply,
            Err(error) => panic!("the switchboard fails: {error}"),
        };
        let response = if event.wants_directives() {
            let document =
                self.renderer.response(reply.call, reply.tenant, &reply.directives).to_xml();
            let body = document.unwrap_or_else(|error| panic!("no TwiML: {error}")).into_bytes();
            let headers = vec![("content-type".to_owned(), "text/xml; charset=utf-8".to_owned())];
            HttpResponse { status: 200, headers, body }
        } else {
            status(204)
        };
        Answered { directives: reply.directives, response }
    }

    /// Does what a step says; the text is what does not come out as it says.
    pub(super) async fn apply(&self, step: &Step) -> Result<(), String> {
        let (registry, now) = (self.store.registry(), self.now());
        let told = |error| format!("the registry refuses: {error}");
        match step.clone() {
            Step::Now(now) => self.clock.set(now),
            Step::Wait(time) => self.clock.set(now + time),
            Step::Put(id, object) => {
                self.put(id, object).await?;
            }
            Step::Flow { id, definition, published } => {
                let version = self.put(id, Object::Flow(definition)).await?;
                if published {
                    let (flows, id) = (self.store.flows(), FlowId::from_uuid(id));
                    flows.publish(TENANT, id, version, now).await.map_err(told)?;
                }
            }
            Step::Code(code, verdict) => self.code.set(code, verdict),
            Step::Leg { .. } => return Err("no call goes on whose leg could move".to_owned()),
            Step::Delete(kind, id) => registry.delete(TENANT, kind, id).await.map_err(told)?,
            Step::Assign(campaign, buyer, assignment) => {
                let assigned = registry.assign(TENANT, campaign, buyer, assignment, now).await;
                assigned.map_err(told)?;
            }
            Step::Unassign(campaign, buyer) => {
                registry.unassign(TENANT, campaign, buyer).await.map_err(told)?;
            }
            Step::Sweep(expected) => {
                let swept = self.store.system().sweep(now).await;
                same("swept", swept.unwrap_or_default(), expected, Swept::eq)?;
            }
            Step::Held(expected) => same("held", self.held().await, expected, u64::eq)?,
        }
        Ok(())
    }

    /// Creates an object or replaces it; its version.
    async fn put(&self, id: Uuid, object: Object) -> Result<u64, String> {
        let (registry, now) = (self.store.registry(), self.now());
        let known = Registry::read(&*registry, TENANT, object.kind(), id).await;
        let version = known.map_err(|error| error.to_string())?.map(|row| row.version);
        let stored = match version {
            Some(version) => registry.replace(TENANT, id, version, object, now).await,
            None => registry.create(TENANT, id, object, now).await,
        };
        stored.map(|row| row.version).map_err(|error| format!("the registry refuses: {error}"))
    }

    /// What waits to be sent because of a call, in the order in which it was written.
    pub(super) async fn outbox(&self, call: CallId) -> Vec<DeliveryRecord> {
        let outbox = self.store.outbox().of_call(TENANT, call).await;
        outbox.unwrap_or_else(|error| panic!("the store fails: {error}"))
    }

    pub(super) async fn held(&self) -> u64 {
        let held = self.store.capacity().held(TENANT, self.now()).await;
        held.unwrap_or_else(|error| panic!("the store fails: {error}"))
    }

    pub(super) async fn journey(&self, call: CallId) -> Option<Journey> {
        let journey = self.store.calls().read(TENANT, call).await;
        journey.unwrap_or_else(|error| panic!("the store fails: {error}"))
    }
}

fn same<T: std::fmt::Debug>(
    what: &str,
    actual: T,
    expected: T,
    eq: fn(&T, &T) -> bool,
) -> Result<(), String> {
    if eq(&actual, &expected) {
        Ok(())
    } else {
        Err(format!("{what}: {actual:?}, and expected is {expected:?}"))
    }
}

fn status(status: u16) -> HttpResponse {
    HttpResponse { status, headers: Vec::new(), body: Vec::new() }
}

/// What answers that is not the switchboard: sound files.
fn elsewhere(url: &str) -> Option<HttpResponse> {
    let headers = vec![("content-type".to_owned(), "audio/mpeg".to_owned())];
    let sound = HttpResponse { status: 200, headers, body: b"ID3".to_vec() };
    (!url.starts_with(PUBLIC_URL)).then_some(sound)
}

fn webhook_at(url: &str) -> Option<Webhook> {
    let path = url.strip_prefix(PUBLIC_URL)?.strip_prefix("/api/webhooks/")?;
    let tenant = |text: &str| text.parse().ok().map(TenantId::from_uuid);
    Some(match path.split('/').collect::<Vec<_>>()[..] {
        ["voice"] => Webhook::Voice,
        ["status"] => Webhook::Status,
        ["dial", of, attempt] => {
            Webhook::DialResult { tenant: tenant(of)?, attempt: attempt.parse().ok()? }
        }
        ["flow", of, step] => Webhook::FlowStep { tenant: tenant(of)?, step: step.parse().ok()? },
        ["leg", of, attempt] => {
            Webhook::Leg { tenant: tenant(of)?, attempt: attempt.parse().ok()? }
        }
        ["recording", of] => Webhook::Recording { tenant: tenant(of)? },
        ["transcription", of] => Webhook::Transcription { tenant: tenant(of)? },
        _ => return None,
    })
}

/// A request as the carrier makes it, to one of the webhooks.
pub(super) fn signed(path: &str, form: &Form) -> HttpRequest {
    let url = url(path);
    let signature = sign(TOKEN, &url, Body::Form(form));
    HttpRequest {
        method: HttpMethod::Post,
        headers: vec![("X-Twilio-Signature".to_owned(), signature)],
        url,
        body: form.encode().into_bytes(),
        timeout: std::time::Duration::from_secs(15),
        most_body_bytes: 64 * 1024,
    }
}

/// The path of a continuation of ours for an attempt.
pub(super) fn continuation(kind: &str, attempt: &str) -> String {
    format!("{kind}/{TENANT}/{attempt}")
}
