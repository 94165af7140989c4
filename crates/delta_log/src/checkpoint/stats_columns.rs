//! Statistics and partition values that a checkpoint has as typed columns.

use super::CheckpointRule;
use super::leaf::{Flat, Group};
use super::scalar::Scalars;
use crate::Stats;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// What statistics and partition values as columns may take in memory for each byte of the file.
/// Statistics beyond are left out: they are an aid.
const MAX_RATIO: u64 = 64;

/// What they may take in every file, in bytes.
const FREE_BYTES: u64 = 64 << 20;

/// The statistics of one row group's adds, `add.stats_parsed`.
#[derive(Debug)]
pub(crate) struct StatsColumns {
    num_records: Flat<i64>,
    tight_bounds: Flat<bool>,
    min_values: Vec<(Vec<String>, Scalars)>,
    max_values: Vec<(Vec<String>, Scalars)>,
    null_count: Vec<(Vec<String>, Scalars)>,
}

impl StatsColumns {
    /// Reads those of `group`. `None` when the file has none, or when they would take more memory
    /// than a file of `size_bytes` deserves.
    ///
    /// # Errors
    /// [`CheckpointRule`] when a column is broken.
    pub(super) fn read(
        group: &Group<'_>,
        size_bytes: usize,
    ) -> Result<Option<StatsColumns>, CheckpointRule> {
        let leaves = group.leaves_below("add.stats_parsed");
        if leaves.is_empty() || !fits(group, &leaves, size_bytes) {
            return Ok(None);
        }
        Ok(Some(StatsColumns {
            num_records: group.longs("add.stats_parsed.numRecords")?,
            tight_bounds: group.booleans("add.stats_parsed.tightBounds")?,
            min_values: columns(group, "add.stats_parsed.minValues", 3)?,
            max_values: columns(group, "add.stats_parsed.maxValues", 3)?,
            null_count: columns(group, "add.stats_parsed.nullCount", 3)?,
        }))
    }

    /// The number of rows that the file of that row has.
    pub fn num_records(&self, row: usize) -> Option<u64> {
        self.num_records.get(row).and_then(|n| u64::try_from(*n).ok())
    }

    /// The statistics of that row; `None` when it has none at all.
    pub fn row(&self, row: usize) -> Option<Stats> {
        let bounds = |columns: &[(Vec<String>, Scalars)]| {
            let bounds = columns.iter().filter_map(|(column, values)| {
                Some((column.clone(), RawValue::from_string(values.json(row)?).ok()?))
            });
            bounds.collect::<BTreeMap<_, _>>()
        };
        let counts = self
            .null_count
            .iter()
            .filter_map(|(column, values)| Some((column.clone(), values.text(row)?.parse().ok()?)));
        let stats = Stats {
            num_records: self.num_records(row),
            min_values: bounds(&self.min_values),
            max_values: bounds(&self.max_values),
            null_count: counts.collect(),
            tight_bounds: self.tight_bounds.get(row).copied().unwrap_or(true),
        };
        let is_empty = stats.num_records.is_none()
            && stats.min_values.is_empty()
            && stats.max_values.is_empty()
            && stats.null_count.is_empty();
        (!is_empty).then_some(stats)
    }
}

/// The partition values of one row group's adds, `add.partitionValues_parsed`.
pub(super) struct PartitionColumns(Vec<(Vec<String>, Scalars)>);

impl PartitionColumns {
    /// Reads those of `group`.
    ///
    /// # Errors
    /// [`CheckpointRule`] when a column is broken, of a type that has no texts, or too large.
    pub fn read(group: &Group<'_>, size_bytes: usize) -> Result<PartitionColumns, CheckpointRule> {
        let column = "add.partitionValues_parsed";
        let leaves = group.leaves_below(column);
        let error = CheckpointRule::Column { column, expected: "a struct of partition values" };
        if !fits(group, &leaves, size_bytes) {
            return Err(error);
        }
        let values = columns(group, column, 2)?;
        let is_flat = values.iter().all(|(path, _)| path.len() == 1);
        if values.len() < leaves.len() || !is_flat {
            return Err(error);
        }
        Ok(PartitionColumns(values))
    }

    /// The values of that row.
    pub fn row(&self, row: usize) -> Vec<(&str, Option<String>)> {
        let values = self.0.iter();
        values
            .filter_map(|(path, values)| Some((path.first()?.as_str(), values.text(row))))
            .collect()
    }
}

/// The leaves below `column` whose types have texts, each with what its path has behind the first
/// `n_before` names.
fn columns(
    group: &Group<'_>,
    column: &'static str,
    n_before: usize,
) -> Result<Vec<(Vec<String>, Scalars)>, CheckpointRule> {
    let mut columns = Vec::new();
    for leaf_idx in group.leaves_below(column) {
        let Some((descriptor, _)) = group.descriptor(leaf_idx) else { continue };
        let path: Vec<String> = descriptor.path().parts().iter().skip(n_before).cloned().collect();
        if let Some(values) = Scalars::read(group, column, leaf_idx)?
            && !path.is_empty()
        {
            columns.push((path, values));
        }
    }
    Ok(columns)
}

/// Whether the values of those leaves take no more memory than the file deserves.
fn fits(group: &Group<'_>, leaves: &[usize], size_bytes: usize) -> bool {
    let value_bytes = leaves.iter().map(|leaf_idx| {
        let leaf = group.descriptor(*leaf_idx);
        leaf.map_or(0, |(descriptor, n_values)| {
            n_values.saturating_mul(Scalars::value_bytes(descriptor))
        })
    });
    let needed = value_bytes.fold(0, u64::saturating_add);
    needed <= (size_bytes as u64).saturating_mul(MAX_RATIO).saturating_add(FREE_BYTES)
}
