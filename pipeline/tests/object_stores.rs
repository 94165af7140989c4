//! A lake on S3 and on Azure, by servers that speak their protocols on this machine.
//!
//! `LAKEFRONT_MOTO` names the `moto_server` of moto, `LAKEFRONT_AZURITE` the `azurite-blob` of Azurite; a
//! test whose variable is not set is skipped. As credentials come from the environment alone, each test runs
//! itself once more as a process with that environment.

mod servers;

use crate::failing_store::rows;
use crate::incremental::clicks::{Clicks, DAYS};
use crate::upkeep::shop;
use bytes::Bytes;
use pipeline::upkeep::{self, Options, Order, Retention};
use pipeline::{Clock, LEASE, Lock, LockError, Outcome, Project, Root, Wait};
use servers::Server;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// The root that the process with the environment tries; unset in the first one.
const ROOT: &str = "LAKEFRONT_TEST_ROOT";

/// Runs [`in_environment`] with what `server` asks for.
fn try_on(server: &Server, root: &str) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "object_stores::in_environment", "--nocapture"]).env(ROOT, root);
    let output = command.envs(server.environment()).output().unwrap();
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && out.contains("1 passed"), "{out}\n{err}");
}

#[test]
fn a_lake_lies_on_s3() {
    let Some(server) = Server::moto() else { return };
    try_on(&server, "s3://lakefront/a lake");
    try_on(&server, "s3://lakefront");
}

#[test]
fn a_lake_lies_on_azure() {
    let Some(server) = Server::azurite() else { return };
    try_on(&server, "az://lakefront/a lake");
    try_on(&server, "abfss://lakefront/other");
}

/// Everything that a lake asks of its store; at the top of a bucket only what differs there.
#[tokio::test(flavor = "multi_thread")]
async fn in_environment() {
    let Ok(text) = std::env::var(ROOT) else { return };
    let root = Root::parse(&text, Path::new("nowhere")).unwrap();
    assert_eq!(root.local_dir(), None);
    files(&root).await;
    commits(&root).await;
    if text.ends_with("a lake") {
        locks(&root).await;
        tables(&root).await;
        builds(&text).await;
        two_builds(&text).await;
    }
}

async fn files(root: &Root) {
    let bytes = Bytes::from_static;
    assert_eq!(root.list("f").await.unwrap(), Vec::<String>::new());
    assert_eq!(root.get("f/a.json").await.unwrap(), None);
    root.delete("f/a.json").await.unwrap();
    assert!(root.put_new("f/a.json", bytes(b"one")).await.unwrap());
    assert!(!root.put_new("f/a.json", bytes(b"two")).await.unwrap());
    assert_eq!(root.get("f/a.json").await.unwrap(), Some(bytes(b"one")));
    root.put("f/a.json", bytes(b"three")).await.unwrap();
    root.put("f/b/c d%.json", bytes(b"")).await.unwrap();
    assert_eq!(root.get("f/a.json").await.unwrap(), Some(bytes(b"three")));
    assert_eq!(root.list("f").await.unwrap(), ["f/a.json", "f/b/c d%.json"]);
    for path in root.list("f").await.unwrap() {
        root.delete(&path).await.unwrap();
    }
    assert_eq!(root.list("f").await.unwrap(), Vec::<String>::new());
}

async fn locks(root: &Root) {
    let take = async |clock: &Clock| Lock::take(root, "build", clock, Wait::Refuse, |_| ()).await;
    let now = Clock::system();
    let first = take(&now).await.unwrap();
    first.check().await.unwrap();
    let error = take(&now).await.unwrap_err();
    assert!(matches!(error, LockError::Held { holder: Some(_), .. }), "{error}");
    // Somebody who sees that nobody renews it, by a clock that waits for nothing.
    let fast = Clock::by_hand(chrono::Utc::now() + LEASE);
    let second = take(&fast).await.unwrap();
    let error = first.check().await.unwrap_err();
    assert!(matches!(error, LockError::Lost { holder: Some(_), .. }), "{error}");
    first.release().await.unwrap();
    second.check().await.unwrap();
    let error = take(&now).await.unwrap_err();
    assert!(matches!(error, LockError::Held { .. }), "it was not ours to release: {error}");
    second.release().await.unwrap();
    take(&now).await.unwrap().release().await.unwrap();
}

