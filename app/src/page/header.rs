//! The head of the page: what lake this is, how fresh it is, who is there.

use crate::browser;
use crate::page::icon::Logo;
use crate::page::offline::OfflineBadge;
use crate::page::theme::ThemeToggle;
use crate::page::{Glyph, Icon};
use crate::state::use_desk;
use coordinator::{Engine, Event, Place, Session};
use leptos::prelude::*;
use protocol::Role;

#[component]
pub(super) fn Header() -> impl IntoView {
    let desk = use_desk();
    let title = move || desk.loaded().map(|catalog| catalog.title.clone()).unwrap_or_default();
    view! {
        <header class="header">
            <div class="header-inner">
                <div class="brand">
                    <Logo />
                    <span class="brand-title">{title}</span>
                </div>
                <Tabs />
                <AsOf />
                <ThemeToggle />
                <User />
            </div>
        </header>
    }
}

/// The dashboards of the catalog, and the tables beneath them.
#[component]
fn Tabs() -> impl IntoView {
    let desk = use_desk();
    let dashboards = move || {
        let catalog = desk.loaded()?;
        let tab = move |dashboard: &catalog::Dashboard| {
            let (name, chosen) = (dashboard.name.clone(), dashboard.name.clone());
            let is_current = move || {
                desk.place.get() == Place::Dashboard
                    && desk
                        .page
                        .with(|page| page.as_ref().is_some_and(|page| page.dashboard == name))
            };
            view! {
                <button
                    type="button"
                    class="tab"
                    data-test="dashboard-tab"
                    aria-current=move || is_current().then_some("page")
                    on:click=move |_| desk.emit(Event::DashboardChosen { dashboard: chosen.clone() })
                >
                    {dashboard.title.clone()}
                </button>
            }
        };
        Some(catalog.dashboards.iter().map(tab).collect_view())
    };
    view! {
        <div class="header-gap">
            <nav class="tabs" aria-label="Pages">
                {dashboards}
                <button
                    type="button"
                    class="tab"
                    data-test="tables-tab"
                    aria-current=move || (desk.place.get() == Place::Tables).then_some("page")
                    on:click=move |_| desk.emit(Event::PlaceChosen { place: Place::Tables })
                >
                    "Tables"
                </button>
            </nav>
        </div>
    }
}

/// When the oldest of the tables was committed, or what the engine is busy with.
#[component]
fn AsOf() -> impl IntoView {
    let desk = use_desk();
    let committed_at_us = Memo::new(move |_| {
        desk.lake.with(|lake| lake.as_ref().and_then(|lake| lake.committed_at_us()))
    });
    let is_busy = Memo::new(move |_| {
        desk.engine.with(|engine| {
            matches!(engine, Engine::Starting | Engine::Ready | Engine::Opening { .. })
        })
    });
    let text = move || {
        let waits = desk.engine.with(|engine| match engine {
            Engine::Starting => Some("Starting the engine…"),
            Engine::Ready | Engine::Opening { .. } => Some("Opening the lake…"),
            Engine::GivenUp { .. } => Some("The engine has stopped"),
            Engine::OpenFailed(_) => Some("The lake is closed"),
            Engine::Open => None,
        });
        match (waits, committed_at_us.get()) {
            (Some(waits), _) => waits.to_owned(),
            (None, Some(at_us)) => format!("Data as of {}", browser::moment(at_us)),
            (None, None) => "Data of unknown age".to_owned(),
        }
    };
    let title = move || committed_at_us.get().map(browser::moment_utc);
    view! {
        <div class="as-of" data-busy=move || is_busy.get().to_string()>
            <span class="as-of-dot" aria-hidden="true"></span>
            <span data-test="as-of" title=title role="status">{text}</span>
            <OfflineBadge />
            <button
                type="button"
                class="icon-button"
                data-test="refresh"
                aria-label="Look for newer data"
                title="Look for newer data"
                disabled=move || is_busy.get()
                on:click=move |_| desk.emit(Event::Refreshed)
            >
                <Icon glyph=Glyph::Refresh />
            </button>
        </div>
    }
}

#[component]
fn User() -> impl IntoView {
    let desk = use_desk();
    let user = move || {
        desk.session.with(|session| match session {
            Session::LoggedIn(session) => session.user.clone(),
            _ => String::new(),
        })
    };
    let role = move || {
        desk.session.with(|session| match session {
            Session::LoggedIn(session) if session.role == Role::Admin => "Admin",
            Session::LoggedIn(_) => "Viewer",
            _ => "",
        })
    };
    let initial = move || user().chars().next().map(|c| c.to_uppercase().to_string());
    view! {
        <div class="user">
            <span class="avatar" aria-hidden="true">{initial}</span>
            <span class="user-name" title=role>{user}</span>
            <button
                type="button"
                class="icon-button"
                data-test="logout"
                aria-label="Log out"
                title="Log out"
                on:click=move |_| desk.emit(Event::LogoutChosen)
            >
                <Icon glyph=Glyph::LogOut />
            </button>
        </div>
    }
}
