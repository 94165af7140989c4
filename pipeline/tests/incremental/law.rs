//! Day by day gives what at once gives: for every way in which a table follows its inputs, for every kind of source, and
//! for rows that are late, of the same time, without a time, from the future, repeated and removed.
//!
//! The oracle is a build of the same project that finds everything delivered. `LAKEFRONT_LAW_CASES` says how many
//! projects are generated.

use super::small::Small;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

const SOURCES: &str = "f: { folder: in/f, files: '*.csv', format: csv, columns: { id: bigint, at: timestamp, v: bigint }, null_text: '' }\n\
    s: { path: in/s.csv, format: csv, columns: { id: bigint, at: timestamp, v: bigint }, null_text: '' }\n\
    names: { folder: in/names, files: '*.csv', format: csv, columns: { id: bigint, name: text } }\n";

/// A model: its name, how it is kept, its query, and what changes of the single file it does not follow.
struct Kept {
    name: &'static str,
    header: &'static str,
    query: &'static str,
    follows: Follows,
}

/// Which changes of its input a table follows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Follows {
    /// Rows that come and rows that go.
    All,
    /// Rows that come.
    Coming,
    /// Rows that come and are not below the mark; the others are counted.
    Above,
}

const MODELS: &[Kept] = &[
    kept("bronze/a", "materialized: append", "select id, at, v from source.f", Follows::All),
    kept(
        "bronze/a_mark",
        "materialized: append\nwatermark: { column: at }",
        "select id, at, v from source.f",
        Follows::All,
    ),
    kept(
        "bronze/events",
        "materialized: append\nstream: { event_time: at, watermark: 2 hours, dedupe: id, late: bronze.late }",
        "select id, at, v from source.f",
        Follows::All,
    ),
    kept(
        "bronze/named",
        "materialized: append\ninput: source.f",
        "select f.id, f.v, n.name from source.f f left join source.names n on n.id = f.id",
        Follows::All,
    ),
    kept(
        "bronze/m",
        "materialized: merge\nkey: [id]\nnewest_by: [at]",
        "select id, at, v from source.f",
        Follows::All,
    ),
    kept(
        "bronze/gone",
        "materialized: merge\nkey: [id]\nnewest_by: [at]\ndeleted: is_gone",
        "select id, at, v, v = 0 as is_gone from source.f",
        Follows::All,
    ),
    kept("bronze/s", "materialized: full", "select id, at, v from source.s", Follows::All),
    kept(
        "bronze/s_mark",
        "materialized: append\nwatermark: { column: at }",
        "select id, at, v from source.s",
        Follows::Above,
    ),
    kept(
        "bronze/s_merge",
        "materialized: merge\nkey: [id]\nnewest_by: [at]",
        "select id, at, v from source.s",
        Follows::Coming,
    ),
    kept("silver/a", "materialized: append", "select id, at, v from bronze.s", Follows::All),
    kept(
        "silver/a_mark",
        "materialized: append\nwatermark: { column: at }",
        "select id, at, v from bronze.s",
        Follows::Coming,
    ),
    kept(
        "silver/m",
        "materialized: merge\nkey: [id]\nnewest_by: [at]\nwatermark: { column: at, overlap: 1 hour }",
        "select id, at, v from bronze.s",
        Follows::Coming,
    ),
    kept(
        "silver/gone",
        "materialized: merge\nkey: [id]\nnewest_by: [at]\ndeleted: is_gone",
        "select id, at, v, v = 0 as is_gone from bronze.a",
        Follows::All,
    ),
    kept(
        "silver/days",
        "materialized: incremental\nby: [day]",
        "select cast(at as date) as day, count(*) as n, sum(v) as v from bronze.a group by cast(at as date)",
        Follows::All,
    ),
    kept(
        "silver/s_days",
        "materialized: incremental\nby: [day]",
        "select cast(at as date) as day, count(*) as n, sum(v) as v from bronze.s group by cast(at as date)",
        Follows::All,
    ),
    kept(
        "silver/current",
        "materialized: snapshot\nkey: [id]",
        "select id, at, v from bronze.m",
        Follows::All,
    ),
    kept(
        "silver/sum",
        "materialized: full",
        "select count(*) as n, sum(v) as v from silver.seen",
        Follows::All,
    ),
    kept("silver/seen", "materialized: view", "select * from bronze.a", Follows::All),
];

const fn kept(
    name: &'static str,
    header: &'static str,
    query: &'static str,
    follows: Follows,
) -> Kept {
    Kept { name, header, query, follows }
}

/// A row: its id, its time, its value.
type Row = (u8, Time, u8);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Time {
    None,
    Hour(u8),
    Future(u8),
}

