//! A condition on one column.

use crate::state::use_desk;
use coordinator::TablesEvent;
use leptos::html::{Input, Select};
use leptos::prelude::*;
use protocol::{Comparison, Condition};

const COMPARISONS: [(Comparison, &str, &str); 9] = [
    (Comparison::Equal, "equal", "is"),
    (Comparison::NotEqual, "not_equal", "is not"),
    (Comparison::Less, "less", "is less than"),
    (Comparison::AtMost, "at_most", "is at most"),
    (Comparison::Greater, "greater", "is greater than"),
    (Comparison::AtLeast, "at_least", "is at least"),
    (Comparison::Contains, "contains", "contains"),
    (Comparison::Null, "null", "is null"),
    (Comparison::NotNull, "not_null", "is not null"),
];

#[component]
pub(super) fn FilterForm() -> impl IntoView {
    let desk = use_desk();
    let column: NodeRef<Select> = NodeRef::new();
    let comparison: NodeRef<Select> = NodeRef::new();
    let value: NodeRef<Input> = NodeRef::new();
    let names = Memo::new(move |_| {
        desk.tables.with(|tables| {
            let described = tables.description.shown.as_ref();
            let columns = described.map(|it| it.columns.iter().map(|column| column.name.clone()));
            columns.map(Iterator::collect).unwrap_or_default()
        })
    });
    let condition = Memo::new(move |_| desk.tables.with(|tables| tables.state.condition.clone()));
    let is_any = move || condition.with(Option::is_some);
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let selected = |select: NodeRef<Select>| {
            select.get_untracked().map(|select| select.value()).unwrap_or_default()
        };
        let is = COMPARISONS.iter().find(|(_, name, _)| *name == selected(comparison));
        let Some((is, _, _)) = is else { return };
        let text = value.get_untracked().map(|value| value.value()).unwrap_or_default();
        let condition = Condition { column: selected(column), is: *is, value: text };
        desk.emit_of_tables(TablesEvent::Filtered { condition: Some(condition) });
    };
    let is_column = move |name: &str| {
        condition.with(|condition| condition.as_ref().is_some_and(|it| it.column == name))
    };
    view! {
        <form class="filter" on:submit=submit aria-label="Filter rows">
            <select node_ref=column class="text-input" aria-label="Column" data-test="filter-column">
                {move || names.with(|names: &Vec<String>| names.iter().map(|name| {
                    let of = name.clone();
                    view! {
                        <option value=name.clone() prop:selected=move || is_column(&of)>{name.clone()}</option>
                    }
                }).collect_view())}
            </select>
            <select node_ref=comparison class="text-input" aria-label="Comparison" data-test="filter-comparison">
                {COMPARISONS.map(|(comparison, name, words)| view! {
                    <option
                        value=name
                        prop:selected=move || condition.with(|it| it.as_ref().is_some_and(|it| it.is == comparison))
                    >
                        {words}
                    </option>
                }).collect_view()}
            </select>
            <input
                node_ref=value
                class="text-input"
                type="text"
                aria-label="Value"
                placeholder="Value"
                spellcheck="false"
                autocomplete="off"
                prop:value=move || condition.with(|it| it.as_ref().map(|it| it.value.clone()).unwrap_or_default())
                data-test="filter-value"
            />
            <button type="submit" class="button" data-test="filter-apply">"Filter"</button>
            <Show when=is_any>
                <button
                    type="button"
                    class="button button-quiet"
                    data-test="filter-clear"
                    on:click=move |_| desk.emit_of_tables(TablesEvent::Filtered { condition: None })
                >
                    "Clear"
                </button>
            </Show>
        </form>
    }
}
