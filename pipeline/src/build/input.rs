//! What a model reads: how far it has read it before, and the rows that are new.

use super::BuildError;
use crate::lake::LakeTable;
use crate::model::{Read, Watermark};
use crate::plan::{Scope, column_of};
use crate::source::{
    Delivery, FileRule, FolderSource, NewFile, Seen, Servers, Source, SourceError, SourceKind,
};
use crate::spool::Spool;
use crate::state::{InputState, Position};
use arrow::datatypes::DataType;
use datafusion::catalog::TableProvider;
use datafusion::common::ScalarValue;
use datafusion::datasource::{ViewTable, provider_as_source};
use datafusion::error::DataFusionError;
use datafusion::functions_aggregate::min_max::max;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, lit};
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

/// One input of a model, as it is now.
pub(super) struct Input {
    /// How the query names it.
    pub(super) read: Read,
    /// How far it was read; `None` the first time.
    pub(super) before: Option<InputState>,
    /// How far it will have been read.
    pub(super) now: Position,
    /// What is worth a look in its rows.
    pub(super) warnings: Vec<String>,
    /// Whether rows that were taken would be others by now, since they are read otherwise.
    pub(super) is_read_otherwise: bool,
    feed: Feed,
}

enum Feed {
    File(Arc<dyn TableProvider>),
    Folder { source: FolderSource, new: Vec<NewFile> },
    Database(Spool),
    Table(LakeTable),
}

/// The rows of an input that were not there before.
pub(super) enum Fresh {
    /// These.
    Rows(Arc<dyn TableProvider>),
    /// Rows that were taken have changed, or it cannot be known; the reason.
    Unknown(String),
}

/// What has changed in an input.
pub(super) enum Touched {
    /// Rows that came or went, and all rows of before.
    Rows {
        /// As the input was.
        before: Arc<dyn TableProvider>,
        /// What is not as it was.
        rows: Arc<dyn TableProvider>,
    },
    /// It cannot be known; the reason.
    Unknown(String),
}

impl Input {
    /// The source `read` of the project in `folder`. `before` is how far it was read.
    pub(super) async fn source(
        read: &Read,
        source: &Source,
        folder: &Path,
        servers: &Servers,
        before: Option<InputState>,
    ) -> Result<Input, SourceError> {
        let mut warnings = Vec::new();
        let mut is_read_otherwise = false;
        let (now, feed) = match &source.kind {
            SourceKind::File(file) => {
                let path = file.find(folder)?;
                let now = Position::Hash(file.hash(&path)?);
                (now, Feed::File(file.open(&path)?))
            }
            SourceKind::Folder(source_folder) => {
                let seen = match before.as_ref().map(|before| &before.position) {
                    Some(Position::Seen(seen)) => seen.clone(),
                    _ => Seen::default(),
                };
                let delivery = look(source, source_folder, folder, seen).await?;
                is_read_otherwise = delivery.is_read_otherwise;
                warnings.extend(delivery.warnings);
                let source = source_folder.clone();
                (Position::Seen(delivery.seen), Feed::Folder { source, new: delivery.files })
            }
            SourceKind::Database(table) => {
                let position = match before.as_ref().map(|before| &before.position) {
                    Some(Position::Database(position)) => Some(position),
                    _ => None,
                };
                let read = servers.read(table, position).await?;
                if read.n_zero_dates > 0 {
                    warnings.push(format!(
                        "{} zero dates (0000-00-00) of table {:?} became null; `zero_dates: fail` refuses them",
                        read.n_zero_dates,
                        table.table()
                    ));
                }
                (Position::Database(read.position), Feed::Database(read.rows))
            }
        };
        Ok(Input { read: read.clone(), before, now, warnings, is_read_otherwise, feed })
    }

    /// The table `read` of the lake.
    pub(super) fn table(read: &Read, table: LakeTable, before: Option<InputState>) -> Input {
        let now = Position::Table {
            id: table.id(),
            version: table.version(),
            number: table.number().unwrap_or(-1),
        };
        let feed = Feed::Table(table);
        let (warnings, is_read_otherwise) = (Vec::new(), false);
        Input { read: read.clone(), before, now, warnings, is_read_otherwise, feed }
    }

