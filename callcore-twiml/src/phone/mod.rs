//! A phone that calls a webhook server as Twilio does, in virtual time.
//!
//! A [`Phone`] has a number whose calls go to a server's voice URL. [`Phone::call`] plays one call:
//! it requests TwiML through an [`Http`] port, runs it, does what a [`Script`] says that the caller
//! and the callees do, and tells in a [`Report`] what was heard, dialled and requested. Nothing
//! here waits, draws random numbers or opens a connection, so that a call of an hour takes no
//! longer than the server does, and goes the same way every time.
//!
//! ```
//! use std::sync::Arc;
//!
//! use async_trait::async_trait;
//! use callcore::call::CallStatus;
//! use callcore::port::{Http, HttpError, HttpRequest, HttpResponse};
//! use callcore_twiml::phone::{Phone, Script};
//! use callcore_twiml::{Dial, Gather, Password, Response, Say};
//!
//! #[derive(Debug)]
//! struct Server;
//!
//! #[async_trait]
//! impl Http for Server {
//!     async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
//!         let response = if request.url.ends_with("/voice") {
//!             let menu = Gather { num_digits: Some(1), action: Some("/menu".into()), ..Gather::new() };
//!             Response::new().then(menu.prompt(Say::new("For sales, press 1.")))
//!         } else {
//!             Response::new().then(Dial::number("+15550100001")).then(Say::new("Goodbye."))
//!         };
//!         let headers = vec![("content-type".into(), "text/xml".into())];
//!         let body = response.to_xml().expect("the texts are short").into_bytes();
//!         Ok(HttpResponse { status: 200, headers, body })
//!     }
//! }
//!
//! let phone = Phone::new(Arc::new(Server), Password::new("token"), "https://example.com/voice");
//! let script: Script = "
//!     digits 1
//!     callee +15550100001 answers after 3s talks 20s
//! ".parse()?;
//! let report = pollster::block_on(phone.call(&script));
//!
//! assert_eq!(report.heard().collect::<Vec<_>>(), ["For sales, press 1.", "Goodbye."]);
//! assert_eq!(report.status(), Some(CallStatus::Completed));
//! assert_eq!(report.warnings().count(), 0);
//! println!("{report}");
//! # Ok::<(), callcore_twiml::phone::ScriptError>(())
//! ```
//!
//! It runs the verbs of [`Verb`](crate::Verb). Where Twilio's documentation says nothing, it does
//! this:
//!
//! - A document that [`Response::parse`](crate::Response::parse) refuses is an error, and the
//!   fallback URL is requested. Twilio runs some of these and only warns.
//! - Keys that are pressed while nothing listens are lost, unless [`Phone::keep_early_keys`] says
//!   otherwise. A `<Gather>` without input that requests its action all the same sends no `Digits`,
//!   and `FinishedOnKey` only where a key ended it.
//! - A recording in which nobody spoke is none: the next verb runs.
//! - A callee who answers and is hung up before being connected counts as `completed` with
//!   `DialBridged=false`, and of several legs that fail the last one is reported.
//! - Whoever joins the caller's conference ends it by leaving, as if they had come with
//!   `endConferenceOnExit`. `timeLimit` and the recording of the `<Dial>` begin when the caller joins.
//! - A caller who is recalled from a conference leaves it without a request to the `<Dial>`'s action.
//! - A caller who hangs up while the call still rings leaves it as `no-answer`.
//! - An error in the TwiML for a callee hangs up the callee; the fallback URL is for callers.
//! - A request that times out takes the time that it was allowed, and every other one none.
//!
//! Left out: answering machine detection, caching by `ETag`, `referUrl`, the status callbacks and
//! recordings of conferences, the agent's side of queues, and whatever needs a verb
//! that this crate does not have, such as `<Leave>`.

mod document;
mod fetch;
mod leg;
pub mod limits;
mod line;
mod machine;
mod report;
mod run;
mod script;
mod sid;
mod verb;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use callcore::port::Http;
use chrono::{DateTime, Utc};

use crate::{Form, Method, Password};
use machine::Machine;

