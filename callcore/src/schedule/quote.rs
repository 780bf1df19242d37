//! What a user wrote, fit for a message.

const MAX_QUOTED_CHARS: usize = 40;

/// In quotes, with control characters escaped, and cut where it is long.
pub(super) fn quoted(written: &str) -> String {
    match written.char_indices().nth(MAX_QUOTED_CHARS) {
        Some((end, _)) => format!("{:?}…", &written[..end]),
        None => format!("{written:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_whole_long_cut() {
        assert_eq!(quoted("9am\n"), r#""9am\n""#);
        assert_eq!(quoted(&"ü".repeat(40)), format!("\"{}\"", "ü".repeat(40)));
        assert_eq!(quoted(&"ü".repeat(41)), format!("\"{}\"…", "ü".repeat(40)));
    }
}
