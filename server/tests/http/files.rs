//! Which files of the lake are there, and what a browser may keep.

use super::fixture::{PART, World, part_bytes};
use axum::http::Uri;
use protocol::ErrorCode;
use std::fs;

const LOG: &str = "/lake/gold/orders/_delta_log";
const IMMUTABLE: &str = "private, max-age=31536000, immutable";

#[tokio::test]
async fn files_come_whole_with_their_types() {
    let world = World::new();
    let cookie = world.cookie().await;
    let check = async |path: &str, bytes: &[u8], content_type: &str| {
        let answer = world.get(path, &[("cookie", &cookie)]).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.body, bytes, "{path}");
        assert_eq!(answer.header("content-type"), Some(content_type), "{path}");
        assert_eq!(answer.header("content-length"), Some(bytes.len().to_string().as_str()));
        assert_eq!(answer.header("accept-ranges"), Some("bytes"));
        assert!(answer.header("last-modified").unwrap().ends_with(" GMT"));
    };
    let parquet = "application/vnd.apache.parquet";
    check(PART, &part_bytes(), parquet).await;
    check("/lake/gold/orders/day=2024-01-01/part%201.parquet", b"a space", parquet).await;
    check("/lake/gold/orders/day%3d2024-01-01/part%201.parquet", b"a space", parquet).await;
    check("/lake/gold/orders/at=2024-01-01%252000/part-2.parquet", b"an escape", parquet).await;
    check("/lake/gold/empty.parquet", b"", parquet).await;
    check("/lake/within.parquet", &part_bytes(), parquet).await;
    check("/lake/_lakefront/catalog.json", b"{}", "application/json").await;
    check(&format!("{LOG}/_last_checkpoint"), b"{\"version\":0}", "application/octet-stream").await;
    // A query changes nothing: pages add one to get round a cache.
    check(&format!("{PART}?v=1"), &part_bytes(), parquet).await;
}

#[tokio::test]
async fn nothing_outside_or_hidden_is_there() {
    let world = World::new();
    let cookie = world.cookie().await;
    for path in [
        "/lake/",
        "/lake/gold",
        "/lake/gold/",
        "/lake/gold/orders/part-0.parquet/",
        "/lake/gold/orders/part-0.parquet/x",
        "/lake/gold/nowhere.parquet",
        "/lake//gold/plain.parquet",
        "/lake/gold//plain.parquet",
        "/lake/./gold/plain.parquet",
        "/lake/../secret.json",
        "/lake/gold/../../secret.json",
        "/lake/gold/../gold/plain.parquet",
        "/lake/%2e%2e/secret.json",
        "/lake/%2E%2E/secret.json",
        "/lake/.%2e/secret.json",
        "/lake/..%2fsecret.json",
        "/lake/gold%2fplain.parquet",
        "/lake/..%5csecret.json",
        "/lake/%252e%252e/secret.json",
        "/lake/%c0%ae%c0%ae/secret.json",
        "/lake/gold/plain.parquet%00",
        "/lake/gold/plain.parquet%00.json",
        "/lake/%ff",
        "/lake/%",
        "/lake/%zz",
        "/lake/outside.json",
        "/lake/above/secret.json",
        "/lake/above/lake/gold/plain.parquet/x",
        "/lake/to_hidden.json",
        "/lake/dangling.json",
        "/lake/socket.json",
        "/lake/.hidden/secret.json",
        "/lake/%2ehidden/secret.json",
        "/lake/gold/orders/.part-0.parquet.crc",
        "/lake/gold/orders/_SUCCESS",
        "/lake/.lakefront/users.json",
        "/lake/etc/passwd",
        "/lake//etc/passwd",
        "/lake/%2fetc/passwd",
        &format!("/lake/{}", "x".repeat(300)),
        &format!("/lake/{}x", "x/".repeat(3_000)),
    ] {
        let answer = world.get(path, &[("cookie", &cookie), ("range", "bytes=0-3")]).await;
        assert_eq!(answer.status, 404, "{path}");
        answer.is_refused(404, ErrorCode::NotFound);
        world.get(path, &[]).await.is_refused(401, ErrorCode::Unauthorized);
    }
    for path in ["/lake/a\\b", "/lake/a b", "/lake/a\0"] {
        assert!(
            Uri::try_from(path).is_err()
                || world.get(path, &[("cookie", &cookie)]).await.status == 404
        );
    }
    world.get("/lake", &[]).await.is_refused(404, ErrorCode::NotFound);
    world.ask("POST", PART, &[]).await.is_refused(405, ErrorCode::InvalidRequest);
    world.ask("PUT", PART, &[]).await.is_refused(405, ErrorCode::InvalidRequest);
}

