//! Parts of a whole: a ring of slices with gaps, a total in its hole, and a legend.

mod angles;
mod legend;

pub use angles::Wedge;
pub use legend::LegendRow;

use crate::error::ChartError;
use crate::frame::Frame;
use crate::geometry::{Point, Rect};
use crate::hit;
use crate::interaction::Interaction;
use crate::pen::{Align, Pen, Type};
use crate::shape::{RingPart, RoundEnd, rounded};
use crate::text::{Measure, ellipsize};
use crate::theme::{Color, Theme};
use angles::{shares, wedges};
use legend::{LABEL_INDENT_PX, LEGEND_PX, ROW_PX, WIDE_PX, legend_rows, split};
use plotters::prelude::DrawingBackend;
use std::f64::consts::TAU;

/// Which colour a slice has; it should follow the category, not the rank, so that a filter does
/// not repaint the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SliceColor {
    /// One of [`Theme::palette`].
    Palette(usize),
    /// The muted colour of "all the others".
    Other,
}

/// One part of the whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Slice {
    /// Finite and not negative.
    pub value: f64,
    /// What it stands for.
    pub label: String,
    /// The value as text.
    pub value_label: String,
    /// Its share of the whole as text; empty where it has none.
    pub share_label: String,
    /// Its colour.
    pub color: SliceColor,
}

/// The texts in the hole.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CenterText {
    /// The large one: the total.
    pub value_label: String,
    /// The small one below: what is counted.
    pub caption: String,
}

/// Whether the chart draws its own legend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Legend {
    /// Beside the ring in a wide frame, below it in a narrow one.
    Drawn,
    /// The ring takes the whole frame.
    Omitted,
}

/// What a donut shows.
#[derive(Debug, Clone, PartialEq)]
pub struct DonutInput {
    /// Clockwise from twelve o'clock.
    pub slices: Vec<Slice>,
    /// In the hole; while a slice is hovered it gives way to the slice's.
    pub center: CenterText,
    /// Whether there is a legend.
    pub legend: Legend,
}

/// Lays out donuts.
#[derive(Debug, Clone, Copy)]
pub struct DonutChart;

/// A text in the hole that has its size.
#[derive(Debug, Clone, PartialEq)]
struct FittedText {
    value_label: String,
    value_px: f64,
    caption: String,
}

/// Where everything of a donut stands.
#[derive(Debug, Clone, PartialEq)]
pub struct DonutLayout {
    /// The frame that it was laid out in.
    pub frame: Frame,
    /// The middle of the ring.
    pub center: Point,
    /// The radius of the ring's outer edge.
    pub outer_px: f64,
    /// The radius of the hole.
    pub inner_px: f64,
    /// One for each slice.
    pub wedges: Vec<Wedge>,
    /// One for each slice, or none at all.
    pub legend: Vec<LegendRow>,
    values_px: f64,
    total_text: FittedText,
    slice_texts: Vec<FittedText>,
    colors: Vec<SliceColor>,
}

const CAPTION_PX: f64 = 12.0;
/// How far a hovered slice grows outwards.
const LIFT_PX: f64 = 3.0;
const GAP_PX: f64 = 2.0;
const CORNER_PX: f64 = 3.0;

impl DonutChart {
    /// The height in CSS pixels at which `n_slices` and a drawn legend look best.
    pub fn height_px(n_slices: usize, width_px: f64) -> f64 {
        let legend_px = n_slices as f64 * ROW_PX;
        if width_px < WIDE_PX { legend_px + 216.0 } else { legend_px.max(220.0) }
    }

