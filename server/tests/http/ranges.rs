//! Parts of files.

use super::fixture::{PART, World, part_bytes};
use protocol::ErrorCode;

#[tokio::test]
async fn one_range_gives_exactly_its_bytes() {
    let world = World::new();
    let cookie = world.cookie().await;
    let check = async |range: &str, expected: std::ops::Range<usize>| {
        let answer = world.get(PART, &[("cookie", &cookie), ("range", range)]).await;
        assert_eq!(answer.status, 206, "{range}");
        assert_eq!(answer.body, part_bytes()[expected.clone()], "{range}");
        let content_range = format!("bytes {}-{}/1000", expected.start, expected.end - 1);
        assert_eq!(answer.header("content-range"), Some(content_range.as_str()), "{range}");
        let length = expected.len().to_string();
        assert_eq!(answer.header("content-length"), Some(length.as_str()), "{range}");
        assert_eq!(answer.header("content-type"), Some("application/vnd.apache.parquet"));
        assert!(answer.header("etag").is_some());
    };
    check("bytes=0-0", 0..1).await;
    check("bytes=0-999", 0..1000).await;
    check("bytes=0-", 0..1000).await;
    check("bytes=10-19", 10..20).await;
    check("bytes=990-", 990..1000).await;
    check("bytes=990-5000", 990..1000).await;
    check("bytes=999-999", 999..1000).await;
    check("bytes=-8", 992..1000).await;
    check("bytes=-5000", 0..1000).await;
}

#[tokio::test]
async fn what_cannot_be_satisfied_says_how_long_the_file_is() {
    let world = World::new();
    let cookie = world.cookie().await;
    let check = async |path: &str, range: &str, size_bytes: u64| {
        let answer = world.get(path, &[("cookie", &cookie), ("range", range)]).await;
        answer.is_refused(416, ErrorCode::InvalidRequest);
        let content_range = format!("bytes */{size_bytes}");
        assert_eq!(answer.header("content-range"), Some(content_range.as_str()), "{range}");
    };
    for range in ["bytes=1000-", "bytes=1000-1001", "bytes=-0", "bytes=9-3", "bytes=x", "bytes="] {
        check(PART, range, 1000).await;
    }
    check(PART, "bytes=0-1,5-6", 1000).await;
    check("/lake/gold/empty.parquet", "bytes=0-", 0).await;
    check("/lake/gold/empty.parquet", "bytes=-8", 0).await;
}

#[tokio::test]
async fn a_range_of_another_version_gives_the_whole_file() {
    let world = World::new();
    let cookie = world.cookie().await;
    let tag = world.get(PART, &[("cookie", &cookie)]).await.header("etag").unwrap().to_owned();
    let check = async |if_range: &str, status: u16| {
        let headers = [("cookie", cookie.as_str()), ("range", "bytes=0-9"), ("if-range", if_range)];
        let answer = world.get(PART, &headers).await;
        assert_eq!(answer.status, status, "{if_range}");
        assert_eq!(answer.body.len(), if status == 206 { 10 } else { 1000 }, "{if_range}");
    };
    check(&tag, 206).await;
    check("\"another\"", 200).await;
    check(&format!("W/{tag}"), 200).await;
    check("Mon, 01 Jan 2024 00:00:00 GMT", 200).await;
    // Another unit is none of ours.
    let answer = world.get(PART, &[("cookie", &cookie), ("range", "rows=0-9")]).await;
    assert_eq!((answer.status.as_u16(), answer.body.len()), (200, 1000));
}

#[tokio::test]
async fn large_files_are_streamed_right() {
    let world = World::new();
    let cookie = world.cookie().await;
    let bytes: Vec<u8> = (0..1_000_003_u32).map(|place| (place % 249) as u8).collect();
    std::fs::write(world.lake().join("gold/large.parquet"), &bytes).unwrap();
    let path = "/lake/gold/large.parquet";
    assert_eq!(world.get(path, &[("cookie", &cookie)]).await.body, bytes);
    let answer = world.get(path, &[("cookie", &cookie), ("range", "bytes=70001-600000")]).await;
    assert_eq!(answer.body, bytes[70_001..600_001]);
}
