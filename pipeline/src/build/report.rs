//! What a build says while it works, and what it did.

use super::Arrivals;
use crate::cluster::Ran;
use crate::model::ModelName;

/// What happens during a build: `Checked` first, `Waiting` when it has to, then for each model `Started`, `Rows` now and then, and one of
/// `Finished`, `Failed`; or `Skipped`.
#[derive(Debug, Clone)]
pub enum Event {
    /// A generator makes source files.
    Delivering {
        /// Steps that are done.
        n_done: u64,
        /// Steps in all.
        n_steps: u64,
    },
    /// Somebody else writes the lake, and this build waits for them.
    Waiting {
        /// Who, as far as it is known.
        holder: String,
    },
    /// Every model, source and measure fits; nothing is written yet.
    Checked {
        /// Models that follow.
        n_models: usize,
    },
    /// A model has begun.
    Started {
        /// Which.
        model: ModelName,
    },
    /// A model runs.
    Rows {
        /// Which.
        model: ModelName,
        /// Rows that it made so far.
        n_rows: u64,
    },
    /// A model is done.
    Finished(ModelReport),
    /// A model failed.
    Failed {
        /// Which.
        model: ModelName,
        /// Why.
        reason: String,
    },
    /// A model was not begun, since one that it reads failed.
    Skipped {
        /// Which.
        model: ModelName,
        /// The one that failed.
        since: ModelName,
    },
    /// A model was made, and something about its rows is worth a look: an expectation or a freshness rule that warns.
    Warned {
        /// Which.
        model: ModelName,
        /// What.
        reason: String,
    },
    /// A model was not begun, since the build was asked to stop.
    NotBegun {
        /// Which.
        model: ModelName,
    },
}

/// What a build did.
#[derive(Debug, Clone)]
pub struct Report {
    /// What tells this build from others.
    pub run_id: String,
    /// The models, each behind those that it reads.
    pub models: Vec<ModelReport>,
    /// Whether the compiled catalog was written; `None` when the project has no catalog.
    pub catalog: Option<Outcome>,
    /// From the start to the end.
    pub elapsed_ms: u64,
}

/// What a build did with one model.
#[derive(Debug, Clone)]
pub struct ModelReport {
    /// Which.
    pub model: ModelName,
    /// What was done.
    pub outcome: Outcome,
    /// Why the table was made anew, where it could have been continued.
    pub reason: Option<String>,
    /// Where its query ran; `None` when it did not.
    pub engine: Option<Ran>,
    /// Rows of its table.
    pub n_rows: u64,
    /// The Delta version of its table.
    pub version: u64,
    /// Rows of its input that came out of order.
    pub arrivals: Arrivals,
    /// From the start to the commit.
    pub elapsed_ms: u64,
}

/// Whether something had to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was written.
    Built,
    /// It was already what it should be, and nothing was written.
    Unchanged,
    /// It is a view, and has no table.
    View,
}
