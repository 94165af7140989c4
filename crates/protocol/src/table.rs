//! Questions about one table, of the lake or anywhere else: what it is, its history, its files, the
//! inside of a file, its rows.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A table at one of its states.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TableAt {
    /// A path below the lake's root or an absolute URL. What ends in `.parquet` is a Parquet file,
    /// what ends in `.json` a manifest of files; all else is a folder: of a Delta table, or of
    /// Parquet files beside their manifest.
    pub location: String,
    /// Which state. Only a Delta table has more than one.
    #[serde(default)]
    pub at: At,
}

/// Which state of a Delta table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum At {
    /// The newest version.
    #[default]
    Newest,
    /// That version.
    Version(u64),
    /// The newest version that was committed at that time or before, UTC microseconds.
    TimeUs(i64),
}

/// What kind of table lies at a location.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TableKind {
    /// A folder with a Delta log.
    Delta,
    /// One Parquet file.
    Parquet,
    /// Parquet files that a manifest lists.
    Files,
}

/// What a table is, at one state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableDescription {
    /// What was asked for.
    pub table: TableAt,
    /// What is there.
    pub kind: TableKind,
    /// The version that is described; `None` without a log.
    pub version: Option<u64>,
    /// When that version was committed, UTC microseconds, or the file was modified, if known.
    pub committed_at_us: Option<i64>,
    /// The table's name and description, which few writers give.
    pub name: Option<String>,
    /// See `name`.
    pub description: Option<String>,
    /// The table's own id.
    pub id: Option<String>,
    /// The columns in the table's order.
    pub columns: Vec<ColumnDescription>,
    /// What the table asks of its readers and writers; `None` without a log.
    pub protocol: Option<ProtocolDescription>,
    /// Table properties such as `delta.appendOnly`.
    pub properties: BTreeMap<String, String>,
    /// Data files.
    pub n_files: u64,
    /// Their sizes together.
    pub size_bytes: u64,
    /// Rows, those deleted by deletion vectors not among them; `None` where the log does not say.
    pub n_rows: Option<u64>,
    /// Files over which a deletion vector lies.
    pub n_files_with_deletions: u64,
    /// The versions that the log has commits of; `None` without a log.
    pub versions: Option<Versions>,
    /// What it cost to learn this.
    pub cost: Cost,
}

/// The versions of a Delta table, as far as its commits are still there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    /// The oldest one whose commit is there.
    pub oldest: u64,
    /// The newest one.
    pub newest: u64,
}

/// A column of a table, or a field within one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnDescription {
    /// Its name.
    pub name: String,
    /// Its type in Delta's words, such as `decimal(12,2)` or `array<struct<a:int>>`.
    pub type_text: String,
    /// Whether it may hold nulls.
    pub nullable: bool,
    /// Whether its values are in the log and not in the files.
    pub is_partition: bool,
    /// What its owner says of it.
    pub comment: Option<String>,
    /// Its name in the data files, where that is another one.
    pub physical_name: Option<String>,
    /// What is within: the fields of a struct, the `element` of an array, `key` and `value` of a
    /// map.
    pub fields: Vec<ColumnDescription>,
}

/// What a table asks of its readers and writers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProtocolDescription {
    /// The lowest reader version.
    pub min_reader_version: i32,
    /// The lowest writer version.
    pub min_writer_version: i32,
    /// The features that a reader must know.
    pub reader_features: Vec<String>,
    /// The features that a writer must know.
    pub writer_features: Vec<String>,
}

/// What an answer cost.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Cost {
    /// Network requests.
    pub n_requests: u64,
    /// Bytes that came over the network.
    pub fetched_bytes: u64,
    /// From the request's arrival to the answer.
    pub elapsed_ms: f64,
}

/// One commit of a Delta table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitDescription {
    /// The version that it made.
    pub version: u64,
    /// When, UTC microseconds, if the commit says.
    pub committed_at_us: Option<i64>,
    /// What was done, such as `MERGE`.
    pub operation: Option<String>,
    /// Its parameters, values as text.
    pub parameters: BTreeMap<String, String>,
    /// What it changed, values as text.
    pub metrics: BTreeMap<String, String>,
    /// The program that wrote it.
    pub engine: Option<String>,
    /// Who wrote it, if the commit says.
    pub user: Option<String>,
    /// Files added.
    pub n_added: u64,
    /// Their sizes together.
    pub added_bytes: u64,
    /// Files removed.
    pub n_removed: u64,
    /// Their sizes together, as far as the commit says.
    pub removed_bytes: u64,
    /// Whether it changes the schema, the partition columns or the properties.
    pub changes_metadata: bool,
    /// Whether it changes what the table asks of readers and writers.
    pub changes_protocol: bool,
}

