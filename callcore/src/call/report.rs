//! What a target reports of a call that it was dialled for, and what that makes of the call (spec
//! RTB-8). Its last word outweighs the time that was talked.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::attempt::{Attempt, AttemptTarget};
use super::state::Call;
use super::status::Advance;
use super::step::StepKey;
use crate::vocabulary::{Money, TargetId};

/// What became of a call, in a target's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportStatus {
    /// It led to a sale, or whatever the target pays for.
    Converted,
    /// The target does not take it, and does not pay.
    Rejected,
    /// The target sold it on, and pays.
    Sold,
}

impl ReportStatus {
    /// Whether the target pays.
    pub const fn converts(self) -> bool {
        match self {
            Self::Converted | Self::Sold => true,
            Self::Rejected => false,
        }
    }
}

/// A target's report of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TargetReport {
    /// Who reports.
    pub target: TargetId,
    /// What became of the call.
    pub status: ReportStatus,
    /// What the target pays, 0 or more; what it bid where absent. Of no meaning in a rejection.
    pub amount: Option<Money>,
    /// Why, in its own words.
    pub reason: Option<String>,
    /// The target's own id of the report. Two reports with one id are the same one; without an id
    /// those are that say the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report_id: Option<String>,
}

/// What an attempt keeps of the last report about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reported {
    /// What became of the call.
    pub status: ReportStatus,
    /// What the target pays, where it said so.
    pub amount: Option<Money>,
    /// How many reports about this attempt there were, this one included.
    #[serde(default)]
    pub count: u32,
}

impl TargetReport {
    /// The key under which this report is handled once.
    pub(super) fn step(&self) -> StepKey {
        let said = match &self.report_id {
            Some(id) => format!("id {id}"),
            None => format!("{:?} {:?} {:?}", self.status, self.amount, self.reason),
        };
        let digest = Uuid::new_v5(&self.target.uuid(), said.as_bytes());
        StepKey::report(self.target, digest)
    }
}

impl Reported {
    /// What an attempt earned by this report.
    fn revenue(self, target: AttemptTarget) -> Option<Money> {
        let price = match target {
            AttemptTarget::Target { price, .. } => Some(price),
            AttemptTarget::Buyer { .. }
            | AttemptTarget::NoRoute
            | AttemptTarget::External
            | AttemptTarget::Conference => None,
        };
        self.amount.or(price)
    }
}

impl Call {
    /// Whether a target was dialled for this call.
    pub fn dialled(&self, target: TargetId) -> bool {
        self.attempts.iter().any(|attempt| attempt.target.target() == Some(target))
    }

    /// Whether a target's reports of this call count: it was dialled for it, and a dial that is over
    /// connected.
    pub fn hears(&self, target: TargetId) -> bool {
        self.attempts.iter().any(|attempt| attempt.may_pay(target))
    }

    /// How many reports of a target there were.
    pub fn reports_of(&self, target: TargetId) -> u32 {
        let own = |attempt: &&Attempt| attempt.target.target() == Some(target);
        let reported = self.attempts.iter().filter(own).filter_map(|attempt| attempt.reported);
        reported.map(|reported| reported.count).fold(0, u32::saturating_add)
    }

    /// A report of a target. Where it pays, the call is converted by it; where it does not, a
    /// conversion by this target is withdrawn, and another target's report may stand. Of a test it is
    /// kept, and nothing follows from it.
    ///
    /// Answers whether it told anything new. A target that was not dialled for this call, or never
    /// answered, is not listened to.
    pub fn report(&mut self, report: &TargetReport) -> Advance {
        let TargetReport { target, status, amount, .. } = report;
        let may_pay = |attempt: &&mut Attempt| attempt.may_pay(*target);
        let Some(attempt) = self.attempts.iter_mut().rev().find(may_pay) else {
            return Advance::Stale;
        };
        let known = attempt.reported;
        let count = known.map_or(0, |known| known.count).saturating_add(1);
        let reported = Reported { status: *status, amount: *amount, count };
        attempt.reported = Some(reported);
        let (number, paid) = (attempt.attempt, reported.revenue(attempt.target));
        let said = |reported: Reported| (reported.status, reported.amount);
        let is_known = known.map(said) == Some(said(reported));
        let advance = if is_known { Advance::Repeated } else { Advance::Moved };
        if self.is_test() {
            return advance;
        }
        if status.converts() {
            (self.converted, self.converted_by, self.revenue) = (true, Some(number), paid);
        } else if self.converted && self.converted_by == Some(number) {
            // Of a call that was kept before this was, nobody knows who converted it: another one,
            // for all that this target may say.
            self.withdraw();
        }
        advance
    }

