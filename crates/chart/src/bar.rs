//! A ranking: horizontal bars with the label before or above and the value at the right.

use crate::error::ChartError;
use crate::frame::Frame;
use crate::geometry::{Point, Rect};
use crate::hit;
use crate::interaction::Interaction;
use crate::pen::{Align, Pen, Type};
use crate::scale::LinearScale;
use crate::shape::{RoundEnd, rounded};
use crate::text::{Measure, ellipsize};
use crate::theme::Theme;
use plotters::prelude::DrawingBackend;

/// One bar.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// Its length; a value that is not finite has none.
    pub value: f64,
    /// What it stands for; cut with an ellipsis where it is too long.
    pub label: String,
    /// The value as text, written whole.
    pub value_label: String,
}

/// What a bar chart shows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BarInput {
    /// From top to bottom.
    pub bars: Vec<Bar>,
}

/// Lays out bar charts.
#[derive(Debug, Clone, Copy)]
pub struct BarChart;

/// Where one bar and its texts stand.
#[derive(Debug, Clone, PartialEq)]
pub struct BarRow {
    /// All of the row: what can be pointed at.
    pub row: Rect,
    /// The bar; its width is 0 for a value of zero.
    pub bar: Rect,
    /// The left middle of the label.
    pub label_at: Point,
    /// The label, cut to its room.
    pub label: String,
    /// The right middle of the value.
    pub value_at: Point,
    /// The value as text.
    pub value_label: String,
    /// Whether the bar goes to the left of zero.
    pub is_negative: bool,
}

/// Where everything of a bar chart stands.
#[derive(Debug, Clone, PartialEq)]
pub struct BarLayout {
    /// The frame that it was laid out in.
    pub frame: Frame,
    /// In the order of the input.
    pub rows: Vec<BarRow>,
    /// The x of zero.
    pub zero_x: f64,
    /// Whether some bar is negative, so that zero is marked.
    has_negative: bool,
}

const LABEL_PX: f64 = 13.0;
/// Room at the left and right of a row, so that its highlight and ring do not touch the text.
const PAD_PX: f64 = 8.0;
/// Below this width labels stand above their bars.
const NARROW_PX: f64 = 420.0;

impl BarChart {
    /// The height in CSS pixels at which `n_bars` look best in a frame of `width_px`.
    pub fn height_px(n_bars: usize, width_px: f64) -> f64 {
        n_bars as f64 * if width_px < NARROW_PX { 44.0 } else { 36.0 }
    }

