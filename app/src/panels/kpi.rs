//! One number, its change to the period before, and how it went.

use super::canvas::{Chart, Marked};
use super::place::Place;
use super::plot::Input;
use crate::buckets::{Bucket, series};
use crate::decimal::{NoChange, Number};
use crate::page::{Glyph, Icon};
use crate::wording;
use catalog::Better;
use chart::{Completeness, SparklineInput};
use coordinator::{Comparison, Slot};
use leptos::prelude::*;
use query::{Condition, DateRange};

/// A longer number is written compactly, with all digits below it.
const N_CHARS: usize = 20;

#[component]
pub(super) fn KpiBody(place: Place) -> impl IntoView {
    let number = place.answer(Slot::Current);
    let number = Memo::new(move |_| number.with(|answer| answer.as_ref().and_then(|a| a.number())));
    let writing = place.writing.clone();
    let shown =
        Memo::new(move |_| number.get().map(|n| writing.fitting(n, N_CHARS)).unwrap_or_default());
    let writing = place.writing.clone();
    // All digits of a number that is too long for its card, on lines of their own.
    let all_digits = move || {
        let whole = writing.number(number.get()?);
        (shown.with(|shown| *shown != whole)).then_some(whole)
    };
    let writing = place.writing.clone();
    let title = move || match number.get()? {
        Number::Exact(exact) => Some(format!("{} ({exact})", writing.compact(exact))),
        Number::Odd(_) => None,
    };
    // The size follows the longest number of the row, so that each stays on its line and all are of
    // one size.
    let (desk, of_panel) = (place.desk, place.panel.name.clone());
    Effect::new(move |_| {
        let n_chars = shown.with(|text| text.chars().count());
        desk.n_chars.update(|of_panels| {
            of_panels.insert(of_panel.clone(), n_chars);
        });
    });
    let of_panel = place.panel.name.clone();
    on_cleanup(move || {
        desk.n_chars.update(|of_panels| {
            of_panels.remove(&of_panel);
        });
    });
    let longest = Memo::new(move |_| {
        desk.n_chars.with(|of_panels| of_panels.values().copied().max().unwrap_or_default().max(8))
    });
    let n_chars = move || longest.get().to_string();
    let painted = place.clone();
    Effect::new(move |_| {
        if shown.with(|text| !text.is_empty()) {
            painted.painted();
        }
    });
    let name = place.panel.name.clone();
    view! {
        <div class="kpi">
            <p
                class="kpi-number"
                data-test=format!("kpi-{name}")
                data-exact=move || number.get().map(|number| number.to_string())
                title=title
                style=("--chars", n_chars)
            >
                {shown}
            </p>
            {move || all_digits().map(|digits| view! { <p class="kpi-digits">{digits}</p> })}
            <Change place=place.clone() />
            <Spark place />
        </div>
    }
}

/// What is said about the period before.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Change {
    /// In tenths of a percent.
    By(i128),
    /// There was nothing before.
    FromNothing,
    /// More than anybody could read.
    TooLarge,
    Awaited,
    NoEarlierPeriod,
    /// The panel's table ends before the period does.
    PartOfPeriod,
    Unknown,
}

