//! Rows in the order of their arrival: late ones and repeated ones are told apart.
//!
//! The watermark before a row is the greatest event time of the rows before it, less the delay. A row whose
//! event time is below the watermark is late. A row whose name was seen with an event time that is
//! not below the watermark is repeated. Both are judged row by row, so that how the rows are cut
//! into batches makes no difference. A row without an event time is never late and moves nothing.

use arrow::array::{Array, BooleanArray, Int64Array, RecordBatch, TimestampMicrosecondArray};
use arrow::compute::{cast, filter_record_batch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::error::DataFusionError;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// The column of late rows with the watermark that they were below.
pub(crate) const WATERMARK_COLUMN: &str = "_watermark";

/// What was seen of a stream so far.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// The greatest event time, in microseconds.
    newest_us: Option<i64>,
    /// Names and the greatest event time each was seen with.
    names: HashMap<String, i64>,
    /// Names were last forgotten at this watermark.
    swept_us: i64,
}

/// What a stream has to know of rows that it does not see again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Memory {
    /// The greatest event time, in microseconds since 1970 UTC.
    newest_us: Option<i64>,
    /// Names that a row may still repeat, and the greatest event time each was seen with.
    names: BTreeMap<String, i64>,
}

/// A stream's judge.
#[derive(Debug)]
pub(crate) struct Judge {
    event_time: String,
    dedupe: Option<String>,
    delay_us: i64,
    /// Event times beyond it are a wrong clock's, and move no watermark.
    limit_us: i64,
    seen: Seen,
}

/// The rows of a batch that go on, and those that are late.
pub(crate) struct Judged {
    pub(crate) taken: RecordBatch,
    pub(crate) late: RecordBatch,
    /// Rows that were seen before.
    pub(crate) n_repeated: u64,
    /// Rows that go on, of a clock that must be wrong.
    pub(crate) n_ahead: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Taken,
    Late { watermark_us: i64 },
    Repeated,
}

impl Judge {
    /// A judge of rows whose time is in `event_time` and whose name is in `dedupe`; `delay_us` is how far a row
    /// may be behind, and event times beyond `limit_us` move no watermark.
    pub(crate) fn new(
        event_time: &str,
        dedupe: Option<&str>,
        delay_us: i64,
        limit_us: i64,
    ) -> Judge {
        Judge {
            event_time: event_time.to_owned(),
            dedupe: dedupe.map(str::to_owned),
            delay_us,
            limit_us,
            seen: Seen::default(),
        }
    }

    /// What the next judge has to know.
    pub(crate) fn memory(&self) -> Memory {
        let watermark = self.watermark_us();
        let is_known = |time: i64| watermark.is_none_or(|watermark| time >= watermark);
        let names = self.seen.names.iter().filter(|(_, time)| is_known(**time));
        let names = names.map(|(name, time)| (name.clone(), *time)).collect();
        Memory { newest_us: self.seen.newest_us, names }
    }

    /// Takes in what an earlier judge knew.
    pub(crate) fn recall(&mut self, memory: &Memory) {
        self.seen.newest_us = self.seen.newest_us.max(memory.newest_us);
        for (name, time) in &memory.names {
            self.name(name.clone(), *time);
        }
    }

    fn name(&mut self, name: String, time: i64) {
        let known = self.seen.names.entry(name).or_insert(time);
        *known = (*known).max(time);
    }

    fn newest(&mut self, time: i64) {
        if time <= self.limit_us {
            self.seen.newest_us = self.seen.newest_us.max(Some(time));
        }
    }

    /// The columns of late rows: those of `schema`, and the watermark.
    pub(crate) fn late_schema(schema: &Schema) -> SchemaRef {
        let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let fields = schema.fields().iter().cloned();
        let watermark = Arc::new(Field::new(WATERMARK_COLUMN, utc, true));
        Arc::new(Schema::new(fields.chain([watermark]).collect::<Vec<_>>()))
    }

    /// The watermark so far, in microseconds; `None` before the first event time.
    fn watermark_us(&self) -> Option<i64> {
        self.seen.newest_us.map(|newest| newest.saturating_sub(self.delay_us))
    }

    /// Takes in rows that were judged before, in any order: those that are not below the watermark and the
    /// newest are enough.
    pub(crate) fn remember(&mut self, batch: &RecordBatch) -> Result<(), DataFusionError> {
        let times = self.times(batch)?;
        let names = self.names(batch)?;
        for row_idx in 0..batch.num_rows() {
            let Some(time) = value(&times, row_idx) else { continue };
            self.newest(time);
            if let Some(name) = names.as_ref().and_then(|names| names.get(row_idx)?.clone()) {
                self.name(name, time);
            }
        }
        Ok(())
    }

