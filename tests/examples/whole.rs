//! All files at once, and then once more.

use super::project::{Project, has_binary};
use super::{duckdb, rows};
use anyhow::ensure;

async fn check(name: &str, script: &str) -> anyhow::Result<Option<Project>> {
    if !has_binary() {
        return Ok(None);
    }
    let project = Project::copy(name, |_| true)?;
    project.build(&[])?;
    rows::check(&project, "").await?;
    duckdb::check(&project, script, "")?;
    let before = project.lake_files()?;
    project.build(&[])?;
    let after = project.lake_files()?;
    ensure!(before == after, "{name}: a second build of the same sources wrote something");
    Ok(Some(project))
}

#[tokio::test]
async fn events() -> anyhow::Result<()> {
    check("events", "events.py").await.map(drop)
}

#[tokio::test]
async fn payments() -> anyhow::Result<()> {
    check("payments", "payments.py").await.map(drop)
}

#[tokio::test]
async fn sessions() -> anyhow::Result<()> {
    check("sessions", "sessions.py").await.map(drop)
}

/// Its sources are made by the build.
#[tokio::test]
async fn marketplace() -> anyhow::Result<()> {
    let Some(project) = check("marketplace", "marketplace.py").await? else { return Ok(()) };
    duckdb::check_expected(&project, "marketplace.py")
}
