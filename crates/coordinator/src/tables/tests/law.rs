//! What holds whatever the viewer and the worker do.

use super::bench::{Bench, chosen};
use crate::tables::TablesEvent;
use crate::{Event, Standing, View};
use proptest::prelude::*;
use protocol::ErrorCode;

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
