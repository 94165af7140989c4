//! Visits to a lake over a network that comes and goes, on a disk that is damaged, full or shared.

mod anew;

use super::*;
use crate::MemoryStore;
use crate::clock::PlatformClock;
use proptest::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering};

/// A lake on a network that can be away, and what was asked of it.
#[derive(Debug, Default)]
struct Net {
    files: MemoryStore,
    asked: Mutex<Vec<String>>,
    is_away: AtomicBool,
    is_forbidden: AtomicBool,
    /// Whether 403 is said of what is not there.
    refuses_absent: AtomicBool,
}

impl Net {
    fn with_lake() -> Arc<Net> {
        let net = Arc::new(Net::default());
        net.make("first");
        net
    }

    /// Makes the table with three commits; `tag` is in all of its bytes.
    fn make(&self, tag: &str) {
        for version in 0..3 {
            self.files.put(commit(version), format!("{tag} {version}"));
        }
        self.files.put("t/data.parquet", tag.repeat(100));
    }

    fn take_asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }

    fn refusal(&self, location: &Location) -> Option<StoreError> {
        self.asked.lock().unwrap().push(location.as_str().to_owned());
        let location = location.clone();
        if self.is_away.load(Ordering::Relaxed) {
            return Some(StoreError::Away { location, reason: "told".to_owned() });
        }
        self.is_forbidden.load(Ordering::Relaxed).then_some(StoreError::Unauthorized { location })
    }
}

impl ByteStore for Net {
    fn get(&self, location: &Location) -> BoxFuture<'static, Result<Bytes, StoreError>> {
        let content = self.read(location, Part::Whole { max_bytes: MAX_WHOLE_BYTES });
        async move { Ok(content.await?.bytes) }.boxed()
    }

    fn get_range(
        &self,
        location: &Location,
        range: Range<u64>,
    ) -> BoxFuture<'static, Result<Bytes, StoreError>> {
        let content = self.read(location, Part::Range(range));
        async move { Ok(content.await?.bytes) }.boxed()
    }

    fn facts(&self, location: &Location) -> BoxFuture<'static, Result<FileFacts, StoreError>> {
        match self.refusal(location) {
            Some(error) => async move { Err(error) }.boxed(),
            None => self.files.facts(location),
        }
    }

    fn read(
        &self,
        location: &Location,
        part: Part,
    ) -> BoxFuture<'static, Result<Content, StoreError>> {
        match self.refusal(location) {
            Some(error) => async move { Err(error) }.boxed(),
            None => {
                let refuses = self.refuses_absent.load(Ordering::Relaxed);
                let content = self.files.read(location, part);
                async move {
                    match content.await {
                        Err(StoreError::Absent { location }) if refuses => {
                            Err(StoreError::Forbidden { location })
                        }
                        outcome => outcome,
                    }
                }
                .boxed()
            }
        }
    }
}

fn commit(version: u64) -> String {
    format!("t/_delta_log/{version:020}.json")
}

fn open(net: &Arc<Net>, disk: &Arc<MemoryDisk>) -> PersistentStore {
    open_with(net, disk, shelf::CAPACITY_BYTES)
}

fn open_with(net: &Arc<Net>, disk: &Arc<MemoryDisk>, capacity_bytes: u64) -> PersistentStore {
    let shelf = Shelf::new(disk.clone(), capacity_bytes);
    PersistentStore::new(net.clone(), "http://h/?sig=1", shelf, Arc::new(PlatformClock::default()))
}

/// Reads the table as an engine does: the hint, the commits until one is not there, some data.
async fn visit(store: &PersistentStore, identity: &str) -> Result<String, StoreError> {
    match store.get(&Location::new("t/_delta_log/_last_checkpoint")).await {
        Ok(_) | Err(StoreError::Absent { .. }) => {}
        Err(error) => return Err(error),
    }
    let mut said = String::new();
    for version in 0.. {
        match store.get(&Location::new(commit(version))).await {
            Ok(bytes) => said += &(String::from_utf8_lossy(&bytes).into_owned() + ", "),
            Err(StoreError::Absent { .. }) => break,
            Err(error) => return Err(error),
        }
    }
    let located = Location::new("t/data.parquet").with_identity(identity);
    let [a, b] = [5..20, 10..30].map(|range| store.get_range(&located, range));
    said += &String::from_utf8_lossy(&[a.await?, b.await?].concat());
    store.0.shelf.settle().await;
    Ok(said)
}

const FIRST: &str = "first 0, first 1, first 2, firstfirstfirstfirstfirstfirstfirst";

fn stale(store: &PersistentStore) -> bool {
    store.stale_since_utc_s(&Location::new("t")).is_some()
}