    /// Whether it has something that was not there before.
    pub(super) fn is_new(&self) -> bool {
        match (&self.before, &self.feed) {
            (None, _) => true,
            // A file that was only touched has no new row.
            (Some(_), Feed::Folder { new, .. }) => !new.is_empty(),
            (Some(before), _) => !before.position.is_same(&self.now),
        }
    }

    /// The table, when it is one of the lake.
    pub(super) fn lake_table(&self) -> Option<&LakeTable> {
        match &self.feed {
            Feed::Table(table) => Some(table),
            _ => None,
        }
    }

    /// All its rows. For a folder these are the rows of the files that are not in `before`.
    pub(super) async fn whole(
        &self,
        scope: &Scope,
        at_us: i64,
    ) -> Result<Arc<dyn TableProvider>, BuildError> {
        Ok(match &self.feed {
            Feed::File(table) => Arc::clone(table),
            Feed::Folder { source, new } => source.table(new.clone(), at_us)?,
            Feed::Database(rows) => rows.table()?,
            Feed::Table(table) => table.provider(scope.ctx()).await?,
        })
    }

    /// The rows that came since `before`, by the input's own account.
    pub(super) async fn fresh(&self, scope: &Scope, at_us: i64) -> Result<Fresh, BuildError> {
        match (&self.feed, self.before.as_ref().map(|before| &before.position)) {
            (Feed::Table(table), Some(Position::Table { id, version, .. })) => {
                if *id != table.id() {
                    return Ok(Fresh::Unknown(format!("{} is another table", self.read)));
                }
                let Some(changes) = table.changes(*version).await? else {
                    let reason = format!("the log of {} does not reach back", self.read);
                    return Ok(Fresh::Unknown(reason));
                };
                if changes.is_empty() {
                    let none = self.whole(scope, at_us).await?;
                    return Ok(Fresh::Rows(filtered(none, |_| Ok(lit(false)))?));
                }
                if changes.has_rewritten {
                    let reason = format!("rows of {} have changed", self.read);
                    return Ok(Fresh::Unknown(reason));
                }
                Ok(Fresh::Rows(changes.added(table, scope.ctx()).await?))
            }
            _ => Ok(Fresh::Rows(self.whole(scope, at_us).await?)),
        }
    }

    /// The rows that came or were written anew since `before`: rows that did not change may be among them.
    pub(super) async fn written(&self, scope: &Scope, at_us: i64) -> Result<Fresh, BuildError> {
        match (&self.feed, self.before.as_ref().map(|before| &before.position)) {
            (Feed::Table(table), Some(Position::Table { id, version, .. }))
                if *id == table.id() =>
            {
                match table.changes(*version).await? {
                    Some(changes) if !changes.has_added() => {
                        let none = self.whole(scope, at_us).await?;
                        Ok(Fresh::Rows(filtered(none, |_| Ok(lit(false)))?))
                    }
                    Some(changes) => Ok(Fresh::Rows(changes.added(table, scope.ctx()).await?)),
                    None => Ok(Fresh::Rows(self.whole(scope, at_us).await?)),
                }
            }
            _ => Ok(Fresh::Rows(self.whole(scope, at_us).await?)),
        }
    }

    /// The rows that came since `before` and those that went, and all rows of before.
    pub(super) async fn touched(&self, scope: &Scope) -> Result<Touched, BuildError> {
        let (Feed::Table(table), Some(Position::Table { id, version, .. })) =
            (&self.feed, self.before.as_ref().map(|before| &before.position))
        else {
            return Ok(Touched::Unknown(format!("{} is read for the first time", self.read)));
        };
        if *id != table.id() {
            return Ok(Touched::Unknown(format!("{} is another table", self.read)));
        }
        let Some(changes) = table.changes(*version).await? else {
            let reason = format!("the log of {} does not reach back", self.read);
            return Ok(Touched::Unknown(reason));
        };
        let before = table.at(scope.ctx(), *version).await?;
        let rows = match changes.is_empty() {
            true => filtered(Arc::clone(&before), |_| Ok(lit(false)))?,
            false => changes.touched(table, scope.ctx()).await?,
        };
        Ok(Touched::Rows { before, rows })
    }

