//! Tables made for measuring: a year of daily files, half a gigabyte of rows, a table of 300,000
//! files. Written by the parquet crate, with logs of our own, so that their layout is known.

use anyhow::Context;
use arrow::array::{ArrayRef, Date32Array, Int64Array, RecordBatch, StringArray};
use catalog::Catalog;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::Compression;
use datafusion::parquet::file::properties::WriterProperties;
use serde_json::{Value, json};
use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

/// 1 January 2025 in days since 1970.
pub const FIRST_DAY: i32 = 20_089;

/// Files of the table of days.
pub const N_DAYS: i32 = 365;

/// Rows of each day.
const ROWS_A_DAY: i64 = 20_000;

/// Files of the large table.
const N_LARGE_FILES: i64 = 10;

/// Rows of each of them: four columns of eight bytes that do not compress make 50 MB.
const ROWS_OF_A_LARGE_FILE: i64 = 1_640_000;

/// Makes the tables `daily`, `large` and `large_bare` in `dir` unless they are there.
///
/// # Errors
/// When they cannot be written.
pub fn make(dir: &Path) -> anyhow::Result<()> {
    if !dir.join("daily/_delta_log").is_dir() {
        make_daily(&dir.join("daily"))?;
    }
    if !dir.join("large/_delta_log").is_dir() {
        make_large(&dir.join("large"))?;
    }
    if !dir.join("large_bare/_delta_log").is_dir() {
        make_bare(&dir.join("large"), &dir.join("large_bare"))?;
    }
    Ok(())
}

fn make_daily(table: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(table)?;
    let mut adds = Vec::new();
    for day in FIRST_DAY..FIRST_DAY + N_DAYS {
        let numbers = || 0..ROWS_A_DAY;
        let days: ArrayRef = Arc::new(Date32Array::from_iter_values(numbers().map(|_| day)));
        let amounts: ArrayRef =
            Arc::new(Int64Array::from_iter_values(numbers().map(|n| n * 7919 % 10_007)));
        let names: ArrayRef = Arc::new(StringArray::from_iter_values(
            numbers().map(|n| format!("product {}", n * 31 % 997)),
        ));
        let batch =
            RecordBatch::try_from_iter([("day", days), ("amount", amounts), ("name", names)])?;
        let name = format!("part-{day}.parquet");
        let size = write(&table.join(&name), &[batch], Compression::SNAPPY)?;
        let date = query::Date::from_days(day).to_string();
        let stats = json!({
            "numRecords": ROWS_A_DAY,
            "minValues": { "day": date, "amount": 0 },
            "maxValues": { "day": date, "amount": 10_006 },
            "nullCount": { "day": 0, "amount": 0, "name": 0 },
        });
        adds.push(add(&name, size, Some(stats)));
    }
    let fields = [("day", "date"), ("amount", "long"), ("name", "string")];
    write_log(table, &fields, adds)
}

fn make_large(table: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(table)?;
    let mut adds = Vec::new();
    for file in 0..N_LARGE_FILES {
        let mut batches = Vec::new();
        for start in (0..ROWS_OF_A_LARGE_FILE).step_by(ROWS_OF_A_LARGE_FILE as usize / 10) {
            let rows = start..start + ROWS_OF_A_LARGE_FILE / 10;
            let column = |salt: i64| -> ArrayRef {
                let value = |row: i64| {
                    let n = (file * ROWS_OF_A_LARGE_FILE + row).wrapping_mul(salt);
                    n ^ (n.wrapping_shr(29)).wrapping_mul(0x5851_F42D_4C95_7F2D)
                };
                Arc::new(Int64Array::from_iter_values(rows.clone().map(value)))
            };
            batches.push(RecordBatch::try_from_iter([
                ("a", column(0x9E37_79B9_7F4A_7C15_u64 as i64)),
                ("b", column(0xBF58_476D_1CE4_E5B9_u64 as i64)),
                ("c", column(0x94D0_49BB_1331_11EB_u64 as i64)),
                ("d", column(0xD6E8_FEB8_6659_FD93_u64 as i64)),
            ])?);
        }
        let name = format!("part-{file}.parquet");
        let size = write(&table.join(&name), &batches, Compression::UNCOMPRESSED)?;
        adds.push(add(&name, size, Some(json!({ "numRecords": ROWS_OF_A_LARGE_FILE }))));
    }
    write_log(table, &LARGE_FIELDS, adds)
}

