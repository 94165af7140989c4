//! Some rows of a table, with a filter and a choice of columns.

mod columns;
mod filter;
mod rows;

use super::frame::PartFrame;
use crate::state::use_desk;
use columns::ColumnChooser;
use coordinator::Part;
use filter::FilterForm;
use leptos::prelude::*;
use protocol::RequestId;
use rows::Rows;

fn rows(id: RequestId) -> AnyView {
    view! { <Rows id /> }.into_any()
}

#[component]
pub(super) fn PreviewView() -> impl IntoView {
    let desk = use_desk();
    let part =
        Memo::new(move |_| -> Part<RequestId> { desk.tables.with(|tables| tables.rows.clone()) });
    view! {
        <div class="preview-tools">
            <FilterForm />
            <ColumnChooser />
        </div>
        <PartFrame name="preview" part bones=10 render=rows />
    }
}
