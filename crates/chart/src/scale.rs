//! Linear scales, and axes whose ticks are round numbers.

use crate::decimal::compact;

/// Values to positions along a straight line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinearScale {
    /// The values at the two ends.
    pub domain: (f64, f64),
    /// The positions in CSS pixels at the two ends.
    pub range_px: (f64, f64),
}

impl LinearScale {
    /// The position of `value`; the middle of the range when the domain is a single value.
    ///
    /// Values outside of the domain go on beyond the range. `value` must be finite.
    pub fn position_px(&self, value: f64) -> f64 {
        let (low, high) = self.domain;
        let (start, end) = self.range_px;
        // Divided first, so that a domain as wide as f64 itself does not overflow.
        let unit = low.abs().max(high.abs());
        let share = (value / unit - low / unit) / (high / unit - low / unit);
        if share.is_finite() { start + share * (end - start) } else { f64::midpoint(start, end) }
    }
}

/// A label at a position along an axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Tick {
    /// In CSS pixels along the axis.
    pub position_px: f64,
    /// What is written there.
    pub label: String,
}

/// How the ticks of a value axis are written, and how fine they may be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ValueFormat {
    /// Before the number, after its sign (U+2212): `R$ `.
    pub prefix: String,
    /// After the number: ` %`.
    pub suffix: String,
    /// The decimals that the measure has: 0 for a count, so that no tick falls between two.
    pub scale: u8,
}

impl ValueFormat {
    /// Writes the exact decimal `units` / 10^`scale` with at most three significant digits.
    fn tick(&self, units: i128, scale: u8) -> String {
        let sign = if units < 0 { "−" } else { "" };
        let number = compact(units, scale);
        format!("{sign}{}{}{}", self.prefix, number.trim_start_matches('-'), self.suffix)
    }
}

/// A value axis that starts and ends at a round number and has a tick at each step.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// The lowest and the highest value that the axis shows.
    pub domain: (f64, f64),
    /// Values and labels, ascending; the first and the last are the domain's ends.
    pub ticks: Vec<(f64, String)>,
}

/// Values beyond are drawn at this bound: no chart tells such numbers apart, and it keeps every
/// sum and product below finite.
const BOUND: f64 = 1e35;

impl Axis {
    /// The axis that holds zero and all finite `values`, with about `n_steps` steps: at
    /// most one more, since both ends are rounded outwards.
    ///
    /// Without any value other than zero it goes from 0 to the smallest round number.
    /// `n_steps` of 0 counts as 1.
    pub fn around_zero(
        values: impl IntoIterator<Item = f64>,
        n_steps: usize,
        format: &ValueFormat,
    ) -> Axis {
        let (low, high) = values
            .into_iter()
            .filter(|value| value.is_finite())
            .map(|value| value.clamp(-BOUND, BOUND))
            .fold((0.0_f64, 0.0_f64), |(low, high), value| (low.min(value), high.max(value)));
        let finest = 10_f64.powi(-i32::from(format.scale.min(30)));
        let high = if high - low < finest { low + finest } else { high };
        for (mantissa, exponent) in round_steps((high - low) / n_steps.max(1) as f64) {
            if exponent < -i32::from(format.scale.min(30)) {
                continue;
            }
            let step = f64::from(mantissa) * 10_f64.powi(exponent);
            let (first, last) = ((low / step).floor() as i64, (high / step).ceil() as i64);
            let tick = |idx: i64| {
                let count = i128::from(idx) * i128::from(mantissa);
                let factor = 10_i128.pow(exponent.max(0).unsigned_abs());
                let scale = (-exponent).max(0) as u8;
                let units = count * factor;
                (units as f64 / 10_f64.powi(i32::from(scale)), format.tick(units, scale))
            };
            let ticks: Vec<(f64, String)> = (first..=last).map(tick).collect();
            if let (Some(start), Some(end)) = (ticks.first(), ticks.last()) {
                return Axis { domain: (start.0, end.0), ticks };
            }
        }
        Axis { domain: (low, high), ticks: Vec::new() }
    }
}

