//! Rows as an answer, and the answer to a question for rows of one table.

use crate::failure;
use crate::lake::Lake;
use crate::lower::rows::{RowsError, lower_rows};
use crate::meter::Meter;
use crate::reply;
use catalog::Name;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use protocol::{ErrorCode, Failure, ReadFacts, RowForm, RowsSpec};
use std::sync::Arc;
use web_time::Instant;

/// The answer to a question.
#[derive(Debug, Clone)]
pub struct Rows {
    /// The columns that the question's type promises.
    pub schema: SchemaRef,
    /// The rows.
    pub batches: Vec<RecordBatch>,
    /// What they were computed from.
    pub facts: ReadFacts,
}

impl Rows {
    /// The rows as an Arrow IPC stream.
    ///
    /// # Errors
    /// [`ErrorCode::Internal`] when Arrow cannot write them.
    pub fn to_ipc(&self) -> Result<Vec<u8>, Failure> {
        reply::encode(&self.schema, &self.batches)
            .map_err(|error| Failure::new(ErrorCode::Internal, error.to_string()))
    }
}

impl Lake {
    /// Rows of one table. Dropping the future stops the work.
    ///
    /// # Errors
    /// A [`Failure`]: the table cannot be read, it has no such column, a value is none of its
    /// column's type, or bytes did not come or were not right.
    pub async fn rows(&self, spec: &RowsSpec) -> Result<Rows, Failure> {
        let started = Instant::now();
        let meter = Arc::new(Meter::default());
        let kind = Lake::kind(&spec.table.location);
        let table = Arc::new(self.open(unnamed()?, kind, &spec.table).await?);
        let version = table.version.clone();
        let plan = lower_rows(table, spec).map_err(|error| of_rows(&error))?;
        let tables = vec![version];
        let (schema, batches) = self.run(&plan, &meter).await.map_err(|error| {
            let failure = failure::of_plan(&error);
            Failure { message: format!("{}: {}", spec.table.location, failure.message), ..failure }
        })?;
        let (schema, batches) = match spec.form {
            RowForm::Typed => (schema, batches),
            RowForm::Text => reply::as_text(&schema, &batches)
                .map_err(|error| Failure::new(ErrorCode::Internal, error.to_string()))?,
        };
        let facts = ReadFacts {
            n_files_read: meter.n_files(),
            n_files_total: tables.iter().map(|table| table.n_files).sum(),
            tables,
            read_bytes: meter.read_bytes(),
            fetched_bytes: meter.fetched_bytes(),
            n_requests: meter.n_requests(),
            elapsed_ms: started.elapsed().as_secs_f64() * 1000.0,
            n_rows: batches.iter().map(|batch| batch.num_rows() as u64).sum(),
        };
        Ok(Rows { schema, batches, facts })
    }
}

/// What a table is called that no catalog names.
pub fn unnamed() -> Result<Name, Failure> {
    Name::new("table").map_err(|error| Failure::new(ErrorCode::Internal, error.to_string()))
}

fn of_rows(error: &RowsError) -> Failure {
    match error {
        RowsError::Plan(error) => failure::of_plan(error),
        _ => Failure::new(ErrorCode::InvalidRequest, error.to_string()),
    }
}
