//! Some files of a partition are read and written anew, in order and of a good size.

use super::cut::Cut;
use super::file::{self, File};
use super::layout::{Goal, Order};
use super::zorder::Curve;
use super::{BoxedError, Files, UpkeepError, properties};
use crate::lake;
use arrow::array::RecordBatch;
use arrow::compute::cast;
use arrow::datatypes::SchemaRef;
use datafusion::common::Column;
use datafusion::dataframe::DataFrame;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::expr::Sort;
use datafusion::prelude::SessionContext;
use deltalake::DeltaTable;
use deltalake::datafile::writer::{DeltaWriter, WriterConfig};
use deltalake::kernel::transaction::CommitBuilder;
use deltalake::kernel::{Action, Add, EagerSnapshot, Remove};
use deltalake::protocol::DeltaOperation;
use deltalake::table::config::TablePropertiesExt;
use futures::TryStreamExt;
use object_store::path::Path as StorePath;
use object_store::{ObjectStore, ObjectStoreExt};
use serde_json::json;
use std::sync::Arc;

/// Writes files of one table anew.
pub(super) struct Rewriter<'r> {
    pub(super) ctx: &'r SessionContext,
    pub(super) table: &'r DeltaTable,
    pub(super) snapshot: &'r EagerSnapshot,
    pub(super) goal: &'r Goal<'r>,
    /// The table's folder or URL.
    pub(super) place: &'r str,
}

/// What has been written and is not yet committed.
#[derive(Default)]
pub(super) struct Pending {
    actions: Vec<Action>,
    removed: Files,
    added: Files,
}

impl Rewriter<'_> {
    /// Writes `group`, files of one partition, anew.
    ///
    /// # Errors
    /// [`UpkeepError::Table`], [`UpkeepError::Rows`]; what was written is of no table then.
    pub(super) async fn rewrite(
        &self,
        group: &[File],
        pending: &mut Pending,
    ) -> Result<(), UpkeepError> {
        let failed = |source| UpkeepError::Table {
            place: self.place.to_owned(),
            action: "its files cannot be written anew",
            source,
        };
        let (n_read, adds) = self.write(group).await.map_err(failed)?;
        let n_written = adds.iter().map(|add| File::new(add.clone()).n_rows()).sum::<Option<u64>>();
        let n_before = group.iter().map(File::n_rows).sum::<Option<u64>>().unwrap_or(n_read);
        if n_written != Some(n_before) || n_read != n_before {
            let n_written = n_written.unwrap_or(n_read);
            self.forget(&adds).await;
            return Err(UpkeepError::Rows { place: self.place.to_owned(), n_before, n_written });
        }
        for file in group {
            pending.removed.add(file.size_bytes());
            pending.actions.push(Action::Remove(remove(file.add())));
        }
        let tags = file::tags(&self.goal.order.tag(), self.goal.filtered);
        for mut add in adds {
            pending.added.add(u64::try_from(add.size).unwrap_or_default());
            add.data_change = false;
            add.tags = Some(tags.clone());
            pending.actions.push(Action::Add(add));
        }
        Ok(())
    }

    /// The rows read, and the files written.
    async fn write(&self, group: &[File]) -> Result<(u64, Vec<Add>), BoxedError> {
        let mut writing = Writing::new(self, group)?;
        let parts: Vec<&[File]> = match self.goal.order {
            // One after another: a scan of several says nothing about their order.
            Order::Plain => group.chunks(1).collect(),
            _ => vec![group],
        };
        let filled = async {
            for part in parts {
                let mut stream = self.read(part).await?;
                while let Some(batch) = stream.try_next().await? {
                    writing.write(&batch).await?;
                }
            }
            Ok(())
        };
        match filled.await {
            Ok(()) => writing.close().await,
            Err(error) => {
                // The first error says why; what is left of the files is found by vacuum.
                let _ = writing.writer.abort().await;
                self.forget(&writing.adds).await;
                Err(error)
            }
        }
    }

    /// Their rows, in order.
    async fn read(&self, files: &[File]) -> Result<SendableRecordBatchStream, BoxedError> {
        self.table.update_datafusion_session(&self.ctx.state())?;
        let adds = files.iter().map(|file| file.add().clone());
        let provider = self.table.table_provider().with_adds(adds).await?;
        let rows = self.ctx.read_table(provider)?;
        let names = self.goal.order.columns();
        let columns: Vec<Expr> = names.iter().map(column).collect();
        let rows = match self.goal.order {
            Order::Plain => rows,
            Order::Sorted(_) | Order::Clustered(_) => rows.sort(ascending(columns))?,
            Order::ZOrdered(_) => {
                let n_rows = files.iter().filter_map(File::n_rows).sum();
                let sample = rows.clone().select(columns.clone())?;
                let types = types(&sample);
                let curve = Curve::sample(sample, n_rows).await?;
                let place = curve.place(columns.clone(), types);
                rows.sort(ascending([place].into_iter().chain(columns).collect()))?
            }
        };
        let schema = self.snapshot.arrow_schema();
        let all: Vec<Expr> = schema.fields().iter().map(|field| column(field.name())).collect();
        Ok(rows.select(all)?.execute_stream().await?)
    }

    /// Deletes files that are of no table; vacuum finds those that stay.
    async fn forget(&self, adds: &[Add]) {
        let store = self.table.log_store().object_store(None);
        for add in adds {
            if let Ok(path) = StorePath::parse(&add.path) {
                let _ = store.delete(&path).await;
            }
        }
    }
}