#[tokio::test]
async fn a_second_visit_fetches_the_tip() {
    let (net, disk) = (Net::with_lake(), Arc::new(MemoryDisk::default()));
    assert_eq!(visit(&open(&net, &disk), "1").await.unwrap(), FIRST);
    let data = "t/data.parquet".to_owned();
    let hint = "t/_delta_log/_last_checkpoint".to_owned();
    let [zero, one, two, three] = [0, 1, 2, 3].map(commit);
    let all = [&hint, &zero, &one, &two, &three, &data, &data];
    assert_eq!(net.take_asked().iter().collect::<Vec<_>>(), all);

    let second = open(&net, &disk);
    assert_eq!(visit(&second, "1").await.unwrap(), FIRST);
    assert_eq!(net.take_asked().iter().collect::<Vec<_>>(), [&hint, &two, &zero, &three]);
    assert_eq!(visit(&second, "1").await.unwrap(), FIRST);
    assert_eq!(net.take_asked().iter().collect::<Vec<_>>(), [&hint, &three]);

    net.files.put(commit(3), "news");
    second.begin_visit();
    assert!(visit(&second, "1").await.unwrap().starts_with("first 0, first 1, first 2, news, "));
    assert!(!stale(&second));
}

#[tokio::test]
async fn a_table_that_was_made_anew_is_read_anew() {
    let (net, disk) = (Net::with_lake(), Arc::new(MemoryDisk::default()));
    visit(&open(&net, &disk), "1").await.unwrap();
    net.make("other");
    let said = visit(&open(&net, &disk), "2").await.unwrap();
    assert_eq!(said, FIRST.replace("first", "other"));
    net.files.remove(&commit(2));
    let said = visit(&open(&net, &disk), "2").await.unwrap();
    assert!(said.starts_with("other 0, other 1, other"), "{said}");
}

#[tokio::test]
async fn without_a_network_the_lake_is_as_it_was_and_says_so() {
    let (net, disk) = (Net::with_lake(), Arc::new(MemoryDisk::default()));
    net.is_away.store(true, Ordering::Relaxed);
    let error = visit(&open(&net, &disk), "1").await.unwrap_err();
    assert!(matches!(error, StoreError::Away { .. }), "{error}");
    net.is_away.store(false, Ordering::Relaxed);
    let plain = Location::new("plain.parquet");
    net.files.put("plain.parquet", "abc");
    let store = open(&net, &disk);
    visit(&store, "1").await.unwrap();
    let facts = store.facts(&plain).await.unwrap();
    store.0.shelf.settle().await;
    net.make("other");
    net.files.put(commit(3), "other 3");

    net.is_away.store(true, Ordering::Relaxed);
    let store = open(&net, &disk);
    assert!(!stale(&store));
    assert_eq!(visit(&store, "1").await.unwrap(), FIRST);
    assert!(stale(&store));
    assert_eq!(store.stale_since_utc_s(&Location::new("t2")), None);
    assert_eq!(store.facts(&plain).await.unwrap(), facts);
    assert!(store.stale_since_utc_s(&plain).is_some());
    // The log ended at version 2 then; of its older checkpoints nothing is known.
    let later = store.get(&Location::new(commit(9))).await.unwrap_err();
    assert!(matches!(later, StoreError::Absent { .. }), "{later}");
    let unknown = Location::new("t/_delta_log/00000000000000000001.checkpoint.parquet");
    let unknown = store.get(&unknown).await.unwrap_err();
    assert!(matches!(unknown, StoreError::Away { .. }), "{unknown}");
    let unread = Location::new("t/data.parquet").with_identity("1");
    assert!(store.get_range(&unread, 0..10).await.is_err());

    // The network comes back in the middle: this visit goes on as it was, the next one does not.
    net.is_away.store(false, Ordering::Relaxed);
    assert_eq!(visit(&store, "1").await.unwrap(), FIRST);
    store.begin_visit();
    assert!(!stale(&store));
    assert!(visit(&store, "2").await.unwrap().starts_with("other 0, other 1, other 2, other 3, "));
    assert!(!stale(&store));
}

#[tokio::test]
async fn who_may_not_read_is_not_shown_what_is_kept() {
    let (net, disk) = (Net::with_lake(), Arc::new(MemoryDisk::default()));
    visit(&open(&net, &disk), "1").await.unwrap();
    net.is_forbidden.store(true, Ordering::Relaxed);
    let error = open(&net, &disk).get(&Location::new(commit(0))).await.unwrap_err();
    assert!(matches!(error, StoreError::Unauthorized { .. }), "{error}");
}

