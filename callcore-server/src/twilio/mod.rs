//! Twilio's REST API, as far as calls that are going on need it: another leg for a warm transfer, and
//! another document for a caller who waits (<https://www.twilio.com/docs/voice/api/call-resource>).

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use callcore::model::HttpMethod;
use callcore::port::{Http, HttpError, HttpRequest};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::client::HttpClient;

/// Twilio's own address.
pub const API_URL: &str = "https://api.twilio.com";

/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How much of an answer is read.
const ANSWER_BYTES: usize = 256 * 1024;

/// The carrier's API.
#[derive(Debug)]
pub struct Carrier {
    client: HttpClient,
    api_url: String,
    token: Option<SecretString>,
}

/// A leg to somebody who joins a conference.
#[derive(Clone, Debug)]
pub struct Invitation<'a> {
    /// Whom to ring.
    pub to: &'a str,
    /// The number to show, which the account holds.
    pub from: &'a str,
    /// Where the carrier asks what whoever answers hears.
    pub answer_url: String,
    /// Where the carrier tells how the leg goes.
    pub status_url: String,
    /// How long it rings, in seconds.
    pub ring_timeout_secs: u32,
}

/// A call that we make ourselves: the phone that is rung runs a document of ours.
#[derive(Clone, Debug)]
pub struct Ring<'a> {
    /// Whom to ring.
    pub to: &'a str,
    /// The number to show, which the account holds.
    pub from: &'a str,
    /// Where the carrier asks what whoever answers hears.
    pub answer_url: String,
    /// Where the carrier turns when it cannot use an answer.
    pub fallback_url: String,
    /// Where the carrier tells how the call goes.
    pub status_url: String,
}

/// Why the carrier did not act.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    /// There is no token to sign in with.
    #[error("TWILIO_AUTH_TOKEN is not set")]
    NoToken,
    /// The carrier took the request and did not say which call it made of it.
    #[error("the carrier did not say which call it made")]
    NoCall,
    /// The carrier refused.
    #[error("the carrier answered {status}: {message}")]
    Refused {
        /// The status of its answer.
        status: u16,
        /// Its own code of the reason, if it gives one:
        /// <https://www.twilio.com/docs/api/errors>.
        code: Option<u64>,
        /// What it says.
        message: String,
    },
    /// The carrier did not answer.
    #[error("the carrier did not answer: {0}")]
    Unreachable(#[from] HttpError),
}

impl ActError {
    /// Whether the same act may succeed later.
    pub const fn is_passing(&self) -> bool {
        match self {
            Self::NoToken | Self::NoCall => false,
            Self::Refused { status, .. } => *status >= 500 || *status == 429,
            Self::Unreachable(_) => true,
        }
    }
}

impl Carrier {
    /// The API at an address, with the account's token.
    pub fn new(api_url: &str, token: Option<SecretString>) -> Self {
        let api_url = api_url.trim_end_matches('/').to_owned();
        Self { client: HttpClient::default(), api_url, token }
    }

    /// Rings somebody.
    ///
    /// # Errors
    /// [`ActError`].
    pub async fn invite(&self, account: &str, invitation: &Invitation<'_>) -> Result<(), ActError> {
        let timeout = invitation.ring_timeout_secs.to_string();
        let mut form = vec![
            ("To", invitation.to),
            ("From", invitation.from),
            ("Url", invitation.answer_url.as_str()),
            ("Method", "POST"),
            ("StatusCallback", invitation.status_url.as_str()),
            ("StatusCallbackMethod", "POST"),
            ("Timeout", timeout.as_str()),
        ];
        let events = ["initiated", "ringing", "answered", "completed"];
        form.extend(events.map(|event| ("StatusCallbackEvent", event)));
        self.post(account, "Calls.json", &form).await.map(drop)
    }

    /// Rings somebody who then talks with us. Answers the carrier's id of the call. A carrier that
    /// does not answer in time may ring them all the same.
    ///
    /// # Errors
    /// [`ActError`].
    pub async fn ring(&self, account: &str, ring: &Ring<'_>) -> Result<String, ActError> {
        let form = [
            ("To", ring.to),
            ("From", ring.from),
            ("Url", ring.answer_url.as_str()),
            ("Method", "POST"),
            ("FallbackUrl", ring.fallback_url.as_str()),
            ("FallbackMethod", "POST"),
            ("StatusCallback", ring.status_url.as_str()),
            ("StatusCallbackMethod", "POST"),
            ("StatusCallbackEvent", "completed"),
        ];
        let made = self.post(account, "Calls.json", &form).await?;
        made["sid"].as_str().map(str::to_owned).ok_or(ActError::NoCall)
    }

    /// Has the carrier go on with a call at another address.
    ///
    /// # Errors
    /// [`ActError`].
    pub async fn redirect(&self, account: &str, call: &str, url: &str) -> Result<(), ActError> {
        let form = [("Url", url), ("Method", "POST")];
        self.post(account, &format!("Calls/{call}.json"), &form).await.map(drop)
    }

    /// Ends a call that is going on.
    ///
    /// # Errors
    /// [`ActError`].
    pub async fn hang_up(&self, account: &str, call: &str) -> Result<(), ActError> {
        self.post(account, &format!("Calls/{call}.json"), &[("Status", "completed")])
            .await
            .map(drop)
    }

    async fn post(
        &self,
        account: &str,
        resource: &str,
        form: &[(&str, &str)],
    ) -> Result<Value, ActError> {
        let token = self.token.as_ref().ok_or(ActError::NoToken)?;
        let credentials = STANDARD.encode(format!("{account}:{}", token.expose_secret()));
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = HttpRequest {
            method: HttpMethod::Post,
            url: format!("{}/2010-04-01/Accounts/{account}/{resource}", self.api_url),
            headers: vec![
                ("Authorization".to_owned(), format!("Basic {credentials}")),
                ("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned()),
            ],
            body: body.into_bytes(),
            timeout: TIMEOUT,
            most_body_bytes: ANSWER_BYTES,
        };
        let answer = self.client.send(request).await?;
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        if answer.status < 300 {
            return Ok(body);
        }
        let message = body["message"].as_str().unwrap_or("no reason given");
        let message = message.chars().take(200).collect();
        Err(ActError::Refused { status: answer.status, code: body["code"].as_u64(), message })
    }
}
