//! Bid modifiers by tag: an ordered table in which each row is a tag, a test and an action, as in
//! Ringba's (`reference/rtb.md` §1.1). They turn a bid into its net bid: what it is worth to the
//! seller.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::model::{BidModifier, ModifierAction, ModifierTest};
use crate::vocabulary::{Tags, limits};

/// Rows of one table, as Ringba has it.
pub const MODIFIERS: usize = limits::BID_MODIFIERS;

/// One row of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Modifier {
    /// The tag that is looked at.
    pub tag: String,
    /// What is asked of it.
    pub test: TagTest,
    /// What then happens to the bid.
    pub action: Adjustment,
}

/// What is asked of a tag. Letter case counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TagTest {
    /// Nothing: the row always acts.
    Always,
    /// It has a value. An empty one counts as none, as in Ringba's filters.
    Present,
    /// It has no value.
    Absent,
    /// Its value is this.
    Is(String),
    /// Its value begins so.
    BeginsWith(String),
    /// Its value ends so.
    EndsWith(String),
    /// Its value has this in it.
    Contains(String),
}

/// What happens to a bid. Amounts are in the campaign's currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Adjustment {
    /// So much is added.
    Add(Decimal),
    /// So much is subtracted.
    Subtract(Decimal),
    /// It is multiplied by this.
    Multiply(Decimal),
    /// It becomes this.
    Override(Decimal),
    /// It does not count, whatever the other rows say.
    Reject,
}

impl Modifier {
    /// A row of a document; `None` where the row lacks what it needs, which its check finds.
    pub fn of(row: &BidModifier) -> Option<Self> {
        let value = || row.value.clone().filter(|value| !value.is_empty());
        let test = match row.test {
            ModifierTest::Always => TagTest::Always,
            ModifierTest::Present => TagTest::Present,
            ModifierTest::Absent => TagTest::Absent,
            ModifierTest::Is => TagTest::Is(value()?),
            ModifierTest::BeginsWith => TagTest::BeginsWith(value()?),
            ModifierTest::EndsWith => TagTest::EndsWith(value()?),
            ModifierTest::Contains => TagTest::Contains(value()?),
        };
        let amount = row.amount.map(crate::model::Quantity::decimal);
        let action = match row.action {
            ModifierAction::Add => Adjustment::Add(amount?),
            ModifierAction::Subtract => Adjustment::Subtract(amount?),
            ModifierAction::Multiply => Adjustment::Multiply(amount?),
            ModifierAction::Override => Adjustment::Override(amount?),
            ModifierAction::Reject => Adjustment::Reject,
        };
        Some(Self { tag: row.tag.clone(), test, action })
    }

    /// The rows of a document that can act.
    pub fn table(rows: &[BidModifier]) -> Vec<Self> {
        rows.iter().filter_map(Self::of).collect()
    }
}

impl TagTest {
    fn passes(&self, value: Option<&str>) -> bool {
        let value = value.filter(|value| !value.is_empty());
        let is = |test: &dyn Fn(&str) -> bool| value.is_some_and(test);
        match self {
            Self::Always => true,
            Self::Present => value.is_some(),
            Self::Absent => value.is_none(),
            Self::Is(text) => is(&|value| value == text),
            Self::BeginsWith(text) => is(&|value| value.starts_with(text.as_str())),
            Self::EndsWith(text) => is(&|value| value.ends_with(text.as_str())),
            Self::Contains(text) => is(&|value| value.contains(text.as_str())),
        }
    }
}

impl Adjustment {
    /// Whether it keeps a higher bid the higher one, so that a bound on bids is one on net bids.
    fn is_sound(self) -> bool {
        match self {
            Self::Add(by) | Self::Subtract(by) | Self::Multiply(by) | Self::Override(by) => {
                by >= Decimal::ZERO
            }
            Self::Reject => true,
        }
    }
}

/// The actions of the rows that match a call's tags, in their order. What an auction keeps of the
/// tags is this alone: tags say who calls, and the log must not.
///
/// At most [`MODIFIERS`] rows are looked at, and a row with a negative number is none.
pub fn matching(table: &[Modifier], tags: &Tags) -> Vec<Adjustment> {
    let rows = table.iter().take(MODIFIERS).filter(|row| row.action.is_sound());
    rows.filter(|row| row.test.passes(tags.value(&row.tag))).map(|row| row.action).collect()
}

/// Whether a bid would be rejected, however high.
pub(super) fn rejects(adjustments: &[Adjustment]) -> bool {
    adjustments.contains(&Adjustment::Reject)
}

