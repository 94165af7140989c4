//! The list of a donut's slices: where it stands, and what its lines say.

use super::{DonutInput, Legend};
use crate::frame::Frame;
use crate::geometry::Rect;
use crate::text::{Measure, ellipsize};

pub(super) const LEGEND_PX: f64 = 13.0;
pub(super) const ROW_PX: f64 = 30.0;
/// From this width on the legend stands beside the ring.
pub(super) const WIDE_PX: f64 = 380.0;
pub(super) const SHARE_COLUMN_PX: f64 = 56.0;
/// Dot and space before a label.
pub(super) const LABEL_INDENT_PX: f64 = 26.0;

/// Where a line of the legend stands.
#[derive(Debug, Clone, PartialEq)]
pub struct LegendRow {
    /// All of the row: what can be pointed at.
    pub row: Rect,
    /// The label, cut to its room.
    pub label: String,
    /// The share of the whole: `12.3%`; may be empty.
    pub share_label: String,
    /// The value as text.
    pub value_label: String,
}

/// The part of the frame for the ring, and that for the legend if there is one.
pub(super) fn split(input: &DonutInput, frame: Frame) -> (Rect, Option<Rect>) {
    let (width, height) = (frame.width_px, frame.height_px);
    let whole = Rect::between(0.0, 0.0, width, height);
    if input.legend == Legend::Omitted || input.slices.is_empty() {
        return (whole, None);
    }
    let n_rows = input.slices.len() as f64;
    if width >= WIDE_PX {
        let ring_px = height.min(width * 0.42).min(248.0);
        let rows_px = (n_rows * ROW_PX).min(height);
        let top = (height - rows_px) / 2.0;
        // A line of the legend is read across, so it does not get longer than that allows.
        let left = ring_px + 32.0;
        let list_px = (width - left).min(460.0);
        let shift = ((width - left - list_px) / 2.0).max(0.0);
        let ring = Rect::between(shift, 0.0, shift + ring_px, height);
        let list = Rect::between(shift + left, top, shift + left + list_px, top + rows_px);
        (ring, Some(list))
    } else {
        let rows_px = (n_rows * ROW_PX).min(height * 0.6);
        let top = height - rows_px;
        let ring = Rect::between(0.0, 0.0, width, (top - 16.0).max(0.0));
        (ring, Some(Rect::between(0.0, top, width, height)))
    }
}

pub(super) fn legend_rows(
    input: &DonutInput,
    list: Rect,
    values_px: f64,
    measure: Measure<'_>,
) -> Vec<LegendRow> {
    let row_px = list.height / input.slices.len().max(1) as f64;
    let room = list.width - LABEL_INDENT_PX - 8.0 - values_px - SHARE_COLUMN_PX - 12.0;
    input
        .slices
        .iter()
        .enumerate()
        .map(|(idx, slice)| {
            let top = list.top + idx as f64 * row_px;
            LegendRow {
                row: Rect::between(list.left, top, list.right(), top + row_px),
                label: ellipsize(&slice.label, LEGEND_PX, room, measure),
                share_label: slice.share_label.clone(),
                value_label: slice.value_label.clone(),
            }
        })
        .collect()
}
