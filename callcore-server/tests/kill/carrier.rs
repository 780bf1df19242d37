//! The carrier: many calls at once over connections that break, each request delivered until it is
//! answered, some twice, some results lost, and some calls that nothing is heard of any more.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use callcore::call::{CallStatus, Event, EventKind};
use callcore::port::{Http, HttpError, HttpRequest, HttpResponse};
use callcore::vocabulary::CallId;
use callcore_server::client::HttpClient;
use callcore_twiml::Password;
use callcore_twiml::phone::{CallbackOrder, Phone, Report};
use callcore_twiml::render::EMPTY_TWIML;
use chrono::Utc;
use tokio::sync::{Notify, RwLock};
use tokio::task::JoinSet;

use crate::chance::Chance;
use crate::ledger::{Answer, Ledger};
use crate::script;
use crate::webhook::event;
use crate::world::{ACCOUNT, CALLED, TOKEN};

pub(crate) const CALLS: u64 = 200;
const CALLERS: u64 = 16;

/// What a carrier that is told to try again and again allows a request, and more: the server is
/// down most of this on a busy machine.
const PATIENCE: Duration = Duration::from_secs(40);

/// How long something takes between two requests of a call: ringing, talking, the network.
const PAUSE_MS: u64 = 800;

#[derive(Debug)]
pub(crate) struct Carrier {
    pub(crate) ledger: Ledger,
    client: HttpClient,
    url: String,
    seed: u64,
    /// Closed while requests gather.
    gate: RwLock<()>,
}

/// A call that was made.
#[derive(Debug)]
pub(crate) struct Played {
    pub(crate) call: CallId,
    /// How it went; none for a call that went silent.
    pub(crate) report: Option<Report>,
    /// Whether the result of its last dial was lost: the caller was gone, and only the end of the
    /// call was told.
    pub(crate) result_lost: bool,
}

/// When a call goes silent.
#[derive(Clone, Copy, Debug)]
enum Silence {
    Never,
    /// This request, and all after it, are never sent.
    Before(u32),
    /// This request is sent once, and nobody waits for long; none comes after it.
    Within(u32),
}

/// The connection of one call.
#[derive(Debug)]
struct Wire {
    carrier: Arc<Carrier>,
    chance: Mutex<(Chance, u32)>,
    silence: Silence,
    silent: Notify,
    call: OnceLock<CallId>,
    /// Whether the result of a dial is lost once the caller is gone, and whether it was.
    loses_result: bool,
    result_lost: AtomicBool,
}

impl Carrier {
    pub(crate) fn new(url: String, seed: u64) -> Self {
        let (ledger, client) = (Ledger::default(), HttpClient::default());
        Self { ledger, client, url, seed, gate: RwLock::new(()) }
    }

    /// Makes the calls that the kills hit.
    pub(crate) async fn calls(self: &Arc<Self>) -> Vec<Played> {
        self.calls_between(0, CALLS).await
    }

    /// Makes calls after the last kill whose callers hang up while it rings and whose results are
    /// lost: what they hold is given back by the end of the call, and not by the sweep, which only
    /// the start of a server makes this early.
    pub(crate) async fn late_calls(self: &Arc<Self>) -> Vec<Played> {
        self.calls_between(CALLS, CALLS + CALLERS).await
    }

