//! The cache over a file that knows what was asked of it.

use super::*;
use crate::FileFacts;

/// A file whose byte at `i` is `i % 251`, and a list of the requests that came.
#[derive(Debug, Default)]
struct Pattern {
    requests: Mutex<Vec<Range<u64>>>,
}

impl ByteStore for Pattern {
    fn get(&self, location: &Location) -> BoxFuture<'static, Result<Bytes, StoreError>> {
        let location = location.clone();
        async move { Err(StoreError::Absent { location }) }.boxed()
    }

    fn get_range(
        &self,
        _: &Location,
        range: Range<u64>,
    ) -> BoxFuture<'static, Result<Bytes, StoreError>> {
        self.requests.lock().unwrap().push(range.clone());
        async move { Ok(range.map(|i| (i % 251) as u8).collect()) }.boxed()
    }

    fn facts(&self, location: &Location) -> BoxFuture<'static, Result<FileFacts, StoreError>> {
        let location = location.clone();
        async move { Err(StoreError::Absent { location }) }.boxed()
    }
}

fn check(capacity_bytes: u64, asks: &[&[Range<u64>]], requests: &[Range<u64>]) {
    let pattern = Arc::new(Pattern::default());
    let store = Arc::new(CachedStore::new(pattern.clone(), capacity_bytes));
    for ranges in asks {
        let meter = Meter::default();
        let got =
            futures::executor::block_on(store.get_ranges(&Location::new("a"), ranges, &meter));
        for (range, bytes) in ranges.iter().zip(got.unwrap()) {
            let expected: Vec<u8> = range.clone().map(|i| (i % 251) as u8).collect();
            assert_eq!(bytes, expected, "{range:?}");
        }
    }
    assert_eq!(*pattern.requests.lock().unwrap(), requests);
}

#[test]
fn near_ranges_are_one_request_and_far_ones_two() {
    let kib = 1024;
    check(1 << 20, &[&[0..10, 20..30]], &[0..30]);
    check(1 << 20, &[&[20..30, 0..10]], &[0..30]);
    check(1 << 20, &[&[0..10, 200 * kib..201 * kib]], &[0..10, 200 * kib..201 * kib]);
    check(1 << 20, &[&[0..10, 5..15, 15..15]], &[0..15]);
}

#[test]
fn held_bytes_are_not_asked_for_again() {
    check(1 << 20, &[&[0..100], &[10..20], &[0..100]], &[0..100]);
    check(1 << 20, &[&[0..100], &[50..150]], &[0..100, 100..150]);
    check(1 << 20, &[&[0..100], &[50..150], &[20..140]], &[0..100, 100..150]);
    check(1 << 20, &[&[50..60], &[0..100]], &[50..60, 0..50, 60..100]);
    check(1 << 20, &[&[50..60], &[40..45, 70..80]], &[50..60, 40..45, 70..80]);
}

#[test]
fn the_least_recently_used_goes_first() {
    check(
        20,
        &[&[0..10], &[300_000..300_010], &[0..10], &[600_000..600_010], &[0..10]],
        &[0..10, 300_000..300_010, 600_000..600_010],
    );
    check(5, &[&[0..10], &[0..10]], &[0..10, 0..10]);
}

#[test]
fn two_who_need_the_same_bytes_wait_for_one_request() {
    let pattern = Arc::new(Pattern::default());
    let store = Arc::new(CachedStore::new(pattern.clone(), 1 << 20));
    let (location, meter) = (Location::new("a"), Meter::default());
    let ranges = [0..10_u64];
    let both = futures::future::join(
        store.get_ranges(&location, &ranges, &meter),
        store.get_ranges(&location, &ranges, &meter),
    );
    let (a, b) = futures::executor::block_on(both);
    assert_eq!(a.unwrap(), b.unwrap());
    assert_eq!((pattern.requests.lock().unwrap().len(), meter.n_requests()), (1, 1));
}

fn read(store: &CachedStore, range: Range<u64>) -> BoxFuture<'static, Result<Bytes, StoreError>> {
    store.get_range(&Location::new("a"), range)
}

#[test]
fn who_gives_up_does_not_end_what_another_waits_for() {
    let slow = Arc::new(Slow::default());
    let store = CachedStore::new(slow.clone(), 1 << 20);
    let (mut first, mut second) = (read(&store, 0..10), read(&store, 5..20));
    assert!((&mut first).now_or_never().is_none());
    assert!((&mut second).now_or_never().is_none());
    drop(first);
    assert_eq!(slow.asked(), [0..10, 10..20]);
    slow.answer_all();
    assert_eq!(second.now_or_never().unwrap().unwrap().len(), 15);
    // Both have come, though he who asked for the first has gone.
    assert_eq!(read(&store, 0..20).now_or_never().unwrap().unwrap().len(), 20);
    assert_eq!(slow.asked().len(), 2);
}

