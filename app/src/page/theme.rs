//! The choice of light, dark or the system's theme. It is the only thing that the page remembers on
//! the device.

use crate::page::{Glyph, Icon};
use crate::state::{ThemeChoice, use_desk};
use leptos::prelude::*;

/// One button that goes through the three themes.
#[component]
pub(crate) fn ThemeToggle() -> impl IntoView {
    let desk = use_desk();
    let next = move || match desk.theme.get() {
        ThemeChoice::Auto => ThemeChoice::Light,
        ThemeChoice::Light => ThemeChoice::Dark,
        ThemeChoice::Dark => ThemeChoice::Auto,
    };
    let label = move || match desk.theme.get() {
        ThemeChoice::Auto => "Theme: as the system. Change to light",
        ThemeChoice::Light => "Theme: light. Change to dark",
        ThemeChoice::Dark => "Theme: dark. Change to the system's",
    };
    view! {
        <button
            type="button"
            class="icon-button"
            data-test="theme"
            aria-label=label
            title=label
            on:click=move |_| desk.theme.set(next())
        >
            {move || match desk.theme.get() {
                ThemeChoice::Auto => view! { <Icon glyph=Glyph::Auto /> },
                ThemeChoice::Light => view! { <Icon glyph=Glyph::Sun /> },
                ThemeChoice::Dark => view! { <Icon glyph=Glyph::Moon /> },
            }}
        </button>
    }
}
