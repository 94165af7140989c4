//! The row groups of a file as bars, their column chunks as parts of them, all to scale: one byte is
//! as wide in every bar.

use super::Place;
use crate::state::use_desk;
use crate::wording;
use coordinator::Held;
use leptos::prelude::*;
use protocol::{ChunkLayout, FileLayout, RowGroupLayout};
use wasm_bindgen::JsCast;

/// So many row groups are drawn at once.
const MAX_GROUPS: usize = 24;

/// So many colours tell neighbours apart.
pub(super) const N_HUES: usize = 8;

#[component]
pub(super) fn Drawing(layout: Held<FileLayout>, chosen: RwSignal<Place>) -> impl IntoView {
    let first = RwSignal::new(0_usize);
    let n_groups = layout.row_groups.len();
    let largest = layout.row_groups.iter().map(|group| group.size_bytes).max().unwrap_or(1).max(1);
    let _desk = use_desk();
    let groups = {
        let layout = layout.clone();
        move || {
            let first = first.get();
            let drawn = layout.row_groups.iter().enumerate().skip(first).take(MAX_GROUPS);
            drawn
                .map(|(group_idx, group)| {
                    view! { <Group group=group.clone() group_idx largest chosen /> }
                })
                .collect_view()
        }
    };
    view! {
        <div class="drawing" role="group" aria-label="Row groups and column chunks, drawn to scale">
            {groups}
        </div>
        {(n_groups > MAX_GROUPS).then(|| view! {
            <div class="pager">
                <button
                    type="button"
                    class="button button-small"
                    disabled=move || first.get() == 0
                    on:click=move |_| first.update(|first| *first = first.saturating_sub(MAX_GROUPS))
                >
                    "Previous"
                </button>
                <button
                    type="button"
                    class="button button-small"
                    disabled=move || first.get() + MAX_GROUPS >= n_groups
                    on:click=move |_| first.update(|first| *first += MAX_GROUPS)
                >
                    "Next"
                </button>
                <span class="pager-range">
                    {move || format!("Row groups {}–{} of {n_groups}", first.get() + 1, (first.get() + MAX_GROUPS).min(n_groups))}
                </span>
            </div>
        })}
    }
}

#[component]
fn Group(
    group: RowGroupLayout,
    group_idx: usize,
    largest: u64,
    chosen: RwSignal<Place>,
) -> impl IntoView {
    let share = group.size_bytes as f64 / largest as f64 * 100.0;
    let label = format!(
        "{} · {}",
        wording::counted(group.n_rows, "row", "rows"),
        wording::bytes(group.size_bytes)
    );
    let n_columns = group.columns.len();
    // The arrow keys walk the chunks; each bar is one stop of the Tab key.
    let walk = move |event: web_sys::KeyboardEvent| {
        let (_, at) = chosen.get_untracked();
        let next = match event.key().as_str() {
            "ArrowRight" => (at + 1).min(n_columns.saturating_sub(1)),
            "ArrowLeft" => at.saturating_sub(1),
            "Home" => 0,
            "End" => n_columns.saturating_sub(1),
            _ => return,
        };
        event.prevent_default();
        chosen.set((group_idx, next));
        focus(&chunk_id(group_idx, next));
    };
    let chunk = move |(column_idx, chunk): (usize, ChunkLayout)| {
        let is_chosen = Memo::new(move |_| chosen.get() == (group_idx, column_idx));
        let is_stop = move || {
            let (group, column) = chosen.get();
            column_idx == if group == group_idx { column } else { 0 }
        };
        let title = format!("{}: {}", chunk.column, wording::bytes(chunk.packed_bytes));
        view! {
            <button
                type="button"
                class="chunk"
                id=chunk_id(group_idx, column_idx)
                data-test="chunk"
                data-column=chunk.column.clone()
                data-bytes=chunk.packed_bytes.to_string()
                data-hue=(column_idx % N_HUES).to_string()
                aria-pressed=move || is_chosen.get().to_string()
                aria-label=format!("Row group {}, {title}", group_idx + 1)
                title=title.clone()
                tabindex=move || if is_stop() { "0" } else { "-1" }
                style:flex-grow=chunk.packed_bytes.max(1).to_string()
                on:click=move |_| chosen.set((group_idx, column_idx))
                on:focus=move |_| chosen.set((group_idx, column_idx))
            >
                <span class="chunk-name">{chunk.column.clone()}</span>
            </button>
        }
    };
    view! {
        <div class="group" data-test="row-group">
            <div class="group-label">
                <strong>{format!("Row group {}", group_idx + 1)}</strong>
                <span>{label}</span>
            </div>
            <div class="group-bar" style:width=format!("max(12%, {share:.3}%)") on:keydown=walk>
                {group.columns.into_iter().enumerate().map(chunk).collect_view()}
            </div>
        </div>
    }
}

fn chunk_id(group_idx: usize, column_idx: usize) -> String {
    format!("chunk-{group_idx}-{column_idx}")
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
