//! The byte stores in a headless Chromium: the laws over its `fetch`, every hostility, CORS, and what
//! is kept between two visits and two tabs. No driver: the page reports to the server that it came from.

use anyhow::{Context, ensure};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use store::conformance;
use test_support::hostile::{Access, Asked, Behaviour, Hostile};

/// How long the whole page may take on a busy machine.
const DEADLINE: Duration = Duration::from_secs(180);

/// Larger than any buffer of a browser or a system.
const FILE_BYTES: usize = 48 << 20;

/// What the buffers between a server and a browser may take in, for each request that is ended early.
const BUFFERED_BYTES: u64 = 16 << 20;

/// Ends with the test, whatever its outcome.
struct Chromium {
    child: Child,
    _profile: tempfile::TempDir,
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_stores_keep_the_laws_in_a_browser() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let scripts = compile(folder.path())?;
    let [own, open, hidden, closed] =
        [Access::Closed, Access::Open, Access::Hidden, Access::Closed]
            .map(|access| server(access).context("no server"));
    let (own, open, hidden, closed) = (own?, open?, hidden?, closed?);
    let nobody = Hostile::start()?.origin();
    for name in ["check.js", "check_bg.wasm"] {
        own.put(&format!("/page/{name}"), std::fs::read(scripts.join(name))?);
    }
    own.put("/page/index.html", include_str!("page/index.html"));
    own.put("/page/worker.js", include_str!("page/worker.js"));
    let large: Vec<u8> = (0..FILE_BYTES).map(|idx| (idx % 251) as u8).collect();
    let mut text = String::new();
    for (idx, (behaviours, expected)) in hostilities().into_iter().enumerate() {
        let path = format!("/hostile/{idx}");
        own.put(&path, large.as_slice());
        text += &format!("{idx}|{expected}\n");
        own.behave(&path, behaviours);
    }
    own.put("/hostile/cases.txt", text.clone());
    let _chromium = start(&own, [&open.origin(), &hidden.origin(), &closed.origin(), &nobody])?;

    let started = Instant::now();
    while !own.reports().iter().any(|report| report == "done") {
        ensure!(started.elapsed() < DEADLINE, "the page does not end: {:#?}", own.reports());
        std::thread::sleep(Duration::from_millis(50));
    }
    let reports = own.reports();
    println!("{}\ncases:\n{text}", reports.join(""));
    let n_ok = reports.iter().flat_map(|report| report.lines()).filter(|l| l.starts_with("ok"));
    ensure!(n_ok.count() > 20 && !reports.iter().any(|report| report.contains("FAILED")));

    let asked: Vec<Asked> = own.asked();
    for asked in [asked.clone(), open.asked(), hidden.asked(), closed.asked()].concat() {
        ensure!(asked.method == "GET", "a preflight or a probe: {asked:?}");
    }
    let second = part_of(&asked, "/lake/second-visit", "/lake/tabs");
    let mut paths: Vec<&str> = second.iter().map(|asked| asked.target.as_str()).collect();
    paths.dedup();
    let log = "/lake/t/_delta_log";
    // The newest and the oldest commit that are kept say whether it is still the same log.
    let compared = ["00000000000000000003.json", "00000000000000000000.json"];
    let asked_again = ["_last_checkpoint", compared[0], compared[1], "00000000000000000004.json"];
    let asked_again = asked_again.map(|name| format!("{log}/{name}"));
    ensure!(paths == asked_again, "a second visit asked for {paths:#?}");
    let n_hostile =
        asked.iter().filter(|asked| asked.target.starts_with("/hostile/")).count() as u64;
    let sent = own.n_sent_bytes();
    println!("{sent} bytes sent, {n_hostile} hostile requests for {FILE_BYTES} bytes each");
    ensure!(sent < n_hostile * BUFFERED_BYTES / 4, "{sent} bytes were sent");
    Ok(())
}

