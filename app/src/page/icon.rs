//! The page's icons, drawn in 16 by 16 units with the colour of the text around them.

use leptos::prelude::*;

/// Which icon.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Glyph {
    Alert,
    Auto,
    Chevron,
    Close,
    Down,
    Empty,
    Flat,
    Left,
    Link,
    LogOut,
    Moon,
    Refresh,
    Right,
    Sun,
    Table,
    Unfiltered,
    Up,
}

impl Glyph {
    fn path(self) -> &'static str {
        match self {
            Glyph::Alert => {
                "M8 5.2v3.4M8 11h.01M7.1 2.5 1.6 12a1 1 0 0 0 .9 1.5h11a1 1 0 0 0 .9-1.5L8.9 2.5a1 1 0 0 0-1.8 0Z"
            }
            Glyph::Auto => {
                "M8 1.75v12.5M8 14.25a6.25 6.25 0 1 0 0-12.5 6.25 6.25 0 0 0 0 12.5ZM8 4.5h4.7M8 8h6.2M8 11.5h4.7"
            }
            Glyph::Chevron => "m5.5 6.5 2.5 2.5 2.5-2.5",
            Glyph::Close => "m4.5 4.5 7 7M11.5 4.5l-7 7",
            Glyph::Down => "M8 3v10M12 9l-4 4-4-4",
            Glyph::Empty => {
                "M2 9.5h3.2l1 2h3.6l1-2H14M2 9.5 4 3.7a1 1 0 0 1 .9-.7h6.2a1 1 0 0 1 .9.7l2 5.8v3a1 1 0 0 1-1 1H3a1 1 0 0 1-1-1v-3Z"
            }
            Glyph::Flat => "M3.5 8h9",
            Glyph::Left => "m9.5 4-4 4 4 4",
            Glyph::Link => {
                "M6.7 9.3a2.6 2.6 0 0 0 3.7 0l2.3-2.3A2.6 2.6 0 0 0 9 3.3l-.8.8M9.3 6.7a2.6 2.6 0 0 0-3.7 0L3.3 9A2.6 2.6 0 0 0 7 12.7l.8-.8"
            }
            Glyph::LogOut => {
                "M6 13.5H3.5a1 1 0 0 1-1-1v-9a1 1 0 0 1 1-1H6M10.5 11l3-3-3-3M13.5 8H6"
            }
            Glyph::Moon => "M13.8 9.3A6 6 0 1 1 6.7 2.2a4.7 4.7 0 0 0 7.1 7.1Z",
            Glyph::Refresh => {
                "M13.5 2.5v3.4h-3.4M2.5 13.5v-3.4h3.4M3.4 6.2a5 5 0 0 1 8.3-1.9l1.8 1.6M12.6 9.8a5 5 0 0 1-8.3 1.9l-1.8-1.6"
            }
            Glyph::Right => "m6.5 4 4 4-4 4",
            Glyph::Sun => {
                "M8 10.75a2.75 2.75 0 1 0 0-5.5 2.75 2.75 0 0 0 0 5.5ZM8 1.5v1M8 13.5v1M3.4 3.4l.7.7M11.9 11.9l.7.7M1.5 8h1M13.5 8h1M3.4 12.6l.7-.7M11.9 4.1l.7-.7"
            }
            Glyph::Table => {
                "M3 3h10a.8.8 0 0 1 .8.8v8.4a.8.8 0 0 1-.8.8H3a.8.8 0 0 1-.8-.8V3.8A.8.8 0 0 1 3 3ZM2.2 6.4h11.6M2.2 9.7h11.6M6.3 6.4V13"
            }
            Glyph::Unfiltered => "M6.3 3h7.2L10 7.6M8.9 9.2v3.3l-2-1.2V8.4L3.6 4M2.5 2.5l11 11",
            Glyph::Up => "M8 13V3M4 7l4-4 4 4",
        }
    }
}

/// An icon beside a text, or in a control that has a label of its own.
#[component]
pub(crate) fn Icon(glyph: Glyph) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
            <path d=glyph.path() />
        </svg>
    }
}

/// The mark of Lakefront: a sun over two waves.
#[component]
pub(crate) fn Logo() -> impl IntoView {
    view! {
        <svg class="logo" viewBox="0 0 32 32" aria-hidden="true">
            <rect class="logo-ground" width="32" height="32" rx="9" />
            <circle class="logo-sun" cx="16" cy="12" r="4.5" />
            <path class="logo-wave" d="M6 19.5c2.5 0 2.5 1.6 5 1.6s2.5-1.6 5-1.6 2.5 1.6 5 1.6 2.5-1.6 5-1.6" />
            <path class="logo-wave logo-wave-far" d="M6 24.2c2.5 0 2.5 1.6 5 1.6s2.5-1.6 5-1.6 2.5 1.6 5 1.6 2.5-1.6 5-1.6" />
        </svg>
    }
}
