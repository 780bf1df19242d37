//! What bounds a call, and how long things take that nobody measures.

use std::time::Duration;

/// How many documents a call may run: a loop of redirects would otherwise never end.
pub const MAX_DOCUMENTS: u32 = 1000;

/// How many verbs a call may run, in all of its documents.
pub const MAX_VERBS: u32 = 10_000;

/// How long a call may last: a day, the most that an account can ask for.
pub const MAX_CALL_MS: u64 = 24 * 60 * 60 * 1000;

/// How long a request may take with all of its tries
/// (<https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides>).
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);

/// How many HTTP redirects a request follows (<https://www.twilio.com/docs/api/errors/11215>).
pub const MAX_HTTP_REDIRECTS: u32 = 10;

/// How many cookies a call keeps.
pub const MAX_COOKIES: usize = 50;

/// How long a cookie may be, with its name.
pub const MAX_COOKIE_BYTES: usize = 4096;

/// The longest sound file that is fetched, in bytes.
pub const MAX_SOUND_BYTES: usize = 16 * 1024 * 1024;

/// How often `loop="0"` repeats.
pub const MAX_LOOPS: u64 = 1000;

/// How long a spoken character takes.
pub const SAY_MS_PER_CHARACTER: u64 = 60;

/// How long a sound lasts whose length [`Phone::sounds`](super::Phone::sounds) does not tell.
pub const SOUND_MS: u64 = 3000;

/// How long after a question the caller reacts.
pub const REACTION_MS: u64 = 500;

/// The time from one key to the next of the same input.
pub const KEY_INTERVAL_MS: u64 = 250;

/// How long a callee talks who was not told how long.
pub const TALK_MS: u64 = 60_000;

/// When a busy line says so, and a failing one fails, after it was dialled.
pub const REFUSAL_MS: u64 = 1000;

/// What Twilio adds to the `timeout` of a dial
/// (<https://www.twilio.com/docs/voice/twiml/dial#timeout>).
pub const RING_EXTRA_MS: u64 = 5000;

/// The silence that ends speech when `speechTimeout` is `auto`.
pub const AUTO_SPEECH_SILENCE_MS: u64 = 1000;

/// How many places a queue has by default (<https://www.twilio.com/docs/voice/twiml/enqueue>).
pub const MAX_QUEUE_SIZE: u32 = 1000;

/// How many lines a script in words may have.
pub const MAX_SCRIPT_LINES: usize = 1000;

/// What callers hear when a document cannot be had and no fallback helps.
pub const APPLICATION_ERROR: &str = "We are sorry, an application error has occurred. Goodbye.";
