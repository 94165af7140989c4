//! The page while the network is away, and what is kept of it.

use super::bench::{Bench, name};
use super::*;
use crate::Phase;

#[test]
fn a_lake_out_of_date_is_marked_until_the_network_is_back() {
    let mut bench = Bench::ready();
    assert_eq!(bench.page.offline(), None);
    bench.stale_since_us = Some(7);
    bench.emit(Event::Refreshed);
    bench.answer_open();
    let offline = Offline { since_us: Some(7), tables: vec![name("sales")] };
    assert_eq!(bench.page.offline(), Some(offline));
    assert_eq!(bench.page.notices(), [Notice::StillOffline]);
    assert!(bench.is_complete(), "the answers of before are still right");

    let n_asked = bench.specs.len();
    bench.toggle("status", "paid");
    bench.fail(0, ErrorCode::Network);
    bench.answer_all();
    let said = bench.phases().into_iter().find_map(|phase| match phase {
        Phase::Failed(failure) => Some(failure.message),
        _ => None,
    });
    assert_eq!(said.as_deref(), Some("not kept in this browser: connect and try again (no)"));

    bench.stale_since_us = None;
    bench.emit(Event::NetworkChanged { network: Network::Present });
    bench.answer_open();
    assert_eq!(bench.page.offline(), None);
    bench.answer_all();
    assert!(bench.is_complete());
    assert!(bench.specs.len() > n_asked);
}

#[test]
fn a_network_that_goes_is_said_and_its_return_opens_the_lake_anew() {
    let mut bench = Bench::ready();
    bench.emit(Event::NetworkChanged { network: Network::Away });
    assert_eq!(bench.page.offline(), Some(Offline { since_us: None, tables: Vec::new() }));
    assert!(bench.is_complete());
    bench.emit(Event::NetworkChanged { network: Network::Present });
    assert_eq!(bench.page.offline(), None);
    assert!(bench.opening.is_some());
    bench.answer_open();
    assert!(bench.is_complete() && bench.page.notices().is_empty());
}

#[test]
fn what_stopped_for_want_of_a_network_goes_on_with_one() {
    let mut bench = Bench::default();
    let lake_url = "https://x/lake/".into();
    bench.emit(Event::Started { place: Place::Dashboard, query: String::new(), lake_url });
    bench.emit(Event::WorkerReady);
    let no_network = Failure::new(ErrorCode::Network, "no");
    bench.emit(Event::SessionAnswered(Err(no_network)));
    bench.emit(Event::NetworkChanged { network: Network::Present });
    assert_eq!(bench.others, [Effect::AskSession, Effect::AskSession]);
}

#[test]
fn the_page_is_kept_once_all_of_it_is_shown() {
    let mut bench = Bench::opened("");
    assert!(!bench.others.contains(&Effect::KeepPage));
    bench.answer_all();
    bench.toggle("status", "paid");
    bench.answer_all();
    assert_eq!(bench.others.iter().filter(|effect| **effect == Effect::KeepPage).count(), 1);
}

#[test]
fn who_logs_out_in_one_tab_has_left_them_all() {
    let mut bench = Bench::ready();
    bench.emit(Event::LoggedOutElsewhere);
    assert_eq!(bench.page.session(), &Session::LoggedOut(Login::Idle));
    assert!(bench.shown.is_empty() && bench.held.is_empty());
    bench.emit(Event::LoggedOutElsewhere);
    assert_eq!(bench.n_forgotten, 1);
}
