//! The parts of a whole, each a slice that filters.

use super::canvas::Marked;
use super::marked_chart::MarkedChart;
use super::marks::selected;
use super::place::Place;
use super::plot::Input;
use super::tooltip::Words;
use crate::answer::Answer;
use crate::decimal::{Decimal, Number};
use crate::marks::{Mark, MarkKey, Parts, parts};
use crate::wording;
use catalog::Name;
use chart::{CenterText, DonutInput, Legend, PALETTE_LEN, Slice, SliceColor};
use coordinator::Slot;
use leptos::prelude::*;
use std::collections::HashMap;
use std::sync::Arc;

/// A longer number in the legend is written compactly; its tooltip has all digits.
const N_LABEL_CHARS: usize = 16;

/// The same for the hole.
const N_CENTER_CHARS: usize = 9;

#[component]
pub(super) fn DonutBody(place: Place, by: Name) -> impl IntoView {
    let answer = place.answer(Slot::Current);
    let (asked, measure) = (place.answer(Slot::Whole), Arc::clone(&place.measure));
    let shown_parts = Memo::new(move |_| {
        answer.with(|answer| {
            let of_answer = |answer: &Arc<Answer>| {
                asked.with(|whole| parts(answer, &measure, whole.as_deref()))
            };
            answer.as_ref().map(of_answer).unwrap_or_default()
        })
    });
    let shown = Memo::new(move |_| shown_parts.with(|parts| parts.marks.clone()));
    let whole = Memo::new(move |_| shown_parts.with(|parts| parts.whole));
    let share = move |value: Option<Number>| {
        shown_parts.with(|parts| {
            let whole = parts.whole.filter(|_| parts.do_add_up)?;
            wording::share(value?.exact()?, whole)
        })
    };
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
            // Null, nothing and what is no number have no angle.
            value: mark.value.and_then(Number::exact).map_or(0.0, Decimal::to_f64),
            label: mark.label(),
            value_label: mark
                .value
                .map_or_else(|| "–".to_owned(), |value| writing.fitting(value, N_LABEL_CHARS)),
            share_label: share(mark.value).unwrap_or_default(),
            color: color(&mark.key),
        };
        let center = match whole.get() {
            Some(whole) => CenterText {
                value_label: writing.fitting(Number::Exact(whole), N_CENTER_CHARS),
                caption: caption.clone(),
            },
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
            let share = share(mark.value);
            Some(Words {
                title: mark.label(),
                value: mark.value.map_or_else(|| "no value".to_owned(), |v| writing.number(v)),
                note: share.map(|share| format!("{share} of the whole")).unwrap_or_default(),
            })
        })
    });
    let note = place.note;
    Effect::new(move |_| note.set(shown_parts.with(said)));
    view! { <MarkedChart place by input marks=shown marked words /> }
}

/// What has to be said of the parts, so that nobody reads a whole into them that they do not make.
fn said(parts: &Parts) -> String {
    let exact = |mark: &Mark| mark.value.map(Number::exact);
    let n_shown = parts.marks.len();
    let mut said = Vec::new();
    if parts.marks.iter().any(|mark| exact(mark).flatten().is_some_and(|value| value.units < 0)) {
        said.push("values below zero are no parts of a whole".to_owned());
    } else if parts.marks.iter().any(|mark| exact(mark) == Some(None)) {
        said.push("a value is no number".to_owned());
    } else if parts.whole.is_some() && !parts.do_add_up && n_shown > 1 {
        said.push("parts overlap or do not add up".to_owned());
    }
    if parts.n_left_out > 0 {
        let n_values = (n_shown + parts.n_left_out) as i128;
        said.push(format!("{n_shown} of {}", chart::grouped(n_values, 0)));
    }
    said.join(" · ")
}
