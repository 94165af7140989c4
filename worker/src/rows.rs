//! Rows as an answer, and the answer to a question for rows of one table.

use crate::facts::Run;
use crate::failure;
use crate::lake::Lake;
use crate::lower::rows::{RowsError, lower_changes, lower_rows};
use crate::meter::Meter;
use crate::reply;
use crate::store::Location;
use crate::table::changes::{self, ChangesError};
use catalog::Name;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use protocol::{
    At, ErrorCode, Failure, ReadFacts, RowForm, RowsSpec, TableAt, TableKind, TableVersion,
};
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
        match self.rows_once(spec).await {
            // The table moved on while it was read, and its new version was opened meanwhile.
            Err(failure)
                if failure.code == ErrorCode::VersionGone && spec.table.at == At::Newest =>
            {
                self.rows_once(spec).await
            }
            outcome => outcome,
        }
    }

    async fn rows_once(&self, spec: &RowsSpec) -> Result<Rows, Failure> {
        let started = Instant::now();
        let meter = Arc::new(Meter::default());
        let kind = Lake::kind(&spec.table.location);
        let table = Arc::new(self.open(unnamed()?, kind, &spec.table).await?);
        let tables = vec![table.version.clone()];
        let plan = lower_rows(table, spec).map_err(|error| of_rows(&error))?;
        let run = match self.run(&plan, &meter).await {
            Ok(run) => run,
            Err(error) => {
                let place = Location::new(spec.table.location.trim_end_matches('/'));
                let places: Vec<(Location, TableVersion)> =
                    tables.into_iter().map(|version| (place.clone(), version)).collect();
                let failure = self.failure(&error, &places).await;
                let location = spec.table.location.as_str();
                return Err(match failure.message.contains(location) {
                    true => failure,
                    false => {
                        Failure { message: format!("{location}: {}", failure.message), ..failure }
                    }
                });
            }
        };
        let facts = run.facts(tables, &meter, started);
        shaped(run, facts, spec.form)
    }
}

impl Lake {
    /// The rows that came and went in the versions `first` to `last` of the Delta table at
    /// `location`, both included; see [`protocol::Ask::Changes`].
    ///
    /// # Errors
    /// A [`Failure`]: a version is not there, the table keeps no change data feed, its columns
    /// changed on the way, or bytes did not come or were not right.
    pub async fn changes(
        &self,
        location: &str,
        first: u64,
        last: u64,
        form: RowForm,
    ) -> Result<Rows, Failure> {
        let started = Instant::now();
        let meter = Arc::new(Meter::default());
        let at = TableAt { location: location.to_owned(), at: At::Version(first) };
        let table = self.open(unnamed()?, TableKind::Delta, &at).await?;
        let Some(snapshot) = table.snapshot() else {
            let message = format!("{location} is no Delta table, so it tells no changes");
            return Err(Failure::new(ErrorCode::InvalidRequest, message));
        };
        let place = Location::new(location.trim_end_matches('/'));
        let (store, source) = (self.store().as_ref(), self.source());
        let [recorded, implied] =
            changes::open(&table.version, &place, snapshot, last, store, source)
                .await
                .map_err(ChangesError::into_failure)?;
        let plan = lower_changes(Arc::new(recorded), Arc::new(implied))
            .map_err(|error| failure::of_plan(&error))?;
        let run = match self.run(&plan, &meter).await {
            Ok(run) => run,
            Err(error) => return Err(self.failure(&error, &[(place, table.version)]).await),
        };
        let facts = run.facts(vec![table.version], &meter, started);
        shaped(run, facts, form)
    }
}

fn shaped(run: Run, facts: ReadFacts, form: RowForm) -> Result<Rows, Failure> {
    let (schema, batches) = match form {
        RowForm::Typed => (run.schema, run.batches),
        RowForm::Text => reply::as_text(&run.schema, &run.batches)
            .map_err(|error| Failure::new(ErrorCode::Internal, error.to_string()))?,
    };
    Ok(Rows { schema, batches, facts })
}

/// What a table is called that no catalog names.
pub fn unnamed() -> Result<Name, Failure> {
    Name::new("table").map_err(|error| Failure::new(ErrorCode::Internal, error.to_string()))
}

fn of_rows(error: &RowsError) -> Failure {
    match error {
        RowsError::Plan(error) => failure::of_plan(error),
        RowsError::Twice { .. } => Failure::new(ErrorCode::UnsupportedFeature, error.to_string()),
        _ => Failure::new(ErrorCode::InvalidRequest, error.to_string()),
    }
}
