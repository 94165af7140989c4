//! Two processes that build one lake at once: one after the other, and what each finds is what the other left.

use crate::incremental::clicks::{Clicks, DAYS, TABLES};
use crate::pipeline_build::lake;
use pipeline::upkeep;
use pipeline::{BuildError, Clock, LockError, Options, Outcome, Project, Wait};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The project that the other process builds; unset in this one.
const PROJECT: &str = "LAKEFRONT_TEST_BUILT_PROJECT";

/// How long a process waits for the other one at most.
const WAIT: Wait = Wait::Until(Duration::from_secs(300));

/// What the other process says of its build, before the number of tables that it wrote.
const BUILT: &str = "built: ";

/// The other process: this very test, started with [`PROJECT`].
#[tokio::test(flavor = "multi_thread")]
async fn a_build_in_another_process() {
    let Ok(folder) = std::env::var(PROJECT) else { return };
    let project = Project::open(Path::new(&folder)).unwrap();
    let options = Options { wait: WAIT, ..Options::default() };
    let report = pipeline::build(&project, &options, |_| ()).await.unwrap();
    let n_built = report.models.iter().filter(|model| model.outcome == Outcome::Built).count();
    println!("\n{BUILT}{n_built}");
}

fn start(folder: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "two_builds::a_build_in_another_process", "--nocapture"])
        .env(PROJECT, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// How many tables the build of `child` wrote.
fn n_built(child: Child) -> usize {
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let n_built = text.lines().find_map(|line| line.strip_prefix(BUILT));
    n_built.unwrap_or_else(|| panic!("{text}")).parse().unwrap()
}

/// Has two processes build the project in `folder` at once: one of them writes, the other finds nothing to do.
pub fn build_twice_at_once(folder: &Path) {
    let both = [start(folder), start(folder)].map(n_built);
    assert!(both.contains(&0) && both.iter().sum::<usize>() > 3, "{both:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_build_one_lake_and_double_nothing() {
    let (alone, both) = (Clicks::new(), Clicks::new());
    for day in DAYS {
        alone.deliver(*day);
        alone.build().await.unwrap();
        both.deliver(*day);
        build_twice_at_once(&both.path(""));
        assert_eq!(both.contents(TABLES).await, alone.contents(TABLES).await, "{}", day.name);
        let n_commits = |clicks: &Clicks| {
            lake::versions(&clicks.path("lake")).into_values().collect::<Vec<_>>()
        };
        assert_eq!(n_commits(&both), n_commits(&alone), "{}", day.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn upkeep_beside_a_build_of_another_process_takes_turns() {
    let (alone, both) = (Clicks::new(), Clicks::new());
    for day in DAYS {
        alone.deliver(*day);
        alone.build().await.unwrap();
        both.deliver(*day);
        let child = start(&both.path(""));
        let project = Project::open(&both.path("")).unwrap();
        let tables = upkeep::tables(&project, &[]).await.unwrap();
        let options = upkeep::Options { wait: WAIT, ..upkeep::Options::default() };
        upkeep::run(&project.lake, &tables, &options, &Clock::system(), |_| ()).await.unwrap();
        assert!(n_built(child) > 3);
        assert_eq!(both.contents(TABLES).await, alone.contents(TABLES).await, "{}", day.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_wait_is_refused_before_a_source_is_opened() {
    let clicks = Clicks::new();
    clicks.deliver(DAYS[0]);
    clicks.build().await.unwrap();
    // A source that cannot be opened is not even looked at while somebody else holds the lake.
    std::fs::remove_file(clicks.path("in/people.csv")).unwrap();
    let project = Project::open(&clicks.path("")).unwrap();
    let clock = Clock::system();
    let held = pipeline::Lock::take(&project.lake, "build", &clock, Wait::Refuse, |_| ()).await;
    let error = pipeline::build(&project, &Options::default(), |_| ()).await.unwrap_err();
    assert!(matches!(error, BuildError::Lock(LockError::Held { .. })), "{error}");
    held.unwrap().release().await.unwrap();
    let error = pipeline::build(&project, &Options::default(), |_| ()).await.unwrap_err();
    assert!(matches!(error, BuildError::Source(_)), "{error}");
    // A build that failed gives the lake back, too.
    clicks.deliver(DAYS[0]);
    clicks.build().await.unwrap();
}
