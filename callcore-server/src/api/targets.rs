//! `/api/rtb/targets`: external bidders.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use callcore::model::{Stored, Target};
use callcore::vocabulary::{Problem, TenantId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::resource::{self, Resource};
use crate::auth::Principal;
use crate::directory::{open_target, place_of_target};
use crate::http::page::PagingParameters;
use crate::http::problem::ProblemDocument;
use crate::http::{Document, Failure, Fault, Id, JsonBody, Listing, Paging};
use crate::outgoing;
use crate::secrets::NO_ENCRYPTION_KEY;
use crate::state::App;

/// Its check needs the secret that may be kept from before, so the handlers call it.
impl Document for Target {
    const READ_ONLY: &'static [&'static str] = &["id", "createdAt", "updatedAt"];
}

/// The resource's paths.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(read, replace, delete))
}

/// A target as it is shown: its secret never is.
pub(super) fn shown(mut stored: Stored<Target>) -> Resource<Target> {
    stored.value.auth = None;
    stored.into()
}

/// A target with its secret opened.
///
/// # Errors
/// [`Failure::NotFound`]; [`Failure::Invalid`] where the secret does not open.
pub(super) async fn opened(
    app: &App,
    tenant: TenantId,
    id: Uuid,
) -> Result<Stored<Target>, Failure> {
    let mut stored = resource::read::<Target>(app, tenant, id).await?;
    open_target(app.sealer.as_deref(), id, &mut stored.value)
        .map_err(|error| Failure::invalid("/auth", "does_not_open", error.to_string()))?;
    Ok(stored)
}

/// A target as it is stored: checked, with its secret sealed; an absent one stays what it was, and
/// goes where it went.
fn ready(
    app: &App,
    id: Uuid,
    mut target: Target,
    before: Option<&Target>,
) -> Result<Target, Failure> {
    let kept = before.and_then(|before| before.auth.clone());
    let is_new = target.auth.is_some();
    let mut whole = target.clone();
    if !is_new {
        whole.auth = kept.clone();
        if open_target(app.sealer.as_deref(), id, &mut whole).is_err() {
            whole.auth = None;
        }
    }
    let mut faults = faults(app, &whole);
    if !is_new {
        faults.extend(before.into_iter().flat_map(|before| astray(&target, before)));
        target.auth = kept;
    } else if let Some(secret) = target.auth.as_mut().and_then(|auth| auth.secret_mut()) {
        match &app.sealer {
            Some(sealer) => *secret = sealer.seal(secret, &place_of_target(id)),
            None => faults.push(Fault::new("/auth", "no_encryption_key", NO_ENCRYPTION_KEY)),
        }
    }
    if faults.is_empty() { Ok(target) } else { Err(Failure::Invalid(faults)) }
}

/// The places of a target that would send the secret that was kept to a host that does not know it.
fn astray(target: &Target, before: &Target) -> Vec<Fault> {
    if before.auth.clone().is_none_or(|mut auth| auth.secret_mut().is_none()) {
        return Vec::new();
    }
    let origin = |url: &str| url::Url::parse(url).ok().map(|url| url.origin());
    let known: Vec<_> = urls(before).filter_map(|(_, url)| origin(url)).collect();
    let new = urls(target).filter_map(|(path, url)| {
        let origin = origin(url).filter(|origin| !known.contains(origin))?;
        let origin = origin.ascii_serialization();
        let message = format!(
            "the secret was given for another host: to send it to {origin}, give it again in auth"
        );
        Some(Fault::new(path, "secret_needed", message))
    });
    new.collect()
}

/// Where a target is asked, each with its place.
fn urls(target: &Target) -> impl Iterator<Item = (&'static str, &str)> {
    let confirm = target.confirm.as_ref().map(|confirm| confirm.endpoint_url.as_str());
    let own = ("/endpointUrl", target.endpoint_url.as_str());
    [own].into_iter().chain(confirm.map(|url| ("/confirm/endpointUrl", url)))
}

fn faults(app: &App, target: &Target) -> Vec<Fault> {
    let blocking = target.check().into_iter().filter(Problem::blocks);
    let mut faults: Vec<Fault> = blocking.map(Fault::from).collect();
    for (path, url) in urls(target) {
        let known = faults.iter().any(|fault| fault.path == path);
        if let (false, Err(refused)) = (known, outgoing::check(url, &app.config)) {
            faults.push(Fault::new(path, "url_not_allowed", refused.to_string()));
        }
    }
    faults
}

