//! The page against a worker that answers late, in any order, wrongly, or dies.

mod bench;
mod offline;
mod reach;
mod silence;

use super::*;
use crate::{Comparison, Freshness, Phase, RangeChoice, sample};
use bench::{Bench, name, session};
use catalog::RangePreset;
use proptest::prelude::*;
use protocol::{Extent, LoginRequest};
use query::QuerySpec;
use std::collections::HashSet;

#[test]
fn a_page_opens_asks_and_shows() {
    let mut bench = Bench::opened("?status=paid");
    assert_eq!(bench.phases(), vec![Phase::Loading; 5]);
    // The sparkline of revenue and the line of revenue are one question.
    bench.answer_all();
    assert!(bench.is_complete());
    let distinct: HashSet<QuerySpec> = bench.all_wanted().into_values().collect();
    assert_eq!(bench.specs.len(), distinct.len());
    assert!(bench.all_wanted().len() > distinct.len());
}

#[test]
fn old_rows_stay_until_the_new_ones_come() {
    let mut bench = Bench::ready();
    let before = bench.shown.clone();
    bench.toggle("status", "paid");
    assert_eq!(bench.shown, before);
    let view = |bench: &Bench, panel: &str| bench.page.panel(&name(panel)).unwrap();
    assert_eq!(view(&bench, "revenue").phase, Phase::Refreshing);
    assert_eq!(view(&bench, "revenue").freshness, Freshness::Outdated);
    assert_eq!(view(&bench, "revenue").comparison, Comparison::Awaited);
    // The donut over the status does not ask again: it is not filtered by itself.
    assert_eq!(view(&bench, "by_status").phase, Phase::Ready);
    bench.answer_all();
    assert!(bench.is_complete());
    assert_eq!(view(&bench, "revenue").comparison, Comparison::Known);
}

#[test]
fn back_and_forth_needs_no_question() {
    let mut bench = Bench::ready();
    bench.toggle("status", "paid");
    bench.answer_all();
    let n_asked = bench.specs.len();
    bench.toggle("status", "paid");
    assert!(bench.is_complete());
    bench.emit(Event::UrlChanged {
        place: Place::Dashboard,
        query: "range=last90_days&status=paid".into(),
    });
    assert!(bench.is_complete());
    assert_eq!(bench.specs.len(), n_asked);
    assert_eq!(bench.urls, ["range=last90_days&status=paid", "range=last90_days"]);
}

#[test]
fn what_nobody_waits_for_is_cancelled() {
    let mut bench = Bench::ready();
    bench.toggle("status", "paid");
    let sent = bench.open.len();
    bench.toggle("status", "paid");
    assert_eq!(bench.cancelled.len(), sent);
    assert!(bench.is_complete());
}

#[test]
fn a_period_that_the_lake_lacks_is_not_compared() {
    let mut bench = Bench::ready();
    bench.emit(Event::RangeChosen { range: RangeChoice::Preset(RangePreset::All) });
    bench.answer_all();
    assert!(bench.is_complete());
    assert_eq!(bench.page.panel(&name("revenue")).unwrap().comparison, Comparison::NoEarlierPeriod);
}

#[test]
fn the_page_outlives_its_worker() {
    let mut bench = Bench::opened("");
    bench.answer(0);
    bench.die();
    assert!(matches!(bench.page.notices(), [Notice::EngineRestarted { .. }]));
    bench.revive();
    bench.answer_all();
    assert!(bench.is_complete());
    assert_eq!(bench.n_starts, 2);
}

#[test]
fn a_worker_that_dies_again_and_again_is_given_up() {
    let mut bench = Bench::ready();
    for _ in 0..MAX_DEATHS_IN_A_ROW {
        bench.die();
    }
    assert!(matches!(bench.page.engine(), Engine::GivenUp { .. }));
    bench.toggle("status", "paid");
    bench.emit(Event::Retried);
    bench.revive();
    bench.answer_all();
    assert!(bench.is_complete());
}

#[test]
fn one_question_that_kills_the_worker_does_not_take_the_page() {
    let mut bench = Bench::opened("");
    let is_poison = |spec: &QuerySpec| spec.limit.is_some();
    for _ in 0..100 {
        match bench.open.iter().position(|id| is_poison(&bench.specs[id])) {
            Some(_) => {
                bench.die();
                bench.revive();
            }
            None if bench.open.is_empty() => break,
            None => bench.answer(0),
        }
    }
    let failed: Vec<bool> =
        bench.phases().iter().map(|phase| matches!(phase, Phase::Failed(_))).collect();
    assert_eq!(failed, [false, false, false, true, false]);
    assert_eq!(bench.page.engine(), &Engine::Open);
    bench.emit(Event::PanelRetried { panel: name("by_product") });
    bench.answer_all();
    assert!(bench.is_complete());
}

