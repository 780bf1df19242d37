//! The demo tenant on a server, and the phone that calls it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use callcore::call::DialOutcome;
use callcore::model::{
    Assignment, Campaign, CampaignStatus, HttpMethod, Number, Object, Target, TargetAssignment,
};
use callcore::port::{
    BidResponseRecord, DeliveryRecord, DeliveryStatus, Http, HttpRequest, Journey,
};
use callcore::vocabulary::{
    BuyerId, CallId, CampaignId, FlowId, NumberId, PhoneNumber, TargetId, TenantId,
};
use callcore_twiml::Password;
use callcore_twiml::phone::{Phone, Report, Script};
use callcore_twiml::webhook::CARRIER;
use chrono::SubsecRound;
use uuid::Uuid;

use super::DemoError;
use super::flow::{FlowScene, PIXEL};
use super::scenario::{PlannedCall, Scenario, rules};
use crate::client::HttpClient;
use crate::secrets::random_token;
use crate::state::App;

const OWNER: &str = "demo";
const TIMEOUT: Duration = Duration::from_secs(5);
const MOST_BODY_BYTES: usize = 64 * 1024;
/// How often, and how many times, it is looked whether a delivery arrived.
const LOOK_EVERY: Duration = Duration::from_millis(20);
const LOOKS: u32 = 1_500;

/// A call that was played.
#[derive(Debug)]
pub(super) struct PlayedCall {
    pub(super) report: Report,
    pub(super) journey: Journey,
    /// What became of each bidder, by name.
    pub(super) bids: Vec<BidResponseRecord>,
    /// What its flow left to be sent.
    pub(super) deliveries: Vec<DeliveryRecord>,
    /// What did not go as told; empty where everything did.
    pub(super) faults: Vec<String>,
}

/// What came of a scenario.
#[derive(Debug)]
pub(super) struct Played {
    pub(super) called: PhoneNumber,
    pub(super) calls: Vec<PlayedCall>,
}

/// The server, its demo tenant and a phone.
#[derive(Debug)]
pub(super) struct Stage {
    app: App,
    http: Arc<dyn Http>,
    url: String,
    account: String,
    auth_token: String,
    tenant: TenantId,
    password: String,
    bidders_at: SocketAddr,
}