fn hostilities() -> Vec<(Vec<Behaviour>, &'static str)> {
    use Behaviour::*;
    vec![
        (vec![Right], "200000 bytes"),
        (vec![NoRanges], "answered 200 to a range"),
        (vec![NoRangesChunked], "answered 200 to a range"),
        (vec![ContentRange("bytes 0-199999/50331648")], "Content-Range: bytes 0-199999"),
        (vec![ContentRange("elephants")], "elephants cannot be read"),
        (vec![NoContentRange], "without Content-Range"),
        (vec![Gzip], "Content-Encoding: gzip"),
        (vec![Multipart], "multipart/byteranges"),
        // Chromium ends such an answer by itself at times, before anybody has counted.
        (vec![Endless], "more bytes came|broke off after"),
        (vec![Truncated(5000)], "broke off after"),
        (vec![Truncated(5000), Right], "200000 bytes"),
        (vec![Stalled(5000)], "sent nothing more for 0.4 s"),
        (vec![Stalled(5000), Right], "200000 bytes"),
        (vec![Silent], "did not answer for 0.4 s"),
        (vec![Dribbled(20)], "too slowly"),
        (vec![Status(401, "")], "logged in"),
        (vec![Status(403, "")], "status 403"),
        (vec![Status(404, "")], "is not there"),
        (vec![Status(416, "")], "status 416"),
        (vec![Status(429, "0"), Right], "200000 bytes"),
        (vec![Status(503, "")], "answered 503 (asked 3 times)"),
        (vec![Status(503, "3600")], "asks to wait 3600 s"),
        (vec![Status(500, ""), Status(502, ""), Right], "200000 bytes"),
    ]
}

fn server(access: Access) -> std::io::Result<Hostile> {
    let server = Hostile::start()?;
    server.allow(access);
    for (path, bytes) in conformance::files() {
        server.put(&format!("/lake/{path}"), bytes);
    }
    for version in 0..4 {
        let path = format!("/lake/t/_delta_log/{version:020}.json");
        server.put(&path, format!("commit {version}"));
    }
    Ok(server)
}

/// The requests between those for two paths.
fn part_of<'a>(asked: &'a [Asked], from: &str, to: &str) -> Vec<&'a Asked> {
    let files = asked.iter().skip_while(|asked| asked.target != from).skip(1);
    files
        .take_while(|asked| asked.target != to)
        .filter(|a| a.target.starts_with("/lake/"))
        .collect()
}

/// Compiles the example and makes the browser's scripts of it; returns their folder.
fn compile(folder: &Path) -> anyhow::Result<PathBuf> {
    let target_dir = folder_of_target()?;
    run(Command::new(env!("CARGO"))
        .args(["build", "--package=store", "--example=browser_check"])
        .args(["--target=wasm32-unknown-unknown", "--target-dir"])
        .arg(&target_dir)
        .current_dir(env!("CARGO_MANIFEST_DIR")))?;
    let module = target_dir.join("wasm32-unknown-unknown/debug/examples/browser_check.wasm");
    let scripts = folder.join("scripts");
    let bindgen = std::env::var_os("LAKEFRONT_WASM_BINDGEN").unwrap_or("wasm-bindgen".into());
    run(Command::new(bindgen)
        .args(["--target=web", "--no-typescript", "--out-name=check", "--out-dir"])
        .arg(&scripts)
        .arg(module))?;
    Ok(scripts)
}

/// The target folder that this test lies in: TARGET/debug/deps/browser-HASH.
fn folder_of_target() -> anyhow::Result<PathBuf> {
    let test = std::env::current_exe()?;
    let folder = test.ancestors().nth(3).context("the test lies in no target folder")?;
    Ok(folder.to_path_buf())
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| format!("cannot start {command:?}"))?;
    ensure!(status.success(), "{command:?} ended with {status}");
    Ok(())
}

fn start(own: &Hostile, others: [&str; 4]) -> anyhow::Result<Chromium> {
    let profile = tempfile::tempdir()?;
    let program = std::env::var_os("LAKEFRONT_CHROMIUM").unwrap_or("chromium".into());
    let [open, hidden, closed, nobody] = others;
    let child = Command::new(&program)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"])
        .args(["--disable-quic", "--no-first-run", "--disable-background-networking"])
        .args(["--disable-component-update", "--disable-sync", "--remote-debugging-port=0"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!(
            "{}/page/index.html?open={open}&hidden={hidden}&closed={closed}&nobody={nobody}",
            own.origin()
        ))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("cannot start {}", program.display()))?;
    Ok(Chromium { child, _profile: profile })
}
