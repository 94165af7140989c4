//! Tables of a database as sources: which ones, how they are read, and how far they were.

use super::form::{Refused, SourceForm, SourceFormError, place_of, template};
use super::mysql::{
    Connection, ContentHash, MySqlError, OnSchemaChange, Range, SchemaRecord, TableShape, ZeroDates,
};
use super::{PathTemplate, Source, SourceError, SourceKind};
use crate::model::Watermark;
use crate::spool::{Spool, SpoolWriter};
use arrow::datatypes::SchemaRef;
use catalog::Name;
use datafusion::error::DataFusionError;
use futures::TryStreamExt;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;
use tokio::sync::Mutex;

/// A table of a database.
#[derive(Debug, Clone)]
pub struct DatabaseSource {
    /// The entry of the server that it is a table of.
    pub(crate) server: Name,
    url: PathTemplate,
    table: String,
    columns: Vec<String>,
    /// Whether a bronze table is made of it without a model.
    pub(crate) bronze: bool,
    /// Which rows are read.
    pub(crate) mode: Mode,
    on_schema_change: OnSchemaChange,
    zero_dates: ZeroDates,
}

impl DatabaseSource {
    /// By which column it is read; `None` when it is read whole.
    pub(crate) fn watermark(&self) -> Option<Watermark> {
        match &self.mode {
            Mode::Snapshot => None,
            Mode::Watermark { column, .. } => {
                Some(Watermark { column: column.clone(), overlap: None })
            }
        }
    }

    /// How the database calls the table.
    pub(crate) fn table(&self) -> &str {
        &self.table
    }
}

/// Which rows of a table are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mode {
    /// All, each time.
    Snapshot,
    /// Those whose column is not below the greatest value seen.
    Watermark {
        /// The column.
        column: String,
        /// What names a row.
        key: Vec<String>,
    },
}

/// How far a table was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DatabasePosition {
    /// Its columns.
    schema: SchemaRecord,
    /// The hash of its rows, or of those from the mark on.
    hash: String,
    /// The greatest value of the watermark, as the server prints it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<String>,
}

/// Rows that were read, and how far that is.
pub(crate) struct DatabaseRows {
    pub(crate) rows: Spool,
    /// Whether these are all rows of the table.
    pub(crate) has_all: bool,
    pub(crate) position: DatabasePosition,
    /// Dates such as `0000-00-00`, which are null in the rows.
    pub(crate) n_zero_dates: u64,
}

impl DatabasePosition {
    /// For people.
    pub(crate) fn brief(&self) -> String {
        match &self.from {
            Some(from) => format!("up to {from}"),
            None => self.hash.clone(),
        }
    }
}

/// The servers of one build, each with one session: all tables are as they were at one moment.
#[derive(Default)]
pub(crate) struct Servers {
    connections: Mutex<HashMap<Name, Arc<Connection>>>,
}

impl Servers {
    async fn connection(&self, source: &DatabaseSource) -> Result<Arc<Connection>, SourceError> {
        let mut connections = self.connections.lock().await;
        if let Some(connection) = connections.get(&source.server) {
            return Ok(Arc::clone(connection));
        }
        let url = source.url.expand_text().map_err(|variable| SourceError::Unset {
            source_name: source.server.clone(),
            variable,
            path: source.url.text().to_owned(),
        })?;
        let connection = Arc::new(Connection::open(&source.server, &url).await?);
        connections.insert(source.server.clone(), Arc::clone(&connection));
        Ok(connection)
    }

    async fn shape(
        &self,
        source: &DatabaseSource,
    ) -> Result<(Arc<Connection>, TableShape), SourceError> {
        let connection = self.connection(source).await?;
        let shape = connection.describe(&source.table, &source.columns).await?;
        Ok((connection, shape.with_zero_dates(source.zero_dates)))
    }

    /// The columns of a table.
    ///
    /// # Errors
    /// [`SourceError::Database`] when the server or the table is not there.
    pub(crate) async fn schema(&self, source: &DatabaseSource) -> Result<SchemaRef, SourceError> {
        let (_, shape) = self.shape(source).await?;
        Ok(Arc::clone(shape.schema()))
    }

    /// Compares the columns of a table with those of `before`, where a change is not allowed.
    ///
    /// # Errors
    /// [`SourceError::Database`] when they have changed.
    pub(crate) async fn refuse_change(
        &self,
        source: &DatabaseSource,
        before: &DatabasePosition,
    ) -> Result<(), SourceError> {
        let (_, shape) = self.shape(source).await?;
        Connection::changes(&shape, &before.schema, source.on_schema_change)?;
        Ok(())
    }

