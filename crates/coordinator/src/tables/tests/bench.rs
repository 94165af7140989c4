//! A page whose worker a test plays.

use crate::tables::{Held, TablesEvent, Told};
use crate::{Coordinator, Effect, Event, Place, Standing, sample};
use protocol::{
    Ask, At, ColumnDescription, CommitDescription, Cost, ErrorCode, Failure, FileLayout, Files,
    History, RequestId, Role, SessionReply, TableAt, TableDescription, TableKind, Versions,
};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// A page with a worker whose answers the test hands out. Version 9 is the newest one of all tables.
#[derive(Default)]
pub(super) struct Bench {
    pub(super) page: Coordinator,
    pub(super) open: Vec<(RequestId, Ask)>,
    /// What was cancelled; a worker may answer it all the same.
    pub(super) cancelled: HashSet<RequestId>,
    /// Rows that the shell holds.
    pub(super) held: HashSet<RequestId>,
    pub(super) urls: Vec<(Place, String)>,
    pub(super) last_id: u32,
}

impl Bench {
    pub(super) fn at(query: &str) -> Bench {
        let mut bench = Bench::default();
        let (place, lake_url) = (Place::Tables, "https://x/lake/".into());
        bench.emit(Event::Started { place, query: query.into(), lake_url });
        let session = SessionReply { user: "ann".into(), role: Role::Admin, expires_at_us: 0 };
        bench.emit(Event::SessionAnswered(Ok(session)));
        bench.emit(Event::CatalogAnswered(Ok(Arc::new(sample::catalog()))));
        bench.emit(Event::WorkerReady);
        bench
    }

    pub(super) fn emit(&mut self, event: Event) {
        for effect in self.page.handle(event) {
            match effect {
                Effect::Send { id, ask } => {
                    assert!(id.0 > self.last_id, "{id:?} was used before");
                    self.last_id = id.0;
                    assert!(!matches!(ask, Ask::Query(_)), "panels out of sight ask");
                    self.open.push((id, ask));
                }
                Effect::Cancel { id } => assert!(self.cancelled.insert(id), "cancelled twice"),
                Effect::Forget { id } => {
                    self.held.remove(&id);
                }
                Effect::StartWorker { .. } | Effect::StopWorker => self.open.clear(),
                Effect::WriteUrl { place, query } => self.urls.push((place, query)),
                _ => {}
            }
        }
        self.check();
    }

    pub(super) fn tell(&mut self, event: TablesEvent) {
        self.emit(Event::Tables(event));
    }

    /// What must hold at any time.
    fn check(&self) {
        let view = self.page.tables();
        if view.rows.standing == Standing::Current {
            let id = view.rows.shown.expect("rows");
            assert!(self.held.contains(&id), "rows that are shown were dropped");
        }
        let (state, description) = (&view.state, &view.description);
        if let (Standing::Current, Some(shown)) = (&description.standing, &description.shown) {
            assert_eq!(Some(&shown.table.location), state.table.as_ref());
            let is_file = shown.kind == TableKind::Parquet;
            let version = state.version.filter(|_| !is_file);
            assert!(version.is_none_or(|version| shown.version == Some(version)));
        }
        if let (Standing::Current, Some(shown)) = (&view.layout.standing, &view.layout.shown) {
            let file = state.table.as_ref().filter(|table| table.ends_with(".parquet"));
            assert_eq!(Some(&shown.path), file.or(state.file.as_ref()));
        }
    }

    /// Answers the `idx`th open request as the engine would.
    pub(super) fn answer(&mut self, idx: usize) {
        if self.open.is_empty() {
            return;
        }
        let (id, ask) = self.open.remove(idx % self.open.len());
        let told = match ask {
            Ask::Open { .. } => {
                let (tables, extents) = (Vec::new(), Vec::new());
                return self.emit(Event::Opened { id, tables, extents });
            }
            Ask::Describe(table) => Told::Described(Held::new(described(table))),
            Ask::History { before, .. } => Told::History(Held::new(history(before.unwrap_or(10)))),
            Ask::Files { .. } => {
                let (n_files, largest_bytes, files) = (500, 1, Vec::new());
                let files = Files { n_files, largest_bytes, files, cost: Cost::default() };
                Told::Files(Held::new(files))
            }
            Ask::Layout { path, .. } => Told::Layout(Held::new(FileLayout {
                path,
                size_bytes: 1,
                n_rows: 1,
                created_by: None,
                footer_bytes: 1,
                row_groups: Vec::new(),
                cost: Cost::default(),
            })),
            Ask::Rows(_) => {
                if self.page.awaits(id) {
                    self.held.insert(id);
                }
                return self.emit(Event::Replied { id });
            }
            other => panic!("{other:?} is not asked here"),
        };
        self.emit(Event::TableAnswered { id, told });
    }

    pub(super) fn answer_all(&mut self) {
        for _ in 0..100 {
            self.answer(0);
        }
        assert!(self.open.is_empty(), "the page never stops asking");
    }

    pub(super) fn fail(&mut self, code: ErrorCode) {
        let (id, _) = self.open.remove(0);
        self.emit(Event::Failed { id, failure: Failure::new(code, "no") });
    }

    pub(super) fn asks(&self) -> Vec<String> {
        let live = self.open.iter().filter(|(id, _)| !self.cancelled.contains(id));
        live.map(|(_, ask)| match ask {
            Ask::Describe(table) => format!("describe {} {:?}", table.location, table.at),
            Ask::History { location, before, .. } => format!("history {location} {before:?}"),
            Ask::Files { table, offset, .. } => format!("files {:?} {offset}", table.at),
            Ask::Layout { table, path } => format!("layout {:?} {path}", table.at),
            Ask::Rows(spec) => format!("rows {:?} {}", spec.table.at, spec.columns.join(",")),
            _ => "other".to_owned(),
        })
        .collect()
    }
}

fn described(table: TableAt) -> TableDescription {
    let is_file = table.location.ends_with(".parquet");
    let version = match table.at {
        At::Version(version) => version,
        _ => 9,
    };
    let column = |idx: usize| ColumnDescription {
        name: format!("c{idx}"),
        type_text: "long".into(),
        nullable: true,
        is_partition: false,
        comment: None,
        physical_name: None,
        fields: Vec::new(),
    };
    TableDescription {
        kind: if is_file { TableKind::Parquet } else { TableKind::Delta },
        version: (!is_file).then_some(version),
        committed_at_us: Some(version as i64),
        name: None,
        description: None,
        id: None,
        columns: (0..2).map(column).collect(),
        protocol: None,
        properties: BTreeMap::new(),
        n_files: 500,
        size_bytes: 1,
        n_rows: None,
        n_files_with_deletions: 0,
        versions: Some(Versions { oldest: 0, newest: 9 }),
        cost: Cost::default(),
        table,
    }
}

fn history(before: u64) -> History {
    let commit = |version: u64| CommitDescription {
        version,
        committed_at_us: Some(version as i64 * 100),
        operation: None,
        parameters: BTreeMap::new(),
        metrics: BTreeMap::new(),
        engine: None,
        user: None,
        n_added: 0,
        added_bytes: 0,
        n_removed: 0,
        removed_bytes: 0,
        changes_metadata: false,
        changes_protocol: false,
    };
    let commits = (before.saturating_sub(3)..before).rev().map(commit).collect();
    History { commits, oldest_version: None, cost: Cost::default() }
}

pub(super) fn chosen(location: &str) -> TablesEvent {
    TablesEvent::TableChosen { location: location.into() }
}