    /// Places the bars of `input` in `frame`.
    ///
    /// Zero is always part of the scale; when all values are zero there are labels and no bars.
    pub fn layout(input: &BarInput, frame: Frame, measure: Measure<'_>) -> BarLayout {
        let frame = frame.sane();
        let n_bars = input.bars.len().max(1) as f64;
        let row_px =
            (frame.height_px / n_bars).min(if frame.width_px < NARROW_PX { 52.0 } else { 44.0 });
        let is_above = frame.width_px < NARROW_PX && row_px >= 30.0;
        let widest = |texts: &mut dyn Iterator<Item = &str>| {
            texts.map(|text| measure(text, LABEL_PX).ceil()).fold(0.0, f64::max)
        };
        let values_px = widest(&mut input.bars.iter().map(|bar| bar.value_label.as_str()));
        let labels_px = widest(&mut input.bars.iter().map(|bar| bar.label.as_str()));

        let (left, right) = (PAD_PX, (frame.width_px - PAD_PX).max(PAD_PX));
        let (bars_left, bars_right) = if is_above {
            (left, right)
        } else {
            // Labels take what they need, up to a share that leaves the bars the greater part.
            let labels_px = labels_px.min(frame.width_px * 0.34);
            (left + labels_px + 16.0, right - values_px - 16.0)
        };
        let bars_right = bars_right.max(bars_left);

        let finite = |value: f64| if value.is_finite() { value } else { 0.0 };
        let values = input.bars.iter().map(|bar| finite(bar.value));
        let low = values.clone().fold(0.0, f64::min);
        let high = values.fold(0.0, f64::max);
        let scale = LinearScale { domain: (low, high), range_px: (bars_left, bars_right) };
        let zero_x = if low == high { bars_left } else { scale.position_px(0.0) };
        let thickness = if is_above { 6.0 } else { (row_px * 0.4).clamp(2.0, 14.0) };

        let rows = input.bars.iter().enumerate().map(|(idx, bar)| {
            let top = idx as f64 * row_px;
            let row = Rect::between(0.0, top, frame.width_px, top + row_px);
            let middle = row.center().y;
            let (text_y, bar_y) =
                if is_above { (middle - 7.0, middle + 10.0) } else { (middle, middle) };
            let value = finite(bar.value);
            let end_x = if low == high { zero_x } else { scale.position_px(value) };
            // A value that is not zero shows at least a sliver.
            let end_x = match value {
                value if value > 0.0 => end_x.max(zero_x + 2.0),
                value if value < 0.0 => end_x.min(zero_x - 2.0),
                _ => zero_x,
            };
            let label_room = if is_above {
                right - left - 16.0 - measure(&bar.value_label, LABEL_PX)
            } else {
                bars_left - 16.0 - left
            };
            BarRow {
                row,
                bar: Rect::between(
                    end_x.min(zero_x),
                    bar_y - thickness / 2.0,
                    end_x.max(zero_x),
                    bar_y + thickness / 2.0,
                ),
                label_at: Point::new(left, text_y),
                label: ellipsize(&bar.label, LABEL_PX, label_room, measure),
                value_at: Point::new(right, text_y),
                value_label: bar.value_label.clone(),
                is_negative: value < 0.0,
            }
        });
        BarLayout { frame, rows: rows.collect(), zero_x, has_negative: low < 0.0 }
    }
}

impl BarLayout {
    /// The row under the pointer, over its whole width.
    pub fn hit(&self, x: f64, y: f64) -> Option<usize> {
        let rows: Vec<&Rect> = self.rows.iter().map(|row| &row.row).collect();
        hit::inside(rows.into_iter(), x, y)
    }

