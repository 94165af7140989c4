//! Tables that follow their inputs piece by piece: the same as one load, written only when there is
//! something new.

mod changes;
pub mod clicks;
mod foreign;
mod old_lake;
mod rows;
mod small;

use crate::pipeline_build::lake;
use clicks::Clicks;
use pipeline::{Options, Outcome, Refresh};

/// What each table holds, in an order of its own, without what differs between two builds.
const TABLES: &[&str] = &[
    "select id, kind, price, _rescued, _file, _row from bronze.clicks order by _file, _row",
    "select id, day, kind, price from silver.clicks order by id, day, kind, price",
    "select id, kind, _watermark from silver.late_clicks order by id, kind, _watermark",
    "select day, n, revenue from gold.days order by day",
    "select id, name, city from silver.people order by id",
    "select id, name, city, valid_from, valid_to, is_current from gold.cities order by id, valid_from",
    "select count(*) from gold.wide",
    "select day, revenue from gold.good_days order by day",
    "select day, id from gold.last_clicks order by day, id",
];

async fn contents(clicks: &Clicks) -> Vec<Vec<String>> {
    clicks.contents(TABLES).await
}

#[tokio::test]
async fn day_by_day_gives_what_one_load_gives() {
    let at_once = Clicks::new();
    for day in clicks::DAYS {
        at_once.deliver(*day);
    }
    at_once.build().await.unwrap();
    let expected = contents(&at_once).await;
    assert!(expected.iter().all(|rows| !rows.is_empty()), "{expected:?}");

    let daily = Clicks::new();
    for day in clicks::DAYS {
        daily.deliver(*day);
        daily.build().await.unwrap();
    }
    for (table, (found, expected)) in
        TABLES.iter().zip(contents(&daily).await.iter().zip(&expected))
    {
        // One load sees the last state only.
        if !table.contains("gold.cities") {
            assert_eq!(found, expected, "{table}");
        }
    }
    assert_eq!(
        daily.rows(TABLES[5]).await,
        [
            "1|ann|Oslo|2024-01-01T00:00:00Z|2024-01-03T00:00:00Z|false",
            "1|ann|Rome|2024-01-03T00:00:00Z||true",
            "2|bob|Bonn|2024-01-01T00:00:00Z|2024-01-02T00:00:00Z|false",
            "2|bob|Kiel|2024-01-02T00:00:00Z||true",
            "3|cyd|Lima|2024-01-02T00:00:00Z||true",
        ]
    );
    // What was written is what was new.
    let versions = lake::versions(&daily.path("lake"));
    let version = |table: &str| versions[&daily.path("lake").join(table)];
    assert_eq!(version("bronze/clicks"), 2);
    assert_eq!(version("gold/days"), 2);

    // And everything made anew is the same again.
    let before = contents(&daily).await;
    let refresh = Options { refresh: Refresh::Full, ..Options::default() };
    daily.build_with(&refresh).await.unwrap();
    let anew = contents(&daily).await;
    for (idx, table) in TABLES.iter().enumerate().filter(|(_, table)| !table.contains("cities")) {
        assert_eq!(anew[idx], before[idx], "{table}");
    }
}

#[tokio::test]
async fn a_second_build_writes_nothing() {
    let clicks = Clicks::new();
    clicks.deliver(clicks::DAYS[0]);
    clicks.build().await.unwrap();
    let before = lake::versions(&clicks.path("lake"));
    let report = clicks.build().await.unwrap();
    assert!(report.models.iter().all(|model| model.outcome != Outcome::Built), "{report:?}");
    assert_eq!(lake::versions(&clicks.path("lake")), before);
}

#[tokio::test]
async fn a_build_that_was_cut_off_doubles_nothing() {
    let clicks = Clicks::new();
    clicks.deliver(clicks::DAYS[0]);
    clicks.build().await.unwrap();
    clicks.deliver(clicks::DAYS[1]);
    clicks.build().await.unwrap();
    let expected = contents(&clicks).await;
    // The state file and the late rows of the last build are there, its own commits are not.
    for table in ["bronze/clicks", "silver/clicks", "gold/days"] {
        let log = clicks.path("lake").join(table).join("_delta_log/00000000000000000001.json");
        std::fs::remove_file(log).unwrap();
    }
    clicks.build().await.unwrap();
    assert_eq!(contents(&clicks).await, expected);
}

#[tokio::test]
async fn files_that_are_read_otherwise_make_their_table_anew_once() {
    let clicks = Clicks::new();
    clicks.deliver(clicks::DAYS[0]);
    clicks.build().await.unwrap();
    let kinds = "select kind from bronze.clicks order by _row";
    assert_eq!(clicks.rows(kinds).await, ["view", "buy", "buy"]);
    clicks.edit("sources/clicks.yaml", "null_text: ''", "null_text: ['', buy]");
    clicks.build().await.unwrap();
    let anew = clicks.rows(kinds).await;
    assert_eq!(anew.iter().filter(|kind| *kind == "buy").count(), 0, "{anew:?}");
    assert_eq!(anew.len(), 3);
    let before = lake::versions(&clicks.path("lake"));
    clicks.build().await.unwrap();
    assert_eq!(lake::versions(&clicks.path("lake")), before);
}