/// Lists targets, newest first.
#[utoipa::path(get, path = "/api/rtb/targets", tag = "rtb", params(PagingParameters), responses(
    (status = 200, body = Listing<Resource<Target>>), (status = 401, body = ProblemDocument),
    (status = 422, body = ProblemDocument)))]
async fn list(
    State(app): State<App>,
    principal: Principal,
    paging: Paging,
) -> Result<Json<Listing<Resource<Target>>>, Failure> {
    resource::list(&app, principal.tenant, paging.page, shown).await.map(Json)
}

/// Creates a target.
#[utoipa::path(post, path = "/api/rtb/targets", tag = "rtb", request_body = Target, responses(
    (status = 201, body = Resource<Target>), (status = 401, body = ProblemDocument),
    (status = 422, body = ProblemDocument)))]
async fn create(
    State(app): State<App>,
    principal: Principal,
    JsonBody(target): JsonBody<Target>,
) -> Result<(StatusCode, Json<Resource<Target>>), Failure> {
    let id = Uuid::new_v4();
    let target = ready(&app, id, target, None)?;
    let created = resource::create(&app, principal.tenant, id, target).await?;
    Ok((StatusCode::CREATED, Json(shown(created))))
}

/// Reads a target.
#[utoipa::path(get, path = "/api/rtb/targets/{id}", tag = "rtb", params(("id" = Uuid, Path)), responses(
    (status = 200, body = Resource<Target>), (status = 401, body = ProblemDocument),
    (status = 404, body = ProblemDocument)))]
async fn read(
    State(app): State<App>,
    principal: Principal,
    Id(id): Id<Uuid>,
) -> Result<Json<Resource<Target>>, Failure> {
    Ok(Json(shown(resource::read(&app, principal.tenant, id).await?)))
}

/// Replaces a target; without `auth` it keeps the one it has, for the hosts that it is sent to.
#[utoipa::path(put, path = "/api/rtb/targets/{id}", tag = "rtb", params(("id" = Uuid, Path)), request_body = Target, responses(
    (status = 200, body = Resource<Target>), (status = 401, body = ProblemDocument),
    (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument),
    (status = 422, body = ProblemDocument)))]
async fn replace(
    State(app): State<App>,
    principal: Principal,
    Id(id): Id<Uuid>,
    JsonBody(target): JsonBody<Target>,
) -> Result<Json<Resource<Target>>, Failure> {
    let written = resource::change(&app, principal.tenant, id, |current: &Stored<Target>| {
        ready(&app, id, target.clone(), Some(&current.value))
    });
    Ok(Json(shown(written.await?)))
}

/// Deletes a target that no campaign and no router has.
#[utoipa::path(delete, path = "/api/rtb/targets/{id}", tag = "rtb", params(("id" = Uuid, Path)), responses(
    (status = 204), (status = 401, body = ProblemDocument), (status = 404, body = ProblemDocument),
    (status = 409, body = ProblemDocument)))]
