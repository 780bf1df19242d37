//! The verbs: one file each, and one line in [`Verb`].

mod dial;
mod enqueue;
mod gather;
mod hangup;
mod pause;
mod play;
mod prosody;
mod record;
mod redirect;
mod reject;
mod say;

pub use dial::{Dial, DialRecord, DialTarget, RecordingTrack};
pub use enqueue::Enqueue;
pub use gather::{Gather, GatherInput, GatherPrompt, SpeechModel, SpeechTimeout};
pub use hangup::Hangup;
pub use pause::Pause;
pub use play::{Play, PlaySource};
pub(crate) use prosody::NAME as PROSODY;
pub use prosody::{Percent, Prosody};
pub use record::Record;
pub use redirect::Redirect;
pub use reject::{Reject, RejectReason};
pub use say::Say;

use crate::element::choice;

choice! {
    /// One instruction of a document (<https://www.twilio.com/docs/voice/twiml#twiml-elements>).
    Verb {
        /// Calls someone and connects the caller.
        Dial,
        /// Puts the caller into a queue.
        Enqueue,
        /// Collects keys or speech.
        Gather,
        /// Ends the call.
        Hangup,
        /// Waits.
        Pause,
        /// Plays a sound file or keys.
        Play,
        /// Records the caller.
        Record,
        /// Goes on with another document.
        Redirect,
        /// Refuses the call.
        Reject,
        /// Speaks a text.
        Say,
    }
}
