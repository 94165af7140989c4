//! The largest values of a dimension, each a bar that filters.

use super::canvas::Marked;
use super::marked_chart::MarkedChart;
use super::marks::selected;
use super::place::Place;
use super::plot::Input;
use super::tooltip::Words;
use crate::decimal::{Decimal, Number};
use crate::marks::marks;
use catalog::Name;
use chart::{Bar, BarInput};
use coordinator::Slot;
use leptos::prelude::*;

/// A longer number beside its bar is written compactly; its tooltip has all digits.
const N_LABEL_CHARS: usize = 18;

#[component]
pub(super) fn BarBody(place: Place, by: Name) -> impl IntoView {
    let answer = place.answer(Slot::Current);
    let shown =
        Memo::new(move |_| answer.with(|answer| answer.as_deref().map(marks).unwrap_or_default()));
    let n_groups =
        Memo::new(move |_| answer.with(|answer| answer.as_ref().and_then(|a| a.n_groups())));
    let note = place.note;
    // A limit is always said.
    Effect::new(move |_| {
        let n_shown = shown.with(|marks| marks.len() as i128);
        note.set(match n_groups.get() {
            Some(n_groups) if n_groups > n_shown => {
                format!("{n_shown} of {}", chart::grouped(n_groups, 0))
            }
            _ => String::new(),
        });
    });
    let writing = place.writing.clone();
    let input = Memo::new(move |_| {
        let bar = |mark: &crate::marks::Mark| Bar {
            // What is no number has no length.
            value: mark.value.and_then(Number::exact).map_or(f64::NAN, Decimal::to_f64),
            label: mark.label(),
            value_label: mark
                .value
                .map_or_else(|| "–".to_owned(), |value| writing.fitting(value, N_LABEL_CHARS)),
        };
        shown.with(|marks| Some(Input::Bars(BarInput { bars: marks.iter().map(bar).collect() })))
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
    let dimension_label = place.dimension_label(&by);
    let words = Callback::new(move |idx: usize| {
        shown.with(|marks| {
            let mark = marks.get(idx)?;
            let value = mark.value.map(|value| writing.number(value));
            Some(Words {
                title: mark.label(),
                value: value.unwrap_or_else(|| "no value".to_owned()),
                note: format!("{dimension_label}, rank {}", idx + 1),
            })
        })
    });
    view! { <MarkedChart place by input marks=shown marked words /> }
}
