//! SQL with our functions, for the tests of each of them.

use crate::install;
use arrow::array::RecordBatch;
use arrow::util::display::array_value_to_string;
use datafusion::error::Result;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::physical_plan::{ExecutionPlan, collect};
use datafusion::prelude::{SessionConfig, SessionContext};
use std::sync::Arc;

fn session(config: SessionConfig, runtime: Arc<RuntimeEnv>) -> SessionContext {
    let state = SessionContext::new_with_config_rt(config, runtime).state();
    SessionContext::new_with_state(install(state).unwrap())
}

fn plain(n_partitions: usize) -> SessionConfig {
    SessionConfig::new().with_target_partitions(n_partitions).with_batch_size(3)
}

/// Rows go on to the final aggregation one by one.
fn without_partial_aggregation() -> SessionConfig {
    let mut config = plain(4);
    let options = &mut config.options_mut().execution;
    options.skip_partial_aggregation_probe_rows_threshold = 0;
    options.skip_partial_aggregation_probe_ratio_threshold = 0.0;
    config
}

/// A session with our functions.
pub(crate) fn small_session() -> SessionContext {
    session(plain(1), Arc::default())
}

async fn rows(sql: &str) -> Result<String> {
    let mut answers = Vec::new();
    for config in [plain(1), plain(4), without_partial_aggregation()] {
        let ctx = session(config, Arc::default());
        answers.push(text_of(&ctx.sql(sql).await?.collect().await?)?);
    }
    assert_eq!(answers[0], answers[1], "{sql}");
    assert_eq!(answers[0], answers[2], "{sql}");
    Ok(answers.swap_remove(0))
}

fn text_of(batches: &[RecordBatch]) -> Result<String> {
    let mut rows = Vec::new();
    for batch in batches {
        for row_idx in 0..batch.num_rows() {
            let values: std::result::Result<Vec<String>, _> =
                batch.columns().iter().map(|c| array_value_to_string(c, row_idx)).collect();
            rows.push(values?.join(" "));
        }
    }
    Ok(rows.join(", "))
}

/// A query of what `query` names.
pub(crate) fn selecting(query: &str) -> String {
    ["select", query].join(" ")
}

/// Fails unless the query gives these rows, in one partition and in four, with partial aggregation and
/// without: values with a space in between, rows with a comma.
pub(crate) async fn check_select(query: &str, expected: &str) {
    match rows(&selecting(query)).await {
        Ok(found) => assert_eq!(found, expected, "{query}"),
        Err(error) => panic!("{query}: {error}"),
    }
}

/// Fails unless the rows of the query are refused by an error that has `part` in it.
pub(crate) async fn check_fails(query: &str, part: &str) {
    let text = rows(&selecting(query)).await.expect_err(query).to_string();
    assert!(text.contains(part), "{query}: {text}");
}

/// Fails unless the query is refused without a row being read, by an error that has `part` in it.
pub(crate) async fn check_refused(query: &str, part: &str) {
    let planned = match session(plain(2), Arc::default()).sql(&selecting(query)).await {
        Ok(frame) => frame.into_optimized_plan().map(|_| ()),
        Err(error) => Err(error),
    };
    let text = planned.expect_err(query).to_string();
    assert!(text.contains(part), "{query}: {text}");
}

/// Fails unless the query gives the same rows when it has as much memory as it wants and when it has
/// `memory_bytes`, which makes it write states to disk.
pub(crate) async fn check_spilled(query: &str, memory_bytes: usize) {
    let sql = selecting(query);
    let mut answers = Vec::new();
    for (pool_bytes, spills) in [(usize::MAX >> 1, false), (memory_bytes, true)] {
        let pool = Arc::new(FairSpillPool::new(pool_bytes));
        let runtime = RuntimeEnvBuilder::new().with_memory_pool(pool).build_arc().unwrap();
        let config = SessionConfig::new().with_target_partitions(2);
        let ctx = session(config.with_sort_spill_reservation_bytes(1 << 16), runtime);
        let plan = ctx.sql(&sql).await.unwrap().create_physical_plan().await.unwrap();
        let batches = collect(Arc::clone(&plan), ctx.task_ctx()).await.expect(query);
        assert_eq!(n_spills(plan.as_ref()) > 0, spills, "{query} in {pool_bytes} bytes");
        answers.push(text_of(&batches).unwrap());
    }
    assert_eq!(answers[0], answers[1], "{query}");
}

fn n_spills(plan: &dyn ExecutionPlan) -> usize {
    let own = plan.metrics().and_then(|metrics| metrics.spill_count()).unwrap_or(0);
    own + plan.children().iter().map(|child| n_spills(child.as_ref())).sum::<usize>()
}
