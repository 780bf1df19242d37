//! Amounts of money in replies: numbers or strings, to exact decimals.

use rust_decimal::Decimal;

/// Most digits before the point; the rest is no price of a call, and sums of it could overflow.
const WHOLE_DIGITS: usize = 18;

/// A plain or exponential decimal, exactly. No currency sign, no thousands separator, no rounding.
pub(super) fn decimal(text: &str) -> Option<Decimal> {
    short(text).or_else(|| long(text))
}

/// A plain decimal of few digits, as almost every amount is; `None` for all others.
fn short(text: &str) -> Option<Decimal> {
    let (unsigned, sign) = text.strip_prefix('-').map_or((text, 1), |unsigned| (unsigned, -1));
    // One byte is the point.
    if unsigned.len() > WHOLE_DIGITS + 1 {
        return None;
    }
    let (mut value, mut digits, mut point) = (0_i64, 0, None);
    for byte in unsigned.bytes() {
        match byte {
            b'0'..=b'9' => {
                value = value.checked_mul(10)?.checked_add(i64::from(byte - b'0'))?;
                digits += 1;
            }
            b'.' if point.is_none() && digits > 0 => point = Some(digits),
            _ => return None,
        }
    }
    let scale = point.map_or(0, |point| digits - point);
    let is_whole = digits > 0 && point.is_none_or(|point| point < digits);
    if !is_whole || digits > u32::try_from(WHOLE_DIGITS).ok()? {
        return None;
    }
    Some(if value == 0 { Decimal::ZERO } else { Decimal::new(sign * value, scale) })
}

/// Any decimal.
fn long(text: &str) -> Option<Decimal> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = unsigned
        .split_once(['e', 'E'])
        .map_or((unsigned, None), |(mantissa, exponent)| (mantissa, Some(exponent)));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa
        .split_once('.')
        .map_or((mantissa, None), |(whole, fraction)| (whole, Some(fraction)));
    if !digits(whole) || !fraction.is_none_or(digits) {
        return None;
    }
    let value = match exponent {
        None => Decimal::from_str_exact(text).ok()?,
        Some(exponent) => {
            let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            if !digits(unsigned) || unsigned.len() > 3 {
                return None;
            }
            shifted(mantissa, exponent.trim_start_matches('+').parse().ok()?, text)?
        }
    };
    let most = Decimal::from(10_u64.pow(u32::try_from(WHOLE_DIGITS).ok()?));
    (value.abs() < most).then(|| if value.is_zero() { Decimal::ZERO } else { value })
}

/// The mantissa with its point moved, still exact.
fn shifted(mantissa: &str, exponent: i32, text: &str) -> Option<Decimal> {
    let value = Decimal::from_str_exact(mantissa).ok()?;
    if value.is_zero() {
        return Some(value);
    }
    let places = i32::try_from(value.scale()).ok()? - exponent;
    let mut shifted = if places >= 0 {
        let scale = u32::try_from(places).ok()?;
        Decimal::try_from_i128_with_scale(value.mantissa(), scale).ok()?
    } else {
        let factor = 10_i128.checked_pow(u32::try_from(-places).ok()?)?;
        Decimal::try_from_i128_with_scale(value.mantissa().checked_mul(factor)?, 0).ok()?
    };
    shifted.set_sign_negative(text.starts_with('-'));
    Some(shifted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact_or_refused() {
        for (text, exact) in [
            ("4.2", "4.2"),
            ("0.1", "0.1"),
            ("22.50", "22.50"),
            ("12345678901234567.89", "12345678901234567.89"),
            ("4.199999999999999", "4.199999999999999"),
            ("1e2", "100"),
            ("4.25E1", "42.5"),
            ("25e-1", "2.5"),
            ("-3", "-3"),
            ("-0.0", "0"),
            ("0e99", "0"),
        ] {
            let decimal = decimal(text).map(|decimal| decimal.to_string());
            assert_eq!(decimal.as_deref(), Some(exact), "{text}");
        }
        for wrong in [
            "",
            "NaN",
            "Infinity",
            "1e400",
            "1e19",
            "1000000000000000000",
            "$22.50",
            "1,234.50",
            "1_000",
            "+5",
            ".5",
            "5.",
            "1e",
            "1e+",
            "0x10",
            "5 USD",
            "--5",
            "1.00000000000000000000000000000001",
            "1e-40",
        ] {
            assert_eq!(decimal(wrong), None, "{wrong}");
        }
    }
}