/// What a day brings to the folder and to the single file, and how many of the file's oldest rows go.
#[derive(Debug, Clone)]
struct Day {
    folder: Vec<Row>,
    file: Vec<Row>,
    n_removed: usize,
}

fn row() -> impl Strategy<Value = Row> {
    let time = prop_oneof![
        1 => Just(Time::None),
        8 => (0_u8..30).prop_map(Time::Hour),
        1 => (0_u8..3).prop_map(Time::Future),
    ];
    (0_u8..5, time, 0_u8..4)
}

fn days() -> impl Strategy<Value = Vec<Day>> {
    let rows = || prop::collection::vec(row(), 0..6);
    let n_removed = prop_oneof![3 => Just(0_usize), 1 => 1_usize..3];
    let day = (rows(), rows(), n_removed);
    let day = day.prop_map(|(folder, file, n_removed)| Day { folder, file, n_removed });
    prop::collection::vec(day, 2..5)
}

fn csv(rows: &[Row]) -> String {
    let mut text = "id,at,v\n".to_owned();
    for (id, time, value) in rows {
        let time = match time {
            Time::None => String::new(),
            Time::Hour(hour) => format!("2024-01-{:02} {:02}:00:00", 1 + hour / 24, hour % 24),
            Time::Future(day) => format!("2200-01-{:02} 00:00:00", 1 + day),
        };
        text.push_str(&format!("{id},{time},{value}\n"));
    }
    text
}

fn project() -> Small {
    let small = Small::new(&[
        ("sources/all.yaml", SOURCES),
        ("in/names/1.csv", "id,name\n0,ann\n1,bob\n2,cyd\n"),
        ("in/names/2.csv", "id,name\n3,dan\n"),
    ]);
    for model in MODELS {
        let text = format!("/*---\n{}\n---*/\n{}\n", model.header, model.query);
        small.write(&format!("models/{}.sql", model.name), &text);
    }
    small
}

/// The rows of a table, without the times of builds.
async fn contents(small: &Small, name: &str) -> Vec<String> {
    let table = name.replace('/', ".");
    let columns = match name {
        "silver/current" => "id, at, v",
        "bronze/late" => "id, at, v, _watermark",
        _ => "*",
    };
    let current = if name == "silver/current" { " where is_current" } else { "" };
    let mut rows = small.rows(&format!("select {columns} from {table}{current}")).await;
    rows.sort();
    rows
}

async fn compare(days: &[Day]) -> Result<(), TestCaseError> {
    let daily = project();
    let at_once = project();
    let mut file: Vec<Row> = Vec::new();
    let mut is_removed = false;
    let mut n_passed_over = 0;
    for (idx, day) in days.iter().enumerate() {
        is_removed |= day.n_removed > 0 && !file.is_empty();
        file.drain(..day.n_removed.min(file.len()));
        file.extend(&day.file);
        for small in [&daily, &at_once] {
            small.write(&format!("in/f/{idx}.csv"), &csv(&day.folder));
            small.write("in/s.csv", &csv(&file));
        }
        let built = daily.build().await;
        let found = built.report.models.iter().find(|m| m.model.to_string() == "bronze.s_mark");
        n_passed_over += found.map_or(0, |model| model.arrivals.n_below_mark);
    }
    at_once.build().await;
    for model in MODELS.iter().filter(|model| model.header != "materialized: view") {
        let (found, expected) =
            (contents(&daily, model.name).await, contents(&at_once, model.name).await);
        match model.follows {
            Follows::All => prop_assert_eq!(found, expected, "{}", model.name),
            Follows::Coming if !is_removed => {
                prop_assert_eq!(found, expected, "{}", model.name);
            }
            Follows::Above if !is_removed => {
                let n_lost = (expected.len() - found.len()) as u64;
                prop_assert_eq!(n_lost, n_passed_over, "{}", model.name);
                prop_assert!(found.iter().all(|row| expected.contains(row)), "{}", model.name);
            }
            Follows::Coming | Follows::Above => {}
        }
    }
    let (found, expected) =
        (contents(&daily, "bronze/late").await, contents(&at_once, "bronze/late").await);
    prop_assert_eq!(found, expected, "late");
    Ok(())
}

#[test]
fn day_by_day_is_at_once() {
    let n_cases = std::env::var("LAKEFRONT_LAW_CASES").ok().and_then(|text| text.parse().ok());
    let config = Config { cases: n_cases.unwrap_or(4), max_shrink_iters: 40, ..Config::default() };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let mut runner = TestRunner::new(config);
    let ran = runner.run(&days(), |days| runtime.block_on(compare(&days)));
    ran.unwrap_or_else(|failure| panic!("{failure}"));
}