/// The newest commits before a version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// Newest first.
    pub commits: Vec<CommitDescription>,
    /// The oldest version whose commit is still there, once it is known: nothing lies before it.
    pub oldest_version: Option<u64>,
    /// What it cost to learn this.
    pub cost: Cost,
}

/// One data file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileDescription {
    /// Where it lies: below the table's folder, or an absolute URL.
    pub path: String,
    /// Its size.
    pub size_bytes: u64,
    /// When it was made, UTC microseconds, if known.
    pub modified_us: Option<i64>,
    /// Its partition values by column; null is `None`.
    pub partition_values: BTreeMap<String, Option<String>>,
    /// Rows in the file, deleted ones included, if known.
    pub n_rows: Option<u64>,
    /// Rows that a deletion vector takes away.
    pub n_deleted_rows: u64,
    /// What the log says of its columns.
    pub columns: Vec<ColumnBounds>,
}

/// What the log says of one column in one file; values as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnBounds {
    /// The column, nested ones with dots.
    pub column: String,
    /// No value is below.
    pub min: Option<String>,
    /// No value is above.
    pub max: Option<String>,
    /// Nulls.
    pub n_nulls: Option<u64>,
}

/// A page of a table's files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Files {
    /// All files of the table.
    pub n_files: u64,
    /// The size of the largest one.
    pub largest_bytes: u64,
    /// Those asked for, in the table's order.
    pub files: Vec<FileDescription>,
    /// What it cost to learn this.
    pub cost: Cost,
}

/// The inside of a Parquet file, from its footer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FileLayout {
    /// The file.
    pub path: String,
    /// Its size.
    pub size_bytes: u64,
    /// Its rows.
    pub n_rows: u64,
    /// The program that wrote it.
    pub created_by: Option<String>,
    /// The footer's length.
    pub footer_bytes: u64,
    /// Its row groups.
    pub row_groups: Vec<RowGroupLayout>,
    /// What it cost to learn this.
    pub cost: Cost,
}

/// One row group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowGroupLayout {
    /// Its rows.
    pub n_rows: u64,
    /// Its bytes in the file.
    pub size_bytes: u64,
    /// Its column chunks.
    pub columns: Vec<ChunkLayout>,
}

/// One column chunk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkLayout {
    /// The leaf column, nested ones with dots.
    pub column: String,
    /// Its Parquet type, logical type included.
    pub type_text: String,
    /// Its codec.
    pub codec: String,
    /// Its encodings.
    pub encodings: Vec<String>,
    /// Its first byte in the file.
    pub start: u64,
    /// Its bytes in the file.
    pub packed_bytes: u64,
    /// Its bytes when unpacked.
    pub unpacked_bytes: u64,
    /// Bytes of its dictionary, which lies before its data pages; 0 without one.
    pub dictionary_bytes: u64,
    /// Its data pages, if the file has an index of them.
    pub pages: Option<Vec<PageLayout>>,
    /// Nulls, if the footer says.
    pub n_nulls: Option<u64>,
    /// No value is below; as text.
    pub min: Option<String>,
    /// No value is above; as text.
    pub max: Option<String>,
    /// Whether a bloom filter lies beside it.
    pub has_bloom_filter: bool,
}

/// One data page, from the page index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageLayout {
    /// Its first row within the row group.
    pub first_row: u64,
    /// Its first byte in the file.
    pub start: u64,
    /// Its bytes in the file.
    pub size_bytes: u64,
    /// Nulls, if the index says.
    pub n_nulls: Option<u64>,
    /// No value is below; as text.
    pub min: Option<String>,
    /// No value is above; as text.
    pub max: Option<String>,
}

/// A condition on one column of a preview.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Condition {
    /// The column.
    pub column: String,
    /// How it is compared.
    pub is: Comparison,
    /// With what; as text, read by the column's type. Ignored by the null comparisons.
    pub value: String,
}

/// How a value is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// The same value.
    Equal,
    /// Another value, and not null.
    NotEqual,
    /// A smaller value.
    Less,
    /// The same or a smaller value.
    AtMost,
    /// A greater value.
    Greater,
    /// The same or a greater value.
    AtLeast,
    /// A text that contains the value, case aside.
    Contains,
    /// No value.
    Null,
    /// Any value.
    NotNull,
}

/// Rows of one table.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RowsSpec {
    /// The table.
    pub table: TableAt,
    /// The columns in the order wanted; all of them when empty.
    pub columns: Vec<String>,
    /// All of these hold.
    pub conditions: Vec<Condition>,
    /// At most so many rows; all of them when `None`.
    pub limit: Option<u64>,
    /// In what types they come.
    pub form: RowForm,
}

/// In what types rows come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowForm {
    /// The table's own types.
    Typed,
    /// Every column as text to show, nulls as nulls.
    Text,
}
