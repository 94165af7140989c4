//! Polygons of the marks: bars with round ends, wedges of a ring, the fading area under a line.

use crate::frame::Frame;
use crate::geometry::{Point, Rect};
use crate::stroke::arc;
use std::f64::consts::PI;

/// Which corners of a bar are round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RoundEnd {
    /// The right ones: a value above zero.
    Right,
    /// The left ones: a value below zero.
    Left,
    /// All four.
    Both,
}

/// A rectangle with round corners; the radius shrinks to what the rectangle has room for.
pub(crate) fn rounded(rect: Rect, radius_px: f64, end: RoundEnd) -> Vec<Point> {
    let room = if end == RoundEnd::Both { rect.width / 2.0 } else { rect.width };
    let radius = radius_px.min(rect.height / 2.0).min(room);
    let corner = |x: f64, y: f64, towards: (f64, f64), start: f64, is_round: bool| {
        if is_round && radius > 0.0 {
            let center = Point::new(x + radius * towards.0, y + radius * towards.1);
            arc(center, radius, start, PI / 2.0)
        } else {
            vec![Point::new(x, y)]
        }
    };
    let (left, right) = (end != RoundEnd::Right, end != RoundEnd::Left);
    [
        corner(rect.left, rect.top, (1.0, 1.0), PI, left),
        corner(rect.right(), rect.top, (-1.0, 1.0), -PI / 2.0, right),
        corner(rect.right(), rect.bottom(), (-1.0, -1.0), 0.0, right),
        corner(rect.left, rect.bottom(), (1.0, -1.0), PI / 2.0, left),
    ]
    .concat()
}

/// A part of a ring: angles in radians, clockwise from twelve o'clock.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct RingPart {
    pub(crate) center: Point,
    pub(crate) inner_px: f64,
    pub(crate) outer_px: f64,
    pub(crate) start: f64,
    pub(crate) sweep: f64,
}

impl RingPart {
    /// The position at a distance and an angle.
    pub(crate) fn at(&self, radius_px: f64, angle: f64) -> Point {
        Point::new(self.center.x + radius_px * angle.sin(), self.center.y - radius_px * angle.cos())
    }

    /// The polygon, `gap_px` narrower than the part (half of it at each side, so that a gap has
    /// parallel edges), with slightly round corners. Without a gap, the whole ring has a seam
    /// that cannot be seen.
    pub(crate) fn polygon(&self, gap_px: f64, corner_px: f64) -> Vec<Point> {
        let end = self.start + self.sweep;
        let inset = |radius: f64| (gap_px / 2.0 / radius.max(gap_px)).asin();
        let span = |radius: f64| {
            let (from, to) = (self.start + inset(radius), end - inset(radius));
            if from < to { (from, to) } else { (f64::midpoint(from, to), f64::midpoint(from, to)) }
        };
        let (outer, inner) = (span(self.outer_px), span(self.inner_px));
        let corner = if gap_px > 0.0 {
            let arc_px = |(from, to): (f64, f64), radius: f64| (to - from) * radius / 2.0;
            corner_px
                .min((self.outer_px - self.inner_px) / 2.0)
                .min(arc_px(outer, self.outer_px))
                .min(arc_px(inner, self.inner_px))
                .max(0.0)
        } else {
            0.0
        };
        let mut points = Vec::new();
        let mut arm = |radius: f64, other: f64, (from, to): (f64, f64), (other_from, other_to)| {
            // `from` is where the polygon reaches this arc and `to` where it leaves it.
            let turn = corner / radius.max(1.0) * (to - from).signum();
            let towards = |corner_at: Point, far: Point| {
                let length = (far.x - corner_at.x).hypot(far.y - corner_at.y).max(1e-9);
                Point::new(
                    corner_at.x + (far.x - corner_at.x) / length * corner,
                    corner_at.y + (far.y - corner_at.y) / length * corner,
                )
            };
            let reach = self.at(radius, from);
            bend(
                &mut points,
                towards(reach, self.at(other, other_from)),
                reach,
                self.at(radius, from + turn),
            );
            let (from, to) = (from + turn, to - turn);
            let n_chords = (((to - from).abs() * radius / 1.5).ceil() as usize).clamp(1, 512);
            points.extend(
                (1..n_chords)
                    .map(|idx| self.at(radius, from + (to - from) * idx as f64 / n_chords as f64)),
            );
            let leave = self.at(radius, to + turn);
            bend(&mut points, self.at(radius, to), leave, towards(leave, self.at(other, other_to)));
        };
        arm(self.outer_px, self.inner_px, outer, inner);
        arm(self.inner_px, self.outer_px, (inner.1, inner.0), (outer.1, outer.0));
        points
    }
}

/// A quadratic curve from `from` to `to` that would meet at `corner`.
fn bend(points: &mut Vec<Point>, from: Point, corner: Point, to: Point) {
    const N_CHORDS: u32 = 5;
    points.extend((0..=N_CHORDS).map(|idx| {
        let t = f64::from(idx) / f64::from(N_CHORDS);
        let blend = |a: f64, b: f64, c: f64| {
            (1.0 - t) * (1.0 - t) * a + 2.0 * t * (1.0 - t) * b + t * t * c
        };
        Point::new(blend(from.x, corner.x, to.x), blend(from.y, corner.y, to.y))
    }));
}

