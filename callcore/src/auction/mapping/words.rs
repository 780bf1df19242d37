//! The words and codes by which bidders accept and refuse: `reference/rtb.md` §1.3, §1.6 and §1.8.

/// What a word or a code says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Accepts,
    /// There is no bid, without anything being wrong.
    NoBid,
    Refuses,
}

const ACCEPTS: &[&str] = &[
    "true",
    "yes",
    "y",
    "1",
    "ok",
    "success",
    "succeeded",
    "successful",
    "accept",
    "accepted",
    "approved",
    "match",
    "matched",
    "reserved",
    "confirmed",
    "available",
    "won",
    "sold",
    "bid",
    "200",
    "1000",
];

const NO_BID: &[&str] = &[
    "no bid",
    "nobid",
    "no bids",
    "no target",
    "no targets",
    "no match",
    "nomatch",
    "unmatched",
    "no buyer",
    "no buyers",
    "no offer",
    "pass",
    "passed",
    "none",
    "204",
];

const REFUSES: &[&str] = &[
    "false",
    "no",
    "n",
    "0",
    "reject",
    "rejected",
    "decline",
    "declined",
    "deny",
    "denied",
    "refuse",
    "refused",
    "error",
    "fail",
    "failed",
    "failure",
    "invalid",
    "blocked",
    "suppressed",
    "caller number suppressed",
    "duplicate",
    "closed",
    "capped",
    "no capacity",
    "unavailable",
    "disabled",
    "expired",
    "unsold",
    "lost",
    "cancelled",
    "canceled",
];

/// A refusal that goes on, such as `FAILED must include caller_number`.
const BEGINS_REFUSAL: &[&str] = &["rejected", "declined", "denied", "refused", "error", "failed"];

/// Codes that refuse wherever they stand: CallGrid's and Ringba's.
const REFUSING_CODES: &[&str] = &[
    "2000", "3000", "1001", "1002", "1003", "1004", "1005", "1006", "1007", "1024", "1025", "1026",
    "1100",
];

/// What a word or a code says, if it is a known one. Case, `-` and `_` make no difference.
pub(super) fn meaning(text: &str) -> Option<Meaning> {
    let word = text.trim().to_ascii_lowercase().replace(['-', '_'], " ");
    let first = word.split([' ', ':', ',']).next().unwrap_or_default();
    if ACCEPTS.contains(&word.as_str()) {
        Some(Meaning::Accepts)
    } else if NO_BID.contains(&word.as_str()) {
        Some(Meaning::NoBid)
    } else if REFUSES.contains(&word.as_str())
        || REFUSING_CODES.contains(&word.as_str())
        || BEGINS_REFUSAL.contains(&first)
    {
        Some(Meaning::Refuses)
    } else {
        None
    }
}

/// Whether a code refuses wherever it stands.
pub(super) fn is_refusing_code(text: &str) -> bool {
    REFUSING_CODES.contains(&text.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_the_wild_has_one_meaning() {
        for word in ["success", "Accepted", "matched", "reserved", "TRUE", "1", "1000"] {
            assert_eq!(meaning(word), Some(Meaning::Accepts), "{word}");
        }
        for word in ["no-bid", "nobid", "No_Bid", "no_target"] {
            assert_eq!(meaning(word), Some(Meaning::NoBid), "{word}");
        }
        for word in [
            "Rejected",
            "declined",
            "denied",
            "error",
            "failed",
            "caller_number_suppressed",
            "FAILED must include caller_number (string)",
            "2000",
            "3000",
            "1004",
        ] {
            assert_eq!(meaning(word), Some(Meaning::Refuses), "{word}");
        }
        for word in ["purple", "", "12", "acceptedly", "errorless"] {
            assert_eq!(meaning(word), None, "{word}");
        }
        let all = [ACCEPTS, NO_BID, REFUSES, REFUSING_CODES].concat();
        let mut once = all.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), all.len(), "no word stands in two tables");
    }
}
