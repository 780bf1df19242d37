//! Bid modifiers as a tenant writes them: an ordered table, each row a tag, a test and an action, as
//! in Ringba's (`reference/rtb.md` §1.1). What they do to a bid stands in
//! [`auction`](crate::auction::Modifier).

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{ModifierAction, ModifierTest, Quantity, check};
use crate::vocabulary::{Problem, limits};

/// One row of a table of bid modifiers: where a tag of the call passes the test, the action is taken
/// on the bid. Rows act in their order, and each that matches acts.
///
/// The bid that results, the net bid, decides the rank and has to reach the floors. Nobody pays more
/// than it bid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BidModifier {
    /// The call tag that is looked at; without meaning where the test is `always`.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schema(max_length = 100))]
    pub tag: String,
    /// What is asked of the tag.
    #[serde(default)]
    pub test: ModifierTest,
    /// What the tests `is`, `begins_with`, `ends_with` and `contains` look for. Letter case counts.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schema(max_length = 1000))]
    pub value: Option<String>,
    /// What is done to the bid.
    pub action: ModifierAction,
    /// What it is done with: the factor of `multiply`, more than 0 and at most 1000; for the others an
    /// amount in the auction's currency. `reject` needs none.
    #[serde(default)]
    pub amount: Option<Quantity>,
}

impl ModifierTest {
    /// Whether it compares the tag with a value.
    const fn needs_value(self) -> bool {
        matches!(self, Self::Is | Self::BeginsWith | Self::EndsWith | Self::Contains)
    }
}

impl BidModifier {
    fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        let tag = self.tag.len();
        let tag_fits = (1..=limits::TAG_NAME_BYTES).contains(&tag);
        if !tag_fits && (self.test != ModifierTest::Always || tag > 0) {
            let most = limits::TAG_NAME_BYTES;
            let message = format!("the name of a tag has 1 to {most} bytes, this one has {tag}");
            problems.push(Problem::error("out_of_range", format!("{path}/tag"), message));
        }
        self.check_value(path, problems);
        self.check_amount(path, problems);
    }

    fn check_value(&self, path: &str, problems: &mut Vec<Problem>) {
        let path = format!("{path}/value");
        let value = self.value.as_deref();
        if !self.test.needs_value() {
            if value.is_some() {
                let message = "the tests `always`, `present` and `absent` look at no value";
                problems.push(Problem::warning("unused", path, message));
            }
            return;
        }
        let most = limits::TAG_VALUE_BYTES;
        match value {
            None | Some("") => {
                let message = "this test needs a value that is not empty: an empty tag counts as none, and `absent` asks for that";
                problems.push(Problem::error("missing", path, message));
            }
            Some(value) if value.len() > most => {
                let message = format!("a tag's value has at most {most} bytes");
                problems.push(Problem::error("too_long", path, message));
            }
            Some(_) => {}
        }
    }

    fn check_amount(&self, path: &str, problems: &mut Vec<Problem>) {
        let path = format!("{path}/amount");
        let amount = match (self.action, self.amount) {
            (ModifierAction::Reject, None) => return,
            (ModifierAction::Reject, Some(_)) => {
                let message = "the action `reject` needs no amount";
                return problems.push(Problem::warning("unused", path, message));
            }
            (_, None) => {
                let message = "this action needs an amount, a decimal string such as \"1.20\"";
                return problems.push(Problem::error("missing", path, message));
            }
            (_, Some(amount)) => amount.decimal(),
        };
        let most = Decimal::from(limits::BID_FACTOR);
        let refused = match self.action {
            ModifierAction::Multiply if amount <= Decimal::ZERO || amount > most => {
                format!("the factor is more than 0 and at most {most}, not {amount}")
            }
            ModifierAction::Override if amount <= Decimal::ZERO => {
                format!("the amount that a bid becomes is more than 0, not {amount}")
            }
            ModifierAction::Add | ModifierAction::Subtract if amount < Decimal::ZERO => {
                format!("the amount is 0 or more, not {amount}; `subtract` takes off")
            }
            _ => return,
        };
        problems.push(Problem::error("out_of_range", path, refused));
    }

    /// Whether two rows ask and do the same, with amounts that belong into one row.
    fn repeats(&self, earlier: &Self) -> bool {
        let key = |row: &Self| (row.tag.clone(), row.test, row.value.clone(), row.action);
        key(self) == key(earlier)
    }
}

