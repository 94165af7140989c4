//! How far an input was read by a column whose values grow: its mark is the greatest value that is not beyond the
//! time of the build. What lies beyond it, at it or without a value is told apart row by row.

use super::filter::filtered;
use crate::model::Watermark;
use crate::plan::{Scope, column_of};
use crate::source;
use crate::spool::SpoolWriter;
use crate::state::Progress;
use arrow::array::{Array, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType, SchemaRef};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::catalog::TableProvider;
use datafusion::common::ScalarValue;
use datafusion::datasource::provider_as_source;
use datafusion::error::DataFusionError;
use datafusion::functions_aggregate::count::count;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, lit, when};
use futures::StreamExt;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How far a time may be ahead of the build's before it is taken for a wrong clock's: local times of the east are
/// fourteen hours ahead of UTC.
pub(crate) const AHEAD_US: i64 = 14 * 3600 * 1_000_000;

/// The column that says whether the next build cannot tell the row by the mark.
const IS_BESIDE: &str = "__is_beside";

/// Hexadecimal digits of a row's hash.
const N_DIGITS: usize = 32;

/// Rows that are taken by a mark.
pub(super) struct Marked {
    pub(super) rows: Arc<dyn TableProvider>,
    /// How far the input will have been read.
    pub(super) progress: Progress,
    /// Rows below the mark that were not there before.
    pub(super) n_late: u64,
}

/// How rows are taken that were taken before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeats {
    /// They replace themselves.
    Replace,
    /// They are not taken again.
    LeaveOut,
}

/// One column of an input, and the time of the build.
#[derive(Clone, Copy)]
pub(super) struct Ruler<'r> {
    pub(super) scope: &'r Scope,
    pub(super) watermark: &'r Watermark,
    /// Microseconds since 1970 UTC.
    pub(super) at_us: i64,
}