/// Files that are being written, one after another.
struct Writing {
    store: Arc<dyn ObjectStore>,
    config: WriterConfig,
    schema: SchemaRef,
    cut: Cut,
    writer: DeltaWriter,
    /// Rows that the open file takes yet.
    n_left: u64,
    n_rows: u64,
    adds: Vec<Add>,
}

impl Writing {
    fn new(rewriter: &Rewriter<'_>, group: &[File]) -> Result<Writing, BoxedError> {
        let snapshot = rewriter.snapshot;
        let schema = snapshot.arrow_schema();
        let n_rows: Option<u64> = group.iter().map(File::n_rows).sum();
        let target_size_bytes = rewriter.goal.target_size_bytes;
        let config = WriterConfig::new(
            SchemaRef::clone(&schema),
            snapshot.metadata().partition_columns().to_vec(),
            Some(lake::writer_properties()?),
            // Where nobody counted the rows, files are cut by what they seem to take.
            n_rows.is_none().then_some(target_size_bytes),
            None,
            snapshot.table_properties().num_indexed_cols(),
            properties::statistics_columns(snapshot),
        );
        let size_bytes = group.iter().map(File::size_bytes).sum();
        let cut = Cut::new(n_rows.unwrap_or_default(), size_bytes, target_size_bytes);
        let store = rewriter.table.log_store().object_store(None);
        let writer = DeltaWriter::new(Arc::clone(&store), config.clone());
        let n_left = cut.n_rows().get();
        Ok(Writing { store, config, schema, cut, writer, n_left, n_rows: 0, adds: Vec::new() })
    }

    async fn write(&mut self, batch: &RecordBatch) -> Result<(), BoxedError> {
        let batch = to_schema(batch, &self.schema)?;
        let mut offset = 0;
        while offset < batch.num_rows() {
            let left = usize::try_from(self.n_left).unwrap_or(usize::MAX);
            let length = left.min(batch.num_rows() - offset);
            self.writer.write(&batch.slice(offset, length)).await?;
            offset += length;
            self.n_rows += length as u64;
            self.n_left -= length as u64;
            if self.n_left == 0 {
                self.next().await?;
            }
        }
        Ok(())
    }

    /// Closes the open file, and opens another.
    async fn next(&mut self) -> Result<(), BoxedError> {
        let next = DeltaWriter::new(Arc::clone(&self.store), self.config.clone());
        let adds = std::mem::replace(&mut self.writer, next).close().await?;
        for add in &adds {
            let file = File::new(add.clone());
            self.cut.wrote(file.n_rows().unwrap_or_default(), file.size_bytes());
        }
        self.adds.extend(adds);
        self.n_left = self.cut.n_rows().get();
        Ok(())
    }

    async fn close(mut self) -> Result<(u64, Vec<Add>), BoxedError> {
        self.adds.extend(self.writer.close().await?);
        Ok((self.n_rows, self.adds))
    }
}

impl Pending {
    /// What it removes.
    pub(super) fn removed(&self) -> Files {
        self.removed
    }

    /// Commits it to `table`.
    ///
    /// # Errors
    /// When the commit fails, also because somebody else has removed one of the files.
    pub(super) async fn commit(
        self,
        mut table: DeltaTable,
        target_size_bytes: u64,
    ) -> Result<DeltaTable, BoxedError> {
        let state = table.snapshot()?.clone();
        let metrics = json!({
            "numRemovedFiles": self.removed.n_files,
            "numRemovedBytes": self.removed.size_bytes,
            "numAddedFiles": self.added.n_files,
            "numAddedBytes": self.added.size_bytes,
        });
        let properties =
            properties::commit().with_metadata([("operationMetrics".to_owned(), metrics)]);
        let target_size = i64::try_from(target_size_bytes).unwrap_or(i64::MAX);
        CommitBuilder::from(properties)
            .with_actions(self.actions)
            .build(
                Some(&state),
                table.log_store(),
                DeltaOperation::Optimize { predicate: None, target_size },
            )
            .await?;
        table.update_state().await?;
        Ok(table)
    }
}

fn remove(add: &Add) -> Remove {
    Remove {
        path: add.path.clone(),
        data_change: false,
        deletion_timestamp: Some(chrono::Utc::now().timestamp_millis()),
        extended_file_metadata: Some(true),
        partition_values: Some(add.partition_values.clone()),
        size: Some(add.size),
        tags: add.tags.clone(),
        deletion_vector: add.deletion_vector.clone(),
        base_row_id: add.base_row_id,
        default_row_commit_version: add.default_row_commit_version,
    }
}

fn column(name: impl AsRef<str>) -> Expr {
    Expr::Column(Column::new_unqualified(name.as_ref()))
}

/// Nulls last.
fn ascending(columns: Vec<Expr>) -> Vec<Sort> {
    columns.into_iter().map(|column| column.sort(true, false)).collect()
}

fn types(rows: &DataFrame) -> Vec<arrow::datatypes::DataType> {
    rows.schema().fields().iter().map(|field| field.data_type().clone()).collect()
}

/// `batch`, which has the columns of `schema`, in its types: a scan may have views in place of text.
fn to_schema(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, BoxedError> {
    let columns = batch.columns().iter().zip(schema.fields());
    let columns = columns.map(|(column, field)| cast(column, field.data_type()));
    Ok(RecordBatch::try_new(SchemaRef::clone(schema), columns.collect::<Result<_, _>>()?)?)
}
