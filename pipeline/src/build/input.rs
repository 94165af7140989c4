//! What a model reads: all rows of an input, those that are new since it was read before, and how far that is.

use super::BuildError;
use super::difference::{Difference, difference};
use super::filter::filtered;
use super::panic::apart;
use crate::lake::{LakeError, LakeTable};
use crate::model::{Read, Watermark};
use crate::plan::{Scope, fitted};
use crate::rejection::is_missing_file;
use crate::source::{
    Delivery, FolderSource, NewFile, Seen, Servers, Source, SourceError, SourceKind,
};
use crate::spool::Spool;
use crate::state::{InputState, ModelState, Position};
use datafusion::catalog::TableProvider;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::lit;
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
    Folder { source: FolderSource, all: Vec<NewFile>, new: Vec<NewFile> },
    Database { rows: Spool, has_all: bool, watermark: Option<Watermark> },
    Table(LakeTable),
}

/// The rows of an input that were not there before.
pub(super) enum New {
    /// These, and every row that was there still is.
    Rows(Arc<dyn TableProvider>),
    /// These, and rows that were there are not any more. A row that changed is both.
    Changed(Arc<dyn TableProvider>),
    /// They cannot be told from the others: the input has one state and no history.
    Indistinct,
    /// Which they are cannot be known this time; the reason.
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
                let (whole, at) = (file.clone(), path.clone());
                let now = Position::Hash(apart(&path, move || whole.hash(&at)).await?);
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
                let feed = Feed::Folder { source, all: delivery.all, new: delivery.files };
                (Position::Seen(delivery.seen), feed)
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
                let feed = Feed::Database {
                    rows: read.rows,
                    has_all: read.has_all,
                    watermark: table.watermark(),
                };
                (Position::Database(read.position), feed)
            }
        };
        Ok(Input { read: read.clone(), before, now, warnings, is_read_otherwise, feed })
    }

    /// The table `read` of the lake.
    ///
    /// # Errors
    /// [`LakeError`] when its log cannot be read.
    pub(super) async fn table(
        read: &Read,
        table: LakeTable,
        before: Option<InputState>,
    ) -> Result<Input, LakeError> {
        let rows_of = match before.as_ref().map(|before| &before.position) {
            Some(position) => table.rows_of(position).await?,
            None => None,
        };
        let now = Position::Table {
            id: table.id(),
            version: table.version(),
            number: table.number().unwrap_or(-1),
            rows_of,
        };
        let feed = Feed::Table(table);
        let (warnings, is_read_otherwise) = (Vec::new(), false);
        Ok(Input { read: read.clone(), before, now, warnings, is_read_otherwise, feed })
    }

    /// What is said of files that are not taken, at each build until they are.
    pub(super) fn waiting(&self) -> &[String] {
        match &self.feed {
            Feed::Folder { .. } => &self.warnings,
            _ => &[],
        }
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

    /// Whether [`Input::all`] can be asked; a database's table of which only new rows were read has to be read again.
    pub(super) fn has_all(&self) -> bool {
        !matches!(self.feed, Feed::Database { has_all: false, .. })
    }

    /// The same rows, of which it was read up to `before`.
    pub(super) fn since(self, before: Option<InputState>) -> Input {
        Input { before, ..self }
    }

    /// Whether all its rows give every row again that a table of `state` was made of.
    pub(super) fn gives_all_of_before(&self, state: &ModelState) -> bool {
        match (self.before.as_ref().map(|before| &before.position), &self.feed) {
            (None, _) | (_, Feed::Table(_)) => true,
            (Some(Position::Seen(seen)), Feed::Folder { all, .. }) => {
                seen.only(all).n_files() == seen.n_files()
            }
            (Some(before), _) => state.is_whole && before.is_same(&self.now),
        }
    }

    /// How far it will have been read when all its rows are taken, whatever was before.
    pub(super) fn position_of_all(&self) -> Position {
        match (&self.now, &self.feed) {
            (Position::Seen(seen), Feed::Folder { all, .. }) => Position::Seen(seen.only(all)),
            (now, _) => now.clone(),
        }
    }

    /// All its rows: those that are there, whatever was read before.
    ///
    /// # Errors
    /// When it cannot be read, and of an input that has not all of them, see [`Input::has_all`].
    pub(super) async fn all(
        &self,
        scope: &Scope,
        at_us: i64,
    ) -> Result<Arc<dyn TableProvider>, BuildError> {
        Ok(match &self.feed {
            Feed::File(table) => Arc::clone(table),
            Feed::Folder { source, all, .. } => source.table(all.clone(), at_us)?,
            Feed::Database { rows, has_all: true, .. } => rows.table()?,
            Feed::Database { has_all: false, .. } => {
                let reason = format!("only the new rows of {} were read", self.read);
                return Err(DataFusionError::Internal(reason).into());
            }
            Feed::Table(table) => table.provider(scope.ctx()).await?,
        })
    }

    /// The rows of files that were taken before and are still there; `None` when it is no folder.
    pub(super) fn taken_before(
        &self,
        at_us: i64,
    ) -> Result<Option<Arc<dyn TableProvider>>, BuildError> {
        let (Feed::Folder { source, all, new }, Some(_)) = (&self.feed, &self.before) else {
            return Ok(None);
        };
        let before = all.iter().filter(|file| !new.contains(file)).cloned().collect();
        Ok(Some(source.table(before, at_us)?))
    }

    /// The rows that came since `before`; all of them when there is no `before`.
    pub(super) async fn new_rows(&self, scope: &Scope, at_us: i64) -> Result<New, BuildError> {
        let Some(before) = &self.before else {
            return Ok(New::Rows(self.all(scope, at_us).await?));
        };
        match (&self.feed, &before.position) {
            (Feed::Folder { source, new, .. }, _) => {
                Ok(New::Rows(source.table(new.clone(), at_us)?))
            }
            (Feed::Table(table), Position::Table { id, version, .. }) => {
                if *id != table.id() {
                    return Ok(New::Unknown(format!("{} is another table", self.read)));
                }
                let Some(changes) = table.changes(*version).await? else {
                    let reason = format!("the log of {} does not reach back", self.read);
                    return Ok(New::Unknown(reason));
                };
                match (changes.has_added(), changes.has_removed()) {
                    (false, false) => {
                        let none = table.provider(scope.ctx()).await?;
                        Ok(New::Rows(filtered(none, |_| Ok(lit(false)))?))
                    }
                    (true, false) => Ok(New::Rows(changes.added(table, scope.ctx()).await?)),
                    // Whoever writes a table whole writes most rows as they were.
                    (has_added, true) => {
                        let came = match has_added {
                            true => Some(changes.added(table, scope.ctx()).await?),
                            false => None,
                        };
                        let went = changes.removed(table, scope.ctx()).await?;
                        let known = table.at(scope.ctx(), *version).await?.schema();
                        let told = difference(scope, came, went, &known).await;
                        let Difference { rows, n_gone } = match told {
                            Err(error) if is_missing_file(&error) => {
                                let reason = format!("files of {} as it was are gone", self.read);
                                return Ok(New::Unknown(reason));
                            }
                            told => told?,
                        };
                        let rows = rows.table()?;
                        Ok(match n_gone {
                            0 => New::Rows(rows),
                            _ => New::Changed(rows),
                        })
                    }
                }
            }
            (Feed::File(_) | Feed::Database { .. }, _) => Ok(New::Indistinct),
            (Feed::Table(_), _) => Ok(New::Unknown(format!("{} was no table before", self.read))),
        }
    }

    /// Whether it is a table that was written anew since `before`, so that a row of a key which is new may stand beside
    /// one that is not.
    ///
    /// # Errors
    /// When its log cannot be read.
    pub(super) async fn is_rewritten(&self) -> Result<bool, BuildError> {
        let (Feed::Table(table), Some(Position::Table { version, .. })) =
            (&self.feed, self.before.as_ref().map(|before| &before.position))
        else {
            return Ok(false);
        };
        Ok(table.changes(*version).await?.is_some_and(|changes| changes.has_removed()))
    }

    /// Whether it says by itself which rows are new: a folder has files, a table of the lake has a log.
    pub(super) fn has_history(&self) -> bool {
        matches!(self.feed, Feed::Folder { .. } | Feed::Table(_))
    }

    /// How a database's table is read, when that is by a column.
    pub(super) fn watermark(&self) -> Option<Watermark> {
        match &self.feed {
            Feed::Database { watermark, .. } => watermark.clone(),
            _ => None,
        }
    }

    /// The rows that were read: all of them, or those of a database's table from its mark on.
    pub(super) async fn read_rows(
        &self,
        scope: &Scope,
        at_us: i64,
    ) -> Result<Arc<dyn TableProvider>, BuildError> {
        match &self.feed {
            Feed::Database { rows, .. } => Ok(rows.table()?),
            _ => self.all(scope, at_us).await,
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
        // A column may have come since.
        let schema = table.provider(scope.ctx()).await?.schema();
        let before = fitted(table.at(scope.ctx(), *version).await?, &schema)?;
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

/// What the folder `files` of `source` has beyond `seen`.
async fn look(
    source: &Source,
    files: &FolderSource,
    folder: &Path,
    seen: Seen,
) -> Result<Delivery, SourceError> {
    let (name, files, project) = (source.name.clone(), files.clone(), folder.to_owned());
    let look = move || files.look(&name, &project, &seen, SystemTime::now());
    apart(folder, look).await
}
