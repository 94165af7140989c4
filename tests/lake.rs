//! The demo marketplace as a lake in a folder, and the golden questions over it.

use anyhow::Context;
use pipeline::Project;
use pipeline::marketplace::Plan;
use pipeline::marketplace::project::Home;
use query::QuerySpec;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// The seed of every lake that tests make.
pub const SEED: u64 = 42;

/// A question with a name.
#[derive(Debug, Clone, Deserialize)]
pub struct Question {
    /// What it is about.
    pub name: String,
    /// The question.
    pub spec: QuerySpec,
}

/// The questions of `golden/marketplace.json`.
///
/// # Errors
/// When the file is not right.
pub fn questions() -> anyhow::Result<Vec<Question>> {
    let json = include_str!("golden/marketplace.json");
    serde_json::from_str(json).context("golden/marketplace.json")
}

/// A table with measures by our own functions, and questions about it.
#[derive(Debug, Clone, Deserialize)]
pub struct FunctionQuestions {
    /// A table of the marketplace's lake that its catalog does not have.
    pub table: catalog::Table,
    /// The questions.
    pub questions: Vec<Question>,
}

/// What is in `golden/functions.json`.
///
/// # Errors
/// When the file is not right.
pub fn function_questions() -> anyhow::Result<FunctionQuestions> {
    let json = include_str!("golden/functions.json");
    serde_json::from_str(json).context("golden/functions.json")
}

/// Makes the marketplace of `scale` in the new folder `dir` and builds its lake; the lake's folder.
///
/// # Errors
/// Those of the generator and of the build.
pub async fn marketplace(dir: &Path, scale: u32) -> anyhow::Result<PathBuf> {
    let mut home = Home::claim(dir)?;
    home.unpack()?;
    home.fill(&Plan::new(scale, SEED)?, &|_, _| ())?;
    let project = Project::open(dir)?;
    pipeline::build(&project, &pipeline::Options::default(), |_| ()).await?;
    Ok(dir.join("lake"))
}