    /// Places the slices, the texts and the legend of `input` in `frame`.
    ///
    /// When all values are zero there is a plain ring.
    ///
    /// # Errors
    /// [`ChartError::SliceValue`] for a value that is negative or not finite.
    pub fn layout(
        input: &DonutInput,
        frame: Frame,
        measure: Measure<'_>,
    ) -> Result<DonutLayout, ChartError> {
        let frame = frame.sane();
        let values: Vec<f64> = input.slices.iter().map(|slice| slice.value).collect();
        let is_honest = |value: &f64| value.is_finite() && *value >= 0.0;
        if let Some(idx) = values.iter().position(|value| !is_honest(value)) {
            return Err(ChartError::SliceValue { idx, value: values[idx] });
        }
        let shares = shares(&values);
        let (ring, list) = split(input, frame);
        let outer_px = (ring.width.min(ring.height) / 2.0 - LIFT_PX - 1.0).clamp(0.0, 120.0);
        let inner_px = outer_px * 0.72;
        let fit = |value_label: &str, caption: &str| {
            let room = inner_px * 1.5;
            let value_px = [24.0, 20.0, 18.0, 16.0, 14.0, 12.0]
                .into_iter()
                .find(|px| measure(value_label, *px) * 1.06 <= room)
                .unwrap_or(10.0);
            FittedText {
                value_label: ellipsize(value_label, value_px, room, measure),
                value_px,
                caption: ellipsize(caption, CAPTION_PX, room, measure),
            }
        };
        let values_px = input
            .slices
            .iter()
            .map(|slice| measure(&slice.value_label, LEGEND_PX).ceil())
            .fold(0.0, f64::max);
        let legend =
            list.map_or_else(Vec::new, |list| legend_rows(input, list, values_px, measure));
        Ok(DonutLayout {
            frame,
            center: ring.center(),
            outer_px,
            inner_px,
            wedges: wedges(&shares),
            legend,
            values_px,
            total_text: fit(&input.center.value_label, &input.center.caption),
            slice_texts: input
                .slices
                .iter()
                .map(|slice| fit(&slice.value_label, &slice.label))
                .collect(),
            colors: input.slices.iter().map(|slice| slice.color).collect(),
        })
    }
}

impl DonutLayout {
    /// The slice under the pointer, in the ring or in the legend.
    pub fn hit(&self, x: f64, y: f64) -> Option<usize> {
        let rows: Vec<&Rect> = self.legend.iter().map(|row| &row.row).collect();
        if let Some(idx) = hit::inside(rows.into_iter(), x, y) {
            return Some(idx);
        }
        let (angle, distance_px) = hit::polar(self.center, x, y);
        // A little slack around the ring, for fingers.
        if distance_px < self.inner_px - 6.0 || distance_px > self.outer_px + 6.0 {
            return None;
        }
        self.wedges
            .iter()
            .position(|wedge| angle >= wedge.start && angle < wedge.start + wedge.sweep)
    }

    /// Where a tooltip of the slice points at: the middle of its band.
    pub fn anchor(&self, idx: usize) -> Option<Point> {
        let wedge = self.wedges.get(idx)?;
        let radius_px = f64::midpoint(self.inner_px, self.outer_px);
        Some(self.part(*wedge, 0.0).at(radius_px, wedge.start + wedge.sweep / 2.0))
    }

    fn part(&self, wedge: Wedge, lift_px: f64) -> RingPart {
        RingPart {
            center: self.center,
            inner_px: self.inner_px,
            outer_px: self.outer_px + lift_px,
            start: wedge.start,
            sweep: wedge.sweep,
        }
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
        let n_drawn = self.wedges.iter().filter(|wedge| wedge.sweep > 0.0).count();
        if n_drawn == 0 {
            let whole = self.part(Wedge { start: 0.0, sweep: TAU }, 0.0);
            pen.fill(&whole.polygon(0.0, 0.0), theme.grid)?;
        }
        for (idx, wedge) in self.wedges.iter().enumerate().filter(|(_, wedge)| wedge.sweep > 0.0) {
            // A thin slice keeps more than half of itself beside its gap.
            let thin_px = wedge.sweep * self.inner_px * 0.4;
            let gap_px = if n_drawn > 1 { GAP_PX.min(thin_px) } else { 0.0 };
            let lift_px = if state.hovered == Some(idx) { LIFT_PX } else { 0.0 };
            let part = self.part(*wedge, lift_px);
            if state.focused == Some(idx) {
                let ring = RingPart {
                    inner_px: part.inner_px - LIFT_PX,
                    outer_px: part.outer_px + LIFT_PX,
                    ..part
                };
                pen.fill(&ring.polygon(0.0, 0.0), theme.ink)?;
                let within = RingPart {
                    inner_px: part.inner_px - 1.5,
                    outer_px: part.outer_px + 1.5,
                    ..part
                };
                pen.fill(&within.polygon(gap_px, 0.0), theme.surface)?;
            }
            pen.fill(&part.polygon(gap_px, CORNER_PX), self.color(theme, idx, state))?;
        }
        self.draw_center(&mut pen, state)?;
        self.draw_legend(&mut pen, state)?;
        pen.finish()
    }

