//! The wire between a phone and the office: a request waits on it until its instant has come.

use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use async_trait::async_trait;
use callcore::port::{Http, HttpError, HttpRequest, HttpResponse};
use callcore_twiml::phone::Timekeeper;
use chrono::{DateTime, Utc};

/// What comes back for a request.
pub(super) type Answer = Result<HttpResponse, HttpError>;

/// Calls that go on together are each simulated on their own. Each waits here with its next request,
/// so that the one whose instant is first is always answered first.
#[derive(Debug, Default)]
pub(super) struct Wire(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    at: DateTime<Utc>,
    request: Option<HttpRequest>,
    answer: Option<Answer>,
}

impl Wire {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When the request that waits is made, if one does.
    pub(super) fn due(&self) -> Option<DateTime<Utc>> {
        let waiting = self.lock();
        waiting.request.as_ref().map(|_| waiting.at)
    }

    pub(super) fn take(&self) -> Option<HttpRequest> {
        self.lock().request.take()
    }

    pub(super) fn answer(&self, answer: Answer) {
        self.lock().answer = Some(answer);
    }
}

impl Timekeeper for Wire {
    fn requests_at(&self, now: DateTime<Utc>) {
        self.lock().at = now;
    }
}

#[async_trait]
impl Http for Wire {
    async fn send(&self, request: HttpRequest) -> Answer {
        self.lock().request = Some(request);
        poll_fn(|_| self.lock().answer.take().map_or(Poll::Pending, Poll::Ready)).await
    }
}
