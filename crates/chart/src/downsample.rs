//! Fewer points for the same picture.

use crate::geometry::Point;

/// The indices of the points that draw the same line as all of `points`, ascending.
///
/// Of each run of points in one column of `column_px` CSS pixels the first, the last, the highest
/// and the lowest stay; `points` ascend by x. A gap (`None`) ends a run, and one index of each gap
/// stays, so that the line remains broken.
///
/// Source: Jugel et al., "M4: A Visualization-Oriented Time Series Data Aggregation", VLDB 2014.
pub fn m4(points: &[Option<Point>], column_px: f64) -> Vec<usize> {
    let column = |point: Option<Point>| point.map(|point| (point.x / column_px).floor());
    let mut kept = Vec::new();
    let mut start = 0;
    for run in points.chunk_by(|a, b| column(*a) == column(*b)) {
        let extremes = run.iter().enumerate().filter_map(|(idx, p)| p.map(|p| (idx, p.y))).fold(
            None,
            |extremes: Option<[(usize, f64); 2]>, (idx, y)| {
                let [low, high] = extremes.unwrap_or([(idx, y); 2]);
                Some([
                    if y < low.1 { (idx, y) } else { low },
                    if y > high.1 { (idx, y) } else { high },
                ])
            },
        );
        let mut idxs = match extremes {
            Some([low, high]) => vec![0, low.0, high.0, run.len() - 1],
            None => vec![0],
        };
        idxs.sort_unstable();
        idxs.dedup();
        kept.extend(idxs.into_iter().map(|idx| start + idx));
        start += run.len();
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    type Extremes = (f64, f64, f64, f64);

    /// First, last, lowest and highest y of each column.
    fn columns<'a>(points: impl Iterator<Item = &'a Option<Point>>) -> BTreeMap<i64, Extremes> {
        let mut columns = BTreeMap::new();
        for Point { x, y } in points.copied().flatten() {
            columns
                .entry(x.floor() as i64)
                .and_modify(|(_, last, low, high): &mut Extremes| {
                    *last = y;
                    *low = low.min(y);
                    *high = high.max(y);
                })
                .or_insert((y, y, y, y));
        }
        columns
    }

    fn arb_points() -> impl Strategy<Value = Vec<Option<Point>>> {
        (1.0..50.0_f64, prop::collection::vec(prop::option::weighted(0.95, 0.0..100.0_f64), 0..600))
            .prop_map(|(width_px, ys)| {
                let step = width_px / ys.len().max(1) as f64;
                ys.iter()
                    .enumerate()
                    .map(|(idx, y)| y.map(|y| Point::new(idx as f64 * step, y)))
                    .collect()
            })
    }

    #[test]
    fn few_points_all_stay() {
        let check = |xs: &[Option<f64>], expected: &[usize]| {
            let points: Vec<_> = xs.iter().map(|x| x.map(|x| Point::new(x, x))).collect();
            assert_eq!(m4(&points, 1.0), expected);
        };
        check(&[], &[]);
        check(&[Some(0.0), Some(1.0), Some(2.0)], &[0, 1, 2]);
        check(&[Some(0.0), None, Some(0.5)], &[0, 1, 2]);
        check(&[None, None, None], &[0]);
        check(&[Some(0.1), Some(0.2), Some(0.3), Some(0.4)], &[0, 3]);
    }

    proptest! {
        #[test]
        fn each_columns_extremes_are_kept(points in arb_points()) {
            let kept = m4(&points, 1.0);
            prop_assert_eq!(columns(points.iter()), columns(kept.iter().map(|i| &points[*i])));
        }

        #[test]
        fn order_and_gaps_are_kept(points in arb_points()) {
            let kept = m4(&points, 1.0);
            prop_assert!(kept.windows(2).all(|pair| pair[0] < pair[1]));
            let n_runs = |present: Vec<bool>| present.chunk_by(|a, b| a == b).count();
            prop_assert_eq!(
                n_runs(points.iter().map(Option::is_some).collect()),
                n_runs(kept.iter().map(|i| points[*i].is_some()).collect())
            );
        }
    }
}
