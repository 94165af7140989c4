//! The head of a table: its name, its kind, and what it amounts to.

use super::chosen::Described;
use super::cost::CostLine;
use crate::browser;
use crate::wording;
use leptos::prelude::*;
use protocol::TableKind;

#[component]
pub(super) fn TableHead(described: Described, location: String) -> impl IntoView {
    let name = described.name.clone().unwrap_or_else(|| wording::last_segment(&location));
    let (kind, kind_name) = match described.kind {
        TableKind::Delta => ("Delta table", "delta"),
        TableKind::Parquet => ("Parquet file", "parquet"),
        TableKind::Files => ("Parquet files", "files"),
    };
    let grouped = |n: u64| chart::grouped(i128::from(n), 0);
    let committed = described.committed_at_us.map(browser::moment);
    let when = if described.kind == TableKind::Delta { "Committed" } else { "Modified" };
    let deletions = (described.n_files_with_deletions > 0)
        .then(|| format!("{} with deleted rows", grouped(described.n_files_with_deletions)));
    let rows = described.n_rows;
    view! {
        <header class="table-head" data-test="table-head" data-kind=kind_name>
            <div class="table-name">
                <div class="table-name-line">
                    <h2>{name}</h2>
                    <span class="badge">{kind}</span>
                </div>
                <p class="table-place">{location}</p>
                {described.description.clone().map(|text| view! { <p class="table-words">{text}</p> })}
            </div>
            <dl class="facts-grid">
                {described.version.map(|version| view! {
                    <Fact name="Version" test="version" exact=version.to_string() text=grouped(version) />
                })}
                {committed.map(|text| view! { <Fact name=when test="committed" exact=text.clone() text /> })}
                <Fact
                    name="Rows"
                    test="rows"
                    exact=rows.map(|n| n.to_string()).unwrap_or_default()
                    text=rows.map_or_else(|| "unknown".to_owned(), grouped)
                />
                <Fact
                    name="Files"
                    test="files"
                    exact=described.n_files.to_string()
                    text=grouped(described.n_files)
                    note=deletions.unwrap_or_default()
                />
                <Fact
                    name="Size"
                    test="size"
                    exact=described.size_bytes.to_string()
                    text=wording::bytes(described.size_bytes)
                />
                <Fact
                    name="Columns"
                    test="columns"
                    exact=described.columns.len().to_string()
                    text=grouped(described.columns.len() as u64)
                />
            </dl>
            <CostLine cost=described.cost what="Description: " />
        </header>
    }
}

#[component]
fn Fact(
    name: &'static str,
    test: &'static str,
    exact: String,
    text: String,
    #[prop(optional)] note: String,
) -> impl IntoView {
    view! {
        <div class="fact">
            <dt>{name}</dt>
            <dd data-test=format!("fact-{test}") data-exact=exact>
                {text}
                {(!note.is_empty()).then(|| view! { <span class="fact-note">{note}</span> })}
            </dd>
        </div>
    }
}
