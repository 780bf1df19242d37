//! Asks all bidders of an auction at once, on one task, until it is decided or its time is over. A
//! bidder that hangs, drips, answers nonsense or makes us panic costs nobody else anything.

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::future::{Either, FutureExt as _, select};
use futures_util::stream::{FuturesUnordered, StreamExt as _};

use crate::auction::{
    Auction, BidReply, BidRequest, BidResponse, CompiledTarget, Failure, Progress, Reply,
    Unanswered, parse,
};
use crate::plan::AuctionPlan;
use crate::port::{Clock, Http, HttpError, HttpRequest};
use crate::vocabulary::{TargetId, limits};

/// Tells the time of one auction: the time of day at its opening, and from then on by a clock that
/// never goes back.
#[derive(Clone, Debug)]
pub(super) struct Stopwatch {
    clock: Arc<dyn Clock>,
    opened_at: DateTime<Utc>,
    opened: Duration,
}

impl Stopwatch {
    pub(super) fn start(clock: &Arc<dyn Clock>) -> Self {
        Self { clock: Arc::clone(clock), opened_at: clock.now(), opened: clock.monotonic() }
    }

    pub(super) fn opened_at(&self) -> DateTime<Utc> {
        self.opened_at
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.opened_at + (self.clock.monotonic() - self.opened)
    }

    /// Waits until this watch shows an instant.
    pub(super) async fn sleep_until(&self, instant: DateTime<Utc>) {
        let after = (instant - self.opened_at).to_std().unwrap_or_default();
        self.clock.sleep_until(self.opened + after).await;
    }
}

/// What one target is asked, or why it cannot be.
pub(super) type Asking = (TargetId, Result<BidRequest, Unanswered>);

/// Asks, and records every reply until the auction is decided or its deadline has passed. Answers the
/// instant to settle at: the deadline has passed for the auction when it has for the wait.
pub(super) async fn fan_out(
    auction: &mut Auction,
    plan: &AuctionPlan,
    askings: Vec<Asking>,
    caller: Option<&str>,
    http: &Arc<dyn Http>,
    watch: &Stopwatch,
) -> DateTime<Utc> {
    let mut replies: FuturesUnordered<_> = askings
        .into_iter()
        .map(|(target, asking)| {
            let compiled = plan.bidder(target).map(|bidder| &bidder.compiled);
            async move { (target, ask(compiled, asking, caller, http, watch).await) }
        })
        .collect();
    let deadline = auction.deadline();
    let mut over = pin!(watch.sleep_until(deadline));
    loop {
        match select(replies.next(), over.as_mut()).await {
            Either::Left((Some((target, reply)), _)) => {
                if auction.record(target, reply, watch.now()) == Progress::Decided {
                    return watch.now();
                }
            }
            Either::Left((None, _)) => return watch.now(),
            // Who is still out is left behind.
            Either::Right(_) => return watch.now().max(deadline),
        }
    }
}

async fn ask(
    target: Option<&CompiledTarget>,
    asking: Result<BidRequest, Unanswered>,
    caller: Option<&str>,
    http: &Arc<dyn Http>,
    watch: &Stopwatch,
) -> Reply {
    let (Some(target), Ok(request)) = (target, &asking) else {
        return asking.err().unwrap_or(Unanswered::Crashed).into();
    };
    // What panics here was handed nothing that anybody else uses afterwards.
    let exchange = AssertUnwindSafe(exchange(target, request, http, watch)).catch_unwind();
    let reply = exchange.await.unwrap_or_else(|_| Unanswered::Crashed.into());
    // Some bidders repeat what they were sent, and replies are kept and shown.
    let mut secrets = request.secrets();
    secrets.extend(caller.filter(|_| target.hides_caller_id()));
    reply.redacted(&secrets)
}

async fn exchange(
    target: &CompiledTarget,
    request: &BidRequest,
    http: &Arc<dyn Http>,
    watch: &Stopwatch,
) -> Reply {
    match http.send(sent(request)).await {
        Ok(response) => {
            let answer = BidResponse {
                status: response.status,
                headers: &response.headers,
                body: &response.body,
            };
            parse(target, &answer, watch.now()).into()
        }
        Err(error) => failed(error),
    }
}

/// A bid request as the port takes it.
pub(super) fn sent(request: &BidRequest) -> HttpRequest {
    let mut headers = request.headers.clone();
    headers.extend(request.credential.clone());
    HttpRequest {
        method: request.method,
        url: request.url.clone(),
        headers,
        body: request.body.clone().into_bytes(),
        timeout: Duration::from_millis(request.timeout_ms.into()),
        // One more than is read, so that a body that fills the limit is told from a larger one.
        most_body_bytes: limits::BID_BODY_BYTES + 1,
    }
}

/// A failed exchange in the words of the auction.
pub(super) fn failed(error: HttpError) -> Reply {
    match error {
        HttpError::Forbidden => Unanswered::Forbidden.into(),
        HttpError::Timeout => Unanswered::Timeout.into(),
        HttpError::Unreachable(error) => Unanswered::Unreachable { error }.into(),
        HttpError::Broken(error) => Unanswered::Broken { error }.into(),
        HttpError::TooLarge => Reply::Answered(BidReply::Failed(Failure::TooLarge)),
    }
}
