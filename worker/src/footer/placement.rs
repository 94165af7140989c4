//! What a Parquet footer says of where things lie, checked against the file before anybody believes
//! it, and how long it is, to read the next one in one go.

use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};
use std::ops::Range;

/// What the end of a file takes at least that is read for its footer, in bytes.
const MIN_TAIL_BYTES: u64 = 8 << 10;

/// What is read of a file's end at most before its footer's length is known, in bytes.
const MAX_TAIL_BYTES: u64 = 64 << 10;

/// What a column takes in a footer and in the page index before it, in bytes, as a guess.
const COLUMN_BYTES: u64 = 1 << 10;

/// How much of a file's end is read for its footer and page index when nothing is known of the
/// table's files but that they have `n_columns`.
pub fn guessed_tail(n_columns: usize) -> u64 {
    let n_columns = u64::try_from(n_columns).unwrap_or(u64::MAX);
    let guess = n_columns.saturating_add(2).saturating_mul(COLUMN_BYTES);
    guess.clamp(MIN_TAIL_BYTES, MAX_TAIL_BYTES)
}

/// How much of the end of a file of `size_bytes` its footer and page index took.
pub fn tail(footer: &ParquetMetaData, size_bytes: u64) -> u64 {
    let chunks = || footer.row_groups().iter().flat_map(|group| group.columns());
    let indexes = chunks()
        .flat_map(|chunk| [chunk.column_index_offset(), chunk.offset_index_offset()])
        .flatten()
        .filter_map(|offset| u64::try_from(offset).ok())
        .min();
    let end_of_pages = chunks().filter_map(chunk_bytes).map(|range| range.end).max();
    let start = indexes.or(end_of_pages).unwrap_or(0);
    size_bytes.saturating_sub(start)
}

/// Refuses a footer whose column chunks, page indexes or bloom filters do not lie within the file of
/// `size_bytes`, or that counts less than nothing.
///
/// # Errors
/// Names the column and the rule.
pub fn check(footer: &ParquetMetaData, size_bytes: u64) -> Result<()> {
    if footer.file_metadata().num_rows() < 0 {
        return Err(ParquetError::General("the footer counts less than 0 rows".to_owned()));
    }
    for (group_idx, group) in footer.row_groups().iter().enumerate() {
        let refused = |column: &ColumnChunkMetaData, what: &str| {
            let column = column.column_path().string();
            Err(ParquetError::General(format!(
                "row group {group_idx}, column {column}: {what} does not lie within the file's {size_bytes} bytes"
            )))
        };
        if group.num_rows() < 0 {
            let message = format!("row group {group_idx} counts less than 0 rows");
            return Err(ParquetError::General(message));
        }
        for chunk in group.columns() {
            let is_inside = |start: Option<i64>, length: Option<i32>| match (start, length) {
                (None, _) => true,
                (Some(start), length) => part(start, i64::from(length.unwrap_or(0)))
                    .is_some_and(|range| range.end <= size_bytes),
            };
            if chunk_bytes(chunk).is_none_or(|range| range.end > size_bytes)
                || chunk.uncompressed_size() < 0
                || chunk.num_values() < 0
            {
                return refused(chunk, "the column chunk");
            }
            if !is_inside(chunk.column_index_offset(), chunk.column_index_length())
                || !is_inside(chunk.offset_index_offset(), chunk.offset_index_length())
            {
                return refused(chunk, "the page index");
            }
            if !is_inside(chunk.bloom_filter_offset(), chunk.bloom_filter_length()) {
                return refused(chunk, "the bloom filter");
            }
        }
    }
    Ok(())
}

/// The bytes of a column chunk; `None` when they are no range.
pub fn chunk_bytes(chunk: &ColumnChunkMetaData) -> Option<Range<u64>> {
    let start = match chunk.dictionary_page_offset() {
        Some(start) => start,
        None => chunk.data_page_offset(),
    };
    if chunk.data_page_offset() < 0 {
        return None;
    }
    part(start, chunk.compressed_size())
}

fn part(start: i64, length: i64) -> Option<Range<u64>> {
    let start = u64::try_from(start).ok()?;
    Some(start..start.checked_add(u64::try_from(length).ok()?)?)
}
