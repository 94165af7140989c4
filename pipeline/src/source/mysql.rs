//! Tables of a server that speaks the MySQL protocol: MySQL, MariaDB, TiDB.
//!
//! ```text
//! Connection::open   one session, one read-only transaction: every table is as it was at this moment
//! describe           columns as Arrow has them, the key, what has changed since the last run
//! rows               all rows, or those from a watermark on, as a stream of batches
//! content_hash       whether the rows of a snapshot are those of the last run
//! ```
//!
//! Tables of engines without transactions (MyISAM, Aria) are as they are when they are read.
//! [`kind`] has the table of types. Rows that were deleted are seen by a snapshot only, and a watermark
//! sees rows only in the order of its values: a transaction that was begun earlier and committed later
//! may bring older ones.
//!
//! This writes nothing, keeps nothing between runs, and follows no binlog.

mod address;
mod batch;
mod cell;
mod content;
mod error;
pub(crate) mod kind;
mod mark;
mod rows;
mod schema_change;
mod session;
mod shape;
mod sql;

pub use address::UrlRule;
pub(crate) use batch::ZeroDates;
pub(crate) use content::ContentHash;
pub use error::{MySqlError, ServerRule, TableRule};
pub use kind::TypeRule;
pub use schema_change::SchemaChange;
pub(crate) use schema_change::{OnSchemaChange, SchemaRecord};
pub(crate) use shape::TableShape;
pub(crate) use sql::Range;

use address::Address;
use catalog::Name;
#[cfg(test)]
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
#[cfg(test)]
use futures::TryStreamExt;
use rows::Line;
use session::{Limits, Session};
use shape::Undescribed;
use sql::Statement;
use std::sync::Arc;

/// A session with a server, for one run. All tables are read through it, one after the other.
///
/// While it lives, the server keeps the rows of its moment, and a table that was read cannot be altered:
/// it is dropped when the last table is read.
pub(crate) struct Connection {
    source_name: Name,
    line: Arc<Line>,
}

impl Connection {
    /// Connects to the server that `url` names and begins the transaction.
    ///
    /// # Errors
    /// [`MySqlError::Url`] and [`MySqlError::Server`], which never show the password.
    pub(crate) async fn open(source_name: &Name, url: &str) -> Result<Connection, MySqlError> {
        Connection::open_within(source_name, url, Limits::default()).await
    }

    async fn open_within(
        source_name: &Name,
        url: &str,
        limits: Limits,
    ) -> Result<Connection, MySqlError> {
        let source_name = source_name.clone();
        let address = match Address::parse(url) {
            Ok(address) => address,
            Err(rule) => return Err(MySqlError::Url { source_name, rule }),
        };
        match Session::open(&address, limits).await {
            Ok(session) => {
                let line = Arc::new(Line::new(address, session, limits));
                Ok(Connection { source_name, line })
            }
            Err(rule) => {
                Err(MySqlError::Server { source_name, address: address.to_string(), rule })
            }
        }
    }

    /// The shape of `table`, a table or a view: its columns `only` in this order, or, when `only` is empty, all that
    /// `select *` gives.
    ///
    /// # Errors
    /// [`TableRule::Missing`], [`TableRule::NoColumn`], [`TableRule::Twice`] and [`TableRule::Type`];
    /// [`MySqlError::Server`] when the server does not answer.
    pub(crate) async fn describe(
        &self,
        table: &str,
        only: &[String],
    ) -> Result<TableShape, MySqlError> {
        let source_name = self.source_name.clone();
        let table = table.to_owned();
        let mut taken = match self.line.take(&table).await {
            Ok(taken) => taken,
            Err(rule) => return Err(MySqlError::Table { source_name, table, rule }),
        };
        let database = self.line.address.database();
        match shape::describe(&mut taken.session, database, &table, only).await {
            Ok((columns, key)) => {
                Ok(TableShape::new(source_name, table, columns, key, ZeroDates::default()))
            }
            Err(Undescribed::Table(rule)) => Err(MySqlError::Table { source_name, table, rule }),
            Err(Undescribed::Server(failure)) => Err(MySqlError::Server {
                source_name,
                address: self.line.address.to_string(),
                rule: failure.into(),
            }),
        }
    }

