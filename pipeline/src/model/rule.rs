//! What can be wrong with a model.

use super::{ConfigRule, Kind, Layer, ModelName};
use crate::cluster::ClusterError;
use crate::project::Place;
use std::path::PathBuf;

/// A model that is not right.
#[derive(Debug, thiserror::Error)]
#[error("{}{place}: {rule}", path.display())]
pub struct ModelError {
    /// The file.
    pub path: PathBuf,
    /// Where in it, as far as it is known.
    pub place: Place,
    /// What is wrong.
    pub rule: ModelRule,
}

/// What can be wrong with a model.
#[derive(Debug, thiserror::Error)]
pub enum ModelRule {
    /// The folder or the file cannot be read as text.
    #[error("cannot be read: {0}")]
    Unreadable(std::io::Error),
    /// The project has neither a model nor a catalog, so there is nothing to do.
    #[error(
        "a project without a catalog has at least one model, models/{{bronze,silver,gold}}/*.sql"
    )]
    NoModels,
    /// A query in no folder of a layer.
    #[error(
        "is in none of the folders models/bronze, models/silver and models/gold, so that no build would make it"
    )]
    Stray,
    /// A configuration without a query.
    #[error("configures no model: there is no {stem}.sql beside it")]
    NoQuery {
        /// The file's name without `.yaml`.
        stem: String,
    },
    /// A file that nothing reads.
    #[error("is read by nothing: {remedy}")]
    NotRead {
        /// What would be read.
        remedy: String,
    },
    /// A link to a folder, which is not followed.
    #[error("is a link to a folder, and links below models/ are not followed; put the folder here")]
    LinkedFolder,
    /// The file's name is not a table's.
    #[error(
        "name {stem:?} is not a lower-case letter followed by letters, digits or `_`, and it is the table's"
    )]
    FileName {
        /// The file's name without `.sql`.
        stem: String,
    },
    /// It is not SQL.
    #[error("not SQL: {reason}")]
    Syntax {
        /// What the parser says.
        reason: String,
    },
    /// It is not one query.
    #[error("a model is one query (`select ...` or `with ...`), this has {found}")]
    NotOneQuery {
        /// What is there instead.
        found: String,
    },
    /// A table without a layer.
    #[error(
        "table {table:?} has no layer, a model reads source.NAME, bronze.NAME, silver.NAME or gold.NAME"
    )]
    NoLayer {
        /// The table as it is written.
        table: String,
    },
    /// A layer that it may not read.
    #[error("{layer} reads {} only, not {table}", layer.readable())]
    LayerOrder {
        /// The model's layer.
        layer: Layer,
        /// The table that it reads.
        table: String,
    },
    /// A table or source that nothing makes.
    #[error("{table} is not defined, {}", if known.is_empty() { "there is none in that place".to_owned() } else { format!("there are: {known}") })]
    Unknown {
        /// The table.
        table: String,
        /// What there is in that layer, comma-separated.
        known: String,
    },
    /// Two files make one table.
    #[error("makes {name}, which {} makes, too", other.display())]
    Twice {
        /// The table.
        name: ModelName,
        /// The other file.
        other: PathBuf,
    },
    /// The block of the configuration is opened and not closed.
    #[error("opens its configuration with /*--- and does not close it with ---*/")]
    OpenHeader,
    /// A comment that looks like a configuration and is none.
    #[error(
        "this comment looks like a configuration and is not read: the one that is opens the file, before the query, with /*--- \
         and ends with ---*/"
    )]
    UnreadHeader,
    /// The configuration stands in two places.
    #[error("has a configuration of its own and one in {}, one of them goes", sibling.display())]
    TwoHeaders {
        /// The file beside it.
        sibling: PathBuf,
    },
    /// The configuration is not YAML, or has a key that does not exist.
    #[error("{reason}")]
    ConfigSyntax {
        /// What the parser says.
        reason: String,
    },
    /// The configuration breaks a rule.
    #[error(transparent)]
    Config(#[from] ConfigRule),
    /// A model whose new rows are not known.
    #[error(
        "{kind} needs `input`, the one of {reads} whose new rows are taken; it reads {n_reads}"
    )]
    Input {
        /// How the table is kept.
        kind: Kind,
        /// What the query reads, comma-separated.
        reads: String,
        /// How many these are.
        n_reads: usize,
    },
    /// The input is not among what is read.
    #[error("input {input} is not read by the query, which reads: {reads}")]
    InputNotRead {
        /// The input.
        input: String,
        /// What the query reads, comma-separated.
        reads: String,
    },
    /// New rows that nothing tells from the old ones.
    #[error(
        "append takes the new rows of {input}, which has changed and does not say which of its rows are new; make it \
         `full`, or `merge` by a key, or give it a `watermark`, or deliver new rows as new files of a folder"
    )]
    Indistinct {
        /// The input.
        input: String,
    },
    /// A view where rows are taken as they come.
    #[error("{kind} cannot take the changes of {view}, which is a view; read the tables behind it")]
    ReadsView {
        /// How the table is kept.
        kind: Kind,
        /// The view.
        view: String,
    },
    /// Rows of one write with one key.
    #[error("{n_rows} rows have the key {key}, and a {kind} takes one; {}", one_row(*kind))]
    DuplicateKey {
        /// How the table is kept.
        kind: Kind,
        /// The key.
        key: String,
        /// How many rows have it.
        n_rows: u64,
    },
    /// A part of a key is null.
    #[error(
        "a row has the key {key}, and a null names no row; leave such rows out in the query, or send them to the \
         quarantine by `not_null`"
    )]
    NullKey {
        /// The key.
        key: String,
    },
    /// What was taken is not there any more, so that the table cannot be made anew from it.
    #[error(
        "must be made anew since {reason}, and {gone} of the files it was made of are gone (the first is {first}); \
         put them back, or build with --full-refresh to make it of what is there"
    )]
    Gone {
        /// Why it must be made anew.
        reason: String,
        /// How many are gone.
        gone: usize,
        /// The first of them.
        first: String,
    },
    /// What was true before is not there any more, so that a table cannot be made anew.
    #[error(
        "its {n_rows} rows cannot be made again of what there is now, and {change}; or build with --full-refresh \
         --select {model} to give them up and begin anew"
    )]
    Past {
        /// The model.
        model: ModelName,
        /// Why they do not simply stay, and what to do.
        change: Past,
        /// Rows of the table.
        n_rows: u64,
    },
    /// An upstream table that nobody built.
    #[error("reads {table}, which is not built; build it first, or select it with `+{model}`")]
    NotBuilt {
        /// What it reads.
        table: String,
        /// The model.
        model: ModelName,
    },
    /// The newest row is too old.
    #[error("freshness: {reason}")]
    TooOld {
        /// How old, and how old it may be.
        reason: String,
    },
    /// Rows that break a rule which fails the build.
    #[error("{reason}")]
    Refused {
        /// Which rule, how many rows, examples.
        reason: String,
    },
    /// An option names a column that the query does not give.
    #[error("{key} names column {column:?}, {wanted}: {known}")]
    OptionColumn {
        /// The option.
        key: &'static str,
        /// Whose column it should be.
        wanted: &'static str,
        /// The column.
        column: String,
        /// The columns of the query, comma-separated.
        known: String,
    },
    /// A column whose name or type a table cannot have.
    #[error("column {column:?} {rule}")]
    Column {
        /// The column.
        column: String,
        /// Which rule.
        rule: String,
    },
    /// The query does not fit the tables that it reads.
    #[error("{reason}")]
    Plan {
        /// What the planner says.
        reason: String,
    },
    /// The query needs more memory than it was given, on disk too.
    #[error("{reason}; give the build more with --memory")]
    Memory {
        /// What the engine says.
        reason: String,
    },
    /// The cluster refused the query, or gave it up.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// The query failed on the rows.
    #[error("{reason}")]
    Run {
        /// What happened, with the value.
        reason: String,
    },
}

/// How one row a key is had.
fn one_row(kind: Kind) -> &'static str {
    match kind {
        Kind::Merge => "`newest_by: [COLUMN]` says which one stays",
        _ => "let the query give one row a key",
    }
}

/// Why a table whose past cannot be made again does not simply go on, and what keeps its rows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Past {
    /// Only the query is another one.
    #[error(
        "the query has changed; to keep them and go on with the query as it is now, build with --adopt"
    )]
    Query,
    /// A column is not given any more.
    #[error(
        "column {column:?} of theirs is not given any more; to keep them, give `null as {column}`, cast to {of}"
    )]
    Went {
        /// The column.
        column: String,
        /// Its type in the table.
        of: String,
    },
    /// A column has a type that does not hold what is there.
    #[error(
        "column {column:?} of theirs is {before}, which {now} does not hold; to keep them, cast it to {before}"
    )]
    Retyped {
        /// The column.
        column: String,
        /// Its type in the table.
        before: String,
        /// Its type in the query.
        now: String,
    },
    /// No build of this program says what the table was made of.
    #[error("{0}; to keep them, give the model another name")]
    Other(String),
}
