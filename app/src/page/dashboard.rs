//! One dashboard: its title, range and filters, and the grid of its panels.

use crate::page::chips::Chips;
use crate::page::range::RangeControl;
use crate::panels::PanelCard;
use crate::state::use_desk;
use crate::wording;
use catalog::{Name, Panel, PanelKind};
use leptos::prelude::*;

/// A dashboard and one of its panels.
type Key = (Name, Name);

#[component]
pub(super) fn DashboardPage() -> impl IntoView {
    let desk = use_desk();
    let dashboard = Memo::new(move |_| {
        let catalog = desk.loaded()?;
        let name = desk.page.with(|page| page.as_ref().map(|page| page.dashboard.clone()))?;
        catalog.dashboard(&name).cloned()
    });
    let title = move || {
        dashboard.with(|dashboard| dashboard.as_ref().map(|d| d.title.clone())).unwrap_or_default()
    };
    // Two dashboards may have panels of the same name, so the key names both.
    let panels = move |is_here: fn(&PanelKind) -> bool| {
        dashboard.with(|dashboard| {
            let Some(dashboard) = dashboard else { return Vec::new() };
            let keyed = |panel: &Panel| {
                (
                    (dashboard.name.clone(), panel.name.clone()),
                    (panel.clone(), dashboard.time.clone()),
                )
            };
            dashboard.panels.iter().filter(|panel| is_here(&panel.kind)).map(keyed).collect()
        })
    };
    let card = |(_, (panel, time)): (Key, (Panel, Name))| view! { <PanelCard panel time /> };
    view! {
        <main class="dashboard" id="panels" tabindex="-1">
            <div class="dashboard-head">
                <div class="dashboard-title">
                    <h1>{title}</h1>
                    <Days />
                </div>
                <RangeControl />
            </div>
            <Chips />
            <div class="kpis">
                <For
                    each=move || panels(|kind| *kind == PanelKind::Kpi)
                    key=|(key, _)| key.clone()
                    children=card
                />
            </div>
            <div class="grid">
                <For
                    each=move || panels(|kind| *kind != PanelKind::Kpi)
                    key=|(key, _)| key.clone()
                    children=card
                />
            </div>
        </main>
    }
}

/// The days that are shown. A live region, so that a change of the range is spoken.
#[component]
fn Days() -> impl IntoView {
    let desk = use_desk();
    let text = move || {
        desk.days.get().map(|days| {
            let n_days = u64::try_from(days.n_days()).unwrap_or_default();
            format!("{} · {}", wording::days(days), wording::counted(n_days, "day", "days"))
        })
    };
    view! { <p class="days" role="status">{text}</p> }
}
