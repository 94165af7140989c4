//! A page with a shell and a worker whose answers a test hands out in any order.

use crate::coordinator::Coordinator;
use crate::{CatalogState, Effect, Event, Phase, Place, Slot, Watched, plan, sample};
use crate::{Engine, Notice};
use catalog::{Catalog, Name};
use protocol::{Ask, ErrorCode, Extent, Failure, RequestId, Role, SessionReply, TableVersion};
use query::{DateRange, QuerySpec};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

pub(super) fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

pub(super) fn session(user: &str) -> SessionReply {
    SessionReply { user: user.into(), role: Role::Admin, expires_at_us: 0 }
}

pub(super) fn extent() -> DateRange {
    DateRange { first: "2018-01-01".parse().unwrap(), last: "2018-12-31".parse().unwrap() }
}

/// A page with a shell and a worker whose answers the test hands out.
#[derive(Default)]
pub(super) struct Bench {
    pub(super) page: Coordinator,
    pub(super) specs: HashMap<RequestId, QuerySpec>,
    /// Sent and not answered; a worker may answer what was cancelled a moment ago.
    pub(super) open: Vec<RequestId>,
    pub(super) cancelled: HashSet<RequestId>,
    pub(super) opening: Option<RequestId>,
    pub(super) shown: HashMap<(Name, Slot), RequestId>,
    pub(super) held: HashSet<RequestId>,
    pub(super) urls: Vec<String>,
    pub(super) n_starts: usize,
    /// Everything whose time runs, or has run.
    pub(super) watched: Vec<Watched>,
    pub(super) n_forgotten: usize,
    pub(super) others: Vec<Effect>,
    pub(super) last_id: u32,
    pub(super) lake_version: u64,
    /// Since when the lake that is opened is out of date.
    pub(super) stale_since_us: Option<i64>,
}

impl Bench {
    /// A page that shows its panels, all answered.
    pub(super) fn ready() -> Bench {
        let mut bench = Bench::opened("");
        bench.answer_all();
        bench
    }

    /// A page with an open lake whose questions wait for answers.
    pub(super) fn opened(query: &str) -> Bench {
        Bench::of(sample::catalog(), query)
    }

    /// The same over another catalog.
    pub(super) fn of(catalog: Catalog, query: &str) -> Bench {
        let mut bench = Bench::default();
        bench.emit(Event::Started {
            place: Place::Dashboard,
            query: query.into(),
            lake_url: "https://x/lake/".into(),
        });
        bench.emit(Event::SessionAnswered(Ok(session("ann"))));
        bench.emit(Event::WorkerReady);
        bench.emit(Event::CatalogAnswered(Ok(Arc::new(catalog))));
        bench.answer_open();
        bench
    }

    pub(super) fn emit(&mut self, event: Event) {
        let effects = self.page.handle(event);
        self.check_watches(&effects);
        for effect in effects {
            self.obey(effect);
        }
        self.check();
    }

    pub(super) fn obey(&mut self, effect: Effect) {
        match effect {
            Effect::Send { id, ask } => {
                assert!(id.0 > self.last_id, "{id:?} was used before");
                self.last_id = id.0;
                match ask {
                    Ask::Open { .. } => self.opening = Some(id),
                    Ask::Query(spec) => {
                        self.specs.insert(id, spec);
                        self.open.push(id);
                    }
                    Ask::Forget => {
                        assert_eq!(self.opening, None, "a lake is open while it is forgotten");
                        self.n_forgotten += 1;
                    }
                    other => panic!("{other:?} is never sent by the page"),
                }
            }
            Effect::Cancel { id } => {
                assert!(self.open.contains(&id) || self.opening == Some(id), "{id:?} is not open");
                assert!(self.cancelled.insert(id), "{id:?} is cancelled twice");
            }
            Effect::Show { panel, slot, id } => {
                assert!(self.held.contains(&id), "{id:?} has no rows");
                let wanted = self.wanted(&panel, slot);
                assert_eq!(self.specs.get(&id), wanted.as_ref(), "stale rows in {panel}");
                self.shown.insert((panel, slot), id);
            }
            Effect::Blank { panel, slot } => {
                assert!(self.shown.remove(&(panel, slot)).is_some());
            }
            Effect::Forget { id } => {
                assert!(!self.shown.values().any(|shown| *shown == id), "{id:?} is shown");
                self.held.remove(&id);
            }
            Effect::StartWorker { .. } | Effect::StopWorker => {
                self.n_starts += usize::from(matches!(effect, Effect::StartWorker { .. }));
                self.open.clear();
                self.opening = None;
            }
            Effect::Watch { watched, .. } => self.watched.push(watched),
            Effect::WriteUrl { query, .. } => self.urls.push(query),
            other => self.others.push(other),
        }
    }

    /// Whatever is asked and whatever is started is watched, once, and nothing else is.
    fn check_watches(&self, effects: &[Effect]) {
        let mut expected = Vec::new();
        let mut n_starts = self.n_starts as u32;
        for effect in effects {
            match effect {
                Effect::Send { ask: Ask::Forget, .. } => {}
                Effect::Send { id, .. } => expected.push(Watched::Request(*id)),
                Effect::StartWorker { .. } => {
                    n_starts += 1;
                    expected.push(Watched::Start(n_starts));
                }
                _ => {}
            }
        }
        let watched = |effect: &Effect| match effect {
            Effect::Watch { watched, .. } => Some(*watched),
            _ => None,
        };
        let mut found: Vec<Watched> = effects.iter().filter_map(watched).collect();
        expected.sort();
        found.sort();
        assert_eq!(found, expected);
    }

