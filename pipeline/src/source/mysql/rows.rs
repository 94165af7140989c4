//! The rows of a table as a stream. The session is taken when the first batch is asked for and given
//! back behind the last one, so that the tables of a source are read one after the other.

use super::address::Address;
use super::batch::{BatchBuilder, Refused};
use super::cell;
use super::error::{MySqlError, TableRule};
use super::kind::Kind;
use super::session::{Failure, Limits, Session, within};
use super::shape::TableShape;
use super::sql::Statement;
use arrow::array::RecordBatch;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::{
    RecordBatchReceiverStreamBuilder, RecordBatchStreamAdapter,
};
use futures::{StreamExt, TryStreamExt};
use mysql_async::{Row, Value};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::sync::mpsc::Sender;
use tokio::sync::{Mutex as SessionMutex, OwnedMutexGuard};

/// Batches that may wait for whoever reads them.
const N_WAITING: usize = 2;

/// The session, and who has it.
pub(super) struct Line {
    /// Where it leads.
    pub(super) address: Address,
    session: Arc<SessionMutex<Session>>,
    holder: Mutex<Option<Holder>>,
    limits: Limits,
}

/// A table whose rows are being read.
struct Holder {
    table: String,
    /// Since when its batches wait for somebody.
    waits_since: Option<Instant>,
}

/// The session, for one table at a time.
pub(super) struct Taken<'l> {
    line: &'l Line,
    /// It.
    pub(super) session: OwnedMutexGuard<Session>,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        *self.line.holder() = None;
    }
}

impl Line {
    /// A line that nobody has taken.
    pub(super) fn new(address: Address, session: Session, limits: Limits) -> Line {
        let session = Arc::new(SessionMutex::new(session));
        Line { address, session, holder: Mutex::new(None), limits }
    }

    /// Waits until the session is free.
    ///
    /// # Errors
    /// [`TableRule::Busy`] when it is held by a table whose rows nobody takes. It would be held for
    /// ever, if whoever should take them waits for this very table.
    pub(super) async fn take(&self, table: &str) -> Result<Taken<'_>, TableRule> {
        let free = Arc::clone(&self.session).lock_owned();
        tokio::pin!(free);
        let session = loop {
            match tokio::time::timeout(self.limits.stall, &mut free).await {
                Ok(session) => break session,
                Err(_) => self.refuse_stall()?,
            }
        };
        *self.holder() = Some(Holder { table: table.to_owned(), waits_since: None });
        Ok(Taken { line: self, session })
    }

    fn refuse_stall(&self) -> Result<(), TableRule> {
        let holder = self.holder();
        let Some(Holder { table, waits_since: Some(since) }) = holder.as_ref() else {
            return Ok(());
        };
        let after = since.elapsed();
        if after < self.limits.stall {
            return Ok(());
        }
        Err(TableRule::Busy { open: table.clone(), after })
    }

    fn holder(&self) -> std::sync::MutexGuard<'_, Option<Holder>> {
        self.holder.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands a batch over; `false` when nobody reads on.
    async fn send(&self, batches: &Batches, batch: RecordBatch) -> bool {
        let waits_since = |since| {
            if let Some(holder) = self.holder().as_mut() {
                holder.waits_since = since;
            }
        };
        waits_since(Some(Instant::now()));
        let is_read = batches.send(Ok(batch)).await.is_ok();
        waits_since(None);
        is_read
    }
}

type Batches = Sender<Result<RecordBatch, DataFusionError>>;

/// The rows that `statement` selects. An error of the stream is a [`MySqlError`] in
/// `DataFusionError::External`.
pub(super) fn stream(
    line: Arc<Line>,
    shape: TableShape,
    statement: Statement,
) -> SendableRecordBatchStream {
    let schema = Arc::clone(shape.schema());
    // Not before the first batch is asked for: a plan opens all its inputs at once, and then reads
    // one to its end before it asks for the next.
    let started = futures::stream::once(async move {
        let schema = Arc::clone(shape.schema());
        let mut builder = RecordBatchReceiverStreamBuilder::new(schema, N_WAITING);
        let batches = builder.tx();
        builder.spawn(async move {
            let read = read(&line, &shape, &statement, &batches).await;
            read.map_err(|error| DataFusionError::External(Box::new(error)))
        });
        Ok::<_, DataFusionError>(builder.build())
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, started.try_flatten()))
}

async fn read(
    line: &Line,
    shape: &TableShape,
    statement: &Statement,
    batches: &Batches,
) -> Result<(), MySqlError> {
    let mut n_rows = 0;
    let mut taken = line.take(&shape.table).await.map_err(|rule| shape.error(rule))?;
    let read = rows(line, shape, statement, batches, &mut taken.session, &mut n_rows).await;
    read.map_err(|stop| {
        shape.error(match stop {
            Stop::Failure(failure) => failure.of_table(&line.address, n_rows),
            Stop::Rule(rule) => rule,
        })
    })
}

/// Why rows end early.
enum Stop {
    Failure(Failure),
    Rule(TableRule),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Stop {
        Stop::Failure(failure)
    }
}

impl From<TableRule> for Stop {
    fn from(rule: TableRule) -> Stop {
        Stop::Rule(rule)
    }
}

async fn rows(
    line: &Line,
    shape: &TableShape,
    statement: &Statement,
    batches: &Batches,
    session: &mut Session,
    n_rows: &mut u64,
) -> Result<(), Stop> {
    shape.n_zero_dates.store(0, Ordering::Relaxed);
    let kinds: Vec<Kind> = shape.columns.iter().map(|column| column.kind).collect();
    let mut batch = BatchBuilder::new(Arc::clone(shape.schema()), &kinds, shape.zero_dates);
    let mut result = session.query(&statement.text, statement.params()).await?;
    let rows = within(line.limits.silence, result.stream::<Row>()).await?;
    let Some(mut rows) = rows else { return Ok(()) };
    loop {
        let row = within(line.limits.silence, async { rows.next().await.transpose() }).await?;
        let Some(row) = row else { break };
        let row: Vec<Value> = row.unwrap();
        batch.take(&row).map_err(|refused| refusal(shape, &row, *n_rows, &refused))?;
        *n_rows += 1;
        if batch.is_full() && !line.send(batches, finish(shape, &mut batch)?).await {
            return Ok(());
        }
    }
    if batch.n_rows() > 0 {
        // When nobody reads on there is nobody to be told, either.
        line.send(batches, finish(shape, &mut batch)?).await;
    }
    Ok(())
}

fn finish(shape: &TableShape, batch: &mut BatchBuilder) -> Result<RecordBatch, TableRule> {
    shape.n_zero_dates.store(batch.n_zero_dates(), Ordering::Relaxed);
    Ok(batch.finish()?)
}

/// Names the row by its key when all of it is read, else by its place.
fn refusal(shape: &TableShape, row: &[Value], n_before: u64, refused: &Refused) -> TableRule {
    let value_of = |name: &String| {
        let idx = shape.columns.iter().position(|column| column.name == *name)?;
        Some(format!("{name} {}", cell::shown(row.get(idx)?)))
    };
    let key: Option<Vec<String>> = shape.key().iter().map(value_of).collect();
    let key = match key {
        Some(key) if !key.is_empty() => key.join(", "),
        _ => format!("number {} in the order of reading", n_before + 1),
    };
    let column = shape.columns.get(refused.column_idx);
    TableRule::Value {
        column: column.map(|column| column.name.clone()).unwrap_or_default(),
        key,
        value: row.get(refused.column_idx).map(cell::shown).unwrap_or_default(),
        rule: refused.rule,
    }
}
