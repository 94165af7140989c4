//! The numbers of an answer: exact decimals, from the engine's answer to the label, and the floats
//! that no decimal can be. Other floats are for geometry only.

use std::fmt;

/// `units` divided by ten to the power `scale`, as in Arrow's Decimal128.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal {
    /// The digits as a whole number.
    pub units: i128,
    /// How many of them stand after the point.
    pub scale: u8,
}

impl Decimal {
    /// The number `units / 10^scale`.
    pub const fn new(units: i128, scale: u8) -> Decimal {
        Decimal { units, scale }
    }

    /// The nearest float: for positions on a screen, never for a text.
    pub fn to_f64(self) -> f64 {
        self.units as f64 / 10f64.powi(i32::from(self.scale))
    }

    /// The number with `scale` digits after the point, half away from zero. A larger scale than the
    /// number has changes nothing but the zeros written.
    pub fn rounded(self, scale: u8) -> Decimal {
        if scale >= self.scale {
            return self.with_scale(scale).unwrap_or(self);
        }
        match 10i128.checked_pow(u32::from(self.scale - scale)) {
            Some(step) => Decimal { units: divide_rounded(self.units, step), scale },
            None => Decimal { units: 0, scale },
        }
    }

    /// The number without zeros at its end.
    pub fn trimmed(self) -> Decimal {
        let mut number = self;
        while number.scale > 0 && number.units % 10 == 0 {
            number = Decimal { units: number.units / 10, scale: number.scale - 1 };
        }
        number
    }

    /// The exact sum; `None` when it does not fit 128 bits.
    pub fn plus(self, other: Decimal) -> Option<Decimal> {
        let scale = self.scale.max(other.scale);
        let units = self.with_scale(scale)?.units.checked_add(other.with_scale(scale)?.units)?;
        Some(Decimal { units, scale })
    }

    /// The change from `previous` to this number in tenths of a percent of its size, half away from
    /// zero; of numbers with more than 34 digits, from their first 34.
    ///
    /// # Errors
    /// [`NoChange`]
    pub fn change_from(self, previous: Decimal) -> Result<i128, NoChange> {
        if previous.units == 0 {
            return Err(NoChange::FromZero);
        }
        let (mut current, mut before) = (self, previous);
        loop {
            let scale = current.scale.max(before.scale);
            let tenths = || {
                let before = before.with_scale(scale)?.units;
                let difference = current.with_scale(scale)?.units.checked_sub(before)?;
                Some((difference.checked_mul(1_000)?, before.checked_abs()?))
            };
            match tenths() {
                Some((_, 0)) => return Err(NoChange::TooLarge),
                Some((difference, before)) => return Ok(divide_rounded(difference, before)),
                // A digit less of both, as long as there is one.
                None => (current, before) = (current.tenth(), before.tenth()),
            }
        }
    }

    /// A tenth of the number, without the digit that this costs.
    fn tenth(self) -> Decimal {
        Decimal { units: divide_rounded(self.units, 10), scale: self.scale }
    }

    /// The same number with more zeros at its end.
    fn with_scale(self, scale: u8) -> Option<Decimal> {
        let factor = 10i128.checked_pow(u32::from(scale.checked_sub(self.scale)?))?;
        Some(Decimal { units: self.units.checked_mul(factor)?, scale })
    }
}

/// Why there is no change from one number to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoChange {
    /// There was nothing before that a change could be measured by.
    FromZero,
    /// It is so large that nobody could read it.
    TooLarge,
}

/// A float that no [`Decimal`] is: not a number, infinite, or of more than 38 digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Odd {
    bits: u64,
}

impl Odd {
    /// What the viewer reads: `not a number`, `∞`, `1.2e45`.
    pub fn words(self) -> String {
        match f64::from_bits(self.bits) {
            float if float.is_nan() => "not a number".to_owned(),
            f64::INFINITY => "∞".to_owned(),
            f64::NEG_INFINITY => "−∞".to_owned(),
            float => format!("{float:.1e}").replacen('-', "−", 1),
        }
    }
}

/// A number of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Number {
    /// An exact one.
    Exact(Decimal),
    /// One that can be named and not be computed with.
    Odd(Odd),
}

impl Number {
    /// The number that a float is, to its `scale`-th digit after the point.
    pub fn of_float(value: f64, scale: u8) -> Number {
        /// Above it, not every whole number is an `i128`.
        const LIMIT: f64 = 1.7e38;
        let scaled = (value * 10f64.powi(i32::from(scale))).round();
        if scaled.abs() < LIMIT {
            Number::Exact(Decimal::new(scaled as i128, scale))
        } else if value.abs() < LIMIT {
            Number::Exact(Decimal::new(value as i128, 0))
        } else {
            Number::Odd(Odd { bits: value.to_bits() })
        }
    }

    /// The exact number, if it is one.
    pub fn exact(self) -> Option<Decimal> {
        match self {
            Number::Exact(decimal) => Some(decimal),
            Number::Odd(_) => None,
        }
    }
}

