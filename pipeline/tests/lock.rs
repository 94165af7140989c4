//! A lake is held by one process at a time, and free again however that process ends.

use pipeline::{Clock, Lock, LockError, Root, Wait};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The folder that the other process holds; unset in this one.
const FOLDER: &str = "LAKEFRONT_TEST_HELD_FOLDER";

/// What the other process says when it holds the folder.
const HELD: &str = "held";

/// The other process: this very test, started with [`FOLDER`].
#[tokio::test]
async fn another_process() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let root = Root::folder(Path::new(&folder)).unwrap();
    let lock = Lock::take(&root, "build", &Clock::system(), Wait::Refuse, |_| ()).await.unwrap();
    println!("\n{HELD}");
    // Until it is killed, or its parent is gone.
    let _ = std::io::stdin().read_line(&mut String::new());
    lock.check().await.unwrap();
}

fn start(folder: &Path) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "lock::another_process", "--nocapture"])
        .env(FOLDER, folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == HELD), "the other process holds the folder");
    child
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_process_holds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let root = Root::folder(folder.path()).unwrap();
    let clock = Clock::system();
    for _ in 0..3 {
        let mut child = start(folder.path());
        let error =
            Lock::take(&root, "build", &clock, Wait::Refuse, |_| ()).await.unwrap_err().to_string();
        let holder = format!("in use by `build`, process {} on ", child.id());
        assert!(error.contains(&holder), "{error} should contain {holder:?}");
        // This one waits while the other is killed.
        let mut whom = None;
        let wait = Wait::Until(Duration::from_secs(120));
        let pid = child.id();
        let lock = Lock::take(&root, "upkeep", &clock, wait, |holder| {
            whom = holder.map(|holder| holder.pid);
            child.kill().unwrap();
            child.wait().unwrap();
        });
        let lock = lock.await.unwrap();
        assert_eq!(whom, Some(pid));
        lock.check().await.unwrap();
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_folder_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("_lakefront"), "a file").unwrap();
    let root = Root::folder(folder.path()).unwrap();
    let error = Lock::take(&root, "build", &Clock::system(), Wait::Refuse, |_| ()).await;
    let error = error.unwrap_err();
    assert!(matches!(error, LockError::File { .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains("_lakefront/lock: cannot be locked: "), "{text}");
}
