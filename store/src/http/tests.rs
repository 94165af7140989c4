//! The client over scripted answers and a clock that nobody waits for.

use super::transport::{Head, Request, Response, Transport, TransportError};
use super::{HttpStore, Policy};
use crate::clock::Clock;
use crate::{ByteStore, FileFacts, Location, Part, StoreError};
use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt, pending, ready};
use futures::stream::{self, StreamExt};
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Time that passes only where somebody sleeps; each sleep is over at once.
#[derive(Debug, Default)]
struct Leap(Mutex<Vec<Duration>>);

impl Clock for Leap {
    fn elapsed(&self) -> Duration {
        self.0.lock().unwrap().iter().sum()
    }

    fn utc_s(&self) -> i64 {
        0
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        // A timeout is longer than any wait of the policy under test, and nobody reaches it but in
        // the cases of stalls, where it is the only thing that ever happens.
        let is_timeout = duration >= Policy::default().stall;
        if is_timeout {
            return ready(()).boxed();
        }
        self.0.lock().unwrap().push(duration);
        ready(()).boxed()
    }

    fn random(&self) -> f64 {
        1.0
    }
}

/// One scripted answer.
enum Say {
    Answer(Head, Vec<Result<&'static str, TransportError>>),
    /// The body goes on for ever.
    Endless(Head),
    /// The head comes, the body does not.
    Stall(Head),
    Silence,
    Fail(TransportError),
}

#[derive(Debug, Default)]
struct Script {
    answers: Mutex<VecDeque<Say>>,
    requests: Mutex<Vec<Option<Range<u64>>>>,
}

impl std::fmt::Debug for Say {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Say")
    }
}

impl Transport for Script {
    fn send(&self, request: Request) -> BoxFuture<'static, Result<Response, TransportError>> {
        self.requests.lock().unwrap().push(request.range);
        let say = self.answers.lock().unwrap().pop_front().expect("a request too many");
        let answer = |head, body| ready(Ok(Response { head, body })).boxed();
        match say {
            Say::Answer(head, chunks) => {
                let chunks = chunks.into_iter().map(|chunk| chunk.map(Bytes::from));
                answer(head, stream::iter(chunks.collect::<Vec<_>>()).boxed())
            }
            Say::Endless(head) => {
                answer(head, stream::repeat(Ok(Bytes::from_static(&[7; 1024]))).boxed())
            }
            Say::Stall(head) => answer(head, stream::pending().boxed()),
            Say::Silence => pending().boxed(),
            Say::Fail(error) => ready(Err(error)).boxed(),
        }
    }
}

struct Bench {
    script: Arc<Script>,
    clock: Arc<Leap>,
    store: HttpStore,
}

fn bench(says: Vec<Say>) -> Bench {
    let (script, clock) = (Arc::new(Script::default()), Arc::new(Leap::default()));
    script.answers.lock().unwrap().extend(says);
    let store = HttpStore::over("http://h/", script.clone(), clock.clone());
    Bench { script, clock, store }
}

impl Bench {
    fn read(&self, part: Part) -> Result<Bytes, StoreError> {
        let read = self.store.read(&Location::new("a"), part);
        futures::executor::block_on(read).map(|content| content.bytes)
    }

    fn facts(&self) -> Result<FileFacts, StoreError> {
        futures::executor::block_on(self.store.facts(&Location::new("a")))
    }

    fn requests(&self) -> Vec<Option<Range<u64>>> {
        self.script.requests.lock().unwrap().clone()
    }

    fn waits_ms(&self) -> Vec<u128> {
        self.clock.0.lock().unwrap().iter().map(Duration::as_millis).collect()
    }
}

fn part(first: u64, last: u64, etag: &str) -> Head {
    let head = Head::new(206).with("content-range", format!("bytes {first}-{last}/10"));
    if etag.is_empty() { head } else { head.with("etag", etag) }
}

fn answer(head: Head, body: &'static str) -> Say {
    Say::Answer(head, vec![Ok(body)])
}

fn break_off(head: Head, body: &'static str) -> Say {
    let reason = "reset".to_owned();
    Say::Answer(head, vec![Ok(body), Err(TransportError::Broken { reason })])
}

