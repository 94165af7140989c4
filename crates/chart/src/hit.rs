//! From a pointer's position to the index of a mark.

use crate::geometry::{Point, Rect};
use std::f64::consts::TAU;

/// The index of the position in `xs_px` (ascending) nearest to `x`; the earlier one of two as near.
pub(crate) fn nearest(xs_px: &[f64], x: f64) -> Option<usize> {
    let after = xs_px.partition_point(|position| *position < x);
    let distance = |idx: usize| xs_px.get(idx).map(|position| (position - x).abs());
    match (after.checked_sub(1), distance(after)) {
        (None, None) => None,
        (None, Some(_)) => Some(after),
        (Some(before), None) => Some(before),
        (Some(before), Some(to_after)) => {
            let is_before = distance(before).is_some_and(|to_before| to_before <= to_after);
            Some(if is_before { before } else { after })
        }
    }
}

/// The index of the rectangle that holds `x`, `y`; the last of several, which is drawn on top.
pub(crate) fn inside<'a>(
    rects: impl DoubleEndedIterator<Item = &'a Rect> + ExactSizeIterator,
    x: f64,
    y: f64,
) -> Option<usize> {
    rects.enumerate().rev().find(|(_, rect)| rect.contains(x, y)).map(|(idx, _)| idx)
}

/// The angle of `x`, `y` around `center` in radians, clockwise from twelve o'clock, 0 to 2π, and
/// the distance.
pub(crate) fn polar(center: Point, x: f64, y: f64) -> (f64, f64) {
    let (dx, dy) = (x - center.x, y - center.y);
    (dx.atan2(-dy).rem_euclid(TAU), dx.hypot(dy))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_position() {
        let check = |xs: &[f64], x: f64, expected: Option<usize>| {
            assert_eq!(nearest(xs, x), expected, "{xs:?} {x}");
        };
        check(&[], 5.0, None);
        check(&[10.0], -100.0, Some(0));
        check(&[10.0, 20.0, 30.0], 14.9, Some(0));
        check(&[10.0, 20.0, 30.0], 15.0, Some(0));
        check(&[10.0, 20.0, 30.0], 15.1, Some(1));
        check(&[10.0, 20.0, 30.0], 99.0, Some(2));
        check(&[10.0, 20.0, 30.0], f64::NAN, Some(0));
    }

    #[test]
    fn angles_go_clockwise_from_the_top() {
        let check = |x: f64, y: f64, share: f64, distance: f64| {
            let (angle, length) = polar(Point::new(0.0, 0.0), x, y);
            assert!((angle / TAU - share).abs() < 1e-9 && (length - distance).abs() < 1e-9);
        };
        check(0.0, -2.0, 0.0, 2.0);
        check(3.0, 0.0, 0.25, 3.0);
        check(0.0, 1.0, 0.5, 1.0);
        check(-1.0, 0.0, 0.75, 1.0);
    }
}