    /// The rows of a table beyond `before`, or all of them.
    ///
    /// # Errors
    /// [`SourceError::Database`], also when the columns have changed and that is not allowed;
    /// [`SourceError::Spool`] when the rows cannot be kept.
    pub(crate) async fn read(
        &self,
        source: &DatabaseSource,
        before: Option<&DatabasePosition>,
    ) -> Result<DatabaseRows, SourceError> {
        let (connection, shape) = self.shape(source).await?;
        if let Some(before) = before {
            Connection::changes(&shape, &before.schema, source.on_schema_change)?;
        }
        let before = before.filter(|before| before.schema == shape.record());
        let (range, from) = match &source.mode {
            Mode::Snapshot => (Range::Whole, None),
            Mode::Watermark { column, .. } => {
                let value = before.and_then(|before| before.from.clone());
                let from = connection.greatest(&shape, column).await?;
                (Range::From { column: column.clone(), value }, from)
            }
        };
        let mut spool = SpoolWriter::new(shape.schema())?;
        let mut hash = ContentHash::new(shape.schema()).map_err(DataFusionError::from)?;
        let mut batches = connection.rows(&shape, &range).await?;
        while let Some(batch) = batches.try_next().await? {
            hash.take(&batch).map_err(DataFusionError::from)?;
            spool.write(&batch)?;
        }
        let rows = spool.finish()?;
        let n_zero_dates = shape.n_zero_dates();
        let hash = match &range {
            Range::Whole => hash.finish(),
            // The next run begins at the new mark, so it compares what lies from there on.
            Range::From { column, .. } => {
                let range = Range::From { column: column.clone(), value: from.clone() };
                let mut hash = ContentHash::new(shape.schema()).map_err(DataFusionError::from)?;
                let mut batches = connection.rows(&shape, &range).await?;
                while let Some(batch) = batches.try_next().await? {
                    hash.take(&batch).map_err(DataFusionError::from)?;
                }
                hash.finish()
            }
        };
        let has_all = !matches!(range, Range::From { value: Some(_), .. });
        let position = DatabasePosition { schema: shape.record(), hash, from };
        Ok(DatabaseRows { rows, has_all, position, n_zero_dates })
    }
}

impl From<MySqlError> for SourceError {
    fn from(error: MySqlError) -> SourceError {
        SourceError::Database(Box::new(error))
    }
}

impl From<DataFusionError> for SourceError {
    fn from(error: DataFusionError) -> SourceError {
        match error {
            DataFusionError::External(error) => match error.downcast::<MySqlError>() {
                Ok(error) => SourceError::Database(error),
                Err(error) => SourceError::Spool(DataFusionError::External(error)),
            },
            error => SourceError::Spool(error),
        }
    }
}

/// A table in a server's list.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TableForm {
    mode: ModeForm,
    #[serde(deserialize_with = "crate::yaml::given")]
    table: Option<String>,
    #[serde(deserialize_with = "crate::yaml::given")]
    column: Option<String>,
    key: Vec<String>,
    columns: Vec<String>,
}

#[derive(Deserialize, Default, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum ModeForm {
    #[default]
    Snapshot,
    Watermark,
}

/// Reads the tables of the server that the entry `name` of `path` describes.
pub(super) fn read(
    path: &Path,
    name: &Name,
    form: SourceForm,
    variables: &BTreeMap<String, String>,
) -> Result<Vec<Source>, Refused> {
    let place = form.mysql.as_ref().map(place_of).unwrap_or_default();
    let refuse =
        |reason: String| (place, SourceFormError::Database { source_name: name.clone(), reason });
    let Some(url) = &form.mysql else { return Ok(Vec::new()) };
    let url = template(url, variables)?;
    if url.has_plain_password() {
        let reason =
            "its URL has a password, and secrets come from the environment only: write ${VARIABLE}";
        return Err(refuse(reason.to_owned()));
    }
    if form.tables.is_empty() {
        return Err(refuse("it has `tables`, a map of the tables to read".to_owned()));
    }
    let mut sources = Vec::with_capacity(form.tables.len());
    for (table_name, table) in form.tables {
        let table = table.unwrap_or_default();
        let mode = match (table.mode, table.column) {
            (ModeForm::Snapshot, None) => Mode::Snapshot,
            (ModeForm::Snapshot, Some(_)) => {
                return Err(refuse(format!("table {table_name}: `column` is for mode: watermark")));
            }
            (ModeForm::Watermark, Some(column)) if !table.key.is_empty() => {
                Mode::Watermark { column, key: table.key }
            }
            (ModeForm::Watermark, _) => {
                let reason =
                    format!("table {table_name}: mode: watermark needs `column` and `key`");
                return Err(refuse(reason));
            }
        };
        let kind = SourceKind::Database(DatabaseSource {
            server: name.clone(),
            url: url.clone(),
            table: table.table.unwrap_or_else(|| table_name.to_string()),
            columns: table.columns,
            bronze: form.bronze,
            mode,
            on_schema_change: form.on_schema_change,
            zero_dates: form.zero_dates,
        });
        sources.push(Source { name: table_name, path: path.to_owned(), place, kind });
    }
    Ok(sources)
}
