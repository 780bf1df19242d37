//! Whether a webhook is the carrier's. Nothing of it is looked at before.

use axum::extract::Request;
use axum::http::{HeaderMap, Uri, header};
use callcore_twiml::Form;
use callcore_twiml::signature::{self, Body};
use secrecy::ExposeSecret;

use crate::http::{Failure, body};
use crate::state::App;

/// Largest body of a webhook.
const WEBHOOK_BODY_BYTES: usize = 64 * 1024;
const SIGNATURE: &str = "X-Twilio-Signature";
const FORM: &str = "application/x-www-form-urlencoded";

/// Reads a webhook and checks that our account's carrier sent it, in the order of the reference:
/// size, signature, account.
///
/// # Errors
/// [`Failure::Forbidden`] with a line in the log; [`Failure::TooLarge`], [`Failure::BodyTimeout`].
pub(super) async fn verified(app: &App, request: Request) -> Result<Form, Failure> {
    let (parts, body) = request.into_parts();
    let refuse = |why: &'static str| {
        tracing::warn!(target: "security", path = parts.uri.path(), why, "a webhook was refused");
        Failure::Forbidden("The webhook's signature is missing or wrong.")
    };
    let bytes = body::read(&parts.headers, body, WEBHOOK_BODY_BYTES).await?;
    let Some(token) = &app.config.twilio_auth_token else {
        return Err(refuse("TWILIO_AUTH_TOKEN is not set"));
    };
    let mut signatures = parts.headers.get_all(SIGNATURE).iter();
    let signature = match (signatures.next().map(|value| value.to_str()), signatures.next()) {
        (Some(Ok(signature)), None) => signature,
        (None, _) => return Err(refuse("no signature")),
        _ => return Err(refuse("not exactly one signature")),
    };
    let url = requested_url(app, &parts.uri);
    let token = token.expose_secret();
    if !is_form(&parts.headers) {
        let signed = signature::verify(token, &url, Body::Json(&bytes), signature);
        return Err(match signed {
            Ok(()) => Failure::MediaType(FORM),
            Err(_) => refuse("wrong signature"),
        });
    }
    let form = Form::parse(&bytes).map_err(|_| refuse("the form is malformed"))?;
    if let Err(error) = signature::verify(token, &url, Body::Form(&form), signature) {
        tracing::debug!(%error, "a signature does not verify");
        return Err(refuse("wrong signature"));
    }
    match &app.config.twilio_account_sid {
        Some(ours) if form.get("AccountSid") != Some(ours) => Err(refuse("another account")),
        _ => Ok(form),
    }
}

/// The URL that the carrier requested: our public URL with the path and query of the request line,
/// byte for byte. Never the `Host` header, which anybody can set.
fn requested_url(app: &App, uri: &Uri) -> String {
    let base = app.config.public_url.as_str().trim_end_matches('/');
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    format!("{base}{path}")
}

fn is_form(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = value.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    essence.eq_ignore_ascii_case(FORM)
}