    fn color(&self, theme: &Theme, idx: usize, state: Interaction<'_>) -> Color {
        let color = match self.colors.get(idx) {
            Some(SliceColor::Palette(color_idx)) => theme.category(*color_idx),
            Some(SliceColor::Other) | None => theme.axis.over(theme.muted, 0.5),
        };
        if state.dims(idx) { theme.dimmed(color) } else { color }
    }

    fn draw_center<DB: DrawingBackend>(
        &self,
        pen: &mut Pen<'_, DB>,
        state: Interaction<'_>,
    ) -> Result<(), ChartError>
    where
        DB::ErrorType: 'static,
    {
        if self.inner_px < 24.0 {
            return Ok(());
        }
        let text = state
            .hovered
            .or(state.focused)
            .and_then(|idx| self.slice_texts.get(idx))
            .unwrap_or(&self.total_text);
        let (ink, muted) = (pen.theme.ink, pen.theme.muted);
        let value_y = if text.caption.is_empty() { self.center.y } else { self.center.y - 8.0 };
        let value_at = Point::new(self.center.x, value_y);
        pen.write(&text.value_label, value_at, Type::bold(text.value_px, ink, Align::Center))?;
        let caption_at = Point::new(self.center.x, self.center.y + 14.0);
        pen.write(&text.caption, caption_at, Type::regular(CAPTION_PX, muted, Align::Center))
    }

