//! A file of a checkpoint to actions: Parquet or JSON, the checkpoint itself, a part of it, or a
//! sidecar.
//!
//! Not read: removes, which a reader has no use for.

mod decode;
#[cfg(test)]
pub(crate) mod fixture;
mod leaf;
mod page;
mod row;
mod scalar;
mod stats_columns;

use crate::action::Action;
use crate::partition_values::Interner;
use crate::{CheckpointFormat, CommitRule, DvError, PathError, commit};
use bytes::Bytes;
pub use decode::DecodeError;
use leaf::Group;
pub use page::PageError;
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::reader::FileReader;
use parquet::file::serialized_reader::SerializedFileReader;
use parquet::schema::types::ColumnPath;
pub(crate) use stats_columns::StatsColumns;

/// The most values that a column may have for each byte of the file. Every add has a path of its
/// own, so a checkpoint has less than one row a byte; a row has as many partition values as the
/// table has partition columns.
const MAX_VALUES_PER_BYTE: u64 = 4;

/// The values that a column of every file may have.
const FREE_VALUES: u64 = 1 << 20;

/// The rows that every file may have.
const FREE_ROWS: usize = 1 << 16;

/// What is wrong in a checkpoint.
#[derive(Debug, thiserror::Error)]
#[error("`{path}`: {rule}")]
pub struct CheckpointError {
    /// The file of the checkpoint, relative to the table's root.
    pub path: String,
    /// The rule that it breaks.
    #[source]
    pub rule: CheckpointRule,
}

