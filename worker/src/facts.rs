//! What a run of a plan gave and what it looked at.

use crate::meter::Meter;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::metrics::MetricValue;
use protocol::{Part, ReadFacts, TableVersion};
use std::sync::Arc;
use web_time::Instant;

/// The outcome of a plan.
#[derive(Debug, Clone)]
pub struct Run {
    /// The plan's columns.
    pub schema: SchemaRef,
    /// Its rows.
    pub batches: Vec<RecordBatch>,
    /// Row groups read, of those in the opened files.
    pub row_groups: Part,
    /// Data pages read, of those that were looked at one by one.
    pub pages: Part,
}

impl Run {
    /// What `plan`, which has run to its end, gave.
    pub fn of(plan: &dyn ExecutionPlan, batches: Vec<RecordBatch>) -> Run {
        let mut counted = Counted::default();
        counted.add(plan);
        let total = counted.groups.read + counted.groups.total;
        let read = counted.groups.read.saturating_sub(counted.n_late);
        Run {
            schema: plan.schema(),
            batches,
            row_groups: Part { read, total },
            pages: Part {
                read: counted.pages.read,
                total: counted.pages.read + counted.pages.total,
            },
        }
    }

    /// What the page is told of it.
    pub fn facts(&self, tables: Vec<TableVersion>, meter: &Meter, started: Instant) -> ReadFacts {
        ReadFacts {
            n_files_read: meter.n_files(),
            n_files_total: tables.iter().map(|table| table.n_files).sum(),
            tables,
            row_groups: self.row_groups,
            pages: self.pages,
            read_bytes: meter.read_bytes(),
            fetched_bytes: meter.fetched_bytes(),
            n_requests: meter.n_requests(),
            elapsed_ms: started.elapsed().as_secs_f64() * 1000.0,
            n_rows: self.batches.iter().map(|batch| batch.num_rows() as u64).sum(),
        }
    }
}

/// DataFusion's counters, `read` as what it kept and `total` as what it left out.
#[derive(Default)]
struct Counted {
    groups: Part,
    pages: Part,
    /// Row groups left out after they had been kept by their statistics.
    n_late: u64,
}

impl Counted {
    fn add(&mut self, plan: &dyn ExecutionPlan) {
        for metric in plan.metrics().iter().flat_map(|metrics| metrics.iter()) {
            match metric.value() {
                MetricValue::PruningMetrics { name, pruning_metrics } => {
                    let (kept, left_out) =
                        (pruning_metrics.matched() as u64, pruning_metrics.pruned() as u64);
                    match name.as_ref() {
                        "row_groups_pruned_statistics" => {
                            self.groups.read += kept;
                            self.groups.total += left_out;
                        }
                        "row_groups_pruned_bloom_filter" | "limit_pruned_row_groups" => {
                            self.n_late += left_out;
                        }
                        "page_index_pages_pruned" => {
                            self.pages.read += kept;
                            self.pages.total += left_out;
                        }
                        _ => {}
                    }
                }
                MetricValue::Count { name, count }
                    if name == "row_groups_pruned_dynamic_filter" =>
                {
                    self.n_late += count.value() as u64;
                }
                _ => {}
            }
        }
        for child in plan.children() {
            self.add(Arc::as_ref(child));
        }
    }
}
