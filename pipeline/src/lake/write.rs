//! One write of a table: one commit, whole or not at all.

use super::{BoxedError, Lake, LakeError, LakeTable, partition_columns};
use crate::model::Layout;
use crate::plan::Precedence;
use crate::state::{APP_ID, STATE_APP_ID, StateName};
use crate::upkeep;
use arrow::datatypes::{Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::common::Column;
use datafusion::dataframe::DataFrame;
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, lit};
use deltalake::DeltaTable;
use deltalake::kernel::Transaction;
use deltalake::kernel::transaction::CommitProperties;
use deltalake::operations::merge::MergeBuilder;
use deltalake::operations::write::{SchemaMode, WriteBuilder};
use deltalake::protocol::SaveMode;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use serde_json::Value;
use std::sync::Arc;

/// Rows of a row group: small enough that a filter skips some, large enough to compress.
const ROW_GROUP_ROWS: usize = 128 * 1024;

const TARGET: &str = "target";
const SOURCE: &str = "source";

/// What a commit says of itself.
#[derive(Debug, Clone)]
pub(crate) struct Commit {
    /// The number of the state that it belongs to.
    pub(crate) number: i64,
    /// The name of its own state; `None` when it has none.
    pub(crate) state: Option<StateName>,
    /// What stands in its `commitInfo`, for people.
    pub(crate) metadata: Vec<(String, Value)>,
}

/// What becomes of the rows that are there.
#[derive(Debug, Clone)]
pub(crate) enum Write {
    /// They go, and the schema with them.
    Overwrite,
    /// They stay.
    Append,
    /// Those for which it is true go.
    Replace(Expr),
    /// Those with the key of a new row go, unless they are newer.
    Merge {
        /// What names a row; none of it is null.
        key: Vec<String>,
        /// Which of two rows of a key stays. A column that removes the key is none of the table's.
        order: Precedence,
    },
}

impl Lake {
    /// Writes `rows` to the table at `location`, in one commit. `before` is the table as it was opened;
    /// without one it is made. A merge reads the rows more than once.
    ///
    /// # Errors
    /// [`LakeError`]; nothing is committed then.
    pub(crate) async fn write(
        &self,
        location: &str,
        before: Option<LakeTable>,
        layout: &Layout,
        rows: Arc<dyn TableProvider>,
        write: Write,
        commit: &Commit,
    ) -> Result<LakeTable, LakeError> {
        let error = |source: BoxedError| self.failed(location, "cannot be written", source);
        let columns = rows.schema();
        let plan = LogicalPlanBuilder::scan(SOURCE, provider_as_source(rows), None)
            .and_then(LogicalPlanBuilder::build)
            .map_err(|e| error(e.into()))?;
        let written = match (write, before) {
            (Write::Merge { key, order }, Some(before)) => {
                let merge = Merge { key: &key, order: &order };
                self.merge(before.table, &columns, plan, &merge, commit).await
            }
            (write, before) => {
                let table = match before {
                    Some(before) => before.table,
                    None => {
                        if let Some(dir) = self.root.local_dir() {
                            std::fs::create_dir_all(dir.join(location))
                                .map_err(|e| error(e.into()))?;
                        }
                        self.root.builder(location)?
                    }
                };
                self.put(table, layout, plan, write, commit).await
            }
        };
        let written = written.map_err(error)?;
        LakeTable::read(self.place(location), written).await
    }

    async fn put(
        &self,
        table: DeltaTable,
        layout: &Layout,
        plan: LogicalPlan,
        write: Write,
        commit: &Commit,
    ) -> Result<DeltaTable, BoxedError> {
        let snapshot = table.snapshot().ok().map(|state| state.snapshot().clone());
        let is_new = snapshot.is_none();
        let mut builder = WriteBuilder::new(table.log_store(), snapshot)
            .with_input_plan(plan)
            .with_session_state(Arc::new(self.writer.state()))
            .with_writer_properties(writer_properties()?)
            .with_commit_properties(properties(commit));
        if is_new {
            let configuration = upkeep::of_new_tables();
            builder =
                builder.with_configuration(configuration.map(|(key, value)| (key, Some(value))));
        }
        builder = match write {
            Write::Overwrite => builder
                .with_save_mode(SaveMode::Overwrite)
                .with_schema_mode(SchemaMode::Overwrite)
                .with_partition_columns(partition_columns(layout)),
            _ if is_new => builder
                .with_save_mode(SaveMode::Append)
                .with_partition_columns(partition_columns(layout)),
            Write::Replace(predicate) => {
                builder.with_save_mode(SaveMode::Overwrite).with_replace_where(predicate)
            }
            Write::Append | Write::Merge { .. } => builder.with_save_mode(SaveMode::Append),
        };
        Ok(builder.await?)
    }

