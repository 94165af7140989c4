//! Upkeep over tables that grew by many commits: no row changes, no version within the retention is
//! lost, and what is done twice is nothing the second time.

mod builds;
mod disk_full;
mod history;
pub mod shop;

use pipeline::upkeep::{
    Event, Files, Mode, Options, Order, Retention, Table, TableReport, UpkeepError, Work, run,
};
use pipeline::{Clock, Lock, LockError, Root, Wait};
use serde_json::Value;
use shop::{LOCATION, columns, files, grown, load, rows, table};
use std::num::NonZeroU64;

fn options(target_size_bytes: u64) -> Options {
    Options { target_size_bytes: NonZeroU64::new(target_size_bytes).unwrap(), ..Options::default() }
}

async fn once(root: &Root, table: &Table, options: &Options) -> TableReport {
    let tables = [table.clone()];
    let mut reports = run(root, &tables, options, &Clock::system(), |_| ()).await.unwrap();
    reports.pop().unwrap()
}

/// Upkeep of a table that is in order writes nothing.
async fn check_settled(root: &Root, table: &Table, options: &Options) {
    let version = load(root).await.version();
    let again = once(root, table, options).await;
    assert_eq!(again.rewritten, Files::default(), "{again:?}");
    assert_eq!((again.before, again.checkpoint), (again.after, None));
    assert_eq!(Some(again.version), version);
    assert_eq!(load(root).await.version(), version);
}

fn lake() -> (tempfile::TempDir, Root) {
    let folder = tempfile::tempdir().unwrap();
    let root = Root::folder(&folder.path().join("a lake")).unwrap();
    (folder, root)
}