impl Ruler<'_> {
    /// The rows of `all` that are new since `before`.
    ///
    /// # Errors
    /// What the engine says.
    pub(super) async fn new_rows(
        &self,
        all: Arc<dyn TableProvider>,
        before: &Progress,
        repeats: Repeats,
    ) -> Result<Marked, DataFusionError> {
        let old = before.mark.as_deref();
        let mark = self.later(&all, old, self.greatest(&all).await?)?;
        let n_late = match (old, before.n_below) {
            (Some(old), Some(n_below)) => self.n_below(&all, old).await?.saturating_sub(n_below),
            _ => 0,
        };
        let n_below = match &mark {
            Some(mark) => Some(self.n_below(&all, mark).await?),
            None => None,
        };
        let candidates = match old {
            Some(old) => self.from(Arc::clone(&all), old)?,
            None => all,
        };
        let mut progress = Progress { mark, n_below, ..Progress::default() };
        if repeats == Repeats::Replace {
            return Ok(Marked { rows: candidates, progress, n_late });
        }
        let mut rows = SpoolWriter::new(&candidates.schema())?;
        let plan = self.with_beside(candidates, progress.mark.as_deref())?;
        let mut known = before.beside.clone();
        let mut batches = self.scope.run(&plan).await?;
        while let Some(batch) = batches.next().await {
            let (batch, is_beside) = apart(&batch?, rows.schema())?;
            if before.beside.is_empty() {
                for hash in hashes(&filter_record_batch(&batch, &is_beside)?)? {
                    *progress.beside.entry(hash).or_default() += 1;
                }
                rows.write(&batch)?;
                continue;
            }
            let hashes = hashes(&batch)?;
            let mut is_new = Vec::with_capacity(hashes.len());
            for (hash, is_beside) in hashes.into_iter().zip(&is_beside) {
                match known.get_mut(&hash) {
                    Some(n_times) if *n_times > 0 => {
                        *n_times -= 1;
                        is_new.push(false);
                    }
                    _ => is_new.push(true),
                }
                if is_beside == Some(true) {
                    *progress.beside.entry(hash).or_default() += 1;
                }
            }
            rows.write(&filter_record_batch(&batch, &BooleanArray::from(is_new))?)?;
        }
        Ok(Marked { rows: rows.finish()?.table()?, progress, n_late })
    }

    /// How far `all` has been read once all of its rows are taken.
    ///
    /// # Errors
    /// What the engine says.
    pub(super) async fn progress(
        &self,
        all: &Arc<dyn TableProvider>,
        repeats: Repeats,
    ) -> Result<Progress, DataFusionError> {
        let marked = self.new_rows(Arc::clone(all), &Progress::default(), repeats).await?;
        Ok(marked.progress)
    }

    /// The later of `old` and `new`, which are values of the column.
    pub(super) fn later(
        &self,
        rows: &Arc<dyn TableProvider>,
        old: Option<&str>,
        new: Option<String>,
    ) -> Result<Option<String>, DataFusionError> {
        let (Some(old), Some(new)) = (old, &new) else {
            return Ok(new.or_else(|| old.map(str::to_owned)));
        };
        let value = |text: &str| ScalarValue::try_from_string(text.to_owned(), &self.of(rows)?);
        let is_later = value(new)?.partial_cmp(&value(old)?).is_none_or(|order| order.is_gt());
        Ok(Some(if is_later { new.clone() } else { old.to_owned() }))
    }

    /// The greatest value of `rows` that is not beyond the time of the build, as text.
    pub(super) async fn greatest(
        &self,
        rows: &Arc<dyn TableProvider>,
    ) -> Result<Option<String>, DataFusionError> {
        let present = self.time(rows, 0)?;
        let known = match present {
            Some(present) => {
                let column = self.column(rows)?;
                filtered(Arc::clone(rows), |_| Ok(column.lt_eq(lit(present))))?
            }
            None => Arc::clone(rows),
        };
        super::filter::greatest(self.scope, known, &self.watermark.column).await
    }

    /// How many of `rows` are so far ahead of the build's time that a clock must be wrong.
    pub(super) async fn n_ahead(
        &self,
        rows: &Arc<dyn TableProvider>,
    ) -> Result<u64, DataFusionError> {
        let Some(limit) = self.time(rows, AHEAD_US)? else { return Ok(0) };
        let column = self.column(rows)?;
        self.count(rows, column.gt(lit(limit))).await
    }

    /// How many of `rows` a mark does not let through.
    pub(super) async fn n_not_above(
        &self,
        rows: &Arc<dyn TableProvider>,
        mark: &str,
    ) -> Result<u64, DataFusionError> {
        let column = self.column(rows)?;
        let mark = ScalarValue::try_from_string(mark.to_owned(), &self.of(rows)?)?;
        self.count(rows, column.clone().lt_eq(lit(mark)).or(column.is_null())).await
    }

    /// The rows beyond `mark`.
    pub(super) fn above(
        &self,
        rows: Arc<dyn TableProvider>,
        mark: &str,
    ) -> Result<Arc<dyn TableProvider>, DataFusionError> {
        let column = self.column(&rows)?;
        let mark = ScalarValue::try_from_string(mark.to_owned(), &self.of(&rows)?)?;
        filtered(rows, |_| Ok(column.gt(lit(mark))))
    }

    /// The rows of `rows` that are not below `mark` less the overlap, and those without a value.
    fn from(
        &self,
        rows: Arc<dyn TableProvider>,
        mark: &str,
    ) -> Result<Arc<dyn TableProvider>, DataFusionError> {
        let column = self.column(&rows)?;
        let from = self.less_overlap(&rows, mark)?;
        filtered(rows, |_| Ok(column.clone().gt_eq(from).or(column.is_null())))
    }

    fn less_overlap(
        &self,
        rows: &Arc<dyn TableProvider>,
        mark: &str,
    ) -> Result<Expr, DataFusionError> {
        let of = self.of(rows)?;
        let mark = lit(ScalarValue::try_from_string(mark.to_owned(), &of)?);
        Ok(match &self.watermark.overlap {
            Some(overlap) if is_time(&of) => mark - lit(overlap.interval()),
            _ => mark,
        })
    }

    async fn n_below(
        &self,
        rows: &Arc<dyn TableProvider>,
        mark: &str,
    ) -> Result<u64, DataFusionError> {
        let column = self.column(rows)?;
        self.count(rows, column.lt(self.less_overlap(rows, mark)?)).await
    }

    /// `rows` with a column that says which of them the next build finds again when it asks for those from `mark`.
    fn with_beside(
        &self,
        rows: Arc<dyn TableProvider>,
        mark: Option<&str>,
    ) -> Result<LogicalPlan, DataFusionError> {
        let column = self.column(&rows)?;
        let is_beside = match mark {
            Some(mark) => {
                column.clone().is_null().or(column.gt_eq(self.less_overlap(&rows, mark)?))
            }
            None => lit(true),
        };
        let scan = scan(rows)?;
        let mut columns: Vec<Expr> = scan.schema().iter().map(Expr::from).collect();
        columns.push(is_beside.alias(IS_BESIDE));
        scan.project(columns)?.build()
    }

    async fn count(
        &self,
        rows: &Arc<dyn TableProvider>,
        condition: Expr,
    ) -> Result<u64, DataFusionError> {
        let counted = when(condition, lit(1_i64)).end()?;
        let plan =
            scan(Arc::clone(rows))?.aggregate(Vec::<Expr>::new(), vec![count(counted)])?.build()?;
        for batch in self.scope.rows(&plan).await? {
            if batch.num_rows() > 0
                && let ScalarValue::Int64(Some(n_rows)) =
                    ScalarValue::try_from_array(batch.column(0), 0)?
            {
                return Ok(u64::try_from(n_rows).unwrap_or_default());
            }
        }
        Ok(0)
    }

    fn column(&self, rows: &Arc<dyn TableProvider>) -> Result<Expr, DataFusionError> {
        column_of(scan(Arc::clone(rows))?.plan(), &self.watermark.column)
    }

    fn of(&self, rows: &Arc<dyn TableProvider>) -> Result<DataType, DataFusionError> {
        let scan = scan(Arc::clone(rows))?;
        self.column(rows)?.get_type(scan.schema().as_ref())
    }

    /// The build's time and `ahead_us` more as a value of the column; `None` when its values are no times.
    fn time(
        &self,
        rows: &Arc<dyn TableProvider>,
        ahead_us: i64,
    ) -> Result<Option<ScalarValue>, DataFusionError> {
        let of = self.of(rows)?;
        if !is_time(&of) {
            return Ok(None);
        }
        let at = self.at_us.saturating_add(ahead_us);
        let zone = match &of {
            DataType::Timestamp(_, zone) => zone.clone(),
            _ => None,
        };
        let micros = ScalarValue::TimestampMicrosecond(Some(at), zone);
        micros.cast_to(&of).map(Some)
    }
}

