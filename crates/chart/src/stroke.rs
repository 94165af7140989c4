//! Lines as polygons: any width, round joins and ends, dashes, and the same on every backend.
//!
//! Backends stroke with whole-number widths, have no dashes, and their mitred joins shoot out of
//! sharp peaks. Filled by the non-zero rule, as canvas and SVG do.

use crate::geometry::Point;
use std::f64::consts::PI;

/// The outline of the line through `points`, `width_px` wide, with round joins and ends.
///
/// A single point, or several in one place, give a dot; no points give no outline.
pub(crate) fn outline(points: &[Point], width_px: f64) -> Vec<Point> {
    let mut path: Vec<Point> = Vec::with_capacity(points.len());
    for point in points {
        if path.last() != Some(point) {
            path.push(*point);
        }
    }
    let radius = width_px / 2.0;
    match path.as_slice() {
        [] => Vec::new(),
        [dot] => arc(*dot, radius, 0.0, 2.0 * PI),
        _ => {
            let mut outline = side(&path, radius);
            path.reverse();
            outline.extend(side(&path, radius));
            outline
        }
    }
}

/// The left side of `path` with the cap at its end.
fn side(path: &[Point], radius: f64) -> Vec<Point> {
    let angles: Vec<f64> =
        path.windows(2).map(|pair| (pair[1].y - pair[0].y).atan2(pair[1].x - pair[0].x)).collect();
    let at = |point: Point, angle: f64| {
        let normal = angle - PI / 2.0;
        Point::new(point.x + radius * normal.cos(), point.y + radius * normal.sin())
    };
    let mut points = Vec::with_capacity(path.len() * 2);
    for (idx, angle) in angles.iter().enumerate() {
        points.push(at(path[idx], *angle));
        let end = path[idx + 1];
        points.push(at(end, *angle));
        match angles.get(idx + 1) {
            Some(next) => {
                let turn = (next - angle + PI).rem_euclid(2.0 * PI) - PI;
                if turn > 0.0 {
                    // The left side is the outer one: round it.
                    points.extend(arc(end, radius, angle - PI / 2.0, turn));
                } else {
                    // The inner side goes through the pivot; the overlap is filled anyway.
                    points.push(end);
                }
            }
            None => points.extend(arc(end, radius, angle - PI / 2.0, PI)),
        }
    }
    points
}

/// Points on an arc, from `start` over `sweep` (radians), both ends included.
pub(crate) fn arc(center: Point, radius: f64, start: f64, sweep: f64) -> Vec<Point> {
    // Chords that leave the true arc by at most a sixteenth of a pixel.
    let chord = 2.0 * (1.0 - (0.0625 / radius.max(0.125)).min(0.5)).acos();
    let n_chords = ((sweep.abs() / chord).ceil() as usize).clamp(1, 512);
    (0..=n_chords)
        .map(|idx| {
            let angle = start + sweep * idx as f64 / n_chords as f64;
            Point::new(center.x + radius * angle.cos(), center.y + radius * angle.sin())
        })
        .collect()
}

/// Cuts the line through `points` into dashes of `on_px` with gaps of `off_px`.
pub(crate) fn dashes(points: &[Point], on_px: f64, off_px: f64) -> Vec<Vec<Point>> {
    let mut dashes = Vec::new();
    let mut dash: Vec<Point> = points.first().copied().into_iter().collect();
    let mut is_on = true;
    let mut left_px = on_px;
    for pair in points.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let length = (to.x - from.x).hypot(to.y - from.y);
        let mut done = 0.0;
        while length - done > left_px {
            done += left_px;
            let share = done / length;
            let cut =
                Point::new(from.x + (to.x - from.x) * share, from.y + (to.y - from.y) * share);
            if is_on {
                dash.push(cut);
                dashes.push(std::mem::take(&mut dash));
            } else {
                dash = vec![cut];
            }
            is_on = !is_on;
            left_px = if is_on { on_px } else { off_px };
        }
        left_px -= length - done;
        if is_on {
            dash.push(to);
        }
    }
    if is_on && dash.len() > 1 {
        dashes.push(dash);
    }
    dashes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn points(xys: &[(f64, f64)]) -> Vec<Point> {
        xys.iter().map(|(x, y)| Point::new(*x, *y)).collect()
    }

    /// How often the outline goes around the point; the non-zero rule fills where it is not 0.
    fn winding(outline: &[Point], x: f64, y: f64) -> i32 {
        let mut winding = 0;
        for (idx, a) in outline.iter().enumerate() {
            let b = outline[(idx + 1) % outline.len()];
            let side = (b.x - a.x) * (y - a.y) - (x - a.x) * (b.y - a.y);
            if a.y <= y && b.y > y && side > 0.0 {
                winding += 1;
            } else if a.y > y && b.y <= y && side < 0.0 {
                winding -= 1;
            }
        }
        winding
    }

    #[test]
    fn an_outline_has_the_width_and_round_ends() {
        let outline = outline(&points(&[(0.0, 0.0), (10.0, 0.0)]), 4.0);
        let check = |x: f64, y: f64, is_filled: bool| {
            assert_eq!(winding(&outline, x, y) != 0, is_filled, "{x} {y}");
        };
        check(5.0, 1.9, true);
        check(5.0, -1.9, true);
        check(5.0, 2.1, false);
        check(11.8, 0.0, true);
        check(-1.8, 0.0, true);
        check(11.8, 1.8, false);
    }

    #[test]
    fn degenerate_lines() {
        assert!(outline(&[], 2.0).is_empty());
        let dot = outline(&points(&[(5.0, 5.0), (5.0, 5.0)]), 4.0);
        assert!(winding(&dot, 6.5, 5.0) != 0 && winding(&dot, 7.5, 5.0) == 0);
        assert!(dashes(&[], 4.0, 4.0).is_empty());
        assert!(dashes(&points(&[(1.0, 1.0)]), 4.0, 4.0).is_empty());
    }

    #[test]
    fn dashes_go_around_corners() {
        let line = points(&[(0.0, 0.0), (10.0, 0.0), (10.0, 10.0)]);
        let cut: Vec<Vec<(f64, f64)>> = dashes(&line, 6.0, 2.0)
            .iter()
            .map(|dash| dash.iter().map(|point| (point.x, point.y)).collect())
            .collect();
        assert_eq!(
            cut,
            [
                vec![(0.0, 0.0), (6.0, 0.0)],
                vec![(8.0, 0.0), (10.0, 0.0), (10.0, 4.0)],
                vec![(10.0, 6.0), (10.0, 10.0)],
            ]
        );
    }

    proptest! {
        #[test]
        fn the_line_itself_is_always_filled(
            ys in prop::collection::vec(0.0..100.0_f64, 2..12),
            share in 0.01..0.99_f64,
        ) {
            let line: Vec<Point> =
                ys.iter().enumerate().map(|(idx, y)| Point::new(idx as f64 * 7.0, *y)).collect();
            let outline = outline(&line, 2.0);
            for pair in line.windows(2) {
                let x = pair[0].x + (pair[1].x - pair[0].x) * share;
                let y = pair[0].y + (pair[1].y - pair[0].y) * share;
                prop_assert!(winding(&outline, x, y) != 0);
            }
        }
    }
}
