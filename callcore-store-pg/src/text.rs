//! Text for columns of Postgres.

/// The character 0, which callers can say in a webhook, is the one that Postgres does not take.
pub(crate) fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_character_0_is_replaced() {
        assert_eq!(storable("a\0b\u{1}\u{10ffff}"), "a\u{fffd}b\u{1}\u{10ffff}");
    }
}
