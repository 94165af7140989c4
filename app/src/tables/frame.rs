//! A part of the page in each of its states: waiting, shown, shown and outdated, failed.

use super::trouble::Trouble;
use coordinator::{Part, Standing};
use leptos::prelude::*;

/// Shows `part` by `render`; until it is there, so many lines that stand for it. What is shown stays
/// while something newer is awaited, and is marked.
#[component]
pub(super) fn PartFrame<T, R>(
    name: &'static str,
    #[prop(into)] part: Signal<Part<T>>,
    bones: usize,
    render: R,
) -> impl IntoView
where
    T: Clone + PartialEq + Send + Sync + 'static,
    R: Fn(T) -> AnyView + Send + Sync + 'static,
{
    let shown = Memo::new(move |_| part.with(|part| part.shown.clone()));
    let failure = Memo::new(move |_| {
        part.with(|part| match &part.standing {
            Standing::Failed(failure) => Some(failure.clone()),
            Standing::Idle | Standing::Waiting | Standing::Current => None,
        })
    });
    let state = Memo::new(move |_| {
        part.with(|part| match (&part.standing, &part.shown) {
            (Standing::Failed(_), _) => "error",
            (Standing::Current, _) => "ready",
            (Standing::Waiting, Some(_)) => "outdated",
            (Standing::Idle, Some(_)) => "ready",
            (Standing::Idle | Standing::Waiting, None) => "loading",
        })
    });
    view! {
        <div
            class="part"
            data-part=name
            data-test=format!("part-{name}")
            data-state=move || state.get()
            aria-busy=move || (matches!(state.get(), "loading" | "outdated")).to_string()
        >
            {move || match (failure.get(), shown.get()) {
                (Some(failure), _) => view! { <Trouble failure /> }.into_any(),
                (None, Some(shown)) => render(shown),
                (None, None) => view! { <Bones n=bones /> }.into_any(),
            }}
        </div>
    }
}

/// Lines that stand for what is on its way.
#[component]
fn Bones(n: usize) -> impl IntoView {
    view! {
        <div class="table-bones" aria-label="Loading">
            {(0..n).map(|_| view! { <span class="bone table-bone"></span> }).collect_view()}
        </div>
    }
}