/// The area between the line through `points` and the height `base_y`, in bands that fade out
/// towards the base: each with its share (0 to 1) of the full strength, which is at `edge_y`.
///
/// Plotters has no gradients. The bands' borders lie between device pixels, so no seam is seen.
pub(crate) fn fading_area(
    points: &[Point],
    base_y: f64,
    edge_y: f64,
    frame: Frame,
) -> Vec<(Vec<Point>, f64)> {
    const N_BANDS: u32 = 28;
    let border =
        |idx: u32| frame.snap(edge_y + (base_y - edge_y) * f64::from(idx) / f64::from(N_BANDS));
    (0..N_BANDS)
        .filter_map(|idx| {
            let (outer, inner) = (border(idx), border(idx + 1));
            let height = 1.0 - (f64::from(idx) + 0.5) / f64::from(N_BANDS);
            // Never quite nothing at the base, or a low line would have no area at all.
            let share = 0.1 + 0.9 * height;
            let polygon = band(points, outer, inner)?;
            Some((polygon, share))
        })
        .collect()
}

/// What lies between the line and `inner` (the side of the base), up to `outer`.
fn band(points: &[Point], outer: f64, inner: f64) -> Option<Vec<Point>> {
    let (top, bottom) = (outer.min(inner), outer.max(inner));
    let mut line: Vec<Point> = Vec::new();
    let mut push = |x: f64, y: f64| {
        let point = Point::new(x, y.clamp(top, bottom));
        if let [.., before, last] = line.as_slice()
            && before.y == last.y
            && last.y == point.y
        {
            line.pop();
        }
        line.push(point);
    };
    let first = points.first()?;
    push(first.x, first.y);
    for pair in points.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let (near, far) = if from.y < to.y { (top, bottom) } else { (bottom, top) };
        for border in [near, far] {
            let share = (border - from.y) / (to.y - from.y);
            if share > 0.0 && share < 1.0 {
                push(from.x + (to.x - from.x) * share, border);
            }
        }
        push(to.x, to.y);
    }
    if line.iter().all(|point| point.y == inner) {
        return None;
    }
    let (start, end) = (line.first()?.x, line.last()?.x);
    line.push(Point::new(end, inner));
    line.push(Point::new(start, inner));
    Some(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// By the shoelace formula.
    fn area(polygon: &[Point]) -> f64 {
        let mut twice = 0.0;
        for (idx, a) in polygon.iter().enumerate() {
            let b = polygon[(idx + 1) % polygon.len()];
            twice += a.x * b.y - b.x * a.y;
        }
        twice.abs() / 2.0
    }

    #[test]
    fn round_ends_take_their_corners_away() {
        let rect = Rect::between(0.0, 0.0, 100.0, 20.0);
        let check = |rect: Rect, radius: f64, end: RoundEnd, expected: f64| {
            let area = area(&rounded(rect, radius, end));
            assert!((area - expected).abs() < expected * 0.01 + 1e-9, "{end:?} {area}");
        };
        let corner = 4.0 * 4.0 * (1.0 - PI / 4.0);
        check(rect, 4.0, RoundEnd::Right, 2_000.0 - 2.0 * corner);
        check(rect, 4.0, RoundEnd::Left, 2_000.0 - 2.0 * corner);
        check(rect, 4.0, RoundEnd::Both, 2_000.0 - 4.0 * corner);
        check(rect, 0.0, RoundEnd::Both, 2_000.0);
        check(Rect::between(0.0, 0.0, 0.0, 20.0), 4.0, RoundEnd::Right, 0.0);
        let pill = 80.0 * 20.0 + PI * 100.0;
        check(rect, 99.0, RoundEnd::Both, pill);
    }

    #[test]
    fn a_part_of_a_ring_has_its_area() {
        let part = RingPart {
            center: Point::new(50.0, 50.0),
            inner_px: 30.0,
            outer_px: 50.0,
            start: 1.0,
            sweep: 2.0,
        };
        let whole = 2.0 / 2.0 * (50.0 * 50.0 - 30.0 * 30.0);
        let without_gap = area(&part.polygon(0.0, 0.0));
        assert!((without_gap - whole).abs() < whole * 0.002, "{without_gap}");
        let with_gap = area(&part.polygon(2.0, 0.0));
        assert!((with_gap - (whole - 2.0 * 20.0)).abs() < whole * 0.002, "{with_gap}");
        let rounded = area(&part.polygon(2.0, 3.0));
        assert!(rounded < with_gap && rounded > with_gap * 0.98, "{rounded}");
    }

    #[test]
    fn a_part_thinner_than_its_gap_stays_a_polygon() {
        let part = RingPart {
            center: Point::new(0.0, 0.0),
            inner_px: 30.0,
            outer_px: 50.0,
            start: 0.0,
            sweep: 0.001,
        };
        assert!(part.polygon(4.0, 3.0).iter().all(|p| p.x.is_finite() && p.y.is_finite()));
    }

    proptest! {
        #[test]
        fn bands_add_up_to_the_area(ys in prop::collection::vec(0.0..100.0_f64, 2..20)) {
            let points: Vec<Point> =
                ys.iter().enumerate().map(|(idx, y)| Point::new(idx as f64, *y)).collect();
            let bands = fading_area(&points, 100.0, 0.0, Frame::canvas(20.0, 100.0, 4.0));
            let sum: f64 = bands.iter().map(|(band, _)| area(band)).sum();
            let expected: f64 =
                ys.windows(2).map(|pair| 100.0 - f64::midpoint(pair[0], pair[1])).sum();
            prop_assert!((sum - expected).abs() < 1e-6, "{} {}", sum, expected);
        }
    }
}
