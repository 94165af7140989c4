//! One group: a query without `group by`, and a window over rows.

use super::event_log::{EventLog, Steps};
use arrow::array::ArrayRef;
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::logical_expr::Accumulator;

/// The funnel of one group.
#[derive(Debug)]
pub(super) struct Funnel {
    log: EventLog,
}

impl Funnel {
    /// No row yet.
    pub(super) fn new(steps: Steps) -> Funnel {
        Funnel { log: EventLog::new(steps) }
    }
}

impl Accumulator for Funnel {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.log.add_rows(values, None, |_| 0)
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.log.add_state(&states[0], |_| 0)
    }

    /// Keeps what it knows: over a window that grows it is asked again and again.
    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Int32(self.log.longest_chains(1).first().copied()))
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let state = self.log.state(1)?;
        Ok(vec![ScalarValue::try_from_array(&state, 0)?])
    }

    fn size(&self) -> usize {
        size_of::<Funnel>() + self.log.size_bytes()
    }
}
