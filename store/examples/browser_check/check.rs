//! The checks. Each reports a line: `ok NAME` or `FAILED NAME: WHY`.

use js_sys::{Promise, Reflect};
use std::sync::Arc;
use std::time::Duration;
use store::cached::CachedStore;
use store::clock::{Clock, PlatformClock};
use store::http::{HttpStore, PlatformTransport, Policy};
use store::persistent::browser::{AnswerCache, PrivateFolder};
use store::persistent::{Disk, PersistentStore, Shelf, browser};
use store::{ByteStore, Location, StoreError, conformance};
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};
use wasm_bindgen_futures::{JsFuture, spawn_local};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = fetch)]
    fn fetch(url: &str, init: &JsValue) -> Promise;
    #[wasm_bindgen(js_name = postMessage)]
    fn post_message(message: &JsValue);
}

/// Runs the part that the worker's URL names.
pub fn start() {
    spawn_local(async {
        let mut report = Report::default();
        let query = text_at(&["location", "search"]);
        let origin = text_at(&["location", "origin"]);
        let parameter = |name: &str| {
            let found = query.trim_start_matches('?').split('&').find_map(|pair| {
                pair.split_once('=').filter(|(found, _)| *found == name).map(|(_, value)| value)
            });
            found.unwrap_or_default().to_owned()
        };
        match parameter("part").as_str() {
            "servers" => {
                let (open, hidden) = (parameter("open"), parameter("hidden"));
                servers(&mut report, &origin, &open, &hidden).await;
                refusals(&mut report, &parameter("closed"), &parameter("nobody")).await;
            }
            "hostile" => hostile(&mut report, &origin).await,
            "disks" => disks(&mut report).await,
            "visit" => visit(&mut report, &origin).await,
            "tab" => tab(&mut report, &origin).await,
            "clear" => clear(&mut report, &origin).await,
            other => report.failed(other, "no such part"),
        }
        report.send().await;
        post_message(&JsValue::from_str("done"));
    });
}

#[derive(Default)]
struct Report(String);

impl Report {
    fn ok(&mut self, name: &str) {
        self.0 += &format!("ok {name}\n");
    }

    fn failed(&mut self, name: &str, why: &str) {
        self.0 += &format!("FAILED {name}: {why}\n");
    }

    fn check(&mut self, name: &str, is_so: impl Into<Result<(), String>>) {
        match is_so.into() {
            Ok(()) => self.ok(name),
            Err(why) => self.failed(name, &why),
        }
    }

    async fn laws(&mut self, name: &str, store: &dyn ByteStore) {
        let breaches = conformance::breaches(store).await;
        self.check(name, if breaches.is_empty() { Ok(()) } else { Err(format!("{breaches:?}")) });
    }

    async fn send(self) {
        let init = js_sys::Object::new();
        for (name, value) in [("method", "POST"), ("body", self.0.as_str())] {
            let _ = Reflect::set(&init, &name.into(), &value.into());
        }
        let _ = JsFuture::from(fetch("/report", &init)).await;
    }
}

fn text_at(path: &[&str]) -> String {
    let mut value: JsValue = js_sys::global().into();
    for name in path {
        value = Reflect::get(&value, &JsValue::from_str(name)).unwrap_or_default();
    }
    value.as_string().unwrap_or_default()
}

fn impatient(root: &str) -> HttpStore {
    let clock = Arc::new(PlatformClock::default());
    HttpStore::over(root, Arc::new(PlatformTransport::default()), clock).with_policy(Policy {
        n_attempts: 3,
        first_wait: Duration::from_millis(5),
        longest_wait: Duration::from_millis(20),
        stall: Duration::from_millis(400),
        total: Duration::from_millis(2500),
        slowest_bytes_per_s: 4096,
    })
}

async fn servers(report: &mut Report, origin: &str, open: &str, hidden: &str) {
    for (name, origin) in [("own origin", origin), ("another origin", open)] {
        let store = HttpStore::new(format!("{origin}/lake/"));
        report.laws(name, &store).await;
        report.laws(&format!("{name}, cached"), &CachedStore::new(Arc::new(store), 1 << 20)).await;
    }
    let store = HttpStore::new(format!("{hidden}/lake/"));
    let expected = conformance::files().into_iter().find(|(path, _)| path.ends_with("large.bin"));
    let expected = expected.map(|(_, bytes)| bytes.slice(1000..90_000));
    let got = store.get_range(&Location::new("folder/large.bin"), 1000..90_000).await.ok();
    let name = "headers that CORS hides are not missed";
    report.check(name, if got == expected { Ok(()) } else { Err("other bytes".to_owned()) });
}

async fn refusals(report: &mut Report, closed: &str, nobody: &str) {
    let location = Location::new("small.json");
    let got = impatient(&format!("{closed}/lake/")).get(&location).await;
    let name = "a server without CORS is told from one that is away";
    match got {
        Err(error @ StoreError::Blocked { .. })
            if error.to_string().contains("Access-Control-Allow-Origin: http://127.0.0.1:") =>
        {
            report.ok(name);
        }
        other => report.failed(name, &format!("{other:?}")),
    }
    match impatient(&format!("{nobody}/lake/")).get(&location).await {
        Err(StoreError::Away { .. }) => report.ok("nobody listens"),
        other => report.failed("nobody listens", &format!("{other:?}")),
    }
}

