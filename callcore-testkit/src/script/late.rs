//! Webhooks that come when the call is over: they must change nothing.

use callcore::call::Call;
use callcore::port::HttpRequest;
use callcore_twiml::Form;
use chrono::TimeDelta;

use super::flow_lines::status_name;
use super::office::{Answered, Office, continuation, signed};
use super::run::{Exchange, Talk, names};
use super::steps::After;
use crate::Harness;

impl<H: Harness> Office<H> {
    /// Delivers a webhook after the call; the text is what it changed.
    pub(super) async fn deliver(&self, talk: &Talk, after: &After) -> Result<(), String> {
        match after {
            After::Again(webhook) => {
                let delivered = |exchange: &&Exchange| names(webhook, &exchange.step);
                let mut count = 0;
                for exchange in talk.log.iter().filter(delivered) {
                    let Some(first) = &exchange.answered else { continue };
                    self.again(talk, exchange, first).await?;
                    count += 1;
                }
                if count == 0 {
                    Err(format!("{webhook:?} did not come in the call"))
                } else {
                    Ok(())
                }
            }
            After::Late(webhook) => self.late(talk, webhook).await,
            After::Nowhere(text) => self.nowhere(talk, text).await,
            After::Later(time, status) => self.later(talk, *time, status).await,
        }
    }

    /// How a flow stands that nobody comes back to.
    async fn later(&self, talk: &Talk, time: TimeDelta, status: &str) -> Result<(), String> {
        self.clock.set(self.now() + time);
        let journey = self.journey(talk.id()).await.ok_or("the call is not recorded")?;
        let session = journey.call.flow.as_ref().ok_or("the call ran no flow")?;
        let stands = status_name(session.status_at(self.now()));
        if stands == status { Ok(()) } else { Err(format!("the flow is {stands} then")) }
    }

    /// What a caller entered and nobody is to see is in nothing that is kept of the call once it is
    /// over, and in nothing that a log could get.
    async fn nowhere(&self, talk: &Talk, text: &str) -> Result<(), String> {
        let journey = self.journey(talk.id()).await.ok_or("the call is not recorded")?;
        let mut shown = vec![format!("{journey:?}"), format!("{:?}", self.outbox(talk.id()).await)];
        let record = serde_json::to_string(&journey.call);
        shown.push(record.map_err(|error| error.to_string())?);
        for fact in &journey.facts {
            shown.push(serde_json::to_string(fact).map_err(|error| error.to_string())?);
        }
        for exchange in &talk.log {
            let event = Self::event(&exchange.request);
            shown.push(event.map(|(_, event)| format!("{event:?}")).unwrap_or_default());
        }
        match shown.iter().find(|shown| shown.contains(text)) {
            Some(shown) => Err(format!("{text:?} stands in {shown}")),
            None => Ok(()),
        }
    }

    /// The same webhook gets the same bytes and leaves no trace.
    async fn again(
        &self,
        talk: &Talk,
        exchange: &Exchange,
        first: &Answered,
    ) -> Result<(), String> {
        let step = &exchange.step;
        let before = (self.journey(talk.id()).await, self.held().await);
        let second = self.answer(&exchange.request).await;
        if second.response != first.response {
            return Err(format!(
                "{step} is answered differently the second time: {}",
                String::from_utf8_lossy(&second.response.body)
            ));
        }
        if (self.journey(talk.id()).await, self.held().await) != before {
            return Err(format!("{step} changes something the second time"));
        }
        Ok(())
    }

    /// A webhook that comes too late is a fact of the journal and nothing else.
    async fn late(&self, talk: &Talk, webhook: &str) -> Result<(), String> {
        let before = self.journey(talk.id()).await.ok_or("the call is not recorded")?;
        let held = self.held().await;
        let answered = self.answer(&made_up(talk, webhook)?).await;
        let after = self.journey(talk.id()).await.ok_or("the call is gone")?;
        // How long the journal is, is the journal's.
        let unchanged = Call { facts: after.call.facts, ..before.call.clone() };
        if after.call != unchanged {
            let (before, after) = (before.call, after.call);
            return Err(format!("{webhook:?} changes the call from {before:#?} to {after:#?}"));
        }
        let same = after.facts.starts_with(&before.facts) && after.decisions == before.decisions;
        if !same || self.held().await != held {
            return Err(format!("{webhook:?} changes more than the journal"));
        }
        let first = talk.log.iter().find(|exchange| names(webhook, &exchange.step));
        let first = first.and_then(|exchange| exchange.answered.as_ref());
        let body = String::from_utf8_lossy(&answered.response.body).into_owned();
        match first {
            Some(first) if first.response != answered.response => {
                Err(format!("{webhook:?} is answered differently from the first: {body}"))
            }
            None if body.contains("<Dial") || !(200..300).contains(&answered.response.status) => {
                Err(format!("{webhook:?} is answered {}: {body}", answered.response.status))
            }
            _ => Ok(()),
        }
    }
}

fn made_up(talk: &Talk, webhook: &str) -> Result<HttpRequest, String> {
    let report = talk.report.as_ref().ok_or("the call goes on")?;
    let mut form = Form::new();
    form.push("AccountSid", &talk.phone.account_sid);
    form.push("From", &talk.phone.from);
    form.push("To", &talk.phone.to);
    let path = match webhook.split(' ').collect::<Vec<_>>()[..] {
        ["status", status] => {
            form.push("CallSid", &report.call_sid);
            form.push("CallStatus", status);
            form.push("CallDuration", "7");
            "status".to_owned()
        }
        ["dial", attempt, status] => {
            form.push("CallSid", &report.call_sid);
            form.push("DialCallStatus", status);
            form.push("DialCallDuration", "7");
            continuation("dial", attempt)
        }
        ["flow", step, keys] => {
            form.push("CallSid", &report.call_sid);
            form.push("CallStatus", "in-progress");
            if keys != "silence" {
                form.push("Digits", keys);
            }
            continuation("flow", step)
        }
        ["leg", attempt, status] => {
            let nth = attempt.parse::<usize>().ok().and_then(|nth| nth.checked_sub(1));
            let leg = nth.and_then(|nth| report.dialled().nth(nth));
            form.push("CallSid", leg.map_or("CAlate", |leg| leg.call_sid.as_str()));
            form.push("ParentCallSid", &report.call_sid);
            form.push("CallStatus", status);
            continuation("leg", attempt)
        }
        _ => return Err(format!("{webhook:?} is no webhook that can come late")),
    };
    Ok(signed(&path, &form))
}
