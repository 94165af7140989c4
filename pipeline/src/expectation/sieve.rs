//! Judged rows on their way: counted, the bad ones kept back, the others passed on.

use super::{Broken, Expectation, OnFailure, Outcome, REASON_COLUMN, RUN_COLUMN, Subject, example};
use crate::plan::to_schema;
use crate::spool::{Spool, SpoolWriter};
use arrow::array::{
    Array, ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions, StringArray, StringBuilder,
    new_null_array,
};
use arrow::compute::{and, filter_record_batch, not, or, prep_null_mask_filter};
use arrow::datatypes::{Schema, SchemaRef};
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::StreamExt;
use futures::channel::oneshot;
use std::sync::{Arc, Mutex, PoisonError};

/// What is needed to sort the rows of a judged query.
#[derive(Debug)]
pub(crate) struct Sieve {
    rules: Vec<Judging>,
    /// The query's own columns, as they are stored.
    schema: SchemaRef,
}

/// One expectation, and where its rows say whether they break it.
#[derive(Debug)]
struct Judging {
    expectation: Expectation,
    /// The hidden column, counted from the first; `None` when no row can break it.
    hidden_idx: Option<usize>,
    /// The columns that an example shows.
    shown: Vec<usize>,
}

/// What became of the rows that went through a sieve.
pub(crate) struct Sifted {
    tally: Arc<Mutex<Tally>>,
    gate: Option<Gate>,
}

/// The end of the rows waits here until those kept back are safe.
struct Gate {
    kept_back: oneshot::Receiver<Spool>,
    release: oneshot::Sender<()>,
}

/// Counts so far.
#[derive(Debug, Default)]
struct Tally {
    outcomes: Vec<Outcome>,
    is_whole: bool,
}

impl Sieve {
    /// A sieve for rows of `subject` whose hidden columns are those of the expectations `flags`.
    pub(super) fn new(subject: &Subject<'_>, flags: Vec<usize>) -> Sieve {
        let rules = subject.expectations.iter().enumerate().map(|(idx, expectation)| Judging {
            expectation: expectation.clone(),
            hidden_idx: flags.iter().position(|flag| *flag == idx),
            shown: example::columns(subject, &expectation.rule),
        });
        Sieve { rules: rules.collect(), schema: Arc::clone(subject.schema) }
    }

    /// Counts the rows of `rows` and moves none.
    #[cfg(test)]
    pub(crate) async fn count(
        self,
        mut rows: SendableRecordBatchStream,
    ) -> Result<Vec<Outcome>, DataFusionError> {
        let mut tally = Tally::new(&self.rules);
        let visible = visible(&rows.schema(), self.schema.fields().len());
        while let Some(batch) = rows.next().await {
            let (own, hidden) = split(&batch?, &visible)?;
            tally.add(&self.rules, &own, &hidden)?;
        }
        Ok(tally.outcomes)
    }

    /// Passes on the rows of `rows` that do not go to quarantine, without their hidden columns. The
    /// others become rows of `quarantine`, by the names of its columns, with the reason and `run_id`.
    ///
    /// The rows end with an error of [`Broken`] when they break an expectation that lets a build fail:
    /// after the last, so that all are counted. Before they end, they wait for [`Sifted::release`].
    ///
    /// # Errors
    /// When there is no temporary file for rows that go to quarantine.
    pub(crate) fn pass(
        self,
        rows: SendableRecordBatchStream,
        quarantine: &SchemaRef,
        run_id: &str,
    ) -> Result<(SendableRecordBatchStream, Sifted), DataFusionError> {
        let tally = Tally::new(&self.rules);
        let tally = Arc::new(Mutex::new(tally));
        if self.rules.is_empty() {
            tally.lock().unwrap_or_else(PoisonError::into_inner).is_whole = true;
            return Ok((rows, Sifted { tally, gate: None }));
        }
        let refuses = |rule: &Judging| rule.expectation.on_failure == OnFailure::Quarantine;
        let (back, gate) = match self.rules.iter().any(refuses) {
            false => (None, None),
            true => {
                let (kept_back, taken) = oneshot::channel();
                let (release, released) = oneshot::channel();
                let writer = SpoolWriter::new(quarantine)?;
                let run_id = run_id.to_owned();
                let back = Back {
                    writer,
                    quarantine: Arc::clone(quarantine),
                    run_id,
                    kept_back,
                    released,
                };
                (Some(back), Some(Gate { kept_back: taken, release }))
            }
        };
        let schema = visible(&rows.schema(), self.schema.fields().len());
        let sifting = Sifting {
            rows,
            rules: self.rules,
            stored: self.schema,
            visible: Arc::clone(&schema),
            tally: Arc::clone(&tally),
            back,
        };
        let passed = futures::stream::try_unfold(Some(sifting), |sifting| async move {
            let Some(mut sifting) = sifting else { return Ok(None) };
            while let Some(batch) = sifting.rows.next().await {
                let passed = sifting.sift(batch?)?;
                if passed.num_rows() > 0 {
                    return Ok(Some((passed, Some(sifting))));
                }
            }
            sifting.end().await?;
            Ok(None)
        });
        let passed = Box::pin(RecordBatchStreamAdapter::new(schema, passed));
        Ok((passed, Sifted { tally, gate }))
    }
}

