//! How long models took when they were last built.

use crate::model::{Layer, ModelName};
use crate::project::Project;
use crate::query::{QueryError, Question, query};
use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use catalog::Name;
use futures::TryStreamExt;
use std::collections::BTreeMap;

const SQL: &str = "
select model, elapsed_ms
from (
  select model, elapsed_ms, row_number() over (partition by model order by started_at desc) as nth
  from _lakefront.runs
  where kind = 'model' and outcome = 'built'
)
where nth = 1";

/// A table of a few rows a build needs no more.
const MEMORY_BYTES: usize = 64 << 20;

/// Milliseconds of each model in the newest build of `project` that made its table.
///
/// # Errors
/// [`QueryError`], also when no build has been recorded.
pub async fn model_times(project: &Project) -> Result<BTreeMap<ModelName, u64>, QueryError> {
    let question = Question { name: "model times", sql: SQL, memory_bytes: MEMORY_BYTES };
    let batches: Vec<_> = query(project, &question).await?.batches.try_collect().await?;
    let mut times = BTreeMap::new();
    for batch in &batches {
        let models = batch.column(0).as_string_opt::<i32>();
        let Some((models, ms)) = models.zip(batch.column(1).as_primitive_opt::<Int64Type>()) else {
            continue;
        };
        for (model, ms) in models.iter().zip(ms) {
            let known = model.and_then(named).zip(ms.and_then(|ms| u64::try_from(ms).ok()));
            times.extend(known);
        }
    }
    Ok(times)
}

fn named(text: &str) -> Option<ModelName> {
    let (layer, name) = text.split_once('.')?;
    let layer = Layer::EVERY.into_iter().find(|known| known.as_str() == layer);
    Some(ModelName { layer: layer?, name: Name::new(name).ok()? })
}
