//! The signals that components read, and the one way by which they answer.

use crate::answer::{Answer, Grid};
use crate::browser;
use catalog::{Catalog, Dashboard, Name};
use coordinator::{
    CatalogState, Coordinator, Engine, Event, Lake, Notice, Offline, PageState, PanelView, Place,
    Session, Slot, TablesEvent, TablesView,
};
use leptos::prelude::*;
use protocol::RequestId;
use query::DateRange;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Everything that the page shows. The shell writes it; components read it and emit events.
#[derive(Clone, Copy)]
pub(crate) struct Desk {
    pub(crate) session: RwSignal<Session>,
    pub(crate) catalog: RwSignal<CatalogState>,
    pub(crate) engine: RwSignal<Engine>,
    pub(crate) lake: RwSignal<Option<Lake>>,
    /// Why what is shown may be out of date.
    pub(crate) offline: RwSignal<Option<Offline>>,
    pub(crate) place: RwSignal<Place>,
    pub(crate) page: RwSignal<Option<PageState>>,
    pub(crate) tables: RwSignal<TablesView>,
    /// Rows of previews.
    pub(crate) grids: RwSignal<HashMap<RequestId, Arc<Grid>>>,
    /// The days that the lake has.
    pub(crate) extent: RwSignal<Option<DateRange>>,
    /// The days that are shown.
    pub(crate) days: RwSignal<Option<DateRange>>,
    pub(crate) notices: RwSignal<Vec<Notice>>,
    pub(crate) panels: RwSignal<HashMap<Name, PanelView>>,
    pub(crate) answers: RwSignal<HashMap<(Name, Slot), Arc<Answer>>>,
    pub(crate) theme: RwSignal<ThemeChoice>,
    pub(crate) is_system_dark: RwSignal<bool>,
    /// Counts up when fonts have arrived, so that texts are measured anew.
    pub(crate) n_fonts: RwSignal<u32>,
    /// How long the number of each KPI card is, so that all are written in one size.
    pub(crate) n_chars: RwSignal<HashMap<Name, usize>>,
    pub(crate) emit: Callback<Event>,
    painted: StoredValue<HashSet<Name>>,
}

/// What the viewer wants the page to look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ThemeChoice {
    Auto,
    Light,
    Dark,
}

impl ThemeChoice {
    /// The name in storage and in the `data-theme` attribute.
    pub(crate) fn name(self) -> Option<&'static str> {
        match self {
            ThemeChoice::Auto => None,
            ThemeChoice::Light => Some("light"),
            ThemeChoice::Dark => Some("dark"),
        }
    }

    fn stored() -> ThemeChoice {
        match browser::stored_theme().as_deref() {
            Some("light") => ThemeChoice::Light,
            Some("dark") => ThemeChoice::Dark,
            _ => ThemeChoice::Auto,
        }
    }
}

impl Desk {
    pub(crate) fn new(emit: Callback<Event>) -> Desk {
        Desk {
            session: RwSignal::default(),
            catalog: RwSignal::default(),
            engine: RwSignal::default(),
            lake: RwSignal::default(),
            offline: RwSignal::default(),
            place: RwSignal::default(),
            page: RwSignal::default(),
            tables: RwSignal::default(),
            grids: RwSignal::default(),
            extent: RwSignal::default(),
            days: RwSignal::default(),
            notices: RwSignal::default(),
            panels: RwSignal::default(),
            answers: RwSignal::default(),
            theme: RwSignal::new(ThemeChoice::stored()),
            is_system_dark: RwSignal::new(
                browser::dark_query().is_some_and(|query| query.matches()),
            ),
            n_fonts: RwSignal::new(0),
            n_chars: RwSignal::default(),
            emit,
            painted: StoredValue::default(),
        }
    }

    /// Brings every signal to the state of `page`; only what differs is told to components.
    pub(crate) fn follow(&self, page: &Coordinator) {
        set(self.session, page.session().clone());
        set(self.catalog, page.catalog().clone());
        set(self.engine, page.engine().clone());
        set(self.lake, page.lake().cloned());
        set(self.offline, page.offline());
        set(self.place, page.place());
        set(self.page, page.page().cloned());
        set(self.tables, page.tables());
        set(self.extent, page.extent());
        set(self.days, page.days());
        set(self.notices, page.notices().to_vec());
        let panels = self.with_dashboard_of(page, |dashboard| {
            let view =
                |panel: &catalog::Panel| Some((panel.name.clone(), page.panel(&panel.name)?));
            dashboard.panels.iter().filter_map(view).collect()
        });
        set(self.panels, panels.unwrap_or_default());
    }

    fn with_dashboard_of<T>(
        &self,
        page: &Coordinator,
        read: impl FnOnce(&Dashboard) -> T,
    ) -> Option<T> {
        let CatalogState::Loaded(catalog) = page.catalog() else { return None };
        Some(read(catalog.dashboard(&page.page()?.dashboard)?))
    }

    /// The catalog; tracked.
    pub(crate) fn loaded(&self) -> Option<Arc<Catalog>> {
        self.catalog.with(|catalog| match catalog {
            CatalogState::Loaded(catalog) => Some(Arc::clone(catalog)),
            _ => None,
        })
    }

    /// Whether the page is dark at present; tracked.
    pub(crate) fn is_dark(&self) -> bool {
        match self.theme.get() {
            ThemeChoice::Auto => self.is_system_dark.get(),
            ThemeChoice::Light => false,
            ThemeChoice::Dark => true,
        }
    }

    /// Tells the shell.
    pub(crate) fn emit(&self, event: Event) {
        self.emit.run(event);
    }

    /// Tells the shell what happened on the page about tables.
    pub(crate) fn emit_of_tables(&self, event: TablesEvent) {
        self.emit(Event::Tables(event));
    }

    /// Holds the rows of a preview.
    pub(crate) fn keep_grid(&self, id: RequestId, grid: Grid) {
        self.grids.update(|grids| {
            grids.insert(id, Arc::new(grid));
        });
    }

    /// Drops the rows of a preview, if those are of one.
    pub(crate) fn forget_grid(&self, id: RequestId) {
        if self.grids.with_untracked(|grids| grids.contains_key(&id)) {
            self.grids.update(|grids| {
                grids.remove(&id);
            });
        }
    }

    /// Notes that a panel has painted rows, and marks the moments that are measured.
    pub(crate) fn painted(&self, panel: &Name) {
        let n_panels = self.panels.with_untracked(HashMap::len);
        let n_painted = self
            .painted
            .try_update_value(|painted| painted.insert(panel.clone()).then_some(painted.len()));
        let Some(Some(n_painted)) = n_painted else { return };
        if n_painted == 1 {
            browser::mark_time("lakefront:first-panel");
        }
        if n_painted == n_panels {
            browser::mark_time("lakefront:all-panels");
        }
    }
}

/// The desk, which `page` provides to every component below it.
pub(crate) fn use_desk() -> Desk {
    expect_context::<Desk>()
}

fn set<T: PartialEq + Send + Sync + 'static>(signal: RwSignal<T>, value: T) {
    if signal.with_untracked(|old| *old != value) {
        signal.set(value);
    }
}