    async fn calls_between(self: &Arc<Self>, first: u64, end: u64) -> Vec<Played> {
        let next = Arc::new(AtomicU64::new(first));
        let mut callers = JoinSet::new();
        for _ in 0..CALLERS {
            let (carrier, next) = (Arc::clone(self), Arc::clone(&next));
            callers.spawn(async move {
                let mut played = Vec::new();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= end {
                        return played;
                    }
                    played.push(carrier.call(number).await);
                }
            });
        }
        callers.join_all().await.into_iter().flatten().collect()
    }

    /// Lets no request out for a time, and then all at once.
    pub(crate) async fn gather(&self, time: Duration) {
        let _closed = self.gate.write().await;
        tokio::time::sleep(time).await;
    }

    async fn call(self: &Arc<Self>, number: u64) -> Played {
        let mut chance = Chance::of(self.seed, number);
        let is_late = number >= CALLS;
        let silence = match chance.below(20) {
            _ if is_late => Silence::Never,
            0 => Silence::Before(u32::try_from(chance.between(2, 5)).expect("small")),
            1 => Silence::Within(u32::try_from(chance.between(1, 5)).expect("small")),
            _ => Silence::Never,
        };
        let script = if is_late { script::gives_up() } else { script::draw(&mut chance) };
        let order =
            if chance.one_in(4) { CallbackOrder::LastSecond } else { CallbackOrder::InOrder };
        let (seed, loses_result) = (chance.next(), is_late || chance.one_in(2));
        let wire = Arc::new(Wire {
            carrier: Arc::clone(self),
            chance: Mutex::new((chance, 0)),
            silence,
            silent: Notify::new(),
            call: OnceLock::new(),
            loses_result,
            result_lost: AtomicBool::new(false),
        });
        let webhooks = format!("{}/api/webhooks", self.url);
        let http: Arc<dyn Http> = wire.clone();
        let phone = Phone {
            account_sid: ACCOUNT.to_owned(),
            fallback_url: Some(format!("{webhooks}/fallback")),
            status_callback: Some(format!("{webhooks}/status")),
            from: format!("+1415555{number:04}"),
            to: CALLED.to_owned(),
            seed,
            callback_order: order,
            ..Phone::new(http, Password::new(TOKEN), format!("{webhooks}/voice"))
        };
        let report = tokio::select! {
            report = phone.call(&script) => Some(report),
            () = wire.silent.notified() => None,
        };
        let call = *wire.call.get().expect("a call begins with a request");
        Played { call, report, result_lost: wire.result_lost.load(Ordering::SeqCst) }
    }

    /// Delivers a request until it is answered.
    async fn deliver(
        &self,
        event: &Event,
        request: &HttpRequest,
    ) -> Result<HttpResponse, HttpError> {
        let begun = Instant::now();
        loop {
            drop(self.gate.read().await);
            match self.attempt(event, request).await {
                Err(error) if begun.elapsed() > PATIENCE => {
                    let (call, step) = (event.carrier_call.id(), event.step());
                    self.ledger.faults(format!("{call} {step} is never answered: {error}"));
                    return Err(error);
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(25)).await,
                Ok(answer) => return Ok(answer),
            }
        }
    }

    async fn attempt(
        &self,
        event: &Event,
        request: &HttpRequest,
    ) -> Result<HttpResponse, HttpError> {
        self.ledger.sends(event);
        let sent_at = Utc::now();
        let answer = match self.client.send(request.clone()).await {
            Ok(answer) => answer,
            Err(error) => {
                if !matches!(error, HttpError::Unreachable(_)) {
                    self.ledger.loses();
                }
                return Err(error);
            }
        };
        let expected = if event.wants_directives() { 200 } else { 204 };
        if answer.status == expected {
            let (request, body) = (request.clone(), answer.body.clone());
            self.ledger.answered(event, Answer { request, body, sent_at });
        } else {
            let (call, step) = (event.carrier_call.id(), event.step());
            self.ledger.faults(format!("{call} {step} is answered with {}", answer.status));
        }
        Ok(answer)
    }

    /// Delivers everything again that was answered: late repetitions, to a server that was not even
    /// there the first time.
    pub(crate) async fn repeat_everything(self: &Arc<Self>) -> usize {
        let answers = self.ledger.answers();
        let count = answers.len();
        let mut deliveries = JoinSet::new();
        for (_, answer) in answers {
            if deliveries.len() >= 8 {
                deliveries.join_next().await.expect("there are eight").expect("no panic");
            }
            let carrier = Arc::clone(self);
            deliveries.spawn(async move {
                let event = event(&answer.request);
                // What goes wrong is a fault already.
                let _ = carrier.deliver(&event, &answer.request).await;
            });
        }
        deliveries.join_all().await;
        count
    }
}

#[async_trait]
impl Http for Wire {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (nth, pause, patience, twice) = {
            let mut state = self.chance.lock().expect("nothing panics with the lock");
            state.1 += 1;
            let (nth, chance) = (state.1, &mut state.0);
            (nth, chance.millis(0, PAUSE_MS), chance.millis(0, 30), chance.one_in(6))
        };
        let event = event(&request);
        self.call.get_or_init(|| event.carrier_call.id());
        if nth > 1 {
            tokio::time::sleep(pause).await;
        }
        self.carrier.ledger.happened(&event);
        if self.loses_result && is_last_result(&event) {
            self.result_lost.store(true, Ordering::SeqCst);
            let headers = vec![("content-type".to_owned(), "text/xml".to_owned())];
            return Ok(HttpResponse { status: 200, headers, body: EMPTY_TWIML.into() });
        }
        match self.silence {
            Silence::Before(last) if nth >= last => self.go_silent().await,
            Silence::Within(last) if nth >= last => {
                drop(self.carrier.gate.read().await);
                let attempt = self.carrier.attempt(&event, &request);
                if !matches!(tokio::time::timeout(patience, attempt).await, Ok(Ok(_))) {
                    self.carrier.ledger.cuts(event.carrier_call.id());
                }
                self.go_silent().await
            }
            _ if twice => {
                let (first, second) = tokio::join!(
                    self.carrier.deliver(&event, &request),
                    self.carrier.deliver(&event, &request)
                );
                first.and(second)
            }
            _ => self.carrier.deliver(&event, &request).await,
        }
    }
}

impl Wire {
    /// The call goes no further.
    async fn go_silent(&self) -> Result<HttpResponse, HttpError> {
        self.silent.notify_one();
        std::future::pending().await
    }
}

/// Whether it is the result of a dial whose caller is gone: nobody waits for its answer.
fn is_last_result(event: &Event) -> bool {
    match &event.kind {
        EventKind::DialResult(result) => result.call_status.is_some_and(CallStatus::is_final),
        _ => false,
    }
}
