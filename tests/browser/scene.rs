//! What a test begins with: a built project, a server over it, a browser, a user.

use anyhow::Context;
use lakefront_tests::harness::driver::{Browser, Launch};
use lakefront_tests::harness::lakefront::{self, Server, User};
use lakefront_tests::harness::page::{Page, Snapshot};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use walkdir::WalkDir;

/// A server over the Olist project, and a browser that shows nothing yet.
pub struct Scene {
    /// The project's folder.
    pub project: PathBuf,
    /// Its server.
    pub server: Server,
    /// The browser.
    pub browser: Browser,
    /// Who logs in; of this test alone, so that ending his sessions ends no other test's.
    pub user: User,
}

impl Scene {
    /// Starts both; `None`, with a word to the reader, where the corpus or the binary is missing.
    ///
    /// # Errors
    /// When the project cannot be built or something does not start.
    pub async fn of_olist(user: &'static str, launch: Launch) -> anyhow::Result<Option<Scene>> {
        let Some(project) = olist_project()? else { return Ok(None) };
        Ok(Some(Scene::over(project, user, launch).await?))
    }

    /// The same over a copy of the project `example`, which brings its own sources.
    ///
    /// # Errors
    /// As [`Scene::of_olist`].
    pub async fn of_example(
        example: &str,
        user: &'static str,
        launch: Launch,
    ) -> anyhow::Result<Option<Scene>> {
        if !has_binary() {
            return Ok(None);
        }
        let project = folder_of_this_run(&format!("{example}-{user}"))?;
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        copy_sources(&root.join("examples").join(example), &project)?;
        lakefront::build(&project, &[])?;
        Ok(Some(Scene::over(project, user, launch).await?))
    }

    /// The same over the smallest demo marketplace.
    ///
    /// # Errors
    /// As [`Scene::of_olist`].
    pub async fn of_demo(user: &'static str, launch: Launch) -> anyhow::Result<Option<Scene>> {
        if !has_binary() {
            return Ok(None);
        }
        let project = folder_of_this_run(&format!("demo-{user}"))?.join("project");
        lakefront::make_demo(&project, 1)?;
        Ok(Some(Scene::over(project, user, launch).await?))
    }

    async fn over(project: PathBuf, user: &'static str, launch: Launch) -> anyhow::Result<Scene> {
        let user = User { name: user, password: "correct horse battery" };
        lakefront::add_user(&project, user)?;
        let server = Server::serve(&project)?;
        let browser = Browser::start(launch).await?;
        Ok(Scene { project, server, browser, user })
    }

    /// The page in the browser.
    pub fn page(&self) -> Page<'_> {
        Page::new(&self.browser, &self.server.origin)
    }

    /// Opens `path`, logs in and waits until every panel shows its answer.
    ///
    /// # Errors
    /// When a step fails.
    pub async fn logged_in(&self, path: &str) -> anyhow::Result<Snapshot> {
        let page = self.page();
        page.open(path).await?;
        page.send_log_in(self.user.name, self.user.password).await?;
        page.settled("the panels after the log-in", |_| true).await
    }
}

/// Whether there is a binary to build with; says so where there is none.
fn has_binary() -> bool {
    let is_there = lakefront::binary().is_ok();
    if !is_there {
        test_support::skip("there is no lakefront binary; `cargo xtask test` makes it");
    }
    is_there
}

/// The Olist project, built once for all tests of this run.
fn olist_project() -> anyhow::Result<Option<PathBuf>> {
    static PROJECT: OnceLock<Result<Option<PathBuf>, String>> = OnceLock::new();
    PROJECT
        .get_or_init(|| build_olist().map_err(|error| format!("{error:#}")))
        .clone()
        .map_err(anyhow::Error::msg)
}

fn build_olist() -> anyhow::Result<Option<PathBuf>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let Some(olist) = test_support::corpus("olist") else { return Ok(None) };
    if !has_binary() {
        return Ok(None);
    }
    let project = folder_of_this_run("olist")?;
    copy_sources(&root.join("examples/olist"), &project)?;
    lakefront::build(&project, &[("OLIST_DIR", &olist)])?;
    Ok(Some(project))
}

/// A new folder below the one that cargo keeps for tests. Those of runs that have ended are removed.
///
/// # Errors
/// When it cannot be made.
pub fn folder_of_this_run(name: &str) -> anyhow::Result<PathBuf> {
    let parent = Path::new(env!("CARGO_TARGET_TMPDIR")).join("lakefront");
    std::fs::create_dir_all(&parent)?;
    for entry in std::fs::read_dir(&parent)?.filter_map(Result::ok) {
        let folder = entry.file_name().to_string_lossy().into_owned();
        let is_left = folder.rsplit('-').next().is_some_and(|process_id| {
            folder.starts_with(name) && !Path::new("/proc").join(process_id).exists()
        });
        if is_left {
            std::fs::remove_dir_all(entry.path())?;
        }
    }
    let folder = parent.join(format!("{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Copies a project without the lake that someone may have built in it.
fn copy_sources(from: &Path, to: &Path) -> anyhow::Result<()> {
    let entries = WalkDir::new(from)
        .into_iter()
        .filter_entry(|entry| !(entry.depth() == 1 && entry.file_name() == "lake"));
    for entry in entries {
        let entry = entry?;
        let target = to.join(entry.path().strip_prefix(from)?);
        if entry.file_type().is_dir() {
            std::fs::create_dir_all(&target)?;
        } else {
            std::fs::copy(entry.path(), &target)
                .with_context(|| format!("cannot copy {}", entry.path().display()))?;
        }
    }
    Ok(())
}