    /// What became of a dial is known, or known better: the report of a target that turns out not to
    /// have answered does not count, and counts again where it did after all.
    pub(super) fn weigh_reports(&mut self) {
        if self.is_test() {
            return;
        }
        let credited = |attempt: &&Attempt| Some(attempt.attempt) == self.converted_by;
        let is_void = self.attempts.iter().find(credited).is_some_and(Attempt::never_connected);
        let is_due = |attempt: &Attempt| {
            let reported = attempt.reported.filter(|reported| reported.status.converts());
            reported.is_some() && attempt.connected()
        };
        if is_void || (!self.converted && self.attempts.iter().any(is_due)) {
            self.withdraw();
        }
    }

    /// Takes the conversion back, or gives it to the newest attempt whose target reports one.
    fn withdraw(&mut self) {
        let paying = |attempt: &Attempt| {
            let reported = attempt.reported.filter(|reported| reported.status.converts())?;
            let paid = reported.revenue(attempt.target);
            (!attempt.never_connected()).then_some((attempt.attempt, paid))
        };
        let other = self.attempts.iter().rev().find_map(paying);
        self.converted = other.is_some();
        self.converted_by = other.map(|(attempt, _)| attempt);
        self.revenue = other.and_then(|(_, revenue)| revenue);
    }

    /// The number of the attempt that is credited with the conversion.
    pub(super) fn credited(&self) -> Option<u32> {
        self.converted_by.filter(|_| self.converted)
    }
}

impl Attempt {
    /// Whether it is known that nobody answered.
    fn never_connected(&self) -> bool {
        self.is_over() && !self.connected()
    }

    /// Whether it went to this target, who answered or may yet.
    fn may_pay(&self, target: TargetId) -> bool {
        self.target.target() == Some(target) && !self.never_connected()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(status: ReportStatus, amount: Option<i64>, id: Option<&str>) -> TargetReport {
        TargetReport {
            target: TargetId::from_uuid(Uuid::from_u128(7)),
            status,
            amount: amount.map(|cents| Money {
                amount: rust_decimal::Decimal::new(cents, 2),
                currency: crate::vocabulary::Currency::USD,
            }),
            reason: None,
            report_id: id.map(str::to_owned),
        }
    }

    #[test]
    fn the_same_words_are_one_report_and_other_words_or_ids_another() {
        let sold = report(ReportStatus::Sold, Some(450), None);
        assert_eq!(sold.step(), sold.clone().step());
        let reasoned = TargetReport { reason: Some("late".into()), ..sold.clone() };
        let strange =
            TargetReport { target: TargetId::from_uuid(Uuid::from_u128(8)), ..sold.clone() };
        for other in [
            report(ReportStatus::Converted, Some(450), None),
            report(ReportStatus::Sold, Some(451), None),
            report(ReportStatus::Sold, None, None),
            report(ReportStatus::Sold, Some(450), Some("1")),
            reasoned,
            strange,
        ] {
            assert_ne!(sold.step(), other.step(), "{other:?}");
        }
        let corrected = report(ReportStatus::Rejected, None, Some("1"));
        assert_eq!(corrected.step(), report(ReportStatus::Sold, Some(450), Some("1")).step());
        assert!(sold.step().as_str().starts_with(&format!("report/{}/", sold.target)));
    }
}
