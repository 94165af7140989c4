//! What a question needs at least, from footers and page indexes alone: the pages of the columns that
//! it names, in the row groups and pages that its range of days overlaps. The engine is not asked.

use catalog::{Catalog, Table};
use datafusion::parquet::arrow::arrow_reader::ArrowReaderMetadata;
use datafusion::parquet::arrow::arrow_reader::ArrowReaderOptions;
use datafusion::parquet::file::metadata::{PageIndexPolicy, ParquetMetaData};
use datafusion::parquet::file::page_index::column_index::ColumnIndexMetaData;
use datafusion::parquet::file::statistics::Statistics;
use query::{Condition, QuerySpec};
use std::collections::BTreeSet;
use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Bytes of a table's files that a question needs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Needed {
    /// Data pages and dictionary pages.
    pub page_bytes: u64,
    /// Footers and page indexes of the files that have such pages.
    pub footer_bytes: u64,
    /// Those files.
    pub n_files: u64,
}

/// The table whose measures `spec` asks for, and its files below `lake`; `None` for a question over
/// two tables, whose needs are not so plain.
pub fn table_of<'a>(catalog: &'a Catalog, spec: &QuerySpec) -> Option<&'a Table> {
    let (table, _) = catalog.measure(spec.measures.first()?)?;
    let dimensions = spec
        .group_by
        .iter()
        .map(|group| &group.dimension)
        .chain(spec.selection.clauses().iter().map(|clause| &clause.dimension));
    dimensions.into_iter().all(|name| table.dimension(name).is_some()).then_some(table)
}

/// The data files of a table of one version.
pub fn files(table_dir: &Path) -> Vec<PathBuf> {
    crate::corpus::oracle::parquet_files(table_dir)
        .into_iter()
        .filter(|path| !path.iter().any(|part| part == "_delta_log"))
        .collect()
}

/// What `spec` needs of `files` of `table`.
///
/// # Errors
/// When a footer cannot be read.
pub fn needed(table: &Table, spec: &QuerySpec, files: &[PathBuf]) -> anyhow::Result<Needed> {
    let mut columns: BTreeSet<&str> = BTreeSet::new();
    for name in &spec.measures {
        let expr = table.measures.iter().find(|measure| &measure.name == name);
        let words = expr.map_or("", |measure| &measure.expr);
        columns.extend(words.split(|c: char| !(c.is_alphanumeric() || c == '_')));
    }
    let column_of = |name| table.dimension(name).map(|dimension| dimension.column.as_str());
    columns.extend(spec.group_by.iter().filter_map(|group| column_of(&group.dimension)));
    let mut days: Option<(&str, Range<i32>)> = None;
    for clause in spec.selection.clauses() {
        let Some(column) = column_of(&clause.dimension) else { continue };
        columns.insert(column);
        if let Condition::Within(range) = &clause.condition {
            days = Some((column, range.first.days()..range.last.days() + 1));
        }
    }
    let mut needed = Needed::default();
    for path in files {
        let file = File::open(path)?;
        let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
        let metadata = ArrowReaderMetadata::load(&file, options)?;
        let pages = pages_of(metadata.metadata(), &columns, days.as_ref());
        if pages > 0 {
            needed.page_bytes += pages;
            needed.footer_bytes += footer_of(path, metadata.metadata())?;
            needed.n_files += 1;
        }
    }
    Ok(needed)
}

fn pages_of(
    metadata: &ParquetMetaData,
    columns: &BTreeSet<&str>,
    days: Option<&(&str, Range<i32>)>,
) -> u64 {
    let mut bytes = 0;
    for (group_idx, group) in metadata.row_groups().iter().enumerate() {
        let n_rows = group.num_rows().max(0) as u64;
        let mut kept: Vec<Range<u64>> = vec![0..n_rows];
        if let Some((column, days)) = days {
            let position = group.columns().iter().position(|c| c.column_path().string() == *column);
            if let Some(position) = position {
                if let Some(Statistics::Int32(statistics)) = group.column(position).statistics()
                    && let (Some(min), Some(max)) = (statistics.min_opt(), statistics.max_opt())
                    && (*max < days.start || *min >= days.end)
                {
                    continue;
                }
                kept = kept_rows(metadata, group_idx, position, days, n_rows).unwrap_or(kept);
            }
        }
        for (position, chunk) in group.columns().iter().enumerate() {
            if !columns.contains(chunk.column_path().string().as_str()) {
                continue;
            }
            let locations = metadata
                .offset_index()
                .and_then(|index| index.get(group_idx)?.get(position))
                .map(|index| index.page_locations());
            let Some(locations) = locations.filter(|locations| !locations.is_empty()) else {
                bytes += chunk.compressed_size().max(0) as u64;
                continue;
            };
            let mut has_page = false;
            for (idx, page) in locations.iter().enumerate() {
                let first = page.first_row_index.max(0) as u64;
                let end = locations.get(idx + 1).map_or(n_rows, |next| next.first_row_index as u64);
                if kept.iter().any(|rows| rows.start < end && first < rows.end) {
                    bytes += page.compressed_page_size.max(0) as u64;
                    has_page = true;
                }
            }
            if let (true, Some(dictionary)) = (has_page, chunk.dictionary_page_offset()) {
                bytes += (chunk.data_page_offset() - dictionary).max(0) as u64;
            }
        }
    }
    bytes
}

/// The rows of the pages whose days overlap; `None` without an index.
fn kept_rows(
    metadata: &ParquetMetaData,
    group_idx: usize,
    position: usize,
    days: &Range<i32>,
    n_rows: u64,
) -> Option<Vec<Range<u64>>> {
    let ColumnIndexMetaData::INT32(index) =
        metadata.column_index()?.get(group_idx)?.get(position)?
    else {
        return None;
    };
    let locations = metadata.offset_index()?.get(group_idx)?.get(position)?.page_locations();
    let mut kept = Vec::new();
    for (idx, page) in locations.iter().enumerate() {
        let end = locations.get(idx + 1).map_or(n_rows, |next| next.first_row_index as u64);
        let is_kept = match (index.min_value(idx), index.max_value(idx)) {
            (Some(min), Some(max)) => *max >= days.start && *min < days.end,
            _ => false,
        };
        if is_kept {
            kept.push(page.first_row_index as u64..end);
        }
    }
    Some(kept)
}

/// The footer with its length and magic, and the page indexes.
fn footer_of(path: &Path, metadata: &ParquetMetaData) -> anyhow::Result<u64> {
    let bytes = std::fs::read(path)?;
    let tail = bytes.len().saturating_sub(8);
    let length = bytes.get(tail..tail + 4).and_then(|four| four.try_into().ok());
    let footer = length.map_or(0, |four| u64::from(u32::from_le_bytes(four))) + 8;
    let indexes: i64 = metadata
        .row_groups()
        .iter()
        .flat_map(|group| group.columns())
        .map(|chunk| {
            i64::from(chunk.column_index_length().unwrap_or(0))
                + i64::from(chunk.offset_index_length().unwrap_or(0))
        })
        .sum();
    Ok(footer + indexes.max(0) as u64)
}