const LARGE_FIELDS: [(&str, &str); 4] =
    [("a", "long"), ("b", "long"), ("c", "long"), ("d", "long")];

/// The same files under a log without statistics: rows are counted by the footers.
fn make_bare(large: &Path, table: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(table)?;
    let mut adds = Vec::new();
    for file in 0..N_LARGE_FILES {
        let name = format!("part-{file}.parquet");
        let size = fs::metadata(large.join(&name))?.len();
        std::os::unix::fs::symlink(large.join(&name), table.join(&name))?;
        adds.push(add(&name, size, None));
    }
    write_log(table, &LARGE_FIELDS, adds)
}

fn write(path: &Path, batches: &[RecordBatch], codec: Compression) -> anyhow::Result<u64> {
    let properties = WriterProperties::builder()
        .set_compression(codec)
        .set_dictionary_enabled(codec != Compression::UNCOMPRESSED)
        .set_max_row_group_row_count(Some(500_000))
        .build();
    let first = batches.first().context("no rows")?;
    let mut writer = ArrowWriter::try_new(File::create(path)?, first.schema(), Some(properties))?;
    for batch in batches {
        writer.write(batch)?;
    }
    writer.close()?;
    Ok(fs::metadata(path)?.len())
}

fn add(path: &str, size: u64, stats: Option<Value>) -> Value {
    let stats = stats.map(|stats| stats.to_string());
    json!({ "add": {
        "path": path, "partitionValues": {}, "size": size, "modificationTime": 1_750_000_000_000_i64,
        "dataChange": true, "stats": stats,
    } })
}

fn write_log(table: &Path, fields: &[(&str, &str)], adds: Vec<Value>) -> anyhow::Result<()> {
    let fields: Vec<Value> = fields
        .iter()
        .map(|(name, kind)| json!({ "name": name, "type": kind, "nullable": true, "metadata": {} }))
        .collect();
    let schema = json!({ "type": "struct", "fields": fields }).to_string();
    let mut lines = vec![
        json!({ "protocol": { "minReaderVersion": 1, "minWriterVersion": 2 } }),
        json!({ "metaData": {
            "id": "00000000-0000-0000-0000-000000000000", "format": { "provider": "parquet", "options": {} },
            "schemaString": schema, "partitionColumns": [], "configuration": {}, "createdTime": 0,
        } }),
    ];
    lines.extend(adds);
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    fs::create_dir_all(table.join("_delta_log"))?;
    Ok(fs::write(table.join("_delta_log/00000000000000000000.json"), text)?)
}

/// The catalog of one of the tables made here: `rows` counts, `amount` adds up where there is one.
///
/// # Errors
/// When the catalog's form is another one.
pub fn catalog(table: &str) -> anyhow::Result<Catalog> {
    let measure = |name: &str, expr: &str| json!({ "name": name, "label": name, "expr": expr, "format": "count", "description": "" });
    let (measures, dimensions) = match table {
        "daily" => (
            vec![measure("rows", "count(*)"), measure("amount", "sum(amount)")],
            vec![json!({ "name": "day", "label": "Day", "column": "day", "kind": "date" })],
        ),
        _ => (vec![measure("rows", "count(*)")], Vec::new()),
    };
    Ok(serde_json::from_value(json!({
        "title": table, "currency": "EUR", "zone": "UTC", "dashboards": [],
        "tables": [{
            "name": table, "location": table, "format": "delta", "links": [],
            "measures": measures, "dimensions": dimensions,
        }],
    }))?)
}
