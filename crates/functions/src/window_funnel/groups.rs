//! Many groups at once, as `group by` makes them.

use super::event_log::{EventLog, Steps, state_of_rows};
use arrow::array::{ArrayRef, BooleanArray, Int32Array};
use datafusion::error::Result;
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};
use std::sync::Arc;

/// The funnels of many groups: one log for all of them, since most groups have few events.
#[derive(Debug)]
pub(super) struct FunnelGroups {
    log: EventLog,
}

impl FunnelGroups {
    /// No group yet.
    pub(super) fn new(steps: Steps) -> FunnelGroups {
        FunnelGroups { log: EventLog::new(steps) }
    }

    fn n_emitted(&self, emit_to: EmitTo) -> usize {
        match emit_to {
            EmitTo::All => self.log.n_groups(),
            EmitTo::First(n) => n,
        }
    }
}

impl GroupsAccumulator for FunnelGroups {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        self.log.set_groups(total_num_groups)?;
        self.log.add_rows(values, opt_filter, |row_idx| group_indices[row_idx])
    }

    fn merge_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        total_num_groups: usize,
    ) -> Result<()> {
        self.log.set_groups(total_num_groups)?;
        self.log.add_state(&values[0], |row_idx| group_indices[row_idx])
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let n_groups = self.n_emitted(emit_to);
        let longest = self.log.longest_chains(n_groups);
        self.log.forget(n_groups);
        Ok(Arc::new(Int32Array::from(longest)))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let n_groups = self.n_emitted(emit_to);
        let state = self.log.state(n_groups)?;
        self.log.forget(n_groups);
        Ok(vec![state])
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        opt_filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        Ok(vec![state_of_rows(values, opt_filter)?])
    }

    fn size(&self) -> usize {
        size_of::<FunnelGroups>() + self.log.size_bytes()
    }
}
