//! The accumulators: a sketch for each group, or one.

use super::hashes;
use super::sketch::Sketch;
use crate::filter::kept;
use arrow::array::{
    ArrayRef, AsArray, BooleanArray, LargeBinaryArray, LargeBinaryBuilder, UInt64Array,
};
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{Accumulator, EmitTo, GroupsAccumulator};
use std::sync::Arc;

/// A sketch for each group.
#[derive(Debug, Default)]
pub(super) struct Sketches {
    sketches: Vec<Sketch>,
    /// Bytes on the heap of all sketches.
    heap_bytes: usize,
    /// Reused: the hashes of a batch.
    hashes: Vec<u64>,
}

impl Sketches {
    fn set_groups(&mut self, n_groups: usize) {
        if n_groups > self.sketches.len() {
            self.sketches.resize_with(n_groups, Sketch::default);
        }
    }

    /// The sketches of the groups that leave, which are counted no more.
    fn take(&mut self, emit_to: EmitTo) -> Vec<Sketch> {
        let taken = emit_to.take_needed(&mut self.sketches);
        let bytes: usize = taken.iter().map(Sketch::heap_bytes).sum();
        self.heap_bytes = self.heap_bytes.saturating_sub(bytes);
        taken
    }

    /// Changes the sketch of a group and counts its bytes.
    fn change<T>(&mut self, group: usize, change: impl FnOnce(&mut Sketch) -> T) -> T {
        let sketch = &mut self.sketches[group];
        let before = sketch.heap_bytes();
        let done = change(sketch);
        self.heap_bytes = self.heap_bytes - before + sketch.heap_bytes();
        done
    }
}

impl GroupsAccumulator for Sketches {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        self.set_groups(total_num_groups);
        let mut hashes = std::mem::take(&mut self.hashes);
        hashes::hash(&values[0], &mut hashes)?;
        let kept = kept(&values[0], opt_filter);
        for (row_idx, (hash, group)) in hashes.iter().zip(group_indices).enumerate() {
            if kept.as_ref().is_none_or(|kept| kept.is_valid(row_idx)) {
                self.change(*group, |sketch| sketch.add(*hash));
            }
        }
        self.hashes = hashes;
        Ok(())
    }

    fn merge_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        total_num_groups: usize,
    ) -> Result<()> {
        self.set_groups(total_num_groups);
        let states = states(&values[0])?;
        for (state, group) in states.iter().zip(group_indices) {
            if let Some(bytes) = state {
                self.change(*group, |sketch| sketch.add_bytes(bytes)).ok_or_else(no_sketch)?;
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let mut taken = self.take(emit_to);
        Ok(Arc::new(UInt64Array::from_iter_values(taken.iter_mut().map(Sketch::count))))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let mut states = LargeBinaryBuilder::new();
        let mut bytes = Vec::new();
        for mut sketch in self.take(emit_to) {
            sketch.write_bytes(&mut bytes);
            states.append_value(&bytes);
        }
        Ok(vec![Arc::new(states.finish())])
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        opt_filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let mut hashes = Vec::new();
        hashes::hash(&values[0], &mut hashes)?;
        let kept = kept(&values[0], opt_filter);
        let mut states = LargeBinaryBuilder::with_capacity(hashes.len(), hashes.len() * 8);
        for (row_idx, hash) in hashes.iter().enumerate() {
            match kept.as_ref().is_none_or(|kept| kept.is_valid(row_idx)) {
                true => states.append_value(hash.to_le_bytes()),
                false => states.append_value([]),
            }
        }
        Ok(vec![Arc::new(states.finish())])
    }

    fn size(&self) -> usize {
        size_of::<Sketches>()
            + self.sketches.capacity() * size_of::<Sketch>()
            + self.heap_bytes
            + self.hashes.capacity() * size_of::<u64>()
    }
}

/// The sketch of one group.
#[derive(Debug, Default)]
pub(super) struct OneSketch {
    sketch: Sketch,
    /// Reused: the hashes of a batch.
    hashes: Vec<u64>,
}

impl Accumulator for OneSketch {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        hashes::hash(&values[0], &mut self.hashes)?;
        let kept = kept(&values[0], None);
        for (row_idx, hash) in self.hashes.iter().enumerate() {
            if kept.as_ref().is_none_or(|kept| kept.is_valid(row_idx)) {
                self.sketch.add(*hash);
            }
        }
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for bytes in self::states(&states[0])?.iter().flatten() {
            self.sketch.add_bytes(bytes).ok_or_else(no_sketch)?;
        }
        Ok(())
    }

    /// Keeps what it knows: over a window that grows it is asked again and again.
    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::UInt64(Some(self.sketch.count())))
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let mut bytes = Vec::new();
        self.sketch.write_bytes(&mut bytes);
        Ok(vec![ScalarValue::LargeBinary(Some(bytes))])
    }

    fn size(&self) -> usize {
        size_of::<OneSketch>()
            + self.sketch.heap_bytes()
            + self.hashes.capacity() * size_of::<u64>()
    }
}

fn states(column: &ArrayRef) -> Result<&LargeBinaryArray> {
    column.as_binary_opt::<i64>().ok_or_else(no_sketch)
}

fn no_sketch() -> DataFusionError {
    DataFusionError::Internal("the state of approx_distinct is no sketch".to_owned())
}