/// `cases.txt` has lines of a path and a part of the error's text, or `bytes`.
async fn hostile(report: &mut Report, origin: &str) {
    let store = impatient(&format!("{origin}/hostile/"));
    let cases = match store.get(&Location::new("cases.txt")).await {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => return report.failed("cases", &error.to_string()),
    };
    let clock = PlatformClock::default();
    for (path, expected) in cases.lines().filter_map(|line| line.split_once('|')) {
        let started = clock.elapsed();
        let said = match store.get_range(&Location::new(path), 1000..201_000).await {
            Ok(bytes) => format!("{} bytes", bytes.len()),
            Err(error) => error.to_string(),
        };
        let elapsed = clock.elapsed().saturating_sub(started);
        if !expected.split('|').any(|expected| said.contains(expected)) {
            report.failed(path, &format!("{said:?} lacks {expected:?}"));
        } else if elapsed > Duration::from_secs(6) {
            report.failed(path, &format!("it took {elapsed:?}"));
        } else {
            report.ok(&format!("{path} ({} ms)", elapsed.as_millis()));
        }
    }
}

async fn disks(report: &mut Report) {
    match PrivateFolder::open().await {
        Ok(disk) => disk_laws(report, "private folder", &disk).await,
        Err(error) => report.failed("private folder", &error.to_string()),
    }
    match AnswerCache::open().await {
        Ok(disk) => disk_laws(report, "answer cache", &disk).await,
        Err(error) => report.failed("answer cache", &error.to_string()),
    }
}

async fn disk_laws(report: &mut Report, name: &str, disk: &dyn Disk) {
    let laws = async {
        let long = bytes::Bytes::from(vec![9; 3 << 20]);
        let short = bytes::Bytes::from_static(b"short");
        let mut found = Vec::new();
        disk.remove("a").await?;
        found.push(disk.read("a").await?.is_none());
        disk.write("a", long.clone()).await?;
        found.push(disk.read("a").await? == Some(long));
        disk.write("a", short.clone()).await?;
        found.push(disk.read("a").await? == Some(short));
        disk.write("b", bytes::Bytes::new()).await?;
        found.push(disk.read("b").await? == Some(bytes::Bytes::new()));
        let names = disk.list().await?;
        found.push(["a", "b"].iter().all(|name| names.iter().any(|found| found == name)));
        disk.remove("a").await?;
        disk.remove("b").await?;
        found.push(disk.list().await?.is_empty());
        Ok::<_, store::persistent::DiskError>(found)
    };
    match laws.await {
        Ok(found) if found.iter().all(|is_so| *is_so) => report.ok(name),
        other => report.failed(name, &format!("{other:?}")),
    }
}

async fn persistent(origin: &str, capacity_bytes: u64) -> Option<(PersistentStore, Shelf)> {
    let root = format!("{origin}/lake/");
    let shelf = Shelf::new(browser::open().await?, capacity_bytes);
    let clock = Arc::new(PlatformClock::default());
    let inner = Arc::new(HttpStore::new(root.as_str()).without_http_cache());
    Some((PersistentStore::new(inner, &root, shelf.clone(), clock), shelf))
}

/// Reads as an engine does; the server counts what it is asked.
async fn visit(report: &mut Report, origin: &str) {
    let clock = PlatformClock::default();
    let Some((store, shelf)) = persistent(origin, 512 << 20).await else {
        return report.failed("visit", "this browser keeps nothing");
    };
    let _ = store.get(&Location::new("t/_delta_log/_last_checkpoint")).await;
    for version in 0..5 {
        let location = Location::new(format!("t/_delta_log/{version:020}.json"));
        match (version, store.get(&location).await) {
            (0..4, Ok(bytes)) if bytes == format!("commit {version}") => {}
            (4, Err(StoreError::Absent { .. })) => {}
            (_, other) => report.failed("visit", &format!("{version}: {other:?}")),
        }
    }
    for (path, bytes) in conformance::files() {
        let location = Location::new(path).with_identity(format!("{}", bytes.len()));
        for start in (0..bytes.len() as u64).step_by(70_000) {
            let range = start..(start + 70_000).min(bytes.len() as u64);
            let expected = bytes.slice(range.start as usize..range.end as usize);
            match store.get_range(&location, range).await {
                Ok(got) if got == expected => {}
                other => report.failed("visit", &format!("{path}: {:?}", other.err())),
            }
        }
    }
    let read_ms = clock.elapsed().as_millis();
    shelf.settle().await;
    report.ok(&format!("visit (read in {read_ms} ms, kept after {})", clock.elapsed().as_millis()));
}

/// Two of these run at once over one folder that is too small for them.
async fn tab(report: &mut Report, origin: &str) {
    let Some((store, shelf)) = persistent(origin, 300_000).await else {
        return report.failed("tab", "this browser keeps nothing");
    };
    for _ in 0..2 {
        report.laws("tab", &store).await;
        shelf.settle().await;
    }
}

async fn clear(report: &mut Report, origin: &str) {
    let Some((store, _)) = persistent(origin, 512 << 20).await else {
        return report.failed("clear", "this browser keeps nothing");
    };
    let cleared = store.clear().await;
    let left = match browser::open().await {
        Some(disk) => disk.list().await.unwrap_or_default(),
        None => Vec::new(),
    };
    let is_so = cleared.is_ok() && left.is_empty();
    report.check("clear", if is_so { Ok(()) } else { Err(format!("{cleared:?} {left:?}")) });
}