/// Two writers that read the same version both commit, one after the other.
async fn commits(root: &Root) {
    shop::append(root, shop::orders(0, 10, 0..3, &mut shop::Dice(1)), &[], 0).await;
    let (one, other) = (shop::load(root).await, shop::load(root).await);
    assert_eq!((one.version(), other.version()), (Some(0), Some(0)));
    for (table, first_id) in [(one, 10), (other, 20)] {
        let rows = shop::orders(first_id, 10, 0..3, &mut shop::Dice(1));
        table.write([rows]).await.unwrap();
    }
    let both = shop::load(root).await;
    assert_eq!(both.version(), Some(2));
    let n_rows = shop::answer(&both, "select count(*) as n, count(distinct order_id) as k from t");
    assert!(n_rows.await.contains("| 30 | 30 |"));
    for path in root.list(shop::LOCATION).await.unwrap() {
        root.delete(&path).await.unwrap();
    }
}

async fn tables(root: &Root) {
    shop::grown(root, 6, 200, &["half"]).await;
    let all = shop::rows(&shop::load(root).await).await;
    let clock = Clock::system();
    let order = Order::Clustered(shop::columns(&["order_date"]));
    let tables = [shop::table(order)];
    let done = upkeep::run(root, &tables, &Options::default(), &clock, |_| ()).await.unwrap();
    assert_eq!((done[0].before.n_files, done[0].after.n_files), (12, 2));
    assert_eq!((done[0].checkpoint, done[0].deleted.n_files), (Some(done[0].version), 0));
    assert_eq!(shop::rows(&shop::load(root).await).await, all);
    assert_eq!(shop::rows(&shop::load_at(root, 5).await).await, all);
    let now = Options { retention: Retention::even_short(Duration::ZERO), ..Options::default() };
    let later = shop::ahead(Duration::from_secs(5));
    let done = upkeep::run(root, &tables, &now, &later, |_| ()).await.unwrap();
    assert_eq!((done[0].rewritten.n_files, done[0].deleted.n_files), (0, 12));
    let files = root.list(shop::LOCATION).await.unwrap();
    let is_data = |path: &&String| path.ends_with(".parquet") && !path.contains("_delta_log");
    assert_eq!(files.iter().filter(is_data).count(), 2, "{files:?}");
    assert_eq!(shop::rows(&shop::load(root).await).await, all);
    assert_eq!(shop::transaction(&shop::load(root).await).await, Some(5));
}

async fn builds(root: &str) {
    let clicks = Clicks::new();
    clicks.write("lakefront.yaml", &format!("name: clicks\nlake: \"{root}/clicks\"\n"));
    let mut n_built = Vec::new();
    for day in DAYS {
        clicks.deliver(*day);
        for _ in 0..2 {
            let report = clicks.build().await.unwrap();
            let built = report.models.iter().filter(|model| model.outcome == Outcome::Built);
            n_built.push(built.count());
        }
        let project = Project::open(&clicks.path("")).unwrap();
        let tables = upkeep::tables(&project, &[]).await.unwrap();
        let clock = Clock::system();
        upkeep::run(&project.lake, &tables, &Options::default(), &clock, |_| ()).await.unwrap();
    }
    assert!(n_built.chunks(2).all(|pair| pair[0] > 3 && pair[1] == 0), "{n_built:?}");
    assert!(!clicks.path("lake").exists());
}

/// Processes inherit the environment, and with it the credentials.
async fn two_builds(root: &str) {
    let (here, there) = (Clicks::new(), Clicks::new());
    there.write("lakefront.yaml", &format!("name: clicks\nlake: \"{root}/twice\"\n"));
    for day in DAYS {
        here.deliver(*day);
        here.build().await.unwrap();
        there.deliver(*day);
        crate::two_builds::build_twice_at_once(&there.path(""));
        let lake = Project::open(&there.path("")).unwrap().lake;
        for (location, columns) in
            [("silver/clicks", "id, day, kind"), ("gold/days", "day, n, revenue")]
        {
            let found =
                rows(&lake, location, &format!("select {columns} from t order by {columns}")).await;
            let table = location.replace('/', ".");
            let expected = format!("select {columns} from {table} order by {columns}");
            assert_eq!(found, here.rows(&expected).await, "{location} {}", day.name);
        }
    }
}