/// A bid after its adjustments, in their order, never below zero. `None` where the number grows
/// larger than can be counted with. The clip comes last: subtracting 5 and then adding 3 takes 2 off.
pub(super) fn adjusted(bid: Decimal, adjustments: &[Adjustment]) -> Option<Decimal> {
    let net =
        adjustments.iter().filter(|row| row.is_sound()).try_fold(bid, |net, row| match row {
            Adjustment::Add(by) => net.checked_add(*by),
            Adjustment::Subtract(by) => net.checked_sub(*by),
            Adjustment::Multiply(by) => net.checked_mul(*by),
            Adjustment::Override(amount) => Some(*amount),
            Adjustment::Reject => Some(net),
        })?;
    Some(net.max(Decimal::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Adjustment::{Add, Multiply, Override, Reject, Subtract};

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn rows_act_in_their_order() {
        let (two, three) = (decimal("2"), decimal("3"));
        let net = |rows: &[Adjustment]| adjusted(decimal("10"), rows).unwrap().to_string();
        assert_eq!(net(&[Add(two), Multiply(three)]), "36");
        assert_eq!(net(&[Multiply(three), Add(two)]), "32");
        assert_eq!(net(&[Override(three), Add(two)]), "5");
        assert_eq!(net(&[Add(two), Override(three)]), "3");
        assert_eq!(net(&[Subtract(decimal("15")), Add(three)]), "0");
        assert_eq!(net(&[Subtract(decimal("12")), Add(three)]), "1");
        assert_eq!(net(&[Add(Decimal::NEGATIVE_ONE)]), "10");
        assert_eq!(adjusted(Decimal::MAX, &[Multiply(two)]), None);
        assert!(rejects(&[Add(two), Reject, Override(three)]));
    }

    #[test]
    fn a_row_matches_by_its_test() {
        let mut tags = Tags::default();
        tags.set("state", "CA-north").unwrap();
        tags.set("empty", "").unwrap();
        let matches = |tag: &str, test: TagTest| {
            let row = Modifier { tag: tag.to_owned(), test, action: Reject };
            !matching(&[row], &tags).is_empty()
        };
        let text = |text: &str| text.to_owned();
        for (tag, test, expected) in [
            ("none", TagTest::Always, true),
            ("state", TagTest::Present, true),
            ("empty", TagTest::Present, false),
            ("empty", TagTest::Absent, true),
            ("state", TagTest::Absent, false),
            ("state", TagTest::Is(text("CA-north")), true),
            ("state", TagTest::Is(text("ca-north")), false),
            ("state", TagTest::BeginsWith(text("CA")), true),
            ("state", TagTest::BeginsWith(text("A")), false),
            ("state", TagTest::EndsWith(text("north")), true),
            ("state", TagTest::EndsWith(text("CA")), false),
            ("state", TagTest::Contains(text("-")), true),
            ("none", TagTest::Contains(text("")), false),
        ] {
            assert_eq!(matches(tag, test.clone()), expected, "{tag} {test:?}");
        }
    }

    #[test]
    fn rows_of_documents_become_rows_of_tables() {
        let rows = r#"[
            {"tag":"a","value":"x","action":"multiply","amount":"2"},
            {"tag":"a","test":"begins_with","value":"x","action":"add","amount":"2"},
            {"tag":"a","test":"ends_with","value":"x","action":"subtract","amount":"2"},
            {"tag":"a","test":"contains","value":"x","action":"override","amount":"2"},
            {"tag":"a","test":"present","action":"reject"},
            {"tag":"a","test":"absent","action":"reject"},
            {"test":"always","action":"reject"},
            {"tag":"a","test":"begins_with","action":"reject"},
            {"tag":"a","value":"","action":"reject"},
            {"test":"always","action":"add"}]"#;
        let rows: Vec<BidModifier> = serde_json::from_str(rows).unwrap();
        let (x, two) = (|| "x".to_owned(), decimal("2"));
        let expected = [
            (TagTest::Is(x()), Multiply(two)),
            (TagTest::BeginsWith(x()), Add(two)),
            (TagTest::EndsWith(x()), Subtract(two)),
            (TagTest::Contains(x()), Override(two)),
            (TagTest::Present, Reject),
            (TagTest::Absent, Reject),
            (TagTest::Always, Reject),
        ];
        let table = Modifier::table(&rows);
        let found = table.into_iter().map(|row| (row.test, row.action));
        assert_eq!(found.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_table_is_read_to_its_limit() {
        let row = Modifier { tag: String::new(), test: TagTest::Always, action: Reject };
        let unsound = Modifier { action: Multiply(Decimal::NEGATIVE_ONE), ..row.clone() };
        assert_eq!(matching(&[unsound], &Tags::default()), []);
        assert_eq!(matching(&vec![row; MODIFIERS + 1], &Tags::default()).len(), MODIFIERS);
    }
}
