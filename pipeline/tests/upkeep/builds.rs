//! Upkeep between builds: a build finds what it knew, and takes in what is new as if there were none.

use super::options;
use crate::incremental::clicks::{Clicks, DAYS, TABLES};
use crate::pipeline_build::lake;
use pipeline::upkeep::{self, Options, Order, Retention, TableReport};
use pipeline::{Clock, Outcome, Project};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

async fn contents(clicks: &Clicks) -> Vec<Vec<String>> {
    clicks.contents(TABLES).await
}

/// Everything that can go goes.
fn thorough() -> Options {
    Options { retention: Retention::even_short(Duration::ZERO), ..options(64 << 20) }
}

async fn upkeep(clicks: &Clicks) -> Vec<TableReport> {
    let project = Project::open(&clicks.path("")).unwrap();
    let tables = upkeep::tables(&project, &[]).await.unwrap();
    let clock = Clock::system();
    upkeep::run(&project.lake, &tables, &thorough(), &clock, |_| ()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_after_upkeep_goes_on_where_it_was() {
    let (alone, kept) = (Clicks::new(), Clicks::new());
    // Orders of each kind, so that every table is written anew.
    kept.edit("models/bronze/clicks.sql", "append", "append\nsort_by: [id]\ncluster_by: at");
    kept.edit("models/gold/days.sql", "by: [day]", "by: [day]\nzorder_by: [n]");
    let mut n_rewritten = 0;
    for day in DAYS {
        for clicks in [&alone, &kept] {
            clicks.deliver(*day);
            clicks.build().await.unwrap();
        }
        let expected = contents(&alone).await;
        n_rewritten += upkeep(&kept).await.iter().filter(|done| done.rewritten.n_files > 0).count();
        assert_eq!(contents(&kept).await, expected, "{}", day.name);
        let versions = lake::versions(&kept.path("lake"));
        let report = kept.build().await.unwrap();
        assert!(report.models.iter().all(|model| model.outcome != Outcome::Built), "{report:?}");
        assert_eq!(lake::versions(&kept.path("lake")), versions);
    }
    assert!(n_rewritten >= 6, "{n_rewritten}");
    // Made whole each time, and still what upkeep relies on.
    let project = Project::open(&kept.path("")).unwrap();
    let mut wide = project.lake.builder("gold/wide").unwrap();
    wide.load().await.unwrap();
    let properties = wide.snapshot().unwrap().metadata().configuration().clone();
    assert_eq!(properties.get("delta.checkpointInterval").unwrap(), "10");
    assert_eq!(properties.get("delta.enableExpiredLogCleanup").unwrap(), "false");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_model_has_not_taken_in_yet_stays() {
    let (alone, kept) = (Clicks::new(), Clicks::new());
    let some = pipeline::Options {
        select: vec!["bronze.*".to_owned(), "silver.clicks".to_owned()],
        ..pipeline::Options::default()
    };
    for clicks in [&alone, &kept] {
        clicks.deliver(DAYS[0]);
        clicks.build().await.unwrap();
        clicks.deliver(DAYS[1]);
        // The gold tables and silver.people stay behind.
        clicks.build_with(&some).await.unwrap();
    }
    let first = upkeep(&kept).await;
    let clicks = first.iter().find(|done| done.location == "silver/clicks").unwrap();
    assert_eq!((clicks.rewritten.n_files, clicks.deleted.n_files), (2, 0), "{clicks:?}");
    for clicks in [&alone, &kept] {
        clicks.deliver(DAYS[2]);
        clicks.build().await.unwrap();
    }
    assert_eq!(contents(&kept).await, contents(&alone).await);
    // Nobody is behind any longer.
    let second = upkeep(&kept).await;
    let clicks = second.iter().find(|done| done.location == "silver/clicks").unwrap();
    assert!(clicks.deleted.n_files >= 2, "{clicks:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_known_of_a_table_comes_from_its_model_and_the_catalog() {
    let clicks = Clicks::new();
    clicks.edit("lakefront.yaml", "name: clicks\n", "name: clicks\ncatalog: catalog.yaml\n");
    clicks.write(
        "catalog.yaml",
        "title: Clicks\ncurrency: EUR\nzone: UTC\ntables:\n  - name: days\n    location: gold/days\n    \
         measures:\n      - {name: n, label: N, expr: sum(n), format: count}\n    \
         dimensions:\n      - {name: day, label: Day, column: day, kind: date}\n\
         dashboards:\n  - name: overview\n    title: Overview\n    time: day\n    panels:\n      \
         - {name: n, title: N, measure: n, kind: kpi}\n",
    );
    clicks.edit(
        "models/gold/days.sql",
        "by: [day]",
        "by: [day]\ncluster_by: day\nsort_by: [day, n]",
    );
    clicks.deliver(DAYS[0]);
    clicks.build().await.unwrap();
    let project = Project::open(&clicks.path("")).unwrap();
    let tables = upkeep::tables(&project, &[]).await.unwrap();
    let names: Vec<&str> = tables.iter().map(|table| table.location.as_str()).collect();
    for name in ["bronze/clicks", "silver/clicks", "silver/people", "gold/days", "gold/wide"] {
        assert!(names.contains(&name), "{names:?}");
    }
    assert!(!names.contains(&"silver/priced"), "a view is no table: {names:?}");
    let one = upkeep::tables(&project, &["gold.days".to_owned()]).await.unwrap();
    assert_eq!(one.len(), 1);
    let columns = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    assert_eq!(one[0].order, Order::Clustered(columns(&["day", "n"])));
    assert_eq!(one[0].filtered, columns(&["day"]));
    assert_eq!(one[0].needed_version, None);
    let read = upkeep::tables(&project, &["silver.clicks".to_owned()]).await.unwrap();
    assert_eq!(read[0].needed_version, Some(0), "gold.days goes on from there");
    let error = upkeep::tables(&project, &["gold.nights".to_owned()]).await.unwrap_err();
    assert!(
        error.to_string().contains("\"gold.nights\" is no model, there are: bronze."),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn upkeep_that_is_killed_loses_nothing() {
    let Some(binary) = test_support::program("LAKEFRONT_BIN") else { return };
    let command = |clicks: &Clicks| {
        let mut command = Command::new(&binary);
        command
            .args(["upkeep", "--retention", "0 seconds", "--allow-short-retention"])
            .arg(clicks.path(""))
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    };
    let made = async || {
        let clicks = Clicks::new();
        for day in DAYS {
            clicks.deliver(*day);
            clicks.build().await.unwrap();
        }
        clicks
    };
    let whole = made().await;
    let expected = contents(&whole).await;
    let start = Instant::now();
    assert!(command(&whole).status().unwrap().success());
    let length = start.elapsed();
    assert_eq!(contents(&whole).await, expected);
    for part in 1..5 {
        let clicks = made().await;
        let mut child = command(&clicks).spawn().unwrap();
        std::thread::sleep(length * part / 5);
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(contents(&clicks).await, expected, "{part}");
        let report = clicks.build().await.unwrap();
        assert!(report.models.iter().all(|model| model.outcome != Outcome::Built), "{report:?}");
        assert!(command(&clicks).status().unwrap().success());
        assert_eq!(contents(&clicks).await, expected, "{part}");
    }
}
