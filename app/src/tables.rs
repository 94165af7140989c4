//! The page about tables: those of the lake and any other by its URL, each with its columns,
//! protocol, history, files, their inside, and some rows.

mod chosen;
mod cost;
mod files;
mod frame;
mod head;
mod history;
mod lake_list;
mod layout;
mod open;
mod preview;
mod protocol;
mod schema;
mod tabs;
mod travel;
mod trouble;

use crate::state::use_desk;
use chosen::ChosenTable;
use lake_list::LakeList;
use leptos::prelude::*;
use open::OpenByLocation;

#[component]
pub(crate) fn TablesPage() -> impl IntoView {
    let desk = use_desk();
    let location = Memo::new(move |_| desk.tables.with(|tables| tables.state.table.clone()));
    view! {
        <main class="tables" id="panels" tabindex="-1" data-test="tables-page">
            <aside class="tables-side" aria-label="Tables">
                <h1 class="tables-title">"Tables"</h1>
                <LakeList />
                <OpenByLocation />
            </aside>
            <div class="tables-main">
                {move || match location.get() {
                    Some(location) => view! { <ChosenTable location /> }.into_any(),
                    None => view! { <Nothing /> }.into_any(),
                }}
            </div>
        </main>
    }
}

/// What is shown until a table is chosen.
#[component]
fn Nothing() -> impl IntoView {
    use crate::page::{Glyph, Icon};
    view! {
        <div class="tables-nothing" data-test="tables-nothing">
            <span class="tables-nothing-sign"><Icon glyph=Glyph::Table /></span>
            <h2>"Look inside a table"</h2>
            <p>
                "Choose a table of the lake, or open any Delta table or Parquet file by its address. \
                 Only what is shown is read: the log, a footer, a few rows."
            </p>
        </div>
    }
}
