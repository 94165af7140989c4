//! A table that is made anew, restored or swapped while somebody keeps its log.

use super::*;

/// The commits of the table, as a reader finds them one after the other.
async fn commits(store: &PersistentStore) -> Result<Vec<String>, StoreError> {
    let mut found = Vec::new();
    loop {
        match store.get(&Location::new(commit(found.len() as u64))).await {
            Ok(bytes) => found.push(String::from_utf8_lossy(&bytes).into_owned()),
            Err(StoreError::Absent { .. }) => return Ok(found),
            Err(error) => return Err(error),
        }
    }
}

#[tokio::test]
async fn a_log_that_was_made_anew_while_it_is_open_is_never_joined_to_the_old_one() {
    let (net, disk) = (Net::with_lake(), Arc::new(MemoryDisk::default()));
    let store = open(&net, &disk);
    assert_eq!(commits(&store).await.unwrap(), ["first 0", "first 1", "first 2"]);
    let anew: Vec<String> = (0..6).map(|version| format!("anew {version}")).collect();
    for (version, text) in (0..).zip(&anew) {
        net.files.put(commit(version), text.clone());
    }
    store.begin_reading(&Location::new("t"));
    assert_eq!(commits(&store).await.unwrap(), anew);
    store.0.shelf.settle().await;
    assert_eq!(commits(&open(&net, &disk)).await.unwrap(), anew);
    // A bucket that nobody may list says 403 of a commit that is not there any more.
    let shorter = Net::with_lake();
    shorter.files.remove(&commit(2));
    shorter.refuses_absent.store(true, Ordering::Relaxed);
    let found = commits(&open(&shorter, &disk)).await.unwrap_err();
    assert!(matches!(found, StoreError::Forbidden { .. }), "{found}");
    let first = open(&shorter, &disk).get(&Location::new(commit(0))).await.unwrap();
    assert_eq!(first, "first 0".as_bytes());
}

/// What somebody does to the log of a table on the server. Every commit is written once: it holds
/// the time of its writing.
#[derive(Debug, Clone)]
enum Deed {
    Append(usize),
    /// An older state is put in its place.
    Restore(prop::sample::Index),
    MakeAnew(usize),
    /// A log that lay there before comes back.
    Swap(prop::sample::Index),
}

fn deed() -> impl Strategy<Value = Deed> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        (1..4_usize).prop_map(Deed::Append),
        index().prop_map(Deed::Restore),
        (0..6_usize).prop_map(Deed::MakeAnew),
        index().prop_map(Deed::Swap),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    /// Whatever is kept and whatever became of the log: each reading finds the log of the server.
    #[test]
    fn a_reading_is_the_log_of_the_server(
        steps in prop::collection::vec(
            (deed(), prop::collection::vec((0..2_usize, any::<bool>(), any::<bool>()), 0..4)),
            1..12,
        ),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (net, disk) = (Arc::new(Net::default()), Arc::new(MemoryDisk::default()));
            let mut tabs = [open(&net, &disk), open(&net, &disk)];
            let (mut log, mut logs) = (Vec::new(), Vec::<Vec<String>>::new());
            let mut n_written = 0;
            let mut write = |log: &mut Vec<String>, n_commits: usize| {
                for _ in 0..n_commits {
                    n_written += 1;
                    log.push(format!("commit {n_written}"));
                }
            };
            for (deed, readings) in steps {
                let before: Vec<String> = std::mem::take(&mut log);
                log = before.clone();
                match deed {
                    Deed::Append(n_commits) => write(&mut log, n_commits),
                    Deed::Restore(at) => log.truncate(at.index(log.len() + 1)),
                    Deed::MakeAnew(n_commits) => {
                        log.clear();
                        write(&mut log, n_commits);
                    }
                    Deed::Swap(at) if !logs.is_empty() => log = logs[at.index(logs.len())].clone(),
                    Deed::Swap(_) => {}
                }
                for version in 0..before.len() as u64 {
                    net.files.remove(&commit(version));
                }
                for (version, text) in (0..).zip(&log) {
                    net.files.put(commit(version), text.clone());
                }
                logs.push(before);
                for (tab, is_reopened, is_settled) in readings {
                    if is_reopened {
                        tabs[tab] = open(&net, &disk);
                    }
                    tabs[tab].begin_reading(&Location::new("t"));
                    assert_eq!(commits(&tabs[tab]).await.unwrap(), log);
                    if is_settled {
                        tabs[tab].0.shelf.settle().await;
                    }
                }
            }
        });
    }
}