fn away() -> Say {
    Say::Fail(TransportError::Away { reason: "no route".to_owned() })
}

/// `expected` is the bytes, or a part of the error's text.
fn check(asked: Part, says: Vec<Say>, expected: &str, n_requests: usize) -> Bench {
    let bench = bench(says);
    let said = match bench.read(asked) {
        Ok(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        Err(error) => error.to_string(),
    };
    assert!(said.contains(expected), "{said:?} lacks {expected:?}");
    assert_eq!(bench.requests().len(), n_requests, "{said}");
    bench
}

#[test]
fn what_may_pass_is_asked_again_and_what_may_not_is_not() {
    let asked = || Part::Range(2..6);
    check(asked(), vec![answer(part(2, 5, ""), "cdef")], "cdef", 1);
    check(asked(), vec![answer(Head::new(503), ""), answer(part(2, 5, ""), "cdef")], "cdef", 2);
    check(asked(), vec![away(), answer(part(2, 5, ""), "cdef")], "cdef", 2);
    check(asked(), vec![Say::Silence, answer(part(2, 5, ""), "cdef")], "cdef", 2);
    for status in [401, 403, 404, 410, 416, 400] {
        check(asked(), vec![answer(Head::new(status), "")], "", 1);
    }
    check(asked(), vec![away(), away(), away(), away()], "no route (asked 4 times)", 4);
    let busy = || answer(Head::new(429), "");
    check(asked(), vec![busy(), busy(), busy(), busy()], "answered 429 (asked 4 times)", 4);
    let encoded = TransportError::Encoded { encoding: "gzip".into() };
    check(asked(), vec![Say::Fail(encoded)], "Content-Encoding: gzip", 1);
    let whole = vec![answer(part(0, 9, ""), "abc"), answer(Head::new(200), "abc")];
    check(Part::Whole { max_bytes: 9 }, whole, "abc", 2);
    let blocked = TransportError::Blocked { origin: "http://p".into(), reason: "no".into() };
    check(asked(), vec![Say::Fail(blocked)], "Access-Control-Allow-Origin: http://p", 1);
}

#[test]
fn waits_grow_and_the_server_may_ask_for_longer_ones() {
    let asked = || Part::Range(2..6);
    let busy = || answer(Head::new(500), "");
    let failed = check(asked(), vec![busy(), busy(), busy(), busy()], "answered 500", 4);
    assert_eq!(failed.waits_ms(), [300, 600, 1200]);
    let later = |s: &str| answer(Head::new(503).with("retry-after", s), "");
    let waited = check(asked(), vec![later("7"), answer(part(2, 5, ""), "cdef")], "cdef", 2);
    assert_eq!(waited.waits_ms(), [7300]);
    check(asked(), vec![later("3600")], "answered 503 (it asks to wait 3600 s)", 1);
    let at = "Thu, 01 Jan 1970 00:00:05 GMT";
    let waited = check(asked(), vec![later(at), answer(part(2, 5, ""), "cdef")], "cdef", 2);
    assert_eq!(waited.waits_ms(), [5300]);
}

#[test]
fn a_body_that_breaks_off_is_gone_on_with_if_a_change_would_show() {
    let asked = || Part::Range(2..6);
    let gone_on = vec![break_off(part(2, 5, "x"), "cd"), answer(part(4, 5, "x"), "ef")];
    let bench = check(asked(), gone_on, "cdef", 2);
    assert_eq!(bench.requests(), [Some(2..6), Some(4..6)]);
    let short = vec![answer(part(2, 5, "x"), "cd"), answer(part(4, 5, "x"), "ef")];
    check(asked(), short, "cdef", 2);
    let again = vec![break_off(part(2, 5, ""), "cd"), answer(part(2, 5, ""), "cdef")];
    let bench = check(asked(), again, "cdef", 2);
    assert_eq!(bench.requests(), [Some(2..6), Some(2..6)]);
    let changed = vec![break_off(part(2, 5, "x"), "cd"), answer(part(4, 5, "y"), "EF")];
    check(asked(), changed, "was changed while it was read: its ETag was x and is y", 2);
    let short = || answer(part(2, 5, ""), "cd");
    check(asked(), vec![short(), short(), short(), short()], "ended after 2 of 4 bytes", 4);
    let stall = || Say::Stall(part(2, 5, ""));
    check(asked(), vec![stall(), stall(), stall(), stall()], "sent nothing more for 15 s", 4);
}

#[test]
fn no_body_is_read_beyond_what_was_asked() {
    check(Part::Range(2..6), vec![Say::Endless(part(2, 5, ""))], "more bytes came", 1);
    check(Part::Range(2..6), vec![Say::Endless(Head::new(200))], "answered 200 to a range", 1);
    let whole = || Part::Whole { max_bytes: 5000 };
    check(whole(), vec![Say::Endless(Head::new(200))], "longer than the 5000 bytes", 1);
    let large = Head::new(200).with("content-length", "5001");
    check(whole(), vec![Say::Endless(large)], "longer than the 5000 bytes", 1);
    let announced = Head::new(200).with("content-length", "3");
    check(whole(), vec![Say::Endless(announced)], "than the server announced", 1);
    check(whole(), vec![answer(Head::new(200), "abc")], "abc", 1);
}

#[test]
fn a_file_that_changes_between_two_reads_is_named_and_then_read_anew() {
    let bench = bench(vec![
        answer(part(0, 1, "x"), "ab"),
        answer(part(2, 3, "W/x"), "cd"),
        answer(part(4, 5, "y"), "EF"),
        answer(part(0, 1, "y"), "AB"),
        answer(part(2, 3, "y"), "CD"),
    ]);
    let read = |first: u64| bench.read(Part::Range(first..first + 2));
    assert_eq!(read(0).unwrap(), "ab");
    assert_eq!(read(2).unwrap(), "cd");
    assert!(matches!(read(4), Err(StoreError::Changed { .. })));
    assert_eq!(read(0).unwrap(), "AB");
    assert_eq!(read(2).unwrap(), "CD");
}

#[test]
fn facts_are_the_newest_and_an_empty_file_has_them_too() {
    let day = "Sun, 06 Nov 1994 08:49:37 GMT";
    let bench = bench(vec![
        answer(part(0, 0, "x").with("last-modified", day), "a"),
        answer(part(0, 0, "y"), "a"),
        answer(Head::new(416).with("content-range", "bytes */0"), ""),
        answer(Head::new(206).exposed(), "a"),
    ]);
    let facts = bench.facts().unwrap();
    assert_eq!((facts.size_bytes, facts.modified_us), (10, Some(784_111_777_000_000)));
    assert_eq!(bench.facts().unwrap().etag.as_deref(), Some("y"));
    assert_eq!(bench.facts().unwrap().size_bytes, 0);
    assert!(bench.facts().unwrap_err().to_string().contains("hides Content-Range"));
}

#[test]
fn a_signature_goes_with_each_request_and_into_no_message() {
    #[derive(Debug, Default)]
    struct Refuse(Mutex<Vec<String>>);
    impl Transport for Refuse {
        fn send(&self, request: Request) -> BoxFuture<'static, Result<Response, TransportError>> {
            self.0.lock().unwrap().push(request.url);
            ready(Ok(Response { head: Head::new(400), body: stream::empty().boxed() })).boxed()
        }
    }
    let check = |root: &str, path: &str, url: &str| {
        let refuse = Arc::new(Refuse::default());
        let store = HttpStore::over(root, refuse.clone(), Arc::new(Leap::default()));
        let got = futures::executor::block_on(store.get(&Location::new(path)));
        let error = got.unwrap_err();
        assert!(!format!("{error} {error:?} {store:?}").contains("sig"), "{error:?}");
        assert_eq!(*refuse.0.lock().unwrap(), [url]);
    };
    check("http://h/l/", "a b/c", "http://h/l/a%20b/c");
    check("http://h/l/?sig=1", "c", "http://h/l/c?sig=1");
    check("http://h/l", "http://k/c?sig=2", "http://k/c?sig=2");
    check("/lake/", "c?d", "/lake/c%3Fd");
}
