//! The page around the panels: log-in, header, filters, notices.

mod chips;
mod dashboard;
mod header;
mod icon;
mod login;
mod notices;
mod offline;
mod range;
mod stop;
mod theme;

pub(crate) use icon::{Glyph, Icon};
pub(crate) use stop::Stop;

use crate::shell::Shell;
use crate::state::{Desk, use_desk};
use crate::tables::TablesPage;
use crate::wording;
use coordinator::{CatalogState, Event, Place, Session};
use dashboard::DashboardPage;
use header::Header;
use leptos::prelude::*;
use login::LoginPage;
use notices::Notices;

/// Mounts the page into the document's body and starts it.
pub fn start() {
    console_error_panic_hook::set_once();
    if let Some(splash) = browser_element("splash") {
        splash.remove();
    }
    mount_to_body(Page);
}

fn browser_element(id: &str) -> Option<web_sys::Element> {
    crate::browser::window()?.document()?.get_element_by_id(id)
}

/// Which part of the page is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Nothing,
    Login,
    Stopped,
    Dashboard,
    Tables,
}

fn part(desk: Desk) -> Part {
    let is_loaded = desk.catalog.with(|catalog| matches!(catalog, CatalogState::Loaded(_)));
    let is_failed = desk.catalog.with(|catalog| matches!(catalog, CatalogState::Failed(_)));
    desk.session.with(|session| match session {
        Session::Asking => Part::Nothing,
        Session::Unreachable(_) => Part::Stopped,
        Session::LoggedOut(_) => Part::Login,
        Session::LoggedIn(_) if is_loaded => match desk.place.get() {
            Place::Dashboard => Part::Dashboard,
            Place::Tables => Part::Tables,
        },
        Session::LoggedIn(_) if is_failed => Part::Stopped,
        Session::LoggedIn(_) => Part::Nothing,
    })
}

/// The dashboard and the lake; to somebody who is not logged in, neither.
fn title(desk: Desk) -> String {
    let part = part(desk);
    let is_shown = matches!(part, Part::Dashboard | Part::Tables);
    let catalog = desk.loaded().filter(|_| is_shown);
    if let (Part::Tables, Some(catalog)) = (part, &catalog) {
        let table = desk.tables.with(|tables| tables.state.table.clone());
        let table = table.map_or_else(|| "Tables".to_owned(), |it| wording::last_segment(&it));
        return format!("{table} · {}", catalog.title);
    }
    let dashboard = |catalog: &catalog::Catalog| {
        let name = desk.page.with(|page| page.as_ref().map(|page| page.dashboard.clone()))?;
        Some(format!("{} · {}", catalog.dashboard(&name)?.title, catalog.title))
    };
    catalog.and_then(|catalog| dashboard(&catalog)).unwrap_or_else(|| "Lakefront".to_owned())
}

#[component]
fn Page() -> impl IntoView {
    let desk = Shell::start();
    provide_context(desk);
    let theme = Memo::new(move |_| desk.theme.get());
    Effect::new(move |_| crate::browser::apply_theme(theme.get().name()));
    let part = Memo::new(move |_| part(desk));
    Effect::new(move |_| crate::browser::set_title(&title(desk)));
    view! {
        {move || match part.get() {
            Part::Nothing => view! { <Waiting /> }.into_any(),
            Part::Login => view! { <LoginPage /> }.into_any(),
            Part::Stopped => view! { <Stopped /> }.into_any(),
            Part::Tables => {
                view! {
                    <a class="skip-link" href="#panels">"Skip to the table"</a>
                    <Header />
                    <Notices />
                    <TablesPage />
                }
                    .into_any()
            }
            Part::Dashboard => {
                view! {
                    <a class="skip-link" href="#panels">"Skip to the panels"</a>
                    <Header />
                    <Notices />
                    <DashboardPage />
                }
                    .into_any()
            }
        }}
    }
}

/// What is shown for the moment in which the server is asked who is there.
#[component]
fn Waiting() -> impl IntoView {
    view! { <main class="waiting" aria-busy="true" aria-label="Loading"><span class="spinner"></span></main> }
}

/// The server or the catalog cannot be reached.
#[component]
fn Stopped() -> impl IntoView {
    let desk = use_desk();
    let message = move || {
        let of_session = desk.session.with(|session| match session {
            Session::Unreachable(failure) => Some(failure.message.clone()),
            _ => None,
        });
        let of_catalog = || {
            desk.catalog.with(|catalog| match catalog {
                CatalogState::Failed(failure) => Some(failure.message.clone()),
                _ => None,
            })
        };
        of_session.or_else(of_catalog).unwrap_or_default()
    };
    view! {
        <main class="waiting">
            <Stop
                title="Lakefront cannot show the lake"
                message=Signal::derive(message)
                on_retry=Callback::new(move |()| desk.emit(Event::Retried))
            />
        </main>
    }
}
