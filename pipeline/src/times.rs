//! How long models took when they were last built.

use crate::build::BuildError;
use crate::describe::history;
use crate::lake::Lake;
use crate::model::{ModelName, Read, parse_read};
use crate::plan::Planner;
use crate::project::Project;
use std::collections::BTreeMap;

/// A table of a few rows a build needs no more.
const MEMORY_BYTES: usize = 64 << 20;

/// Milliseconds of each model in the newest of its last builds that wrote its table.
///
/// # Errors
/// When the lake cannot be read.
pub async fn model_times(project: &Project) -> Result<BTreeMap<ModelName, u64>, BuildError> {
    let planner = Planner::new(MEMORY_BYTES)?;
    let lake = Lake::new(project.lake.clone(), planner.runtime());
    let runs = history::read(&lake, planner.scope()?.ctx()).await?.unwrap_or_default();
    let mut times = BTreeMap::new();
    for run in runs.0.iter().filter(|run| run.kind == "model" && run.outcome == "built") {
        if let (Some(Read::Model(model)), Some(ms)) = (parse_read(&run.model), run.elapsed_ms) {
            // The newest come first.
            times.entry(model).or_insert(ms);
        }
    }
    Ok(times)
}