#[tokio::test]
async fn what_is_written_once_is_kept_and_the_rest_is_not() {
    let world = World::new();
    let cookie = world.cookie().await;
    let check = async |path: &str, expected: &str| {
        for range in ["bytes=0-1", "rows=0-1"] {
            let answer = world.get(path, &[("cookie", &cookie), ("range", range)]).await;
            assert_eq!(answer.header("cache-control"), Some(expected), "{path}");
            assert_eq!(answer.header("vary"), Some("Cookie"), "{path}");
        }
    };
    check(PART, IMMUTABLE).await;
    check("/lake/gold/orders/day=2024-01-01/part%201.parquet", IMMUTABLE).await;
    check(&format!("{LOG}/00000000000000000000.json"), IMMUTABLE).await;
    check(&format!("{LOG}/00000000000000000000.checkpoint.parquet"), IMMUTABLE).await;
    check(&format!("{LOG}/_last_checkpoint"), "private, no-cache").await;
    check("/lake/_lakefront/catalog.json", "private, no-cache").await;
    check("/lake/gold/plain.parquet", "private, no-cache").await;
    // The log's tip: absent now, and perhaps there in a second.
    check(&format!("{LOG}/00000000000000000001.json"), "no-store").await;
    check("/lake/gold/orders/part-9.parquet", "no-store").await;
}

#[tokio::test]
async fn tags_answer_304_until_the_file_changes() {
    let world = World::new();
    let cookie = world.cookie().await;
    let path = "/lake/gold/plain.parquet";
    let first = world.get(path, &[("cookie", &cookie)]).await;
    let tag = first.header("etag").unwrap();
    assert!(tag.starts_with('"') && tag.ends_with('"'), "strong: {tag}");

    let held = world.get(path, &[("cookie", &cookie), ("if-none-match", tag)]).await;
    assert_eq!((held.status.as_u16(), held.body.len()), (304, 0));
    for name in ["etag", "cache-control", "vary", "last-modified"] {
        assert_eq!(held.header(name), first.header(name), "{name}");
    }
    // Someone else does not learn whether the file is still the same.
    world.get(path, &[("if-none-match", tag)]).await.is_refused(401, ErrorCode::Unauthorized);
    let wanted = world.get(path, &[("cookie", &cookie), ("if-match", tag)]).await;
    assert_eq!(wanted.status, 200);

    // As writers replace a file: same size, and the time can be the same as well.
    let (file, fresh) = (world.lake().join("gold/plain.parquet"), world.lake().join("gold/fresh"));
    let modified = fs::metadata(&file).unwrap().modified().unwrap();
    fs::write(&fresh, b"PLAIN").unwrap();
    fs::File::options().append(true).open(&fresh).unwrap().set_modified(modified).unwrap();
    fs::rename(&fresh, &file).unwrap();
    let changed = world.get(path, &[("cookie", &cookie), ("if-none-match", tag)]).await;
    assert_eq!((changed.status.as_u16(), changed.body.as_slice()), (200, &b"PLAIN"[..]));
    world
        .get(path, &[("cookie", &cookie), ("if-match", tag)])
        .await
        .is_refused(412, ErrorCode::InvalidRequest);
}

#[tokio::test]
async fn head_says_what_get_would() {
    let world = World::new();
    let cookie = world.cookie().await;
    let got = world.get(PART, &[("cookie", &cookie)]).await;
    let headers = [("cookie", cookie.as_str()), ("range", "bytes=0-1")];
    let head = world.ask("HEAD", PART, &headers).await;
    assert_eq!((head.status, &head.headers, head.body.len()), (got.status, &got.headers, 0));
}
