//! The charts behind one interface: numbers in, a layout that is drawn, pointed at and anchored to.

use crate::browser::Ruler;
use chart::{
    BarChart, BarInput, BarLayout, ChartError, DonutChart, DonutInput, DonutLayout, Frame,
    Interaction, LineChart, LineInput, LineLayout, Point, Rect, Sparkline, SparklineInput,
    SparklineLayout, Theme,
};
use plotters_canvas::CanvasBackend;

/// What a chart shows.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Input {
    Line(LineInput),
    Bars(BarInput),
    Donut(DonutInput),
    Spark(SparklineInput),
}

/// Where everything of a chart stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Layout {
    Line(LineLayout),
    Bars(BarLayout),
    Donut(DonutLayout),
    Spark(SparklineLayout),
}

impl Input {
    /// The height at which it looks best; `None` when the style sheet says.
    pub(super) fn height_px(&self, width_px: f64) -> Option<f64> {
        match self {
            Input::Line(_) | Input::Spark(_) => None,
            Input::Bars(input) => Some(BarChart::height_px(input.bars.len(), width_px)),
            Input::Donut(input) => Some(DonutChart::height_px(input.slices.len(), width_px)),
        }
    }

    pub(super) fn layout(&self, frame: Frame, ruler: &Ruler) -> Result<Layout, ChartError> {
        let measure = |text: &str, font_px: f64| ruler.width_px(text, font_px);
        Ok(match self {
            Input::Line(input) => Layout::Line(LineChart::layout(input, frame, &measure)),
            Input::Bars(input) => Layout::Bars(BarChart::layout(input, frame, &measure)),
            Input::Donut(input) => Layout::Donut(DonutChart::layout(input, frame, &measure)?),
            Input::Spark(input) => Layout::Spark(Sparkline::layout(input, frame)),
        })
    }
}

impl Layout {
    pub(super) fn draw(
        &self,
        backend: &mut CanvasBackend,
        theme: &Theme,
        state: Interaction<'_>,
    ) -> Result<(), ChartError> {
        match self {
            Layout::Line(layout) => layout.draw(backend, theme, state),
            Layout::Bars(layout) => layout.draw(backend, theme, state),
            Layout::Donut(layout) => layout.draw(backend, theme, state),
            Layout::Spark(layout) => layout.draw(backend, theme),
        }
    }

    pub(super) fn frame(&self) -> Frame {
        match self {
            Layout::Line(layout) => layout.frame,
            Layout::Bars(layout) => layout.frame,
            Layout::Donut(layout) => layout.frame,
            Layout::Spark(layout) => layout.frame,
        }
    }

    /// The mark under a point.
    pub(super) fn hit(&self, x: f64, y: f64) -> Option<usize> {
        match self {
            Layout::Line(layout) => layout.hit(x, y),
            Layout::Bars(layout) => layout.hit(x, y),
            Layout::Donut(layout) => layout.hit(x, y),
            Layout::Spark(_) => None,
        }
    }

    /// What the tooltip of a mark points at.
    pub(super) fn anchor(&self, idx: usize) -> Option<Point> {
        match self {
            Layout::Line(layout) => layout.anchor(idx),
            Layout::Bars(layout) => layout.anchor(idx),
            Layout::Donut(layout) => layout.anchor(idx),
            Layout::Spark(_) => None,
        }
    }

    /// The row of a mark that a button can lie on.
    pub(super) fn row(&self, idx: usize) -> Option<Rect> {
        match self {
            Layout::Bars(layout) => layout.rows.get(idx).map(|row| row.row),
            Layout::Donut(layout) => layout.legend.get(idx).map(|row| row.row),
            Layout::Line(_) | Layout::Spark(_) => None,
        }
    }
}
