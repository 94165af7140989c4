//! Turns: between any two batches of rows, wherever in a plan they come from, a question lets others have the
//! thread if it has held it for long. A sort or a join that works on what is at hand hears a cancellation so.

use crate::meter::Meter;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::physical_plan::filter_pushdown::{
    ChildPushdownResult, FilterDescription, FilterPushdownPhase, FilterPushdownPropagation,
};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures::StreamExt;
use std::fmt;
use std::sync::Arc;

/// The rules of DataFusion for physical plans, with turns put in once the shape of a plan is settled. Filters that
/// come to be while a plan runs are handed down after that, and through the turns.
pub fn rules() -> Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> {
    let mut rules = PhysicalOptimizer::new().rules;
    let settled = rules.iter().rposition(|rule| rule.name().starts_with("FilterPushdown"));
    rules.insert(settled.unwrap_or(rules.len()), Arc::new(PutTurnsIn));
    rules
}

#[derive(Debug)]
struct PutTurnsIn;

impl PhysicalOptimizerRule for PutTurnsIn {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _config: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|input| Ok(Transformed::yes(Arc::new(Turns { input }) as _))).data()
    }

    fn name(&self) -> &str {
        "PutTurnsIn"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// What `input` gives, with a turn for others before each batch.
#[derive(Debug)]
struct Turns {
    input: Arc<dyn ExecutionPlan>,
}

impl DisplayAs for Turns {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Turns")
    }
}

impl ExecutionPlan for Turns {
    fn name(&self) -> &str {
        "Turns"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.input.properties()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match (children.pop(), children.is_empty()) {
            (Some(input), true) => Ok(Arc::new(Turns { input })),
            _ => Err(DataFusionError::Internal("turns are taken by one plan".to_owned())),
        }
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let meter = context.session_config().get_extension::<Meter>();
        let batches = self.input.execute(partition, context)?;
        let Some(meter) = meter else { return Ok(batches) };
        let schema: SchemaRef = batches.schema();
        let batches = batches.then(move |batch| {
            let meter = Arc::clone(&meter);
            async move {
                meter.share_the_thread().await;
                batch
            }
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, batches)))
    }

    fn gather_filters_for_pushdown(
        &self,
        _: FilterPushdownPhase,
        parent_filters: Vec<Arc<dyn PhysicalExpr>>,
        _: &ConfigOptions,
    ) -> Result<FilterDescription> {
        FilterDescription::from_children(parent_filters, &self.children())
    }

    fn handle_child_pushdown_result(
        &self,
        _: FilterPushdownPhase,
        child_pushdown_result: ChildPushdownResult,
        _: &ConfigOptions,
    ) -> Result<FilterPushdownPropagation<Arc<dyn ExecutionPlan>>> {
        Ok(FilterPushdownPropagation::if_all(child_pushdown_result))
    }
}

#[cfg(test)]
mod tests {
    use crate::lake::{DEFAULT_MEMORY_BYTES, Lake};
    use crate::meter::Meter;
    use crate::store::MemoryStore;
    use datafusion::arrow::array::{ArrayRef, Int64Array, RecordBatch};
    use datafusion::datasource::{MemTable, provider_as_source};
    use datafusion::logical_expr::{LogicalPlanBuilder, col};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    #[tokio::test]
    async fn a_sort_lets_others_have_the_thread_between_its_batches() {
        const N_BATCHES: i64 = 40;
        let batches: Vec<RecordBatch> = (0..N_BATCHES)
            .map(|idx| {
                let column: ArrayRef =
                    Arc::new(Int64Array::from_iter_values((0..100).map(|n| n * idx % 77)));
                RecordBatch::try_from_iter([("n", column)]).unwrap()
            })
            .collect();
        let table = MemTable::try_new(batches[0].schema(), vec![batches]).unwrap();
        let plan =
            LogicalPlanBuilder::scan("t", provider_as_source(Arc::new(table)), None).unwrap();
        let plan = plan.sort([col("n").sort(true, false)]).unwrap().build().unwrap();
        let lake = Lake::new(Arc::new(MemoryStore::default()), DEFAULT_MEMORY_BYTES).unwrap();
        let meter = Arc::new(Meter::with_max_hold(Duration::ZERO));
        let n_turns = AtomicUsize::new(0);
        let others = async {
            loop {
                n_turns.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            run = lake.run(&plan, &meter) => assert_eq!(run.unwrap().batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 4_000),
            () = others => {}
        }
        let n_turns = n_turns.load(Ordering::Relaxed);
        assert!(n_turns as i64 >= N_BATCHES, "{n_turns} turns");
    }
}