fn is_time(of: &DataType) -> bool {
    matches!(of, DataType::Timestamp(_, _) | DataType::Date32)
}

fn scan(rows: Arc<dyn TableProvider>) -> Result<LogicalPlanBuilder, DataFusionError> {
    LogicalPlanBuilder::scan("input", provider_as_source(rows), None)
}

/// The rows without their last column, and that column.
fn apart(
    batch: &RecordBatch,
    schema: &SchemaRef,
) -> Result<(RecordBatch, BooleanArray), DataFusionError> {
    let n_columns = batch.num_columns().saturating_sub(1);
    let last = batch.columns().get(n_columns);
    let last = last.and_then(|column| column.as_any().downcast_ref::<BooleanArray>().cloned());
    let last = last.ok_or_else(|| DataFusionError::Internal("no column of flags".to_owned()))?;
    let columns = batch.columns().iter().take(n_columns).cloned().collect();
    Ok((RecordBatch::try_new(Arc::clone(schema), columns)?, last))
}

/// A hash of each row: of its values that are not null, by the names of their columns. A column that comes later,
/// and is null, leaves it as it was.
fn hashes(batch: &RecordBatch) -> Result<Vec<String>, DataFusionError> {
    let options = FormatOptions::default();
    let schema = batch.schema();
    let mut columns = BTreeMap::new();
    for (field, column) in schema.fields().iter().zip(batch.columns()) {
        columns.insert(field.name(), (column, ArrayFormatter::try_new(column.as_ref(), &options)?));
    }
    let hash = |row_idx: usize| {
        let mut hash = Sha256::new();
        for (name, (column, texts)) in &columns {
            if column.is_valid(row_idx) {
                let text = texts.value(row_idx).to_string();
                // Lengths go before texts, so that no two rows give the same bytes.
                for part in [name.as_str(), &text] {
                    hash.update((part.len() as u64).to_le_bytes());
                    hash.update(part);
                }
            }
        }
        let mut digits = source::hex(hash);
        digits.truncate(N_DIGITS);
        digits
    };
    Ok((0..batch.num_rows()).map(hash).collect())
}
