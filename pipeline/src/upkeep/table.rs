//! The upkeep of one table.

use super::file::{self, File, Partitions};
use super::history::{self, History};
use super::layout::Goal;
use super::rewrite::{Pending, Rewriter};
use super::{
    BoxedError, Files, Mode, Options, Table, TableReport, UpkeepError, Work, properties, vacuum,
};
use crate::lake::{Clock, Lock, Root, column_mapping};
use datafusion::prelude::SessionContext;
use deltalake::DeltaTable;
use deltalake::kernel::EagerSnapshot;
use deltalake::kernel::transaction::PROTOCOL;
use deltalake::protocol::checkpoints::create_checkpoint;

/// So much is written before it is committed: little is lost when upkeep is killed, and a table of many
/// partitions does not get a commit for each.
const COMMIT_BYTES: u64 = 1024 * 1024 * 1024;

/// One table and how its upkeep is done.
pub(super) struct Run<'r> {
    pub(super) root: &'r Root,
    pub(super) table: &'r Table,
    pub(super) options: &'r Options,
    pub(super) clock: &'r Clock,
    /// `None` when nothing is done.
    pub(super) lock: Option<&'r Lock>,
    pub(super) ctx: &'r SessionContext,
}

impl Run<'_> {
    /// What was done; `None` when there is no table.
    pub(super) async fn run(&self) -> Result<Option<TableReport>, UpkeepError> {
        if !self.root.has_files(&format!("{}/_delta_log", self.table.location)).await? {
            return Ok(None);
        }
        let mut table = self.root.builder(&self.table.location)?;
        table.load().await.map_err(|e| self.failed("its log cannot be read")(e.into()))?;
        let version_before = table.version().unwrap_or_default();
        let (before, n_rows) = totals(&self.partitions(&table)?);
        let mut report = TableReport {
            location: self.table.location.clone(),
            version_before,
            version: version_before,
            before,
            after: before,
            rewritten: Files::default(),
            n_rows,
            deleted: Files::default(),
            checkpoint: None,
            n_log_files_deleted: 0,
            elapsed_ms: 0,
        };
        if self.options.work != Work::Vacuum {
            table = self.optimize(table, &mut report).await?;
            let (after, n_rows) = totals(&self.partitions(&table)?);
            if let (Some(n_before), Some(n_written)) = (report.n_rows, n_rows)
                && n_before != n_written
            {
                let place = self.place();
                return Err(UpkeepError::Rows { place, n_before, n_written });
            }
            report.after = after;
            report.version = table.version().unwrap_or_default();
            self.checkpoint(&table, &mut report).await?;
        }
        if self.options.work != Work::Optimize {
            self.vacuum(table, &mut report).await?;
        }
        Ok(Some(report))
    }

    /// Before anything is committed or deleted. Nothing is when upkeep is only planned.
    async fn may_change(&self) -> Result<bool, UpkeepError> {
        match self.lock {
            None => Ok(false),
            Some(lock) => {
                lock.check().await?;
                Ok(true)
            }
        }
    }

    async fn optimize(
        &self,
        mut table: DeltaTable,
        report: &mut TableReport,
    ) -> Result<DeltaTable, UpkeepError> {
        let snapshot = self.snapshot(&table)?;
        check_features(&snapshot).map_err(self.failed("its files cannot be written anew"))?;
        self.check_columns(&snapshot)?;
        let measured = properties::measured(&snapshot, self.table);
        let missing = properties::missing(&snapshot, &measured);
        if !missing.is_empty() && self.may_change().await? {
            let set = properties::set(table, missing).await;
            table = set.map_err(self.failed("its properties cannot be set"))?;
        }
        let snapshot = self.snapshot(&table)?;
        let goal = Goal {
            order: &self.table.order,
            filtered: &measured,
            target_size_bytes: self.options.target_size_bytes,
        };
        let planned = table.clone();
        let place = self.place();
        let rewriter = Rewriter {
            ctx: self.ctx,
            table: &planned,
            snapshot: &snapshot,
            goal: &goal,
            place: &place,
        };
        let mut pending = Pending::default();
        for files in self.partitions(&table)?.into_values() {
            for group in goal.groups(files) {
                for file in &group {
                    report.rewritten.add(file.size_bytes());
                }
                if self.options.mode == Mode::Plan {
                    continue;
                }
                rewriter.rewrite(&group, &mut pending).await?;
                if pending.removed().size_bytes >= COMMIT_BYTES {
                    table = self.commit(table, std::mem::take(&mut pending)).await?;
                }
            }
        }
        self.commit(table, pending).await
    }

    async fn commit(&self, table: DeltaTable, pending: Pending) -> Result<DeltaTable, UpkeepError> {
        if pending.removed().n_files == 0 || !self.may_change().await? {
            return Ok(table);
        }
        let target_size_bytes = self.options.target_size_bytes.get();
        let committed = pending.commit(table, target_size_bytes).await;
        committed.map_err(self.failed("its files cannot be committed"))
    }

    /// A checkpoint after what upkeep committed, and where commits have gathered since the last one.
    async fn checkpoint(
        &self,
        table: &DeltaTable,
        report: &mut TableReport,
    ) -> Result<(), UpkeepError> {
        let error = || self.failed("its checkpoint cannot be written");
        let history = History::read(table).await.map_err(|e| error()(e.into()))?;
        let last = history.checkpoint(report.version);
        let n_since = report.version - last.unwrap_or_default();
        let is_due = n_since >= properties::N_COMMITS_TO_CHECKPOINT
            || (report.version > report.version_before && last != Some(report.version));
        if is_due && self.may_change().await? {
            create_checkpoint(table, None).await.map_err(|e| error()(e.into()))?;
            report.checkpoint = Some(report.version);
        }
        Ok(())
    }

    async fn vacuum(
        &self,
        mut table: DeltaTable,
        report: &mut TableReport,
    ) -> Result<(), UpkeepError> {
        let error = || self.failed("what nobody needs of it cannot be found");
        let listed = vacuum::list(&table).await.map_err(error())?;
        // Somebody else may have committed since it was read.
        table.update_state().await.map_err(|e| error()(e.into()))?;
        let history = History::read(&table).await.map_err(|e| error()(e.into()))?;
        let oldest = history.oldest(self.options.retention, self.clock, self.table.needed_version);
        let waste = vacuum::find(&table, listed, &history, oldest, self.clock).await;
        let waste = waste.map_err(error())?;
        let known = self.table.known_version.map_or(oldest, |known| known.min(oldest));
        let expired = history.expired(known);
        report.deleted = waste.files;
        report.n_log_files_deleted = expired.len() as u64;
        if self.may_change().await? {
            let error = || self.failed("what nobody needs of it cannot be deleted");
            waste.delete(&table).await.map_err(error())?;
            history::delete(&table, expired).await.map_err(|e| error()(e.into()))?;
        }
        Ok(())
    }

    fn check_columns(&self, snapshot: &EagerSnapshot) -> Result<(), UpkeepError> {
        let schema = snapshot.schema();
        let partitions = snapshot.metadata().partition_columns();
        let order = &self.table.order;
        let is_there = |column: &str| {
            schema.field(column).is_some() && !partitions.iter().any(|name| name == column)
        };
        let Some(column) = order.columns().iter().find(|column| !is_there(column)) else {
            return Ok(());
        };
        let names = schema.fields().map(|field| field.name().as_str());
        let known: Vec<&str> = names.filter(|name| is_there(name)).collect();
        Err(UpkeepError::Column {
            place: self.place(),
            key: order.key(),
            column: column.clone(),
            known: known.join(", "),
        })
    }

    fn snapshot(&self, table: &DeltaTable) -> Result<EagerSnapshot, UpkeepError> {
        let state = table.snapshot();
        let state = state.map_err(|error| self.failed("its log cannot be read")(error.into()))?;
        Ok(state.snapshot().clone())
    }

    fn partitions(&self, table: &DeltaTable) -> Result<Partitions, UpkeepError> {
        let found = file::partitions(&self.snapshot(table)?);
        found.map_err(|error| self.failed("its log cannot be read")(error.into()))
    }

    fn place(&self) -> String {
        self.root.place(&self.table.location)
    }

    fn failed(&self, action: &'static str) -> impl Fn(BoxedError) -> UpkeepError + '_ {
        move |source| UpkeepError::Table { place: self.place(), action, source }
    }
}

/// What the table asks of those who write it.
fn check_features(snapshot: &EagerSnapshot) -> Result<(), BoxedError> {
    PROTOCOL.can_write_to(snapshot)?;
    match column_mapping(snapshot.metadata().configuration()) {
        None => Ok(()),
        Some(mode) => {
            Err(format!("its columns are mapped by {mode}, which upkeep does not write").into())
        }
    }
}

/// The files of a table and its rows, as far as the log counts them.
fn totals(partitions: &Partitions) -> (Files, Option<u64>) {
    let mut files = Files::default();
    for file in partitions.values().flatten() {
        files.add(file.size_bytes());
    }
    (files, partitions.values().flatten().map(File::n_rows).sum())
}
