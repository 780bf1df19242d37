//! Where a bidder wants the call.

use crate::vocabulary::Destination;

/// Reads a number as bidders write it: E.164, or the ten digits of a North American number with or
/// without the country code and with the usual separators; or a SIP address with or without its
/// scheme. Other digits without a plus could be anywhere, and are refused.
pub(super) fn read(text: &str) -> Option<Destination> {
    let text = text.trim();
    // Most write E.164, which is no SIP address and has no separators.
    if let Ok(number) = text.parse() {
        return Some(Destination::Number(number));
    }
    if text.contains(':') {
        return text.parse().ok();
    }
    if text.contains('@') {
        return format!("sip:{text}").parse().ok();
    }
    let digits: String =
        text.chars().filter(|c| !matches!(c, ' ' | '(' | ')' | '-' | '.')).collect();
    if digits.starts_with('+') {
        return digits.parse().ok();
    }
    let national = match digits.strip_prefix('1') {
        Some(national) if digits.len() == 11 => national,
        _ => digits.as_str(),
    };
    // NANP: area code and exchange begin with 2 to 9.
    let is_north_american = national.len() == 10
        && national.bytes().all(|byte| byte.is_ascii_digit())
        && [0, 3].iter().all(|place| national.as_bytes()[*place] >= b'2');
    if is_north_american { format!("+1{national}").parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_the_wild_become_destinations() {
        for (text, destination) in [
            ("+15552223333", "+15552223333"),
            ("15552223333", "+15552223333"),
            ("5552223333", "+15552223333"),
            (" (555) 222-3333 ", "+15552223333"),
            ("+44 20 7946 0018", "+442079460018"),
            ("sip:bid@example.com", "sip:bid@example.com"),
            ("bid@example.com", "sip:bid@example.com"),
        ] {
            let read = read(text).map(|destination| destination.to_string());
            assert_eq!(read.as_deref(), Some(destination), "{text}");
        }
        for wrong in
            ["", "911", "0", "555222333", "442079460018", "1552223333", "tel:+15552223333", "a b@c"]
        {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
