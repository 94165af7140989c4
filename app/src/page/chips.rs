//! The filters in force, each to be taken away.

use crate::marks;
use crate::page::{Glyph, Icon};
use crate::state::use_desk;
use crate::wording;
use catalog::Name;
use coordinator::Event;
use leptos::prelude::*;
use query::Condition;

/// One value that filters.
type Filter = (Name, Option<String>);

#[component]
pub(super) fn Chips() -> impl IntoView {
    let desk = use_desk();
    let filters = Memo::new(move |_| {
        desk.page.with(|page| {
            let clauses = page.iter().flat_map(|page| page.selection.clauses());
            clauses
                .flat_map(|clause| match &clause.condition {
                    Condition::OneOf(values) => values
                        .iter()
                        .map(|value| (clause.dimension.clone(), value.clone()))
                        .collect::<Vec<Filter>>(),
                    Condition::Within(_) => Vec::new(),
                })
                .collect::<Vec<Filter>>()
        })
    });
    let is_any = Memo::new(move |_| filters.with(|filters| !filters.is_empty()));
    let chip = move |(dimension, value): Filter| {
        let name = desk
            .loaded()
            .map(|catalog| wording::dimension(&catalog, &dimension))
            .unwrap_or_default();
        let text = marks::label(value.as_deref());
        let remove_label = format!("Remove the filter {name}: {text}");
        let (shown_dimension, shown_value) = (dimension.to_string(), value.clone());
        let remove = move |_| {
            desk.emit(Event::Toggled { dimension: dimension.clone(), value: value.clone() });
        };
        view! {
            <li>
                <button
                    type="button"
                    class="chip"
                    data-test="chip"
                    data-dimension=shown_dimension
                    data-null=shown_value.is_none().then_some("true")
                    data-value=shown_value.unwrap_or_default()
                    aria-label=remove_label
                    on:click=remove
                >
                    <span class="chip-name">{name}</span>
                    <span class="chip-value">{text}</span>
                    <Icon glyph=Glyph::Close />
                </button>
            </li>
        }
    };
    view! {
        <Show when=move || is_any.get()>
            <div class="chips">
                <ul class="chip-list" aria-label="Filters">
                    <For each=move || filters.get() key=|filter| filter.clone() children=chip />
                </ul>
                <button
                    type="button"
                    class="button button-quiet button-small"
                    data-test="clear-all"
                    on:click=move |_| desk.emit(Event::SelectionCleared)
                >
                    "Clear all"
                </button>
            </div>
        </Show>
    }
}