/// The rules that a checkpoint can break.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointRule {
    /// Not a Parquet file, or a broken one.
    #[error(transparent)]
    Parquet(#[from] ParquetError),
    /// The pages of a column cannot be what they say.
    #[error("column `{column}`: {source}")]
    Page {
        /// The column, with dots.
        column: String,
        /// The rule that a page breaks.
        source: PageError,
    },
    /// More rows than such a file can have.
    #[error("{n_rows} rows in {size_bytes} bytes")]
    Rows {
        /// The rows that the footer names.
        n_rows: i64,
        /// The size of the file.
        size_bytes: usize,
    },
    /// A column of another type than the protocol says.
    #[error("column `{column}` is not {expected}")]
    Column {
        /// The column, with dots.
        column: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// The values of a column cannot be decoded.
    #[error("column `{column}`: {source}")]
    Decode {
        /// The column, with dots.
        column: &'static str,
        /// What is wrong in a page.
        source: DecodeError,
    },
    /// A column that has not one entry for each row.
    #[error("column `{column}` has {found} rows of {expected}")]
    Uneven {
        /// The column, with dots.
        column: &'static str,
        /// Rows in the column.
        found: usize,
        /// Rows in its row group.
        expected: usize,
    },
    /// A text that is none.
    #[error("a text is not UTF-8: {source}")]
    NotUtf8 {
        /// Where it is not.
        source: std::str::Utf8Error,
    },
    /// A value that an action cannot do without.
    #[error("row {row_idx}: `{column}` is missing")]
    Missing {
        /// The row, from 0.
        row_idx: usize,
        /// The column, with dots.
        column: &'static str,
    },
    /// A negative size.
    #[error("row {row_idx}: size {found} is negative")]
    Size {
        /// The row, from 0.
        row_idx: usize,
        /// The size.
        found: i64,
    },
    /// The path of a file is not one.
    #[error("row {row_idx}: {source}")]
    Path {
        /// The row, from 0.
        row_idx: usize,
        /// The rule that the path breaks.
        source: PathError,
    },
    /// The deletion vector of a file is not one.
    #[error("row {row_idx}: {source}")]
    DeletionVector {
        /// The row, from 0.
        row_idx: usize,
        /// The rule that the vector breaks.
        source: DvError,
    },
    /// A line of a JSON checkpoint breaks a rule.
    #[error("line {line}: {rule}")]
    Line {
        /// The line, from 1.
        line: usize,
        /// The rule that it breaks.
        #[source]
        rule: CommitRule,
    },
    /// A v2 checkpoint of another version than its name says.
    #[error("the checkpoint says that it is of version {found}, not {expected}")]
    Version {
        /// The version in the checkpoint.
        found: i64,
        /// The version in its name.
        expected: u64,
    },
    /// A file that is there twice, and differently.
    #[error("file `{path}` is there twice, each time otherwise")]
    AddedTwice {
        /// The file.
        path: String,
    },
    /// A form of Parquet that this crate does not read.
    #[error("{format} is not supported")]
    Unsupported {
        /// What it is.
        format: CheckpointFormat,
    },
    /// The path of a sidecar is no name of a file.
    #[error("the sidecar's path `{path}` does not end with the name of a file")]
    Sidecar {
        /// The path as the log has it.
        path: String,
    },
    /// A checkpoint without an action that every one has.
    #[error("the checkpoint has no {action} action")]
    Lacks {
        /// The action's name in the log.
        action: &'static str,
    },
    /// A file that the checkpoint needs.
    #[error("the file is not there")]
    Absent,
    /// The texts of the file take more memory than one of its size can need.
    #[error("the texts of {size_bytes} bytes unpack to more than {max_bytes} bytes")]
    Text {
        /// The size of the file.
        size_bytes: usize,
        /// The limit.
        max_bytes: usize,
    },
}

/// What a file of a checkpoint has.
#[derive(Debug)]
pub(crate) enum CheckpointContent {
    /// So many adds follow, or about so many.
    Adds(usize),
    /// An action.
    Action(Action),
}

/// Gives the content of a file of a checkpoint to `take`, in the order of its rows or lines.
///
/// # Errors
/// [`CheckpointRule`]; `take` may have been called before.
///
/// Source: Delta protocol, "Checkpoints" and "Checkpoint Schema".
pub(crate) fn read<'a>(
    bytes: Bytes,
    interner: &'a mut Interner,
    take: &'a mut row::Take<'a>,
) -> Result<(), CheckpointRule> {
    // A v2 checkpoint may be JSON; Parquet begins with letters.
    if bytes.trim_ascii_start().first() == Some(&b'{') {
        take(CheckpointContent::Adds(bytes.iter().filter(|byte| **byte == b'\n').count()))?;
        for line in commit::lines(&bytes, interner) {
            let (_, action) = line.map_err(|(line, rule)| CheckpointRule::Line { line, rule })?;
            take(CheckpointContent::Action(action))?;
        }
        return Ok(());
    }
    let size_bytes = bytes.len();
    let file = bytes.clone();
    let reader = SerializedFileReader::new(bytes)?;
    if let Some(format) = unsupported_codec(reader.metadata()) {
        return Err(CheckpointRule::Unsupported { format });
    }
    match check_sizes(&file, reader.metadata()) {
        Err(CheckpointRule::Page { source: PageError::Encoding { encoding, .. }, .. }) => {
            let format = CheckpointFormat::Encoding { encoding };
            return Err(CheckpointRule::Unsupported { format });
        }
        checked => checked?,
    }
    drop(file);
    let texts = row::Texts::of_file(size_bytes);
    let mut rows = row::Rows { texts, interner, take };
    let schema = reader.metadata().file_metadata().schema();
    let mut first_row_idx = 0;
    for group_idx in 0..reader.num_row_groups() {
        let group_reader = reader.get_row_group(group_idx)?;
        let n_rows = usize::try_from(group_reader.metadata().num_rows()).unwrap_or(0);
        let group = Group::new(group_reader.as_ref(), schema, n_rows);
        rows.take_group(&group, first_row_idx)?;
        first_row_idx += n_rows;
    }
    Ok(())
}

/// Whether the values of that leaf say something to a reader.
fn is_wanted(path: &ColumnPath) -> bool {
    let parts: Vec<&str> = path.parts().iter().map(String::as_str).collect();
    match parts.as_slice() {
        ["add", field, ..] => {
            !["dataChange", "tags", "baseRowId", "defaultRowCommitVersion"].contains(field)
        }
        ["metaData", ..]
        | ["protocol", ..]
        | ["sidecar", "path"]
        | ["checkpointMetadata", "version"] => true,
        _ => false,
    }
}

