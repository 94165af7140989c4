//! The page's files, and the headers of everything.

use super::fixture::{Answer, PART, World};
use protocol::ErrorCode;
use server::page::{Asset, Encoding, Page};
use std::io::Write;
use std::sync::LazyLock;

const SCRIPT: &str = "/assets/page-1f2e3d.js";
const ENGINE: &str = "/assets/engine-4c5b6a.wasm";

/// A script in the root may answer for every path, and is asked for anew at each visit.
const KEEPER: &str = "/service-worker.js";

/// Compresses well, and is longer than any buffer on the way.
fn engine_bytes() -> Vec<u8> {
    (0..300_000_u32).map(|place| (place / 1000) as u8).collect()
}

fn page() -> Page {
    static ASSETS: LazyLock<[Asset; 5]> = LazyLock::new(|| {
        let mut packed = Vec::new();
        let mut writer = brotli::CompressorWriter::new(&mut packed, 4096, 5, 22);
        writer.write_all(&engine_bytes()).unwrap();
        drop(writer);
        let asset = |path, content_type, encoding, bytes, sha256| Asset {
            path,
            content_type,
            encoding,
            bytes,
            sha256,
        };
        let plain = Encoding::Identity;
        [
            asset("/index.html", "text/html; charset=utf-8", plain, b"<!doctype html>", "aa"),
            asset(SCRIPT, "text/javascript; charset=utf-8", plain, b"let a;", "bb"),
            asset(ENGINE, "application/wasm", Encoding::Brotli, packed.leak(), "cc"),
            asset("/favicon.svg", "image/svg+xml", plain, b"<svg/>", "dd"),
            asset(KEEPER, "text/javascript; charset=utf-8", plain, b"let b;", "ee"),
        ]
    });
    Page::new(&*ASSETS)
}

fn world() -> World {
    World::with(|config| config.page = page())
}

fn check(answer: &Answer, content_type: &str, cache_control: &str) {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some(content_type));
    assert_eq!(answer.header("cache-control"), Some(cache_control));
}

#[tokio::test]
async fn the_page_needs_no_session() {
    let world = world();
    for path in ["/admin", "/admin/", "/admin/orders", "/admin/a/b?from=2024-01-01"] {
        let answer = world.get(path, &[]).await;
        check(&answer, "text/html; charset=utf-8", "no-cache");
        assert_eq!(
            (answer.header("etag"), &answer.body[..]),
            (Some("\"aa\""), &b"<!doctype html>"[..])
        );
        let held = world.get(path, &[("if-none-match", "\"aa\"")]).await;
        assert_eq!((held.status.as_u16(), held.body.len()), (304, 0));
    }
    check(&world.get("/favicon.svg", &[]).await, "image/svg+xml", "no-cache");
    check(&world.get(KEEPER, &[]).await, "text/javascript; charset=utf-8", "no-cache");
    let home = world.get("/", &[]).await;
    assert_eq!((home.status.as_u16(), home.header("location")), (307, Some("/admin")));
    for path in ["/assets/", "/assets/other.js", "/assets/../index.html", "/robots.txt", "/api/x"] {
        world.get(path, &[]).await.is_refused(404, ErrorCode::NotFound);
    }
    world.ask("POST", SCRIPT, &[]).await.is_refused(405, ErrorCode::InvalidRequest);
    world.ask("DELETE", "/admin", &[]).await.is_refused(405, ErrorCode::InvalidRequest);
}

#[tokio::test]
async fn hashed_files_are_kept_for_good() {
    let world = world();
    let immutable = "public, max-age=31536000, immutable";
    let answer = world.get(SCRIPT, &[("accept-encoding", "br")]).await;
    check(&answer, "text/javascript; charset=utf-8", immutable);
    assert_eq!(answer.header("content-encoding"), None, "it is stored as it is");

    let packed = world.get(ENGINE, &[("accept-encoding", "gzip, deflate, br, zstd")]).await;
    check(&packed, "application/wasm", immutable);
    assert_eq!(packed.header("content-encoding"), Some("br"));
    assert_eq!(packed.header("vary"), Some("Accept-Encoding"));
    let length = packed.body.len().to_string();
    assert_eq!(packed.header("content-length"), Some(length.as_str()));
    assert!(packed.body.len() < engine_bytes().len() / 4);
    let held = [("accept-encoding", "br"), ("if-none-match", packed.header("etag").unwrap())];
    assert_eq!(world.get(ENGINE, &held).await.status, 304);

    let plain = world.get(ENGINE, &[]).await;
    check(&plain, "application/wasm", immutable);
    assert_eq!(plain.header("content-encoding"), None);
    assert_eq!(plain.header("vary"), Some("Accept-Encoding"));
    assert_ne!(plain.header("etag"), packed.header("etag"));
    assert!(plain.body == engine_bytes());
    let head = world.ask("HEAD", ENGINE, &[]).await;
    assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
}

#[tokio::test]
async fn a_binary_without_the_page_says_so() {
    let world = World::new();
    let answer = world.get("/admin", &[]).await;
    assert_eq!(answer.status, 503);
    assert!(String::from_utf8(answer.body).unwrap().contains("built without the page"));
}

#[tokio::test]
async fn every_answer_carries_the_headers() {
    let world = world();
    let cookie = world.cookie().await;
    let with_cookie = [("cookie", cookie.as_str())];
    let answers = [
        world.get("/", &[]).await,
        world.get("/admin", &[]).await,
        world.get(ENGINE, &[]).await,
        world.get("/healthz", &[]).await,
        world.get("/nowhere", &[]).await,
        world.get("/api/session", &[]).await,
        world.ask("POST", "/admin", &[]).await,
        world.get(PART, &[]).await,
        world.get(PART, &with_cookie).await,
        world.get(PART, &[with_cookie[0], ("range", "bytes=0-1")]).await,
        world.get(PART, &[with_cookie[0], ("range", "bytes=9-1")]).await,
        world.get(PART, &[with_cookie[0], ("if-none-match", "*")]).await,
        world.try_login("nobody", "").await,
        world.ask("POST", "/api/logout", &[]).await,
    ];
    for answer in answers {
        for (name, value) in [
            (
                "content-security-policy",
                "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
                 img-src 'self' data: blob:; font-src 'self'; connect-src 'self' \
                 https: http://localhost:* http://127.0.0.1:*; worker-src 'self'; \
                 manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
            ),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{answer:?}");
        }
        assert!(answer.header("cache-control").is_some(), "{answer:?}");
        for name in ["cross-origin-opener-policy", "cross-origin-embedder-policy", "server"] {
            assert_eq!(answer.header(name), None);
        }
    }
    assert_eq!(world.get("/healthz", &[]).await.body, b"ok");
}
