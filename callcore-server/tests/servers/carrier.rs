//! The carrier: calls that come in at a steady rate, a few at once, whatever becomes of those before.
//! Each webhook goes to a server drawn at random, and to another one where that fails; some are
//! delivered twice at once, and news arrive late and in any order.

use std::sync::atomic::{AtomicBool, Ordering};
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
use tokio::task::JoinSet;

use crate::chance::Chance;
use crate::ledger::{Answered, Ledger};
use crate::people;
use crate::webhook::event;
use crate::world::{ACCOUNT, CALLED, Load, PUBLIC_URL, TOKEN, numbers};

/// What a carrier that is told to try again and again allows a request, and more: a busy machine
/// starts a killed server slowly.
const PATIENCE: Duration = Duration::from_secs(40);

/// How long something takes between two requests of a call: ringing, talking, the network.
const PAUSE_MS: u64 = 800;

/// How many calls come in at the same moment: two servers then want a buyer's last slot at once.
const BUNCH: u32 = 6;

/// How late news can be.
const DELAY_MS: u64 = 1_500;

#[derive(Debug)]
pub(crate) struct Carrier {
    pub(crate) ledger: Ledger,
    client: HttpClient,
    servers: Vec<String>,
    seed: u64,
    /// Whether news that a server excuses itself from are told again, as the carrier does where
    /// the URL asks for it.
    insists: bool,
}

/// A call that was made.
#[derive(Debug)]
pub(crate) struct Played {
    pub(crate) call: CallId,
    /// When, since the first one that was made with it.
    pub(crate) at: Duration,
    pub(crate) report: Report,
    /// Whether the result of its last dial was lost: the caller was gone, and only the end of the
    /// call was told.
    pub(crate) result_lost: bool,
}

/// The connection of one call.
#[derive(Debug)]
struct Wire {
    carrier: Arc<Carrier>,
    chance: Mutex<Chance>,
    call: OnceLock<CallId>,
    /// News that are on their way.
    late: Mutex<JoinSet<()>>,
    /// Whether the result of a dial is lost once the caller is gone, and whether it was.
    loses_result: bool,
    result_lost: AtomicBool,
}

/// How one request travels.
struct Way {
    choice: Chance,
    pause: Duration,
    /// None where the call waits for the answer.
    delay: Option<Duration>,
    twice: bool,
}

impl Carrier {
    pub(crate) fn new(servers: Vec<String>, seed: u64, insists: bool) -> Self {
        let (ledger, client) = (Ledger::open(), HttpClient::default());
        Self { ledger, client, servers, seed, insists }
    }

    /// Makes calls, numbered from the first, and answers them once the last webhook is answered.
    pub(crate) async fn calls(self: &Arc<Self>, first: u32, load: Load) -> Vec<Played> {
        let begun = tokio::time::Instant::now();
        let mut callers = JoinSet::new();
        for nth in 0..load.calls() {
            let at = Duration::from_secs(1) * (nth - nth % BUNCH) / load.per_second;
            tokio::time::sleep_until(begun + at).await;
            let carrier = Arc::clone(self);
            callers.spawn(async move { carrier.call(first + nth, at).await });
        }
        callers.join_all().await
    }

    async fn call(self: &Arc<Self>, number: u32, at: Duration) -> Played {
        let mut chance = Chance::of(self.seed, number.into());
        let script = people::draw(numbers(), &mut chance);
        let order =
            if chance.one_in(4) { CallbackOrder::LastSecond } else { CallbackOrder::InOrder };
        let (seed, loses_result) = (chance.next(), chance.one_in(2));
        let wire = Arc::new(Wire {
            carrier: Arc::clone(self),
            chance: Mutex::new(chance),
            call: OnceLock::new(),
            late: Mutex::default(),
            loses_result,
            result_lost: AtomicBool::new(false),
        });
        let webhooks = format!("{PUBLIC_URL}/api/webhooks");
        let http: Arc<dyn Http> = wire.clone();
        let phone = Phone {
            account_sid: ACCOUNT.to_owned(),
            status_callback: Some(format!("{webhooks}/status")),
            from: format!("+1415{:07}", 5_550_000 + number),
            to: CALLED.to_owned(),
            seed,
            callback_order: order,
            ..Phone::new(http, Password::new(TOKEN), format!("{webhooks}/voice"))
        };
        let report = phone.call(&script).await;
        let late = std::mem::take(&mut *wire.late.lock().expect("nothing panics with the lock"));
        late.join_all().await;
        let call = *wire.call.get().expect("a call begins with a request");
        Played { call, at, report, result_lost: wire.result_lost.load(Ordering::SeqCst) }
    }

