//! Sessions, API keys and preferences.

use axum::Json;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{AppendHeaders, IntoResponse};
use callcore::port::ApiKey;
use callcore::vocabulary::{ApiKeyId, Cursor, Page, PageRequest, SessionId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::documents::{
    ApiKeyDocument, IssuedApiKey, NewApiKey, PreferencesDocument, SessionDocument, SetUp, SignIn,
    UserAnswer,
};
use super::peer::Peer;
use super::{Principal, keys, sign_in};
use crate::http::page::PagingParameters;
use crate::http::problem::ProblemDocument;
use crate::http::{Failure, Id, JsonBody, Listing, NoBody, Paging};
use crate::state::App;

/// What is under `/api/auth`.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(set_up))
        .routes(routes!(log_in))
        .routes(routes!(log_out))
        .routes(routes!(user))
        .routes(routes!(sessions, end_other_sessions))
        .routes(routes!(end_session))
        .routes(routes!(api_keys, add_api_key))
        .routes(routes!(revoke_api_key))
        .routes(routes!(preferences, set_preferences))
}

/// Creates the first tenant and its owner, once.
#[utoipa::path(
    post, path = "/api/auth/setup", tag = "session",
    request_body = SetUp,
    responses(
        (status = 201, body = UserAnswer),
        (status = 409, body = ProblemDocument),
        (status = 422, body = ProblemDocument),
        (status = 429, body = ProblemDocument),
    )
)]
async fn set_up(
    State(app): State<App>,
    JsonBody(body): JsonBody<SetUp>,
) -> Result<(StatusCode, Json<UserAnswer>), Failure> {
    let user = sign_in::set_up(&app, body.username, body.password).await?;
    Ok((StatusCode::CREATED, Json(user.into())))
}

/// Signs in: answers the user, and a cookie with a new session.
#[utoipa::path(
    post, path = "/api/auth/login", tag = "session",
    request_body = SignIn,
    responses(
        (status = 200, body = UserAnswer, headers(("Set-Cookie" = String))),
        (status = 401, body = ProblemDocument),
        (status = 422, body = ProblemDocument),
        (status = 429, body = ProblemDocument, headers(("Retry-After" = u64))),
    )
)]
async fn log_in(
    State(app): State<App>,
    peer: Peer,
    headers: HeaderMap,
    JsonBody(body): JsonBody<SignIn>,
) -> Result<impl IntoResponse, Failure> {
    let user = sign_in::check(&app, &body.username, body.password, peer).await?;
    sign_in::close(&app, &headers).await?;
    let token = sign_in::open(&app, &user, peer, &headers).await?;
    let cookie = app.guard.cookie.set(&token);
    Ok((AppendHeaders([(SET_COOKIE, cookie)]), Json(UserAnswer::from(user))))
}

/// Signs out: ends the session of the cookie, if there is one.
#[utoipa::path(
    post, path = "/api/auth/logout", tag = "session",
    responses((status = 204, description = "Nobody is signed in with this cookie any more"))
)]
async fn log_out(
    State(app): State<App>,
    headers: HeaderMap,
    NoBody: NoBody,
) -> Result<impl IntoResponse, Failure> {
    sign_in::close(&app, &headers).await?;
    let cookie = app.guard.cookie.cleared();
    Ok((StatusCode::NO_CONTENT, AppendHeaders([(SET_COOKIE, cookie)])))
}

/// Who is signed in.
#[utoipa::path(
    get, path = "/api/auth/user", tag = "session",
    responses(
        (status = 200, body = UserAnswer),
        (status = 401, body = ProblemDocument),
    )
)]
async fn user(principal: Principal) -> Json<UserAnswer> {
    Json(principal.user.into())
}

/// The user's sessions that are not over.
#[utoipa::path(
    get, path = "/api/auth/sessions", tag = "session",
    params(PagingParameters),
    responses(
        (status = 200, body = Listing<SessionDocument>),
        (status = 401, body = ProblemDocument),
        (status = 422, body = ProblemDocument),
    )
)]
async fn sessions(
    State(app): State<App>,
    principal: Principal,
    paging: Paging,
) -> Result<Json<Listing<SessionDocument>>, Failure> {
    let now = app.clock.now();
    let own = app.stores.accounts.sessions(principal.tenant, principal.user.id, now).await?;
    let page = page(own, &paging.page, |session| Cursor {
        created_at: session.created_at,
        id: session.id.uuid(),
    });
    let current = principal.session();
    Ok(Json(page.map(|session| SessionDocument::new(session, current)).into()))
}

