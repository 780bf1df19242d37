//! What the demonstration shows, in a form that a person likes to read.

use std::io::{self, IsTerminal, Write};

use callcore::call::{Call, DialOutcome, FinalReason};
use callcore::port::{BidResponseRecord, DeliveryStatus};
use callcore::routing::Decision;

use super::scenario::Scenario;
use super::stage::{Played, PlayedCall, way};

/// Bold and dim where a person looks, plain where a file does.
fn styled(code: &str, text: &str) -> String {
    if io::stdout().is_terminal() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
}

fn bold(text: &str) -> String {
    styled("1", text)
}

fn dim(text: &str) -> String {
    styled("2", text)
}

fn line(out: &mut impl Write, label: &str, text: &str) -> io::Result<()> {
    writeln!(out, "   {} {text}", dim(&format!("{label:<9}")))
}

pub(super) fn opening(out: &mut impl Write, url: &str) -> io::Result<()> {
    writeln!(out, "callcore listens on {url}, on a file of its own.")?;
    writeln!(out, "A simulated phone calls it through signed webhooks, in virtual time.")
}

pub(super) fn scenario(
    out: &mut impl Write,
    scenario: &Scenario,
    played: &Played,
) -> io::Result<()> {
    writeln!(out, "\n{}", bold(scenario.title))?;
    writeln!(out, "   {}", scenario.story)?;
    for call in &played.calls {
        writeln!(out)?;
        let (from, to) = (&call.report.from, played.called.as_str());
        line(out, "call", &format!("{from} dials {to}, campaign {}", scenario.campaign.name))?;
        for bid in &call.bids {
            line(out, "bidder", &self::bid(bid))?;
        }
        flow(out, call)?;
        for (_, decision) in &call.journey.decisions {
            self::decision(out, decision)?;
        }
        dialled(out, call)?;
        heard(out, call)?;
        line(out, "ended", &ending(&call.journey.call))?;
        if call.faults.is_empty() {
            line(out, "as told", "yes")?;
        }
        for fault in &call.faults {
            line(out, "NOT TOLD", fault)?;
        }
    }
    Ok(())
}

/// The way through the flow, and what was sent of it.
fn flow(out: &mut impl Write, call: &PlayedCall) -> io::Result<()> {
    let Some(session) = &call.journey.call.flow else { return Ok(()) };
    line(out, "flow", &way(&call.journey))?;
    for (name, value) in session.shown_variables() {
        line(out, "kept", &format!("{name} {value}"))?;
    }
    for sent in &call.deliveries {
        let status = match sent.status {
            DeliveryStatus::Delivered => "delivered after the answer",
            DeliveryStatus::Waiting => "not sent yet",
            DeliveryStatus::GivenUp => "given up",
        };
        line(out, "pixel", &format!("{}: {status}", sent.delivery.name))?;
    }
    Ok(())
}

/// One bidder: what became of it, at what price, and why.
fn bid(bid: &BidResponseRecord) -> String {
    let amount = bid.bid.map(|amount| format!(" at {amount}")).unwrap_or_default();
    let detail = match bid.detail.as_str() {
        "" => String::new(),
        detail => format!(": {detail}"),
    };
    format!("{} {}{amount}{detail}", bid.target_name, bid.verdict)
}

fn decision(out: &mut impl Write, decision: &Decision) -> io::Result<()> {
    match &decision.chosen {
        Some(chosen) => {
            line(out, "chosen", &format!("{} (priority {})", chosen.name, chosen.priority))?;
        }
        None => line(out, "chosen", "nobody")?,
    }
    for ranked in &decision.ranked {
        line(out, "next", &format!("{} (priority {})", ranked.name, ranked.priority))?;
    }
    for refused in &decision.refused {
        let text = format!(
            "{}: {}; eligible {}",
            refused.name, refused.evidence, refused.counterfactual.text
        );
        line(out, "refused", &text)?;
    }
    Ok(())
}

