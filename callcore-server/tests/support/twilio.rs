//! Twilio's REST API, simulated: it takes requests to make and to change calls, and drives what
//! follows from them as Twilio does: status callbacks, the document of whoever answers, and the
//! document of a caller who is sent elsewhere.

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use callcore_twiml::Form;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};

use crate::office::{Line, PATIENCE};
use crate::world::{ACCOUNT, TOKEN};

/// The id of every leg that is made.
pub(crate) const LEG: &str = "CA000000000000000000000000000000ff";

/// What becomes of a leg that the API is asked to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Somebody answers and runs the document.
    Answered,
    /// It is busy.
    Busy,
    /// The API refuses to make it, and to end a call.
    Refused,
    /// Somebody answers and runs the document, but the word of the answer is lost.
    Unheard,
    /// It rings, and somebody answers, but the API fails after it began to.
    Unsure,
}

/// What happened at the carrier.
#[derive(Debug)]
pub(crate) enum Happened {
    /// A request came to the API: its resource and its form.
    Asked(String, Form),
    /// Whoever answered was given this document.
    Invited(String),
    /// The caller was sent elsewhere and was given this document.
    Redirected(String),
}

/// The API, and what happened at it.
#[derive(Debug)]
pub(crate) struct Twilio {
    pub(crate) url: String,
    api: Arc<Api>,
    happened: Mutex<mpsc::UnboundedReceiver<Happened>>,
}

#[derive(Debug)]
struct Api {
    fate: Fate,
    line: OnceLock<Line>,
    tell: mpsc::UnboundedSender<Happened>,
}

impl Twilio {
    pub(crate) async fn serve(fate: Fate) -> Self {
        let (tell, happened) = mpsc::unbounded_channel();
        let api = Arc::new(Api { fate, line: OnceLock::new(), tell });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/2010-04-01/Accounts/{account}/{resource}", post(make))
            .route("/2010-04-01/Accounts/{account}/Calls/{call}", post(change))
            .with_state(Arc::clone(&api));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, api, happened: Mutex::new(happened) }
    }

    /// Says where the webhooks go.
    pub(crate) fn connect(&self, line: &Line) {
        self.api.line.set(line.clone()).unwrap();
    }

    /// What happens next.
    pub(crate) async fn next(&self) -> Happened {
        let mut happened = self.happened.lock().await;
        let next = tokio::time::timeout(PATIENCE, happened.recv()).await;
        next.expect("something happens").unwrap()
    }

    /// The form of a request to this resource, which comes next.
    pub(crate) async fn asked(&self, resource: &str) -> Form {
        match self.next().await {
            Happened::Asked(asked, form) if asked == resource => form,
            other => panic!("{resource} is expected instead of {other:?}"),
        }
    }

    /// What happened and was not looked at.
    pub(crate) async fn rest(&self) -> Vec<Happened> {
        let mut happened = self.happened.lock().await;
        std::iter::from_fn(|| happened.try_recv().ok()).collect()
    }

    /// The leg that was made moves on.
    pub(crate) async fn leg(&self, asked: &Form, status: &str) {
        self.api.tell_status(asked, status).await;
    }
}

fn signed_in(account: &str, headers: &HeaderMap) -> bool {
    let expected = format!("Basic {}", STANDARD.encode(format!("{ACCOUNT}:{TOKEN}")));
    account == ACCOUNT && headers.get(header::AUTHORIZATION).is_some_and(|it| *it == *expected)
}

fn refusal(status: StatusCode, message: &str) -> Response {
    let body = serde_json::json!({ "code": 1, "message": message, "status": status.as_u16() });
    (status, body.to_string()).into_response()
}

async fn make(
    State(api): State<Arc<Api>>,
    Path((account, resource)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !signed_in(&account, &headers) {
        return refusal(StatusCode::UNAUTHORIZED, "Authenticate");
    }
    let form = Form::parse(&body).unwrap();
    api.tell.send(Happened::Asked(resource, form.clone())).unwrap();
    if api.fate == Fate::Refused {
        return refusal(StatusCode::BAD_REQUEST, "The number is not verified");
    }
    let fate = api.fate;
    tokio::spawn(async move { api.ring(&form).await });
    if fate == Fate::Unsure {
        return refusal(StatusCode::SERVICE_UNAVAILABLE, "Try again");
    }
    (StatusCode::CREATED, serde_json::json!({ "sid": LEG }).to_string()).into_response()
}

async fn change(
    State(api): State<Arc<Api>>,
    Path((account, call)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !signed_in(&account, &headers) {
        return refusal(StatusCode::UNAUTHORIZED, "Authenticate");
    }
    let form = Form::parse(&body).unwrap();
    api.tell.send(Happened::Asked(format!("Calls/{call}"), form.clone())).unwrap();
    let call = call.trim_end_matches(".json").to_owned();
    if form.get("Status") == Some("completed") {
        if api.fate == Fate::Refused {
            return refusal(StatusCode::BAD_REQUEST, "Call is not in-progress. Cannot redirect.");
        }
        let status = format!("{}/api/webhooks/status", crate::world::PUBLIC_URL);
        tokio::spawn(async move { api.line().post(&status, &leg(&call, "completed")).await });
        return (StatusCode::OK, "{}").into_response();
    }
    tokio::spawn(async move {
        let caller = leg(&call, "in-progress");
        let document = api.line().post(form.get("Url").unwrap(), &caller).await.text;
        api.tell.send(Happened::Redirected(document)).unwrap();
    });
    (StatusCode::OK, "{}").into_response()
}

fn leg(call: &str, status: &str) -> Form {
    Form::from_iter([("CallSid", call), ("AccountSid", ACCOUNT), ("CallStatus", status)])
}

impl Api {
    fn line(&self) -> &Line {
        self.line.get().expect("the webhooks are connected")
    }

    async fn ring(&self, asked: &Form) {
        self.tell_status(asked, "initiated").await;
        self.tell_status(asked, "ringing").await;
        if self.fate == Fate::Busy {
            return self.tell_status(asked, "busy").await;
        }
        if self.fate != Fate::Unheard {
            self.tell_status(asked, "in-progress").await;
        }
        let answered = leg(LEG, "in-progress");
        let document = self.line().post(asked.get("Url").unwrap(), &answered).await.text;
        self.tell.send(Happened::Invited(document)).unwrap();
    }

    async fn tell_status(&self, asked: &Form, status: &str) {
        let url = asked.get("StatusCallback").unwrap();
        let answer = self.line().post(url, &leg(LEG, status)).await;
        assert_eq!(answer.status, 204, "{status}: {answer:?}");
    }
}
