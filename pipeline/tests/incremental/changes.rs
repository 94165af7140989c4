//! Models that change: which tables are made anew, which go on, and which ask.

use super::small::Small;
use pipeline::{Options, Outcome, Refresh};

const SOURCE: &str = "s: { path: in/s.csv, format: csv, null_text: '' }\n";
const QUERY: &str = "select id, city from bronze.s";

/// A project with `silver.h` that is kept as `header` says.
fn project(header: &str, query: &str) -> Small {
    let small = Small::new(&[
        ("sources/s.yaml", SOURCE),
        ("models/bronze/s.sql", "select * from source.s"),
        ("in/s.csv", "id,city\n1,Oslo\n2,Bonn\n"),
    ]);
    model(&small, header, query);
    small
}

fn model(small: &Small, header: &str, query: &str) {
    small.write("models/silver/h.sql", &format!("/*---\n{header}\n---*/\n{query}\n"));
}

const SNAPSHOT: &str = "materialized: snapshot\nkey: [id]";
const HISTORY: &str = "select id, city, is_current from silver.h order by id, is_current";

fn adopt() -> Options {
    Options { refresh: Refresh::Adopt, select: vec!["silver.h".to_owned()], ..Options::default() }
}

#[tokio::test]
async fn what_does_not_change_the_rows_writes_nothing() {
    let kinds = [
        "materialized: full",
        "materialized: append",
        "materialized: merge\nkey: [id]",
        "materialized: incremental\nby: [city]",
        SNAPSHOT,
    ];
    for kind in kinds {
        let small = project(kind, QUERY);
        small.build().await;
        for (header, query) in [
            (format!("{kind}\ncolumns: {{ city: {{ expect: [not_null] }} }}"), QUERY),
            (format!("{kind}\nexpectations: [{{ not_null: id, on_failure: warn }}]"), QUERY),
            (format!("{kind}\nsort_by: [city]\ncluster_by: id"), QUERY),
            (format!("{kind}\ndescription: Cities.\nowner: me"), QUERY),
            (kind.to_owned(), "SELECT id,\n city -- where it is\nFROM bronze.s"),
        ] {
            model(&small, &header, query);
            assert_eq!(
                small.build().await.outcome("silver.h"),
                Outcome::Unchanged,
                "{header} {query}"
            );
        }
        // Another table that it reads gets a column, and the same rows.
        small.write("in/s.csv", "id,city,phone\n1,Oslo,5\n2,Bonn,6\n");
        let built = small.build().await;
        assert!(built.reason("bronze.s").is_some(), "{kind}");
        let reason = built.reason("silver.h");
        assert!(
            reason.is_none_or(|reason| reason == "what it reads has changed"),
            "{kind}: {reason:?}"
        );
        assert_eq!(
            small.rows("select id, city from silver.h order by id").await,
            ["1|Oslo", "2|Bonn"]
        );
    }
}

#[tokio::test]
async fn a_history_goes_on_when_its_source_or_its_model_gets_a_column() {
    let small = project(SNAPSHOT, QUERY);
    small.build().await;
    small.write("in/s.csv", "id,city\n1,Lima\n2,Bonn\n");
    small.build().await;
    // A column that the history does not read.
    small.write("in/s.csv", "id,city,phone\n1,Lima,5\n2,Kiel,6\n");
    small.build().await;
    let expected = ["1|Oslo|false", "1|Lima|true", "2|Bonn|false", "2|Kiel|true"];
    assert_eq!(small.rows(HISTORY).await, expected);
    // And then reads.
    model(&small, SNAPSHOT, "select id, city, phone from bronze.s");
    let built = small.build().await;
    let expected = "silver.h: the model, or the columns of what it reads, have changed: phone came and is null for the rows that are there";
    assert_eq!(built.warnings, [expected]);
    let phones =
        "select id, city, phone, is_current from silver.h order by id, valid_from, valid_to";
    let expected = [
        "1|Oslo||false",
        "1|Lima||false",
        "1|Lima|5|true",
        "2|Bonn||false",
        "2|Kiel||false",
        "2|Kiel|6|true",
    ];
    assert_eq!(small.rows(phones).await, expected);
    assert_eq!(small.build().await.outcome("silver.h"), Outcome::Unchanged);
}

#[tokio::test]
async fn what_a_history_cannot_decide_is_asked() {
    let check = async |query: &str, expected: &[&str]| {
        let small = project(SNAPSHOT, QUERY);
        small.build().await;
        model(&small, SNAPSHOT, query);
        let error = small.try_build(&Options::default()).await.map(drop).unwrap_err();
        for text in expected {
            assert!(error.contains(text), "{error:?} should contain {text:?}");
        }
        assert_eq!(small.rows(HISTORY).await, ["1|Oslo|true", "2|Bonn|true"], "{error}");
    };
    check(
        "select id from bronze.s",
        &[
            "h.sql: its 2 rows cannot be made again",
            "column \"city\" of theirs is not given any more",
            "null as city",
        ],
    )
    .await;
    check(
        "select id, 1 as city from bronze.s",
        &["column \"city\" of theirs is Utf8, which Int64 does not hold", "cast it to Utf8"],
    )
    .await;
    check(
        "select id, upper(city) as city from bronze.s",
        &["the query has changed", "build with --adopt", "--full-refresh --select silver.h"],
    )
    .await;
}

