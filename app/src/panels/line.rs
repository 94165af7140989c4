//! A measure over time. Pointed at, or walked with the arrow keys as a slider.

use super::canvas::{Chart, Marked};
use super::place::Place;
use super::plot::Input;
use super::tooltip::{Tooltip, Words};
use crate::buckets::{Bucket, buckets};
use crate::wording;
use chart::{Completeness, LineInput, LinePoint, ValueFormat};
use coordinator::Slot;
use leptos::prelude::*;
use query::Grain;
use web_sys::KeyboardEvent;

#[component]
pub(super) fn LineBody(place: Place) -> impl IntoView {
    let answer = place.answer(Slot::Current);
    let desk = place.desk;
    let (time, measure) = (place.time.clone(), place.measure.clone());
    let series = Memo::new(move |_| {
        let extent = desk.extent.get();
        answer.with(|answer| match (answer, extent) {
            (Some(answer), Some(extent)) => buckets(answer, &time, &measure, extent),
            _ => (Vec::new(), Grain::Day),
        })
    });
    let writing = place.writing.clone();
    let input = Memo::new(move |_| {
        series.with(|(buckets, grain)| {
            let format = ValueFormat {
                prefix: writing.prefix(),
                suffix: writing.suffix().to_owned(),
                scale: writing.scale(),
            };
            let points = buckets.iter().map(point).collect();
            Some(Input::Line(LineInput { points, comparison: Vec::new(), grain: *grain, format }))
        })
    });
    let note = place.note;
    Effect::new(move |_| {
        note.set(series.with(|(_, grain)| format!("by {}", wording::grain(*grain))));
    });
    let marked = Marked::unselected();
    let writing = place.writing.clone();
    let words = Callback::new(move |idx: usize| {
        series.with(|(buckets, grain)| {
            let bucket = buckets.get(idx)?;
            let value = bucket.value.map(|value| writing.whole(value));
            let is_cut = bucket.n_days_shown < bucket.n_days;
            Some(Words {
                title: wording::bucket(bucket.date, *grain),
                value: value.unwrap_or_else(|| "no value".to_owned()),
                note: match is_cut {
                    true => format!("{} of {} days", bucket.n_days_shown, bucket.n_days),
                    false => String::new(),
                },
            })
        })
    });
    let n_points = Memo::new(move |_| series.with(|(buckets, _)| buckets.len()));
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

fn point(bucket: &Bucket) -> LinePoint {
    LinePoint {
        date: bucket.date,
        value: bucket.value.map(|value| value.to_f64()),
        completeness: match bucket.n_days_shown < bucket.n_days {
            true => Completeness::Partial,
            false => Completeness::Complete,
        },
    }
}
