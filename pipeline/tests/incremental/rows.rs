//! All rows of an input, and those that are new.

use super::small::Small;
use pipeline::{Options, Outcome};

const FOLDERS: &str = "orders: { folder: in/orders, files: '*.csv', format: csv, columns: { id: bigint, cust: bigint } }\n\
    names: { folder: in/names, files: '*.csv', format: csv, columns: { cust: bigint, name: string } }\n";

fn orders(materialized: &str) -> Small {
    let model = format!(
        "/*---\n{materialized}\ninput: source.orders\n---*/\n\
         select o.id, o.cust, n.name from source.orders o left join source.names n on n.cust = o.cust"
    );
    Small::new(&[
        ("sources/s.yaml", FOLDERS),
        ("models/bronze/o.sql", &model),
        ("in/orders/1.csv", "id,cust\n1,10\n"),
        ("in/names/1.csv", "cust,name\n10,ann\n11,bob\n"),
    ])
}

#[tokio::test]
async fn what_is_looked_up_is_seen_whole_at_every_build() {
    for materialized in ["materialized: append", "materialized: merge\nkey: [id]"] {
        let small = orders(materialized);
        small.build().await;
        small.write("in/orders/2.csv", "id,cust\n2,10\n3,11\n");
        small.build().await;
        small.write("in/orders/3.csv", "id,cust\n4,12\n");
        small.write("in/names/2.csv", "cust,name\n12,cyd\n");
        small.build().await;
        let found = small.rows("select id, cust, name from bronze.o order by id").await;
        assert_eq!(found, ["1|10|ann", "2|10|ann", "3|11|bob", "4|12|cyd"], "{materialized}");
    }
}

#[tokio::test]
async fn a_history_of_a_folder_ends_no_key_that_is_still_there() {
    let small = Small::new(&[
        ("sources/s.yaml", FOLDERS),
        (
            "models/bronze/h.sql",
            "/*---\nmaterialized: snapshot\nkey: [cust]\n---*/\nselect cust, name from source.names",
        ),
        ("in/names/1.csv", "cust,name\n10,ann\n11,bob\n"),
    ]);
    small.build().await;
    small.write("in/names/2.csv", "cust,name\n12,cyd\n");
    small.build().await;
    let found = small.rows("select cust, name, is_current from bronze.h order by cust").await;
    assert_eq!(found, ["10|ann|true", "11|bob|true", "12|cyd|true"]);
}

/// One file whose rows `silver.e` takes by `watermark`, by way of `bronze.s` or by itself.
fn events(materialized: &str, is_direct: bool) -> Small {
    let select = "id, cast(at as timestamp) as at";
    let files = [
        ("sources/s.yaml", "s: { path: in/s.csv, format: csv, null_text: '' }\n".to_owned()),
        ("models/bronze/s.sql", format!("select {select} from source.s")),
        (
            "models/silver/e.sql",
            format!("/*---\n{materialized}\n---*/\nselect id, at from bronze.s"),
        ),
    ];
    let mut files: Vec<(&str, String)> = files.into();
    if is_direct {
        files[1] = (
            "models/bronze/e.sql",
            format!("/*---\n{materialized}\n---*/\nselect {select} from source.s"),
        );
        files.pop();
    }
    let files: Vec<(&str, &str)> =
        files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    Small::new(&files)
}

const FIRST: &str = "id,at\na,2024-01-01 10:00:00\nn1,\n";

/// What came then: of the same second, without a time, later.
const MORE: &str = "b,2024-01-01 10:00:00\nn2,\nc,2024-01-01 10:00:01\n";

const LATE: &str = "l,2024-01-01 09:59:59\n";

#[tokio::test]
async fn ties_nulls_and_late_rows_of_a_table_are_taken_once() {
    for materialized in [
        "materialized: append\nwatermark: { column: at }",
        "materialized: append",
        "materialized: merge\nkey: [id]\nwatermark: { column: at }",
    ] {
        let small = events(materialized, false);
        small.write("in/s.csv", FIRST);
        small.build().await;
        small.write("in/s.csv", &format!("{FIRST}{MORE}{LATE}"));
        let built = small.build().await;
        assert_eq!(built.warnings, [] as [&str; 0], "{materialized}");
        assert_eq!(built.reason("silver.e"), None, "{materialized}");
        let found = small.rows("select id from silver.e order by id").await;
        assert_eq!(found, ["a", "b", "c", "l", "n1", "n2"], "{materialized}");
        assert_eq!(small.build().await.outcome("silver.e"), Outcome::Unchanged);
    }
}

