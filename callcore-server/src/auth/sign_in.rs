//! Signing in and out.

use axum::http::HeaderMap;
use callcore::port::{AccountsError, Session, User};
use callcore::vocabulary::SessionId;
use chrono::TimeDelta;
use uuid::Uuid;

use super::documents::is_username;
use super::password::Password;
use super::peer::{Peer, user_agent};
use crate::http::Failure;
use crate::secrets::random_token;
use crate::state::App;

/// A session that is not used for so long is over.
pub(super) const IDLE_SECS: u32 = 30 * 60;
/// A session is over after so long in any case.
pub(super) const ABSOLUTE_SECS: u32 = 12 * 60 * 60;

/// Makes the first tenant and its owner.
///
/// # Errors
/// [`Failure::Conflict`] where there is one; [`Failure::Unavailable`].
pub(super) async fn set_up(
    app: &App,
    username: String,
    password: Password,
) -> Result<User, Failure> {
    // Asked before the work on the password. Of several at once the store lets one through.
    if app.stores.system.is_set_up().await? {
        return Err(AccountsError::AlreadySetUp.into());
    }
    let password_hash = app.guard.passwords.turn().await?.hash(password).await?;
    let now = app.clock.now();
    let owner = super::owner::credentials(username, password_hash, now);
    let user = owner.user.clone();
    app.stores.system.set_up(owner, now).await?;
    tracing::warn!(
        target: "security", event = "set_up", user = %user.id, "the owner account was created"
    );
    Ok(user)
}

/// Whose name and password these are.
///
/// # Errors
/// [`Failure::BadCredentials`], [`Failure::TooMany`], [`Failure::Unavailable`].
pub(super) async fn check(
    app: &App,
    username: &str,
    password: Password,
    peer: Peer,
) -> Result<User, Failure> {
    let guard = &app.guard;
    let username = username.trim();
    let suspect = guard.suspect(username, peer);
    guard.refuse_locked(&suspect, app.clock.monotonic())?;
    let turn = guard.passwords.turn().await?;
    // Asked again, because many guesses at once may have waited for a turn together.
    guard.refuse_locked(&suspect, app.clock.monotonic())?;
    let credentials = match is_username(username) {
        true => app.stores.system.credentials(username).await?,
        false => None,
    };
    let (user, stored) = credentials.map(|one| (one.user, one.password_hash)).unzip();
    // The turn is kept until the result is counted.
    let (fits, _turn) = turn.verify(password, stored).await?;
    if let Some(user) = user
        && fits
    {
        guard.sign_in_succeeded(&suspect);
        return Ok(user);
    }
    guard.sign_in_failed(suspect, peer, app.clock.monotonic());
    Err(Failure::BadCredentials)
}

/// Opens a session and answers its token, which is never one that was known before.
///
/// # Errors
/// [`Failure::Unavailable`].
pub(super) async fn open(
    app: &App,
    user: &User,
    peer: Peer,
    headers: &HeaderMap,
) -> Result<String, Failure> {
    report_new_address(app, user, peer).await?;
    let token = random_token();
    let now = app.clock.now();
    let session = Session {
        id: SessionId::from_uuid(Uuid::new_v4()),
        user: user.id,
        created_at: now,
        seen_at: now,
        idle_until: now + TimeDelta::seconds(IDLE_SECS.into()),
        ends_at: now + TimeDelta::seconds(ABSOLUTE_SECS.into()),
        user_agent: user_agent(headers),
        address: peer.to_string(),
    };
    let hash = app.guard.token_hash(&token);
    app.stores.accounts.open_session(user.tenant, session, hash).await?;
    Ok(token)
}

/// Ends the session whose cookie came with a request, if there is one.
///
/// # Errors
/// [`Failure::Unavailable`].
pub(super) async fn close(app: &App, headers: &HeaderMap) -> Result<(), Failure> {
    let Some(token) = app.guard.cookie.token(headers) else { return Ok(()) };
    let hash = app.guard.token_hash(token);
    let known = app.stores.system.session(&hash, IDLE_SECS, app.clock.now()).await?;
    let Some((session, user)) = known else { return Ok(()) };
    match app.stores.accounts.close_session(user.tenant, user.id, session.id).await {
        // Somebody else has just ended it.
        Ok(()) | Err(AccountsError::NotFound) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

async fn report_new_address(app: &App, user: &User, peer: Peer) -> Result<(), Failure> {
    if app.guard.knows_address(user.id, peer) {
        return Ok(());
    }
    let sessions = app.stores.accounts.sessions(user.tenant, user.id, app.clock.now()).await?;
    let address = peer.to_string();
    if !sessions.iter().any(|session| session.address == address) {
        tracing::warn!(
            target: "security", event = "new_address", user = %user.id, %address,
            "a sign-in from a new address"
        );
    }
    Ok(())
}
