//! The columns of a table, with what is within them.

use super::chosen::Described;
use crate::page::{Glyph, Icon};
use leptos::prelude::*;
use protocol::ColumnDescription;
use std::collections::HashSet;

/// Columns deeper than this are drawn no further in.
const MAX_INDENT: usize = 8;

/// One line of the tree.
#[derive(Clone)]
struct Line {
    /// Names from the outermost column inwards.
    path: Vec<String>,
    column: ColumnDescription,
}

impl Line {
    fn is_below(&self, closed: &HashSet<Vec<String>>) -> bool {
        (1..self.path.len()).any(|n| self.path.get(..n).is_some_and(|outer| closed.contains(outer)))
    }
}

fn gather(columns: &[ColumnDescription], outer: &[String], lines: &mut Vec<Line>) {
    for column in columns {
        let path = [outer, std::slice::from_ref(&column.name)].concat();
        lines.push(Line { path: path.clone(), column: column.clone() });
        gather(&column.fields, &path, lines);
    }
}

#[component]
pub(super) fn SchemaView(it: Described) -> impl IntoView {
    let mut lines = Vec::new();
    gather(&it.columns, &[], &mut lines);
    let has = |is: fn(&ColumnDescription) -> bool| lines.iter().any(|line| is(&line.column));
    let has_comments = has(|column| column.comment.is_some());
    let has_physical = has(|column| column.physical_name.is_some());
    let closed = RwSignal::new(HashSet::<Vec<String>>::new());
    let row = move |line: Line| {
        let column = line.column.clone();
        let depth = (line.path.len() - 1).min(MAX_INDENT);
        let hidden = line.clone();
        let toggle = (!column.fields.is_empty()).then(|| {
            let (path, shown) = (line.path.clone(), line.path.clone());
            let is_open = move || closed.with(|closed| !closed.contains(&shown));
            view! {
                <button
                    type="button"
                    class="tree-toggle"
                    aria-label=format!("What is within {}", column.name)
                    aria-expanded=move || is_open().to_string()
                    on:click=move |_| closed.update(|closed| {
                        if !closed.remove(&path) {
                            closed.insert(path.clone());
                        }
                    })
                >
                    <Icon glyph=Glyph::Chevron />
                </button>
            }
        });
        view! {
            <tr
                data-test="schema-row"
                data-column=line.path.join(".")
                hidden=move || closed.with(|closed| hidden.is_below(closed))
            >
                <th scope="row">
                    <span class="tree-name" data-depth=depth.to_string()>
                        {toggle}
                        <span class="tree-text">{column.name.clone()}</span>
                        {column.is_partition.then(|| view! { <span class="badge badge-accent">"partition"</span> })}
                    </span>
                </th>
                <td><code class="type-text">{short_type(&column)}</code></td>
                <td class="quiet">{if column.nullable { "nullable" } else { "required" }}</td>
                {has_physical.then(|| view! { <td><code>{column.physical_name.clone()}</code></td> })}
                {has_comments.then(|| view! { <td class="prose">{column.comment.clone()}</td> })}
            </tr>
        }
    };
    view! {
        <div class="box" tabindex="0" role="region" aria-label="Columns">
            <table class="sheet">
                <thead>
                    <tr>
                        <th scope="col">"Column"</th>
                        <th scope="col">"Type"</th>
                        <th scope="col">"Null"</th>
                        {has_physical.then(|| view! { <th scope="col">"Name in the files"</th> })}
                        {has_comments.then(|| view! { <th scope="col">"Comment"</th> })}
                    </tr>
                </thead>
                <tbody>{lines.into_iter().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
}

/// The type; of what has lines of its own below, only what it is.
fn short_type(column: &ColumnDescription) -> String {
    let is_nested = !column.fields.is_empty();
    match column.type_text.split_once('<') {
        Some((outer, _)) if is_nested => outer.to_owned(),
        _ => column.type_text.clone(),
    }
}