    /// Files that were taken before and are gone.
    pub(super) fn gone(
        source: &Source,
        folder: &Path,
        before: &Position,
    ) -> Result<Vec<String>, SourceError> {
        match (&source.kind, before) {
            (SourceKind::Folder(files), Position::Seen(seen)) => {
                files.gone(&source.name, folder, seen)
            }
            _ => Ok(Vec::new()),
        }
    }
}

/// What the folder `files` of `source` has beyond `seen`. Files are read whole, so a thread of their own does it.
async fn look(
    source: &Source,
    files: &FolderSource,
    folder: &Path,
    seen: Seen,
) -> Result<Delivery, SourceError> {
    let (name, files, project) = (source.name.clone(), files.clone(), folder.to_owned());
    let look = move || files.look(&name, &project, &seen, SystemTime::now());
    match tokio::task::spawn_blocking(look).await {
        Ok(looked) => looked,
        Err(ended) => {
            let rule = FileRule::Unreadable(std::io::Error::other(ended));
            Err(SourceError::File { path: folder.to_owned(), rule })
        }
    }
}

/// The rows of `table` for which `condition` is true.
pub(super) fn filtered(
    table: Arc<dyn TableProvider>,
    condition: impl FnOnce(&LogicalPlanBuilder) -> Result<Expr, DataFusionError>,
) -> Result<Arc<dyn TableProvider>, DataFusionError> {
    let scan = LogicalPlanBuilder::scan("input", provider_as_source(table), None)?;
    let condition = condition(&scan)?;
    Ok(Arc::new(ViewTable::new(scan.filter(condition)?.build()?, None)))
}

/// Which side of the mark a row lies on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beyond {
    /// Rows at the mark were taken.
    After,
    /// Rows at the mark, within the overlap and without a value may come again.
    From,
}

/// The rows of `table` beyond `mark` by `watermark`.
pub(super) fn beyond_mark(
    table: Arc<dyn TableProvider>,
    watermark: &Watermark,
    mark: &str,
    beyond: Beyond,
) -> Result<Arc<dyn TableProvider>, DataFusionError> {
    filtered(table, |scan| {
        let column = column_of(scan.plan(), &watermark.column)?;
        let (of, _) = column_type(scan, &column)?;
        let mark = lit(ScalarValue::try_from_string(mark.to_owned(), &of)?);
        Ok(match beyond {
            Beyond::After => column.gt(mark),
            Beyond::From => {
                let from = match &watermark.overlap {
                    Some(overlap) => mark - lit(overlap.interval()),
                    None => mark,
                };
                column.clone().gt_eq(from).or(column.is_null())
            }
        })
    })
}

fn column_type(
    scan: &LogicalPlanBuilder,
    column: &Expr,
) -> Result<(DataType, bool), DataFusionError> {
    use datafusion::logical_expr::ExprSchemable;
    let schema = scan.plan().schema();
    Ok((column.get_type(schema.as_ref())?, column.nullable(schema.as_ref())?))
}

/// The greatest value of `column` in `table`, as text; `None` when there is none.
pub(super) async fn greatest(
    scope: &Scope,
    table: Arc<dyn TableProvider>,
    column: &str,
) -> Result<Option<String>, DataFusionError> {
    let scan = LogicalPlanBuilder::scan("input", provider_as_source(table), None)?;
    let column = column_of(scan.plan(), column)?;
    let plan = scan.aggregate(Vec::<Expr>::new(), vec![max(column)])?.build()?;
    for batch in scope.rows(&plan).await? {
        if batch.num_rows() > 0 {
            let value = ScalarValue::try_from_array(batch.column(0), 0)?;
            if value.is_null() {
                return Ok(None);
            }
            return Ok(value.cast_to(&DataType::Utf8)?.try_as_str().flatten().map(str::to_owned));
        }
    }
    Ok(None)
}