    /// Delivers a request until it is answered.
    async fn deliver(
        &self,
        event: &Event,
        request: &HttpRequest,
        mut choice: Chance,
    ) -> Result<(Answered, HttpResponse), HttpError> {
        let (begun, count) = (Instant::now(), self.servers.len());
        let mut server = choice.below(count as u64);
        loop {
            let url = &self.servers[usize::try_from(server).expect("there are few servers")];
            match self.attempt(event, request, url).await {
                Err(error) if begun.elapsed() > PATIENCE => {
                    let (call, step) = (event.carrier_call.id(), event.step());
                    self.ledger.faults(format!("{call} {step} is never answered: {error}"));
                    return Err(error);
                }
                Ok((Answered::Excused, answer))
                    if self.insists && !event.wants_directives() && begun.elapsed() <= PATIENCE =>
                {
                    drop(answer);
                }
                Ok(answered) => return Ok(answered),
                Err(_) => {}
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
            let others = count.saturating_sub(1).max(1);
            server = (server + 1 + choice.below(others as u64)) % count as u64;
        }
    }

    async fn attempt(
        &self,
        event: &Event,
        request: &HttpRequest,
        server: &str,
    ) -> Result<(Answered, HttpResponse), HttpError> {
        let path = request.url.strip_prefix(PUBLIC_URL).expect("a webhook of ours");
        let request = HttpRequest { url: format!("{server}{path}"), ..request.clone() };
        self.ledger.sends(event);
        let sent_at = Instant::now();
        match self.client.send(request).await {
            Ok(answer) => Ok((self.ledger.answered(event, &answer, sent_at.elapsed()), answer)),
            Err(error) => {
                match &error {
                    HttpError::Unreachable(_) => self.ledger.reaches_nobody(),
                    _ => self.ledger.loses(),
                }
                Err(error)
            }
        }
    }

    /// Delivers a request as often as its way says. Where two answers differ, the call goes on with
    /// the one that is no excuse.
    async fn send(
        &self,
        event: &Event,
        request: &HttpRequest,
        mut way: Way,
    ) -> Result<HttpResponse, HttpError> {
        let second_choice = Chance::of(way.choice.next(), 2);
        let first = self.deliver(event, request, way.choice);
        if !way.twice {
            return Ok(first.await?.1);
        }
        let (first, second) = tokio::join!(first, self.deliver(event, request, second_choice));
        let (first, second) = (first?, second?);
        Ok(if first.0 == Answered::Acknowledged { first.1 } else { second.1 })
    }
}

#[async_trait]
impl Http for Wire {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let event = event(&request);
        let is_first = self.call.set(event.carrier_call.id()).is_ok();
        let way = self.way(&event);
        if !is_first {
            tokio::time::sleep(way.pause).await;
        }
        if self.loses_result && is_last_result(&event) {
            self.result_lost.store(true, Ordering::SeqCst);
            return Ok(twiml(EMPTY_TWIML));
        }
        let Some(delay) = way.delay else {
            return self.carrier.send(&event, &request, way).await;
        };
        let carrier = Arc::clone(&self.carrier);
        self.late.lock().expect("nothing panics with the lock").spawn(async move {
            tokio::time::sleep(delay).await;
            // What goes wrong is in the ledger already.
            let _ = carrier.send(&event, &request, way).await;
        });
        Ok(HttpResponse { status: 204, headers: Vec::new(), body: Vec::new() })
    }
}

impl Wire {
    fn way(&self, event: &Event) -> Way {
        let mut chance = self.chance.lock().expect("nothing panics with the lock");
        let is_late = chance.one_in(3) && !event.wants_directives();
        Way {
            choice: Chance::of(chance.next(), 1),
            pause: chance.millis(0, PAUSE_MS),
            delay: is_late.then(|| chance.millis(0, DELAY_MS)),
            twice: chance.one_in(6),
        }
    }
}

fn twiml(document: &str) -> HttpResponse {
    let headers = vec![("content-type".to_owned(), "text/xml".to_owned())];
    HttpResponse { status: 200, headers, body: document.into() }
}

/// Whether it is the result of a dial whose caller is gone: nobody waits for its answer.
fn is_last_result(event: &Event) -> bool {
    match &event.kind {
        EventKind::DialResult(result) => result.call_status.is_some_and(CallStatus::is_final),
        _ => false,
    }
}