/// Refuses a codec by name where the decoder would only say that it is not built in.
fn unsupported_codec(footer: &ParquetMetaData) -> Option<CheckpointFormat> {
    let chunks = footer.row_groups().iter().flat_map(|group| group.columns());
    chunks.filter(|chunk| is_wanted(chunk.column_path())).find_map(|chunk| {
        match chunk.compression() {
            Compression::UNCOMPRESSED
            | Compression::SNAPPY
            | Compression::GZIP(_)
            | Compression::BROTLI(_)
            | Compression::LZ4
            | Compression::LZ4_RAW
            | Compression::ZSTD(_) => None,
            codec => Some(CheckpointFormat::Codec { codec: codec.to_string() }),
        }
    })
}

/// Checks what footer and pages promise against the bytes that are there.
fn check_sizes(file: &[u8], footer: &ParquetMetaData) -> Result<(), CheckpointRule> {
    let size_bytes = file.len();
    let mut n_rows = 0_i64;
    for group in footer.row_groups() {
        n_rows = n_rows.saturating_add(group.num_rows());
        let max_rows = size_bytes.max(FREE_ROWS);
        let fits = |n_rows: i64| usize::try_from(n_rows).is_ok_and(|n_rows| n_rows <= max_rows);
        if !fits(group.num_rows()) || !fits(n_rows) {
            return Err(CheckpointRule::Rows { n_rows, size_bytes });
        }
        for chunk in group.columns().iter().filter(|chunk| is_wanted(chunk.column_path())) {
            let max_values = MAX_VALUES_PER_BYTE.saturating_mul(size_bytes as u64);
            let max_values = max_values.max(FREE_VALUES);
            page::check(file, chunk, max_values).map_err(|source| CheckpointRule::Page {
                column: chunk.column_path().string(),
                source,
            })?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What reading `file` says, if not the actions.
    #[track_caller]
    fn check(file: Bytes, expected: &str) {
        let text = match read(file, &mut Interner::default(), &mut |_| Ok(())) {
            Err(rule) => rule.to_string(),
            Ok(()) => "read".to_owned(),
        };
        assert!(text.contains(expected), "{text}\nnot {expected}");
    }

    fn add(path: &str, stats: &str) -> String {
        let size = r#""partitionValues":{},"size":1,"modificationTime":1"#;
        format!(r#"{{"add":{{"path":"{path}",{size},"stats":"{stats}"}}}}"#)
    }

    #[test]
    fn small_files_do_not_ask_for_much_memory() {
        let zstd = Compression::ZSTD(Default::default());
        let one_long_text = fixture::checkpoint(&[add("a", &"x".repeat(40 << 20))], zstd);
        check(one_long_text, "column `add.stats`: the page at byte");
        // A text that a dictionary has once, in many rows.
        let long = "x".repeat(60_000);
        let lines: Vec<String> = (0..2000).map(|_| add(&long, "")).collect();
        check(fixture::checkpoint(&lines, zstd), "unpack to more than");
        // Statistics stay in the dictionary, where they are once.
        let lines: Vec<String> = (0..2000).map(|file| add(&file.to_string(), &long)).collect();
        check(fixture::checkpoint(&lines, zstd), "read");
        let same: Vec<String> = (0..100_000).map(|_| add("a", "")).collect();
        check(fixture::checkpoint(&same, zstd), "100000 rows in");
    }

    #[test]
    fn a_broken_row_is_named() {
        let check = |from: &str, to: &str, expected: &str| {
            let lines = [add("a", "").replace(from, to)];
            check(fixture::checkpoint(&lines, Compression::SNAPPY), expected);
        };
        check(r#""size":1"#, r#""size":-1"#, "row 0: size -1 is negative");
        check(r#""size":1,"#, "", "row 0: `add.size` is missing");
        check(r#""path":"a""#, r#""path":"../a""#, "row 0: path `../a` leads out of the table");
    }
}
