//! Travelling through the versions of a table.

use super::chosen::Described;
use crate::browser;
use crate::page::{Glyph, Icon};
use crate::state::use_desk;
use coordinator::{Part, Standing, TablesEvent};
use leptos::prelude::*;
use protocol::Versions;

#[component]
pub(super) fn TimeTravel(#[prop(into)] part: Signal<Part<Described>>) -> impl IntoView {
    let desk = use_desk();
    let versions = Memo::new(move |_| {
        let found = part.with(|part| part.shown.as_ref().and_then(|it| it.versions));
        found.unwrap_or(Versions { oldest: 0, newest: 0 })
    });
    let shown = Memo::new(move |_| {
        let shown = part.with(|part| part.shown.as_ref().and_then(|it| it.version));
        desk.tables.with(|tables| tables.state.version).or(shown).unwrap_or_default()
    });
    let is_newest = Memo::new(move |_| shown.get() == versions.get().newest);
    // Where the thumb is while it is dragged; what is shown follows when it is let go.
    let dragged = RwSignal::new(None::<u64>);
    let at = move || dragged.get().unwrap_or_else(|| shown.get());
    let time = move || {
        let committed = part.with(|part| {
            let described = part.shown.as_ref().filter(|_| part.standing == Standing::Current)?;
            described.committed_at_us.filter(|_| described.version == Some(at()))
        });
        let known = desk.tables.with(|tables| tables.times.get(&at()).copied());
        committed.or(known).map(browser::moment)
    };
    let words = move || match time() {
        Some(time) => format!("Version {} of {}, {time}", at(), versions.get().newest),
        None => format!("Version {} of {}", at(), versions.get().newest),
    };
    let travel = move |version: u64| {
        dragged.set(None);
        let version = (version != versions.get_untracked().newest).then_some(version);
        desk.emit_of_tables(TablesEvent::VersionChosen { version });
    };
    let touch = move || desk.emit_of_tables(TablesEvent::TravelStarted);
    let value = |event: &web_sys::Event| event_target_value(event).parse::<u64>().ok();
    let fill = move || {
        let Versions { oldest, newest } = versions.get();
        let span = newest.saturating_sub(oldest).max(1) as f64;
        format!("{:.3}%", at().saturating_sub(oldest) as f64 / span * 100.0)
    };
    view! {
        <section class="travel" aria-label="Versions" data-test="travel">
            <button
                type="button"
                class="icon-button"
                data-test="older"
                aria-label="One version back"
                title="One version back"
                disabled=move || shown.get() <= versions.get().oldest
                on:click=move |_| travel(shown.get_untracked().saturating_sub(1))
            >
                <Icon glyph=Glyph::Left />
            </button>
            <div class="travel-track">
                <div class="travel-words">
                    <output class="travel-version" data-test="travel-words" data-version=move || at().to_string()>
                        {move || format!("Version {}", at())}
                    </output>
                    <span class="travel-time">{move || time().unwrap_or_default()}</span>
                </div>
                <input
                    type="range"
                    class="slider"
                    data-test="slider"
                    aria-label="Version"
                    aria-valuetext=words
                    min=move || versions.get().oldest.to_string()
                    max=move || versions.get().newest.to_string()
                    step="1"
                    disabled=move || versions.get().oldest == versions.get().newest
                    prop:value=move || at().to_string()
                    style:--fill=fill
                    on:focus=move |_| touch()
                    on:pointerdown=move |_| touch()
                    on:input=move |event| dragged.set(value(&event))
                    on:change=move |event| {
                        if let Some(version) = value(&event) {
                            travel(version);
                        }
                    }
                />
                <div class="travel-ends" aria-hidden="true">
                    <span>{move || format!("v{}", versions.get().oldest)}</span>
                    <span>{move || format!("v{}", versions.get().newest)}</span>
                </div>
            </div>
            <button
                type="button"
                class="icon-button"
                data-test="newer"
                aria-label="One version on"
                title="One version on"
                disabled=move || is_newest.get()
                on:click=move |_| travel(shown.get_untracked() + 1)
            >
                <Icon glyph=Glyph::Right />
            </button>
            <button
                type="button"
                class="button button-small"
                data-test="newest"
                aria-pressed=move || desk.tables.with(|tables| tables.state.version.is_none()).to_string()
                on:click=move |_| {
                    dragged.set(None);
                    desk.emit_of_tables(TablesEvent::VersionChosen { version: None });
                }
            >
                "Newest"
            </button>
        </section>
    }
}
