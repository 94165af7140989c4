//! The page about tables against a worker that answers late, in any order, or dies.

use super::*;
use crate::{Coordinator, Event, Notice, Place, Session, Standing, View, sample};
use proptest::prelude::*;
use protocol::{
    Ask, At, ColumnDescription, CommitDescription, Cost, Role, SessionReply, TableAt, TableKind,
    Versions,
};
use std::collections::HashSet;
use std::sync::Arc;

/// A page with a worker whose answers the test hands out. Version 9 is the newest one of all tables.
#[derive(Default)]
struct Bench {
    page: Coordinator,
    open: Vec<(RequestId, Ask)>,
    /// What was cancelled; a worker may answer it all the same.
    cancelled: HashSet<RequestId>,
    /// Rows that the shell holds.
    held: HashSet<RequestId>,
    urls: Vec<(Place, String)>,
    last_id: u32,
}

impl Bench {
    fn at(query: &str) -> Bench {
        let mut bench = Bench::default();
        let (place, lake_url) = (Place::Tables, "https://x/lake/".into());
        bench.emit(Event::Started { place, query: query.into(), lake_url });
        let session = SessionReply { user: "ann".into(), role: Role::Admin, expires_at_us: 0 };
        bench.emit(Event::SessionAnswered(Ok(session)));
        bench.emit(Event::CatalogAnswered(Ok(Arc::new(sample::catalog()))));
        bench.emit(Event::WorkerReady);
        bench
    }