#[tokio::test]
async fn ties_and_nulls_of_a_file_are_taken_once_and_late_rows_are_counted() {
    let small = events("materialized: append\nwatermark: { column: at }", true);
    small.write("in/s.csv", FIRST);
    small.build().await;
    small.write("in/s.csv", &format!("{FIRST}{MORE}"));
    let built = small.build().await;
    assert_eq!(built.warnings, [] as [&str; 0]);
    small.write("in/s.csv", &format!("{FIRST}{MORE}{LATE}d,2024-01-01 10:00:01\n"));
    let built = small.build().await;
    let expected =
        "bronze.e: 1 row came with a value that is not above the mark, and were not taken";
    assert!(built.warnings[0].starts_with(expected), "{:?}", built.warnings);
    assert_eq!(built.report.models[0].arrivals.n_below_mark, 1);
    let found = small.rows("select id from bronze.e order by id").await;
    assert_eq!(found, ["a", "b", "c", "d", "n1", "n2"]);
    let counted = "select name, outcome, n_failed from _lakefront.runs where kind = 'arrival'";
    assert_eq!(small.ask(counted).await, ["below_mark|warned|1"]);
}

#[tokio::test]
async fn a_row_from_the_future_moves_no_mark() {
    for materialized in [
        "materialized: append\nwatermark: { column: at }",
        "materialized: merge\nkey: [id]\nwatermark: { column: at }",
    ] {
        let small = events(materialized, false);
        let future = "id,at\na,2024-01-01 10:00:00\nf,2200-12-31 00:00:00\n";
        small.write("in/s.csv", future);
        let built = small.build().await;
        let expected = "silver.e: 1 row is dated ahead of the time of the build";
        assert!(built.warnings.iter().any(|w| w.starts_with(expected)), "{:?}", built.warnings);
        small.write("in/s.csv", &format!("{future}b,2024-01-02 10:00:00\ng,2200-12-31 00:00:00\n"));
        small.build().await;
        let found = small.rows("select id from silver.e order by id").await;
        assert_eq!(found, ["a", "b", "f", "g"], "{materialized}");
    }
}

#[tokio::test]
async fn a_changed_file_is_not_appended_as_a_whole() {
    let small = events("materialized: append", true);
    small.write("in/s.csv", FIRST);
    small.build().await;
    small.write("in/s.csv", &format!("{FIRST}{MORE}"));
    let error = small.try_build(&Options::default()).await.map(drop).unwrap_err();
    let expected = "models/bronze/e.sql:2:15: append takes the new rows of source.s, which has changed and does not say";
    assert!(error.contains(expected), "{error}");
    assert_eq!(small.rows("select id from bronze.e order by id").await, ["a", "n1"]);
}

#[tokio::test]
async fn rows_that_changed_below_the_mark_are_not_doubled() {
    let small = events("materialized: append\nwatermark: { column: at }", false);
    small.write("in/s.csv", "id,at\na,2024-01-01 10:00:00\nb,2024-01-01 09:00:00\n");
    small.build().await;
    small.write(
        "in/s.csv",
        "id,at\na,2024-01-01 10:00:00\nB,2024-01-01 09:00:00\nc,2024-01-01 11:00:00\n",
    );
    let built = small.build().await;
    assert_eq!(built.warnings.len(), 1, "{:?}", built.warnings);
    assert_eq!(small.rows("select id from silver.e order by id").await, ["a", "b", "c"]);
}

#[tokio::test]
async fn a_stream_over_a_folder_remembers() {
    let small = Small::new(&[
        (
            "sources/s.yaml",
            "s: { folder: in, files: '*', format: csv, columns: { id: text, at: timestamp, v: int }, null_text: '' }\n",
        ),
        (
            "models/bronze/e.sql",
            "/*---\nmaterialized: append\nstream: { event_time: at, watermark: 1 hour, dedupe: id, late: bronze.late_e }\n---*/\n\
             select id, at, v from source.s",
        ),
        ("in/1.csv", "id,at,v\na,2024-01-01 10:00:00,1\nb,2024-01-01 10:30:00,2\n"),
    ]);
    small.build().await;
    small.write(
        "in/2.csv",
        "id,at,v\nb,2024-01-01 10:30:00,2\nc,2024-01-01 10:40:00,3\nz,2024-01-01 08:00:00,9\n",
    );
    let built = small.build().await;
    assert_eq!(
        built.warnings,
        ["bronze.e: 1 row came later than the watermark, and went to bronze.late_e"]
    );
    let arrivals = built.report.models[0].arrivals;
    assert_eq!((arrivals.n_late, arrivals.n_repeated), (1, 1));
    let daily = small.rows("select id, v from bronze.e order by id, v").await;
    assert_eq!(daily, ["a|1", "b|2", "c|3"]);
    assert_eq!(small.rows("select id from bronze.late_e").await, ["z"]);
    small.refresh().await;
    assert_eq!(small.rows("select id, v from bronze.e order by id, v").await, daily);
}
