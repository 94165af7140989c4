//! A table of orders that grew by many small commits, and what its log says.

use arrow::array::{Date32Array, Decimal128Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::util::pretty::pretty_format_batches;
use datafusion::prelude::SessionContext;
use deltalake::DeltaTable;
use deltalake::kernel::Transaction;
use deltalake::kernel::transaction::CommitProperties;
use deltalake::protocol::SaveMode;
use pipeline::upkeep::{Order, Table};
use pipeline::{Clock, Root};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Where the table lies.
pub const LOCATION: &str = "silver/orders";

/// The application whose transactions the commits carry.
pub const APP_ID: &str = "lakefront";

/// Days between the first and the last order.
pub const N_DAYS: i32 = 60;

/// One day.
pub const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The table in the order `order`.
pub fn table(order: Order) -> Table {
    Table {
        location: LOCATION.to_owned(),
        order,
        filtered: Vec::new(),
        needed_version: None,
        known_version: None,
    }
}

/// `names` as a list of columns.
pub fn columns(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

/// Numbers without a pattern that are the same each time.
pub struct Dice(pub u64);

impl Dice {
    /// A number below `n`.
    pub fn roll(&mut self, n: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

/// `n_rows` orders of the days `days`, with numbers from `first_id`.
pub fn orders(
    first_id: i64,
    n_rows: i64,
    days: std::ops::Range<i32>,
    dice: &mut Dice,
) -> RecordBatch {
    let ids: Vec<i64> = (first_id..first_id + n_rows).collect();
    let n_days = u64::try_from(days.end - days.start).unwrap();
    let mut roll = |n| dice.roll(n) as i64;
    let dates = ids.iter().map(|_| days.start + roll(n_days) as i32).collect::<Vec<_>>();
    let customers: Vec<i64> = ids.iter().map(|_| roll(10_000)).collect();
    let amounts: Vec<i128> = ids.iter().map(|_| i128::from(roll(1_000_000))).collect();
    let notes: Vec<Option<String>> = ids
        .iter()
        .map(|id| (id % 7 != 0).then(|| format!("note {} {}", roll(1_000_000), id)))
        .collect();
    let schema = Schema::new(vec![
        Field::new("order_id", DataType::Int64, false),
        Field::new("order_date", DataType::Date32, true),
        Field::new("customer_id", DataType::Int64, true),
        Field::new("amount", DataType::Decimal128(12, 2), true),
        Field::new("note", DataType::Utf8, true),
        Field::new("half", DataType::Utf8, true),
    ]);
    let halves: Vec<&str> =
        dates.iter().map(|date| if date % 2 == 0 { "even days" } else { "odd days" }).collect();
    RecordBatch::try_new(
        Arc::new(schema),
        vec![
            Arc::new(Int64Array::from(ids)),
            Arc::new(Date32Array::from(dates)),
            Arc::new(Int64Array::from(customers)),
            Arc::new(Decimal128Array::from(amounts).with_precision_and_scale(12, 2).unwrap()),
            Arc::new(StringArray::from(notes)),
            Arc::new(StringArray::from(halves)),
        ],
    )
    .unwrap()
}

/// Adds `rows` to the table, in a commit with the transaction `number`.
pub async fn append(root: &Root, rows: RecordBatch, partition_by: &[&str], number: i64) {
    let mut table = root.builder(LOCATION).unwrap();
    if let Some(dir) = root.local_dir() {
        std::fs::create_dir_all(dir.join(LOCATION)).unwrap();
    }
    let is_new = table.load().await.is_err();
    let properties = CommitProperties::default()
        .with_application_transaction(Transaction::new(APP_ID, number))
        .with_metadata([("made of".to_owned(), Value::from(number))])
        .with_create_checkpoint(false)
        .with_cleanup_expired_logs(Some(false));
    let mut write =
        table.write([rows]).with_save_mode(SaveMode::Append).with_commit_properties(properties);
    if is_new {
        write = write.with_partition_columns(partition_by.to_vec());
    }
    write.await.unwrap();
}

/// A table of `n_commits` of `n_rows` each, all of them over all days.
pub async fn grown(root: &Root, n_commits: i64, n_rows: i64, partition_by: &[&str]) {
    let mut dice = Dice(42);
    for number in 0..n_commits {
        let rows = orders(number * n_rows, n_rows, 0..N_DAYS, &mut dice);
        append(root, rows, partition_by, number).await;
    }
}

/// The table as it is.
pub async fn load(root: &Root) -> DeltaTable {
    let mut table = root.builder(LOCATION).unwrap();
    table.load().await.unwrap();
    table
}

/// The table as it was at `version`.
pub async fn load_at(root: &Root, version: u64) -> DeltaTable {
    let mut table = root.builder(LOCATION).unwrap();
    table.load_version(version).await.unwrap();
    table
}

/// Every row as text, sorted.
pub async fn rows(table: &DeltaTable) -> Vec<String> {
    let sql = "select * from t order by order_id";
    let text = answer(table, sql).await;
    text.lines().map(str::to_owned).collect()
}

/// What `sql` says of the table `t`.
pub async fn answer(table: &DeltaTable, sql: &str) -> String {
    let ctx = SessionContext::new();
    table.update_datafusion_session(&ctx.state()).unwrap();
    ctx.register_table("t", table.table_provider().await.unwrap()).unwrap();
    let batches = ctx.sql(sql).await.unwrap().collect().await.unwrap();
    pretty_format_batches(&batches).unwrap().to_string()
}

/// A live file: its path, size and statistics.
#[derive(Debug, Clone)]
pub struct LiveFile {
    pub path: String,
    pub size_bytes: u64,
    pub stats: Value,
}

impl LiveFile {
    /// The least and the greatest value of `column`, as JSON.
    pub fn range(&self, column: &str) -> (Value, Value) {
        (self.stats["minValues"][column].clone(), self.stats["maxValues"][column].clone())
    }

    /// Whether it may have a row whose `column` is `value`, which is text or a number.
    pub fn may_have(&self, column: &str, value: &Value) -> bool {
        let is_less = |a: &Value, b: &Value| match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) => a < b,
            _ => a.as_str().unwrap() < b.as_str().unwrap(),
        };
        let (min, max) = self.range(column);
        !is_less(value, &min) && !is_less(&max, value)
    }
}

/// The live files, by path.
pub fn files(table: &DeltaTable) -> Vec<LiveFile> {
    let state = table.snapshot().unwrap();
    let mut files: Vec<LiveFile> = state
        .log_data()
        .iter()
        .map(|file| LiveFile {
            path: file.path().into_owned(),
            size_bytes: file.size() as u64,
            stats: serde_json::from_str(&file.stats().unwrap_or_default()).unwrap_or_default(),
        })
        .collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

/// The number of the last transaction of [`APP_ID`].
pub async fn transaction(table: &DeltaTable) -> Option<i64> {
    let log_store = table.log_store();
    table.snapshot().unwrap().transaction_version(log_store.as_ref(), APP_ID).await.unwrap()
}

/// The Parquet files in the folder of the table, also those that no commit has.
pub fn on_disk(root: &Root) -> Vec<String> {
    let mut found = Vec::new();
    collect(&root.local_dir().unwrap().join(LOCATION), &mut found);
    let mut names: Vec<String> = found
        .iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "parquet"))
        .filter(|path| !path.to_string_lossy().contains("_delta_log"))
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// Makes everything in the folder of the table `age` older.
pub fn make_older(root: &Root, age: Duration) {
    let mut found = Vec::new();
    collect(&root.local_dir().unwrap().join(LOCATION), &mut found);
    for path in found {
        let file = std::fs::File::options().append(true).open(path).unwrap();
        let time = file.metadata().unwrap().modified().unwrap();
        file.set_modified(time - age).unwrap();
    }
}

/// A clock that is `age` ahead of the system's.
pub fn ahead(age: Duration) -> Clock {
    Clock::of(move || (SystemTime::now() + age).into())
}
