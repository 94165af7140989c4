//! An exact decimal number, from the engine's answer to the label; floats are for geometry only.

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
    /// zero; `None` when `previous` is zero, or the numbers do not fit.
    pub fn change_from(self, previous: Decimal) -> Option<i128> {
        let scale = self.scale.max(previous.scale);
        let previous = previous.with_scale(scale)?.units;
        let difference = self.with_scale(scale)?.units.checked_sub(previous)?;
        if previous == 0 {
            return None;
        }
        Some(divide_rounded(difference.checked_mul(1_000)?, previous.checked_abs()?))
    }

    /// The same number with more zeros at its end.
    fn with_scale(self, scale: u8) -> Option<Decimal> {
        let factor = 10i128.checked_pow(u32::from(scale.checked_sub(self.scale)?))?;
        Some(Decimal { units: self.units.checked_mul(factor)?, scale })
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
        let check = |current: (i128, u8), previous: (i128, u8), expected: Option<i128>| {
            let change = Decimal::new(current.0, current.1)
                .change_from(Decimal::new(previous.0, previous.1));
            assert_eq!(change, expected, "{current:?} {previous:?}");
        };
        check((110, 0), (100, 0), Some(100));
        check((11_000, 2), (100, 0), Some(100));
        check((50, 0), (100, 0), Some(-500));
        check((100, 0), (100, 0), Some(0));
        check((1, 0), (3, 0), Some(-667));
        check((5, 0), (-10, 0), Some(1_500));
        check((5, 0), (0, 0), None);
        check((i128::MAX, 0), (1, 0), None);
    }

    #[test]
    fn zeros_at_the_end_go() {
        assert_eq!(Decimal::new(1_500, 2).trimmed(), Decimal::new(15, 0));
        assert_eq!(Decimal::new(1_050, 2).trimmed(), Decimal::new(105, 1));
        assert_eq!(Decimal::new(0, 3).trimmed(), Decimal::new(0, 0));
    }
}