#[test]
fn what_nobody_waits_for_is_given_up_and_asked_for_anew() {
    let slow = Arc::new(Slow::default());
    let store = CachedStore::new(slow.clone(), 1 << 20);
    let mut first = read(&store, 0..10);
    assert!((&mut first).now_or_never().is_none());
    drop(first);
    let mut second = read(&store, 0..10);
    assert!((&mut second).now_or_never().is_none());
    assert_eq!(slow.asked(), [0..10, 0..10]);
    slow.answer_all();
    assert!(second.now_or_never().unwrap().is_ok());
}

#[test]
fn a_changed_file_is_dropped_and_never_mixed() {
    let memory = Arc::new(Slow::default());
    let store = CachedStore::new(memory.clone(), 1 << 20);
    memory.answer_all();
    assert!(read(&store, 0..10).now_or_never().unwrap().is_ok());
    // One read holds old bytes and waits for others while another one learns of the change.
    memory.hold();
    let mut mixed = read(&store, 5..15);
    assert!((&mut mixed).now_or_never().is_none());
    memory.change();
    let changed = read(&store, 20..30).now_or_never().unwrap();
    assert!(matches!(changed, Err(StoreError::Changed { .. })));
    memory.answer_all();
    assert!(matches!(mixed.now_or_never().unwrap(), Err(StoreError::Changed { .. })));
    assert_eq!(store.size_bytes(), 0);
    assert!(read(&store, 0..10).now_or_never().unwrap().is_ok());
}

#[test]
fn a_budget_is_shared_and_given_back() {
    let memory = Arc::new(Slow::default());
    memory.answer_all();
    let budget = Budget::new(100);
    let [a, b] = [0, 1].map(|_| CachedStore::within(memory.clone(), Arc::clone(&budget)));
    let read = |store: &CachedStore, range| read(store, range).now_or_never().unwrap().unwrap();
    read(&a, 0..60);
    read(&b, 0..30);
    assert_eq!(budget.used_bytes(), 90);
    read(&b, 100..120);
    assert_eq!((a.size_bytes(), b.size_bytes()), (60, 20));
    assert_eq!(budget.shrink(1), 60);
    assert_eq!(budget.shrink(100), 20);
    assert_eq!(budget.used_bytes(), 0);
    read(&a, 0..60);
    budget.resize(10);
    assert_eq!((budget.used_bytes(), a.size_bytes()), (0, 0));
    budget.resize(100);
    read(&a, 0..60);
    drop(a);
    assert_eq!(budget.used_bytes(), 0);
}

/// A file of the same pattern that answers when it is told to.
#[derive(Debug, Default)]
struct Slow {
    asked: Mutex<Vec<Range<u64>>>,
    state: Arc<Mutex<(Mode, Vec<std::task::Waker>)>>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq)]
enum Mode {
    #[default]
    Hold,
    Answer,
    Change,
}

impl Slow {
    fn asked(&self) -> Vec<Range<u64>> {
        self.asked.lock().unwrap().clone()
    }

    fn set(&self, mode: Mode) {
        let mut state = self.state.lock().unwrap();
        state.0 = mode;
        state.1.drain(..).for_each(std::task::Waker::wake);
    }

    fn hold(&self) {
        self.set(Mode::Hold);
    }

    fn answer_all(&self) {
        self.set(Mode::Answer);
    }

    fn change(&self) {
        self.set(Mode::Change);
    }
}

impl ByteStore for Slow {
    fn get(&self, location: &Location) -> BoxFuture<'static, Result<Bytes, StoreError>> {
        self.get_range(location, 0..100)
    }

    fn get_range(
        &self,
        location: &Location,
        range: Range<u64>,
    ) -> BoxFuture<'static, Result<Bytes, StoreError>> {
        self.asked.lock().unwrap().push(range.clone());
        let (state, location) = (Arc::clone(&self.state), location.clone());
        futures::future::poll_fn(move |context| {
            let mut state = state.lock().unwrap();
            match state.0 {
                Mode::Hold => {
                    state.1.push(context.waker().clone());
                    std::task::Poll::Pending
                }
                Mode::Answer => {
                    std::task::Poll::Ready(Ok(range.clone().map(|i| (i % 251) as u8).collect()))
                }
                Mode::Change => std::task::Poll::Ready(Err(StoreError::Changed {
                    location: location.clone(),
                    reason: "told".to_owned(),
                })),
            }
        })
        .boxed()
    }

    fn facts(&self, location: &Location) -> BoxFuture<'static, Result<FileFacts, StoreError>> {
        let location = location.clone();
        async move { Err(StoreError::Absent { location }) }.boxed()
    }
}