fn dialled(out: &mut impl Write, played: &PlayedCall) -> io::Result<()> {
    let legs: Vec<_> = played.report.dialled().collect();
    for (index, attempt) in played.journey.call.attempts.iter().enumerate() {
        let buyer = attempt.target.buyer();
        let ranked = played
            .journey
            .decisions
            .iter()
            .flat_map(|(_, decision)| decision.chosen.iter().chain(&decision.ranked));
        let name = ranked.into_iter().find(|one| Some(one.buyer) == buyer);
        let bidder = played.bids.iter().find(|bid| Some(bid.target) == attempt.target.target());
        let name = name.map(|one| one.name.as_str());
        let name = name.or(bidder.map(|bid| bid.target_name.as_str()));
        let name = name.unwrap_or("the no-route number");
        let rang = legs.get(index).and_then(|leg| leg.answered_after_ms).map(|ms| ms / 1_000);
        let outcome = match (attempt.outcome, rang) {
            (Some(DialOutcome::Answered), Some(rang)) => {
                format!("answered after {rang} s, talked {} s", attempt.talk_secs.unwrap_or(0))
            }
            (Some(DialOutcome::NoAnswer), _) if played.journey.call.attempts.len() == index + 1 => {
                "rang until the caller hung up".to_owned()
            }
            (Some(outcome), _) => outcome.to_string(),
            (None, _) => "rang until the caller hung up".to_owned(),
        };
        line(out, "dialled", &format!("{name} at {}: {outcome}", attempt.destination))?;
    }
    Ok(())
}

fn heard(out: &mut impl Write, played: &PlayedCall) -> io::Result<()> {
    let mut anything = false;
    for text in played.report.heard() {
        anything = true;
        line(out, "heard", &format!("“{text}”"))?;
    }
    for leg in played.report.dialled().filter(|leg| leg.bridged) {
        anything = true;
        line(out, "heard", &format!("ringing, then {} s of conversation", leg.talked_ms / 1_000))?;
    }
    if !anything {
        line(out, "heard", "ringing")?;
    }
    Ok(())
}

fn ending(call: &Call) -> String {
    let reason = match call.final_reason() {
        Some(FinalReason::Answered) => "answered",
        Some(FinalReason::CallerHungUpWhileRinging) => "the caller hung up while it rang",
        Some(FinalReason::FlowCompleted) => "the flow came to its end",
        Some(FinalReason::NoBuyerAllCapped) => "nobody, because every buyer was capped",
        Some(FinalReason::NoBuyerAllClosed) => "nobody, because every buyer was closed",
        Some(_) => "nobody took it",
        None => "it is still going on",
    };
    match (call.converted, call.revenue) {
        (true, Some(revenue)) => format!("{reason}; converted, worth {revenue}"),
        (true, None) => format!("{reason}; converted"),
        (false, _) => reason.to_owned(),
    }
}

pub(super) fn closing(out: &mut impl Write, forged_is_refused: bool, held: u64) -> io::Result<()> {
    writeln!(out)?;
    let forged = if forged_is_refused { "refused with 403" } else { "NOT refused" };
    writeln!(out, "A webhook with a forged signature: {forged}.")?;
    let held = if held == 0 { "none".to_owned() } else { held.to_string() };
    writeln!(out, "Places under caps that are still held: {held}.")
}

pub(super) fn stays_up(out: &mut impl Write, url: &str, password: &str) -> io::Result<()> {
    writeln!(out, "\nThe server stays up until you press Ctrl-C. Sign in and look around:")?;
    writeln!(
        out,
        "   curl -c cookies -H 'Content-Type: application/json' {url}/api/auth/login \\"
    )?;
    writeln!(out, "     -d '{{\"username\":\"demo\",\"password\":\"{password}\"}}'")?;
    writeln!(out, "   curl -b cookies {url}/api/calls")
}
