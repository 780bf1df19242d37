//! The things that [`Dial`](crate::Dial) can call: one file per noun.

mod number;
mod sip;

pub use number::Number;
pub use sip::Sip;

use crate::element::choice;

choice! {
    /// One of the things that [`Dial`](crate::Dial) calls
    /// (<https://www.twilio.com/docs/voice/twiml/dial#nouns>).
    Noun {
        /// A phone number.
        Number,
        /// A SIP address.
        Sip,
    }
}
