//! Opening any table by its path or URL.

use crate::browser;
use crate::page::{Glyph, Icon};
use crate::state::use_desk;
use crate::typed;
use coordinator::TablesEvent;
use leptos::html::Input;
use leptos::prelude::*;
use protocol::LAKE_PREFIX;

#[component]
pub(super) fn OpenByLocation() -> impl IntoView {
    let desk = use_desk();
    let field: NodeRef<Input> = NodeRef::new();
    let wrong = RwSignal::new(String::new());
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let text = field.get_untracked().map(|field| field.value()).unwrap_or_default();
        match typed::location(&text, &browser::origin(), LAKE_PREFIX) {
            Ok(location) => {
                wrong.set(String::new());
                desk.emit_of_tables(TablesEvent::LocationOpened { location });
            }
            Err(error) => wrong.set(error.to_string()),
        }
    };
    let recent = Memo::new(move |_| desk.tables.with(|tables| tables.recent.clone()));
    view! {
        <form class="open-form" on:submit=submit>
            <label class="field" for="open-location">
                <span>"Open by path or URL"</span>
            </label>
            <div class="open-row">
                <input
                    id="open-location"
                    node_ref=field
                    class="text-input"
                    type="text"
                    inputmode="url"
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck="false"
                    placeholder="https://…/table or gold/sales"
                    aria-describedby="open-hint open-error"
                    aria-invalid=move || wrong.with(|wrong| (!wrong.is_empty()).to_string())
                    data-test="open-location"
                />
                <button type="submit" class="button button-primary" data-test="open-submit">"Open"</button>
            </div>
            <p id="open-error" class="open-error" role="alert" data-test="open-error">{wrong}</p>
            <p id="open-hint" class="open-hint">
                "A folder with " <code>"_delta_log"</code> ", a " <code>".parquet"</code>
                " file, or a " <code>".json"</code> " manifest of files."
            </p>
        </form>
        <Show when=move || recent.with(|recent| !recent.is_empty())>
            <div class="recent">
                <h2>"Opened before"</h2>
                <ul class="table-list">
                    <For each=move || recent.get() key=|location| location.clone() children=|location| view! { <Recent location /> } />
                </ul>
            </div>
        </Show>
    }
}

/// A table that was opened by hand in this visit.
#[component]
fn Recent(location: String) -> impl IntoView {
    let desk = use_desk();
    let (here, chosen) = (location.clone(), location.clone());
    let is_current = Memo::new(move |_| {
        desk.tables.with(|tables| tables.state.table.as_deref() == Some(here.as_str()))
    });
    view! {
        <li>
            <button
                type="button"
                class="table-item"
                data-test="recent"
                title=location.clone()
                aria-current=move || is_current.get().then_some("true")
                on:click=move |_| {
                    desk.emit_of_tables(TablesEvent::TableChosen { location: chosen.clone() })
                }
            >
                <Icon glyph=Glyph::Link />
                <span class="table-item-name">{location.clone()}</span>
            </button>
        </li>
    }
}
