//! An engine that does not answer.

use super::bench::{Bench, name};
use super::*;

fn is_told(bench: &Bench) -> bool {
    bench.page.notices().contains(&Notice::EngineSilent)
}

fn overdue_all(bench: &mut Bench) {
    for idx in 0..bench.watched.len() {
        bench.overdue(idx);
    }
}

#[test]
fn an_engine_that_hangs_is_told_and_can_be_restarted() {
    let mut bench = Bench::opened("");
    overdue_all(&mut bench);
    assert!(is_told(&bench));
    assert_eq!(bench.phases(), vec![Phase::Loading; 5], "whoever waits, waits on");
    let n_starts = bench.n_starts;
    bench.emit(Event::RestartChosen);
    assert_eq!(bench.n_starts, n_starts + 1);
    assert!(!is_told(&bench), "nothing is overdue of the new one");
    bench.revive();
    bench.answer_all();
    assert!(bench.is_complete());
    assert!(bench.page.notices().is_empty());
}

#[test]
fn what_comes_late_takes_the_notice_back() {
    let mut bench = Bench::opened("");
    overdue_all(&mut bench);
    bench.answer_all();
    assert!(bench.is_complete() && !is_told(&bench));
    // A time that is up for what has come says nothing.
    overdue_all(&mut bench);
    assert!(!is_told(&bench));
}

#[test]
fn who_waits_on_is_not_told_again_of_the_same() {
    let mut bench = Bench::opened("");
    overdue_all(&mut bench);
    bench.emit(Event::NoticeDismissed { notice: Notice::EngineSilent });
    assert!(!is_told(&bench));
    bench.answer(0);
    assert!(!is_told(&bench));
}

#[test]
fn an_engine_that_never_starts_or_never_opens_is_told() {
    let mut bench = Bench::default();
    let lake_url = "https://x/lake/".into();
    bench.emit(Event::Started { place: Place::Dashboard, query: String::new(), lake_url });
    overdue_all(&mut bench);
    assert!(is_told(&bench));
    bench.emit(Event::WorkerReady);
    assert!(!is_told(&bench));
    bench.emit(Event::SessionAnswered(Ok(session("ann"))));
    bench.emit(Event::CatalogAnswered(Ok(Arc::new(sample::catalog()))));
    overdue_all(&mut bench);
    assert!(is_told(&bench), "the lake does not open");
}

#[test]
fn a_question_that_hangs_two_engines_fails_alone() {
    let mut bench = Bench::opened("");
    for _ in 0..100 {
        match bench.open.iter().position(|id| bench.specs[id].limit.is_some()) {
            Some(_) => {
                bench.emit(Event::RestartChosen);
                bench.revive();
            }
            None if bench.open.is_empty() => break,
            None => bench.answer(0),
        }
    }
    let failure = bench.page.panel(&name("by_product")).unwrap().phase;
    assert!(
        matches!(&failure, Phase::Failed(failure) if failure.message.contains("did not answer"))
    );
    assert_eq!(bench.page.engine(), &Engine::Open);
}
