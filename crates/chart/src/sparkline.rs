//! A small line without axes, beside a number.

use crate::downsample::m4;
use crate::error::ChartError;
use crate::frame::Frame;
use crate::geometry::{Point, Rect};
use crate::line::{Completeness, runs};
use crate::pen::Pen;
use crate::scale::LinearScale;
use crate::shape::fading_area;
use crate::theme::Theme;
use plotters::prelude::DrawingBackend;

/// What a sparkline shows.
#[derive(Debug, Clone, PartialEq)]
pub struct SparklineInput {
    /// Evenly spaced; `None` or no finite number breaks the line.
    pub values: Vec<Option<f64>>,
    /// Whether the last value is still filling: its segment is dashed and its dot hollow.
    pub last: Completeness,
}

/// Lays out sparklines.
#[derive(Debug, Clone, Copy)]
pub struct Sparkline;

/// Where the points of a sparkline stand.
#[derive(Debug, Clone, PartialEq)]
pub struct SparklineLayout {
    /// The frame that it was laid out in.
    pub frame: Frame,
    /// One for each value; `None` breaks the line.
    pub points: Vec<Option<Point>>,
    plot: Rect,
    last: Completeness,
}

const LINE_PX: f64 = 1.5;

impl Sparkline {
    /// Places the values of `input` in `frame`: the lowest at the bottom, the highest at the top.
    ///
    /// Equal values lie in the middle, zeros at the bottom.
    pub fn layout(input: &SparklineInput, frame: Frame) -> SparklineLayout {
        let frame = frame.sane();
        let plot = Rect::between(4.0, 4.0, frame.width_px - 5.0, frame.height_px - 4.0);
        let finite = |value: Option<f64>| value.filter(|value| value.is_finite());
        let values = input.values.iter().copied().filter_map(finite);
        let low = values.clone().fold(f64::INFINITY, f64::min);
        let high = values.fold(f64::NEG_INFINITY, f64::max);
        let y_scale = LinearScale { domain: (low, high), range_px: (plot.bottom(), plot.top) };
        let x_scale = LinearScale {
            domain: (0.0, input.values.len().saturating_sub(1) as f64),
            range_px: (plot.left, plot.right()),
        };
        let y_of = |value: f64| {
            if low == 0.0 && high == 0.0 { plot.bottom() } else { y_scale.position_px(value) }
        };
        let points = input
            .values
            .iter()
            .enumerate()
            .map(|(idx, value)| {
                finite(*value).map(|v| Point::new(x_scale.position_px(idx as f64), y_of(v)))
            })
            .collect();
        SparklineLayout { frame, points, plot, last: input.last }
    }
}

impl SparklineLayout {
    /// Paints the whole frame.
    ///
    /// # Errors
    /// [`ChartError::Backend`] when the backend fails.
    pub fn draw<DB: DrawingBackend>(
        &self,
        backend: &mut DB,
        theme: &Theme,
    ) -> Result<(), ChartError>
    where
        DB::ErrorType: 'static,
    {
        let mut pen = Pen::on(backend, self.frame, theme)?;
        let is_dense = self.points.len() as f64 > 2.0 * self.plot.width * self.frame.pixel_ratio;
        let drawn: Vec<Option<Point>> = if is_dense {
            let kept = m4(&self.points, 1.0 / self.frame.pixel_ratio);
            kept.into_iter().map(|idx| self.points.get(idx).copied().flatten()).collect()
        } else {
            self.points.clone()
        };
        let last_idx = drawn.len().saturating_sub(1);
        let is_partial = self.last == Completeness::Partial;
        for run in runs(&drawn) {
            let ends_partial = is_partial && run.last().is_some_and(|(idx, _)| *idx == last_idx);
            let line: Vec<Point> = run.into_iter().map(|(_, point)| point).collect();
            if let [dot] = line.as_slice() {
                pen.disc(*dot, 1.5, theme.accent)?;
                continue;
            }
            let bottom = self.frame.height_px;
            for (band, share) in fading_area(&line, bottom, self.plot.top, self.frame) {
                pen.fill(&band, theme.accent.with_alpha(share * 0.22))?;
            }
            let n_solid = if ends_partial { line.len() - 1 } else { line.len() };
            if n_solid > 1 {
                pen.stroke(&line[..n_solid], LINE_PX, theme.accent)?;
            }
            if ends_partial {
                pen.dashed(&line[n_solid - 1..], LINE_PX, (2.0, 3.0), theme.accent)?;
            }
        }
        if let Some(point) = self.points.last().copied().flatten() {
            pen.disc(point, 3.0, theme.accent)?;
            if is_partial {
                pen.disc(point, 1.6, theme.surface)?;
            }
        }
        pen.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_fill_the_height() {
        let check = |values: &[Option<f64>], expected: &[Option<f64>]| {
            let input = SparklineInput { values: values.to_vec(), last: Completeness::Complete };
            let layout = Sparkline::layout(&input, Frame::canvas(100.0, 28.0, 1.0));
            let ys: Vec<Option<f64>> =
                layout.points.iter().map(|p| p.map(|p| p.y.round())).collect();
            assert_eq!(ys, expected, "{values:?}");
        };
        check(&[Some(1.0), Some(2.0), Some(3.0)], &[Some(24.0), Some(14.0), Some(4.0)]);
        check(&[Some(7.0), None, Some(7.0)], &[Some(14.0), None, Some(14.0)]);
        check(&[Some(0.0), Some(0.0)], &[Some(24.0), Some(24.0)]);
        check(&[Some(f64::NAN)], &[None]);
        check(&[Some(-5.0)], &[Some(14.0)]);
        check(&[], &[]);
    }
}
