//! The carrier's REST API, as far as test calls need it: it takes requests to ring somebody, and answers
//! the call that it makes of each, or refuses.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use callcore_twiml::Form;
use tokio::net::TcpListener;

/// A number that the carrier does not ring.
pub(crate) const UNVERIFIED: &str = "+12125550199";

#[derive(Debug, Default)]
struct Book {
    asked: Vec<Form>,
    sid: String,
}

/// The API.
#[derive(Clone, Debug)]
pub(crate) struct Carrier {
    pub(crate) url: String,
    book: Arc<Mutex<Book>>,
}

impl Carrier {
    pub(crate) async fn serve() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let book = Arc::new(Mutex::new(Book::default()));
        let router = Router::new()
            .route("/2010-04-01/Accounts/{account}/Calls.json", post(ring))
            .with_state(Arc::clone(&book));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, book }
    }

    /// What the next call is called.
    pub(crate) fn names(&self, sid: &str) {
        self.book.lock().unwrap().sid = sid.to_owned();
    }

    /// What it was asked for so far.
    pub(crate) fn asked(&self) -> Vec<Form> {
        self.book.lock().unwrap().asked.clone()
    }
}

async fn ring(
    State(book): State<Arc<Mutex<Book>>>,
    Path(_account): Path<String>,
    body: Bytes,
) -> Response {
    let form = Form::parse(&body).unwrap();
    let mut book = book.lock().unwrap();
    book.asked.push(form.clone());
    if form.get("To") == Some(UNVERIFIED) {
        let refusal = r#"{"code":21219,"message":"The number is unverified.","status":400}"#;
        return (StatusCode::BAD_REQUEST, refusal).into_response();
    }
    let made = serde_json::json!({ "sid": book.sid, "status": "queued" });
    (StatusCode::CREATED, made.to_string()).into_response()
}
