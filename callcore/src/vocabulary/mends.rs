//! What the tests of all problems demand of their sentences.

/// How clauses begin that say what to do. The last three are of schedules, which have their own words.
const MENDS: [&str; 25] = [
    "add", "ask", "assign", "choose", "connect", "correct", "cover", "enable", "give", "keep",
    "make", "put", "raise", "remove", "replace", "return", "send", "set", "shorten", "try", "use",
    "write", "did", "expected", "an",
];

/// Whether a sentence has a clause that says what is wrong, and behind it one that says what to do.
pub(crate) fn says_how_to_mend(message: &str) -> bool {
    let ends = [": ", "; ", ". "];
    let clauses = ends.iter().flat_map(|end| message.split(end).skip(1));
    let first_words = clauses.filter_map(|clause| clause.split_whitespace().next());
    first_words.map(str::to_lowercase).any(|word| MENDS.contains(&word.as_str()))
}

#[test]
fn what_only_says_what_is_wrong_is_no_mend() {
    for message in ["the name is wrong", "the name is wrong: it is too long", "Give a name"] {
        assert!(!says_how_to_mend(message), "{message}");
    }
    assert!(says_how_to_mend("the name is too long: shorten it"));
}