#[test]
fn an_ended_session_keeps_what_was_chosen() {
    let mut bench = Bench::ready();
    bench.toggle("product", "hat");
    bench.fail(0, ErrorCode::Unauthorized);
    assert_eq!(bench.page.session(), &Session::LoggedOut(Login::Idle));
    assert_eq!(bench.page.notices(), [Notice::SessionEnded]);
    let login = LoginRequest { user: "ann".into(), password: "x".into() };
    bench.emit(Event::LoginSubmitted(login.clone()));
    bench.emit(Event::LoginAnswered(Err(Failure::new(ErrorCode::Unauthorized, "no"))));
    bench.emit(Event::LoginSubmitted(login));
    bench.emit(Event::LoginAnswered(Ok(session("ann"))));
    bench.answer_open();
    bench.answer_all();
    assert!(bench.is_complete());
    assert!(bench.page.notices().is_empty());
    assert_eq!(bench.page.page().unwrap().selection.clauses().len(), 1);
}

#[test]
fn a_lake_that_moved_on_is_opened_anew() {
    let mut bench = Bench::ready();
    bench.toggle("product", "hat");
    bench.lake_version = 1;
    bench.fail(0, ErrorCode::VersionGone);
    assert!(matches!(bench.page.notices(), [Notice::VersionGone { .. }]));
    bench.answer_open();
    bench.answer_all();
    assert!(bench.is_complete());
    assert_eq!(bench.page.page().unwrap().selection.clauses().len(), 1);
}

#[test]
fn a_file_that_was_replaced_is_read_anew_and_one_that_always_changes_is_not_for_ever() {
    let mut bench = Bench::ready();
    bench.toggle("product", "hat");
    bench.fail(0, ErrorCode::Changed);
    assert!(matches!(bench.page.notices(), [Notice::VersionGone { .. }]));
    bench.answer_open();
    bench.answer_all();
    assert!(bench.is_complete());

    bench.toggle("product", "hat");
    bench.toggle("product", "shoe");
    bench.fail(0, ErrorCode::Changed);
    bench.answer_open();
    let n_asked = bench.open.len();
    for _ in 0..n_asked {
        bench.fail(0, ErrorCode::Changed);
    }
    assert_eq!(bench.page.engine(), &Engine::Open);
    assert!(bench.phases().iter().any(|phase| matches!(phase, Phase::Failed(_))));
}

#[test]
fn another_viewer_sees_nothing_of_the_first() {
    let mut bench = Bench::ready();
    bench.emit(Event::LogoutChosen);
    bench.emit(Event::LogoutAnswered(Ok(())));
    assert!(bench.shown.is_empty() && bench.held.is_empty());
    assert_eq!(bench.n_forgotten, 1);
    bench.emit(Event::LoginAnswered(Ok(session("bob"))));
    assert!(bench.others.ends_with(&[Effect::FetchCatalog]));
    bench.emit(Event::CatalogAnswered(Ok(Arc::new(sample::catalog()))));
    bench.answer_open();
    bench.answer_all();
    assert!(bench.is_complete());
}

#[test]
fn new_versions_are_asked_again() {
    let mut bench = Bench::ready();
    let n_asked = bench.specs.len();
    bench.emit(Event::Refreshed);
    bench.answer_open();
    assert_eq!(bench.page.notices(), [Notice::NothingNew]);
    assert_eq!(bench.specs.len(), n_asked);
    bench.lake_version = 1;
    bench.emit(Event::Refreshed);
    bench.answer_open();
    assert_eq!(bench.phases(), vec![Phase::Refreshing; 5]);
    bench.answer_all();
    assert!(bench.is_complete());
    assert_eq!(bench.specs.len(), 2 * n_asked);
}

#[test]
fn a_failed_panel_asks_again_when_told() {
    let mut bench = Bench::opened("");
    bench.fail(0, ErrorCode::Network);
    bench.answer_all();
    assert!(matches!(bench.phases().as_slice(), [Phase::Failed(_), ..]));
    bench.emit(Event::PanelRetried { panel: name("revenue") });
    bench.answer_all();
    assert!(bench.is_complete());
}

#[test]
fn a_lake_without_days_is_empty_and_not_loading() {
    let mut bench = Bench::opened("");
    bench.emit(Event::Refreshed);
    let id = bench.opening.take().unwrap();
    let extents = vec![Extent {
        table: name("sales"),
        dimension: name("day"),
        range: None,
        last_by_commit: None,
    }];
    let effects = bench.page.handle(Event::Opened { id, tables: Vec::new(), extents });
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Send { .. })));
    assert_eq!(bench.phases(), vec![Phase::Ready; 5]);
}

#[test]
fn a_dashboard_whose_table_could_not_be_opened_asks_why() {
    let mut bench = Bench::opened("");
    bench.emit(Event::Refreshed);
    let id = bench.opening.take().unwrap();
    let effects = bench.page.handle(Event::Opened { id, tables: Vec::new(), extents: Vec::new() });
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Send { .. })));
    assert_eq!(bench.page.days(), None);
}