#[tokio::test]
async fn a_history_is_kept_under_another_query() {
    let small = project(SNAPSHOT, QUERY);
    small.build().await;
    model(&small, SNAPSHOT, "select id, upper(city) as city from bronze.s");
    small.try_build(&adopt()).await.unwrap();
    let expected = ["1|Oslo|false", "1|OSLO|true", "2|Bonn|false", "2|BONN|true"];
    assert_eq!(small.rows(HISTORY).await, expected);
    // A column that is given up.
    model(&small, SNAPSHOT, "select id, cast(null as text) as city from bronze.s");
    small.try_build(&adopt()).await.unwrap();
    assert_eq!(small.rows("select count(*), count(city) from silver.h").await, ["6|4"]);
    // One that holds more.
    model(
        &small,
        "materialized: snapshot\nkey: [id]",
        "select id, cast(null as text) as city, 1.5 as n from bronze.s",
    );
    small.build().await;
    assert_eq!(
        small.rows("select id, n from silver.h where is_current order by id").await,
        ["1|1.5", "2|1.5"]
    );
}

/// A table that holds the rows of files that were replaced.
fn accumulated() -> Small {
    let small = project("materialized: full", QUERY);
    small.write(
        "models/bronze/m.sql",
        "/*---\nmaterialized: merge\nkey: [id]\n---*/\nselect * from source.s\n",
    );
    small
}

#[tokio::test]
async fn rows_that_only_the_lake_has_stay_when_a_column_comes() {
    let small = accumulated();
    small.build().await;
    small.write("in/s.csv", "id,city\n2,Kiel\n3,Lima\n");
    small.build().await;
    small.write("in/s.csv", "id,city,phone\n3,Lima,7\n4,Rome,8\n");
    let built = small.build().await;
    assert!(built.warnings[0].contains("bronze.m: the model"), "{:?}", built.warnings);
    let found = small.rows("select id, city, phone from bronze.m order by id").await;
    assert_eq!(found, ["1|Oslo|", "2|Kiel|", "3|Lima|7", "4|Rome|8"]);
    // The column goes again, and its values stay.
    small.write("in/s.csv", "id,city\n4,Bari\n5,Nice\n");
    small.build().await;
    let found = small.rows("select id, city, phone from bronze.m order by id").await;
    assert_eq!(found, ["1|Oslo|", "2|Kiel|", "3|Lima|7", "4|Bari|8", "5|Nice|"]);
    small.write("in/s.csv", "id,city\n6,Cork\n");
    let built = small.build().await;
    assert_eq!((built.reason("bronze.m"), built.warnings.len()), (None, 0));
    assert_eq!(small.rows("select count(*) from bronze.m").await, ["6"]);
    assert_eq!(small.build().await.outcome("bronze.m"), Outcome::Unchanged);
}

#[tokio::test]
async fn a_table_that_its_inputs_give_again_is_made_anew() {
    let small = accumulated();
    small.build().await;
    small.write(
        "models/bronze/m.sql",
        "/*---\nmaterialized: merge\nkey: [id]\n---*/\nselect *, 1 as n from source.s\n",
    );
    let built = small.build().await;
    assert_eq!(
        built.reason("bronze.m"),
        Some("the model, or the columns of what it reads, have changed")
    );
    assert_eq!(small.rows("select id, n from bronze.m order by id").await, ["1|1", "2|1"]);
}

#[tokio::test]
async fn other_partitions_move_the_rows_that_are_there() {
    for kind in ["materialized: merge\nkey: [id]", SNAPSHOT, "materialized: full"] {
        let small = project(kind, QUERY);
        small.build().await;
        model(&small, &format!("{kind}\npartition_by: [city]"), QUERY);
        let built = small.build().await;
        assert_eq!(built.reason("silver.h"), Some("partition_by has changed"), "{kind}");
        assert!(small.path("lake/silver/h/city=Oslo").is_dir(), "{kind}");
        assert_eq!(
            small.rows("select id, city from silver.h order by id").await,
            ["1|Oslo", "2|Bonn"]
        );
        assert_eq!(small.build().await.outcome("silver.h"), Outcome::Unchanged, "{kind}");
        small.write("in/s.csv", "id,city\n1,Lima\n2,Bonn\n3,Rome\n");
        small.build().await;
        let found =
            small.rows("select count(*) from silver.h where city in ('Lima', 'Rome')").await;
        assert_eq!(found, ["2"], "{kind}");
    }
}
