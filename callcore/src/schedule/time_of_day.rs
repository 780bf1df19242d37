//! `HH:MM` as minutes since midnight.

/// The minutes of a day, and what `24:00` reads as.
pub(super) const DAY: u16 = 24 * 60;

/// Minutes since midnight of exactly `HH:MM`, `24:00` included.
pub(crate) fn parse(written: &str) -> Option<u16> {
    let &[h1, h2, b':', m1, m2] = written.as_bytes() else { return None };
    let hour = two_digits(h1, h2)?;
    let minute = two_digits(m1, m2)?;
    let minutes = hour * 60 + minute;
    (minute < 60 && minutes <= DAY).then_some(minutes)
}

fn two_digits(tens: u8, ones: u8) -> Option<u16> {
    let digit = |byte: u8| byte.is_ascii_digit().then(|| u16::from(byte - b'0'));
    Some(digit(tens)? * 10 + digit(ones)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_minute_of_the_day_and_its_end() {
        for minutes in 0..=DAY {
            let written = format!("{:02}:{:02}", minutes / 60, minutes % 60);
            assert_eq!(parse(&written), Some(minutes), "{written}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for wrong in [
            "",
            "9:00",
            "09:0",
            "09:000",
            "0900",
            "24:01",
            "25:00",
            "09:60",
            "99:99",
            "-1:00",
            "+9:00",
            " 9:00",
            "09:00 ",
            "09.00",
            "09:00:00",
            "9am",
            "०९:००",
            "aa:bb",
        ] {
            assert_eq!(parse(wrong), None, "{wrong:?}");
        }
    }
}
