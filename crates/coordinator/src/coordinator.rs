//! The state machine: an event changes the state, then the state is settled into effects.
//!
//! Event handlers only note what has happened. `settle` alone derives what is to be sent, shown,
//! cancelled and forgotten, so that no handler can forget a part of it.

mod settle;
mod silence;
mod trouble;

use crate::ledger::{Ids, Ledger};
use crate::panels::Panels;
use crate::tables::Tables;
use crate::{
    CatalogState, Effect, Engine, Event, Lake, Login, Network, Notice, Offline, PageState,
    PanelView, Place, Session, TablesView, Told, Watched, url,
};
use catalog::{Catalog, Name};
use protocol::{ErrorCode, Failure, RequestId};
use query::{DateRange, QuerySpec};
use std::collections::BTreeSet;
use std::sync::Arc;

/// How often the worker may die without an answer in between before it is given up.
const MAX_DEATHS_IN_A_ROW: u32 = 4;

/// The page's state. See the module's documentation.
#[derive(Debug, Default)]
pub struct Coordinator {
    session: Session,
    catalog: CatalogState,
    engine: Engine,
    lake: Option<Lake>,
    place: Place,
    page: Option<PageState>,
    tables: Tables,
    notices: Vec<Notice>,
    panels: Panels,
    ledger: Ledger<QuerySpec>,
    ids: Ids,
    /// Ids whose rows the shell holds.
    held: BTreeSet<RequestId>,
    url_query: String,
    lake_url: String,
    /// Whose answers are held.
    user: Option<String>,
    n_deaths: u32,
    n_starts: u32,
    /// What is watched and has not come in its time.
    overdue: BTreeSet<Watched>,
    /// After a death, questions go out one by one until all are answered, to find the culprit.
    is_cautious: bool,
    is_refresh: bool,
    /// Whether the lake was opened anew for a file that had changed, and nothing was answered since.
    is_after_change: bool,
    /// Whether the engine is still to remove what it keeps beyond the page.
    owes_forgetting: bool,
    network: Network,
    /// Whether the browser was told to keep the page's own files.
    is_page_kept: bool,
}

