//! What can go wrong between here and a database server.

use super::address::UrlRule;
use super::kind::TypeRule;
use super::schema_change::SchemaChange;
use catalog::Name;
use std::time::Duration;

/// The log-in is refused; in the words of the server, which never have the password.
const WRONG_LOGIN: [u16; 3] = [1045, 1698, 1862];

/// The database is not there, or not for this user.
const WRONG_DATABASE: [u16; 2] = [1044, 1049];

/// A table of a server that cannot be read right.
#[derive(Debug, thiserror::Error)]
pub enum MySqlError {
    /// The URL of the server.
    #[error("source \"{source_name}\": its url {rule}")]
    Url {
        /// The source.
        source_name: Name,
        /// What is wrong with it.
        rule: UrlRule,
    },
    /// The server as a whole.
    #[error("source \"{source_name}\": the server at {address} {rule}")]
    Server {
        /// The source.
        source_name: Name,
        /// Its host and port.
        address: String,
        /// What it does.
        rule: ServerRule,
    },
    /// One of its tables.
    #[error("source \"{source_name}\", table {table:?}: {rule}")]
    Table {
        /// The source.
        source_name: Name,
        /// The table, as the server names it.
        table: String,
        /// What is wrong with it.
        rule: TableRule,
    },
}

/// Why a server does not serve.
#[derive(Debug, thiserror::Error)]
pub enum ServerRule {
    /// Nothing is there, or it hangs up.
    #[error("cannot be reached: {0}; is it running, and are host and port right?")]
    Away(std::io::Error),
    /// It is there and says nothing.
    #[error("has not answered for {} s", after.as_secs_f64())]
    Silent {
        /// How long it was waited for.
        after: Duration,
    },
    /// It knows neither user nor password, or not the database, or is full.
    #[error("refuses: {message} (error {code}){}", remedy(*code))]
    Refused {
        /// Its number of the error.
        code: u16,
        /// Its words.
        message: String,
    },
    /// No encryption is agreed on.
    #[error(
        "offers no connection that is encrypted as it should be: {reason}; in the url ssl-ca=FILE names an authority of your own, \
         and ssl-mode=disabled does without where nobody else is on the network"
    )]
    Tls {
        /// Why not.
        reason: String,
    },
    /// Something that is not the protocol.
    #[error("does not speak as expected: {0}")]
    Protocol(mysql_async::Error),
    /// A statement to it was given up half-way.
    #[error("was left in the middle of an answer; the run has to start again")]
    Abandoned,
}

fn remedy(code: u16) -> &'static str {
    if WRONG_LOGIN.contains(&code) {
        "; check user and password in the url"
    } else if WRONG_DATABASE.contains(&code) {
        "; check the database in the url, and that the user may read it"
    } else {
        ""
    }
}

/// Why a table is not read, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum TableRule {
    /// It is not there.
    #[error(
        "database {database:?} has no such table, or the user may not read it; there are: {there}"
    )]
    Missing {
        /// The database.
        database: String,
        /// The tables that are there, comma-separated.
        there: String,
    },
    /// A column is not there.
    #[error("has no column {column:?}; there are: {there}")]
    NoColumn {
        /// The column.
        column: String,
        /// Those that are there, comma-separated.
        there: String,
    },
    /// A column is asked for twice.
    #[error("column {column:?} stands in `columns` twice")]
    Twice {
        /// The column.
        column: String,
    },
    /// A column has a type that a lake has not.
    #[error(
        "column {column:?}, {declared}, {rule}; leave it out by a list of `columns`, or read a view that \
         casts it"
    )]
    Type {
        /// The column.
        column: String,
        /// Its type in the server's words.
        declared: String,
        /// Why not.
        rule: TypeRule,
    },
    /// A column cannot be a watermark.
    #[error(
        "column {column:?}, {declared}, is no watermark: one is a whole number, a decimal, a date, a \
         datetime or a timestamp"
    )]
    Watermark {
        /// The column.
        column: String,
        /// Its type in the server's words.
        declared: String,
    },
    /// A watermark is no value of its column.
    #[error("watermark {value:?} is no value of column {column:?}, {declared}")]
    Mark {
        /// The column.
        column: String,
        /// Its type in the server's words.
        declared: String,
        /// The watermark.
        value: String,
    },
    /// A value that a lake cannot hold.
    #[error("column {column:?} of the row with {key}: {value:?} {rule}")]
    Value {
        /// The column.
        column: String,
        /// The row: its key, or its place in the order of reading.
        key: String,
        /// The value, cut when it is long.
        value: String,
        /// The rule that it breaks.
        rule: &'static str,
    },
    /// The columns are not those of the last run.
    #[error(
        "has changed: {}; `on_schema_change: evolve` takes that over and keeps what only the lake has",
        list(changes)
    )]
    Changed {
        /// What has changed; never empty.
        changes: Vec<SchemaChange>,
    },
    /// The server refuses a query.
    #[error("{address} refuses to read it after {n_rows} rows: {message} (error {code})")]
    Refused {
        /// Host and port.
        address: String,
        /// Rows that had come.
        n_rows: u64,
        /// Its number of the error.
        code: u16,
        /// Its words.
        message: String,
    },
    /// The connection broke.
    #[error("the connection to {address} was lost after {n_rows} rows: {source}")]
    Lost {
        /// Host and port.
        address: String,
        /// Rows that had come.
        n_rows: u64,
        /// How.
        source: mysql_async::Error,
    },
    /// Nothing came any more.
    #[error("{address} sent nothing for {} s after {n_rows} rows", after.as_secs_f64())]
    Silent {
        /// Host and port.
        address: String,
        /// Rows that had come.
        n_rows: u64,
        /// How long it was waited for.
        after: Duration,
    },
    /// The one connection is taken by a table that nobody reads on.
    #[error(
        "waits for table {open:?}, whose rows nobody has taken for {} s: the tables of a source are read \
         one after the other",
        after.as_secs_f64()
    )]
    Busy {
        /// The other table.
        open: String,
        /// How long its rows lie there.
        after: Duration,
    },
    /// What was read is no batch.
    #[error("its rows make no batch: {0}")]
    Batch(#[from] arrow::error::ArrowError),
}

fn list(changes: &[SchemaChange]) -> String {
    let changes: Vec<String> = changes.iter().map(ToString::to_string).collect();
    changes.join("; ")
}
