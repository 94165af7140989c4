//! SQL with our functions, for the tests of each of them.

use crate::aggregates;
use arrow::array::RecordBatch;
use arrow::util::display::array_value_to_string;
use datafusion::error::Result;
use datafusion::prelude::{SessionConfig, SessionContext};

fn session(n_partitions: usize) -> SessionContext {
    let config = SessionConfig::new().with_target_partitions(n_partitions).with_batch_size(3);
    let ctx = SessionContext::new_with_config(config);
    for function in aggregates() {
        ctx.register_udaf((*function).clone());
    }
    ctx
}

async fn rows(sql: &str) -> Result<String> {
    let mut answers = Vec::new();
    for n_partitions in [1, 4] {
        let batches = session(n_partitions).sql(sql).await?.collect().await?;
        answers.push(text_of(&batches)?);
    }
    assert_eq!(answers[0], answers[1], "{sql}");
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
fn selecting(query: &str) -> String {
    ["select", query].join(" ")
}

/// Fails unless the query gives these rows, in one partition and in four: values with a space in
/// between, rows with a comma.
pub(crate) async fn check_select(query: &str, expected: &str) {
    match rows(&selecting(query)).await {
        Ok(found) => assert_eq!(found, expected, "{query}"),
        Err(error) => panic!("{query}: {error}"),
    }
}

/// Fails unless the query is refused without a row being read, by an error that has `part` in it.
pub(crate) async fn check_refused(query: &str, part: &str) {
    let planned = match session(2).sql(&selecting(query)).await {
        Ok(frame) => frame.into_optimized_plan().map(|_| ()),
        Err(error) => Err(error),
    };
    let text = planned.expect_err(query).to_string();
    assert!(text.contains(part), "{query}: {text}");
}