impl Sifted {
    /// Whether the rows that pass do not end before [`Sifted::release`] says so.
    pub(crate) fn holds(&self) -> bool {
        self.gate.is_some()
    }

    /// The rows that go to quarantine, once all rows have passed; `None` when no expectation sends rows
    /// there, when it was asked before, and when the rows ended early or break an expectation that lets
    /// a build fail.
    ///
    /// The rows that pass do not end before [`Sifted::release`] says so: whoever writes them commits
    /// at their end, and the others are to be committed first.
    pub(crate) async fn kept_back(&mut self) -> Option<Spool> {
        match &mut self.gate {
            Some(gate) => (&mut gate.kept_back).await.ok(),
            None => None,
        }
    }

    /// Lets the rows end.
    pub(crate) fn release(&mut self) {
        if let Some(gate) = self.gate.take() {
            // Nobody waits when the rows ended with an error.
            let _ = gate.release.send(());
        }
    }

    /// What became of each expectation, in their order. The numbers are final when the rows have ended.
    pub(crate) fn outcomes(&self) -> Vec<Outcome> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner).outcomes.clone()
    }

    /// Why the rows ended with an error, if they did so because of an expectation.
    pub(crate) fn broken(&self) -> Option<Broken> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner).broken()
    }
}

impl Tally {
    fn new(rules: &[Judging]) -> Tally {
        let outcomes = rules.iter().map(|rule| Outcome {
            expectation: rule.expectation.clone(),
            n_checked: 0,
            n_failed: 0,
            examples: Vec::new(),
        });
        Tally { outcomes: outcomes.collect(), is_whole: false }
    }

    /// Counts rows; which of them go to quarantine, if any. These are no rows of the table, so that they break
    /// nothing else.
    fn add(
        &mut self,
        rules: &[Judging],
        own: &RecordBatch,
        hidden: &[ArrayRef],
    ) -> Result<Option<BooleanArray>, DataFusionError> {
        let is_refusing = |rule: &&Judging| rule.expectation.on_failure == OnFailure::Quarantine;
        let mut refused: Option<BooleanArray> = None;
        for rule in rules.iter().filter(is_refusing) {
            let Some(flags) = flags(hidden, rule)?.filter(|flags| flags.true_count() > 0) else {
                continue;
            };
            // A row is either passed on or kept back: a filter drops rows for which both are null.
            let flags = known(flags);
            refused = Some(match refused {
                Some(refused) => or(&refused, &flags)?,
                None => flags,
            });
        }
        for (rule, outcome) in rules.iter().zip(&mut self.outcomes) {
            outcome.n_checked += own.num_rows() as u64;
            let Some(flags) = flags(hidden, rule)? else { continue };
            let flags = match &refused {
                Some(refused) if !is_refusing(&rule) => and(&known(flags), &not(refused)?)?,
                _ => flags.clone(),
            };
            let n_failed = flags.true_count();
            if n_failed > 0 {
                outcome.n_failed += n_failed as u64;
                example::add(&mut outcome.examples, own, &flags, &rule.shown)?;
            }
        }
        Ok(refused)
    }

    fn broken(&self) -> Option<Broken> {
        let fatal = self.outcomes.iter().filter(|outcome| outcome.is_fatal());
        let outcomes: Vec<Outcome> = fatal.cloned().collect();
        (self.is_whole && !outcomes.is_empty()).then_some(Broken { outcomes })
    }
}

/// `flags`, false where they are null.
fn known(flags: &BooleanArray) -> BooleanArray {
    match flags.null_count() {
        0 => flags.clone(),
        _ => prep_null_mask_filter(flags),
    }
}

/// Rows that are being sorted.
struct Sifting {
    rows: SendableRecordBatchStream,
    rules: Vec<Judging>,
    /// The columns that pass, as they are stored.
    stored: SchemaRef,
    /// The columns that pass, as they are.
    visible: SchemaRef,
    tally: Arc<Mutex<Tally>>,
    back: Option<Back>,
}

/// Where rows go that do not pass.
struct Back {
    writer: SpoolWriter,
    quarantine: SchemaRef,
    run_id: String,
    kept_back: oneshot::Sender<Spool>,
    released: oneshot::Receiver<()>,
}