#[test]
fn a_lake_that_does_not_open_is_said_on_every_panel() {
    let mut bench = Bench::default();
    bench.emit(Event::Started {
        place: Place::Dashboard,
        query: String::new(),
        lake_url: "https://x/lake/".into(),
    });
    bench.emit(Event::SessionAnswered(Ok(session("ann"))));
    bench.emit(Event::CatalogAnswered(Ok(Arc::new(sample::catalog()))));
    bench.emit(Event::WorkerReady);
    let id = bench.opening.take().unwrap();
    bench.emit(Event::Failed { id, failure: Failure::new(ErrorCode::NotFound, "no lake") });
    assert!(bench.phases().iter().all(|phase| matches!(phase, Phase::Failed(_))));
    bench.emit(Event::Retried);
    bench.answer_open();
    bench.answer_all();
    assert!(bench.is_complete());
}

#[derive(Debug, Clone)]
enum Step {
    Answer(usize),
    Fail(usize, ErrorCode),
    Die,
    Revive,
    Toggle(&'static str, u8),
    Range(RangePreset),
    Back(u8),
    Dashboard(bool),
    Refresh { is_new: bool },
    Network(Network),
    Stale(Option<i64>),
    LogIn,
    Overdue(usize),
    Restart,
    WaitOn,
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..9usize).prop_map(Step::Answer),
        1 => (0..9usize).prop_map(|idx| Step::Fail(idx, ErrorCode::Network)),
        1 => (0..9usize).prop_map(|idx| Step::Fail(idx, ErrorCode::Unauthorized)),
        1 => (0..9usize).prop_map(|idx| Step::Fail(idx, ErrorCode::VersionGone)),
        1 => (0..9usize).prop_map(|idx| Step::Fail(idx, ErrorCode::Changed)),
        1 => Just(Step::Die),
        2 => Just(Step::Revive),
        4 => (proptest::sample::select(vec!["status", "product"]), 0..3u8)
            .prop_map(|(dimension, value)| Step::Toggle(dimension, value)),
        2 => proptest::sample::select(RangePreset::EVERY.to_vec()).prop_map(Step::Range),
        1 => any::<u8>().prop_map(Step::Back),
        1 => any::<bool>().prop_map(Step::Dashboard),
        1 => any::<bool>().prop_map(|is_new| Step::Refresh { is_new }),
        1 => proptest::sample::select(vec![Network::Present, Network::Away])
            .prop_map(Step::Network),
        1 => proptest::sample::select(vec![None, Some(1), Some(2)]).prop_map(Step::Stale),
        2 => Just(Step::LogIn),
        2 => any::<usize>().prop_map(Step::Overdue),
        1 => Just(Step::Restart),
        1 => Just(Step::WaitOn),
    ]
}

fn take(bench: &mut Bench, step: Step) {
    match step {
        Step::Answer(idx) => bench.answer(idx),
        Step::Fail(idx, code) => bench.fail(idx, code),
        Step::Die => bench.die(),
        Step::Revive => {
            if bench.page.engine() == &Engine::Starting {
                bench.emit(Event::WorkerReady);
            }
            bench.answer_open();
        }
        Step::Toggle(dimension, value) => bench.toggle(dimension, &value.to_string()),
        Step::Range(preset) => {
            bench.emit(Event::RangeChosen { range: RangeChoice::Preset(preset) })
        }
        Step::Back(n) => {
            let idx = bench.urls.len().checked_rem(usize::from(n).max(1)).unwrap_or(0);
            let query = bench.urls.get(idx).cloned().unwrap_or_default();
            bench.emit(Event::UrlChanged { place: Place::Dashboard, query });
        }
        Step::Dashboard(is_first) => {
            let dashboard = name(if is_first { "overview" } else { "second" });
            bench.emit(Event::DashboardChosen { dashboard });
        }
        Step::Refresh { is_new } => {
            bench.lake_version += u64::from(is_new);
            bench.emit(Event::Refreshed);
        }
        Step::Network(network) => bench.emit(Event::NetworkChanged { network }),
        Step::Stale(since_us) => bench.stale_since_us = since_us,
        Step::Overdue(idx) => bench.overdue(idx),
        Step::Restart => bench.emit(Event::RestartChosen),
        Step::WaitOn => bench.emit(Event::NoticeDismissed { notice: Notice::EngineSilent }),
        Step::LogIn => {
            if !matches!(bench.page.session(), Session::LoggedIn(_)) {
                bench.emit(Event::LoginAnswered(Ok(session("ann"))));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// The bench checks at each effect that no stale rows are shown, that no id is used twice, that
    /// no question is in flight twice or in vain, and that nothing shown is dropped.
    #[test]
    fn whatever_happens_the_page_ends_with_what_was_chosen(steps in proptest::collection::vec(steps(), 0..60)) {
        let mut bench = Bench::opened("");
        for step in steps {
            take(&mut bench, step);
        }
        take(&mut bench, Step::LogIn);
        bench.emit(Event::Retried);
        take(&mut bench, Step::Revive);
        bench.answer_open();
        for panel in ["revenue", "orders", "by_day", "by_product", "by_status"] {
            bench.emit(Event::PanelRetried { panel: name(panel) });
        }
        bench.answer_all();
        prop_assert!(bench.is_complete(), "{:?} {:?}", bench.page.engine(), bench.phases());
        prop_assert!(!bench.page.notices().contains(&Notice::EngineSilent));
    }
}