#[tokio::test]
async fn a_column_that_comes_doubles_no_row_of_files_that_are_gone() {
    let clicks = Clicks::new();
    clicks.deliver(clicks::DAYS[0]);
    clicks.deliver(clicks::DAYS[1]);
    clicks.build().await.unwrap();
    std::fs::remove_file(clicks.path("in/clicks/1.csv")).unwrap();
    let column = "kind: text, more: {type: timestamp_ms, missing: null},";
    clicks.edit("sources/clicks.yaml", "kind: text,", column);
    clicks.deliver(clicks::DAYS[2]);
    clicks.build().await.unwrap();
    let files = "select _file, count(*), count(more) from bronze.clicks group by 1 order by 1";
    assert_eq!(clicks.rows(files).await, ["1.csv|3|0", "2.csv|5|0", "3.csv|3|0"]);
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let check = async |harm: &dyn Fn(&Clicks), expected: &[&str]| {
        let clicks = Clicks::new();
        clicks.deliver(clicks::DAYS[0]);
        clicks.build().await.unwrap();
        let before = contents(&clicks).await;
        harm(&clicks);
        let error = clicks.build().await.unwrap_err();
        for text in expected {
            assert!(error.contains(text), "{error:?} should contain {text:?}");
        }
        assert_eq!(contents(&clicks).await, before, "{error}");
    };
    check(
        &|c| c.write("in/clicks/1.csv", "id,at,kind,price\n"),
        &["in/clicks/1.csv: was taken before with other bytes"],
    )
    .await;
    check(
        &|c| c.write("in/clicks/2.csv", "nr,when\n1,2024-01-02 00:00:00\n"),
        &["in/clicks/2.csv:1: header lacks column \"id\", it has: nr, when"],
    )
    .await;
    check(
        &|c| c.write("in/people.csv", "id,name,city,at\n1,a,b,2024-01-09\n1,c,d,2024-01-09\n"),
        &["models/silver/people.sql:3:1: 2 rows have the key id = 1, and a merge takes one"],
    )
    .await;
    check(
        &|c| c.write("in/people.csv", "id,name,city,at\n,c,d,2024-01-09\n"),
        &["models/silver/people.sql:3:1: a row has the key id = null", "null"],
    )
    .await;
    check(
        &|c| {
            c.edit(
                "models/bronze/clicks.sql",
                "select *",
                "select id, at, kind, price, _rescued, _file, _row, _ingested_at",
            );
            std::fs::remove_file(c.path("in/clicks/1.csv")).unwrap();
            c.write("in/clicks/2.csv", "id,at,kind,price\n9,2024-01-02 00:00:00,view,1\n");
        },
        &[
            "models/bronze/clicks.sql: must be made anew",
            "1 of the files",
            "1.csv",
            "--full-refresh",
        ],
    )
    .await;
    check(
        &|c| c.edit("models/silver/clicks.sql", "event_time: at", "event_time: ta"),
        &[
            "models/silver/clicks.sql:3:",
            ": stream.event_time names column \"ta\", the input has: id, at",
        ],
    )
    .await;
    check(
        &|c| c.edit("models/silver/people.sql", "{column: at}", "{column: at, overlap: 1 day}"),
        &[
            "models/silver/people.sql:4:25",
            ": watermark.overlap is taken from column \"at\", which is Utf8",
        ],
    )
    .await;
    check(
        &|c| c.edit("models/gold/days.sql", "by: [day]", "by: [dya]"),
        &["models/gold/days.sql:3:", ": by names column \"dya\", the query gives: day, n, revenue"],
    )
    .await;
    check(
        &|c| c.edit("models/silver/people.sql", "key: [id]", "key: [di]"),
        &[
            "models/silver/people.sql:3:",
            ": key names column \"di\", the query gives: id, name, city, at",
        ],
    )
    .await;
    check(
        &|c| c.edit("models/gold/days.sql", "from silver.clicks", "from silver.priced"),
        &["incremental cannot take the changes of silver.priced, which is a view"],
    )
    .await;
}

#[tokio::test]
async fn models_are_selected() {
    let clicks = Clicks::new();
    clicks.deliver(clicks::DAYS[0]);
    let select = |texts: &[&str]| Options {
        select: texts.iter().map(|text| (*text).to_owned()).collect(),
        ..Options::default()
    };
    let error = clicks.build_with(&select(&["gold.days"])).await.unwrap_err();
    assert!(error.contains("gold.days") || error.contains("gold/days.sql"), "{error}");
    assert!(error.contains("silver.clicks, which is not built"), "{error}");
    let made = |report: pipeline::Report| -> Vec<String> {
        report.models.iter().map(|model| model.model.to_string()).collect()
    };
    let report = clicks.build_with(&select(&["+gold.days"])).await.unwrap();
    assert_eq!(made(report), ["bronze.clicks", "silver.clicks", "gold.days"]);
    let report = clicks.build_with(&select(&["bronze.people+"])).await.unwrap();
    assert_eq!(made(report), ["bronze.people", "silver.people", "gold.cities"]);
    let error = clicks.build_with(&select(&["gold.dais"])).await.unwrap_err();
    assert!(
        error.contains("--select \"gold.dais\" is no model, there are: bronze.clicks"),
        "{error}"
    );
}
