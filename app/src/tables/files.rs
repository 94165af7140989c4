//! The data files of a table, a page at a time.

use super::cost::CostLine;
use super::frame::PartFrame;
use crate::browser;
use crate::state::use_desk;
use crate::wording;
use coordinator::{Held, TablesEvent, TablesState};
use leptos::prelude::*;
use protocol::{ColumnBounds, FileDescription, Files};

#[component]
pub(super) fn FilesView() -> impl IntoView {
    let desk = use_desk();
    let part = Memo::new(move |_| desk.tables.with(|tables| tables.files.clone()));
    view! {
        <PartFrame name="files" part bones=8 render=file_page />
    }
}

/// A page of files.
pub(super) fn file_page(it: Held<Files>) -> AnyView {
    view! { <FilePage it /> }.into_any()
}

#[component]
fn FilePage(it: Held<Files>) -> impl IntoView {
    let desk = use_desk();
    let first = desk.tables.with_untracked(|tables| tables.state.first_file);
    let (n_files, largest) = (it.n_files, it.largest_bytes);
    let (previous, next) =
        (TablesState::previous_files(first), TablesState::next_files(first, n_files));
    let turn = move |first: Option<u64>| {
        if let Some(first) = first {
            desk.emit_of_tables(TablesEvent::FilesTurned { first });
        }
    };
    let last = first + it.files.len() as u64;
    let range = match it.files.is_empty() {
        true => "No files".to_owned(),
        false => {
            let grouped = |n: u64| chart::grouped(i128::from(n), 0);
            format!("{}–{} of {}", grouped(first + 1), grouped(last), grouped(n_files))
        }
    };
    let is_empty = n_files == 0;
    view! {
        {is_empty.then(|| view! { <p class="quiet empty-line">"The table has no files: it is empty at this version."</p> })}
        <ol class="files">
            {it.files.iter().cloned().map(|file| view! { <File file largest /> }).collect_view()}
        </ol>
        <div class="pager">
            <button
                type="button"
                class="button button-small"
                data-test="files-previous"
                disabled=previous.is_none()
                on:click=move |_| turn(previous)
            >
                "Previous"
            </button>
            <button
                type="button"
                class="button button-small"
                data-test="files-next"
                disabled=next.is_none()
                on:click=move |_| turn(next)
            >
                "Next"
            </button>
            <span class="pager-range" data-test="files-range">{range}</span>
            <CostLine cost=it.cost what="Files: " />
        </div>
    }
}

#[component]
fn File(file: FileDescription, largest: u64) -> impl IntoView {
    let desk = use_desk();
    let path = file.path.clone();
    let name = wording::last_segment(&file.path);
    let share = file.size_bytes as f64 / largest.max(1) as f64 * 100.0;
    let rows = file.n_rows.map(|n| wording::counted(n, "row", "rows"));
    let deleted = (file.n_deleted_rows > 0)
        .then(|| format!("{} deleted", chart::grouped(i128::from(file.n_deleted_rows), 0)));
    let partitions = file.partition_values.clone();
    let (n_columns, columns) = (file.columns.len() as u64, file.columns.clone());
    view! {
        <li class="file" data-test="file" data-path=file.path.clone() data-size=file.size_bytes.to_string()>
            <div class="file-line">
                <span class="file-name" title=file.path.clone()>{name}</span>
                <span class="file-partitions">
                    {partitions.into_iter().map(|(column, value)| view! {
                        <span class="partition">
                            <span class="quiet">{column} "="</span>
                            {value.unwrap_or_else(|| "null".to_owned())}
                        </span>
                    }).collect_view()}
                </span>
                <span class="file-size">
                    <span class="meter" aria-hidden="true"><span style:width=format!("{share:.2}%")></span></span>
                    {wording::bytes(file.size_bytes)}
                </span>
                <span class="file-rows">
                    {rows}
                    {deleted.map(|text| view! { <span class="badge badge-bad">{text}</span> })}
                </span>
                <span class="file-time">{file.modified_us.map(browser::moment)}</span>
                <button
                    type="button"
                    class="button button-small"
                    data-test="show-layout"
                    aria-label=format!("Layout of {}", file.path)
                    on:click=move |_| {
                        desk.emit_of_tables(TablesEvent::FileChosen { path: Some(path.clone()) })
                    }
                >
                    "Layout"
                </button>
            </div>
            {(n_columns > 0).then(|| view! {
                <details class="file-more">
                    <summary>{format!("Statistics of {}", wording::counted(n_columns, "column", "columns"))}</summary>
                    <Bounds columns=columns.clone() />
                </details>
            })}
        </li>
    }
}

#[component]
fn Bounds(columns: Vec<ColumnBounds>) -> impl IntoView {
    let row = |it: ColumnBounds| {
        view! {
            <tr>
                <th scope="row">{it.column}</th>
                <td>{it.min}</td>
                <td>{it.max}</td>
                <td class="number">{it.n_nulls.map(|n| chart::grouped(i128::from(n), 0))}</td>
            </tr>
        }
    };
    view! {
        <div class="box" tabindex="0" role="region" aria-label="Statistics">
            <table class="sheet sheet-small">
                <thead>
                    <tr>
                        <th scope="col">"Column"</th>
                        <th scope="col">"Least"</th>
                        <th scope="col">"Greatest"</th>
                        <th scope="col" class="number">"Nulls"</th>
                    </tr>
                </thead>
                <tbody>{columns.into_iter().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
}
