//! `/healthz` says that the process lives, `/readyz` whether it can do its work.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

use crate::state::App;

/// The two paths. They need no session and are not part of the described API.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/healthz", get(|| async { Json(json!({ "status": "ok" })) }))
        .route("/readyz", get(ready))
}

async fn ready(State(app): State<App>) -> Response {
    match app.stores.system.is_set_up().await {
        Ok(_) => Json(json!({ "status": "ready" })).into_response(),
        Err(error) => {
            let body = Json(json!({ "status": "not ready", "reason": error.to_string() }));
            (StatusCode::SERVICE_UNAVAILABLE, body).into_response()
        }
    }
}
