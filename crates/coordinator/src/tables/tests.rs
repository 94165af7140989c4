//! The page about tables against a worker that answers late, in any order, or dies.

mod bench;
mod law;

use crate::tables::TablesEvent;
use crate::{Effect, Event, Notice, Place, Session, Standing, View};
use bench::{Bench, chosen};
use protocol::{ErrorCode, Role, SessionReply};

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
