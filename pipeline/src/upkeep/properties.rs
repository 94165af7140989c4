//! The properties of a table that upkeep relies on, and how its files are written.

use super::{BoxedError, Retention, Table};
use deltalake::DeltaTable;
use deltalake::kernel::transaction::CommitProperties;
use deltalake::kernel::{DataType, EagerSnapshot, PrimitiveType, StructType};
use std::collections::HashMap;

const CHECKPOINT_INTERVAL: &str = "delta.checkpointInterval";
const EXPIRED_LOG_CLEANUP: &str = "delta.enableExpiredLogCleanup";
const LOG_RETENTION: &str = "delta.logRetentionDuration";
const FILE_RETENTION: &str = "delta.deletedFileRetentionDuration";
const N_INDEXED_COLUMNS: &str = "delta.dataSkippingNumIndexedCols";
const INDEXED_COLUMNS: &str = "delta.dataSkippingStatsColumns";

/// Commits between two checkpoints: a reader takes at most so many small files beside one large one.
pub(super) const N_COMMITS_TO_CHECKPOINT: u64 = 10;

/// Columns that have statistics where nothing is said.
const N_INDEXED_BY_DEFAULT: usize = 32;

/// The properties of a table of a lake: a checkpoint every ten commits, and nobody but upkeep deletes
/// what time travel within the retention needs.
pub(crate) fn of_new_tables() -> [(&'static str, String); 4] {
    let interval = format!("interval {} seconds", Retention::default().duration().as_secs());
    [
        (CHECKPOINT_INTERVAL, N_COMMITS_TO_CHECKPOINT.to_string()),
        // A commit that cleans up lists the whole log each time, and upkeep does it better.
        (EXPIRED_LOG_CLEANUP, "false".to_owned()),
        (LOG_RETENTION, interval.clone()),
        (FILE_RETENTION, interval),
    ]
}

/// The columns of `table` by which readers leave files out, of types that have a least and a greatest
/// value, and which are in the files at all.
pub(super) fn measured(snapshot: &EagerSnapshot, table: &Table) -> Vec<String> {
    let schema = snapshot.schema();
    let partitions = snapshot.metadata().partition_columns();
    let mut wanted: Vec<&String> = table.filtered.iter().chain(table.order.columns()).collect();
    wanted.sort();
    wanted.dedup();
    let is_measured = |column: &String| {
        let field = schema.field(column);
        !partitions.contains(column) && field.is_some_and(|field| has_range(field.data_type()))
    };
    wanted.into_iter().filter(|column| is_measured(column)).cloned().collect()
}

fn has_range(data_type: &DataType) -> bool {
    match data_type {
        DataType::Primitive(primitive) => {
            !matches!(primitive, PrimitiveType::Boolean | PrimitiveType::Binary)
        }
        _ => false,
    }
}

/// What `snapshot` lacks of the properties of a table of a lake whose columns `measured` need statistics.
pub(super) fn missing(snapshot: &EagerSnapshot, measured: &[String]) -> HashMap<String, String> {
    let given = snapshot.metadata().configuration();
    let mut missing: HashMap<String, String> = of_new_tables()
        .into_iter()
        .filter(|(key, _)| !given.contains_key(*key))
        .map(|(key, value)| (key.to_owned(), value))
        .collect();
    match given.get(INDEXED_COLUMNS) {
        Some(listed) => {
            let is_listed = |column: &String| listed.split(',').any(|name| name.trim() == column);
            let more: Vec<&str> =
                measured.iter().filter(|column| !is_listed(column)).map(String::as_str).collect();
            if !more.is_empty() {
                let all = format!("{listed},{}", more.join(","));
                missing.insert(INDEXED_COLUMNS.to_owned(), all);
            }
        }
        None => {
            let n_indexed = given.get(N_INDEXED_COLUMNS).map(|text| text.parse::<i64>());
            let n_indexed = match n_indexed {
                // Every column.
                Some(Ok(n)) if n < 0 => usize::MAX,
                Some(Ok(n)) => usize::try_from(n).unwrap_or(usize::MAX),
                _ => N_INDEXED_BY_DEFAULT,
            };
            let partitions = snapshot.metadata().partition_columns();
            let n_needed = n_needed(&snapshot.schema(), partitions, measured);
            if n_needed > n_indexed {
                missing.insert(N_INDEXED_COLUMNS.to_owned(), n_needed.to_string());
            }
        }
    }
    missing
}

/// How many columns from the first on have statistics so that those of `measured` do. A struct counts
/// as many as it has fields.
fn n_needed(schema: &StructType, partitions: &[String], measured: &[String]) -> usize {
    let mut n_columns = 0;
    let mut n_needed = 0;
    for field in schema.fields().filter(|field| !partitions.contains(field.name())) {
        n_columns += n_leaves(field.data_type());
        if measured.contains(field.name()) {
            n_needed = n_columns;
        }
    }
    n_needed
}

fn n_leaves(data_type: &DataType) -> usize {
    match data_type {
        DataType::Struct(fields) => fields.fields().map(|field| n_leaves(field.data_type())).sum(),
        _ => 1,
    }
}

/// Commits `properties` to `table`.
///
/// # Errors
/// When the commit fails.
pub(super) async fn set(
    table: DeltaTable,
    properties: HashMap<String, String>,
) -> Result<DeltaTable, BoxedError> {
    Ok(table
        .set_tbl_properties()
        .with_properties(properties)
        .with_raise_if_not_exists(false)
        .with_commit_properties(commit())
        .await?)
}

/// The properties of each commit of upkeep, which makes checkpoints and cuts the log by itself.
pub(super) fn commit() -> CommitProperties {
    CommitProperties::default().with_create_checkpoint(false).with_cleanup_expired_logs(Some(false))
}

/// The columns that `snapshot` lists for statistics; `None` when it counts them.
pub(super) fn statistics_columns(snapshot: &EagerSnapshot) -> Option<Vec<String>> {
    let columns = snapshot.table_properties().data_skipping_stats_columns.as_ref()?;
    Some(columns.iter().map(ToString::to_string).collect())
}
