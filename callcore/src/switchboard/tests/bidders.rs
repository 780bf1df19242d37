//! Bidders that answer as they are told.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use crate::port::{Egress, Http, HttpError, HttpRequest, HttpResponse};
use crate::vocabulary::TenantId;

/// What a bidder does when it is asked.
#[derive(Clone, Debug)]
pub(super) enum Does {
    /// Answers 200 with this body.
    Says(String),
    /// Answers this status with nothing.
    Fails(u16),
    /// Is not asked, as we have no place for the request.
    FindsNoPlace,
    /// Never answers.
    Hangs,
    /// Does not answer in the time that it was given.
    TimesOut,
    /// Cannot be reached.
    IsGone,
    /// Makes us panic.
    Panics,
}

/// All bidders, by the host and path of their URL, and what they were asked.
#[derive(Clone, Debug, Default)]
pub(super) struct Bidders(Arc<Mutex<Book>>);

#[derive(Default)]
struct Book {
    does: BTreeMap<String, Does>,
    asked: Vec<String>,
    bodies: Vec<String>,
    meanwhile: Option<Meanwhile>,
}

/// What happens once while a bidder is asked: the one at a place, or whoever is next.
struct Meanwhile {
    place: Option<String>,
    act: Box<dyn FnOnce() + Send>,
}

impl std::fmt::Debug for Book {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Book").field("does", &self.does).finish_non_exhaustive()
    }
}

impl Bidders {
    pub(super) fn will(&self, place: &str, does: Does) {
        self.0.lock().unwrap().does.insert(place.to_owned(), does);
    }

    /// Bids this many dollars for a call to a number that ends like this.
    pub(super) fn bids(&self, place: &str, dollars: &str, number: &str) {
        let body = format!(
            r#"{{"accepted":true,"bidAmount":{dollars},"destinationNumber":"+1212555{number}"}}"#
        );
        self.will(place, Does::Says(body));
    }

    /// Something happens once, while the next of them is asked.
    pub(super) fn meanwhile(&self, act: impl FnOnce() + Send + 'static) {
        self.0.lock().unwrap().meanwhile = Some(Meanwhile { place: None, act: Box::new(act) });
    }

    /// Something happens once, while the bidder at a place is asked.
    pub(super) fn meanwhile_at(&self, place: &str, act: impl FnOnce() + Send + 'static) {
        let place = Some(place.to_owned());
        self.0.lock().unwrap().meanwhile = Some(Meanwhile { place, act: Box::new(act) });
    }

    /// The bodies of all requests, in order.
    pub(super) fn bodies(&self) -> Vec<String> {
        self.0.lock().unwrap().bodies.clone()
    }

    /// Who was asked since the last time, in order.
    pub(super) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().asked)
    }
}

impl Egress for Bidders {
    fn tenant(&self, _: TenantId) -> Arc<dyn Http> {
        Arc::new(self.clone())
    }
}

#[async_trait]
impl Http for Bidders {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let place = request.url.trim_start_matches("https://").trim_end_matches('/').to_owned();
        let does = {
            let mut book = self.0.lock().unwrap();
            book.asked.push(place.clone());
            book.bodies.push(String::from_utf8_lossy(&request.body).into_owned());
            book.does.get(&place).cloned()
        };
        let meanwhile = self.0.lock().unwrap().meanwhile.take_if(|meanwhile| {
            meanwhile.place.as_ref().is_none_or(|expected| *expected == place)
        });
        if let Some(meanwhile) = meanwhile {
            (meanwhile.act)();
        }
        let answer = |status, body: &str| {
            Ok(HttpResponse { status, headers: Vec::new(), body: body.as_bytes().to_vec() })
        };
        match does {
            Some(Does::Says(body)) => answer(200, &body),
            Some(Does::Fails(status)) => answer(status, ""),
            Some(Does::FindsNoPlace) => Err(HttpError::Busy("256 are under way".into())),
            Some(Does::Hangs) => std::future::pending().await,
            Some(Does::TimesOut) => Err(HttpError::Timeout),
            Some(Does::IsGone) => Err(HttpError::Unreachable("connection refused".into())),
            Some(Does::Panics) => panic!("a bidder made us panic"),
            None => panic!("nobody told what {place} does"),
        }
    }
}
