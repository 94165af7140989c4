//! The commits of a table, newest first.

use super::cost::CostLine;
use super::frame::PartFrame;
use crate::browser;
use crate::state::use_desk;
use crate::wording;
use coordinator::{Held, TablesEvent};
use leptos::prelude::*;
use protocol::{CommitDescription, History};
use std::collections::BTreeMap;

#[component]
pub(super) fn HistoryView() -> impl IntoView {
    let desk = use_desk();
    let part = Memo::new(move |_| desk.tables.with(|tables| tables.history.clone()));
    view! {
        <PartFrame name="history" part bones=8 render=commits />
    }
}

fn commits(it: Held<History>) -> AnyView {
    view! { <Commits it /> }.into_any()
}

#[component]
fn Commits(it: Held<History>) -> impl IntoView {
    let desk = use_desk();
    let is_first_page = desk.tables.with_untracked(|tables| tables.state.before.is_none());
    let last = it.commits.last().map(|commit| commit.version);
    let older = last.filter(|last| it.oldest_version.is_none_or(|oldest| *last > oldest));
    let turn = move |before: Option<u64>| {
        desk.emit_of_tables(TablesEvent::HistoryTurned { before });
    };
    let is_empty = it.commits.is_empty();
    let newest = it.commits.first().map(|commit| commit.version).filter(|_| is_first_page);
    view! {
        {is_empty.then(|| view! { <p class="quiet empty-line">"No commit is left before that version."</p> })}
        <ol class="commits">
            {it.commits.iter().cloned().map(|commit| {
                let is_tip = newest == Some(commit.version);
                view! { <Commit commit is_tip /> }
            }).collect_view()}
        </ol>
        <div class="pager">
            <button
                type="button"
                class="button button-small"
                data-test="history-newest"
                disabled=is_first_page
                on:click=move |_| turn(None)
            >
                "Newest"
            </button>
            <button
                type="button"
                class="button button-small"
                data-test="history-older"
                disabled=older.is_none()
                on:click=move |_| turn(older)
            >
                "Older"
            </button>
            <CostLine cost=it.cost what="Commits: " />
        </div>
    }
}

#[component]
fn Commit(commit: CommitDescription, is_tip: bool) -> impl IntoView {
    let desk = use_desk();
    let version = commit.version;
    let is_shown = Memo::new(move |_| {
        desk.tables.with(|tables| {
            let shown = tables.description.shown.as_ref().and_then(|it| it.version);
            tables.state.version.or(shown) == Some(version)
        })
    });
    let time = commit.committed_at_us.map(browser::moment).unwrap_or_else(|| "no time".to_owned());
    let changes = changes(&commit);
    let has_more = !commit.parameters.is_empty() || !commit.metrics.is_empty();
    view! {
        <li class="commit" data-test="commit" data-version=version.to_string() data-shown=move || is_shown.get().to_string()>
            <div class="commit-line">
                <button
                    type="button"
                    class="commit-version"
                    aria-label=format!("Show version {version}")
                    aria-pressed=move || is_shown.get().to_string()
                    on:click=move |_| {
                        let version = (!is_tip).then_some(version);
                        desk.emit_of_tables(TablesEvent::VersionChosen { version });
                    }
                >
                    {format!("v{version}")}
                </button>
                <span class="commit-operation">{commit.operation.clone().unwrap_or_else(|| "unnamed".to_owned())}</span>
                {commit.changes_metadata.then(|| view! { <span class="badge">"schema or properties"</span> })}
                {commit.changes_protocol.then(|| view! { <span class="badge">"protocol"</span> })}
                <span class="commit-changes">{changes}</span>
                <span class="commit-time">{time}</span>
            </div>
            {has_more.then(|| view! {
                <details class="commit-more">
                    <summary>"Parameters and metrics"</summary>
                    <div class="commit-facts">
                        <Pairs name="Parameters" pairs=commit.parameters.clone() />
                        <Pairs name="Metrics" pairs=commit.metrics.clone() />
                    </div>
                    <p class="quiet">{writer(&commit)}</p>
                </details>
            })}
        </li>
    }
}

#[component]
fn Pairs(name: &'static str, pairs: BTreeMap<String, String>) -> impl IntoView {
    (!pairs.is_empty()).then(|| view! {
        <div>
            <h4>{name}</h4>
            <dl class="pairs">
                {pairs.into_iter().map(|(key, value)| view! { <dt>{key}</dt><dd>{value}</dd> }).collect_view()}
            </dl>
        </div>
    })
}

/// What a commit did to the table, in short: `+120 rows · +3 files (1.2 MB) · −1 file`.
fn changes(commit: &CommitDescription) -> String {
    let mut parts = Vec::new();
    let rows = commit.metrics.get("numOutputRows").and_then(|text| text.parse::<u64>().ok());
    if let Some(rows) = rows {
        parts.push(wording::counted(rows, "row", "rows"));
    }
    if commit.n_added > 0 {
        let files = wording::counted(commit.n_added, "file", "files");
        parts.push(format!("+{files} ({})", wording::bytes(commit.added_bytes)));
    }
    if commit.n_removed > 0 {
        parts.push(format!("−{}", wording::counted(commit.n_removed, "file", "files")));
    }
    parts.join(" · ")
}

fn writer(commit: &CommitDescription) -> String {
    let by = commit.user.as_ref().map(|user| format!("by {user}"));
    let with = commit.engine.as_ref().map(|engine| format!("with {engine}"));
    by.into_iter().chain(with).collect::<Vec<_>>().join(" ")
}
