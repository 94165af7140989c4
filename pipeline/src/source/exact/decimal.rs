//! Decimal numbers of any length, as they are written.

/// The greatest exponent that is counted; beyond it only zero is a number that anything holds.
const MAX_EXPONENT: i64 = 1_000_000;

/// A number: its digits and where the point stands. Two are equal when they are the same number.
#[derive(Debug, Clone)]
pub(super) struct Number {
    is_negative: bool,
    /// The digits without leading zeros, as ASCII; empty when it is zero.
    digits: Vec<u8>,
    /// The number is `digits` times ten to this.
    exponent: i64,
}

impl Number {
    /// Reads `[+-]digits[.digits][e[+-]digits]` with at least one digit before or behind the point; `None` of
    /// anything else.
    pub(super) fn parse(text: &str) -> Option<Number> {
        let (is_negative, rest) = match text.as_bytes() {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            rest => (false, rest),
        };
        let mut digits = Vec::with_capacity(rest.len());
        let mut n_fraction = 0_i64;
        let (mut has_digit, mut has_point) = (false, false);
        let mut exponent = 0;
        for (idx, byte) in rest.iter().enumerate() {
            match byte {
                b'0'..=b'9' => {
                    has_digit = true;
                    n_fraction += i64::from(has_point);
                    if *byte != b'0' || !digits.is_empty() {
                        digits.push(*byte);
                    }
                }
                b'.' if !has_point => has_point = true,
                b'e' | b'E' if has_digit => {
                    exponent = exponent_of(rest.get(idx + 1..).unwrap_or_default())?;
                    break;
                }
                _ => return None,
            }
        }
        has_digit.then_some(Number { is_negative, digits, exponent: exponent - n_fraction })
    }

    /// How many digits it has from the first that is not zero, those of the text.
    pub(super) fn n_digits(&self) -> usize {
        self.digits.len()
    }

    /// It as a whole number of units of ten to minus `scale`; `None` when it is none, or has more than `precision`
    /// digits.
    pub(super) fn unscaled(&self, precision: u8, scale: i8) -> Option<i128> {
        let (digits, exponent) = self.normal();
        if digits.is_empty() {
            return Some(0);
        }
        let n_zeros = usize::try_from(exponent + i64::from(scale)).ok()?;
        if digits.len() + n_zeros > usize::from(precision) {
            return None;
        }
        let mut units = 0_i128;
        for digit in digits.iter().copied().chain(std::iter::repeat_n(b'0', n_zeros)) {
            units = units.checked_mul(10)?.checked_add(i128::from(digit - b'0'))?;
        }
        Some(if self.is_negative { -units } else { units })
    }

    /// The digits without zeros behind, and the exponent that goes with them.
    fn normal(&self) -> (&[u8], i64) {
        let n_zeros = self.digits.iter().rev().take_while(|digit| **digit == b'0').count();
        let digits = self.digits.get(..self.digits.len() - n_zeros).unwrap_or_default();
        (digits, if digits.is_empty() { 0 } else { self.exponent + n_zeros as i64 })
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Number) -> bool {
        self.normal() == other.normal()
            && (self.is_negative == other.is_negative || self.digits.is_empty())
    }
}

/// `[+-]digits`, as far as it is counted.
fn exponent_of(bytes: &[u8]) -> Option<i64> {
    let (sign, digits) = match bytes {
        [b'-', rest @ ..] => (-1, rest),
        [b'+', rest @ ..] => (1, rest),
        rest => (1, rest),
    };
    if digits.is_empty() {
        return None;
    }
    let mut exponent = 0_i64;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        exponent = (exponent * 10 + i64::from(digit - b'0')).min(MAX_EXPONENT);
    }
    Some(sign * exponent)
}
