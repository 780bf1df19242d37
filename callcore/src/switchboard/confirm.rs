//! Lets a winner confirm before it is dialled: the post of ping and post.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::future::FutureExt as _;

use super::ask::{failed, sent};
use super::auction_record::Trade;
use super::handle::Switchboard;
use crate::auction::{
    AnswerRecord, Bid, BidRequest, BidResponse, CompiledTarget, Confirmation, Exchange, Fall,
    Purpose, Reply, Unanswered, Variables, confirm_request, parse_confirmation,
};
use crate::call::Call;
use crate::plan::{AuctionPlan, Bidder, call_facts};
use crate::port::{HttpError, HttpResponse};
use crate::vocabulary::{Destination, TargetId};

impl Switchboard {
    /// Whether the winner takes the call after all. One that does not falls out.
    pub(super) async fn confirmed(
        &self,
        call: &Call,
        terms: &AuctionPlan,
        winner: TargetId,
        trade: &mut Trade,
        until: DateTime<Utc>,
    ) -> bool {
        let Some(bidder) = terms.bidder(winner) else { return false };
        let Some(required) = bidder.compiled.confirmation_required() else { return true };
        let asked = self.ask_to_confirm(call, bidder, trade, until).await;
        let settled = &mut trade.settled;
        let now = self.ports.clock.now();
        match asked {
            Ok(destination) => {
                settled.confirm(winner, destination, now);
                return true;
            }
            // It has a destination already, and its confirmation was a courtesy.
            _ if !required && settled.winner().is_some_and(|won| won.destination.is_some()) => {
                return true;
            }
            Err(text) => {
                settled.fall(winner, Fall::NotConfirmed { text }, now);
            }
        }
        false
    }

    async fn ask_to_confirm(
        &self,
        call: &Call,
        bidder: &Bidder,
        trade: &mut Trade,
        until: DateTime<Utc>,
    ) -> Result<Destination, String> {
        let now = self.ports.clock.now();
        let left_ms = (until - now).num_milliseconds().max(0);
        let Some(winner) = trade.settled.winner() else { return Err("the bid is gone".into()) };
        let facts = call_facts(call);
        let request_id = winner.bid.bid_id.clone().unwrap_or_else(|| call.id.to_string());
        let variables = Variables {
            call: &facts,
            request_id: &request_id,
            min_bid: None,
            max_bid: None,
            timeout_ms: u32::try_from(left_ms).unwrap_or(u32::MAX),
            now,
        };
        let request = confirm_request(&bidder.compiled, &variables, &winner.bid);
        let request: BidRequest = match request {
            Ok(Some(request)) if left_ms > 0 => request,
            Ok(Some(_)) => return Err("no time was left to confirm".into()),
            Ok(None) => return Err("the target has no confirm request".into()),
            Err(error) => return Err(error.to_string()),
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
            let at = self.ports.clock.now();
            (answer, understood(&bidder.compiled, answered, &request, &winner.bid, at))
        };
        // What panics here was handed nothing that anybody else uses afterwards.
        let exchanged = AssertUnwindSafe(exchange).catch_unwind().await;
        let crashed = |_| (None, Err(Unanswered::Crashed.to_string()));
        let (answer, confirmed) = exchanged.unwrap_or_else(crashed);
        trade.exchanges.push(Exchange {
            target: bidder.target,
            purpose: Purpose::Confirm,
            request: request.kept(),
            answer,
        });
        confirmed
    }
}

/// Where a target that was asked to confirm wants the call, or why it does not take it.
fn understood(
    target: &CompiledTarget,
    answered: Result<HttpResponse, HttpError>,
    request: &BidRequest,
    bid: &Bid,
    at: DateTime<Utc>,
) -> Result<Destination, String> {
    let response = answered.map_err(|error| match failed(error) {
        Reply::Unanswered(unanswered) => unanswered.to_string(),
        Reply::Answered(_) => "the answer is too large".into(),
    })?;
    let HttpResponse { status, headers, body } = &response;
    let answer = BidResponse { status: *status, headers, body };
    match parse_confirmation(target, &answer, bid, at).redacted(&request.secrets()) {
        Confirmation::Confirmed(destination) => Ok(destination),
        Confirmation::Refused(declined) => Err(unsaid(declined.to_string(), request)),
        Confirmation::Failed(failure) => Err(unsaid(failure.to_string(), request)),
    }
}

/// What a bidder said, without what it must not repeat.
fn unsaid(text: String, request: &BidRequest) -> String {
    let secrets = request.secrets();
    secrets.into_iter().fold(text, |text, secret| text.replace(secret, "[redacted]"))
}