impl Stage {
    /// Sets up the owner as anybody would, with a password that nobody has used before.
    pub(super) async fn new(
        app: App,
        account: String,
        auth_token: String,
        bidders_at: SocketAddr,
    ) -> Result<Self, DemoError> {
        let url = app.config.public_url.as_str().trim_end_matches('/').to_owned();
        let http: Arc<dyn Http> = Arc::new(HttpClient::default());
        let password = random_token();
        let owner = serde_json::json!({ "username": OWNER, "password": password });
        let request = HttpRequest {
            method: HttpMethod::Post,
            url: format!("{url}/api/auth/setup"),
            headers: vec![("Content-Type".into(), "application/json".into())],
            body: owner.to_string().into_bytes(),
            timeout: TIMEOUT,
            most_body_bytes: MOST_BODY_BYTES,
        };
        let response = http.send(request).await.map_err(failed)?;
        let owner = app.stores.system.credentials(OWNER).await.map_err(failed)?;
        let Some(owner) = owner.filter(|_| response.status == 201) else {
            return Err(DemoError::Stage(format!("setup answered {}", response.status)));
        };
        let tenant = owner.user.tenant;
        Ok(Self { app, http, url, account, auth_token, tenant, password, bidders_at })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn password(&self) -> &str {
        &self.password
    }

    /// How many places under concurrency caps are held right now.
    pub(super) async fn held(&self) -> Result<u64, DemoError> {
        let held = self.app.stores.capacity.held(self.tenant, self.app.clock.now());
        held.await.map_err(failed)
    }

    /// Sets a scenario up and plays its calls.
    pub(super) async fn play(&self, scenario: &Scenario) -> Result<Played, DemoError> {
        let called = self.configure(scenario).await?;
        let mut calls = Vec::new();
        for (index, planned) in (0u64..).zip(&scenario.calls) {
            let mut call = self.call(scenario, planned, &called, index).await?;
            if let Some(scene) = &scenario.flow {
                self.judge_flow(scene, &mut call, calls.len()).await?;
            }
            calls.push(call);
        }
        Ok(Played { called, calls })
    }

    async fn configure(&self, scenario: &Scenario) -> Result<PhoneNumber, DemoError> {
        let registry = &self.app.stores.registry;
        let (tenant, now) = (self.tenant, self.app.clock.now());
        let [number, campaign] = [(); 2].map(|()| Uuid::new_v4());
        let called = self.free_number(number).await?;
        let campaign_id = CampaignId::from_uuid(campaign);
        let active = Campaign {
            status: CampaignStatus::Active,
            phone_number_id: Some(NumberId::from_uuid(number)),
            flow_id: self.configure_flow(scenario).await?,
            ..scenario.campaign.clone()
        };
        registry.create(tenant, campaign, active.into(), now).await.map_err(failed)?;
        for buyer in &scenario.buyers {
            let id = Uuid::new_v4();
            registry.create(tenant, id, buyer.clone().into(), now).await.map_err(failed)?;
            let buyer = BuyerId::from_uuid(id);
            let assigned = registry.assign(tenant, campaign_id, buyer, Assignment::default(), now);
            assigned.await.map_err(failed)?;
        }
        for name in scenario.bidders {
            self.configure_bidder(campaign_id, name).await?;
        }
        Ok(called)
    }

    /// Keeps the scenario's flow and publishes it.
    async fn configure_flow(&self, scenario: &Scenario) -> Result<Option<FlowId>, DemoError> {
        let Some(scene) = &scenario.flow else { return Ok(None) };
        let (registry, now, id) = (&self.app.stores.registry, self.app.clock.now(), Uuid::new_v4());
        let pixel_url = format!("http://{}/{PIXEL}", self.bidders_at);
        let flow = (scene.flow)(&pixel_url).map_err(failed)?;
        let draft = registry.create(self.tenant, id, Object::Flow(Box::new(flow)), now);
        let version = draft.await.map_err(failed)?.version;
        let id = FlowId::from_uuid(id);
        let published = self.app.stores.flows.publish(self.tenant, id, version, now);
        published.await.map_err(failed)?;
        Ok(Some(id))
    }

    /// Compares the way of a call through its flow, and waits until what it left is sent.
    async fn judge_flow(
        &self,
        scene: &FlowScene,
        played: &mut PlayedCall,
        index: usize,
    ) -> Result<(), DemoError> {
        let (way, expected) = (way(&played.journey), scene.ways[index]);
        if way != expected {
            played.faults.push(format!("the way: expected {expected}, found {way}"));
        }
        let (outbox, id) = (&self.app.stores.outbox, played.journey.call.id);
        for _ in 0..LOOKS {
            played.deliveries = outbox.of_call(self.tenant, id).await.map_err(failed)?;
            let waits = |one: &DeliveryRecord| one.status == DeliveryStatus::Waiting;
            if !played.deliveries.iter().any(waits) {
                break;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        let delivered = |one: &&DeliveryRecord| one.status == DeliveryStatus::Delivered;
        let delivered = played.deliveries.iter().filter(delivered).count();
        if delivered != scene.deliveries[index] {
            let expected = scene.deliveries[index];
            played.faults.push(format!("pixels: expected {expected}, found {delivered}"));
        }
        Ok(())
    }

    async fn configure_bidder(&self, campaign: CampaignId, name: &str) -> Result<(), DemoError> {
        let registry = &self.app.stores.registry;
        let (tenant, now, id) = (self.tenant, self.app.clock.now(), Uuid::new_v4());
        let url = format!("http://{}/{name}", self.bidders_at);
        // Short for the one that never answers; a machine that is busy must not make the others late.
        let hangs = rules().iter().any(|rule| rule.name == name && rule.hangs);
        let timeout_ms = if hangs { 300 } else { 7_500 };
        let target = Target { timeout_ms, ..Target::new(name, url) };
        registry.create(tenant, id, target.into(), now).await.map_err(failed)?;
        let (target, assignment) = (TargetId::from_uuid(id), TargetAssignment::default());
        let assigned = registry.assign_target(tenant, campaign, target, assignment, now);
        assigned.await.map(drop).map_err(failed)
    }

    async fn free_number(&self, id: Uuid) -> Result<PhoneNumber, DemoError> {
        let registry = &self.app.stores.registry;
        for line in 100..200 {
            let text = format!("+18005550{line}");
            let number: PhoneNumber = text.parse().map_err(failed)?;
            if self.app.stores.system.number(&number).await.map_err(failed)?.is_none() {
                let object = Number::new(number.clone()).into();
                registry
                    .create(self.tenant, id, object, self.app.clock.now())
                    .await
                    .map_err(failed)?;
                return Ok(number);
            }
        }
        Err(DemoError::Stage("all of the demo's numbers are taken".into()))
    }

    async fn call(
        &self,
        scenario: &Scenario,
        planned: &PlannedCall,
        called: &PhoneNumber,
        index: u64,
    ) -> Result<PlayedCall, DemoError> {
        let script: Script = planned.script.parse().map_err(failed)?;
        let voice_url = format!("{}/api/webhooks/voice", self.url);
        let token = Password::new(self.auth_token.as_str());
        let phone = Phone {
            account_sid: self.account.clone(),
            status_callback: Some(format!("{}/api/webhooks/status", self.url)),
            fallback_url: Some(format!("{}/api/webhooks/fallback", self.url)),
            from: planned.from.to_owned(),
            to: called.as_str().to_owned(),
            parameters: [("FromCountry", "US"), ("FromState", "CA")].into_iter().collect(),
            seed: called.as_str().bytes().fold(index, |seed, byte| seed * 31 + u64::from(byte)),
            started_at: self.app.clock.now().trunc_subsecs(0),
            ..Phone::new(Arc::clone(&self.http), token, voice_url)
        };
        let report = phone.call(&script).await;
        let id = CallId::derive(CARRIER, &self.account, &report.call_sid);
        let journey = self.app.stores.calls.read(self.tenant, id).await.map_err(failed)?;
        let journey = journey.ok_or_else(|| {
            DemoError::Stage(format!("{} was not recorded:\n{report}", scenario.title))
        })?;
        let auctions = self.app.stores.auctions.of_call(self.tenant, id).await.map_err(failed)?;
        let mut bids: Vec<BidResponseRecord> =
            auctions.into_iter().flat_map(|auction| auction.responses).collect();
        bids.sort_by(|one, other| one.target_name.cmp(&other.target_name));
        let mut faults = faults(scenario, planned, &report, &journey);
        let verdicts: Vec<(&str, &str)> =
            bids.iter().map(|bid| (bid.target_name.as_str(), bid.verdict.name())).collect();
        if verdicts != planned.verdicts {
            let (expected, found) = (planned.verdicts, verdicts);
            faults.push(format!("the bidders: expected {expected:?}, found {found:?}"));
        }
        Ok(PlayedCall { report, journey, bids, deliveries: Vec::new(), faults })
    }

    /// Whether a webhook with somebody else's signature is refused.
    pub(super) async fn forged_is_refused(&self) -> bool {
        let request = HttpRequest {
            method: HttpMethod::Post,
            url: format!("{}/api/webhooks/voice", self.url),
            headers: vec![
                ("Content-Type".into(), "application/x-www-form-urlencoded".into()),
                ("X-Twilio-Signature".into(), "AAAAAAAAAAAAAAAAAAAAAAAAAAA=".into()),
            ],
            body: b"CallSid=CA1&From=%2B13105550199&To=%2B18005550100".to_vec(),
            timeout: TIMEOUT,
            most_body_bytes: MOST_BODY_BYTES,
        };
        self.http.send(request).await.is_ok_and(|response| response.status == 403)
    }
}

/// The nodes that a call left, with the exits.
pub(super) fn way(journey: &Journey) -> String {
    let nodes = journey.facts.iter().flat_map(|fact| &fact.nodes);
    let left = nodes.filter_map(|node| Some(format!("{} {}", node.node, node.exit.as_ref()?)));
    left.collect::<Vec<_>>().join(", ")
}

fn failed(error: impl std::fmt::Display) -> DemoError {
    DemoError::Stage(error.to_string())
}

/// Everything that did not go as told.
fn faults(
    scenario: &Scenario,
    planned: &PlannedCall,
    report: &Report,
    journey: &Journey,
) -> Vec<String> {
    let mut faults = Vec::new();
    let mut expect = |what: &str, expected: String, found: String| {
        if expected != found {
            faults.push(format!("{what}: expected {expected}, found {found}"));
        }
    };
    let call = &journey.call;
    let name = |rung: &str| {
        let buyer = scenario.buyers.iter().find(|buyer| buyer.destination.as_str() == rung);
        let bidder = rules().into_iter().find(|rule| rule.destination.as_deref() == Some(rung));
        let name = buyer.map(|buyer| buyer.name.clone()).or(bidder.map(|rule| rule.name));
        name.unwrap_or_else(|| rung.to_owned())
    };
    let told: Vec<String> =
        call.attempts.iter().map(|one| name(one.destination.as_str())).collect();
    let rung: Vec<String> = report.dialled().map(|leg| name(&leg.to)).collect();
    expect("the buyers that were dialled", format!("{:?}", planned.dialled), format!("{told:?}"));
    expect("the phones that rang", format!("{told:?}"), format!("{rung:?}"));
    let answered = call.attempts.iter().filter(|one| one.outcome == Some(DialOutcome::Answered));
    let bridged = report.dialled().filter(|leg| leg.bridged);
    expect("conversations", answered.count().to_string(), bridged.count().to_string());
    expect(
        "the reason",
        format!("{:?}", Some(planned.reason)),
        format!("{:?}", call.final_reason()),
    );
    expect("converted", planned.converted.to_string(), call.converted.to_string());
    let refused: Vec<(&str, &str)> = journey
        .decisions
        .iter()
        .flat_map(|(_, decision)| &decision.refused)
        .map(|refused| (refused.name.as_str(), refused.reason.code()))
        .collect();
    expect("who was refused", format!("{:?}", planned.refused), format!("{refused:?}"));
    expect("warnings of the phone", "0".into(), report.warnings().count().to_string());
    faults
}