    /// Judges the rows of `batch`, the next to arrive.
    pub(crate) fn judge(&mut self, batch: &RecordBatch) -> Result<Judged, DataFusionError> {
        let times = self.times(batch)?;
        let names = self.names(batch)?;
        let mut verdicts = Vec::with_capacity(batch.num_rows());
        for row_idx in 0..batch.num_rows() {
            let name = names.as_ref().and_then(|names| names.get(row_idx)?.clone());
            verdicts.push(self.verdict(value(&times, row_idx), name));
        }
        let taken: BooleanArray = verdicts.iter().map(|v| Some(*v == Verdict::Taken)).collect();
        let is_late = |verdict: &Verdict| matches!(verdict, Verdict::Late { .. });
        let late: BooleanArray = verdicts.iter().map(|v| Some(is_late(v))).collect();
        let watermarks = verdicts.iter().filter_map(|verdict| match verdict {
            Verdict::Late { watermark_us } => Some(*watermark_us),
            _ => None,
        });
        let watermarks: TimestampMicrosecondArray = watermarks.map(Some).collect();
        let late_rows = filter_record_batch(batch, &late)?;
        let mut columns = late_rows.columns().to_vec();
        columns.push(Arc::new(watermarks.with_timezone("UTC")));
        let late = RecordBatch::try_new(Judge::late_schema(batch.schema_ref()), columns)?;
        let is_repeated = |verdict: &&Verdict| **verdict == Verdict::Repeated;
        let is_ahead = |(verdict, time): &(&Verdict, Option<i64>)| {
            **verdict == Verdict::Taken && time.is_some_and(|time| time > self.limit_us)
        };
        Ok(Judged {
            taken: filter_record_batch(batch, &taken)?,
            late,
            n_repeated: verdicts.iter().filter(is_repeated).count() as u64,
            n_ahead: verdicts.iter().zip(&times).filter(is_ahead).count() as u64,
        })
    }

    fn verdict(&mut self, time: Option<i64>, name: Option<String>) -> Verdict {
        let watermark = self.watermark_us();
        let Some(time) = time else { return Verdict::Taken };
        if let Some(watermark_us) = watermark.filter(|watermark| time < *watermark) {
            return Verdict::Late { watermark_us };
        }
        self.newest(time);
        let Some(name) = name else { return Verdict::Taken };
        let known = self.seen.names.get(&name).copied();
        let is_repeated =
            known.is_some_and(|known| watermark.is_none_or(|watermark| known >= watermark));
        self.seen.names.insert(name, known.map_or(time, |known| known.max(time)));
        self.sweep();
        if is_repeated { Verdict::Repeated } else { Verdict::Taken }
    }

    /// Forgets names that no row can repeat any more, whenever the watermark has moved by the delay.
    fn sweep(&mut self) {
        let Some(watermark) = self.watermark_us() else { return };
        if watermark.saturating_sub(self.seen.swept_us) > self.delay_us.max(1) {
            self.seen.swept_us = watermark;
            self.seen.names.retain(|_, time| *time >= watermark);
        }
    }

    fn times(&self, batch: &RecordBatch) -> Result<Int64Array, DataFusionError> {
        let column = column(batch, &self.event_time)?;
        let micros = cast(column, &DataType::Timestamp(TimeUnit::Microsecond, None))?;
        let numbers = cast(&micros, &DataType::Int64)?;
        let numbers = numbers.as_any().downcast_ref::<Int64Array>().cloned();
        numbers.ok_or_else(|| DataFusionError::Internal("times are no numbers".to_owned()))
    }

    fn names(&self, batch: &RecordBatch) -> Result<Option<Vec<Option<String>>>, DataFusionError> {
        let Some(dedupe) = &self.dedupe else { return Ok(None) };
        let column = column(batch, dedupe)?;
        let options = FormatOptions::default();
        let texts = ArrayFormatter::try_new(column.as_ref(), &options)?;
        let name = |idx| column.is_valid(idx).then(|| texts.value(idx).to_string());
        Ok(Some((0..batch.num_rows()).map(name).collect()))
    }
}

