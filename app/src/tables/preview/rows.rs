//! Rows as a table: nulls told from texts, numbers at the right.

use crate::answer::Grid;
use crate::costs;
use crate::page::{Glyph, Icon};
use crate::state::use_desk;
use crate::wording;
use leptos::prelude::*;
use protocol::RequestId;
use std::collections::HashMap;
use std::sync::Arc;

/// A longer text is cut in its cell; the whole of it is said when the cell is pointed at.
const MAX_CELL_CHARS: usize = 120;

#[component]
pub(super) fn Rows(id: RequestId) -> impl IntoView {
    let desk = use_desk();
    let grid = desk.grids.with_untracked(|grids| grids.get(&id).cloned());
    let types: HashMap<String, String> = desk.tables.with_untracked(|tables| {
        let described = tables.description.shown.as_ref();
        let columns = described.map(|it| it.columns.iter());
        columns
            .into_iter()
            .flatten()
            .map(|column| (column.name.clone(), column.type_text.clone()))
            .collect()
    });
    let is_filtered = desk.tables.with_untracked(|tables| tables.state.condition.is_some());
    grid.map(|grid| {
        let is_empty = grid.n_rows == 0;
        let sheet = (!is_empty).then(|| sheet(&grid, &types));
        let n_rows = wording::counted(grid.n_rows as u64, "row", "rows");
        let cost = format!("{n_rows} · {}", costs::short(&grid.facts));
        view! {
            {sheet}
            {is_empty.then(|| view! {
                <div class="empty" data-test="no-rows">
                    <Icon glyph=Glyph::Empty />
                    <p>{if is_filtered { "No row passes the filter." } else { "The table has no rows." }}</p>
                </div>
            })}
            <p
                class="cost"
                data-test="preview-facts"
                data-rows=grid.n_rows.to_string()
                data-requests=grid.facts.n_requests.to_string()
                title=costs::sentence(&grid.facts)
            >
                "Rows: " <span>{cost}</span>
            </p>
        }
    })
}

fn sheet(grid: &Arc<Grid>, types: &HashMap<String, String>) -> impl IntoView + use<> {
    let columns: Vec<(String, String, &'static str)> = grid
        .columns
        .iter()
        .map(|(name, _)| {
            let type_text = types.get(name).cloned().unwrap_or_default();
            let side = if is_number(&type_text) { "number" } else { "text" };
            (name.clone(), type_text, side)
        })
        .collect();
    let sides: Vec<&'static str> = columns.iter().map(|(_, _, side)| *side).collect();
    let row = |row_idx: usize| {
        let cells = grid.columns.iter().zip(&sides).map(|((_, texts), side)| {
            let text = texts.get(row_idx).cloned().flatten();
            view! { <Cell text side /> }
        });
        view! {
            <tr data-test="preview-row">
                <th scope="row" class="row-number">{row_idx + 1}</th>
                {cells.collect_view()}
            </tr>
        }
    };
    let body = (0..grid.n_rows).map(row).collect_view();
    let head = columns.into_iter().map(|(name, type_text, side)| {
        view! {
            <th scope="col" class=side data-test="preview-column">
                <span class="column-name">{name}</span>
                <span class="column-type">{type_text}</span>
            </th>
        }
    });
    view! {
        <div class="box box-tall" tabindex="0" role="region" aria-label="Rows">
            <table class="sheet sheet-rows">
                <thead>
                    <tr>
                        <th scope="col" class="row-number"><span class="unseen">"Row"</span></th>
                        {head.collect_view()}
                    </tr>
                </thead>
                <tbody>{body}</tbody>
            </table>
        </div>
    }
}

#[component]
fn Cell(text: Option<String>, side: &'static str) -> impl IntoView {
    match text {
        None => view! { <td class=side data-null="true"><span class="null">"null"</span></td> }
            .into_any(),
        Some(text) => {
            let cut = text
                .char_indices()
                .nth(MAX_CELL_CHARS)
                .map(|(end, _)| format!("{}…", text.get(..end).unwrap_or_default()));
            match cut {
                Some(cut) => view! { <td class=side title=text>{cut}</td> }.into_any(),
                None => view! { <td class=side>{text}</td> }.into_any(),
            }
        }
    }
}

/// Whether values of that type are numbers.
fn is_number(type_text: &str) -> bool {
    let name = type_text.trim_start_matches("unsigned ");
    ["byte", "short", "integer", "long", "half", "float", "double"].contains(&name)
        || name.starts_with("decimal")
}
