//! The parts of a whole, each a slice that filters.

use super::canvas::Marked;
use super::marked_chart::MarkedChart;
use super::marks::selected;
use super::place::Place;
use super::plot::Input;
use super::tooltip::Words;
use crate::buckets::counts_rows;
use crate::decimal::Decimal;
use crate::marks::{Mark, MarkKey, folded, marks, total};
use catalog::Name;
use chart::{CenterText, DonutInput, Legend, PALETTE_LEN, Slice, SliceColor};
use coordinator::Slot;
use leptos::prelude::*;
use std::collections::HashMap;

#[component]
pub(super) fn DonutBody(place: Place, by: Name) -> impl IntoView {
    let answer = place.answer(Slot::Current);
    // Only sums and counts may be added up; of another measure every value keeps its slice.
    let is_additive = counts_rows(&place.measure);
    let shown = Memo::new(move |_| {
        let slices = if is_additive { folded } else { marks };
        answer.with(|answer| answer.as_deref().map(slices).unwrap_or_default())
    });
    let whole = Memo::new(move |_| shown.with(|marks| total(marks)).filter(|_| is_additive));
    // A value keeps its colour when a filter changes its rank.
    let colors: StoredValue<HashMap<MarkKey, usize>> = StoredValue::default();
    let color = move |key: &MarkKey| match key {
        MarkKey::Others { .. } => SliceColor::Other,
        MarkKey::Value(_) => {
            let idx = colors.try_update_value(|colors| {
                let n_colors = colors.len();
                *colors.entry(key.clone()).or_insert(n_colors)
            });
            SliceColor::Palette(idx.unwrap_or_default() % PALETTE_LEN)
        }
    };
    let writing = place.writing.clone();
    let caption = place.measure.label.clone();
    let input = Memo::new(move |_| {
        let slice = |mark: &Mark| Slice {
            // Null and nothing have no angle.
            value: mark.value.map_or(0.0, Decimal::to_f64),
            label: mark.label(),
            value_label: mark.value.map_or_else(|| "–".to_owned(), |value| writing.whole(value)),
            color: color(&mark.key),
        };
        let center = match whole.get() {
            Some(whole) => {
                CenterText { value_label: short(&writing, whole), caption: caption.clone() }
            }
            None => CenterText::default(),
        };
        let slices = shown.with(|marks| marks.iter().map(slice).collect());
        Some(Input::Donut(DonutInput { slices, center, legend: Legend::Drawn }))
    });
    let desk = place.desk;
    let dimension = by.clone();
    let selected = Memo::new(move |_| {
        desk.page.with(|page| match page {
            Some(page) => shown.with(|marks| selected(&page.selection, &dimension, marks)),
            None => Vec::new(),
        })
    });
    let marked = Marked::new(selected.into());
    let writing = place.writing.clone();
    let words = Callback::new(move |idx: usize| {
        shown.with(|marks| {
            let mark = marks.get(idx)?;
            let share = mark.value.zip(whole.get()).and_then(|(value, whole)| share(value, whole));
            Some(Words {
                title: mark.label(),
                value: mark.value.map_or_else(|| "no value".to_owned(), |v| writing.whole(v)),
                note: share.map(|share| format!("{share} of the whole")).unwrap_or_default(),
            })
        })
    });
    let is_negative = Memo::new(move |_| {
        shown.with(|marks| marks.iter().any(|mark| mark.value.is_some_and(|v| v.units < 0)))
    });
    let note = place.note;
    Effect::new(move |_| {
        let text =
            if is_negative.get() { "has values below zero: no parts of a whole" } else { "" };
        note.set(text.to_owned());
    });
    view! { <MarkedChart place by input marks=shown marked words /> }
}

/// The whole number if it is short enough for the hole.
fn short(writing: &crate::wording::Writing, number: Decimal) -> String {
    let whole = writing.whole(number);
    if whole.chars().count() <= 9 { whole } else { writing.compact(number) }
}

/// `value` as a share of `whole`, in percent with one decimal.
fn share(value: Decimal, whole: Decimal) -> Option<String> {
    let tenths = value.change_from(whole)?.checked_add(1_000)?;
    Some(format!("{}%", chart::grouped(tenths, 1)))
}