    fn draw_legend<DB: DrawingBackend>(
        &self,
        pen: &mut Pen<'_, DB>,
        state: Interaction<'_>,
    ) -> Result<(), ChartError>
    where
        DB::ErrorType: 'static,
    {
        let theme = pen.theme;
        for (idx, row) in self.legend.iter().enumerate() {
            let highlight = row.row.grown(-1.0);
            if state.focused == Some(idx) {
                pen.fill(&rounded(highlight, 8.0, RoundEnd::Both), theme.accent)?;
                pen.fill(&rounded(highlight.grown(-2.0), 6.0, RoundEnd::Both), theme.surface)?;
            }
            if state.hovered == Some(idx) {
                pen.fill(&rounded(highlight, 6.0, RoundEnd::Both), theme.ink.with_alpha(0.045))?;
            }
            let middle = row.row.center().y;
            let left = row.row.left;
            pen.disc(Point::new(left + 12.0, middle), 4.0, self.color(theme, idx, state))?;
            let ink = if state.dims(idx) { theme.muted } else { theme.ink };
            let right = row.row.right() - 8.0;
            let share_x = right - self.values_px - 16.0;
            let text = |align| Type::regular(LEGEND_PX, ink, align);
            pen.write(&row.label, Point::new(left + LABEL_INDENT_PX, middle), text(Align::Left))?;
            let share = Type::regular(LEGEND_PX, theme.muted, Align::Right);
            pen.write(&row.share_label, Point::new(share_x, middle), share)?;
            pen.write(&row.value_label, Point::new(right, middle), text(Align::Right))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::estimate_width;
    use proptest::prelude::*;

    fn layout(values: &[f64], width_px: f64, height_px: f64) -> Result<DonutLayout, ChartError> {
        let slices = values
            .iter()
            .enumerate()
            .map(|(idx, value)| Slice {
                value: *value,
                label: format!("slice {idx}"),
                value_label: value.to_string(),
                share_label: String::new(),
                color: SliceColor::Palette(idx),
            })
            .collect();
        let center = CenterText { value_label: "100".to_owned(), caption: "orders".to_owned() };
        let input = DonutInput { slices, center, legend: Legend::Drawn };
        DonutChart::layout(&input, Frame::canvas(width_px, height_px, 1.0), &estimate_width)
    }

    #[test]
    fn sweeps_are_in_proportion() {
        let check = |values: &[f64], expected: &[f64]| {
            let layout = layout(values, 600.0, 240.0).unwrap();
            let percents: Vec<f64> =
                layout.wedges.iter().map(|w| (w.sweep / TAU * 1_000.0).round() / 10.0).collect();
            assert_eq!(percents, expected, "{values:?}");
        };
        check(&[1.0, 1.0, 2.0], &[25.0, 25.0, 50.0]);
        check(&[5.0], &[100.0]);
        check(&[5.0, 0.0], &[100.0, 0.0]);
        check(&[0.0, 0.0], &[0.0, 0.0]);
        check(&[], &[]);
        check(&[f64::MAX, f64::MAX], &[50.0, 50.0]);
        // However thin, none looks like more than it is.
        check(&[99_000.0, 1_000.0], &[99.0, 1.0]);
        check(&[1_000_000.0, 1.0], &[100.0, 0.0]);
    }

    #[test]
    fn dishonest_slices_are_refused() {
        let check = |values: &[f64], expected: &str| {
            assert_eq!(layout(values, 600.0, 240.0).unwrap_err().to_string(), expected);
        };
        let rule = "a slice is a finite number that is not negative";
        check(&[1.0, -2.0], &format!("slice 1 has the value -2; {rule}"));
        check(&[f64::NAN], &format!("slice 0 has the value NaN; {rule}"));
        check(&[1.0, 2.0, f64::INFINITY], &format!("slice 2 has the value inf; {rule}"));
    }

    #[test]
    fn the_ring_and_the_legend_can_be_pointed_at() {
        let layout = layout(&[1.0, 1.0, 2.0], 600.0, 240.0).unwrap();
        for idx in 0..3 {
            let anchor = layout.anchor(idx).unwrap();
            assert_eq!(layout.hit(anchor.x, anchor.y), Some(idx));
            let row = layout.legend[idx].row.center();
            assert_eq!(layout.hit(row.x, row.y), Some(idx));
        }
        assert_eq!(layout.hit(layout.center.x, layout.center.y), None);
        assert_eq!(layout.hit(0.0, 0.0), None);
        assert_eq!(layout.hit(f64::NAN, 0.0), None);
        assert_eq!(layout.anchor(3), None);
    }

    #[test]
    fn the_legend_stands_beside_or_below() {
        let wide = layout(&[1.0, 2.0], 600.0, 240.0).unwrap();
        assert!(wide.legend[0].row.left > wide.center.x + wide.outer_px);
        let narrow = layout(&[1.0, 2.0], 320.0, 276.0).unwrap();
        assert!(narrow.legend[0].row.top > narrow.center.y + narrow.outer_px);
        assert!(narrow.legend[1].row.bottom() <= 276.0);
    }

    proptest! {
        #[test]
        fn wedges_fill_the_ring_in_proportion(
            values in prop::collection::vec(0.0..1e12_f64, 1..12),
            tiny in prop::collection::vec(0.0..1e-3_f64, 0..6),
        ) {
            let values = [values, tiny].concat();
            prop_assume!(values.iter().any(|value| *value > 0.0));
            let layout = layout(&values, 600.0, 240.0).unwrap();
            let sum: f64 = layout.wedges.iter().map(|wedge| wedge.sweep).sum();
            prop_assert!((sum - TAU).abs() < 1e-9);
            let whole: f64 = values.iter().sum();
            for (value, wedge) in values.iter().zip(&layout.wedges) {
                prop_assert!((wedge.sweep - value / whole * TAU).abs() < 1e-9);
            }
            for pair in layout.wedges.windows(2) {
                prop_assert!((pair[0].start + pair[0].sweep - pair[1].start).abs() < 1e-9);
            }
        }
    }
}
