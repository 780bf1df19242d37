//! The router: which handler answers which path, and what holds for all of them.

use std::any::Any;
use std::sync::Arc;

use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa::openapi::OpenApi as Document;
use utoipa_axum::router::OpenApiRouter;

use crate::http::Failure;
use crate::state::App;
use crate::{api, auth, metrics, openapi, webhook};

/// Every path, before anything holds for some of them only.
fn everything(api: OpenApiRouter<App>) -> (Router<App>, Document) {
    OpenApiRouter::with_openapi(openapi::base())
        .merge(api)
        .merge(webhook::routes())
        .merge(api::health::routes())
        .merge(metrics::routes())
        .split_for_parts()
}

fn signed_in() -> OpenApiRouter<App> {
    OpenApiRouter::new().merge(auth::routes::routes()).merge(api::routes())
}

/// The OpenAPI 3.1 document, generated from the handlers.
pub fn document() -> Document {
    let mut document = everything(signed_in()).1;
    openapi::finish(&mut document);
    document
}

/// Assembles the router.
pub fn router(app: &App) -> Router {
    let document = Arc::new(document());
    let api = signed_in()
        .route("/api/openapi.json", get(move || async move { Json(document.as_ref().clone()) }))
        .layer(middleware::from_fn_with_state(Arc::clone(app), auth::csrf::refuse_cross_site))
        .layer(header_layer(header::CACHE_CONTROL, "no-store"));
    everything(api)
        .0
        .fallback(|| async { Failure::NotFound })
        .method_not_allowed_fallback(|| async { Failure::MethodNotAllowed })
        .layer(CatchPanicLayer::custom(panicked))
        .layer(header_layer(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(header_layer(header::REFERRER_POLICY, "no-referrer"))
        .layer(header_layer(
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        ))
        .with_state(Arc::clone(app))
}

fn header_layer(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}

fn panicked(_: Box<dyn Any + Send>) -> Response {
    Failure::Bug("a handler panicked").into_response()
}