fn column<'b>(
    batch: &'b RecordBatch,
    name: &str,
) -> Result<&'b arrow::array::ArrayRef, DataFusionError> {
    let missing = || DataFusionError::Plan(format!("column {name:?} is not one of the input's"));
    batch.column_by_name(name).ok_or_else(missing)
}

fn value(numbers: &Int64Array, idx: usize) -> Option<i64> {
    numbers.is_valid(idx).then(|| numbers.value(idx))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ArrayRef, StringArray};
    use proptest::prelude::*;

    const DELAY_US: i64 = 30;
    const LIMIT_US: i64 = 1000;

    fn batch(rows: &[(Option<i64>, &str)]) -> RecordBatch {
        let times: TimestampMicrosecondArray = rows.iter().map(|(time, _)| *time).collect();
        let names: StringArray = rows.iter().map(|(_, name)| Some(*name)).collect();
        let columns: [(&str, ArrayRef); 2] =
            [("t", Arc::new(times.with_timezone("UTC"))), ("n", Arc::new(names))];
        RecordBatch::try_from_iter(columns).unwrap()
    }

    fn judge() -> Judge {
        Judge::new("t", Some("n"), DELAY_US, LIMIT_US)
    }

    fn names(batch: &RecordBatch) -> Vec<String> {
        let names = batch.column_by_name("n").unwrap();
        let names = names.as_any().downcast_ref::<StringArray>().unwrap();
        names.iter().map(|name| name.unwrap().to_owned()).collect()
    }

    #[test]
    fn late_and_repeated_rows_are_told_apart() {
        let check = |rows: &[(Option<i64>, &str)], taken: &[&str], late: &[&str]| {
            let judged = judge().judge(&batch(rows)).unwrap();
            assert_eq!(
                (names(&judged.taken), names(&judged.late)),
                (owned(taken), owned(late)),
                "{rows:?}"
            );
        };
        check(&[(Some(100), "a"), (Some(71), "b"), (Some(69), "c")], &["a", "b"], &["c"]);
        check(&[(Some(100), "a"), (Some(70), "b")], &["a", "b"], &[]);
        check(&[(Some(100), "a"), (Some(90), "a"), (Some(120), "a")], &["a"], &[]);
        // The name is forgotten with the watermark.
        check(&[(Some(100), "a"), (Some(200), "b"), (Some(180), "a")], &["a", "b", "a"], &[]);
        check(&[(Some(100), "a"), (None, "b"), (None, "b")], &["a", "b", "b"], &[]);
        // A wrong clock moves nothing, and its name is known all the same.
        let late = Some(LIMIT_US + 1);
        check(&[(late, "a"), (Some(100), "b"), (late, "a")], &["a", "b"], &[]);
    }

    fn owned(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[derive(Debug, Clone, Copy)]
    enum Restart {
        None,
        History,
        Memory,
    }

    proptest! {
        #[test]
        fn batches_make_no_difference(
            rows in prop::collection::vec((prop::option::weighted(0.9, prop_oneof![9 => 0_i64..200, 1 => 990_i64..1010]), 0_u8..12), 0..60),
            cuts in prop::collection::vec(1_usize..9, 0..20),
            restarts in prop::sample::select(vec![Restart::None, Restart::History, Restart::Memory]),
        ) {
            let texts: Vec<(Option<i64>, String)> =
                rows.iter().map(|(time, name)| (*time, name.to_string())).collect();
            let rows: Vec<(Option<i64>, &str)> =
                texts.iter().map(|(time, name)| (*time, name.as_str())).collect();
            let whole = judge().judge(&batch(&rows)).unwrap();

            let (mut taken, mut late) = (Vec::new(), Vec::new());
            let mut current = judge();
            let mut done = 0;
            let mut cuts = cuts.into_iter();
            while done < rows.len() {
                let end = (done + cuts.next().unwrap_or(rows.len())).min(rows.len());
                match restarts {
                    Restart::None => {}
                    Restart::History => {
                        current = judge();
                        current.remember(&batch(&rows[..done])).unwrap();
                    }
                    Restart::Memory => {
                        let memory = serde_json::to_string(&current.memory()).unwrap();
                        current = judge();
                        current.recall(&serde_json::from_str(&memory).unwrap());
                    }
                }
                let judged = current.judge(&batch(&rows[done..end])).unwrap();
                taken.extend(names(&judged.taken));
                late.extend(names(&judged.late));
                done = end;
            }
            prop_assert_eq!(taken, names(&whole.taken));
            prop_assert_eq!(late, names(&whole.late));
        }
    }
}
