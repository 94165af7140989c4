//! Builds that have less memory than their queries would take.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

#[path = "pipeline_build/lake.rs"]
#[allow(dead_code)]
mod lake;

use pipeline::{Options, Project, Report};
use std::fs;
use std::path::Path;

const N_ROWS: u64 = 6_000_000;

/// Two joins of as many rows as these, to be made at the same time.
fn project(folder: &Path) -> Project {
    fs::create_dir_all(folder.join("models/silver")).unwrap();
    fs::write(folder.join("lakefront.yaml"), "name: joins\nlake: lake\n").unwrap();
    for (name, join) in [("inner", "join"), ("outer", "left join")] {
        let sql = format!(
            "select a.k, a.x, b.y\n\
             from (select value as k, value * 2 as x from range(0, {N_ROWS})) a\n\
             {join} (select value as k, value * 3 as y from range(0, {N_ROWS})) b on a.k = b.k"
        );
        fs::write(folder.join(format!("models/silver/{name}.sql")), sql).unwrap();
    }
    Project::open(folder).unwrap()
}

async fn build(folder: &Path, memory_bytes: usize) -> Result<Report, String> {
    let options = Options { memory_bytes, n_parallel: 2, ..Options::default() };
    let built = pipeline::build(&project(folder), &options, |_| ()).await;
    built.map_err(|error| error.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn joins_that_do_not_fit_go_to_disk() {
    let folder = tempfile::tempdir().unwrap();
    // One hash table alone takes more.
    build(folder.path(), 160 << 20).await.unwrap();
    for name in ["inner", "outer"] {
        let sql = format!("select count(*), count(distinct k), sum(x), sum(y) from silver.{name}");
        let sum = N_ROWS * (N_ROWS - 1) / 2;
        let expected = format!("{N_ROWS}|{N_ROWS}|{}|{}", sum * 2, sum * 3);
        assert_eq!(lake::query(&folder.path().join("lake"), &sql).await, [expected], "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_at_all_is_named_with_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let project = project(folder.path());
    // All in one list, which cannot be cut.
    let sql = format!("select array_agg(value) as all_of_them from range(0, {})", 4 * N_ROWS);
    fs::write(folder.path().join("models/silver/list.sql"), sql).unwrap();
    let select = vec!["silver.list".to_owned()];
    let options = Options { memory_bytes: 64 << 20, select, ..Options::default() };
    let error = pipeline::build(&project, &options, |_| ()).await.unwrap_err().to_string();
    assert!(error.contains("models/silver/list.sql: "), "{error}");
    assert!(error.ends_with("give the build more with --memory"), "{error}");
    let tables = lake::versions_if_any(&folder.path().join("lake"));
    assert!(tables.keys().all(|table| table.ends_with("_lakefront/runs")), "{tables:?}");
}
