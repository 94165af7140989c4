//! A panel without rows, and the ways to see some.

use super::place::Place;
use crate::page::{Glyph, Icon};
use crate::wording;
use catalog::{PanelKind, RangePreset};
use coordinator::{Event, RangeChoice, Slot};
use leptos::prelude::*;

#[component]
pub(super) fn Empty(place: Place) -> impl IntoView {
    let (desk, answer, time) = (place.desk, place.answer(Slot::Current), place.time.clone());
    let is_number = place.panel.kind == PanelKind::Kpi;
    // Filters that the panel follows; others are not to blame.
    let has_filters = Memo::new(move |_| {
        let is_filter = |clause: &query::Clause| clause.dimension != time;
        answer.with(|answer| {
            answer.as_ref().is_some_and(|it| it.spec.selection.clauses().iter().any(is_filter))
        })
    });
    let text = move || match desk.days.get() {
        Some(days) if has_filters.get() => format!("No match in {}", wording::days(days)),
        // An average of nulls has rows, and no value.
        Some(days) if is_number => format!("No value in {}", wording::days(days)),
        Some(days) => format!("No rows in {}", wording::days(days)),
        None => "The lake has no rows".to_owned(),
    };
    let is_all = move || desk.extent.get() == desk.days.get();
    view! {
        <div class="empty">
            <Icon glyph=Glyph::Empty />
            <p>{text}</p>
            <div class="empty-ways">
                <Show when=move || has_filters.get()>
                    <button
                        type="button"
                        class="button button-small"
                        on:click=move |_| desk.emit(Event::SelectionCleared)
                    >
                        "Clear filters"
                    </button>
                </Show>
                <Show when=move || !is_all()>
                    <button
                        type="button"
                        class="button button-small"
                        data-test="widen"
                        on:click=move |_| {
                            let range = RangeChoice::Preset(RangePreset::All);
                            desk.emit(Event::RangeChosen { range });
                        }
                    >
                        "Show all days"
                    </button>
                </Show>
            </div>
        </div>
    }
}
