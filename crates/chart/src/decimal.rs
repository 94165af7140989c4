//! Exact decimals to text. A decimal is `units` divided by ten to the power `scale`, as in Arrow's
//! Decimal128; it is never turned into a float.

/// Every digit, thousands separated by commas: `grouped(1359164370, 2)` is `13,591,643.70`.
pub fn grouped(units: i128, scale: u8) -> String {
    let scale = usize::from(scale);
    let digits = format!("{:0>width$}", units.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 2);
    if units < 0 {
        text.push('-');
    }
    for (idx, digit) in whole.chars().enumerate() {
        if idx > 0 && (whole.len() - idx) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    if scale > 0 {
        text.push('.');
        text.push_str(fraction);
    }
    text
}

/// At most three significant digits and a suffix: `compact(1359164370, 2)` is `13.6M`.
///
/// Rounds half away from zero; suffixes are `k`, `M`, `B`, `T`, and for what is a thousand `T` or
/// more, or less than a millionth, the power of ten: `1.8e36`. Exact when the value has no more than
/// three significant digits, as ticks have.
pub fn compact(units: i128, scale: u8) -> String {
    if units == 0 {
        return "0".to_owned();
    }
    let digits = units.unsigned_abs().to_string();
    // The power of ten of the first digit, and the first three digits as a number.
    let mut exponent = digits.len() as i32 - 1 - i32::from(scale);
    let leading = |n: usize| {
        digits
            .bytes()
            .take(n)
            .chain(std::iter::repeat(b'0'))
            .take(n)
            .fold(0_u32, |sum, digit| sum * 10 + u32::from(digit - b'0'))
    };
    let mut three = (leading(4) + 5) / 10;
    if three == 1_000 {
        (three, exponent) = (100, exponent + 1);
    }
    let sign = if units < 0 { "-" } else { "" };
    if !(-6..15).contains(&exponent) {
        let digits = three.to_string();
        let (whole, fraction) = digits.split_at(1);
        let point = if fraction == "00" { "" } else { "." };
        return format!("{sign}{whole}{point}{}e{exponent}", fraction.trim_end_matches('0'));
    }
    let group = exponent.div_euclid(3).clamp(0, 4);
    let mut text = three.to_string();
    // Digits before the decimal point once the suffix has taken its thousands.
    let n_whole = exponent - 3 * group + 1;
    match usize::try_from(n_whole) {
        Ok(n_whole @ 1..=2) => text.insert(n_whole, '.'),
        Ok(n_whole @ 3..) => text.push_str(&"0".repeat(n_whole - 3)),
        _ => text.insert_str(0, &format!("0.{}", "0".repeat(n_whole.unsigned_abs() as usize))),
    }
    if text.contains('.') {
        text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
    }
    let suffix = ["", "k", "M", "B", "T"].get(group as usize).copied().unwrap_or_default();
    format!("{sign}{text}{suffix}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn all_digits() {
        let check = |units: i128, scale: u8, expected: &str| {
            assert_eq!(grouped(units, scale), expected);
        };
        check(1_359_164_370, 2, "13,591,643.70");
        check(99_441, 0, "99,441");
        check(0, 0, "0");
        check(0, 2, "0.00");
        check(5, 2, "0.05");
        check(-5, 2, "-0.05");
        check(-123_456, 2, "-1,234.56");
        check(999, 0, "999");
        check(1_000, 0, "1,000");
        check(i128::MIN, 0, "-170,141,183,460,469,231,731,687,303,715,884,105,728");
        check(i128::MAX, 38, "1.70141183460469231731687303715884105727");
    }

    #[test]
    fn three_digits() {
        let check = |units: i128, scale: u8, expected: &str| {
            assert_eq!(compact(units, scale), expected, "{units} {scale}");
        };
        check(1_359_164_370, 2, "13.6M");
        check(99_441, 0, "99.4k");
        check(0, 2, "0");
        check(7, 0, "7");
        check(50, 0, "50");
        check(999, 0, "999");
        check(1_000, 0, "1k");
        check(1_250, 0, "1.25k");
        check(999_499, 0, "999k");
        check(999_500, 0, "1M");
        check(99_950, 2, "1k");
        check(12_34, 2, "12.3");
        check(5, 2, "0.05");
        check(123_456, 8, "0.00123");
        check(-2_500_000, 0, "-2.5M");
        check(999_499_999_999_999, 0, "999T");
        check(999_500_000_000_000, 0, "1e15");
        check(20_500_000_000_000_000, 0, "2.05e16");
        check(1, 6, "0.000001");
        check(1, 7, "1e-7");
        check(-123, 40, "-1.23e-38");
        check(1, 38, "1e-38");
        check(i128::MIN, 0, "-1.7e38");
    }

    proptest! {
        #[test]
        fn separators_are_all_that_is_added(units: i128, scale in 0_u8..=38) {
            let plain = grouped(units, scale).replace([',', '.'], "");
            prop_assert_eq!(plain.parse::<i128>().unwrap(), units);
        }

        #[test]
        fn three_digits_are_near_the_value(units in -1_000_000_000_000_i128..1_000_000_000_000) {
            let text = compact(units, 2);
            let (number, factor) = match text.strip_suffix(['k', 'M', 'B']) {
                Some(number) => (number, match text.chars().last() {
                    Some('k') => 1e3,
                    Some('M') => 1e6,
                    _ => 1e9,
                }),
                None => (text.as_str(), 1.0),
            };
            let exact = units as f64 / 100.0;
            let shown = number.parse::<f64>().unwrap() * factor;
            prop_assert!((shown - exact).abs() <= exact.abs() * 0.005 + 1e-9, "{} {}", text, exact);
        }
    }
}
