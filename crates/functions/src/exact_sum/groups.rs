//! The sums of many groups.

use super::Answer;
use super::total::{Total, column, each, kept};
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Decimal128Array, Int32Array};
use arrow::datatypes::{Decimal128Type, Int32Type};
use datafusion::common::Result;
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};
use std::mem::size_of;
use std::sync::Arc;

/// A total for each group.
#[derive(Debug)]
pub(super) struct Groups {
    answer: Answer,
    totals: Vec<Total>,
}

impl Groups {
    pub(super) fn new(answer: Answer) -> Groups {
        Groups { answer, totals: Vec::new() }
    }

    fn states(totals: &[Total]) -> Vec<ArrayRef> {
        let low = totals.iter().map(|total| total.state().map(|(low, _)| low));
        let high = totals.iter().map(|total| total.state().map(|(_, high)| high));
        let low = Decimal128Array::from_iter(low).with_data_type(super::LOW);
        vec![Arc::new(low), Arc::new(Int32Array::from_iter(high))]
    }
}

impl GroupsAccumulator for Groups {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        let [values] = values else { return Ok(()) };
        self.totals.resize(total_num_groups, Total::default());
        let totals = &mut self.totals;
        each(values, kept(values, opt_filter).as_ref(), |row, value| {
            let group = group_indices.get(row).and_then(|group| totals.get_mut(*group));
            if let Some(total) = group {
                total.add(value);
            }
        })
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let totals = emit_to.take_needed(&mut self.totals);
        column(&totals, &self.answer.of).unwrap_or_else(|| Err(self.answer.beyond().into()))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(Groups::states(&emit_to.take_needed(&mut self.totals)))
    }

    fn merge_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        total_num_groups: usize,
    ) -> Result<()> {
        let [low, high] = values else { return Ok(()) };
        self.totals.resize(total_num_groups, Total::default());
        let (low, high) = (low.as_primitive::<Decimal128Type>(), high.as_primitive::<Int32Type>());
        for ((low, high), group) in low.iter().zip(high).zip(group_indices) {
            let (Some(low), Some(high)) = (low, high) else { continue };
            if let Some(total) = self.totals.get_mut(*group) {
                total.merge(Total::of_state(low, high));
            }
        }
        Ok(())
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        opt_filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let [values] = values else { return Ok(Vec::new()) };
        let mut totals = vec![Total::default(); values.len()];
        each(values, kept(values, opt_filter).as_ref(), |row, value| {
            if let Some(total) = totals.get_mut(row) {
                *total = Total::one(value);
            }
        })?;
        Ok(Groups::states(&totals))
    }

    fn size(&self) -> usize {
        size_of::<Groups>() + self.totals.capacity() * size_of::<Total>()
    }
}
