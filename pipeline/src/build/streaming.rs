//! Streams: rows of a driving input that are neither late nor repeated, and those that are.

use super::arrival::Arrivals;
use super::input::Input;
use super::mark::{AHEAD_US, Ruler};
use super::{Build, BuildError};
use crate::model::{Model, Stream, Watermark};
use crate::plan::{Scope, column_of, sorted};
use crate::source::{FILE_COLUMN, INGESTED_AT_COLUMN, ROW_COLUMN};
use crate::spool::{Spool, SpoolWriter};
use crate::state::{InputState, Position};
use crate::stream::{Judge, Memory};
use datafusion::catalog::TableProvider;
use datafusion::datasource::provider_as_source;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder, lit};
use futures::StreamExt;
use std::sync::Arc;

/// The rows of a stream, judged.
pub(super) struct Streamed {
    /// Those that go on.
    pub(super) taken: Arc<dyn TableProvider>,
    /// Those that came too late.
    pub(super) late: Spool,
    /// What the next build has to know; `None` where it asks the table of the lake that it reads.
    pub(super) memory: Option<Memory>,
    pub(super) arrivals: Arrivals,
}

impl Build {
    /// Judges `rows`, the new ones of `input`; `None` when `model` is no stream. `before` is how far the input was
    /// read when the rows that came then stay in the table.
    pub(super) async fn streamed(
        &self,
        model: &Model,
        scope: &Scope,
        input: &Input,
        rows: Arc<dyn TableProvider>,
        before: Option<&InputState>,
    ) -> Result<Option<Streamed>, BuildError> {
        let Some(stream) = model.config.materialization.stream() else { return Ok(None) };
        let limit_us = self.at_us.saturating_add(AHEAD_US);
        let delay_us = stream.watermark.micros();
        let mut judge =
            Judge::new(&stream.event_time, stream.dedupe.as_deref(), delay_us, limit_us);
        if let Some(before) = before {
            self.remember(&mut judge, scope, input, before, stream).await?;
        }
        let scan = LogicalPlanBuilder::scan("input", provider_as_source(rows), None)?.build()?;
        let plan = in_order_of_arrival(scan)?;
        let schema = Arc::new(plan.schema().as_arrow().clone());
        let mut taken = SpoolWriter::new(&schema)?;
        let mut late = SpoolWriter::new(&Judge::late_schema(&schema))?;
        let mut batches = match scope.run(&plan).await {
            Ok(batches) => batches,
            Err(error) => return Err(self.explain(model, scope, &plan, &error).await),
        };
        let mut arrivals = Arrivals::default();
        while let Some(batch) = batches.next().await {
            let batch = match batch {
                Ok(batch) => batch,
                Err(error) => return Err(self.explain(model, scope, &plan, &error).await),
            };
            let judged = judge.judge(&batch)?;
            taken.write(&judged.taken)?;
            late.write(&judged.late)?;
            arrivals.n_late += judged.late.num_rows() as u64;
            arrivals.n_repeated += judged.n_repeated;
            arrivals.n_ahead += judged.n_ahead;
        }
        let memory = input.lake_table().is_none().then(|| judge.memory());
        let taken = taken.finish()?.table()?;
        Ok(Some(Streamed { taken, late: late.finish()?, memory, arrivals }))
    }

    /// Tells `judge` what came before the rows that are new.
    async fn remember(
        &self,
        judge: &mut Judge,
        scope: &Scope,
        input: &Input,
        before: &InputState,
        stream: &Stream,
    ) -> Result<(), BuildError> {
        if let Some(memory) = &before.progress.stream {
            judge.recall(memory);
            return Ok(());
        }
        let history = match (input.lake_table(), &before.position) {
            (Some(table), Position::Table { version, .. }) => {
                Some(table.at(scope.ctx(), *version).await?)
            }
            // A build that kept no memory read these files.
            _ => input.taken_before(self.at_us)?,
        };
        let Some(history) = history else { return Ok(()) };
        let watermark = Watermark { column: stream.event_time.clone(), overlap: None };
        let at_us = self.at_us.saturating_add(AHEAD_US);
        let ruler = Ruler { scope, watermark: &watermark, at_us };
        let newest = ruler.greatest(&history).await?;
        let scan = LogicalPlanBuilder::scan("input", provider_as_source(history), None)?;
        let column = column_of(scan.plan(), &stream.event_time)?;
        let of =
            datafusion::logical_expr::ExprSchemable::get_type(&column, scan.schema().as_ref())?;
        let mut wanted = vec![column.clone()];
        if let Some(dedupe) = &stream.dedupe {
            wanted.push(column_of(scan.plan(), dedupe)?);
        }
        let scan = match newest {
            Some(newest) => {
                let newest = lit(datafusion::common::ScalarValue::try_from_string(newest, &of)?);
                scan.filter(column.gt_eq(newest - lit(stream.watermark.interval())))?
            }
            None => scan,
        };
        let plan = scan.project(wanted)?.build()?;
        let mut batches = scope.run(&plan).await?;
        while let Some(batch) = batches.next().await {
            judge.remember(&batch?)?;
        }
        Ok(())
    }
}

/// The rows of `plan` as they arrived: by the time of their build, their file and their place in it, as far as
/// they say so.
fn in_order_of_arrival(plan: LogicalPlan) -> Result<LogicalPlan, DataFusionError> {
    let columns = [INGESTED_AT_COLUMN, FILE_COLUMN, ROW_COLUMN];
    let known = columns.iter().filter(|column| column_of(&plan, column).is_ok());
    sorted(plan.clone(), &known.map(|column| (*column).to_owned()).collect::<Vec<_>>())
}
