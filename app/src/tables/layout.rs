//! The inside of a data file: row groups and column chunks, drawn to scale.

mod chunk;
mod drawing;

use super::cost::CostLine;
use super::files::file_page;
use super::frame::PartFrame;
use crate::state::use_desk;
use crate::wording;
use chunk::{ChunkCard, ChunkTable};
use coordinator::{Held, Standing, TablesEvent};
use drawing::Drawing;
use leptos::prelude::*;
use protocol::{FileLayout, TableKind};

/// A row group and a column of it.
pub(super) type Place = (usize, usize);

#[component]
pub(super) fn LayoutView() -> impl IntoView {
    let desk = use_desk();
    let part = Memo::new(move |_| desk.tables.with(|tables| tables.layout.clone()));
    let files = Memo::new(move |_| desk.tables.with(|tables| tables.files.clone()));
    let chooses = Memo::new(move |_| {
        desk.tables.with(|tables| {
            let described = tables.description.shown.as_ref();
            let has_log = described.is_some_and(|it| it.kind != TableKind::Parquet);
            has_log && tables.state.file.is_none() && tables.layout.standing == Standing::Idle
        })
    });
    move || {
        match chooses.get() {
        true => view! {
            <p class="quiet empty-line" data-test="choose-file">"Choose a file to see its inside."</p>
            <PartFrame name="files" part=files bones=8 render=file_page />
        }
        .into_any(),
        false => view! {
            <PartFrame name="layout" part bones=8 render=inside />
        }
        .into_any(),
    }
    }
}

fn inside(it: Held<FileLayout>) -> AnyView {
    view! { <Inside it /> }.into_any()
}

#[component]
fn Inside(it: Held<FileLayout>) -> impl IntoView {
    let desk = use_desk();
    let chosen = RwSignal::new((0_usize, 0_usize));
    let has_others = desk.tables.with_untracked(|tables| tables.state.file.is_some());
    let n_chunks = it.row_groups.iter().map(|group| group.columns.len() as u64).sum::<u64>();
    let summary = format!(
        "{} · {} · {} · {} · footer {}",
        wording::bytes(it.size_bytes),
        wording::counted(it.n_rows, "row", "rows"),
        wording::counted(it.row_groups.len() as u64, "row group", "row groups"),
        wording::counted(n_chunks, "column chunk", "column chunks"),
        wording::bytes(it.footer_bytes)
    );
    let (of_card, of_table) = (it.clone(), it.clone());
    view! {
        <div class="inside" data-test="layout" data-path=it.path.clone() data-rows=it.n_rows.to_string()
            data-groups=it.row_groups.len().to_string()>
            <div class="inside-head">
                <div>
                    <h3 class="inside-path">{it.path.clone()}</h3>
                    <p class="quiet">{summary}</p>
                    {it.created_by.clone().map(|by| view! { <p class="quiet">"Written by " {by}</p> })}
                </div>
                {has_others.then(|| view! {
                    <button
                        type="button"
                        class="button button-small"
                        data-test="other-file"
                        on:click=move |_| desk.emit_of_tables(TablesEvent::FileChosen { path: None })
                    >
                        "Another file"
                    </button>
                })}
            </div>
            <Drawing layout=it.clone() chosen />
            {move || {
                let (group_idx, column_idx) = chosen.get();
                let group = of_card.row_groups.get(group_idx)?;
                let chunk = group.columns.get(column_idx)?.clone();
                Some(view! { <ChunkCard chunk group_idx n_rows=group.n_rows column_idx /> })
            }}
            {move || {
                let (group_idx, _) = chosen.get();
                Some(view! { <ChunkTable layout=of_table.clone() group_idx chosen /> })
            }}
            <CostLine cost=it.cost what="Footer and page index: " />
        </div>
    }
}