pub use report::{
    Dialled, Entry, Event, Heard, Manner, Outcome, Parting, Party, Purpose, Report, Requested,
    Sound, Warning,
};
pub use script::{
    Act, Agent, Callee, Conference, Input, Queue, Reaction, Script, ScriptError, ScriptErrorKind,
    Speech, Turn,
};

/// A number at Twilio, and somebody who calls it.
#[derive(Clone, Debug)]
pub struct Phone {
    /// Where requests go out.
    pub http: Arc<dyn Http>,
    /// What requests are signed with.
    pub auth_token: Password,
    /// Whose number it is.
    pub account_sid: String,
    /// Where the TwiML for an incoming call is. Like all URLs here and in documents it may have a
    /// fragment that says how often a request is tried.
    pub voice_url: String,
    /// The method of the request to it. Default: `POST`.
    pub voice_method: Option<Method>,
    /// Where the TwiML is when other TwiML cannot be had. Default: nowhere.
    pub fallback_url: Option<String>,
    /// The method of the request to it. Default: `POST`.
    pub fallback_method: Option<Method>,
    /// Who is told that a call has ended. Default: nobody.
    pub status_callback: Option<String>,
    /// The method of that request. Default: `POST`.
    pub status_callback_method: Option<Method>,
    /// Who calls: a number, `client:` or `sip:` and a name, or `anonymous`.
    pub from: String,
    /// The number that is called.
    pub to: String,
    /// What Twilio knows beyond that, such as `FromState`; requests for the caller have it.
    pub parameters: Form,
    /// What all identifiers of a call are made of. Calls with one seed have the same ones.
    pub seed: u64,
    /// The time of day at the first ring.
    pub started_at: DateTime<Utc>,
    /// How long sounds last, by their absolute URLs. Default: [`limits::SOUND_MS`].
    pub sounds: BTreeMap<String, u64>,
    /// Whether keys that are pressed too early are kept for the next `<Gather>`.
    pub keep_early_keys: bool,
    /// In which order the status callbacks of a leg arrive.
    pub callback_order: CallbackOrder,
    /// Whether every request for TwiML is made twice with one idempotency token, as when the
    /// first answer is lost. A second answer that differs is warned about.
    pub send_twice: bool,
    /// Who is told what time it is, before each request. Default: nobody.
    pub timekeeper: Option<Arc<dyn Timekeeper>>,
}

/// Learns the virtual time, so that a server in the same process can show the same instant.
pub trait Timekeeper: Debug + Send + Sync {
    /// A request goes out at this instant.
    fn requests_at(&self, now: DateTime<Utc>);
}

/// In which order the status callbacks of a leg arrive: Twilio does not promise any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CallbackOrder {
    /// As things happen.
    #[default]
    InOrder,
    /// The first, the last, and then those between them.
    LastSecond,
}

impl Phone {
    /// A phone with a made-up account, numbers and time, and with every default.
    pub fn new(http: Arc<dyn Http>, auth_token: Password, voice_url: impl Into<String>) -> Self {
        Self {
            http,
            auth_token,
            account_sid: "AC00000000000000000000000000000001".to_owned(),
            voice_url: voice_url.into(),
            voice_method: None,
            fallback_url: None,
            fallback_method: None,
            status_callback: None,
            status_callback_method: None,
            from: "+14155550100".to_owned(),
            to: "+18005550199".to_owned(),
            parameters: Form::new(),
            seed: 0,
            started_at: DateTime::from_timestamp(1_767_225_600, 0).unwrap_or_default(),
            sounds: BTreeMap::new(),
            keep_early_keys: false,
            callback_order: CallbackOrder::InOrder,
            send_twice: false,
            timekeeper: None,
        }
    }

    /// Plays one call from its first ring to its status callback.
    pub async fn call(&self, script: &Script) -> Report {
        Machine::new(self, script).play().await
    }

    fn sound_ms(&self, url: &str) -> u64 {
        self.sounds.get(url).copied().unwrap_or(limits::SOUND_MS)
    }
}