    /// What has changed since `before` was recorded; nothing has when it is empty.
    ///
    /// # Errors
    /// [`TableRule::Changed`] when something has and the rule is to fail.
    pub(crate) fn changes(
        shape: &TableShape,
        before: &SchemaRecord,
        on_schema_change: OnSchemaChange,
    ) -> Result<Vec<SchemaChange>, MySqlError> {
        let changes = before.changes(&shape.record());
        match on_schema_change {
            OnSchemaChange::Fail if !changes.is_empty() => {
                Err(shape.error(TableRule::Changed { changes }))
            }
            _ => Ok(changes),
        }
    }

    /// The rows of `range`, in no order, in batches of 8192 rows or of 8 MiB, whichever is less. Three
    /// batches at most are in memory here.
    ///
    /// The query runs when the first batch is asked for, and waits for the tables that were asked
    /// for before. A stream that is dropped early leaves its rows to be skipped.
    ///
    /// # Errors
    /// [`TableRule::NoColumn`], [`TableRule::Watermark`] and [`TableRule::Mark`]; the stream ends in any
    /// other, as `DataFusionError::External` of a [`MySqlError`].
    pub(crate) async fn rows(
        &self,
        shape: &TableShape,
        range: &Range,
    ) -> Result<SendableRecordBatchStream, MySqlError> {
        let statement = Statement::rows(shape, range).map_err(|rule| shape.error(rule))?;
        Ok(rows::stream(Arc::clone(&self.line), shape.clone(), statement))
    }

    /// The greatest value of the watermark `column`, as [`Range::From`] takes it; `None` when no row has
    /// one. No row that is read through this connection is beyond it.
    ///
    /// # Errors
    /// [`TableRule::NoColumn`] and [`TableRule::Watermark`], or what the server says.
    pub(crate) async fn greatest(
        &self,
        shape: &TableShape,
        column: &str,
    ) -> Result<Option<String>, MySqlError> {
        let found = Statement::greatest(shape, column);
        let (statement, column) = found.map_err(|rule| shape.error(rule))?;
        let taken = self.line.take(&shape.table).await;
        let mut taken = taken.map_err(|rule| shape.error(rule))?;
        let rows = taken.session.seek(&statement.text, statement.params()).await;
        let rows = rows.map_err(|failure| shape.error(failure.of_table(&self.line.address, 0)))?;
        let value = rows.first().and_then(|row| row.as_ref(0));
        Ok(value.and_then(|value| mark::print(column.kind, value)))
    }

    /// A hash of all rows of the table, whatever their order. It reads all of them; in the same
    /// connection [`Connection::rows`] gives the very rows that were hashed.
    ///
    /// # Errors
    /// As the stream of [`Connection::rows`].
    #[cfg(test)]
    pub(crate) async fn content_hash(&self, shape: &TableShape) -> Result<String, MySqlError> {
        let batch_error = |error| shape.error(TableRule::Batch(error));
        let mut hash = ContentHash::new(shape.schema()).map_err(batch_error)?;
        let mut rows = self.rows(shape, &Range::Whole).await?;
        while let Some(batch) = rows.try_next().await.map_err(|error| of_stream(shape, error))? {
            hash.take(&batch).map_err(batch_error)?;
        }
        Ok(hash.finish())
    }
}

/// The error that a stream of rows ended in.
#[cfg(test)]
fn of_stream(shape: &TableShape, error: DataFusionError) -> MySqlError {
    let error = match error {
        DataFusionError::External(error) => match error.downcast::<MySqlError>() {
            Ok(error) => return *error,
            Err(error) => DataFusionError::External(error),
        },
        error => error,
    };
    shape.error(TableRule::Batch(arrow::error::ArrowError::ExternalError(Box::new(error))))
}

#[cfg(test)]
mod tests;