async fn delete(
    State(app): State<App>,
    principal: Principal,
    Id(id): Id<Uuid>,
) -> Result<StatusCode, Failure> {
    resource::delete::<Target>(&app, principal.tenant, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use callcore::memory::{MemoryStore, Offline};
    use callcore::model::TargetAuth;

    use super::*;
    use crate::clock::SystemClock;
    use crate::config::Settings;
    use crate::state::Stores;

    fn app(with_key: bool) -> App {
        let settings = Settings {
            session_secret: Some("s".repeat(32)),
            encryption_key: Some("e".repeat(32)),
            ..Settings::default()
        };
        let mut config = settings.check().unwrap();
        config.encryption_key = config.encryption_key.filter(|_| with_key);
        let stores = Stores::of(&Arc::new(MemoryStore::default()));
        let clock = Arc::new(SystemClock::default());
        crate::start::shared(config, stores, clock, Arc::new(Offline), Arc::new(Offline))
    }

    fn acme(url: &str) -> Target {
        let mut target = Target::new("Acme", url);
        target.auth = Some(TargetAuth::Bearer { token: "hunter2".to_owned() });
        target
    }

    #[tokio::test]
    async fn without_a_key_no_secret_is_stored_and_everything_is_told_at_once() {
        let wrong = Target { timeout_ms: 1, ..acme("http://127.0.0.1/") };
        let Err(Failure::Invalid(faults)) = ready(&app(false), Uuid::nil(), wrong, None) else {
            panic!("it was taken")
        };
        let found: Vec<_> = faults.iter().map(|fault| (&*fault.path, &*fault.code)).collect();
        let expected = [
            ("/timeoutMs", "out_of_range"),
            ("/endpointUrl", "url_not_allowed"),
            ("/auth", "no_encryption_key"),
        ];
        assert_eq!(found, expected);
        let open = Target::new("Acme", "https://bid.example.com/");
        assert!(ready(&app(false), Uuid::nil(), open, None).is_ok());
    }

    #[tokio::test]
    async fn an_absent_secret_is_kept_sealed_and_still_checked_against() {
        let (app, id) = (app(true), Uuid::from_u128(7));
        let before = ready(&app, id, acme("https://bid.example.com/"), None).unwrap();
        let Some(TargetAuth::Bearer { token }) = &before.auth else { panic!("it is gone") };
        assert!(token.starts_with("sealed:"));
        let next = Target::new("New", "https://bid.example.com/");
        let after = ready(&app, id, next.clone(), Some(&before)).unwrap();
        assert_eq!(after.auth, before.auth);
        let headers = [("Authorization".to_owned(), "Bearer x".to_owned())].into();
        let twice = Target { headers, ..next };
        let Err(Failure::Invalid(faults)) = ready(&app, id, twice, Some(&before)) else {
            panic!("it was taken")
        };
        assert_eq!(faults[0].path, "/headers/Authorization");
    }

    #[tokio::test]
    async fn a_secret_that_is_kept_goes_to_no_host_that_does_not_know_it() {
        let (app, id) = (app(true), Uuid::from_u128(7));
        let at = |url: &str, confirm: Option<&str>| Target {
            confirm: confirm.map(|url| {
                serde_json::from_value(serde_json::json!({ "endpointUrl": url })).unwrap()
            }),
            ..Target::new("Acme", url)
        };
        let first = ("https://bid.example.com/a?b={callId}", Some("https://post.example.com/"));
        let auth = acme(first.0).auth;
        let open = ready(&app, id, at(first.0, first.1), None).unwrap();
        let secret = Target { auth: auth.clone(), ..at(first.0, first.1) };
        let kept = ready(&app, id, secret, None).unwrap();
        for (url, confirm, wrong) in [
            (first.0, first.1, &[][..]),
            ("https://BID.example.com:443/{callId}", None, &[]),
            ("https://post.example.com/", Some("https://bid.example.com/"), &[]),
            ("https://evil.example.com/", first.1, &["/endpointUrl"]),
            ("https://bid.example.com.evil.example/", None, &["/endpointUrl"]),
            ("http://bid.example.com/", None, &["/endpointUrl"]),
            ("https://bid.example.com:8443/", None, &["/endpointUrl"]),
            (first.0, Some("https://evil.example.com/"), &["/confirm/endpointUrl"]),
            (
                "https://a.example/",
                Some("https://b.example/"),
                &["/endpointUrl", "/confirm/endpointUrl"],
            ),
        ] {
            let next = at(url, confirm);
            let found = match ready(&app, id, next.clone(), Some(&kept)) {
                Ok(_) => Vec::new(),
                Err(Failure::Invalid(faults)) => faults,
                Err(failure) => panic!("{failure:?}"),
            };
            let needed = |fault: &&Fault| fault.code == "secret_needed";
            let found: Vec<_> = found.iter().filter(needed).map(|fault| &*fault.path).collect();
            assert_eq!(found, wrong, "{url}");
            // Where nothing was kept there is nothing to lose, and who gives it means it.
            let refused = |next: Target, before: &Target| match ready(&app, id, next, Some(before))
            {
                Err(Failure::Invalid(faults)) => {
                    faults.iter().any(|fault| fault.code == "secret_needed")
                }
                _ => false,
            };
            assert!(!refused(next.clone(), &open), "{url}");
            assert!(!refused(Target { auth: auth.clone(), ..next }, &kept), "{url}");
        }
    }
}
