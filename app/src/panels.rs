//! The cards of a dashboard. Each shows loading, empty, failed or its rows; what is in the rows is
//! shown by one component per kind of panel.

mod bar;
mod canvas;
mod donut;
mod empty;
mod facts;
mod kpi;
mod line;
mod marked_chart;
mod marks;
mod place;
mod plot;
mod skeleton;
mod tooltip;

use crate::page::{Glyph, Icon, Stop};
use bar::BarBody;
use catalog::{Name, Panel, PanelKind};
use coordinator::{Engine, Event, Freshness, Phase, Slot};
use donut::DonutBody;
use empty::Empty;
use facts::Facts;
use kpi::KpiBody;
use leptos::prelude::*;
use line::LineBody;
use place::Place;
use skeleton::Skeleton;

/// What the card shows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    Skeleton,
    Failure,
    Empty,
    Rows,
}

fn shown(place: &Place) -> Shown {
    let is_empty = place.answer(Slot::Current).with(|answer| match (answer, &place.panel.kind) {
        (None, _) => true,
        (Some(answer), PanelKind::Kpi) => answer.number().is_none(),
        (Some(answer), _) => answer.n_rows == 0,
    });
    place.view().with(|view| match view.as_ref().map(|view| &view.phase) {
        None | Some(Phase::Loading) => Shown::Skeleton,
        Some(Phase::Failed(_)) => Shown::Failure,
        Some(Phase::Ready | Phase::Refreshing) if is_empty => Shown::Empty,
        Some(Phase::Ready | Phase::Refreshing) => Shown::Rows,
    })
}

/// A panel as a card.
#[component]
pub(crate) fn PanelCard(panel: Panel, time: Name) -> impl IntoView {
    let Some(place) = Place::new(panel, time) else { return ().into_any() };
    let desk = place.desk;
    let shown = {
        let place = place.clone();
        Memo::new(move |_| shown(&place))
    };
    let view = place.view();
    let is_refreshing = Memo::new(move |_| {
        view.with(|view| view.as_ref().is_some_and(|view| view.phase == Phase::Refreshing))
    });
    let is_outdated = Memo::new(move |_| {
        view.with(|view| view.as_ref().is_some_and(|view| view.freshness == Freshness::Outdated))
    });
    let state = move || match (shown.get(), is_refreshing.get()) {
        (Shown::Skeleton, _) => "loading",
        (Shown::Failure, _) => "error",
        (_, true) => "refreshing",
        (Shown::Empty, false) => "empty",
        (Shown::Rows, false) => "ready",
    };
    let painted = place.is_painted;
    // Words are painted at once.
    let is_painted = move || match shown.get() {
        Shown::Rows => painted.get(),
        Shown::Empty => true,
        Shown::Skeleton | Shown::Failure => false,
    };
    let worded = place.clone();
    Effect::new(move |_| {
        if shown.get() == Shown::Empty {
            worded.desk.painted(&worded.panel.name);
        }
    });
    let failure = Signal::derive(move || {
        view.with(|view| match view.as_ref().map(|view| &view.phase) {
            Some(Phase::Failed(failure)) => failure.message.clone(),
            _ => String::new(),
        })
    });
    let name = place.panel.name.clone();
    let retry = Callback::new(move |()| {
        let is_stopped = desk.engine.with_untracked(|engine| {
            matches!(engine, Engine::GivenUp { .. } | Engine::OpenFailed(_))
        });
        desk.emit(match is_stopped {
            true => Event::Retried,
            false => Event::PanelRetried { panel: name.clone() },
        });
    });
    let (kind, class) = match &place.panel.kind {
        PanelKind::Kpi => ("kpi", "panel panel-kpi"),
        PanelKind::Line => ("line", "panel panel-line"),
        PanelKind::Bar { .. } => ("bar", "panel panel-bar"),
        PanelKind::Donut { .. } => ("donut", "panel panel-donut"),
    };
    let title_id = format!("title-{}", place.panel.name);
    let body = {
        let place = place.clone();
        move || match shown.get() {
            Shown::Skeleton => view! { <Skeleton kind=place.panel.kind.clone() /> }.into_any(),
            Shown::Failure => {
                view! { <Stop title="This panel has no answer" message=failure on_retry=retry /> }
                    .into_any()
            }
            Shown::Empty => view! { <Empty place=place.clone() /> }.into_any(),
            Shown::Rows => {
                let place = place.clone();
                match place.panel.kind.clone() {
                    PanelKind::Kpi => view! { <KpiBody place /> }.into_any(),
                    PanelKind::Line => view! { <LineBody place /> }.into_any(),
                    PanelKind::Bar { by, .. } => view! { <BarBody place by /> }.into_any(),
                    PanelKind::Donut { by } => view! { <DonutBody place by /> }.into_any(),
                }
            }
        }
    };
    let (answer, note) = (place.answer(Slot::Current), place.note);
    let (title, description) = (place.panel.title.clone(), place.measure.description.clone());
    let test = format!("panel-{}", place.panel.name);
    let not_filtered = place.not_filtered();
    let reach_id = format!("reach-{}", place.panel.name);
    let described_by = reach_id.clone();
    view! {
        <section
            class=class
            data-test=test
            data-kind=kind
            data-state=state
            data-painted=move || is_painted().to_string()
            data-outdated=move || is_outdated.get().to_string()
            aria-busy=move || (shown.get() == Shown::Skeleton || is_refreshing.get()).to_string()
            aria-labelledby=title_id.clone()
            aria-describedby=move || not_filtered.get().map(|_| described_by.clone())
        >
            <div class="panel-head">
                <h2 id=title_id.clone() title=description>{title}</h2>
                <span class="panel-note">{note}</span>
            </div>
            {move || not_filtered.get().map(|said| view! {
                <p class="panel-reach" id=reach_id.clone() data-test="not-filtered">
                    <Icon glyph=Glyph::Unfiltered />
                    <span>{said}</span>
                </p>
            })}
            <div class="panel-body">{body}</div>
            <Facts answer not_filtered />
        </section>
    }
    .into_any()
}
