//! The tables of the lake.

use crate::page::{Glyph, Icon};
use crate::state::use_desk;
use crate::wording;
use coordinator::TablesEvent;
use leptos::prelude::*;
use protocol::TableVersion;

#[component]
pub(super) fn LakeList() -> impl IntoView {
    let desk = use_desk();
    let tables = Memo::new(move |_| {
        let tables = desk.loaded().map(|catalog| catalog.tables.clone()).unwrap_or_default();
        let named = tables.iter().map(|table| (table.name.to_string(), table.location.clone()));
        named.collect::<Vec<(String, String)>>()
    });
    view! {
        <nav aria-label="Tables of the lake">
            <ul class="table-list">
                <For
                    each=move || tables.get()
                    key=|table| table.clone()
                    children=|(name, location)| view! { <LakeTable name location /> }
                />
            </ul>
        </nav>
    }
}

#[component]
fn LakeTable(name: String, location: String) -> impl IntoView {
    let desk = use_desk();
    let (here, chosen, shown_at) = (location.clone(), location.clone(), location.clone());
    let is_current = Memo::new(move |_| {
        desk.tables.with(|tables| tables.state.table.as_deref() == Some(here.as_str()))
    });
    let version_of = name.clone();
    let facts = move || {
        desk.lake.with(|lake| {
            let of_table = |it: &&TableVersion| it.table.as_str() == version_of;
            let version = lake.as_ref()?.tables.iter().find(of_table)?;
            let size = wording::bytes(version.size_bytes);
            Some(match version.version {
                Some(number) => format!("v{number} · {size}"),
                None => size,
            })
        })
    };
    view! {
        <li>
            <button
                type="button"
                class="table-item"
                data-test="table-item"
                data-table=name.clone()
                aria-current=move || is_current.get().then_some("true")
                title=shown_at
                on:click=move |_| {
                    desk.emit_of_tables(TablesEvent::TableChosen { location: chosen.clone() })
                }
            >
                <Icon glyph=Glyph::Table />
                <span class="table-item-name">{name.clone()}</span>
                <span class="table-item-facts">{facts}</span>
            </button>
        </li>
    }
}
