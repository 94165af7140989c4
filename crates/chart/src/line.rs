//! A measure over time: a thin line over a fading area, with an optional comparison.
//!
//! The tooltip is the page's: it places its own at [`LineLayout::anchor`].

use crate::downsample::m4;
use crate::error::ChartError;
use crate::frame::Frame;
use crate::geometry::{Point, Rect};
use crate::hit;
use crate::interaction::Interaction;
use crate::pen::{Align, Pen, Type};
use crate::scale::{Axis, LinearScale, Tick, ValueFormat};
use crate::shape::fading_area;
use crate::text::Measure;
use crate::theme::Theme;
use crate::time::time_ticks;
use plotters::prelude::DrawingBackend;
use query::{Date, DateRange, Grain};

/// Whether a bucket of time has all of its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Completeness {
    /// Nothing will be added.
    #[default]
    Complete,
    /// Still filling: drawn dashed and hollow.
    Partial,
}

/// A bucket of time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinePoint {
    /// The first day of the bucket.
    pub date: Date,
    /// `None` or no finite number breaks the line.
    pub value: Option<f64>,
    /// Whether the bucket still fills.
    pub completeness: Completeness,
}

/// What a line chart shows.
#[derive(Debug, Clone, PartialEq)]
pub struct LineInput {
    /// Ascending by date.
    pub points: Vec<LinePoint>,
    /// The comparison (the period before), bucket by bucket beside `points`; empty for none.
    pub comparison: Vec<Option<f64>>,
    /// The width of the buckets.
    pub grain: Grain,
    /// How the ticks of the values are written.
    pub format: ValueFormat,
}

/// Lays out line charts.
#[derive(Debug, Clone, Copy)]
pub struct LineChart;

/// Where everything of a line chart stands.
#[derive(Debug, Clone, PartialEq)]
pub struct LineLayout {
    /// The frame that it was laid out in.
    pub frame: Frame,
    /// The part that the line lives in.
    pub plot: Rect,
    /// One for each input point; `None` breaks the line.
    pub points: Vec<Option<Point>>,
    /// One for each point of the comparison, at most as many as `points`.
    pub comparison: Vec<Option<Point>>,
    /// Ascending by value; positions are y.
    pub y_ticks: Vec<Tick>,
    /// Ascending by date; positions are x, the middle of the label.
    pub x_ticks: Vec<Tick>,
    /// The height of zero.
    pub zero_y: f64,
    /// The x of each input point, gaps too.
    pub xs_px: Vec<f64>,
    /// The input points that are drawn, see [`m4`].
    pub drawn: Vec<usize>,
    completeness: Vec<Completeness>,
}

const TICK_PX: f64 = 11.0;
const LINE_PX: f64 = 1.75;
const AREA_STRENGTH: f64 = 0.3;

