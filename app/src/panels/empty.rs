//! A panel without rows, and the ways to see some.

use crate::page::{Glyph, Icon};
use crate::state::use_desk;
use crate::wording;
use catalog::RangePreset;
use coordinator::{Event, RangeChoice};
use leptos::prelude::*;

#[component]
pub(super) fn Empty() -> impl IntoView {
    let desk = use_desk();
    let has_filters = move || {
        desk.page
            .with(|page| page.as_ref().is_some_and(|page| !page.selection.clauses().is_empty()))
    };
    let text = move || match desk.days.get() {
        Some(days) if has_filters() => format!("No match in {}", wording::days(days)),
        Some(days) => format!("No rows in {}", wording::days(days)),
        None => "The lake has no rows".to_owned(),
    };
    let is_all = move || desk.extent.get() == desk.days.get();
    view! {
        <div class="empty">
            <Icon glyph=Glyph::Empty />
            <p>{text}</p>
            <div class="empty-ways">
                <Show when=has_filters>
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