    async fn merge(
        &self,
        table: DeltaTable,
        columns: &SchemaRef,
        plan: LogicalPlan,
        merge: &Merge<'_>,
        commit: &Commit,
    ) -> Result<DeltaTable, BoxedError> {
        let snapshot = table.snapshot()?.snapshot().clone();
        let source = DataFrame::new(self.writer.state(), plan);
        let mut builder =
            MergeBuilder::new(table.log_store(), Some(snapshot), merge.same_key(), source)
                .with_source_alias(SOURCE)
                .with_target_alias(TARGET)
                .with_session_state(Arc::new(self.writer.state()))
                .with_writer_properties(writer_properties()?)
                .with_commit_properties(properties(commit));
        let is_newer = merge.is_newer();
        let stored = merge.stored(columns);
        let mut is_kept = lit(true);
        if let Some(deleted) = merge.order.deleted() {
            let is_deleted = side(SOURCE, deleted).is_true();
            is_kept = is_deleted.clone().is_not_true();
            let when = is_deleted.and(is_newer.clone());
            builder = builder.when_matched_delete(|delete| delete.predicate(when))?;
        }
        let when = is_kept.clone().and(is_newer);
        builder = builder.when_matched_update(|update| {
            stored.iter().fold(update.predicate(when), |update, name| {
                update.update(Column::new_unqualified(*name), side(SOURCE, name))
            })
        })?;
        builder = builder.when_not_matched_insert(|insert| {
            stored.iter().fold(insert.predicate(is_kept), |insert, name| {
                insert.set(Column::new_unqualified(*name), side(SOURCE, name))
            })
        })?;
        let (table, _) = builder.await?;
        Ok(table)
    }
}

struct Merge<'m> {
    key: &'m [String],
    order: &'m Precedence,
}

impl Merge<'_> {
    fn same_key(&self) -> Expr {
        // Plain equality makes it a hash join; keys are never null, see `keyed`.
        let same = |name: &String| side(TARGET, name).eq(side(SOURCE, name));
        let parts = self.key.iter().map(same);
        parts.reduce(Expr::and).unwrap_or_else(|| lit(false))
    }

    /// Whether the new row takes the place of the one that is there.
    fn is_newer(&self) -> Expr {
        self.order.takes_place(|name| side(TARGET, name), |name| side(SOURCE, name))
    }

    /// The columns of the table.
    fn stored<'c>(&self, columns: &'c Schema) -> Vec<&'c str> {
        let names = columns.fields().iter().map(|field| field.name().as_str());
        names.filter(|name| self.order.deleted() != Some(*name)).collect()
    }
}

fn side(alias: &str, column: &str) -> Expr {
    Expr::Column(Column::new(Some(alias), column))
}

pub(super) fn properties(commit: &Commit) -> CommitProperties {
    let transactions = [
        Some(Transaction::new(APP_ID, commit.number)),
        commit
            .state
            .and_then(StateName::digest)
            .map(|digest| Transaction::new(STATE_APP_ID, digest)),
    ];
    CommitProperties::default()
        // It would list the whole log each time; upkeep does it.
        .with_cleanup_expired_logs(Some(false))
        .with_metadata(commit.metadata.clone())
        .with_application_transactions(transactions.into_iter().flatten().collect())
}

/// How data files are written.
pub(crate) fn writer_properties() -> Result<WriterProperties, parquet::errors::ParquetError> {
    Ok(WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_statistics_enabled(EnabledStatistics::Page)
        .build())
}
