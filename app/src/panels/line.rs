//! A measure over time. Pointed at, or walked with the arrow keys as a slider.

use super::canvas::{Chart, Marked};
use super::place::Place;
use super::plot::Input;
use super::tooltip::{Tooltip, Words};
use crate::buckets::{Bucket, Reading, Series, series};
use crate::decimal::Decimal;
use crate::wording::{self, Writing};
use chart::{Completeness, LineInput, LinePoint};
use coordinator::Slot;
use leptos::prelude::*;
use web_sys::KeyboardEvent;

#[component]
pub(super) fn LineBody(place: Place) -> impl IntoView {
    let answer = place.answer(Slot::Current);
    let (time, measure, known) = (place.time.clone(), place.measure.clone(), place.known_days());
    let shown = Memo::new(move |_| {
        answer.with(|answer| match (answer, known.get()) {
            (Some(answer), Some((extent, last))) => series(answer, &time, &measure, extent, last),
            _ => Series::default(),
        })
    });
    let writing = place.writing.clone();
    let input = Memo::new(move |_| {
        shown.with(|series| {
            let points = series.buckets.iter().map(|bucket| point(bucket, &writing)).collect();
            let (grain, format) = (series.grain, writing.axis());
            Some(Input::Line(LineInput { points, comparison: Vec::new(), grain, format }))
        })
    });
    let note = place.note;
    Effect::new(move |_| note.set(shown.with(said)));
    let marked = Marked::unselected();
    let writing = place.writing.clone();
    let words = Callback::new(move |idx: usize| {
        shown.with(|series| {
            let bucket = series.buckets.get(idx)?;
            let value = match bucket.reading {
                Reading::Number(number) => writing.number(number),
                Reading::NoRowsZero => writing.whole(Decimal::new(0, 0)),
                Reading::Null => "no value".to_owned(),
                Reading::NoRows => "no rows".to_owned(),
            };
            let mut note = Vec::new();
            if bucket.reading == Reading::NoRowsZero {
                note.push("no rows".to_owned());
            }
            if bucket.n_days_shown < bucket.n_days {
                note.push(format!("{} of {} days", bucket.n_days_shown, bucket.n_days));
            }
            let title = wording::bucket(bucket.date, series.grain);
            Some(Words { title, value, note: note.join(", ") })
        })
    });
    let n_points = Memo::new(move |_| shown.with(|series| series.buckets.len()));
    let on_key = move |event: KeyboardEvent| {
        let last = n_points.get_untracked().saturating_sub(1);
        let idx = marked.focused.get_untracked().unwrap_or(last).min(last);
        let next = match event.key().as_str() {
            "ArrowRight" | "ArrowUp" => (idx + 1).min(last),
            "ArrowLeft" | "ArrowDown" => idx.saturating_sub(1),
            "PageUp" => (idx + 7).min(last),
            "PageDown" => idx.saturating_sub(7),
            "Home" => 0,
            "End" => last,
            _ => return,
        };
        event.prevent_default();
        marked.focused.set(Some(next));
    };
    let spoken = move || {
        let idx = marked.focused.get().or_else(|| n_points.get().checked_sub(1))?;
        words.run(idx).map(|words| words.spoken())
    };
    let painted = place.clone();
    view! {
        <div
            class="line"
            role="slider"
            tabindex="0"
            aria-label=format!("{} over time", place.panel.title)
            aria-valuemin="0"
            aria-valuemax=move || n_points.get().saturating_sub(1).to_string()
            aria-valuenow=move || {
                let last = n_points.get().saturating_sub(1);
                marked.focused.get().unwrap_or(last).to_string()
            }
            aria-valuetext=spoken
            on:keydown=on_key
            on:blur=move |_| marked.focused.set(None)
        >
            <Chart
                input
                marked
                on_pick=Callback::new(|_| ())
                on_painted=Callback::new(move |()| painted.painted())
            >
                <Tooltip marked words />
            </Chart>
        </div>
    }
}

/// How wide the buckets are, and what is not drawn.
fn said(series: &Series) -> String {
    let grain = wording::grain(series.grain);
    match series.n_far {
        0 => format!("by {grain}"),
        1 => format!("by {grain}, 1 {grain} far off not drawn"),
        n => format!("by {grain}, {} {grain}s far off not drawn", chart::grouped(n as i128, 0)),
    }
}

fn point(bucket: &Bucket, writing: &Writing) -> LinePoint {
    LinePoint {
        date: bucket.date,
        value: bucket.reading.drawn().map(|value| writing.plotted(value)),
        completeness: match bucket.n_days_shown < bucket.n_days {
            true => Completeness::Partial,
            false => Completeness::Complete,
        },
    }
}