impl Coordinator {
    /// Takes an event in and says what is to be done, in this order.
    pub fn handle(&mut self, event: Event) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.note(event, &mut effects);
        self.settle(&mut effects);
        self.watch(&mut effects);
        effects
    }

    /// Who is there.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Whether the catalog is there.
    pub fn catalog(&self) -> &CatalogState {
        &self.catalog
    }

    /// Where the engine stands.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The lake as it was last opened.
    pub fn lake(&self) -> Option<&Lake> {
        self.lake.as_ref()
    }

    /// Why what is shown may be out of date; `None` when it is not.
    pub fn offline(&self) -> Option<Offline> {
        let since_us = self.lake.as_ref().and_then(Lake::stale_since_us);
        if since_us.is_none() && self.network == Network::Present {
            return None;
        }
        let tables = self.lake.iter().flat_map(|lake| &lake.tables);
        let stale = tables.filter(|table| table.stale_since_us.is_some());
        Some(Offline { since_us, tables: stale.map(|table| table.table.clone()).collect() })
    }

    /// Which part of the page is shown.
    pub fn place(&self) -> Place {
        self.place
    }

    /// What the viewer sees of the tables. While the engine has stopped for good, why.
    pub fn tables(&self) -> TablesView {
        self.tables.view()
    }

    /// What the viewer has chosen; `None` until the catalog is there.
    pub fn page(&self) -> Option<&PageState> {
        self.page.as_ref()
    }

    /// What the viewer is to be told, oldest first.
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// The days that the tables of the dashboard have of its time dimension.
    pub fn extent(&self) -> Option<DateRange> {
        let (lake, time, tables) = self.shown_tables()?;
        lake.extent(tables, time)
    }

    /// The days that are shown. A preset ends at the last day of a table of the dashboard that is not
    /// in the future of its commit; see [`Lake::last_day`].
    pub fn days(&self) -> Option<DateRange> {
        let (lake, time, tables) = self.shown_tables()?;
        let (extent, last) = (lake.extent(tables.clone(), time)?, lake.last_day(tables, time)?);
        Some(self.page.as_ref()?.range.days(extent, last))
    }

    /// The lake, and the time dimension and the tables of the dashboard.
    fn shown_tables(&self) -> Option<(&Lake, &Name, impl Iterator<Item = &Name> + Clone)> {
        let (catalog, page, lake) = (self.loaded()?, self.page.as_ref()?, self.lake.as_ref()?);
        let dashboard = catalog.dashboard(&page.dashboard)?;
        let panels = dashboard.panels.iter();
        let tables = panels.filter_map(|panel| Some(&catalog.measure(&panel.measure)?.0.name));
        Some((lake, &dashboard.time, tables))
    }

    /// What the viewer sees of a panel of the dashboard that is shown.
    pub fn panel(&self, name: &Name) -> Option<PanelView> {
        let stopped = match &self.engine {
            Engine::OpenFailed(failure) => Some(failure.clone()),
            Engine::GivenUp { message } => Some(Failure::new(
                ErrorCode::Internal,
                format!("the engine has stopped: {message}"),
            )),
            _ => None,
        };
        self.panels.view(name, stopped.as_ref())
    }

    /// Whether somebody waits for the answer to the request of that id; if not, its rows need not
    /// even be decoded.
    pub fn awaits(&self, id: RequestId) -> bool {
        self.ledger.awaits(id) || self.tables.awaits(id)
    }

    fn loaded(&self) -> Option<&Arc<Catalog>> {
        match &self.catalog {
            CatalogState::Loaded(catalog) => Some(catalog),
            _ => None,
        }
    }

    fn note(&mut self, event: Event, effects: &mut Vec<Effect>) {
        match event {
            Event::Started { place, query, lake_url } => {
                self.place = place;
                self.url_query = query;
                self.read_url();
                self.lake_url = lake_url;
                effects.push(Effect::AskSession);
                self.start_worker(0, effects);
            }
            Event::UrlChanged { place, query } => {
                self.place = place;
                self.url_query = query;
                self.read_url();
            }

            Event::SessionAnswered(Ok(session)) | Event::LoginAnswered(Ok(session)) => {
                if self.user.as_ref().is_some_and(|user| *user != session.user) {
                    self.forget_all(effects);
                    self.owes_forgetting = true;
                }
                self.user = Some(session.user.clone());
                self.notices.retain(|notice| *notice != Notice::SessionEnded);
                self.session = Session::LoggedIn(session);
                // With the catalog of before, the lake is opened anew: its tables may have changed.
                if self.loaded().is_none() {
                    self.catalog = CatalogState::Awaited;
                    effects.push(Effect::FetchCatalog);
                }
            }
            Event::SessionAnswered(Err(failure)) => {
                self.session = match failure.code {
                    ErrorCode::Unauthorized => Session::LoggedOut(Login::Idle),
                    _ => Session::Unreachable(failure),
                };
            }
            Event::LoginSubmitted(request) => {
                if self.session != Session::LoggedOut(Login::Sending) {
                    self.session = Session::LoggedOut(Login::Sending);
                    effects.push(Effect::LogIn(request));
                }
            }
            Event::LoginAnswered(Err(failure)) => {
                self.session = Session::LoggedOut(Login::Refused(failure));
            }
            Event::LogoutChosen => effects.push(Effect::LogOut),
            Event::LogoutAnswered(Ok(())) => self.leave(effects),
            Event::LoggedOutElsewhere => {
                if matches!(self.session, Session::LoggedIn(_)) {
                    self.leave(effects);
                }
            }
            Event::LogoutAnswered(Err(failure)) => self.tell(Notice::LogoutFailed(failure)),
            Event::CatalogAnswered(answer) => self.note_catalog(answer, effects),

            Event::NetworkChanged { network } => self.note_network(network, effects),

            Event::WorkerReady => self.engine = Engine::Ready,
            Event::Opened { id, tables, extents } => {
                if self.engine == (Engine::Opening { id }) {
                    self.engine = Engine::Open;
                    self.note_lake(Lake { tables, extents });
                }
            }
            Event::Replied { id } => {
                if self.ledger.answered(id) {
                    self.n_deaths = 0;
                    self.is_after_change = false;
                    self.held.insert(id);
                } else if !self.tables.answered(id, Told::Rows(id)) {
                    effects.push(Effect::Forget { id });
                }
            }
            Event::TableAnswered { id, told } => {
                if self.tables.answered(id, told) {
                    self.n_deaths = 0;
                }
            }
            Event::Failed { id, failure } => self.note_failure(id, failure, effects),
            Event::WorkerDied { message } => self.note_death(message, effects),
            Event::Overdue { watched } => self.note_overdue(watched),
            Event::RestartChosen => self.restart(effects),

            Event::PlaceChosen { place } => {
                self.place = place;
                self.write_url(effects);
            }
            Event::Tables(event) => {
                if self.tables.note(event) {
                    self.write_url(effects);
                }
            }
            Event::DashboardChosen { dashboard } => {
                let page = self.loaded().and_then(|catalog| PageState::new(catalog, &dashboard));
                if let (Some(new), Some(old)) = (page, &self.page) {
                    let page = PageState {
                        range: old.range,
                        selection: old.selection.clone(),
                        memory: old.memory,
                        ..new
                    };
                    let was_elsewhere = self.place != Place::Dashboard;
                    self.place = Place::Dashboard;
                    if was_elsewhere && self.page.as_ref() == Some(&page) {
                        self.write_url(effects);
                    }
                    self.choose(page, effects);
                }
            }
            Event::RangeChosen { range } => self.change(effects, |page| page.range = range),
            Event::Toggled { dimension, value } => {
                self.change(effects, |page| page.selection.toggle(&dimension, value));
            }
            Event::DimensionCleared { dimension } => {
                self.change(effects, |page| page.selection.remove(&dimension));
            }
            Event::SelectionCleared => {
                self.change(effects, |page| page.selection = query::Selection::default());
            }
            Event::Refreshed => {
                self.tables.outdate();
                if self.engine == Engine::Open {
                    self.is_refresh = true;
                    self.close(effects);
                }
            }
            Event::PanelRetried { panel } => self.panels.retry(&panel),
            Event::Retried => self.retry(effects),
            Event::NoticeDismissed { notice } => {
                if notice == Notice::EngineSilent {
                    self.wait_on();
                }
                self.notices.retain(|told| *told != notice);
            }
        }
    }

    fn note_catalog(&mut self, answer: Result<Arc<Catalog>, Failure>, effects: &mut Vec<Effect>) {
        match answer {
            Ok(catalog) => {
                self.close(effects);
                self.blank(effects);
                self.ledger = Ledger::default();
                self.panels = Panels::default();
                self.lake = None;
                self.page = None;
                self.catalog = CatalogState::Loaded(catalog);
                self.read_url();
            }
            Err(failure) if failure.code == ErrorCode::Unauthorized => self.end_session(effects),
            Err(failure) => self.catalog = CatalogState::Failed(failure),
        }
    }

    fn note_lake(&mut self, lake: Lake) {
        if self.lake.as_ref().is_some_and(|held| held.is_same_state(&lake)) {
            self.panels.reconnect();
            if self.is_refresh {
                self.tell(match lake.stale_since_us() {
                    Some(_) => Notice::StillOffline,
                    None => Notice::NothingNew,
                });
            }
        } else {
            self.ledger.drop_answers();
            self.panels.outdate();
        }
        self.is_refresh = false;
        self.lake = Some(lake);
    }

    fn tell(&mut self, notice: Notice) {
        if !self.notices.contains(&notice) {
            self.notices.push(notice);
        }
    }

    fn read_url(&mut self) {
        let of_dashboard = if self.place == Place::Dashboard { &self.url_query } else { "" };
        let read = self.loaded().and_then(|catalog| url::read(catalog, of_dashboard));
        let ignored = match (self.place, read) {
            (Place::Dashboard, Some((page, ignored))) => {
                self.page = Some(page);
                ignored
            }
            (Place::Dashboard, None) => return,
            (Place::Tables, read) => {
                self.page = self.page.take().or(read.map(|(page, _)| page));
                self.tables.read_url(&self.url_query)
            }
        };
        self.notices.retain(|notice| !matches!(notice, Notice::IgnoredParameters { .. }));
        if !ignored.is_empty() {
            self.tell(Notice::IgnoredParameters { names: ignored });
        }
    }

    /// Writes what is shown into the URL.
    fn write_url(&mut self, effects: &mut Vec<Effect>) {
        self.url_query = match (self.place, &self.page) {
            (Place::Tables, _) => self.tables.write_url(),
            (Place::Dashboard, Some(page)) => {
                self.loaded().map(|catalog| url::write(catalog, page)).unwrap_or_default()
            }
            (Place::Dashboard, None) => String::new(),
        };
        let (place, query) = (self.place, self.url_query.clone());
        effects.push(Effect::WriteUrl { place, query });
        self.notices.retain(|notice| !matches!(notice, Notice::IgnoredParameters { .. }));
    }

    fn change(&mut self, effects: &mut Vec<Effect>, change: impl FnOnce(&mut PageState)) {
        if let Some(mut page) = self.page.clone() {
            change(&mut page);
            self.choose(page, effects);
        }
    }

    fn choose(&mut self, page: PageState, effects: &mut Vec<Effect>) {
        if self.page.as_ref() == Some(&page) {
            return;
        }
        self.page = Some(page);
        self.write_url(effects);
    }
}

#[cfg(test)]
mod tests;
