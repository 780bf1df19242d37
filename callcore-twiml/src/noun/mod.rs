//! The things that [`Dial`](crate::Dial) can call: one file per noun.

mod conference;
mod number;
mod queue;
mod sip;

pub use conference::{Beep, Conference, ConferenceRecord, ConferenceStatusCallback};
pub use number::Number;
pub use queue::Queue;
pub use sip::Sip;

use crate::element::choice;

choice! {
    /// One of the things that [`Dial`](crate::Dial) calls
    /// (<https://www.twilio.com/docs/voice/twiml/dial#nouns>).
    Noun {
        /// A conference, which the caller joins.
        Conference,
        /// A phone number.
        Number,
        /// A queue, whose first caller is connected.
        Queue,
        /// A SIP address.
        Sip,
    }
}
