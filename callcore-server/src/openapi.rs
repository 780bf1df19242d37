//! What the OpenAPI document says beside its paths, which come from the handlers.

use utoipa::OpenApi;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{OpenApi as Document, RefOr};

use crate::http::problem::ProblemDocument;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "callcore",
        description = "Routes inbound phone calls to buyers.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    components(schemas(ProblemDocument)),
    tags(
        (name = "session", description = "Signing in"),
        (name = "campaigns", description = "Campaigns and the buyers assigned to them"),
        (name = "buyers", description = "Who takes calls"),
        (name = "numbers", description = "What callers dial"),
        (name = "calls", description = "What became of each call"),
        (name = "webhooks", description = "What the carrier tells; signed by it"),
        (name = "health", description = "Whether the server is well"),
    )
)]
struct Described;

/// The document before it has paths.
pub fn base() -> Document {
    Described::openapi()
}

/// Says what holds for many operations: errors are problem documents, and whoever can be told that
/// they are not signed in must sign in.
pub fn finish(document: &mut Document) {
    let components = document.components.get_or_insert_default();
    let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new("callcore")));
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    components.add_security_scheme("session", cookie);
    components.add_security_scheme("apiKey", SecurityScheme::Http(bearer));
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.post, &mut item.put, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            finish_operation(operation);
        }
    }
}

fn finish_operation(operation: &mut Operation) {
    let mut needs_sign_in = false;
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        needs_sign_in |= status == "401";
        if status.starts_with('4')
            && let Some(content) = response.content.swap_remove("application/json")
        {
            response.content.insert("application/problem+json".into(), content);
        }
    }
    // Signing in is refused with 401 too, but nobody is asked to be signed in for it.
    if needs_sign_in && operation.operation_id.as_deref() != Some("login") {
        let none: [&str; 0] = [];
        operation.security = Some(vec![
            SecurityRequirement::new("session", none),
            SecurityRequirement::new("apiKey", none),
        ]);
    }
}
