//! The views of a table, one of them chosen.

use crate::state::use_desk;
use coordinator::{TablesEvent, View};
use leptos::prelude::*;
use protocol::TableKind;
use wasm_bindgen::JsCast;

pub(super) fn tab_id(view: View) -> String {
    format!("tab-{}", view.name())
}

pub(super) fn panel_id(view: View) -> String {
    format!("view-{}", view.name())
}

/// The arrow keys walk the tabs; the chosen one is the one stop of the Tab key.
#[component]
pub(super) fn Tabs() -> impl IntoView {
    let desk = use_desk();
    let chosen = Memo::new(move |_| desk.tables.with(|tables| tables.state.view));
    let kind = Memo::new(move |_| {
        desk.tables.with(|tables| {
            tables.description.shown.as_ref().map_or(TableKind::Delta, |described| described.kind)
        })
    });
    let walk = move |event: web_sys::KeyboardEvent| {
        let kind = kind.get_untracked();
        let views: Vec<View> = View::EVERY.into_iter().filter(|view| view.is_of(kind)).collect();
        let n_views = views.len();
        let at = views.iter().position(|view| *view == chosen.get_untracked()).unwrap_or(0);
        let next = match event.key().as_str() {
            "ArrowRight" => (at + 1) % n_views.max(1),
            "ArrowLeft" => (at + n_views.saturating_sub(1)) % n_views.max(1),
            "Home" => 0,
            "End" => n_views.saturating_sub(1),
            _ => return,
        };
        event.prevent_default();
        if let Some(view) = views.get(next) {
            desk.emit_of_tables(TablesEvent::ViewChosen { view: *view });
            focus(&tab_id(*view));
        }
    };
    let tab = move |view: View| {
        let is_chosen = move || chosen.get() == view;
        view! {
            <button
                type="button"
                role="tab"
                class="view-tab"
                id=tab_id(view)
                data-test=format!("tab-{}", view.name())
                aria-selected=move || is_chosen().to_string()
                aria-controls=move || is_chosen().then(|| panel_id(view))
                tabindex=move || if is_chosen() { "0" } else { "-1" }
                on:click=move |_| desk.emit_of_tables(TablesEvent::ViewChosen { view })
            >
                {label(view)}
            </button>
        }
    };
    view! {
        <div class="view-tabs" role="tablist" aria-label="Views of the table" on:keydown=walk>
            {move || {
                let kind = kind.get();
                View::EVERY.into_iter().filter(|view| view.is_of(kind)).map(tab).collect_view()
            }}
        </div>
    }
}

fn focus(id: &str) {
    let element = crate::browser::window()
        .and_then(|window| window.document())
        .and_then(|document| document.get_element_by_id(id))
        .and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok());
    if let Some(element) = element {
        let _focused = element.focus();
    }
}

fn label(view: View) -> &'static str {
    match view {
        View::Schema => "Schema",
        View::Protocol => "Protocol & properties",
        View::History => "History",
        View::Files => "Files",
        View::Layout => "Layout",
        View::Preview => "Preview",
    }
}
