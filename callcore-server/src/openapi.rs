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
        (name = "campaigns", description = "Campaigns, and the buyers and bidders assigned to them"),
        (name = "buyers", description = "Who takes calls"),
        (name = "rtb", description = "Bidders, groups of them, and what they bid"),
        (name = "flows", description = "What callers hear and are asked, and where their calls go"),
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
    for (path, item) in &mut document.paths.paths {
        let operations = [&mut item.get, &mut item.post, &mut item.put, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            finish_operation(operation);
            name(operation, path);
        }
    }
}

/// Names an operation by its handler and its path, such as `list_campaigns_buyers`: handlers of
/// several resources share a name.
fn name(operation: &mut Operation, path: &str) {
    let Some(handler) = operation.operation_id.take() else { return };
    let words = path.split('/').filter(|word| {
        !word.is_empty() && !word.starts_with('{') && *word != "api" && *word != handler
    });
    let words = words.map(|word| word.replace(['-', '.'], "_"));
    let name: Vec<String> = std::iter::once(handler.clone()).chain(words).collect();
    operation.operation_id = Some(name.join("_"));
}

fn finish_operation(operation: &mut Operation) {
    let mut needs_sign_in = false;
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        needs_sign_in |= status == "401";
        if response.description.is_empty() {
            response.description = describe(status).to_owned();
        }
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

fn describe(status: &str) -> &'static str {
    match status {
        "200" => "What was asked for.",
        "201" => "Created.",
        "202" => "Taken note of.",
        "204" => "Done.",
        "401" => "Nobody is signed in.",
        "403" => "Refused.",
        "404" => "There is no such resource of this tenant.",
        "409" => "It collides with what is there.",
        "413" => "The body is too large.",
        "422" => "Everything that is wrong with the request.",
        "429" => "Too many failed attempts.",
        "503" => "The server cannot do its work right now.",
        _ => "See the problem document.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_is_described_and_errors_are_problem_documents() {
        let document = crate::app::document();
        let mut names = std::collections::BTreeSet::new();
        for item in document.paths.paths.values() {
            for operation in [&item.get, &item.post, &item.put, &item.delete].into_iter().flatten()
            {
                assert!(
                    names.insert(operation.operation_id.clone()),
                    "{:?}",
                    operation.operation_id
                );
                for (status, response) in &operation.responses.responses {
                    let RefOr::T(response) = response else { panic!("{status} is a reference") };
                    assert!(!response.description.is_empty());
                    let problem = response.content.contains_key("application/problem+json");
                    assert_eq!(
                        problem,
                        status.starts_with('4'),
                        "{status} of {:?}",
                        operation.operation_id
                    );
                }
            }
        }
        assert!(names.len() > 40, "{names:?}");
    }
}