/// All problems of one table that stands at a path.
pub(super) fn check_modifiers(path: &str, table: &[BidModifier], problems: &mut Vec<Problem>) {
    check::count(problems, path, table.len(), limits::BID_MODIFIERS);
    // What is beyond the limit is not read, so a list of any length takes a bounded time.
    for (index, row) in table.iter().take(limits::BID_MODIFIERS).enumerate() {
        let place = format!("{path}/{index}");
        row.check(&place, problems);
        if let Some(earlier) = table[..index].iter().position(|earlier| row.repeats(earlier)) {
            let message = format!(
                "row {earlier} has the same tag, test, value and action: one row with one amount is expected"
            );
            problems.push(Problem::error("duplicate", place, message));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(table: &str) -> Vec<String> {
        let table: Vec<BidModifier> = serde_json::from_str(table).unwrap();
        let mut problems = Vec::new();
        check_modifiers("/modifiers", &table, &mut problems);
        let told = |problem: Problem| {
            format!("{} {}", problem.path.replace("/modifiers", ""), problem.code)
        };
        problems.into_iter().map(told).collect()
    }

    #[test]
    fn a_table_in_order_has_no_problem() {
        let table = r#"[
            {"tag":"state","value":"CA","action":"multiply","amount":"1.2"},
            {"tag":"state","value":"NY","action":"multiply","amount":"1000"},
            {"tag":"state","value":"CA","action":"add","amount":"0"},
            {"tag":"source","test":"begins_with","value":"fb","action":"subtract","amount":"1.50"},
            {"tag":"age","test":"absent","action":"reject"},
            {"test":"always","action":"override","amount":"3"}]"#;
        assert_eq!(found(table), [""; 0]);
    }

    #[test]
    fn every_problem_of_a_table_is_found_at_once() {
        let table = r#"[
            {"action":"multiply","amount":"0"},
            {"tag":"a","test":"present","value":"x","action":"multiply","amount":"1000.1"},
            {"tag":"a","test":"contains","value":"","action":"add"},
            {"test":"always","action":"add","amount":"-1"},
            {"test":"always","action":"override","amount":"0"},
            {"tag":"a","value":"x","action":"reject","amount":"1"},
            {"tag":"a","value":"x","action":"reject"}]"#;
        let expected = [
            "/0/tag out_of_range",
            "/0/value missing",
            "/0/amount out_of_range",
            "/1/value unused",
            "/1/amount out_of_range",
            "/2/value missing",
            "/2/amount missing",
            "/3/amount out_of_range",
            "/4/amount out_of_range",
            "/5/amount unused",
            "/6 duplicate",
        ];
        assert_eq!(found(table), expected);
    }

    #[test]
    fn a_table_has_a_limit_and_words_have_a_length() {
        let row = |n: usize| format!(r#"{{"tag":"t{n}","test":"present","action":"reject"}}"#);
        let rows: Vec<String> = (0..=limits::BID_MODIFIERS).map(row).collect();
        assert_eq!(found(&format!("[{}]", rows.join(","))), [" too_many"]);
        let long = "x".repeat(limits::TAG_VALUE_BYTES + 1);
        let table = format!(r#"[{{"tag":"{long}","value":"{long}","action":"reject"}}]"#);
        assert_eq!(found(&table), ["/0/tag out_of_range", "/0/value too_long"]);
        assert!(serde_json::from_str::<BidModifier>(r#"{"action":"reject","x":1}"#).is_err());
    }
}
