//! One column chunk with its pages, and the chunks of one row group as a table.

use super::Place;
use super::drawing::N_HUES;
use crate::wording;
use coordinator::Held;
use leptos::prelude::*;
use protocol::{ChunkLayout, FileLayout, PageLayout};

/// So many pages of a chunk are drawn.
const MAX_PAGES: usize = 400;

#[component]
pub(super) fn ChunkCard(
    chunk: ChunkLayout,
    group_idx: usize,
    n_rows: u64,
    column_idx: usize,
) -> impl IntoView {
    let ratio = chunk.unpacked_bytes as f64 / chunk.packed_bytes.max(1) as f64;
    let grouped = |n: u64| chart::grouped(i128::from(n), 0);
    let bound = |bound: &Option<String>| bound.clone().unwrap_or_else(|| "unknown".to_owned());
    let facts = [
        ("Type", chunk.type_text.clone()),
        ("Codec", chunk.codec.clone()),
        ("Encodings", chunk.encodings.join(", ").to_lowercase()),
        (
            "Bytes",
            format!(
                "{}, unpacked {} ({ratio:.1}×)",
                wording::bytes(chunk.packed_bytes),
                wording::bytes(chunk.unpacked_bytes)
            ),
        ),
        ("Starts at", format!("byte {}", grouped(chunk.start))),
        ("Nulls", chunk.n_nulls.map_or_else(|| "unknown".to_owned(), grouped)),
        ("Least", bound(&chunk.min)),
        ("Greatest", bound(&chunk.max)),
        ("Bloom filter", if chunk.has_bloom_filter { "yes" } else { "no" }.to_owned()),
    ];
    let pages = chunk.pages.clone();
    let has_pages = pages.is_some();
    view! {
        <section class="chunk-card" data-test="chunk-card" data-column=chunk.column.clone() aria-live="polite">
            <h4>
                <span class="hue" data-hue=(column_idx % N_HUES).to_string() aria-hidden="true"></span>
                {chunk.column.clone()}
                <span class="quiet">{format!(" in row group {}", group_idx + 1)}</span>
            </h4>
            <dl class="pairs pairs-wide">
                {facts.into_iter().map(|(name, text)| view! { <dt>{name}</dt><dd>{text}</dd> }).collect_view()}
            </dl>
            {pages.map(|pages| view! {
                <Pages pages dictionary_bytes=chunk.dictionary_bytes n_rows hue=column_idx % N_HUES />
            })}
            {(!has_pages).then(|| view! {
                <p class="quiet">"The file has no page index: its pages are known only to those who read them."</p>
            })}
        </section>
    }
}

/// The pages of a chunk, to scale; the one under the pointer or the focus is described.
#[component]
fn Pages(pages: Vec<PageLayout>, dictionary_bytes: u64, n_rows: u64, hue: usize) -> impl IntoView {
    let seen = RwSignal::new(None::<usize>);
    let n_pages = pages.len();
    let ends: Vec<u64> =
        pages.iter().skip(1).map(|page| page.first_row).chain(std::iter::once(n_rows)).collect();
    let described = {
        let pages = pages.clone();
        move || {
            let seen = seen.get()?;
            let (page, end) = (pages.get(seen)?, ends.get(seen)?);
            Some(sentence(seen, page, *end))
        }
    };
    let words = described.clone();
    let summary = format!(
        "{}{}",
        wording::counted(n_pages as u64, "data page", "data pages"),
        match dictionary_bytes {
            0 => String::new(),
            bytes => format!(" after a dictionary of {}", wording::bytes(bytes)),
        }
    );
    let idle = summary.clone();
    view! {
        <div class="pages">
            <div
                class="page-strip"
                role="group"
                aria-label=summary
                on:pointerleave=move |_| seen.set(None)
            >
                {(dictionary_bytes > 0).then(|| view! {
                    <span class="page page-dictionary" title="Dictionary" style:flex-grow=dictionary_bytes.to_string()></span>
                })}
                {pages.iter().take(MAX_PAGES).enumerate().map(|(page_idx, page)| view! {
                    <button
                        type="button"
                        class="page"
                        data-test="page"
                        data-hue=hue.to_string()
                        aria-label=format!("Page {}", page_idx + 1)
                        tabindex=if page_idx == 0 { "0" } else { "-1" }
                        style:flex-grow=page.size_bytes.max(1).to_string()
                        on:pointerenter=move |_| seen.set(Some(page_idx))
                        on:focus=move |_| seen.set(Some(page_idx))
                        on:keydown=move |event| walk(&event)
                    ></button>
                }).collect_view()}
            </div>
            {(n_pages > MAX_PAGES).then(|| view! {
                <p class="quiet" data-test="pages-left-out">
                    {format!("{} more not drawn", chart::grouped((n_pages - MAX_PAGES) as i128, 0))}
                </p>
            })}
            <p class="page-words" role="status" data-test="page-words">
                {move || words().unwrap_or_else(|| idle.clone())}
            </p>
        </div>
    }
}

