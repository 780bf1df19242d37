//! Lets a winner confirm before it is dialled: the post of ping and post.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::future::FutureExt as _;

use super::ask::{failed, sent};
use super::auction::PATIENCE;
use super::auction_record::Trade;
use super::fan_out::Stopwatch;
use super::handle::Switchboard;
use crate::auction::{
    AnswerRecord, Bid, BidReply, BidRequest, BidResponse, CompiledTarget, Confirmation, Exchange,
    Fall, Purpose, Reply, Sign, Unanswered, Variables, confirm_request, parse_confirmation,
};
use crate::call::Call;
use crate::plan::{AuctionPlan, Bidder, call_facts};
use crate::port::{HttpError, HttpResponse};
use crate::vocabulary::{Destination, TargetId};

/// What came of asking a target to confirm.
struct Heard {
    /// Where it wants the call, or why it does not take it.
    said: Result<Destination, Fall>,
    /// What that says of its health.
    sign: Option<Sign>,
}

impl Heard {
    /// Nothing was sent, so this says nothing of the target.
    const fn unsent(why: String) -> Self {
        Self { said: Err(Fall::NotConfirmed { text: why }), sign: None }
    }
}

impl Switchboard {
    /// Whether the winner takes the call after all. One that does not falls out. `signs` learns how it
    /// did, in place of what its bid said.
    pub(super) async fn confirmed(
        &self,
        call: &Call,
        terms: &AuctionPlan,
        winner: TargetId,
        trade: &mut Trade,
        watch: &Stopwatch,
        signs: &mut BTreeMap<TargetId, Sign>,
    ) -> bool {
        let Some(bidder) = terms.bidder(winner) else { return false };
        let has_destination = trade.settled.winner().is_some_and(|won| won.destination.is_some());
        let Some(required) = bidder.compiled.confirmation_required() else {
            if !has_destination {
                // Its confirmation was to name one, and was taken out of the target since it bid.
                let text = "the bid names no destination, and is no longer confirmed".to_owned();
                trade.settled.fall(winner, Fall::NotConfirmed { text }, watch.now());
            }
            return has_destination;
        };
        let Heard { said, sign } = self.ask_to_confirm(call, bidder, trade, watch).await;
        signs.extend(sign.map(|sign| (winner, sign)));
        let settled = &mut trade.settled;
        let now = watch.now();
        match said {
            Ok(destination) => {
                settled.confirm(winner, destination, now);
                return true;
            }
            // It has a destination already, and its confirmation was a courtesy.
            Err(_) if !required && has_destination => return true,
            Err(fall) => {
                settled.fall(winner, fall, now);
            }
        }
        false
    }

    async fn ask_to_confirm(
        &self,
        call: &Call,
        bidder: &Bidder,
        trade: &mut Trade,
        watch: &Stopwatch,
    ) -> Heard {
        let until = watch.opened_at() + PATIENCE;
        let left_ms = (until - watch.now()).num_milliseconds().max(0);
        let Some(winner) = trade.settled.winner() else {
            return Heard::unsent("the bid is gone".into());
        };
        let facts = call_facts(call);
        let request_id = winner.bid.bid_id.clone().unwrap_or_else(|| call.id.to_string());
        let variables = Variables {
            call: &facts,
            request_id: &request_id,
            min_bid: None,
            max_bid: None,
            timeout_ms: u32::try_from(left_ms).unwrap_or(u32::MAX),
            now: self.ports.clock.now(),
        };
        let request = confirm_request(&bidder.compiled, &variables, &winner.bid);
        let request: BidRequest = match request {
            Ok(Some(request)) if left_ms > 0 => request,
            Ok(Some(_)) => return Heard::unsent("no time was left to confirm".into()),
            Ok(None) => return Heard::unsent("the target has no confirm request".into()),
            Err(error) => return Heard::unsent(error.to_string()),
        };
        let http = self.ports.egress.tenant(call.tenant);
        let mut outgoing = sent(&request);
        let left = Duration::from_millis(left_ms.unsigned_abs());
        outgoing.timeout = outgoing.timeout.min(left);
        let exchange = async {
            let answered = http.send(outgoing).await;
            let kept =
                |got: &HttpResponse| AnswerRecord::of(got.status, &got.body, &request.secrets());
            let answer = answered.as_ref().ok().map(kept);
            (answer, understood(&bidder.compiled, answered, &request, &winner.bid, watch.now()))
        };
        // What panics here was handed nothing that anybody else uses afterwards.
        let exchanged = AssertUnwindSafe(exchange).catch_unwind().await;
        let crashed = |_| (None, Heard::unsent(Unanswered::Crashed.to_string()));
        let (answer, heard) = exchanged.unwrap_or_else(crashed);
        trade.exchanges.push(Exchange {
            target: bidder.target,
            purpose: Purpose::Confirm,
            request: request.kept(),
            answer,
        });
        heard
    }
}

/// What a target that was asked to confirm means. That it did not answer by then is no fault of its
/// where the caller could not be kept waiting for as long as the target may take.
fn understood(
    target: &CompiledTarget,
    answered: Result<HttpResponse, HttpError>,
    request: &BidRequest,
    bid: &Bid,
    at: DateTime<Utc>,
) -> Heard {
    let response = match answered.map_err(failed) {
        Ok(response) => response,
        // Our own limit: the target was not asked, and its bid stands for the next call.
        Err(Reply::Unanswered(Unanswered::NotSent { error, .. })) => {
            return Heard { said: Err(Fall::Capped { cap: error }), sign: None };
        }
        Err(reply) => {
            let cut_off = reply == Reply::Unanswered(Unanswered::Timeout)
                && request.timeout_ms < target.confirm_timeout_ms();
            let sign = Sign::of(&reply, false).filter(|_| !cut_off);
            let why = match reply {
                Reply::Unanswered(unanswered) => unanswered.to_string(),
                Reply::Answered(_) => "the answer is too large".into(),
            };
            return Heard { said: Err(Fall::NotConfirmed { text: why }), sign };
        }
    };
    let HttpResponse { status, headers, body } = &response;
    let answer = BidResponse { status: *status, headers, body };
    match parse_confirmation(target, &answer, bid, at).redacted(&request.secrets()) {
        Confirmation::Confirmed(destination) => {
            Heard { said: Ok(destination), sign: Some(Sign::Good) }
        }
        Confirmation::Refused(declined) => {
            let said = Err(unsaid(&declined.to_string(), request));
            Heard { said, sign: Some(Sign::Good) }
        }
        Confirmation::Failed(failure) => {
            let said = Err(unsaid(&failure.to_string(), request));
            let sign = Sign::of(&Reply::Answered(BidReply::Failed(failure)), false);
            Heard { said, sign }
        }
    }
}

/// What a bidder said, without what it must not repeat.
fn unsaid(text: &str, request: &BidRequest) -> Fall {
    let secrets = request.secrets();
    let text = secrets
        .into_iter()
        .fold(text.to_owned(), |text, secret| text.replace(secret, "[redacted]"));
    Fall::NotConfirmed { text }
}
