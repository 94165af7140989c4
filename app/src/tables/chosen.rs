//! One table: its head, its versions, its views.

use super::files::FilesView;
use super::frame::PartFrame;
use super::head::TableHead;
use super::history::HistoryView;
use super::layout::LayoutView;
use super::preview::PreviewView;
use super::protocol::ProtocolView;
use super::schema::SchemaView;
use super::tabs::{Tabs, panel_id, tab_id};
use super::travel::TimeTravel;
use crate::state::use_desk;
use coordinator::{Held, Standing, View};
use leptos::prelude::*;
use protocol::TableDescription;

/// A table's description, as it is passed down.
pub(crate) type Described = Held<TableDescription>;

#[component]
pub(super) fn ChosenTable(location: String) -> impl IntoView {
    let desk = use_desk();
    let part = Memo::new(move |_| desk.tables.with(|tables| tables.description.clone()));
    let has_versions = Memo::new(move |_| {
        part.with(|part| part.shown.as_ref().is_some_and(|it| it.versions.is_some()))
    });
    let is_failed = Memo::new(move |_| {
        part.with(|part| matches!(part.standing, Standing::Failed(_)) && part.shown.is_none())
    });
    let head = move |described: Described| {
        view! { <TableHead described location=location.clone() /> }.into_any()
    };
    view! {
        <PartFrame
            name="table"
            part=part
            bones=5
            render=head
        />
        <Show when=move || has_versions.get()>
            <TimeTravel part />
        </Show>
        <Show when=move || !is_failed.get()>
            <Tabs />
            <Views />
        </Show>
    }
}

fn schema(it: Described) -> AnyView {
    view! { <SchemaView it /> }.into_any()
}

fn protocol(it: Described) -> AnyView {
    view! { <ProtocolView it /> }.into_any()
}

/// The view that is chosen.
#[component]
fn Views() -> impl IntoView {
    let desk = use_desk();
    let view = Memo::new(move |_| desk.tables.with(|tables| tables.state.view));
    let part = Memo::new(move |_| desk.tables.with(|tables| tables.description.clone()));
    move || {
        let chosen = view.get();
        let content = match chosen {
            View::Schema => view! {
                <PartFrame name="schema" part bones=8 render=schema />
            }
            .into_any(),
            View::Protocol => view! {
                <PartFrame name="protocol" part bones=6 render=protocol />
            }
            .into_any(),
            View::History => view! { <HistoryView /> }.into_any(),
            View::Files => view! { <FilesView /> }.into_any(),
            View::Layout => view! { <LayoutView /> }.into_any(),
            View::Preview => view! { <PreviewView /> }.into_any(),
        };
        view! {
            <div
                class="tables-view"
                role="tabpanel"
                id=panel_id(chosen)
                aria-labelledby=tab_id(chosen)
                data-test=format!("view-{}", chosen.name())
            >
                {content}
            </div>
        }
    }
}