#[tokio::test]
async fn nothing_is_left_after_it_was_cleared() {
    let (net, disk) = (Net::with_lake(), Arc::new(MemoryDisk::default()));
    let store = open(&net, &disk);
    visit(&store, "1").await.unwrap();
    assert!(!disk.names().is_empty());
    let located = Location::new("t/data.parquet").with_identity("1");
    store.get_range(&located, 100..200).await.unwrap();
    // The last write has not ended, and does not come after.
    store.clear().await.unwrap();
    store.0.shelf.settle().await;
    assert_eq!(disk.names(), Vec::<String>::new());
    assert_eq!(visit(&store, "1").await.unwrap(), FIRST);
}

#[tokio::test]
async fn files_of_another_layout_are_removed() {
    let (net, disk) = (Net::with_lake(), Arc::new(MemoryDisk::default()));
    for name in ["1-0000000000000001-w-3", "rubbish", "2-x"] {
        disk.write(name, Bytes::from_static(b"old")).await.unwrap();
    }
    visit(&open(&net, &disk), "1").await.unwrap();
    assert!(disk.names().iter().all(|name| entry::parse_name(name).is_some()), "{disk:?}");
}

#[tokio::test]
async fn a_full_disk_and_a_small_cap_only_cost_requests() {
    let (net, disk) = (Net::with_lake(), Arc::new(MemoryDisk::default()));
    disk.limit(600);
    for _ in 0..3 {
        assert_eq!(visit(&open(&net, &disk), "1").await.unwrap(), FIRST);
        assert!(disk.size_bytes() <= 600);
    }
    for capacity_bytes in [0, 300, 1000, 3000] {
        let disk = Arc::new(MemoryDisk::default());
        for _ in 0..3 {
            let store = open_with(&net, &disk, capacity_bytes);
            assert_eq!(visit(&store, "1").await.unwrap(), FIRST);
            assert!(store.0.shelf.size_bytes() <= capacity_bytes, "{capacity_bytes}");
        }
    }
}

/// What happens between two reads.
#[derive(Debug, Clone)]
enum Act {
    Read { tab: usize, file: u64, start: u64, n_bytes: u64 },
    Damage { file: prop::sample::Index, at: prop::sample::Index },
    Lose { file: prop::sample::Index },
    Replace { file: u64 },
    Reopen { tab: usize },
    Settle,
}

fn act() -> impl Strategy<Value = Act> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        12 => (0..2_usize, 0..3_u64, 0..300_u64, 1..200_u64)
            .prop_map(|(tab, file, start, n_bytes)| Act::Read { tab, file, start, n_bytes }),
        2 => (index(), index()).prop_map(|(file, at)| Act::Damage { file, at }),
        1 => index().prop_map(|file| Act::Lose { file }),
        1 => (0..3_u64).prop_map(|file| Act::Replace { file }),
        1 => (0..2_usize).prop_map(|tab| Act::Reopen { tab }),
        2 => Just(Act::Settle),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Two tabs on one disk that is damaged and loses files never see other bytes than the server's.
    #[test]
    fn bytes_are_never_wrong(acts in prop::collection::vec(act(), 1..80)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (net, disk) = (Arc::new(Net::default()), Arc::new(MemoryDisk::default()));
            let mut versions = [0_u64; 3];
            let bytes = |file: u64, version: u64| -> Vec<u8> {
                (0..500_u64).map(|idx| (idx * 7 + file * 31 + version * 101) as u8).collect()
            };
            for file in 0..3 {
                net.files.put(format!("{file}"), bytes(file, 0));
            }
            let mut tabs = [open_with(&net, &disk, 4000), open_with(&net, &disk, 4000)];
            for act in acts {
                match act {
                    Act::Read { tab, file, start, n_bytes } => {
                        let version = versions[file as usize];
                        let location = Location::new(format!("{file}"));
                        let location = location.with_identity(format!("{version}"));
                        let range = start..start + n_bytes;
                        let got = tabs[tab].get_range(&location, range.clone()).await;
                        let right = &bytes(file, version)[range.start as usize..range.end as usize];
                        assert_eq!(got.unwrap(), right, "{location:?} {range:?}");
                    }
                    Act::Damage { file, at } => {
                        let names = disk.names();
                        if !names.is_empty() {
                            disk.damage(&names[file.index(names.len())], |bytes| {
                                let at = at.index(bytes.len());
                                bytes[at] ^= 1;
                            });
                        }
                    }
                    Act::Lose { file } => {
                        let names = disk.names();
                        if !names.is_empty() {
                            disk.remove(&names[file.index(names.len())]).await.unwrap();
                        }
                    }
                    Act::Replace { file } => {
                        versions[file as usize] += 1;
                        net.files.put(format!("{file}"), bytes(file, versions[file as usize]));
                    }
                    Act::Reopen { tab } => tabs[tab] = open_with(&net, &disk, 4000),
                    Act::Settle => {
                        tabs[0].0.shelf.settle().await;
                        tabs[1].0.shelf.settle().await;
                    }
                }
            }
        });
    }
}
