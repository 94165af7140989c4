//! A full disk is an error that says where and why, and takes nothing away.

use super::options;
use super::shop::{grown, load, rows, table};
use pipeline::upkeep::{Options, Order, run};
use pipeline::{Clock, Root};
use std::path::Path;
use std::process::Command;

/// A file system of its own, unmounted in the end.
struct Mount<'m>(&'m Path);

impl Mount<'_> {
    /// `None` where nobody may mount.
    fn new(folder: &Path, size_bytes: u64) -> Option<Mount<'_>> {
        let size = format!("size={size_bytes}");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder);
        let mounted = mount.output().is_ok_and(|output| output.status.success());
        mounted.then_some(Mount(folder))
    }
}

impl Drop for Mount<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0).output();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_named_and_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let Some(_mount) = Mount::new(folder.path(), 1 << 20) else {
        test_support::skip("a file system of 1 MB cannot be mounted here");
        return;
    };
    let root = Root::folder(&folder.path().join("lake")).unwrap();
    grown(&root, 4, 2000, &[]).await;
    let clock = Clock::system();
    let tables = [table(Order::Plain)];
    // Its properties are set, so that the files are what does not fit.
    let first = Options { work: pipeline::upkeep::Work::Optimize, ..options(1) };
    run(&root, &tables, &first, &clock, |_| ()).await.unwrap();
    let all = rows(&load(&root).await).await;
    let version = load(&root).await.version();
    // As much else as leaves room for a commit, and none for the files.
    let filler = folder.path().join("filler");
    let mut size_bytes = 1 << 20;
    while std::fs::write(&filler, vec![0; size_bytes]).is_err() {
        size_bytes -= 16 << 10;
    }
    std::fs::write(&filler, vec![0; size_bytes - (48 << 10)]).unwrap();
    let error = run(&root, &tables, &options(1 << 20), &clock, |_| ()).await.unwrap_err();
    let text = error.to_string();
    let place = folder.path().join("lake/silver/orders");
    assert!(text.starts_with(&format!("{}: its files cannot be", place.display())), "{text}");
    assert!(text.contains("No space left on device"), "{text}");
    assert_eq!(load(&root).await.version(), version);
    assert_eq!(rows(&load(&root).await).await, all);
    // With room, it is done.
    std::fs::remove_file(&filler).unwrap();
    let reports = run(&root, &tables, &options(1 << 20), &clock, |_| ()).await.unwrap();
    assert_eq!((reports[0].rewritten.n_files, reports[0].after.n_files), (4, 1));
    assert_eq!(rows(&load(&root).await).await, all);
}
