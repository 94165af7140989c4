//! A message that stands in the place of what cannot be shown, with a way on.

use crate::page::{Glyph, Icon};
use leptos::prelude::*;

/// What is wrong, in the failure's own words, and a button to try again.
#[component]
pub(crate) fn Stop(
    title: &'static str,
    #[prop(into)] message: Signal<String>,
    on_retry: Callback<()>,
) -> impl IntoView {
    view! {
        <div class="stop" role="alert">
            <span class="stop-sign"><Icon glyph=Glyph::Alert /></span>
            <p class="stop-title">{title}</p>
            <p class="stop-message">{message}</p>
            <button type="button" class="button" data-test="retry" on:click=move |_| on_retry.run(())>
                "Try again"
            </button>
        </div>
    }
}