/// Steps of 1, 2, 2.5 and 5 times a power of ten, ascending, from the first that is at least
/// `least`: as a whole number and an exponent of ten.
fn round_steps(least: f64) -> impl Iterator<Item = (i32, i32)> {
    let start = least.log10().floor() as i32 - 1;
    (start..start + 6)
        .flat_map(|exponent| [(1, exponent), (2, exponent), (25, exponent - 1), (5, exponent)])
        .filter(move |(mantissa, exponent)| {
            // A hair of tolerance: 0.1 * 3 is more than 0.3.
            f64::from(*mantissa) * 10_f64.powi(*exponent) >= least * (1.0 - 1e-12)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn labels(values: &[f64], n_steps: usize, scale: u8) -> String {
        let format = ValueFormat { scale, ..ValueFormat::default() };
        let axis = Axis::around_zero(values.iter().copied(), n_steps, &format);
        axis.ticks.iter().map(|(_, label)| label.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn ticks_are_round() {
        let check = |values: &[f64], n_steps: usize, scale: u8, expected: &str| {
            assert_eq!(labels(values, n_steps, scale), expected, "{values:?}");
        };
        check(&[0.0, 87.0], 4, 2, "0 25 50 75 100");
        check(&[0.0, 100.0], 4, 2, "0 25 50 75 100");
        check(&[0.0, 101.0], 4, 2, "0 50 100 150");
        check(&[13.0, 41_234.5], 4, 2, "0 20k 40k 60k");
        check(&[1_500_000.0], 3, 2, "0 500k 1M 1.5M");
        check(&[0.3], 3, 2, "0 0.1 0.2 0.3");
        check(&[-30.0, 60.0], 4, 0, "−50 −25 0 25 50 75");
        check(&[-30.0, -4.0], 3, 0, "−30 −20 −10 0");
        check(&[], 4, 2, "0 0.01");
        check(&[0.0, 0.0], 4, 0, "0 1");
        check(&[f64::NAN, f64::INFINITY, 8.0], 4, 0, "0 2 4 6 8");
        check(&[8.0], 0, 0, "0 10");
    }

    #[test]
    fn counts_have_no_ticks_between_two() {
        let check = |value: f64, expected: &str| {
            assert_eq!(labels(&[value], 4, 0), expected, "{value}");
        };
        check(1.0, "0 1");
        check(2.0, "0 1 2");
        check(3.0, "0 1 2 3");
        check(5.0, "0 2 4 6");
        check(9.0, "0 5 10");
    }

    #[test]
    fn prefix_and_suffix_stand_beside_the_number() {
        let format = ValueFormat { prefix: "R$ ".into(), suffix: "/d".into(), scale: 2 };
        let axis = Axis::around_zero([-20_000.0], 1, &format);
        assert_eq!(axis.ticks[0].1, "−R$ 20k/d");
    }

    #[test]
    fn positions_are_linear() {
        let check = |domain: (f64, f64), value: f64, expected: f64| {
            let scale = LinearScale { domain, range_px: (100.0, 0.0) };
            assert_eq!(scale.position_px(value), expected, "{domain:?} {value}");
        };
        check((0.0, 10.0), 0.0, 100.0);
        check((0.0, 10.0), 10.0, 0.0);
        check((0.0, 10.0), 2.5, 75.0);
        check((-10.0, 10.0), 0.0, 50.0);
        check((0.0, 10.0), 20.0, -100.0);
        check((f64::MIN, f64::MAX), 0.0, 50.0);
        check((0.0, 0.0), 0.0, 50.0);
        check((5.0, 5.0), 5.0, 50.0);
    }

    proptest! {
        #[test]
        fn an_axis_holds_its_values(
            values in prop::collection::vec(-1e34..1e34, 0..20),
            n_steps in 1_usize..8,
            scale in 0_u8..4,
        ) {
            let format = ValueFormat { scale, ..ValueFormat::default() };
            let axis = Axis::around_zero(values.iter().copied(), n_steps, &format);
            let (low, high) = axis.domain;
            prop_assert!(low <= 0.0 && high >= 0.0 && low < high);
            for value in values {
                prop_assert!(low <= value && value <= high, "{} in {}..{}", value, low, high);
            }
            prop_assert!(axis.ticks.len() >= 2 && axis.ticks.len() <= n_steps + 2);
            prop_assert!(axis.ticks.iter().any(|(value, _)| *value == 0.0));
            prop_assert!(axis.ticks.windows(2).all(|pair| pair[0].0 < pair[1].0));
        }
    }
}
