//! What can be wrong with a source.

use super::MySqlError;
use crate::project::Place;
use crate::spool::no_room;
use catalog::Name;
use datafusion::error::DataFusionError;
use std::path::PathBuf;

/// A source that cannot be read right.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// A variable of a path has no value.
    #[error(
        "source \"{source_name}\": variable {variable:?} in {path:?} is not set in the environment; set it, or give it a \
         value under `variables` of lakefront.yaml unless it is a secret"
    )]
    Unset {
        /// The source.
        source_name: Name,
        /// The variable.
        variable: String,
        /// The path as it is written.
        path: String,
    },
    /// A database does not give its rows.
    #[error(transparent)]
    Database(Box<MySqlError>),
    /// The rows of a database cannot be kept on disk.
    #[error("{}", no_room(.0).unwrap_or_else(|| format!("rows cannot be kept in the folder for temporary files: {}", .0)))]
    Spool(DataFusionError),
    /// No file is there.
    #[error(
        "source \"{source_name}\": no such file, tried: {tried}; put it there, or say here where it is"
    )]
    Missing {
        /// The source.
        source_name: Name,
        /// The paths, comma-separated.
        tried: String,
    },
    /// No folder is there.
    #[error(
        "source \"{source_name}\": no such folder: {}; make or mount it, or say here where it is", path.display()
    )]
    NoFolder {
        /// The source.
        source_name: Name,
        /// Where it should be.
        path: PathBuf,
    },
    /// One of these, and where the project describes the source.
    #[error("{}{place}: {source}", path.display())]
    At {
        /// The project's file.
        path: PathBuf,
        /// Where in it.
        place: Place,
        /// What is wrong.
        source: Box<SourceError>,
    },
    /// The file cannot be read to its end.
    #[error("{}: {rule}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        rule: FileRule,
    },
    /// A row is not right.
    #[error("{}:{line}: {rule}", path.display())]
    Row {
        /// The file.
        path: PathBuf,
        /// The line at which the row starts, from 1.
        line: u64,
        /// What is wrong with it.
        rule: RowRule,
    },
}

/// What can be wrong with a whole file.
#[derive(Debug, thiserror::Error)]
pub enum FileRule {
    /// The system does not give it.
    #[error("cannot be read: {0}")]
    Unreadable(std::io::Error),
    /// It has no byte.
    #[error("is empty, a csv file starts with a header")]
    Empty,
    /// The compressed stream ends early or is damaged.
    #[error("is not a whole zstd stream (truncated or damaged): {0}")]
    Zstd(std::io::Error),
    /// The compressed stream ends early or is damaged.
    #[error("is not a whole gzip stream (truncated or damaged): {0}")]
    Gzip(std::io::Error),
    /// It is not a whole Parquet file.
    #[error("is not a whole Parquet file: {0}")]
    Parquet(String),
    /// A column of the schema is not in a Parquet file.
    #[error(
        "lacks column {column:?}, it has: {known}; deliver it with that column, or change `columns` of the source"
    )]
    MissingColumn {
        /// The column.
        column: String,
        /// The columns that are there, comma-separated.
        known: String,
    },
    /// A column of a Parquet file has values that the source's type does not hold.
    #[error(
        "column {column:?} is {found} and has {value:?} in row {row}, which is no {wanted}; change its type in `columns`, or \
         `rescue: COLUMN` keeps such values"
    )]
    ColumnType {
        /// The column.
        column: String,
        /// Its type in the file.
        found: String,
        /// A value that does not fit.
        value: String,
        /// Its row, from 1.
        row: u64,
        /// The type that the source says.
        wanted: String,
    },
    /// A column of a Parquet file is of a type that never gives the source's.
    #[error("column {column:?} is {found}, which gives no {wanted}; change its type in `columns`")]
    NoCast {
        /// The column.
        column: String,
        /// Its type in the file.
        found: String,
        /// The type that the source says.
        wanted: String,
    },
    /// None of its lines is an object.
    #[error(
        "has no line that is a JSON object ({reason}): `format: json_lines` is one object a line, so write it without an \
         array around it and without line breaks within an object"
    )]
    NoJson {
        /// What the parser says of the first.
        reason: String,
    },
    /// It goes on within a row that was taken.
    #[error(
        "goes on behind its last row, which was taken and was not whole; `settle: 1 minute` of the source leaves files alone \
         that are still written, and a build with --full-refresh takes every file anew"
    )]
    Continued,
    /// It was taken with other bytes.
    #[error(
        "was taken before with other bytes, and each file is taken once; deliver it under a new name, or build with \
         --full-refresh to take every file anew"
    )]
    Changed,
}

/// What can be wrong with a row, the header included.
#[derive(Debug, thiserror::Error)]
pub enum RowRule {
    /// The header lacks a column.
    #[error("header lacks column {column:?}, it has: {header}; {remedy}")]
    MissingColumn {
        /// The column.
        column: String,
        /// The columns that are there, comma-separated.
        header: String,
        /// What can be done.
        remedy: String,
    },
    /// The header has a column twice, or one without a name.
    #[error("header names column {column:?} {times}, each has a name of its own")]
    HeaderName {
        /// The column.
        column: String,
        /// `twice`, or `without text`.
        times: &'static str,
    },
    /// A row is too long or too short.
    #[error("row has {n_fields} fields and the header {n_columns}, the first that {differs}")]
    FieldCount {
        /// Fields of the row.
        n_fields: usize,
        /// Columns of the header.
        n_columns: usize,
        /// Which column lacks, or which field is over.
        differs: String,
    },
    /// A field is not text.
    #[error(
        "column {column:?} is not UTF-8 from its byte {byte_idx}; if it is Latin-1, say `encoding: windows-1252` of the source"
    )]
    Utf8 {
        /// The column.
        column: String,
        /// The first byte that is wrong, from 0.
        byte_idx: usize,
    },
    /// The file is of another encoding.
    #[error("looks like UTF-16: say `encoding: utf-16` of the source, or save the file as UTF-8")]
    Utf16,
    /// A field is no text of the encoding that the source says.
    #[error("column {column:?} has bytes that are no text of the source's `encoding`")]
    Encoding {
        /// The column.
        column: String,
    },
    /// A value does not fit, and the source has no rescue column.
    #[error(
        "column {column:?} is {text:?}, which is no {wanted}; `rescue: COLUMN` keeps such values"
    )]
    Misfit {
        /// The column.
        column: String,
        /// What stands there.
        text: String,
        /// What should.
        wanted: String,
    },
    /// A line of JSON lines is something else.
    #[error("is no JSON object: {reason}")]
    NotAnObject {
        /// What the parser says.
        reason: String,
    },
    /// Something stands between a closing quote and the end of the field.
    #[error(
        "column {column:?} has text behind its closing quote; where a backslash stands before quotes in the file, say \
         `escape: \"\\\\\"` of the source"
    )]
    AfterQuote {
        /// The column.
        column: String,
    },
    /// A carriage return ends no line.
    #[error(
        "column {column:?} has a carriage return where no line ends; lines end with a line feed, with one before it or without"
    )]
    CarriageReturn {
        /// The column.
        column: String,
    },
    /// A quote is opened and never closed.
    #[error("column {column:?} opens a quote that is not closed before the end of the file")]
    OpenQuote {
        /// The column.
        column: String,
    },
}
