//! Asks one target over the wire: how a bid request is sent, what comes back, and what a failed
//! exchange is in the words of the auction. An auction and a dry run ask in the same way.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::auction::{
    BidReply, BidRequest, BidResponse, CompiledTarget, Failure, Reply, Unanswered, Verdict, parse,
};
use crate::port::{Http, HttpError, HttpRequest, HttpResponse};
use crate::vocabulary::limits;

/// What came of asking a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// What it says, in the words of the auction. A bidder may repeat what it was sent: see
    /// [`Reply::redacted`].
    pub reply: Reply,
    /// The answer as it came; `None` where none did.
    pub response: Option<HttpResponse>,
}

/// Sends a target its bid request and reads what comes back: no longer than the request says, and no
/// more than [`limits::BID_BODY_BYTES`]. `received_at` tells the time once the answer is whole, from
/// which a bid's `expireInSeconds` counts. There is no error: a failed exchange is a reply too.
pub async fn ask(
    target: &CompiledTarget,
    request: &BidRequest,
    http: &dyn Http,
    received_at: impl FnOnce() -> DateTime<Utc> + Send,
) -> Asked {
    match http.send(sent(request)).await {
        Ok(response) => {
            let HttpResponse { status, headers, body } = &response;
            let answer = BidResponse { status: *status, headers, body };
            let reply = parse(target, &answer, received_at()).into();
            Asked { reply, response: Some(response) }
        }
        Err(error) => Asked { reply: failed(error), response: None },
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
        // The cap is ours: the target was not asked, and its health is not in question.
        HttpError::Busy(_) => {
            Unanswered::NotSent { verdict: Verdict::Capped, error: error.to_string() }.into()
        }
        HttpError::Forbidden => Unanswered::Forbidden.into(),
        HttpError::Timeout => Unanswered::Timeout.into(),
        HttpError::Unreachable(error) => Unanswered::Unreachable { error }.into(),
        HttpError::Broken(error) => Unanswered::Broken { error }.into(),
        HttpError::NotHttp(error) => Unanswered::NotHttp { error }.into(),
        HttpError::TooLarge => Reply::Answered(BidReply::Failed(Failure::TooLarge)),
    }
}