/// The arrow keys go from page to page.
fn walk(event: &web_sys::KeyboardEvent) {
    use wasm_bindgen::JsCast;
    let at = event.current_target().and_then(|it| it.dyn_into::<web_sys::HtmlElement>().ok());
    let next = at.and_then(|at| match event.key().as_str() {
        "ArrowRight" => at.next_element_sibling(),
        "ArrowLeft" => at.previous_element_sibling(),
        _ => None,
    });
    if let Some(next) = next.and_then(|next| next.dyn_into::<web_sys::HtmlElement>().ok()) {
        event.prevent_default();
        let _focused = next.focus();
    }
}

fn sentence(page_idx: usize, page: &PageLayout, end: u64) -> String {
    let grouped = |n: u64| chart::grouped(i128::from(n), 0);
    let mut text = format!(
        "Page {} · rows {}–{} · {}",
        page_idx + 1,
        grouped(page.first_row + 1),
        grouped(end),
        wording::bytes(page.size_bytes)
    );
    if let (Some(min), Some(max)) = (&page.min, &page.max) {
        text.push_str(&format!(" · {min} to {max}"));
    }
    if let Some(n_nulls) = page.n_nulls.filter(|n| *n > 0) {
        text.push_str(&format!(" · {}", wording::counted(n_nulls, "null", "nulls")));
    }
    text
}

/// The chunks of one row group.
#[component]
pub(super) fn ChunkTable(
    layout: Held<FileLayout>,
    group_idx: usize,
    chosen: RwSignal<Place>,
) -> impl IntoView {
    let chunks = layout.row_groups.get(group_idx).map(|it| it.columns.clone()).unwrap_or_default();
    let largest = chunks.iter().map(|chunk| chunk.packed_bytes).max().unwrap_or(1).max(1);
    let row = move |(column_idx, chunk): (usize, ChunkLayout)| {
        let share = chunk.packed_bytes as f64 / largest as f64 * 100.0;
        let ratio = chunk.unpacked_bytes as f64 / chunk.packed_bytes.max(1) as f64;
        let n_pages = chunk.pages.as_ref().map(|pages| pages.len().to_string());
        view! {
            <tr data-chosen=move || (chosen.get().1 == column_idx).to_string()>
                <th scope="row">
                    <button
                        type="button"
                        class="column-link"
                        tabindex="-1"
                        on:click=move |_| chosen.set((group_idx, column_idx))
                    >
                        <span class="hue" data-hue=(column_idx % N_HUES).to_string() aria-hidden="true"></span>
                        {chunk.column}
                    </button>
                </th>
                <td><code class="type-text">{chunk.type_text}</code></td>
                <td class="number">
                    <span class="meter" aria-hidden="true"><span style:width=format!("{share:.2}%")></span></span>
                    {wording::bytes(chunk.packed_bytes)}
                </td>
                <td class="number">{format!("{ratio:.1}×")}</td>
                <td>{chunk.codec}</td>
                <td class="number">{n_pages.unwrap_or_else(|| "–".to_owned())}</td>
                <td class="number">{chunk.n_nulls.map(|n| chart::grouped(i128::from(n), 0))}</td>
                <td class="bound">{chunk.min}</td>
                <td class="bound">{chunk.max}</td>
            </tr>
        }
    };
    view! {
        <div class="box" tabindex="0" role="region" aria-label=format!("Column chunks of row group {}", group_idx + 1)>
            <table class="sheet sheet-small">
                <thead>
                    <tr>
                        <th scope="col">"Column"</th>
                        <th scope="col">"Type"</th>
                        <th scope="col" class="number">"Bytes"</th>
                        <th scope="col" class="number">"Packed"</th>
                        <th scope="col">"Codec"</th>
                        <th scope="col" class="number">"Pages"</th>
                        <th scope="col" class="number">"Nulls"</th>
                        <th scope="col">"Least"</th>
                        <th scope="col">"Greatest"</th>
                    </tr>
                </thead>
                <tbody>{chunks.into_iter().enumerate().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
}
