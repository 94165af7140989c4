//! Which columns of a table are previewed.

use crate::state::use_desk;
use coordinator::TablesEvent;
use leptos::prelude::*;

#[component]
pub(super) fn ColumnChooser() -> impl IntoView {
    let desk = use_desk();
    let names = Memo::new(move |_| -> Vec<String> {
        desk.tables.with(|tables| {
            let described = tables.description.shown.as_ref();
            let columns = described.map(|it| it.columns.iter().map(|column| column.name.clone()));
            columns.map(Iterator::collect).unwrap_or_default()
        })
    });
    let shown = Memo::new(move |_| desk.tables.with(|tables| tables.columns.clone()));
    let toggle = move |name: &str| {
        let mut columns = shown.get_untracked();
        match columns.iter().position(|shown| shown == name) {
            // One column stays: rows without any say nothing.
            Some(_) if columns.len() == 1 => return,
            Some(at) => {
                columns.remove(at);
            }
            None => columns.push(name.to_owned()),
        }
        desk.emit_of_tables(TablesEvent::ColumnsChosen { columns });
    };
    let summary = move || format!("Columns: {} of {}", shown.with(Vec::len), names.with(Vec::len));
    let option = move |name: String| {
        let (of, chosen) = (name.clone(), name.clone());
        let is_shown = Memo::new(move |_| shown.with(|shown| shown.contains(&of)));
        view! {
            <li>
                <label class="choice">
                    <input
                        type="checkbox"
                        data-test="column-choice"
                        data-column=name.clone()
                        prop:checked=move || is_shown.get()
                        on:change=move |_| toggle(&chosen)
                    />
                    <span>{name}</span>
                </label>
            </li>
        }
    };
    view! {
        <details class="chooser">
            <summary class="button" data-test="columns">{summary}</summary>
            <div class="chooser-list">
                <button
                    type="button"
                    class="button button-small"
                    on:click=move |_| desk.emit_of_tables(TablesEvent::ColumnsChosen { columns: Vec::new() })
                >
                    "As at first"
                </button>
                <ul>
                    <For each=move || names.get() key=|name| name.clone() children=option />
                </ul>
            </div>
        </details>
    }
}
