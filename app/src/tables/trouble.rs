//! A failure, explained: what has happened, what to do, and the words of whoever found it.

use crate::advice::advice;
use crate::browser;
use crate::page::{Glyph, Icon};
use crate::state::use_desk;
use coordinator::TablesEvent;
use leptos::prelude::*;
use protocol::{ErrorCode, Failure};

#[component]
pub(super) fn Trouble(failure: Failure) -> impl IntoView {
    let desk = use_desk();
    let location =
        desk.tables.with_untracked(|tables| tables.state.table.clone().unwrap_or_default());
    let advice = advice(&failure, &location, &browser::origin());
    let leads_to_newest = failure.code == ErrorCode::VersionGone
        || (failure.code == ErrorCode::NotFound
            && desk.tables.with_untracked(|tables| tables.state.version.is_some()));
    view! {
        <div class="trouble" role="alert" data-test="trouble" data-code=format!("{:?}", failure.code)>
            <span class="stop-sign"><Icon glyph=Glyph::Alert /></span>
            <div class="trouble-text">
                <h2>{advice.title}</h2>
                <p>{advice.way_on}</p>
                <p class="trouble-words" data-test="trouble-words">{failure.message}</p>
                {advice.recipe.map(|recipe| view! { <Recipe recipe /> })}
                <div class="trouble-ways">
                    <button
                        type="button"
                        class="button button-small"
                        data-test="retry-table"
                        on:click=move |_| desk.emit_of_tables(TablesEvent::Retried)
                    >
                        <Icon glyph=Glyph::Refresh />
                        "Try again"
                    </button>
                    {leads_to_newest.then(|| view! {
                        <button
                            type="button"
                            class="button button-small"
                            on:click=move |_| {
                                desk.emit_of_tables(TablesEvent::VersionChosen { version: None })
                            }
                        >
                            "Go to the newest version"
                        </button>
                    })}
                </div>
            </div>
        </div>
    }
}

/// Lines for a server's configuration, to be copied.
#[component]
fn Recipe(recipe: String) -> impl IntoView {
    let is_copied = RwSignal::new(false);
    let copied = recipe.clone();
    let copy = move |_| {
        browser::copy(&copied);
        is_copied.set(true);
    };
    view! {
        <div class="recipe">
            <pre data-test="recipe" tabindex="0">{recipe}</pre>
            <button type="button" class="button button-small" on:click=copy>
                {move || if is_copied.get() { "Copied" } else { "Copy" }}
            </button>
        </div>
    }
}