#[tokio::test(flavor = "multi_thread")]
async fn small_files_become_few_and_no_row_changes() {
    for partition_by in [[].as_slice(), &["half"]] {
        let (_folder, root) = lake();
        grown(&root, 12, 500, partition_by).await;
        let before = load(&root).await;
        let all = rows(&before).await;
        let n_partitions = 1.max(2 * partition_by.len());
        assert_eq!(files(&before).len(), 12 * n_partitions);
        let report = once(&root, &table(Order::Plain), &options(64 << 20)).await;
        let after = load(&root).await;
        assert_eq!(rows(&after).await, all);
        assert_eq!(files(&after).len(), n_partitions);
        assert_eq!(report.n_rows, Some(6000));
        assert_eq!((report.before.n_files, report.version_before), (12 * n_partitions as u64, 11));
        assert_eq!((report.after.n_files, report.version), (n_partitions as u64, 13));
        assert_eq!(report.rewritten, report.before);
        assert_eq!(report.checkpoint, Some(13));
        let on_disk: u64 = files(&after).iter().map(|file| file.size_bytes).sum();
        assert_eq!(report.after.size_bytes, on_disk);
        // What a build knows its state by is still there, also in the checkpoint alone.
        assert_eq!(shop::transaction(&after).await, Some(11));
        let log = root.local_dir().unwrap().join(LOCATION).join("_delta_log");
        for version in 0..=13 {
            std::fs::remove_file(log.join(format!("{version:020}.json"))).unwrap();
        }
        let reloaded = load(&root).await;
        assert_eq!(shop::transaction(&reloaded).await, Some(11));
        assert_eq!(rows(&reloaded).await, all);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_order_is_left_alone() {
    let orders = [
        Order::Plain,
        Order::Sorted(columns(&["order_date", "order_id"])),
        Order::Clustered(columns(&["order_date", "order_id"])),
        Order::ZOrdered(columns(&["order_date", "customer_id"])),
    ];
    for order in orders {
        for partition_by in [[].as_slice(), &["half"]] {
            let (_folder, root) = lake();
            grown(&root, 12, 1000, partition_by).await;
            let all = rows(&load(&root).await).await;
            let (table, options) = (table(order.clone()), options(70_000));
            let report = once(&root, &table, &options).await;
            assert!(report.rewritten.n_files > 1, "{report:?}");
            assert!(report.after.n_files > 3, "{report:?}");
            assert_eq!(rows(&load(&root).await).await, all, "{order:?}");
            check_settled(&root, &table, &options).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sorted_table_is_sorted_within_its_files() {
    let (_folder, root) = lake();
    grown(&root, 3, 1000, &[]).await;
    let order = Order::Sorted(columns(&["order_date", "order_id"]));
    once(&root, &table(order), &options(64 << 20)).await;
    let after = load(&root).await;
    let found = shop::answer(&after, "select order_date, order_id from t").await;
    let wanted =
        shop::answer(&after, "select order_date, order_id from t order by order_date, order_id")
            .await;
    assert_eq!(found, wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_came_one_after_another_stay_so() {
    let (_folder, root) = lake();
    grown(&root, 8, 100, &[]).await;
    once(&root, &table(Order::Plain), &options(64 << 20)).await;
    let after = load(&root).await;
    let found = shop::answer(&after, "select order_id from t").await;
    assert_eq!(found, shop::answer(&after, "select order_id from t order by order_id").await);
}

/// The files of a clustered table one after another: their ranges of days meet, and do not overlap.
async fn check_in_line(root: &Root, target: u64) -> usize {
    let mut files = files(&load(root).await);
    let day = |value: Value| value.as_str().unwrap().to_owned();
    files.sort_by_key(|file| day(file.range("order_date").0));
    let mut last = String::new();
    for file in &files {
        let (min, max) = file.range("order_date");
        assert!(day(min.clone()) >= last, "{min} comes after {last}");
        last = day(max);
    }
    let is_small = |file: &&shop::LiveFile| file.size_bytes < target / 2;
    let n_small = files.iter().filter(is_small).count();
    assert!(n_small <= 1, "{n_small} of {} are small", files.len());
    for file in &files {
        assert!(file.size_bytes < target * 3 / 2, "{} of {target}", file.size_bytes);
    }
    files.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clustered_table_is_cut_along_its_days() {
    const TARGET: u64 = 40_000;
    let (_folder, root) = lake();
    grown(&root, 10, 3000, &[]).await;
    let table = table(Order::Clustered(columns(&["order_date", "order_id"])));
    let everything = files(&load(&root).await);
    let noon = Value::from("1970-01-20");
    let n_read = everything.iter().filter(|file| file.may_have("order_date", &noon)).count();
    assert_eq!(n_read, everything.len(), "each commit has each day");
    once(&root, &table, &options(TARGET)).await;
    let n_files = check_in_line(&root, TARGET).await;
    assert!((6..60).contains(&n_files), "{n_files}: several files, and fewer than days");
    let in_line = files(&load(&root).await);
    let n_read = in_line.iter().filter(|file| file.may_have("order_date", &noon)).count();
    assert!(n_read <= 2, "{n_read} of {n_files} have one day");
    // Late rows of three days, and rows of new ones: what else there is stays as it is.
    let mut dice = shop::Dice(7);
    shop::append(&root, shop::orders(1_000_000, 50, 30..33, &mut dice), &[], 10).await;
    shop::append(&root, shop::orders(2_000_000, 2000, 60..64, &mut dice), &[], 11).await;
    let all = rows(&load(&root).await).await;
    let report = once(&root, &table, &options(TARGET)).await;
    assert_eq!(rows(&load(&root).await).await, all);
    check_in_line(&root, TARGET).await;
    let kept = files(&load(&root).await);
    let n_kept = in_line.iter().filter(|a| kept.iter().any(|b| a.path == b.path)).count();
    assert!(n_kept + 4 >= n_files, "{n_kept} of {n_files} stayed");
    assert!(report.rewritten.n_files <= 6, "{report:?}");
    check_settled(&root, &table, &options(TARGET)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_curve_leaves_files_out_by_either_column() {
    let (_folder, root) = lake();
    grown(&root, 8, 8000, &[]).await;
    let table = table(Order::ZOrdered(columns(&["order_date", "customer_id"])));
    once(&root, &table, &options(40_000)).await;
    let files = files(&load(&root).await);
    assert!(files.len() >= 16, "{}", files.len());
    let share = |column: &str, values: Vec<Value>| {
        let n_read: usize = values
            .iter()
            .map(|value| files.iter().filter(|file| file.may_have(column, value)).count())
            .sum();
        n_read as f64 / (values.len() * files.len()) as f64
    };
    let days = (1..29).map(|day| Value::from(format!("1970-02-{day:02}"))).collect();
    let customers = (0..10_000_i64).step_by(400).map(Value::from).collect();
    let (by_day, by_customer) = (share("order_date", days), share("customer_id", customers));
    // Sorted by one of them, all files would be read for the other.
    assert!(by_day < 0.5 && by_customer < 0.5, "{by_day} {by_customer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_that_a_catalog_filters_by_have_ranges() {
    use arrow::array::{Int64Array, RecordBatch};
    use arrow::datatypes::{DataType, Field, Schema};
    let (_folder, root) = lake();
    let names: Vec<String> = (0..40).map(|idx| format!("c{idx}")).collect();
    let fields: Vec<Field> =
        names.iter().map(|name| Field::new(name, DataType::Int64, true)).collect();
    let values = (0..40).map(|idx| std::sync::Arc::new(Int64Array::from(vec![idx, idx + 1])) as _);
    let batch =
        RecordBatch::try_new(std::sync::Arc::new(Schema::new(fields)), values.collect()).unwrap();
    shop::append(&root, batch, &[], 0).await;
    let range = async || files(&load(&root).await)[0].range("c36");
    assert_eq!(range().await, (Value::Null, Value::Null), "32 columns have ranges by default");
    let mut table = table(Order::Plain);
    once(&root, &table, &options(64 << 20)).await;
    assert_eq!(range().await, (Value::Null, Value::Null), "nobody filters by it");
    table.filtered = columns(&["c36", "c2", "no such column"]);
    let report = once(&root, &table, &options(64 << 20)).await;
    assert_eq!(report.rewritten.n_files, 1);
    assert_eq!(range().await, (Value::from(36), Value::from(37)));
    let configuration = load(&root).await.snapshot().unwrap().metadata().configuration().clone();
    assert_eq!(configuration.get("delta.dataSkippingNumIndexedCols").unwrap(), "37");
    check_settled(&root, &table, &options(64 << 20)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_only_planned_changes_nothing() {
    let (_folder, root) = lake();
    grown(&root, 12, 100, &[]).await;
    let before = root.list("").await.unwrap();
    let plan = Options { mode: Mode::Plan, ..options(64 << 20) };
    let report = once(&root, &table(Order::Plain), &plan).await;
    assert_eq!((report.rewritten, report.after), (report.before, report.before));
    assert_eq!((report.version, report.checkpoint), (11, None));
    assert_eq!(root.list("").await.unwrap(), before);
    // Not even a lock is needed.
    let _held = Lock::take(&root, "build", &Clock::system(), Wait::Refuse, |_| ()).await.unwrap();
    once(&root, &table(Order::Plain), &plan).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_part_of_the_work_leaves_the_other_alone() {
    let (_folder, root) = lake();
    grown(&root, 3, 100, &[]).await;
    let now = Retention::even_short(std::time::Duration::ZERO);
    let only = |work| Options { work, retention: now, ..options(64 << 20) };
    let report = once(&root, &table(Order::Plain), &only(Work::Vacuum)).await;
    assert_eq!((report.rewritten.n_files, report.deleted.n_files, report.version), (0, 0, 2));
    let report = once(&root, &table(Order::Plain), &only(Work::Optimize)).await;
    assert_eq!((report.rewritten.n_files, report.deleted.n_files), (3, 0));
    assert_eq!(shop::on_disk(&root).len(), 4);
    let report = once(&root, &table(Order::Plain), &only(Work::Vacuum)).await;
    assert_eq!((report.rewritten.n_files, report.deleted.n_files), (0, 3));
    assert_eq!(shop::on_disk(&root).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lake_that_is_built_is_not_touched() {
    let (_folder, root) = lake();
    grown(&root, 2, 100, &[]).await;
    let clock = Clock::system();
    let held = Lock::take(&root, "build", &clock, Wait::Refuse, |_| ()).await.unwrap();
    let tables = [table(Order::Plain)];
    let error = run(&root, &tables, &Options::default(), &clock, |_| ()).await.unwrap_err();
    assert!(matches!(error, UpkeepError::Lock(LockError::Held { .. })), "{error}");
    assert!(error.to_string().contains("`build`, process"), "{error}");
    assert_eq!(load(&root).await.version(), Some(1));
    held.release().await.unwrap();
    run(&root, &tables, &Options::default(), &clock, |_| ()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_loses_the_lake_commits_nothing_more() {
    let (folder, root) = lake();
    grown(&root, 2, 100, &[]).await;
    let nothing = Table { location: "silver/none".to_owned(), ..table(Order::Plain) };
    let clock = Clock::system();
    let lock = folder.path().join("a lake/_lakefront/lock");
    // The table twice: after the first time the lock is somebody else's.
    let tables = [nothing, table(Order::Plain), table(Order::Clustered(columns(&["order_date"])))];
    let options = options(64 << 20);
    let outcome = run(&root, &tables, &options, &clock, |event| {
        let Event::Done(report) = event else { panic!("nobody else has it") };
        assert_eq!(report.version, 3);
        std::fs::write(&lock, "{}").unwrap();
    });
    let error = outcome.await.unwrap_err();
    assert!(matches!(error, UpkeepError::Lock(LockError::Lost { .. })), "{error}");
    assert_eq!(load(&root).await.version(), Some(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_that_is_not_there_is_named() {
    let check = async |order: Order, partition_by: &[&str], expected: &str| {
        let (_folder, root) = lake();
        grown(&root, 1, 10, partition_by).await;
        let tables = [table(order)];
        let clock = Clock::system();
        let error = run(&root, &tables, &options(1 << 20), &clock, |_| ()).await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains(expected), "{text:?} should contain {expected:?}");
        assert!(text.contains("silver/orders: "), "{text:?}");
    };
    let known = "the table has: order_id, order_date, customer_id, amount, note";
    check(
        Order::Clustered(columns(&["day"])),
        &[],
        &format!("cluster_by names column \"day\", {known}, half"),
    )
    .await;
    check(
        Order::ZOrdered(columns(&["order_date", "half"])),
        &["half"],
        &format!("zorder_by names column \"half\", {known}"),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_counts_wrong_stops_before_the_commit() {
    let (_folder, root) = lake();
    grown(&root, 2, 100, &[]).await;
    let path = root.local_dir().unwrap().join(LOCATION).join("_delta_log");
    let path = path.join(format!("{:020}.json", 1));
    let text = std::fs::read_to_string(&path).unwrap();
    let wrong = text.replace("\\\"numRecords\\\":100", "\\\"numRecords\\\":101");
    assert_ne!(wrong, text);
    std::fs::write(&path, wrong).unwrap();
    let before = shop::on_disk(&root);
    let tables = [table(Order::Plain)];
    let clock = Clock::system();
    let error = run(&root, &tables, &options(1 << 20), &clock, |_| ()).await.unwrap_err();
    assert!(matches!(error, UpkeepError::Rows { n_before: 201, n_written: 200, .. }), "{error}");
    // Its properties were set, its files are what they were, and what was written is gone.
    assert_eq!(load(&root).await.version(), Some(2));
    assert_eq!(files(&load(&root).await).len(), 2);
    assert_eq!(shop::on_disk(&root), before);
}