impl LineChart {
    /// Places the points, the ticks and the labels of `input` in `frame`.
    ///
    /// The value axis always holds zero. Any input is laid out: without points there are no
    /// ticks of time, and numbers that are not finite are gaps.
    pub fn layout(input: &LineInput, frame: Frame, measure: Measure<'_>) -> LineLayout {
        let frame = frame.sane();
        let (top, bottom) = (8.0, (frame.height_px - 26.0).max(8.0));
        let n_steps = (((bottom - top) / 52.0) as usize).clamp(1, 5);
        let finite = |value: Option<f64>| value.filter(|value| value.is_finite());
        let values = input.points.iter().map(|point| point.value);
        let comparison = &input.comparison[..input.comparison.len().min(input.points.len())];
        let axis = Axis::around_zero(
            values.clone().chain(comparison.iter().copied()).flatten(),
            n_steps,
            &input.format,
        );
        let widest =
            axis.ticks.iter().map(|(_, label)| measure(label, TICK_PX)).fold(0.0, f64::max);
        // The labels' column, never more than a third of the frame; 8 px of room for the last dot.
        let gutter = (widest.ceil() + 12.0).min(frame.width_px / 3.0);
        let plot = Rect::between(gutter, top, frame.width_px - 8.0, bottom);

        let y_scale = LinearScale { domain: axis.domain, range_px: (plot.bottom(), plot.top) };
        let y_of = |value: f64| y_scale.position_px(value.clamp(axis.domain.0, axis.domain.1));
        let days = |point: Option<&LinePoint>| point.map_or(0.0, |p| f64::from(p.date.days()));
        let x_scale = LinearScale {
            domain: (days(input.points.first()), days(input.points.last())),
            range_px: (plot.left, plot.right()),
        };
        let x_of = |date: Date| x_scale.position_px(f64::from(date.days()));
        let xs_px: Vec<f64> = input.points.iter().map(|point| x_of(point.date)).collect();
        let place = |values: &mut dyn Iterator<Item = Option<f64>>| -> Vec<Option<Point>> {
            xs_px
                .iter()
                .zip(values)
                .map(|(x, value)| finite(value).map(|value| Point::new(*x, y_of(value))))
                .collect()
        };
        let points = place(&mut values.clone());
        let comparison = place(&mut comparison.iter().copied());

        let label_px = |label: &str| measure(label, TICK_PX);
        let x_ticks = match (input.points.first(), input.points.last()) {
            (Some(first), Some(last)) => {
                let range = DateRange { first: first.date, last: last.date };
                time_ticks(range, input.grain, plot.width, &label_px)
            }
            _ => Vec::new(),
        };
        let x_ticks = x_ticks
            .into_iter()
            .map(|tick| {
                let half = label_px(&tick.label) / 2.0;
                let position_px = x_of(tick.date).min(frame.width_px - half).max(half);
                Tick { position_px, label: tick.label }
            })
            .collect();
        let y_ticks = axis
            .ticks
            .into_iter()
            .map(|(value, label)| Tick { position_px: y_of(value), label })
            .collect();
        let is_dense = points.len() as f64 > 2.0 * plot.width * frame.pixel_ratio;
        let drawn = if is_dense {
            m4(&points, 1.0 / frame.pixel_ratio)
        } else {
            (0..points.len()).collect()
        };
        let completeness = input.points.iter().map(|point| point.completeness).collect();
        let zero_y = y_of(0.0);
        LineLayout {
            frame,
            plot,
            points,
            comparison,
            y_ticks,
            x_ticks,
            zero_y,
            xs_px,
            drawn,
            completeness,
        }
    }
}

impl LineLayout {
    /// The bucket nearest to the pointer by x, gaps too; `None` outside of the plot.
    pub fn hit(&self, x: f64, y: f64) -> Option<usize> {
        let reach = Rect::between(
            self.plot.left - 12.0,
            0.0,
            self.plot.right() + 12.0,
            self.frame.height_px,
        );
        reach.contains(x, y).then(|| hit::nearest(&self.xs_px, x)).flatten()
    }

    /// Where a tooltip of the bucket points at: its point, or the line at zero in a gap.
    pub fn anchor(&self, idx: usize) -> Option<Point> {
        let x = *self.xs_px.get(idx)?;
        Some(self.points.get(idx).copied().flatten().unwrap_or(Point::new(x, self.zero_y)))
    }

    /// Paints the whole frame.
    ///
    /// # Errors
    /// [`ChartError::Backend`] when the backend fails.
    pub fn draw<DB: DrawingBackend>(
        &self,
        backend: &mut DB,
        theme: &Theme,
        state: Interaction<'_>,
    ) -> Result<(), ChartError>
    where
        DB::ErrorType: 'static,
    {
        let mut pen = Pen::on(backend, self.frame, theme)?;
        self.draw_axes(&mut pen)?;
        self.draw_selected(&mut pen, state.selected)?;
        for run in runs(&self.comparison) {
            let line: Vec<Point> = run.into_iter().map(|(_, point)| point).collect();
            pen.dashed(&line, 1.5, (3.0, 4.0), theme.muted.over(theme.surface, 0.6))?;
        }
        let drawn: Vec<Option<Point>> =
            self.drawn.iter().map(|idx| self.points.get(*idx).copied().flatten()).collect();
        // Full strength at the highest and the lowest point of all runs, not of each alone.
        let heights = || self.points.iter().flatten().map(|point| point.y);
        let peak_y = heights().fold(self.zero_y, f64::min);
        let trough_y = heights().fold(self.zero_y, f64::max);
        for run in runs(&drawn) {
            self.draw_run(&mut pen, &run, [peak_y, trough_y])?;
        }
        self.draw_marks(&mut pen, state)?;
        pen.finish()
    }