    /// Whether the page waits for the engine in that matter.
    pub(super) fn waits_for(&self, watched: Watched) -> bool {
        match watched {
            Watched::Start(n) => {
                n as usize == self.n_starts && *self.page.engine() == Engine::Starting
            }
            Watched::Request(id) => {
                self.opening == Some(id) || self.open.contains(&id) && !self.cancelled.contains(&id)
            }
        }
    }

    /// The time of something is up that was watched.
    pub(super) fn overdue(&mut self, idx: usize) {
        if self.watched.is_empty() {
            return;
        }
        let watched = self.watched[idx % self.watched.len()];
        let is_told = |bench: &Bench| bench.page.notices().contains(&Notice::EngineSilent);
        let is_expected = self.waits_for(watched) || is_told(self);
        self.emit(Event::Overdue { watched });
        assert_eq!(is_told(self), is_expected, "{watched:?}");
    }

    /// What must hold at any time.
    pub(super) fn check(&self) {
        let live: Vec<&QuerySpec> = self
            .open
            .iter()
            .filter(|id| !self.cancelled.contains(id))
            .map(|id| &self.specs[id])
            .collect();
        let distinct: HashSet<&QuerySpec> = live.iter().copied().collect();
        assert_eq!(live.len(), distinct.len(), "a question is in flight twice");
        let wanted = self.all_wanted();
        for spec in live {
            assert!(wanted.values().any(|want| want == spec), "nobody waits for {spec:?}");
        }
        for id in self.shown.values() {
            assert!(self.held.contains(id), "the rows that are shown were dropped");
        }
    }

    pub(super) fn wanted(&self, panel: &Name, slot: Slot) -> Option<QuerySpec> {
        self.all_wanted().remove(&(panel.clone(), slot))
    }

    pub(super) fn all_wanted(&self) -> HashMap<(Name, Slot), QuerySpec> {
        let (CatalogState::Loaded(catalog), Some(page)) = (self.page.catalog(), self.page.page())
        else {
            return HashMap::new();
        };
        let dashboard = catalog.dashboard(&page.dashboard).unwrap();
        let range = page.range.days(extent(), extent().last);
        let ask = |panel: &catalog::Panel, slot| {
            let (table, measure) = catalog.measure(&panel.measure).unwrap();
            let selection = &plan::reached(catalog, table, &page.selection).selection;
            let (time, additivity) = (&dashboard.time, measure.adds_up());
            let known = Some(extent());
            let scope = plan::Scope { time, selection, range, additivity, known };
            let spec = plan::question(panel, slot, scope)?;
            Some(((panel.name.clone(), slot), spec))
        };
        dashboard
            .panels
            .iter()
            .flat_map(|panel| Slot::EVERY.into_iter().filter_map(move |slot| ask(panel, slot)))
            .collect()
    }

    pub(super) fn answer_open(&mut self) {
        let Some(id) = self.opening.take() else { return };
        let CatalogState::Loaded(catalog) = self.page.catalog() else { return };
        let table = |table: &catalog::Table| TableVersion {
            table: table.name.clone(),
            version: Some(self.lake_version),
            committed_at_us: Some(1),
            n_files: 1,
            size_bytes: 1,
            stale_since_us: self.stale_since_us,
        };
        let tables: Vec<TableVersion> = catalog.tables.iter().map(table).collect();
        let days = |table: &catalog::Table| Extent {
            table: table.name.clone(),
            dimension: name("day"),
            range: Some(extent()),
            last_by_commit: Some(extent().last),
        };
        let extents = catalog.tables.iter().map(days).collect();
        self.emit(Event::Opened { id, tables, extents });
    }

    pub(super) fn answer(&mut self, idx: usize) {
        if self.open.is_empty() {
            return;
        }
        let id = self.open.remove(idx % self.open.len());
        if self.page.awaits(id) {
            self.held.insert(id);
        }
        self.emit(Event::Replied { id });
    }

    pub(super) fn answer_all(&mut self) {
        for _ in 0..1_000 {
            if self.open.is_empty() {
                return;
            }
            self.answer(0);
        }
        panic!("the page never stops asking");
    }

    pub(super) fn fail(&mut self, idx: usize, code: ErrorCode) {
        if !self.open.is_empty() {
            let id = self.open.remove(idx % self.open.len());
            self.emit(Event::Failed { id, failure: Failure::new(code, "no") });
        }
    }

    pub(super) fn die(&mut self) {
        self.open.clear();
        self.opening = None;
        self.emit(Event::WorkerDied { message: "out of memory".into() });
    }

    pub(super) fn revive(&mut self) {
        self.emit(Event::WorkerReady);
        self.answer_open();
    }

    pub(super) fn toggle(&mut self, dimension: &str, value: &str) {
        self.emit(Event::Toggled { dimension: name(dimension), value: Some(value.into()) });
    }

    pub(super) fn phases(&self) -> Vec<Phase> {
        let CatalogState::Loaded(catalog) = self.page.catalog() else { return Vec::new() };
        let dashboard = catalog.dashboard(&self.page.page().unwrap().dashboard).unwrap();
        dashboard.panels.iter().map(|p| self.page.panel(&p.name).unwrap().phase).collect()
    }

    pub(super) fn is_complete(&self) -> bool {
        let shown: HashMap<_, _> =
            self.shown.iter().map(|(place, id)| (place.clone(), self.specs[id].clone())).collect();
        shown == self.all_wanted() && self.phases().iter().all(|phase| *phase == Phase::Ready)
    }
}
