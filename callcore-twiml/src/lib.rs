//! Typed TwiML and webhooks of Twilio's voice service.
//!
//! - [`Response`] is a TwiML document. [`Response::to_xml`] writes it and [`Response::parse`]
//!   reads it back; both refuse what Twilio's documentation does not allow.
//! - [`Form`] is the body of a webhook, and [`signature`] tells whether Twilio sent it.
//!
//! What this crate is not: it does no I/O, has no HTTP client or server, does not speak Twilio's
//! REST API, and is no carrier. Every function depends on its arguments only.
//!
//! ```
//! use callcore_twiml::{Dial, Gather, Response, Say};
//!
//! let menu = Gather { num_digits: Some(1), ..Gather::new() }.prompt(Say::new("Press 1 & wait."));
//! let response = Response::new().then(menu).then(Dial::number("+15550100"));
//!
//! let xml = response.to_xml()?;
//! assert_eq!(
//!     xml,
//!     concat!(
//!         r#"<?xml version="1.0" encoding="UTF-8"?>"#,
//!         r#"<Response><Gather numDigits="1"><Say>Press 1 &amp; wait.</Say></Gather>"#,
//!         r#"<Dial>+15550100</Dial></Response>"#,
//!     ),
//! );
//! assert_eq!(Response::parse(&xml)?, response);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Supported are the verbs of [`Verb`] with the nouns of [`Noun`]. Of SSML there is [`Prosody`] with
//! its `rate`, around the whole text of a [`Say`], and nothing else. A verb is a file in
//! `src/verb/`, which declares its attributes in one table for both directions, and a line in
//! [`Verb`].

mod attribute;
mod check;
mod element;
mod error;
mod form;
mod group;
mod noun;
pub mod phone;
pub mod render;
mod response;
pub mod signature;
mod text;
mod value;
mod verb;
pub mod webhook;
mod xml;

pub use error::{ParseError, ParseErrorKind, Violation, WriteError};
pub use form::{Form, FormError, MAX_FORM_BYTES, MAX_FORM_PAIRS};
pub use group::{AnsweringMachineDetection, RecordingStatusCallback, StatusCallback};
pub use noun::{
    Beep, Conference, ConferenceRecord, ConferenceStatusCallback, Noun, Number, Queue, Sip,
};
pub use response::{MAX_DOCUMENT_BYTES, MAX_PARSE_BYTES, Response};
pub use text::sanitize_text;
pub use value::{
    CallEvent, ConferenceEvent, JitterBufferSize, MachineDetection, Method, Password,
    RecordingEvent, Region, RingTone, Trim, Voice,
};
pub use verb::{
    Dial, DialRecord, DialTarget, Enqueue, Gather, GatherInput, GatherPrompt, Hangup, Pause,
    Percent, Play, PlaySource, Prosody, Record, RecordingTrack, Redirect, Reject, RejectReason,
    Say, SpeechModel, SpeechTimeout, Verb,
};

use response::{MAX_DEPTH, is_known_element};

/// The README's example, compiled.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