impl fmt::Display for Number {
    /// Every digit, without grouping; `NaN`, `inf` and `-inf` for what has none.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Number::Exact(decimal) => decimal.fmt(f),
            Number::Odd(odd) => write!(f, "{:e}", f64::from_bits(odd.bits)),
        }
    }
}

/// `number / by`, half away from zero; `by` is above zero.
fn divide_rounded(number: i128, by: i128) -> i128 {
    let (quotient, rest) = (number / by, number % by);
    let is_up = rest.unsigned_abs() >= by.unsigned_abs() - rest.unsigned_abs();
    quotient + if is_up { number.signum() } else { 0 }
}

impl fmt::Display for Decimal {
    /// Every digit, without grouping: `13591643.70`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&chart::grouped(self.units, self.scale).replace(',', ""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_half_away_from_zero() {
        let check = |units: i128, from: u8, to: u8, expected: &str| {
            assert_eq!(Decimal::new(units, from).rounded(to).to_string(), expected);
        };
        check(1_359_164_370, 2, 2, "13591643.70");
        check(136_680_500, 6, 2, "136.68");
        check(136_685_000, 6, 2, "136.69");
        check(-136_685_000, 6, 2, "-136.69");
        check(4, 1, 0, "0");
        check(5, 1, 0, "1");
        check(-5, 1, 0, "-1");
        check(7, 0, 2, "7.00");
        check(0, 0, 2, "0.00");
        check(1, 50, 2, "0.00");
    }

    #[test]
    fn sums_are_exact() {
        let check = |a: Decimal, b: Decimal, expected: Option<&str>| {
            assert_eq!(a.plus(b).map(|sum| sum.to_string()), expected.map(str::to_owned));
        };
        check(Decimal::new(10, 1), Decimal::new(-25, 2), Some("0.75"));
        check(Decimal::new(3, 0), Decimal::new(4, 0), Some("7"));
        check(Decimal::new(i128::MAX, 0), Decimal::new(1, 0), None);
    }

    #[test]
    fn a_change_is_computed_in_whole_numbers() {
        let check =
            |current: (i128, u8), previous: (i128, u8), expected: Result<i128, NoChange>| {
                let change = Decimal::new(current.0, current.1)
                    .change_from(Decimal::new(previous.0, previous.1));
                assert_eq!(change, expected, "{current:?} {previous:?}");
            };
        check((110, 0), (100, 0), Ok(100));
        check((11_000, 2), (100, 0), Ok(100));
        check((50, 0), (100, 0), Ok(-500));
        check((100, 0), (100, 0), Ok(0));
        check((1, 0), (3, 0), Ok(-667));
        check((5, 0), (-10, 0), Ok(1_500));
        check((5, 0), (0, 0), Err(NoChange::FromZero));
        check((0, 0), (0, 9), Err(NoChange::FromZero));
        // Numbers of any size, as long as the change can be read.
        check((i128::MAX, 0), (i128::MAX / 2, 0), Ok(1_000));
        check((i128::MAX, 0), (i128::MIN, 0), Ok(2_000));
        check((i128::MIN, 0), (i128::MAX, 0), Ok(-2_000));
        check((i128::MAX, 38), (170, 2), Ok(1));
        check((2 * 10_i128.pow(37), 0), (10_i128.pow(37), 30), Ok(2 * 10_i128.pow(33) - 1_000));
        check((i128::MAX, 0), (1, 0), Err(NoChange::TooLarge));
        check((i128::MAX, 0), (1, 38), Err(NoChange::TooLarge));
    }

    #[test]
    fn zeros_at_the_end_go() {
        assert_eq!(Decimal::new(1_500, 2).trimmed(), Decimal::new(15, 0));
        assert_eq!(Decimal::new(1_050, 2).trimmed(), Decimal::new(105, 1));
        assert_eq!(Decimal::new(0, 3).trimmed(), Decimal::new(0, 0));
    }

    #[test]
    fn a_float_is_a_decimal_where_it_can_be() {
        let check = |value: f64, exact: &str, words: Option<&str>| {
            let number = Number::of_float(value, 6);
            assert_eq!(number.to_string(), exact);
            let odd = match number {
                Number::Exact(_) => None,
                Number::Odd(odd) => Some(odd.words()),
            };
            assert_eq!(odd.as_deref(), words, "{value}");
        };
        check(0.5, "0.500000", None);
        check(-2e-7, "0.000000", None);
        // No digits after the point, where there are so many before it.
        check(1e33, "999999999999999945575230987042816", None);
        check(f64::NAN, "NaN", Some("not a number"));
        check(f64::INFINITY, "inf", Some("∞"));
        check(f64::NEG_INFINITY, "-inf", Some("−∞"));
        check(1.25e45, "1.25e45", Some("1.2e45"));
        check(-1.25e45, "-1.25e45", Some("−1.2e45"));
    }
}