/// Ends every session of the user but this one.
#[utoipa::path(
    delete, path = "/api/auth/sessions", tag = "session",
    responses(
        (status = 204, description = "They are over"),
        (status = 401, body = ProblemDocument),
    )
)]
async fn end_other_sessions(
    State(app): State<App>,
    principal: Principal,
) -> Result<StatusCode, Failure> {
    let Principal { tenant, ref user, .. } = principal;
    let keep = principal.session();
    app.stores.accounts.close_other_sessions(tenant, user.id, keep).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends a session of the user.
#[utoipa::path(
    delete, path = "/api/auth/sessions/{id}", tag = "session",
    params(("id" = SessionId, Path)),
    responses(
        (status = 204, description = "It is over"),
        (status = 401, body = ProblemDocument),
        (status = 404, body = ProblemDocument),
    )
)]
async fn end_session(
    State(app): State<App>,
    principal: Principal,
    Id(id): Id<SessionId>,
) -> Result<StatusCode, Failure> {
    app.stores.accounts.close_session(principal.tenant, principal.user.id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The tenant's API keys, without their tokens.
#[utoipa::path(
    get, path = "/api/auth/api-keys", tag = "session",
    params(PagingParameters),
    responses(
        (status = 200, body = Listing<ApiKeyDocument>),
        (status = 401, body = ProblemDocument),
        (status = 422, body = ProblemDocument),
    )
)]
async fn api_keys(
    State(app): State<App>,
    principal: Principal,
    paging: Paging,
) -> Result<Json<Listing<ApiKeyDocument>>, Failure> {
    let all = app.stores.accounts.api_keys(principal.tenant).await?;
    let page =
        page(all, &paging.page, |key| Cursor { created_at: key.created_at, id: key.id.uuid() });
    Ok(Json(page.map(ApiKeyDocument::from).into()))
}

/// Makes an API key. Its token is answered this once.
#[utoipa::path(
    post, path = "/api/auth/api-keys", tag = "session",
    request_body = NewApiKey,
    responses(
        (status = 201, body = IssuedApiKey),
        (status = 401, body = ProblemDocument),
        (status = 422, body = ProblemDocument),
    )
)]
async fn add_api_key(
    State(app): State<App>,
    principal: Principal,
    JsonBody(body): JsonBody<NewApiKey>,
) -> Result<(StatusCode, Json<IssuedApiKey>), Failure> {
    let token = keys::generate();
    let key = ApiKey {
        id: ApiKeyId::from_uuid(Uuid::new_v4()),
        user: principal.user.id,
        name: body.name,
        created_at: app.clock.now(),
        used_at: None,
    };
    let hash = app.guard.token_hash(&token);
    app.stores.accounts.add_api_key(principal.tenant, key.clone(), hash).await?;
    tracing::warn!(
        target: "security", event = "api_key_added", user = %principal.user.id, key = %key.id,
        "an API key was made"
    );
    Ok((StatusCode::CREATED, Json(IssuedApiKey { key: key.into(), token })))
}

/// Revokes an API key.
#[utoipa::path(
    delete, path = "/api/auth/api-keys/{id}", tag = "session",
    params(("id" = ApiKeyId, Path)),
    responses(
        (status = 204, description = "It is revoked"),
        (status = 401, body = ProblemDocument),
        (status = 404, body = ProblemDocument),
    )
)]
async fn revoke_api_key(
    State(app): State<App>,
    principal: Principal,
    Id(id): Id<ApiKeyId>,
) -> Result<StatusCode, Failure> {
    app.stores.accounts.revoke_api_key(principal.tenant, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What the user set for themselves.
#[utoipa::path(
    get, path = "/api/auth/preferences", tag = "session",
    responses(
        (status = 200, body = PreferencesDocument),
        (status = 401, body = ProblemDocument),
    )
)]
async fn preferences(
    State(app): State<App>,
    principal: Principal,
) -> Result<Json<PreferencesDocument>, Failure> {
    let set = app.stores.accounts.preferences(principal.tenant, principal.user.id).await?;
    Ok(Json(set.into()))
}

/// Replaces what the user set for themselves.
#[utoipa::path(
    put, path = "/api/auth/preferences", tag = "session",
    request_body = PreferencesDocument,
    responses(
        (status = 200, body = PreferencesDocument),
        (status = 401, body = ProblemDocument),
        (status = 422, body = ProblemDocument),
    )
)]
async fn set_preferences(
    State(app): State<App>,
    principal: Principal,
    JsonBody(body): JsonBody<PreferencesDocument>,
) -> Result<Json<PreferencesDocument>, Failure> {
    let wanted = callcore::port::Preferences::from(body);
    let Principal { tenant, user, .. } = principal;
    app.stores.accounts.set_preferences(tenant, user.id, wanted.clone()).await?;
    Ok(Json(wanted.into()))
}

/// One page of a list that the store answers whole.
fn page<T>(items: Vec<T>, asked: &PageRequest, place: impl Fn(&T) -> Cursor) -> Page<T> {
    let before = |item: &T| {
        let place = place(item);
        asked.after.is_none_or(|after| (place.created_at, place.id) < (after.created_at, after.id))
    };
    let items = items.into_iter().filter(before).take(asked.limit + 1).collect();
    Page::from_surplus(items, asked.limit, &place)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn pages_follow_each_other_without_gap_or_repetition() {
        let place = |number: &u128| Cursor {
            created_at: DateTime::from_timestamp_micros((*number / 2) as i64).unwrap(),
            id: Uuid::from_u128(*number),
        };
        let all: Vec<u128> = (0..10).rev().collect();
        for limit in 1..12 {
            let mut asked = PageRequest { limit, after: None };
            let mut seen = Vec::new();
            loop {
                let page = page(all.clone(), &asked, place);
                seen.extend(page.items);
                asked.after = page.next;
                if asked.after.is_none() {
                    break;
                }
            }
            assert_eq!(seen, all, "in pages of {limit}");
        }
    }
}
