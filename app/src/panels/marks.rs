//! The marks of a chart as buttons that lie over their rows: pointed at, tapped, tabbed to, walked
//! with the arrow keys, spoken by screen readers.

use super::canvas::Marked;
use super::place::Place;
use super::tooltip::Words;
use crate::marks::{Mark, MarkKey};
use catalog::Name;
use coordinator::Event;
use leptos::html::Div;
use leptos::prelude::*;
use query::{Condition, Selection};
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, KeyboardEvent};

/// The indices of the marks whose values filter.
pub(super) fn selected(selection: &Selection, dimension: &Name, marks: &[Mark]) -> Vec<usize> {
    let Some(Condition::OneOf(values)) =
        selection.get(dimension).map(|clause| clause.condition.clone())
    else {
        return Vec::new();
    };
    let is_chosen = |mark: &Mark| match &mark.key {
        MarkKey::Value(value) => values.contains(value),
        MarkKey::Others { .. } => false,
    };
    let indexed = marks.iter().enumerate();
    indexed.filter(|(_, mark)| is_chosen(mark)).map(|(idx, _)| idx).collect()
}

/// Adds the value of a mark to the filter, or takes it out; not for "other", which is no value.
pub(super) fn toggle(place: &Place, dimension: &Name, mark: Option<&Mark>) {
    if let Some(Mark { key: MarkKey::Value(value), .. }) = mark {
        place.desk.emit(Event::Toggled { dimension: dimension.clone(), value: value.clone() });
    }
}

/// A button over each mark. The arrow keys, Home and End walk them, Enter and space choose, Escape
/// takes the filter of this panel away.
#[component]
pub(super) fn MarkButtons(
    place: Place,
    dimension: Name,
    #[prop(into)] marks: Signal<Vec<Mark>>,
    marked: Marked,
    words: Callback<usize, Option<Words>>,
) -> impl IntoView {
    let desk = place.desk;
    let list: NodeRef<Div> = NodeRef::new();
    // Which button the Tab key reaches.
    let reached = RwSignal::new(0usize);
    let go = move |idx: usize| {
        let button = list
            .get_untracked()
            .and_then(|list| list.query_selector(&format!("[data-idx=\"{idx}\"]")).ok().flatten());
        if let Some(button) = button.and_then(|button| button.dyn_into::<HtmlElement>().ok()) {
            reached.set(idx);
            let _focused = button.focus();
        }
    };
    let cleared = dimension.clone();
    let on_key = move |event: KeyboardEvent| {
        let n_marks = marks.with_untracked(Vec::len);
        let last = n_marks.saturating_sub(1);
        let idx = reached.get_untracked().min(last);
        match event.key().as_str() {
            "ArrowDown" | "ArrowRight" => go((idx + 1).min(last)),
            "ArrowUp" | "ArrowLeft" => go(idx.saturating_sub(1)),
            "Home" => go(0),
            "End" => go(last),
            "Escape" => desk.emit(Event::DimensionCleared { dimension: cleared.clone() }),
            _ => return,
        }
        event.prevent_default();
    };
    let label = format!("{}. Choose a value to filter all panels", place.panel.title);
    let indexed = move || {
        marks.with(|marks| marks.iter().cloned().enumerate().collect::<Vec<(usize, Mark)>>())
    };
    let place = StoredValue::new(place);
    let dimension = StoredValue::new(dimension);
    let button = move |(_, mark): (usize, Mark)| {
        let key = mark.key.clone();
        // The same value may stand at another place later, so its index is looked up.
        let idx = Memo::new(move |_| {
            marks.with(|marks| marks.iter().position(|mark| mark.key == key)).unwrap_or_default()
        });
        let exact = move || {
            let value = marks.with(|marks| marks.get(idx.get()).and_then(|mark| mark.value));
            value.map(|value| value.to_string())
        };
        let rect = Memo::new(move |_| {
            marked.placed.with(|placed| {
                let placed = placed.as_ref()?;
                Some((placed.layout.row(idx.get())?, placed.zoom))
            })
        });
        let px = move |read: fn(&chart::Rect) -> f64| {
            rect.get().map(|(rect, zoom)| format!("{}px", read(&rect) * zoom))
        };
        let is_selected = move || marked.selected.with(|selected| selected.contains(&idx.get()));
        let choose = move |_| {
            let mark = marks.with_untracked(|marks| marks.get(idx.get_untracked()).cloned());
            reached.set(idx.get_untracked());
            toggle(&place.get_value(), &dimension.get_value(), mark.as_ref());
        };
        let (value, is_null, is_value) = match mark.key {
            MarkKey::Value(value) => (value.clone().unwrap_or_default(), value.is_none(), true),
            MarkKey::Others { .. } => (String::new(), false, false),
        };
        view! {
            <button
                type="button"
                class="mark"
                data-test=is_value.then_some("mark")
                data-idx=move || idx.get().to_string()
                data-value=value
                data-null=is_null.then_some("true")
                data-exact=exact
                aria-pressed=move || is_value.then(|| is_selected().to_string())
                aria-disabled=(!is_value).then_some("true")
                aria-label=move || words.run(idx.get()).map(|words| words.spoken())
                tabindex=move || if idx.get() == reached.get() { "0" } else { "-1" }
                style:left=move || px(|rect| rect.left)
                style:top=move || px(|rect| rect.top)
                style:width=move || px(|rect| rect.width)
                style:height=move || px(|rect| rect.height)
                on:pointerenter=move |_| marked.hovered.set(Some(idx.get_untracked()))
                on:focus=move |_| {
                    reached.set(idx.get_untracked());
                    marked.focused.set(Some(idx.get_untracked()));
                }
                on:blur=move |_| marked.focused.set(None)
                on:click=choose
            ></button>
        }
    };
    view! {
        <div class="marks" role="group" aria-label=label node_ref=list on:keydown=on_key>
            <For each=indexed key=|(_, mark)| mark.key.clone() children=button />
        </div>
    }
}