impl Sifting {
    /// The rows of `batch` that pass.
    fn sift(&mut self, batch: RecordBatch) -> Result<RecordBatch, DataFusionError> {
        let (own, hidden) = split(&batch, &self.visible)?;
        let refused = {
            let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
            tally.add(&self.rules, &own, &hidden)?
        };
        let Some(refused) = refused else { return Ok(own) };
        if let Some(back) = &mut self.back {
            let bad = filter_record_batch(&batch, &refused)?;
            let (own, hidden) = split(&bad, &self.visible)?;
            let reasons = reasons(&hidden, &self.rules, bad.num_rows())?;
            back.take(&to_schema(&own, &self.stored)?, reasons)?;
        }
        Ok(filter_record_batch(&own, &not(&refused)?)?)
    }

    /// What is left to do when every row has passed.
    async fn end(self) -> Result<(), DataFusionError> {
        let broken = {
            let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
            tally.is_whole = true;
            tally.broken()
        };
        if let Some(broken) = broken {
            return Err(DataFusionError::External(Box::new(broken)));
        }
        let Some(back) = self.back else { return Ok(()) };
        let unsafe_rows = || {
            let text = "the rows that go to quarantine were not put there";
            DataFusionError::Execution(text.to_owned())
        };
        back.kept_back.send(back.writer.finish()?).map_err(|_| unsafe_rows())?;
        back.released.await.map_err(|_| unsafe_rows())
    }
}

impl Back {
    fn take(&mut self, rows: &RecordBatch, reasons: StringArray) -> Result<(), DataFusionError> {
        let n_rows = rows.num_rows();
        let reasons: ArrayRef = Arc::new(reasons);
        let runs: ArrayRef = Arc::new(StringArray::from_iter_values(std::iter::repeat_n(
            self.run_id.as_str(),
            n_rows,
        )));
        let columns = self.quarantine.fields().iter().map(|field| match field.name().as_str() {
            REASON_COLUMN => Arc::clone(&reasons),
            RUN_COLUMN => Arc::clone(&runs),
            name => match rows.column_by_name(name) {
                Some(column) => Arc::clone(column),
                None => new_null_array(field.data_type(), n_rows),
            },
        });
        let batch = RecordBatch::try_new(Arc::clone(&self.quarantine), columns.collect())?;
        self.writer.write(&batch)
    }
}

/// The first `n_columns` of `schema`.
fn visible(schema: &SchemaRef, n_columns: usize) -> SchemaRef {
    Arc::new(Schema::new(schema.fields().iter().take(n_columns).cloned().collect::<Vec<_>>()))
}

/// The columns of `batch` that pass, and the hidden ones behind them.
fn split(
    batch: &RecordBatch,
    visible: &SchemaRef,
) -> Result<(RecordBatch, Vec<ArrayRef>), DataFusionError> {
    let n_visible = visible.fields().len();
    let (own, hidden) = batch.columns().split_at_checked(n_visible).ok_or_else(no_flag)?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let own = RecordBatch::try_new_with_options(Arc::clone(visible), own.to_vec(), &options)?;
    Ok((own, hidden.to_vec()))
}

fn no_flag() -> DataFusionError {
    DataFusionError::Internal("a judged row lacks a hidden column".to_owned())
}

fn flags<'b>(
    hidden: &'b [ArrayRef],
    rule: &Judging,
) -> Result<Option<&'b BooleanArray>, DataFusionError> {
    let Some(idx) = rule.hidden_idx else { return Ok(None) };
    let column = hidden.get(idx).ok_or_else(no_flag)?;
    column.as_any().downcast_ref::<BooleanArray>().map(Some).ok_or_else(no_flag)
}

/// The names of the expectations that send each row to quarantine.
fn reasons(
    hidden: &[ArrayRef],
    rules: &[Judging],
    n_rows: usize,
) -> Result<StringArray, DataFusionError> {
    let mut refusing = Vec::new();
    for rule in rules {
        if rule.expectation.on_failure == OnFailure::Quarantine
            && let Some(flags) = flags(hidden, rule)?
        {
            refusing.push((rule.expectation.name.as_str(), flags));
        }
    }
    let mut texts = StringBuilder::with_capacity(n_rows, n_rows * 16);
    let mut text = String::new();
    for row_idx in 0..n_rows {
        text.clear();
        for (name, flags) in &refusing {
            if flags.is_valid(row_idx) && flags.value(row_idx) {
                if !text.is_empty() {
                    text.push_str("; ");
                }
                text.push_str(name);
            }
        }
        texts.append_value(&text);
    }
    Ok(texts.finish())
}
