//! The words beside the mark that is pointed at or reached with the keyboard.

use super::canvas::Marked;
use leptos::prelude::*;

/// What a tooltip says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Words {
    /// What the mark stands for.
    pub(super) title: String,
    /// Its value in full.
    pub(super) value: String,
    /// What else is to be known; may be empty.
    pub(super) note: String,
}

impl Words {
    /// One sentence of it, to be spoken.
    pub(super) fn spoken(&self) -> String {
        let note = if self.note.is_empty() { String::new() } else { format!(", {}", self.note) };
        format!("{}: {}{note}", self.title, self.value)
    }
}

/// Half of the room that a tooltip takes, so that it stays inside of its chart.
const HALF_PX: f64 = 84.0;

/// Stands above the active mark. Not for screen readers: marks speak for themselves.
#[component]
pub(super) fn Tooltip(marked: Marked, words: Callback<usize, Option<Words>>) -> impl IntoView {
    let at = Memo::new(move |_| {
        let idx = marked.active()?;
        marked.placed.with(|placed| {
            let placed = placed.as_ref()?;
            let anchor = placed.layout.anchor(idx)?;
            let width_px = placed.layout.frame().width_px * placed.zoom;
            let x = (anchor.x * placed.zoom).clamp(HALF_PX, (width_px - HALF_PX).max(HALF_PX));
            Some((x.round(), (anchor.y * placed.zoom).round()))
        })
    });
    let said = Memo::new(move |_| marked.active().and_then(|idx| words.run(idx)));
    let is_shown = move || at.get().is_some() && said.with(Option::is_some);
    let read = move |part: fn(&Words) -> &String| {
        said.with(|said| said.as_ref().map(|said| part(said).clone()).unwrap_or_default())
    };
    view! {
        <div
            class="tooltip"
            aria-hidden="true"
            data-shown=move || is_shown().to_string()
            style:left=move || at.get().map(|(x, _)| format!("{x}px"))
            style:top=move || at.get().map(|(_, y)| format!("{y}px"))
        >
            <span class="tooltip-title">{move || read(|words| &words.title)}</span>
            <span class="tooltip-value">{move || read(|words| &words.value)}</span>
            <span class="tooltip-note">{move || read(|words| &words.note)}</span>
        </div>
    }
}
