//! The choice of days: presets, and a range of one's own.

use crate::state::use_desk;
use catalog::RangePreset;
use coordinator::{Event, RangeChoice, preset_name};
use leptos::prelude::*;
use query::{Date, DateRange};

#[component]
pub(super) fn RangeControl() -> impl IntoView {
    view! {
        <div class="range">
            <div class="segments" role="group" aria-label="Range">
                {RangePreset::EVERY.into_iter().map(|preset| view! { <Preset preset /> }).collect_view()}
            </div>
            <CustomRange />
        </div>
    }
}

#[component]
fn Preset(preset: RangePreset) -> impl IntoView {
    let desk = use_desk();
    let is_chosen = move || {
        desk.page.with(|page| {
            page.as_ref().is_some_and(|page| page.range == RangeChoice::Preset(preset))
        })
    };
    let (short, long) = match preset {
        RangePreset::Last7Days => ("7D", "The last 7 days"),
        RangePreset::Last30Days => ("30D", "The last 30 days"),
        RangePreset::Last90Days => ("90D", "The last 90 days"),
        RangePreset::Last365Days => ("1Y", "The last 365 days"),
        RangePreset::All => ("All", "All days"),
    };
    view! {
        <button
            type="button"
            class="segment"
            data-test=format!("range-{}", preset_name(preset))
            aria-pressed=move || is_chosen().to_string()
            aria-label=long
            title=long
            on:click=move |_| desk.emit(Event::RangeChosen { range: RangeChoice::Preset(preset) })
        >
            {short}
        </button>
    }
}

/// Which end of the range an input holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    First,
    Last,
}

#[component]
fn CustomRange() -> impl IntoView {
    let is_custom = {
        let desk = use_desk();
        move || {
            desk.page.with(|page| {
                page.as_ref().is_some_and(|page| matches!(page.range, RangeChoice::Custom(_)))
            })
        }
    };
    view! {
        <div class="custom-range" data-chosen=move || is_custom().to_string()>
            <DayInput end=End::First />
            <span class="custom-range-to" aria-hidden="true">"–"</span>
            <DayInput end=End::Last />
        </div>
    }
}

/// One end. A day that the lake does not have is marked and not taken over: while a date is typed,
/// it goes through many such days. An end that is moved past the other one takes it along.
#[component]
fn DayInput(end: End) -> impl IntoView {
    let desk = use_desk();
    let is_wrong = RwSignal::new(false);
    let value = Memo::new(move |_| {
        desk.days.get().map(|days| match end {
            End::First => days.first.to_string(),
            End::Last => days.last.to_string(),
        })
    });
    let extent_end =
        move |read: fn(DateRange) -> Date| desk.extent.get().map(|extent| read(extent).to_string());
    let choose = move |event: web_sys::Event| {
        let Some(days) = desk.days.get_untracked() else { return };
        let Ok(date) = event_target_value(&event).parse::<Date>() else {
            is_wrong.set(true);
            return;
        };
        let days = match end {
            End::First => DateRange { first: date, ..days },
            End::Last => DateRange { last: date, ..days },
        };
        let days = match end {
            End::First if days.first > days.last => DateRange { last: date, ..days },
            End::Last if days.first > days.last => DateRange { first: date, ..days },
            _ => days,
        };
        let extent = desk.extent.get_untracked();
        let is_known = extent.is_some_and(|extent| extent.first <= date && date <= extent.last);
        is_wrong.set(!is_known);
        if is_known {
            desk.emit(Event::RangeChosen { range: RangeChoice::Custom(days) });
        }
    };
    let (test, label) = match end {
        End::First => ("range-from", "First day"),
        End::Last => ("range-to", "Last day"),
    };
    view! {
        <input
            type="date"
            class="day-input"
            data-test=test
            aria-label=label
            aria-invalid=move || is_wrong.get().to_string()
            prop:value=move || {
                is_wrong.set(false);
                value.get().unwrap_or_default()
            }
            min=move || extent_end(|extent| extent.first)
            max=move || extent_end(|extent| extent.last)
            on:change=choose
        />
    }
}