#[component]
fn Change(place: Place) -> impl IntoView {
    let (view, current, previous) =
        (place.view(), place.answer(Slot::Current), place.answer(Slot::Previous));
    let change = Memo::new(move |old: Option<&Change>| {
        let number = |answer: Memo<Option<std::sync::Arc<crate::answer::Answer>>>| {
            answer.with(|answer| answer.as_ref().and_then(|answer| answer.number()))
        };
        let comparison = view.with(|view| view.as_ref().map(|view| view.comparison));
        match comparison {
            None => Change::Awaited,
            // While both are awaited, what was said stays beside the number that it was said of.
            Some(Comparison::Awaited) => old.cloned().unwrap_or(Change::Awaited),
            Some(Comparison::NoEarlierPeriod) => Change::NoEarlierPeriod,
            Some(Comparison::PartOfPeriod) => Change::PartOfPeriod,
            Some(Comparison::Failed) => Change::Unknown,
            Some(Comparison::Known) => match (number(current), number(previous)) {
                (Some(Number::Exact(current)), Some(Number::Exact(previous))) => {
                    match current.change_from(previous) {
                        Ok(tenths) => Change::By(tenths),
                        Err(NoChange::FromZero) => Change::FromNothing,
                        Err(NoChange::TooLarge) => Change::TooLarge,
                    }
                }
                (Some(_), None) => Change::FromNothing,
                _ => Change::Unknown,
            },
        }
    });
    let time = place.time.clone();
    let days_before = Memo::new(move |_| {
        previous.with(|answer| match &answer.as_ref()?.spec.selection.get(&time)?.condition {
            Condition::Within(days) => Some(*days),
            Condition::OneOf(_) => None,
        })
    });
    let writing = place.writing.clone();
    let title = move || {
        let before = previous.with(|answer| answer.as_ref().and_then(|answer| answer.number()));
        let days: Option<DateRange> = days_before.get();
        Some(format!("{}: {}", wording::days(days?), writing.number(before?)))
    };
    let known = place.known_days();
    let versus = move || match (change.get(), days_before.get()) {
        (Change::NoEarlierPeriod, _) => "No earlier period".to_owned(),
        (Change::PartOfPeriod, _) => match known.get() {
            Some((days, _)) => format!("Ends {}: no comparison", wording::day(days.last)),
            None => "No comparison".to_owned(),
        },
        (Change::FromNothing, _) => "Nothing in the period before".to_owned(),
        (Change::TooLarge, _) => "Many times the period before".to_owned(),
        (Change::Unknown, _) => "No comparison".to_owned(),
        (Change::Awaited, _) | (Change::By(_), None) => String::new(),
        (Change::By(_), Some(days)) => {
            let n_days = u64::try_from(days.n_days()).unwrap_or_default();
            format!("vs previous {}", wording::counted(n_days, "day", "days"))
        }
    };
    let trend = move || match change.get() {
        Change::By(tenths) if tenths > 0 => "up",
        Change::By(tenths) if tenths < 0 => "down",
        _ => "none",
    };
    // Whether the change is a good one; an arrow alone says no more than its direction.
    let better = place.measure.better;
    let verdict = move || match (change.get(), better) {
        (Change::By(0), _) => "none",
        (Change::By(tenths), Better::Up) if tenths > 0 => "good",
        (Change::By(tenths), Better::Down) if tenths < 0 => "good",
        (Change::By(_), _) => "bad",
        _ => "none",
    };
    let pill = move || match change.get() {
        Change::By(tenths) => {
            let glyph = match tenths.signum() {
                1 => Glyph::Up,
                -1 => Glyph::Down,
                _ => Glyph::Flat,
            };
            Some(view! {
                <span class="change-pill">
                    <Icon glyph />
                    {wording::change(tenths)}
                </span>
            })
        }
        _ => None,
    };
    view! {
        <p
            class="change"
            data-test=format!("change-{}", place.panel.name)
            data-trend=trend
            data-verdict=verdict
            title=title
        >
            {pill}
            <span class="change-versus">{versus}</span>
        </p>
    }
}

#[component]
fn Spark(place: Place) -> impl IntoView {
    let trend = place.answer(Slot::Trend);
    let known = place.known_days();
    let input = Memo::new(move |_| {
        let (extent, last) = known.get()?;
        let series = trend.with(|answer| {
            Some(series(answer.as_ref()?, &place.time, &place.measure, extent, last))
        })?;
        // A bucket that is cut by the range would look like a fall.
        let whole = series.buckets.iter().filter(|bucket| bucket.n_days_shown == bucket.n_days);
        let value = |bucket: &Bucket| bucket.reading.drawn().map(|value| value.to_f64());
        let values: Vec<Option<f64>> = whole.map(value).collect();
        (values.len() > 1)
            .then_some(Input::Spark(SparklineInput { values, last: Completeness::Complete }))
    });
    view! {
        <div class="spark">
            <Chart
                input
                marked=Marked::unselected()
                on_pick=Callback::new(|_| ())
                on_painted=Callback::new(|()| ())
            >
                ""
            </Chart>
        </div>
    }
}
