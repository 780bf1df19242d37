//! Asks all bidders of an auction at once, on one task, until it is decided or its time is over. A
//! bidder that hangs, drips, answers nonsense or makes us panic costs nobody else anything.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::future::{Either, FutureExt as _, select};
use futures_util::stream::{FuturesUnordered, StreamExt as _};

use super::ask::{Asked, ask};
use crate::auction::{
    AnswerRecord, Auction, BidRequest, CompiledTarget, Exchange, Progress, Purpose, Reply,
    Unanswered,
};
use crate::plan::AuctionPlan;
use crate::port::{Clock, Http};
use crate::vocabulary::TargetId;

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

/// What is left of asking everybody.
#[derive(Debug)]
pub(super) struct FannedOut {
    /// The instant to settle at: the deadline has passed for the auction when it has for the wait.
    pub(super) decided_at: DateTime<Utc>,
    /// What was said, also to those who were still out.
    pub(super) exchanges: Vec<Exchange>,
}

/// Asks, and records every reply until the auction is decided or its deadline has passed.
pub(super) async fn fan_out(
    auction: &mut Auction,
    plan: &AuctionPlan,
    askings: Vec<Asking>,
    caller: Option<&str>,
    http: &Arc<dyn Http>,
    watch: &Stopwatch,
) -> FannedOut {
    let mut answers = HashMap::new();
    let decided_at = {
        let mut replies: FuturesUnordered<_> = askings
            .iter()
            .map(|(target, asking)| {
                let compiled = plan.bidder(*target).map(|bidder| &bidder.compiled);
                async move { (*target, reply(compiled, asking, caller, http, watch).await) }
            })
            .collect();
        let deadline = auction.deadline();
        let mut over = pin!(watch.sleep_until(deadline));
        loop {
            match select(replies.next(), over.as_mut()).await {
                Either::Left((Some((target, (reply, answer))), _)) => {
                    answers.extend(answer.map(|answer| (target, answer)));
                    if auction.record(target, reply, watch.now()) == Progress::Decided {
                        break watch.now();
                    }
                }
                Either::Left((None, _)) => break watch.now(),
                // Who is still out is left behind.
                Either::Right(_) => break watch.now().max(deadline),
            }
        }
    };
    let exchange = |(target, asking): &Asking| {
        let request = asking.as_ref().ok()?.kept();
        let answer = answers.remove(target);
        Some(Exchange { target: *target, purpose: Purpose::Bid, request, answer })
    };
    FannedOut { decided_at, exchanges: askings.iter().filter_map(exchange).collect() }
}

/// What a target replies, and its answer as it is kept, both without what it must not repeat.
async fn reply(
    target: Option<&CompiledTarget>,
    asking: &Result<BidRequest, Unanswered>,
    caller: Option<&str>,
    http: &Arc<dyn Http>,
    watch: &Stopwatch,
) -> (Reply, Option<AnswerRecord>) {
    let (Some(target), Ok(request)) = (target, asking) else {
        let unsent = asking.as_ref().err().cloned();
        return (unsent.unwrap_or(Unanswered::Crashed).into(), None);
    };
    // What panics here was handed nothing that anybody else uses afterwards.
    let asked = ask(target, request, http.as_ref(), || watch.now());
    let asked = AssertUnwindSafe(asked).catch_unwind().await;
    let crashed = |_| Asked { reply: Unanswered::Crashed.into(), response: None };
    let Asked { reply, response } = asked.unwrap_or_else(crashed);
    // Some bidders repeat what they were sent, and replies are kept and shown.
    let mut secrets = request.secrets();
    secrets.extend(caller.filter(|_| target.hides_caller_id()));
    let answer = response.map(|got| AnswerRecord::of(got.status, &got.body, &secrets));
    (reply.redacted(&secrets), answer)
}
