//! Values to the angles of a ring.

use std::f64::consts::TAU;

/// The angles of a slice, in radians, clockwise from twelve o'clock.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wedge {
    /// Where it starts.
    pub start: f64,
    /// How far it goes; 0 for a value of zero, which is not drawn.
    pub sweep: f64,
}

/// Each value's share of the sum; all zero when the sum is.
pub(super) fn shares(values: &[f64]) -> Vec<f64> {
    // Divided by the largest first: a sum of large values may not be finite.
    let largest = values.iter().copied().fold(0.0, f64::max);
    let sum: f64 = values.iter().map(|value| value / largest).sum();
    values.iter().map(|value| if largest > 0.0 { value / largest / sum } else { 0.0 }).collect()
}

/// Angles in proportion to the shares. One that is too thin to be seen or pointed at has its line in
/// the legend.
pub(super) fn wedges(shares: &[f64]) -> Vec<Wedge> {
    let mut start = 0.0;
    shares
        .iter()
        .map(|share| {
            let wedge = Wedge { start, sweep: share * TAU };
            start += wedge.sweep;
            wedge
        })
        .collect()
}