    fn emit(&mut self, event: Event) {
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

    fn tell(&mut self, event: TablesEvent) {
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
    fn answer(&mut self, idx: usize) {
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

    fn answer_all(&mut self) {
        for _ in 0..100 {
            self.answer(0);
        }
        assert!(self.open.is_empty(), "the page never stops asking");
    }

    fn fail(&mut self, code: ErrorCode) {
        let (id, _) = self.open.remove(0);
        self.emit(Event::Failed { id, failure: Failure::new(code, "no") });
    }

    fn asks(&self) -> Vec<String> {
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

fn chosen(location: &str) -> TablesEvent {
    TablesEvent::TableChosen { location: location.into() }
}

#[test]
fn a_table_is_described_first_and_its_views_are_of_that_version() {
    let mut bench = Bench::at("table=t");
    bench.answer(0);
    assert_eq!(bench.asks(), ["describe t Newest"]);
    let check = |bench: &mut Bench, view: View, expected: &[&str]| {
        bench.tell(TablesEvent::ViewChosen { view });
        assert_eq!(bench.asks(), expected);
        bench.answer_all();
    };
    bench.answer_all();
    check(&mut bench, View::Protocol, &[]);
    check(&mut bench, View::Files, &["files Version(9) 0"]);
    check(&mut bench, View::Preview, &["rows Version(9) c0,c1"]);
    check(&mut bench, View::History, &["history t None"]);
    bench.tell(TablesEvent::ViewChosen { view: View::Layout });
    assert_eq!(bench.asks(), [""; 0], "files to choose from are known");
    bench.tell(TablesEvent::FileChosen { path: Some("a".into()) });
    assert_eq!(bench.asks(), ["layout Version(9) a"]);
}

#[test]
fn a_file_is_its_own_layout_and_has_no_history() {
    let mut bench = Bench::at("table=a.parquet&view=layout");
    bench.answer_all();
    let view = bench.page.tables();
    assert_eq!(view.state.file, None);
    assert_eq!(view.layout.shown.as_ref().map(|it| it.path.as_str()), Some("a.parquet"));
    bench.tell(TablesEvent::ViewChosen { view: View::History });
    bench.tell(TablesEvent::TravelStarted);
    assert_eq!(bench.asks(), [""; 0]);
}

#[test]
fn a_stale_reply_is_not_shown_and_its_request_is_cancelled() {
    let mut bench = Bench::at("table=t&view=preview");
    bench.answer_all();
    bench.tell(TablesEvent::VersionChosen { version: Some(3) });
    let (third, _) = bench.open[0].clone();
    bench.tell(TablesEvent::VersionChosen { version: Some(4) });
    assert!(bench.cancelled.contains(&third));
    assert_eq!(bench.asks(), ["describe t Version(4)"]);
    bench.answer(0);
    let view = bench.page.tables();
    assert_eq!(view.description.standing, Standing::Waiting);
    let version = view.description.shown.and_then(|it| it.version);
    assert_eq!(version, Some(9), "the last one stays in sight");
    assert_eq!(view.rows.standing, Standing::Waiting);
    bench.answer_all();
    let view = bench.page.tables();
    assert_eq!(view.description.shown.and_then(|it| it.version), Some(4));
    assert_eq!(view.rows.standing, Standing::Current);
}

#[test]
fn nothing_of_one_table_is_shown_for_another() {
    let mut bench = Bench::at("table=t&view=files");
    bench.answer_all();
    bench.tell(chosen("u"));
    let view = bench.page.tables();
    assert_eq!((view.description.shown, view.files.shown), (None, None));
    assert_eq!(view.files.standing, Standing::Waiting);
}

#[test]
fn who_leaves_the_page_waits_for_nothing() {
    let mut bench = Bench::at("table=t&view=files");
    bench.answer(0);
    let (asked, _) = bench.open[0].clone();
    let place = Place::Dashboard;
    for effect in bench.page.handle(Event::PlaceChosen { place }) {
        if let Effect::Cancel { id } = effect {
            bench.cancelled.insert(id);
        }
    }
    assert!(bench.cancelled.contains(&asked));
}

#[test]
fn the_newest_version_is_looked_up_anew_when_it_is_chosen() {
    let mut bench = Bench::at("table=t");
    bench.answer_all();
    bench.tell(TablesEvent::VersionChosen { version: Some(9) });
    bench.answer_all();
    bench.tell(TablesEvent::VersionChosen { version: None });
    assert_eq!(bench.asks(), ["describe t Newest"]);
    bench.answer_all();
    bench.tell(TablesEvent::VersionChosen { version: Some(9) });
    assert_eq!(bench.asks(), [""; 0], "a version never changes");
}

#[test]
fn the_times_of_versions_are_asked_when_the_slider_is_touched() {
    let mut bench = Bench::at("table=t");
    bench.answer_all();
    assert_eq!(bench.page.tables().times.len(), 1);
    bench.tell(TablesEvent::TravelStarted);
    assert_eq!(bench.asks(), ["history t None"]);
    bench.answer_all();
    assert_eq!(bench.page.tables().times.get(&8), Some(&800));
}

#[test]
fn a_failure_is_shown_until_it_is_tried_again() {
    let mut bench = Bench::at("table=t");
    bench.answer(0);
    bench.fail(ErrorCode::NotFound);
    let failed =
        |bench: &Bench| matches!(bench.page.tables().description.standing, Standing::Failed(_));
    assert!(failed(&bench));
    assert_eq!(bench.asks(), [""; 0]);
    bench.tell(TablesEvent::Retried);
    assert_eq!(bench.asks(), ["describe t Newest"]);
    bench.answer_all();
    assert!(!failed(&bench));
}

#[test]
fn only_this_servers_refusal_ends_the_session() {
    let mut bench = Bench::at("table=https%3A%2F%2Fy%2Ft");
    bench.answer(0);
    bench.fail(ErrorCode::Unauthorized);
    assert!(matches!(bench.page.session(), Session::LoggedIn(_)));
    bench.tell(chosen("t"));
    bench.fail(ErrorCode::Unauthorized);
    assert!(matches!(bench.page.session(), Session::LoggedOut(_)));
    assert_eq!(bench.page.notices(), [Notice::SessionEnded]);
    let session = SessionReply { user: "ann".into(), role: Role::Admin, expires_at_us: 0 };
    bench.emit(Event::LoginAnswered(Ok(session)));
    bench.answer_all();
    assert_eq!(bench.page.tables().description.standing, Standing::Current);
}

#[test]
fn a_question_that_kills_the_engine_twice_is_not_asked_again() {
    let mut bench = Bench::at("table=t");
    bench.answer(0);
    for _ in 0..2 {
        bench.open.clear();
        bench.emit(Event::WorkerDied { message: "boom".into() });
        bench.emit(Event::WorkerReady);
        bench.answer(0);
    }
    let Standing::Failed(failure) = bench.page.tables().description.standing else {
        panic!("it is asked again")
    };
    assert!(failure.message.contains("boom"));
    bench.tell(chosen("u"));
    bench.answer_all();
    assert_eq!(bench.page.tables().description.standing, Standing::Current);
}

#[test]
fn the_url_holds_what_is_looked_at_and_back_works() {
    let mut bench = Bench::at("");
    assert_eq!(bench.asks(), ["other"]);
    bench.tell(TablesEvent::LocationOpened { location: "https://y/t".into() });
    bench.tell(TablesEvent::ViewChosen { view: View::Files });
    bench.tell(TablesEvent::FilesTurned { first: 50 });
    bench.tell(TablesEvent::FilesTurned { first: 50 });
    let queries: Vec<&str> = bench.urls.iter().map(|(_, query)| query.as_str()).collect();
    assert_eq!(
        queries,
        [
            "table=https%3A%2F%2Fy%2Ft",
            "table=https%3A%2F%2Fy%2Ft&view=files",
            "table=https%3A%2F%2Fy%2Ft&view=files&first=50",
        ]
    );
    assert_eq!(bench.page.tables().recent, ["https://y/t"]);
    let query = queries[1].to_owned();
    bench.emit(Event::UrlChanged { place: Place::Tables, query });
    assert_eq!(bench.page.tables().state.first_file, 0);
    assert_eq!(bench.urls.len(), 3, "going back writes nothing");
    bench.emit(Event::PlaceChosen { place: Place::Dashboard });
    assert_eq!(bench.urls.last().map(|(place, _)| *place), Some(Place::Dashboard));
}

#[derive(Debug, Clone)]
enum Step {
    Tell(TablesEvent),
    Answer(usize),
    Fail,
    Die,
    Refresh,
}

fn step() -> impl Strategy<Value = Step> {
    let location = prop_oneof![Just("t"), Just("u"), Just("a.parquet"), Just("https://y/t")];
    let event = prop_oneof![
        location.prop_map(chosen),
        proptest::option::of(0..4_u64).prop_map(|version| TablesEvent::VersionChosen { version }),
        (0..6_usize).prop_map(|idx| TablesEvent::ViewChosen { view: View::EVERY[idx] }),
        (0..3_u64).prop_map(|first| TablesEvent::FilesTurned { first }),
        Just(TablesEvent::FileChosen { path: Some("a".into()) }),
        Just(TablesEvent::TravelStarted),
        Just(TablesEvent::Retried),
    ];
    prop_oneof![
        6 => event.prop_map(Step::Tell),
        8 => any::<usize>().prop_map(Step::Answer),
        1 => Just(Step::Fail),
        1 => Just(Step::Die),
        1 => Just(Step::Refresh),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_the_page_ends_with_what_is_looked_at(
        steps in proptest::collection::vec(step(), 0..40)
    ) {
        let mut bench = Bench::at("table=t");
        let mut n_deaths = 0;
        for step in steps {
            match step {
                Step::Tell(event) => bench.tell(event),
                Step::Answer(idx) => bench.answer(idx),
                Step::Fail if !bench.open.is_empty() => bench.fail(ErrorCode::Network),
                Step::Die if n_deaths < 3 => {
                    n_deaths += 1;
                    bench.open.clear();
                    bench.emit(Event::WorkerDied { message: "boom".into() });
                    bench.emit(Event::WorkerReady);
                }
                Step::Refresh => bench.emit(Event::Refreshed),
                Step::Fail | Step::Die => {}
            }
        }
        bench.answer_all();
        bench.emit(Event::Retried);
        bench.tell(TablesEvent::Retried);
        bench.answer_all();
        let view = bench.page.tables();
        prop_assert_eq!(&view.description.standing, &Standing::Current);
        for standing in
            [&view.history.standing, &view.files.standing, &view.layout.standing, &view.rows.standing]
        {
            prop_assert!(matches!(standing, Standing::Current | Standing::Idle), "{:?}", view);
        }
    }
}
