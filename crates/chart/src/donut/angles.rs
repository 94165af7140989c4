//! Values to the angles of a ring.

use std::f64::consts::TAU;

/// No slice of a value above zero is thinner: it could neither be seen nor pointed at.
pub(super) const LEAST_SWEEP: f64 = TAU / 90.0;

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

/// Angles for the shares: those that are too thin get the least sweep, the others give it up in
/// proportion.
pub(super) fn wedges(shares: &[f64]) -> Vec<Wedge> {
    let n_slices = shares.iter().filter(|share| **share > 0.0).count();
    let least = LEAST_SWEEP.min(TAU / n_slices.max(1) as f64);
    // Giving up sweep can make another slice too thin, so repeat until none is added.
    let mut is_thin = vec![false; shares.len()];
    let factor = loop {
        let n_thin = is_thin.iter().filter(|is_thin| **is_thin).count();
        let rest: f64 =
            shares.iter().zip(&is_thin).filter(|(_, thin)| !**thin).map(|(share, _)| share).sum();
        let factor = if rest > 0.0 { (TAU - n_thin as f64 * least) / rest } else { 0.0 };
        let mut is_settled = true;
        for (share, thin) in shares.iter().zip(&mut is_thin) {
            if *share > 0.0 && !*thin && share * factor < least {
                *thin = true;
                is_settled = false;
            }
        }
        if is_settled {
            break factor;
        }
    };
    let mut start = 0.0;
    shares
        .iter()
        .zip(is_thin)
        .map(|(share, is_thin)| {
            let sweep = if is_thin { least } else { share * factor };
            let wedge = Wedge { start, sweep };
            start += sweep;
            wedge
        })
        .collect()
}
