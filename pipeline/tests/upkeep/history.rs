//! What vacuum and the cut of the log leave: every version within the retention.

use super::shop::{
    APP_ID, DAY, Dice, LOCATION, ahead, append, files, grown, load, load_at, make_older, on_disk,
    orders, rows, table, transaction,
};
use super::{lake, options};

use chrono::{DateTime, Utc};
use deltalake::DeltaTable;
use pipeline::upkeep::{Options, Order, Retention, TableReport, run};
use pipeline::{Clock, Root};
use std::time::{Duration, SystemTime};

async fn at(root: &Root, clock: &Clock, options: &Options, needed: Option<u64>) -> TableReport {
    let mut table = table(Order::Plain);
    table.needed_version = needed;
    let mut reports = run(root, &[table], options, clock, |_| ()).await.unwrap();
    reports.pop().unwrap()
}

/// The table as it was `age` ago, by the times of its commits.
async fn load_before(root: &Root, age: Duration) -> DeltaTable {
    let time: DateTime<Utc> = (SystemTime::now() - age).into();
    let mut table = root.builder(LOCATION).unwrap();
    table.load_with_datetime(time).await.unwrap();
    table
}

/// A table that was written over every ten days, the last time today: version N is `40 - 10 * N` days
/// old and has N + 1 hundreds of rows.
async fn with_a_past(root: &Root) {
    let mut dice = Dice(1);
    for version in 0..5 {
        if version > 0 {
            make_older(root, 10 * DAY);
        }
        append(root, orders(version * 100, 100, 0..10, &mut dice), &[], version).await;
        if version > 0 {
            // All rows in one new file, so that each version has files of its own.
            let all = load(root).await;
            let ctx = datafusion::prelude::SessionContext::new();
            all.update_datafusion_session(&ctx.state()).unwrap();
            let whole = ctx.read_table(all.table_provider().await.unwrap()).unwrap();
            let whole = whole.collect().await.unwrap();
            all.write(whole)
                .with_save_mode(deltalake::protocol::SaveMode::Overwrite)
                .await
                .unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_within_the_retention_stay_readable() {
    let (_folder, root) = lake();
    with_a_past(&root).await;
    // Versions 0; 1, 2; 3, 4; 5, 6; 7, 8: 40, 30, 20, 10 and 0 days old.
    let mut past = Vec::new();
    for version in 0..=8 {
        past.push(rows(&load_at(&root, version).await).await);
    }
    let n_before = on_disk(&root).len();
    let month = at(&root, &Clock::system(), &options(64 << 20), None).await;
    // Thirty days ago version 2 had just been written; the file of version 0 is in none since.
    assert_eq!(month.deleted.n_files, 2, "{month:?}");
    assert_eq!(on_disk(&root).len(), n_before - 2);
    for version in 2..=8 {
        assert_eq!(rows(&load_at(&root, version).await).await, past[version as usize], "{version}");
    }
    for (days, version) in [(29, 2), (21, 2), (19, 4), (11, 4), (9, 6), (1, 6)] {
        let then = load_before(&root, days * DAY).await;
        assert_eq!(rows(&then).await, past[version], "{days} days ago");
    }
    let week = Options { retention: Retention::new(7 * DAY).unwrap(), ..options(64 << 20) };
    at(&root, &Clock::system(), &week, None).await;
    for (days, version) in [(6, 6), (1, 6), (0, 8)] {
        let then = load_before(&root, days * DAY).await;
        assert_eq!(rows(&then).await, past[version], "{days} days ago");
    }
    assert!(on_disk(&root).len() < n_before - 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_is_still_read_stays() {
    let (_folder, root) = lake();
    with_a_past(&root).await;
    let fourth = rows(&load_at(&root, 4).await).await;
    let now = Options { retention: Retention::even_short(Duration::ZERO), ..options(64 << 20) };
    at(&root, &Clock::system(), &now, Some(4)).await;
    assert_eq!(rows(&load_at(&root, 4).await).await, fourth);
    let last = rows(&load(&root).await).await;
    let report = at(&root, &Clock::system(), &now, None).await;
    assert!(report.deleted.n_files > 0);
    assert_eq!(on_disk(&root).len(), 1);
    assert_eq!(rows(&load(&root).await).await, last);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_cut_where_nobody_looks() {
    let (_folder, root) = lake();
    grown(&root, 11, 10, &[]).await;
    let report = at(&root, &Clock::system(), &options(64 << 20), None).await;
    assert_eq!((report.checkpoint, report.n_log_files_deleted), (Some(12), 0));
    // All of it is forty days old, and one more commit is new.
    make_older(&root, 40 * DAY);
    append(&root, orders(1000, 10, 0..9, &mut Dice(3)), &[], 11).await;
    let all = rows(&load(&root).await).await;
    let before = rows(&load_at(&root, 12).await).await;
    let report = at(&root, &Clock::system(), &options(64 << 20), None).await;
    // Version 12 was current thirty days ago; the checkpoint of it carries what came before.
    assert_eq!(report.n_log_files_deleted, 12, "{report:?}");
    assert_eq!(rows(&load_at(&root, 12).await).await, before);
    assert_eq!(rows(&load(&root).await).await, all);
    assert_eq!(transaction(&load(&root).await).await, Some(11), "{APP_ID}");
    let log = root.list(&format!("{LOCATION}/_delta_log")).await.unwrap();
    let oldest = log.iter().find(|path| path.ends_with(".json")).unwrap();
    assert!(oldest.ends_with("00000000000000000012.json"), "{oldest}");
}

#[tokio::test(flavor = "multi_thread")]
async fn checkpoints_are_made_every_ten_commits() {
    let (_folder, root) = lake();
    grown(&root, 1, 10, &[]).await;
    let first = at(&root, &Clock::system(), &options(64 << 20), None).await;
    // Its properties are set in a commit of upkeep.
    assert_eq!((first.version, first.checkpoint), (1, Some(1)));
    for number in 1..30 {
        let rows = orders(number * 10, 10, 0..9, &mut Dice(3));
        let table = load(&root).await;
        table.write([rows]).await.unwrap();
    }
    let log = root.list(&format!("{LOCATION}/_delta_log")).await.unwrap();
    let checkpoints: Vec<_> =
        log.iter().filter_map(|path| path.strip_suffix(".checkpoint.parquet")).collect();
    assert_eq!(checkpoints.len(), 4, "{checkpoints:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_killed_writers_go_and_those_of_running_ones_stay() {
    let (_folder, root) = lake();
    grown(&root, 2, 50, &["half"]).await;
    let folder = root.local_dir().unwrap().join(LOCATION);
    let live = files(&load(&root).await);
    let some = std::fs::read(folder.join(&live[0].path)).unwrap();
    let orphans = ["part-lost.parquet", "half=odd%20days/part-lost.parquet", "notes.txt"];
    for name in orphans {
        std::fs::write(folder.join(name), &some).unwrap();
    }
    let is_there = |name: &str| folder.join(name).is_file();
    let report = at(&root, &ahead(DAY / 2), &options(1), None).await;
    assert_eq!(report.deleted.n_files, 0, "they may be committed yet: {report:?}");
    let report = at(&root, &ahead(2 * DAY), &options(1), None).await;
    assert_eq!(report.deleted.n_files, 2, "{report:?}");
    assert_eq!(report.deleted.size_bytes, 2 * some.len() as u64);
    assert!(!is_there(orphans[0]) && !is_there(orphans[1]));
    assert!(is_there(orphans[2]), "what is no data file is nobody's business here");
    assert_eq!(rows(&load(&root).await).await.len(), 100 + 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_retention_only_the_last_version_stays() {
    let (_folder, root) = lake();
    grown(&root, 5, 50, &[]).await;
    let all = rows(&load(&root).await).await;
    std::fs::write(root.local_dir().unwrap().join(LOCATION).join("new.parquet"), "x").unwrap();
    let now = Options { retention: Retention::even_short(Duration::ZERO), ..options(64 << 20) };
    let report = at(&root, &ahead(Duration::from_secs(5)), &now, None).await;
    // The five were named by commits; the new one may belong to a commit that is on its way.
    assert_eq!(report.deleted.n_files, 5, "{report:?}");
    assert_eq!(on_disk(&root).len(), 2);
    assert_eq!(rows(&load(&root).await).await, all);
}
