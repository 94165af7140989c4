//! Every hostility of a server ends in the error that names it, soon, and without the file.

use protocol::ErrorCode;
use std::time::{Duration, Instant};
use store::clock::PlatformClock;
use store::http::{HttpStore, PlatformTransport, Policy};
use store::{ByteStore, Location, Part, StoreError};
use test_support::hostile::{Behaviour, Hostile};

/// Larger than any buffer of a system.
const FILE_BYTES: u64 = 48 << 20;

/// What the buffers of two sockets may take in before a server notices that nobody reads.
const BUFFERED_BYTES: u64 = 12 << 20;

fn impatient() -> Policy {
    Policy {
        n_attempts: 3,
        first_wait: Duration::from_millis(5),
        longest_wait: Duration::from_millis(20),
        stall: Duration::from_millis(500),
        total: Duration::from_millis(3000),
        slowest_bytes_per_s: 4096,
    }
}

fn store(server: &Hostile) -> HttpStore {
    let transport = std::sync::Arc::new(PlatformTransport::default());
    let clock = std::sync::Arc::new(PlatformClock::default());
    HttpStore::over(format!("{}/", server.origin()), transport, clock).with_policy(impatient())
}

fn server() -> std::io::Result<Hostile> {
    let server = Hostile::start()?;
    let bytes: Vec<u8> = (0..FILE_BYTES).map(|idx| (idx % 251) as u8).collect();
    server.put("/large", bytes);
    server.put("/small", vec![5; 1000]);
    Ok(server)
}

/// `expected` is a part of the error's text, or `bytes` when it must go well.
async fn check(server: &Hostile, behaviours: &[Behaviour], expected: &str, n_requests: usize) {
    server.behave("/large", behaviours.to_vec());
    server.forget();
    let (store, started) = (store(server), Instant::now());
    let got = store.read(&Location::new("large"), Part::Range(1000..201_000)).await;
    let (elapsed, said) = (
        started.elapsed(),
        match &got {
            Ok(content) => {
                let right = (1000..201_000_u64).map(|idx| (idx % 251) as u8);
                assert!(content.bytes.iter().copied().eq(right), "{behaviours:?}: other bytes");
                "bytes".to_owned()
            }
            Err(error) => error.to_string(),
        },
    );
    assert!(said.contains(expected), "{behaviours:?}: {said:?} lacks {expected:?}");
    assert!(elapsed < Duration::from_secs(8), "{behaviours:?}: took {elapsed:?}");
    let asked = server.asked();
    assert_eq!(asked.len(), n_requests, "{behaviours:?}: {asked:?}");
    assert!(asked.iter().all(|asked| asked.method == "GET" && asked.range.is_some()), "{asked:?}");
    // Whatever is on its way still arrives; after that nothing may move.
    drop(got);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let sent = server.n_sent_bytes();
    assert!(sent < BUFFERED_BYTES, "{behaviours:?}: {sent} bytes were sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_hostility_has_its_name() {
    use Behaviour::*;
    let server = server().unwrap();
    let check = async |behaviours: &[Behaviour], expected: &str, n_requests: usize| {
        check(&server, behaviours, expected, n_requests).await;
    };
    check(&[Right], "bytes", 1).await;
    check(&[NoRanges], "answered 200 to a range", 1).await;
    check(&[NoRangesChunked], "answered 200 to a range", 1).await;
    check(&[ContentRange("bytes 0-199999/50331648")], "Content-Range: bytes 0-199999", 1).await;
    check(&[ContentRange("elephants")], "elephants cannot be read", 1).await;
    check(&[NoContentRange], "without Content-Range", 1).await;
    check(&[Gzip], "Content-Encoding: gzip", 1).await;
    check(&[Multipart], "multipart/byteranges", 1).await;
    check(&[Endless], "more bytes came", 1).await;
    check(&[Truncated(5000)], "broke off after", 3).await;
    check(&[Truncated(5000), Right], "bytes", 2).await;
    check(&[Stalled(5000)], "sent nothing more for 0.5 s", 3).await;
    check(&[Stalled(5000), Right], "bytes", 2).await;
    check(&[Silent], "did not answer for 0.5 s", 3).await;
    check(&[Dribbled(20)], "too slowly", 1).await;
    check(&[Reset], "cannot be reached", 3).await;
    check(&[Reset, Right], "bytes", 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_status_has_its_name() {
    use Behaviour::*;
    let server = server().unwrap();
    let check = async |behaviours: &[Behaviour], expected: &str, n_requests: usize| {
        check(&server, behaviours, expected, n_requests).await;
    };
    check(&[Status(401, "")], "logged in", 1).await;
    check(&[Status(403, "")], "status 403", 1).await;
    check(&[Status(404, "")], "is not there", 1).await;
    check(&[Status(410, "")], "is not there", 1).await;
    check(&[Status(416, "")], "status 416", 1).await;
    check(&[Status(304, "")], "answered 304", 1).await;
    for status in [429, 500, 502, 503, 504] {
        check(&[Status(status, "")], &format!("answered {status} (asked 3 times)"), 3).await;
        check(&[Status(status, "0"), Right], "bytes", 2).await;
        check(&[Status(status, "3600")], "asks to wait 3600 s", 1).await;
    }
    check(&[Status(503, "Sun, 06 Nov 1994 08:49:37 GMT"), Right], "bytes", 2).await;
    check(&[Status(503, "Sat, 06 Nov 2094 08:49:37 GMT")], "asks to wait", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_tag_is_named_and_the_file_then_read_anew() {
    let server = server().unwrap();
    let (store, large) = (store(&server), Location::new("large"));
    store.get_range(&large, 0..100).await.unwrap();
    server.tag("/large", Some("\"other\""));
    let error = store.get_range(&large, 100..200).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::Changed, "{error}");
    store.get_range(&large, 100..200).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_file_is_bounded_before_and_while_it_comes() {
    use Behaviour::*;
    let server = server().unwrap();
    for behaviour in [Right, NoRangesChunked, Endless] {
        server.behave("/large", [behaviour.clone()]);
        server.forget();
        let read = store(&server).read(&Location::new("large"), Part::Whole { max_bytes: 1 << 20 });
        let error = read.await.unwrap_err();
        assert!(matches!(error, StoreError::TooLarge { .. }), "{behaviour:?}: {error}");
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(server.n_sent_bytes() < BUFFERED_BYTES, "{behaviour:?}: {}", server.n_sent_bytes());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_ranges_may_still_serve_what_is_read_whole() {
    let server = server().unwrap();
    server.behave("/small", [Behaviour::NoRanges]);
    let (store, small) = (store(&server), Location::new("small"));
    assert_eq!(store.get_range(&small, 0..1000).await.unwrap().len(), 1000);
    let error = store.get_range(&small, 0..999).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::NoRanges);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_gives_up_ends_the_download() {
    let server = server().unwrap();
    server.behave("/large", [Behaviour::Dribbled(1)]);
    let store = store(&server);
    let read = store.get_range(&Location::new("large"), 0..FILE_BYTES);
    assert!(tokio::time::timeout(Duration::from_millis(100), read).await.is_err());
    tokio::time::sleep(Duration::from_millis(100)).await;
    let sent = server.n_sent_bytes();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(server.n_sent_bytes(), sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_listens() {
    let origin = Hostile::start().unwrap().origin();
    // The port is free again when the server is gone.
    let store = HttpStore::new(origin).with_policy(impatient());
    let error = store.get(&Location::new("a")).await.unwrap_err();
    assert!(matches!(error, StoreError::Away { .. }), "{error}");
}