    /// Where a tooltip of the bar points at: the middle of its end.
    pub fn anchor(&self, idx: usize) -> Option<Point> {
        self.rows.get(idx).map(|row| {
            let x = if row.is_negative { row.bar.left } else { row.bar.right() };
            Point::new(x, row.bar.center().y)
        })
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
        for (idx, row) in self.rows.iter().enumerate() {
            let highlight = row.row.grown(-1.0);
            if state.focused == Some(idx) {
                pen.fill(&rounded(highlight, 8.0, RoundEnd::Both), theme.accent)?;
                pen.fill(&rounded(highlight.grown(-2.0), 6.0, RoundEnd::Both), theme.surface)?;
            }
            if state.hovered == Some(idx) {
                let inside = if state.focused == Some(idx) { -2.0 } else { 0.0 };
                let area = rounded(highlight.grown(inside), 6.0, RoundEnd::Both);
                pen.fill(&area, theme.ink.with_alpha(0.045))?;
            }
            let is_dimmed = state.dims(idx);
            let color = if row.is_negative { theme.negative } else { theme.accent };
            let color = if is_dimmed { theme.dimmed(color) } else { color };
            let end = if row.is_negative { RoundEnd::Left } else { RoundEnd::Right };
            if row.bar.width > 0.0 {
                pen.fill(&rounded(row.bar, 4.0, end), color)?;
            }
            let ink = if is_dimmed { theme.muted } else { theme.ink };
            pen.write(&row.label, row.label_at, Type::regular(LABEL_PX, ink, Align::Left))?;
            pen.write(&row.value_label, row.value_at, Type::regular(LABEL_PX, ink, Align::Right))?;
        }
        if let (true, Some(first), Some(last)) =
            (self.has_negative, self.rows.first(), self.rows.last())
        {
            pen.upright(self.zero_x, (first.row.top, last.row.bottom()), theme.axis)?;
        }
        pen.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::estimate_width;
    use proptest::prelude::*;

    fn layout(values: &[f64], width_px: f64, height_px: f64) -> BarLayout {
        let bars = values
            .iter()
            .map(|value| Bar {
                value: *value,
                label: "a category with quite a long name".to_owned(),
                value_label: "R$ 1,234".to_owned(),
            })
            .collect();
        let frame = Frame::canvas(width_px, height_px, 1.0);
        BarChart::layout(&BarInput { bars }, frame, &estimate_width)
    }

    #[test]
    fn lengths_are_in_proportion() {
        let check = |values: &[f64], expected: &[f64]| {
            let layout = layout(values, 800.0, 200.0);
            let longest = layout.rows.iter().map(|row| row.bar.width).fold(0.0, f64::max);
            let shares: Vec<f64> = layout
                .rows
                .iter()
                .map(|row| {
                    let share = (row.bar.width / longest.max(1.0) * 100.0).round();
                    if row.is_negative { -share } else { share }
                })
                .collect();
            assert_eq!(shares, expected, "{values:?}");
        };
        check(&[100.0, 50.0, 25.0], &[100.0, 50.0, 25.0]);
        check(&[100.0, -50.0], &[100.0, -50.0]);
        check(&[-100.0, -50.0], &[-100.0, -50.0]);
        check(&[0.0, 0.0], &[0.0, 0.0]);
        check(&[10.0, f64::NAN, f64::INFINITY], &[100.0, 0.0, 0.0]);
        check(&[f64::MAX, f64::MIN], &[100.0, -100.0]);
        check(&[], &[]);
    }

    #[test]
    fn what_is_not_zero_shows_a_sliver() {
        let layout = layout(&[1_000_000.0, 1.0, 0.0], 800.0, 120.0);
        assert_eq!(layout.rows[1].bar.width, 2.0);
        assert_eq!(layout.rows[2].bar.width, 0.0);
    }

    #[test]
    fn labels_stand_above_in_a_narrow_frame() {
        let narrow = layout(&[3.0, 2.0], 320.0, 88.0);
        let wide = layout(&[3.0, 2.0], 800.0, 88.0);
        let tiny = layout(&[3.0, 2.0], 240.0, 88.0);
        assert!(narrow.rows[0].label_at.y < narrow.rows[0].bar.top);
        assert_eq!(wide.rows[0].label_at.y, wide.rows[0].bar.center().y);
        assert!(tiny.rows[0].label.ends_with('…'));
        assert!(!wide.rows[0].label.ends_with('…'));
    }

    #[test]
    fn all_of_a_row_can_be_pointed_at() {
        let layout = layout(&[3.0, 2.0, 1.0], 800.0, 90.0);
        let check = |x: f64, y: f64, expected: Option<usize>| {
            assert_eq!(layout.hit(x, y), expected, "{x} {y}");
        };
        check(0.0, 1.0, Some(0));
        check(799.0, 31.0, Some(1));
        check(400.0, 89.0, Some(2));
        check(400.0, 91.0, None);
        check(-1.0, 45.0, None);
        check(f64::NAN, f64::NAN, None);
    }

    #[test]
    fn a_tooltip_stands_at_the_end_of_the_bar() {
        let layout = layout(&[3.0, -2.0], 800.0, 90.0);
        assert_eq!(layout.anchor(0).unwrap().x, layout.rows[0].bar.right());
        assert_eq!(layout.anchor(1).unwrap().x, layout.rows[1].bar.left);
        assert_eq!(layout.anchor(2), None);
    }

    proptest! {
        #[test]
        fn any_numbers_in_any_frame_are_placed(
            values in prop::collection::vec(prop::num::f64::ANY, 0..20),
            width_px in 0.0..2_000.0_f64,
            height_px in 0.0..2_000.0_f64,
        ) {
            let layout = layout(&values, width_px, height_px);
            prop_assert_eq!(layout.rows.len(), values.len());
            for row in &layout.rows {
                prop_assert!(row.bar.left.is_finite() && row.bar.width.is_finite());
                prop_assert!(row.row.bottom() <= height_px + 1e-6);
            }
        }
    }
}
