//! Reading back what a build wrote, without the code that wrote it.

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::catalog::MemorySchemaProvider;
use datafusion::prelude::{CsvReadOptions, SessionConfig, SessionContext};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaDataReader};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The rows of `sql` over the tables of the lake, fields joined by `|`, null as nothing.
pub async fn query(lake_dir: &Path, sql: &str) -> Vec<String> {
    // One partition, so that rows come as they lie in the files.
    let config = SessionConfig::new().with_target_partitions(1);
    let ctx = SessionContext::new_with_config(config);
    for layer in ["bronze", "silver", "gold"] {
        let catalog = ctx.catalog("datafusion").unwrap();
        catalog.register_schema(layer, Arc::new(MemorySchemaProvider::new())).unwrap();
        for path in folders(&lake_dir.join(layer)) {
            let name = path.file_name().unwrap().to_str().unwrap();
            if !sql.contains(&format!("{layer}.{name}")) {
                continue;
            }
            let url = url::Url::from_directory_path(fs::canonicalize(&path).unwrap()).unwrap();
            let table = deltalake::open_table(url).await.unwrap();
            table.update_datafusion_session(&ctx.state()).unwrap();
            let provider = table.table_provider().await.unwrap();
            ctx.register_table(format!("{layer}.{name}"), provider).unwrap();
        }
    }
    rows_of(&ctx, sql).await
}

/// The rows of `sql`, fields joined by `|`, null as nothing.
pub async fn rows_of(ctx: &SessionContext, sql: &str) -> Vec<String> {
    let batches = ctx.sql(sql).await.unwrap().collect().await.unwrap();
    let mut rows = Vec::new();
    for batch in &batches {
        let options = FormatOptions::default();
        let columns: Vec<ArrayFormatter> = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column.as_ref(), &options).unwrap())
            .collect();
        for idx in 0..batch.num_rows() {
            let fields: Vec<String> = columns.iter().map(|c| c.value(idx).to_string()).collect();
            rows.push(fields.join("|"));
        }
    }
    rows
}

/// The tables of a lake that have a commit, with how many they have; none when there is no lake.
#[allow(dead_code, reason = "only the test of crashes asks")]
pub fn versions_if_any(lake_dir: &Path) -> BTreeMap<PathBuf, usize> {
    let mut tables = BTreeMap::new();
    for layer in ["bronze", "silver", "gold"].iter().filter(|layer| lake_dir.join(layer).is_dir()) {
        for table in folders(&lake_dir.join(layer)) {
            let log = fs::read_dir(table.join("_delta_log")).into_iter().flatten();
            let names = log.map(|entry| entry.unwrap().file_name().into_string().unwrap());
            let n_commits = names.filter(|name| name.ends_with(".json") && !name.starts_with('_'));
            match n_commits.count() {
                0 => {}
                n_commits => drop(tables.insert(table, n_commits)),
            }
        }
    }
    tables
}

/// The newest version of every table of the lake, counted in its log's files.
pub fn versions(lake_dir: &Path) -> BTreeMap<PathBuf, usize> {
    let tables =
        ["bronze", "silver", "gold"].iter().flat_map(|layer| folders(&lake_dir.join(layer)));
    let version = |table: PathBuf| {
        let commits = fs::read_dir(table.join("_delta_log")).unwrap();
        let is_commit = |name: &str| name.ends_with(".json") && !name.starts_with('_');
        let n_commits = commits
            .filter(|entry| is_commit(entry.as_ref().unwrap().file_name().to_str().unwrap()));
        (table, n_commits.count() - 1)
    };
    tables.map(version).collect()
}

fn folders(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.is_dir()).collect()
}

/// How the one data file of a table is written.
pub fn layout(table_dir: &Path) -> String {
    let is_parquet = |path: &PathBuf| path.extension().is_some_and(|e| e == "parquet");
    let files: Vec<PathBuf> = fs::read_dir(table_dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(is_parquet)
        .collect();
    let [file] = files.as_slice() else { panic!("{files:?}") };
    let metadata = ParquetMetaDataReader::new()
        .with_page_index_policy(PageIndexPolicy::Required)
        .parse_and_finish(&fs::File::open(file).unwrap())
        .unwrap();
    let codec = metadata.row_group(0).column(0).compression().to_string();
    let codec = codec.split('(').next().unwrap();
    let n_rows: Vec<String> =
        metadata.row_groups().iter().map(|group| group.num_rows().to_string()).collect();
    let pages = metadata.column_index().is_some() && metadata.offset_index().is_some();
    let pages = if pages { "page index" } else { "no page index" };
    format!("{codec}, {pages}, row groups of {}", n_rows.join(", "))
}

/// A Parquet file of one column, `visits`.
pub fn parquet_of(visits: &[i64]) -> Vec<u8> {
    let schema = Arc::new(Schema::new(vec![Field::new("visits", DataType::Int64, false)]));
    let column: ArrayRef = Arc::new(Int64Array::from(visits.to_vec()));
    let batch = RecordBatch::try_new(Arc::clone(&schema), vec![column]).unwrap();
    let mut bytes = Vec::new();
    let mut writer = parquet::arrow::ArrowWriter::try_new(&mut bytes, schema, None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

/// Copies a project's files, without its lake.
pub fn copy_project(from: &Path, to: &Path) {
    for file in ["lakefront.yaml", "catalog.yaml"] {
        fs::copy(from.join(file), to.join(file)).unwrap();
    }
    for layer in ["bronze", "silver", "gold"] {
        let (from, to) = (from.join("models").join(layer), to.join("models").join(layer));
        fs::create_dir_all(&to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let path = entry.unwrap().path();
            fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
        }
    }
}

/// Some Olist files, unpacked into `raw_dir` and read by DataFusion's own CSV reader as text.
pub async fn plain_csv(olist_dir: &Path, raw_dir: &Path) -> SessionContext {
    let ctx = SessionContext::new();
    let files = [
        ("orders", "olist_orders_dataset"),
        ("order_items", "olist_order_items_dataset"),
        ("order_payments", "olist_order_payments_dataset"),
        ("order_reviews", "olist_order_reviews_dataset.reassembled"),
    ];
    for (table, file) in files {
        let packed = fs::File::open(olist_dir.join(format!("{file}.csv.zst"))).unwrap();
        let text = zstd::decode_all(packed).unwrap();
        let header = text.split(|byte| *byte == b'\n').next().unwrap();
        let header = String::from_utf8(header.to_vec()).unwrap();
        let fields = header
            .trim()
            .split(',')
            .map(|column| Field::new(column.trim_matches('"'), DataType::Utf8, true));
        let schema = Schema::new(fields.collect::<Vec<_>>());
        let path = raw_dir.join(format!("{table}.csv"));
        fs::write(&path, text).unwrap();
        let options = CsvReadOptions::new().schema(&schema).newlines_in_values(true);
        ctx.register_csv(table, path.to_str().unwrap(), options).await.unwrap();
    }
    ctx
}
