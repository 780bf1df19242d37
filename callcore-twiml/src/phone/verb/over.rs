//! Redirect and Reject, which leave their document. Hangup needs no code.

use callcore::call::CallStatus;

use super::{Next, Place, Step};
use crate::phone::machine::{CALLER, Machine, Over};
use crate::phone::report::Purpose;
use crate::{Form, Redirect, Reject, RejectReason};

impl Machine<'_> {
    pub(super) async fn redirect(&mut self, place: Place<'_>, redirect: &Redirect) -> Step {
        let url = Some(redirect.url.as_str());
        let ask = place.ask(Purpose::Redirect, url, redirect.method, Form::new());
        self.document(place.line, ask).await.map(Next::Document)
    }

    /// Refuses a call that still rings, and hangs up one that was answered.
    pub(super) fn reject(&mut self, reject: &Reject) -> Step {
        if self.lines[CALLER].answered_ms.is_some() {
            let message = "a <Reject> of a call that was answered only hangs up";
            self.warn(None, message.to_owned());
            return Err(Over::Hangup);
        }
        Err(Over::Rejected(match reject.reason {
            Some(RejectReason::Busy) => CallStatus::Busy,
            Some(RejectReason::Rejected) | None => CallStatus::NoAnswer,
        }))
    }
}