    fn draw_axes<DB: DrawingBackend>(&self, pen: &mut Pen<'_, DB>) -> Result<(), ChartError>
    where
        DB::ErrorType: 'static,
    {
        let across = (self.plot.left, self.plot.right());
        let theme = pen.theme;
        for tick in &self.y_ticks {
            let color = if tick.position_px == self.zero_y { theme.axis } else { theme.grid };
            pen.rule(across, tick.position_px, color)?;
            let at = Point::new(self.plot.left - 12.0, tick.position_px);
            pen.write(&tick.label, at, Type::regular(TICK_PX, theme.muted, Align::Right))?;
        }
        for tick in &self.x_ticks {
            let at = Point::new(tick.position_px, self.plot.bottom() + 16.0);
            pen.write(&tick.label, at, Type::regular(TICK_PX, theme.muted, Align::Center))?;
        }
        Ok(())
    }

    /// A tinted band behind each unbroken run of selected buckets.
    fn draw_selected<DB: DrawingBackend>(
        &self,
        pen: &mut Pen<'_, DB>,
        selected: &[usize],
    ) -> Result<(), ChartError>
    where
        DB::ErrorType: 'static,
    {
        let mut idxs: Vec<usize> =
            selected.iter().copied().filter(|idx| *idx < self.xs_px.len()).collect();
        idxs.sort_unstable();
        idxs.dedup();
        let middle = |a: usize, b: usize| match (self.xs_px.get(a), self.xs_px.get(b)) {
            (Some(a), Some(b)) => Some(f64::midpoint(*a, *b)),
            _ => None,
        };
        for run in idxs.chunk_by(|a, b| a + 1 == *b) {
            if let (Some(first), Some(last)) = (run.first(), run.last()) {
                let left = first.checked_sub(1).and_then(|before| middle(before, *first));
                let right = middle(*last, last + 1);
                let band = Rect::between(
                    left.unwrap_or(self.plot.left),
                    self.plot.top,
                    right.unwrap_or(self.plot.right()),
                    self.plot.bottom(),
                );
                pen.fill_rect(band, pen.theme.accent.with_alpha(0.09))?;
            }
        }
        Ok(())
    }

    /// The area and the line of one unbroken run; indices are those of `drawn`. The area has its full
    /// strength at `edges_y`.
    fn draw_run<DB: DrawingBackend>(
        &self,
        pen: &mut Pen<'_, DB>,
        run: &[(usize, Point)],
        edges_y: [f64; 2],
    ) -> Result<(), ChartError>
    where
        DB::ErrorType: 'static,
    {
        let line: Vec<Point> = run.iter().map(|(_, point)| *point).collect();
        let accent = pen.theme.accent;
        if let [dot] = line.as_slice() {
            return pen.disc(*dot, 2.5, accent);
        }
        for edge_y in edges_y {
            if edge_y == self.zero_y {
                continue;
            }
            for (band, share) in fading_area(&line, self.zero_y, edge_y, self.frame) {
                pen.fill(&band, accent.with_alpha(share * AREA_STRENGTH))?;
            }
        }
        // A segment is dashed when one of its ends is still filling.
        let is_partial = |(idx, _): &(usize, Point)| {
            self.drawn
                .get(*idx)
                .and_then(|idx| self.completeness.get(*idx))
                .is_some_and(|completeness| *completeness == Completeness::Partial)
        };
        let segments: Vec<(Point, Point, bool)> = run
            .windows(2)
            .map(|pair| (pair[0].1, pair[1].1, is_partial(&pair[0]) || is_partial(&pair[1])))
            .collect();
        for part in segments.chunk_by(|a, b| a.2 == b.2) {
            let start = part.iter().take(1).map(|segment| segment.0);
            let points: Vec<Point> = start.chain(part.iter().map(|segment| segment.1)).collect();
            if part.iter().any(|segment| segment.2) {
                pen.dashed(&points, LINE_PX, (3.0, 4.0), accent)?;
            } else {
                pen.stroke(&points, LINE_PX, accent)?;
            }
        }
        Ok(())
    }

    /// Hollow points, the crosshair, and the points that the viewer is at.
    fn draw_marks<DB: DrawingBackend>(
        &self,
        pen: &mut Pen<'_, DB>,
        state: Interaction<'_>,
    ) -> Result<(), ChartError>
    where
        DB::ErrorType: 'static,
    {
        let theme = pen.theme;
        let at = |idx: usize| self.points.get(idx).copied().flatten();
        for idx in [state.focused, state.hovered].into_iter().flatten() {
            if let Some(x) = self.xs_px.get(idx) {
                pen.upright(*x, (self.plot.top, self.plot.bottom()), theme.axis)?;
            }
        }
        for (idx, completeness) in self.completeness.iter().enumerate() {
            if let (Completeness::Partial, Some(point)) = (completeness, at(idx)) {
                pen.disc(point, 3.5, theme.accent)?;
                pen.disc(point, 2.0, theme.surface)?;
            }
        }
        if let Some(point) =
            state.hovered.and_then(|idx| self.comparison.get(idx).copied().flatten())
        {
            pen.disc(point, 4.5, theme.surface)?;
            pen.disc(point, 3.0, theme.muted)?;
        }
        if let Some(point) = state.focused.and_then(at) {
            pen.disc(point, 9.0, theme.accent)?;
            pen.disc(point, 7.0, theme.surface)?;
        }
        for point in [state.focused, state.hovered].into_iter().flatten().filter_map(at) {
            pen.disc(point, 5.5, theme.surface)?;
            pen.disc(point, 4.0, theme.accent)?;
        }
        Ok(())
    }
}

/// The unbroken runs of points, each with its index.
pub(crate) fn runs(points: &[Option<Point>]) -> Vec<Vec<(usize, Point)>> {
    let mut runs: Vec<Vec<(usize, Point)>> = Vec::new();
    let mut is_broken = true;
    for (idx, point) in points.iter().enumerate() {
        match (point, runs.last_mut()) {
            (Some(point), Some(run)) if !is_broken => run.push((idx, *point)),
            (Some(point), _) => runs.push(vec![(idx, *point)]),
            (None, _) => {}
        }
        is_broken = point.is_none();
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::estimate_width;
    use proptest::prelude::*;

    fn input(values: &[Option<f64>]) -> LineInput {
        let first = Date::from_days(17_532);
        let points = values
            .iter()
            .enumerate()
            .map(|(idx, value)| LinePoint {
                date: first.plus_days(idx as i32),
                value: *value,
                completeness: Completeness::Complete,
            })
            .collect();
        let format = ValueFormat::default();
        LineInput { points, comparison: Vec::new(), grain: Grain::Day, format }
    }

    fn layout(values: &[Option<f64>]) -> LineLayout {
        LineChart::layout(&input(values), Frame::canvas(400.0, 200.0, 2.0), &estimate_width)
    }

    #[test]
    fn values_become_heights() {
        let layout = layout(&[Some(0.0), Some(50.0), None, Some(100.0)]);
        let ys: Vec<Option<f64>> = layout.points.iter().map(|p| p.map(|p| p.y)).collect();
        let (top, bottom) = (layout.plot.top, layout.plot.bottom());
        assert_eq!(ys, [Some(bottom), Some(f64::midpoint(top, bottom)), None, Some(top)]);
        assert_eq!(layout.points[0].unwrap().x, layout.plot.left);
        assert_eq!(layout.points[3].unwrap().x, layout.plot.right());
        assert_eq!(layout.zero_y, bottom);
    }

    #[test]
    fn labels_stay_in_the_frame() {
        let layout = layout(&[Some(12_000.0); 40]);
        let labels: Vec<&str> = layout.y_ticks.iter().map(|tick| tick.label.as_str()).collect();
        assert_eq!(labels, ["0", "5k", "10k", "15k"]);
        for tick in &layout.x_ticks {
            let half = estimate_width(&tick.label, TICK_PX) / 2.0;
            assert!(tick.position_px - half >= 0.0 && tick.position_px + half <= 400.0);
        }
        assert!(layout.x_ticks.len() >= 2);
    }

    #[test]
    fn the_pointer_finds_the_nearest_bucket() {
        let layout = layout(&[Some(1.0), None, Some(3.0)]);
        let check = |x: f64, y: f64, expected: Option<usize>| {
            assert_eq!(layout.hit(x, y), expected, "{x} {y}");
        };
        let (left, right) = (layout.plot.left, layout.plot.right());
        check(left, 50.0, Some(0));
        check(left - 10.0, 50.0, Some(0));
        check(left - 20.0, 50.0, None);
        check(f64::midpoint(left, right), 0.0, Some(1));
        check(right + 5.0, 199.0, Some(2));
        check(right, 201.0, None);
        check(f64::NAN, 50.0, None);
    }

    #[test]
    fn a_tooltip_stands_at_its_point_or_at_zero() {
        let layout = layout(&[Some(1.0), None, Some(3.0)]);
        assert_eq!(layout.anchor(0), layout.points[0]);
        let gap = layout.anchor(1).unwrap();
        assert_eq!((gap.x, gap.y), (layout.xs_px[1], layout.zero_y));
        assert_eq!(layout.anchor(3), None);
    }

    #[test]
    fn many_points_are_thinned_out_and_few_are_not() {
        let check = |n_points: usize, n_drawn: std::ops::RangeInclusive<usize>| {
            let values: Vec<_> = (0..n_points).map(|i| Some((i * 7919 % 1009) as f64)).collect();
            let layout = layout(&values);
            assert!(n_drawn.contains(&layout.drawn.len()), "{}", layout.drawn.len());
            assert_eq!(layout.points.len(), n_points);
        };
        check(0, 0..=0);
        check(1, 1..=1);
        check(1_000, 1_000..=1_000);
        check(100_000, 1_000..=3_200);
    }

    #[test]
    fn a_comparison_is_placed_beside_and_raises_the_axis() {
        let mut input = input(&[Some(10.0), Some(20.0)]);
        input.comparison = vec![Some(90.0), None, Some(5.0)];
        let layout = LineChart::layout(&input, Frame::canvas(400.0, 200.0, 1.0), &estimate_width);
        assert_eq!(layout.comparison.len(), 2);
        assert!(layout.comparison[0].unwrap().y < layout.points[0].unwrap().y);
        assert_eq!(layout.comparison[1], None);
        assert!(layout.y_ticks.iter().any(|tick| tick.label == "100"));
    }

    fn arb_value() -> impl Strategy<Value = Option<f64>> {
        prop::option::weighted(0.9, prop::num::f64::ANY)
    }

    proptest! {
        #[test]
        fn any_numbers_in_any_frame_are_placed_inside(
            values in prop::collection::vec(arb_value(), 0..40),
            width_px in prop::num::f64::ANY,
            height_px in -10.0..2_000.0_f64,
            ratio in 0.1..4.0_f64,
        ) {
            let frame = Frame::canvas(width_px, height_px, ratio);
            let layout = LineChart::layout(&input(&values), frame, &estimate_width);
            let plot = layout.plot.grown(1e-6);
            for point in layout.points.iter().flatten() {
                // A frame too narrow for its plot has an empty one, and one place for all points.
                let is_empty = layout.plot.width == 0.0;
                prop_assert!(is_empty || plot.contains(point.x, point.y), "{:?} {:?}", point, plot);
                prop_assert!(point.x.is_finite() && point.y.is_finite());
            }
            for tick in layout.y_ticks.iter().chain(&layout.x_ticks) {
                prop_assert!(tick.position_px.is_finite());
            }
        }
    }
}
