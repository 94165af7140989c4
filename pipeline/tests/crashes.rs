//! Builds that are killed: every table stays readable, and the next build ends where an undisturbed one
//! does.
//!
//! A few moments in the usual run, two hundred with `--include-ignored`; `LAKEFRONT_BIN` names the binary.

use crate::incremental::clicks::{Clicks, DAYS, TABLES};
use crate::pipeline_build::lake;
use rand::{Rng, SeedableRng};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

fn build(binary: &PathBuf, clicks: &Clicks) -> Command {
    let mut command = Command::new(binary);
    command.arg("build").arg(clicks.path("")).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// Kills builds at moments drawn from `seed` until `n_kills` were cut off, and builds to the end after each.
async fn kill(n_kills: u32, seed: u64) {
    let Some(binary) = test_support::program("LAKEFRONT_BIN") else { return };
    let mut expected = Vec::new();
    let mut lengths = Vec::new();
    let undisturbed = Clicks::new();
    for day in DAYS {
        undisturbed.deliver(*day);
        let start = Instant::now();
        assert!(build(&binary, &undisturbed).output().unwrap().status.success());
        lengths.push(start.elapsed());
        expected.push(undisturbed.contents(TABLES).await);
    }
    let mut random = rand::rngs::StdRng::seed_from_u64(seed);
    let mut n_cut_off = 0;
    // A build that was done before its moment came counts as none.
    for n_rounds in 0.. {
        assert!(n_rounds < 4 * n_kills, "only {n_cut_off} builds were cut off");
        let clicks = Clicks::new();
        for ((day, expected), length) in DAYS.iter().zip(&expected).zip(&mut lengths) {
            clicks.deliver(*day);
            let moment = length.mul_f64(random.random_range(0.0..1.0));
            let start = Instant::now();
            let mut child = build(&binary, &clicks).spawn().unwrap();
            std::thread::sleep(moment);
            if child.try_wait().unwrap().is_none() {
                n_cut_off += 1;
            } else {
                // The first builds find cold caches: later ones take less.
                *length = (*length).min(start.elapsed());
            }
            child.kill().unwrap();
            child.wait().unwrap();
            // What was committed can be read.
            for (table, n_files) in lake::versions_if_any(&clicks.path("lake")) {
                let layer = table.parent().unwrap().file_name().unwrap().to_string_lossy();
                let name = table.file_name().unwrap().to_string_lossy();
                let sql = format!("select count(*) from {layer}.{name}");
                assert_eq!(clicks.rows(&sql).await.len(), 1, "{table:?} with {n_files} commits");
            }
            let output = build(&binary, &clicks).output().unwrap();
            let text = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "killed after {moment:?}: {text}");
            assert_eq!(&clicks.contents(TABLES).await, expected, "killed after {moment:?}");
            if n_cut_off == n_kills {
                return;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_build_leaves_what_was_committed() {
    kill(9, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes"]
async fn two_hundred_killed_builds_leave_what_was_committed() {
    kill(200, 2).await;
}
