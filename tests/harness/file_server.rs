//! A small HTTP server of files with byte ranges, for the engine in a browser: it counts what it sends
//! and takes what a page posts.

use anyhow::{Context, bail};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::UNIX_EPOCH;

/// A posted body may have at most so many bytes.
const MOST_POSTED_BYTES: usize = 2 << 30;

/// A head may have at most so many lines.
const MOST_HEAD_LINES: usize = 100;

/// What lies below a path of the server.
#[derive(Debug, Clone)]
pub enum Mount {
    /// The files of a folder; links are followed.
    Folder(PathBuf),
    /// The files of a folder of JavaScript packages, some of whose imports leave out `.js`.
    Modules(PathBuf),
    /// One text.
    Text(&'static str, String),
}

/// One answered GET or HEAD.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// The method.
    pub method: String,
    /// The path that was asked for, decoded.
    pub path: String,
    /// The status.
    pub status: u16,
    /// The range that was asked for, the last byte included.
    pub range: Option<(u64, u64)>,
    /// Bytes of the body that were written before the end or the client hung up.
    pub n_bytes: u64,
}

/// A body that a page posted.
#[derive(Debug)]
pub struct Posted {
    /// The path that it was posted to.
    pub path: String,
    /// The body.
    pub body: Vec<u8>,
}

/// A running server; its threads end with the process.
pub struct FileServer {
    /// Such as `http://127.0.0.1:40123`.
    pub origin: String,
    served: Arc<Mutex<Vec<Served>>>,
    posted: mpsc::Receiver<Posted>,
}

struct Site {
    mounts: Vec<(String, Mount)>,
    served: Arc<Mutex<Vec<Served>>>,
    posted: mpsc::Sender<Posted>,
}

struct Head {
    method: String,
    path: String,
    range: Option<(u64, u64)>,
    n_body_bytes: usize,
}

impl FileServer {
    /// Serves `mounts`, each below its prefix such as `/lake/`, on a free port of this machine.
    ///
    /// # Errors
    /// When there is no port.
    pub fn start(mounts: Vec<(String, Mount)>) -> anyhow::Result<FileServer> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let origin = format!("http://{}", listener.local_addr()?);
        let served = Arc::new(Mutex::new(Vec::new()));
        let (sender, posted) = mpsc::channel();
        let site = Arc::new(Site { mounts, served: Arc::clone(&served), posted: sender });
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let site = Arc::clone(&site);
                // A connection that breaks is the client's matter.
                std::thread::spawn(move || drop(site.talk(&stream)));
            }
        });
        Ok(FileServer { origin, served, posted })
    }

    /// What was served since the last call.
    pub fn take_served(&self) -> Vec<Served> {
        std::mem::take(&mut *self.served.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The bodies that were posted since the last call.
    pub fn take_posted(&self) -> Vec<Posted> {
        self.posted.try_iter().collect()
    }
}

impl Site {
    /// Answers the requests of one connection.
    fn talk(&self, stream: &TcpStream) -> anyhow::Result<()> {
        stream.set_nodelay(true)?;
        let mut reader = BufReader::new(stream.try_clone()?);
        while let Some(head) = read_head(&mut reader)? {
            match head.method.as_str() {
                "GET" | "HEAD" => self.get(&head, stream)?,
                "POST" => {
                    let mut body = vec![0; head.n_body_bytes];
                    reader.read_exact(&mut body)?;
                    // Nobody waits for it any more.
                    let _ = self.posted.send(Posted { path: head.path, body });
                    answer(stream, "204 No Content", "", 0)?;
                }
                _ => answer(stream, "405 Method Not Allowed", "", 0)?,
            }
        }
        Ok(())
    }

    fn get(&self, head: &Head, stream: &TcpStream) -> anyhow::Result<()> {
        let mut served = Served {
            method: head.method.clone(),
            path: head.path.clone(),
            status: 404,
            range: head.range,
            n_bytes: 0,
        };
        let outcome = self.send(head, stream, &mut served);
        self.served.lock().unwrap_or_else(PoisonError::into_inner).push(served);
        outcome
    }

    fn send(&self, head: &Head, mut stream: &TcpStream, served: &mut Served) -> anyhow::Result<()> {
        let mounted = self
            .mounts
            .iter()
            .find_map(|(prefix, mount)| Some((head.path.strip_prefix(prefix.as_str())?, mount)));
        let path = match mounted {
            Some((_, Mount::Text(kind, text))) => {
                served.status = 200;
                let headers = format!("Content-Type: {kind}\r\n");
                answer(stream, "200 OK", &headers, text.len() as u64)?;
                if head.method == "HEAD" {
                    return Ok(());
                }
                served.n_bytes = text.len() as u64;
                return Ok(stream.write_all(text.as_bytes())?);
            }
            Some((rest, Mount::Folder(dir))) if leads_in(rest) => dir.join(rest),
            Some((rest, Mount::Modules(dir))) if leads_in(rest) => {
                let path = dir.join(rest);
                if path.is_file() { path } else { dir.join(format!("{rest}.js")) }
            }
            _ => return answer(stream, "404 Not Found", "", 0),
        };
        let file = File::open(&path).ok().and_then(|file| {
            let facts = file.metadata().ok().filter(std::fs::Metadata::is_file)?;
            Some((file, facts))
        });
        let Some((mut file, facts)) = file else {
            return answer(stream, "404 Not Found", "", 0);
        };
        let size = facts.len();
        let modified = facts.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let age_ms = modified.map_or(0, |time| time.as_millis());
        let mut headers = format!(
            "Content-Type: {}\r\nAccept-Ranges: bytes\r\nETag: \"{size:x}-{age_ms:x}\"\r\n\
             Cache-Control: no-store\r\n",
            content_type(&path)
        );
        let (start, end) = match head.range {
            Some((start, _)) if start >= size => {
                served.status = 416;
                let headers = format!("Content-Range: bytes */{size}\r\n");
                return answer(stream, "416 Range Not Satisfiable", &headers, 0);
            }
            Some((start, last)) => {
                let end = size.min(last.saturating_add(1));
                headers += &format!("Content-Range: bytes {start}-{}/{size}\r\n", end - 1);
                served.status = 206;
                answer(stream, "206 Partial Content", &headers, end - start)?;
                (start, end)
            }
            None => {
                served.status = 200;
                answer(stream, "200 OK", &headers, size)?;
                (0, size)
            }
        };
        if head.method == "HEAD" {
            return Ok(());
        }
        file.seek(SeekFrom::Start(start))?;
        let mut left = end - start;
        let mut chunk = vec![0; 64 << 10];
        while left > 0 {
            let n = file.read(&mut chunk[..left.min(64 << 10) as usize])?;
            if n == 0 {
                bail!("{} became shorter", path.display());
            }
            stream.write_all(&chunk[..n])?;
            served.n_bytes += n as u64;
            left -= n as u64;
        }
        Ok(())
    }
}

/// The head of the next request; `None` when the client has hung up.
fn read_head(reader: &mut impl BufRead) -> anyhow::Result<Option<Head>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace();
    let method = words.next().context("an empty request")?.to_owned();
    let target = words.next().context("a request without a target")?;
    let path = decoded(target.split(['?', '#']).next().unwrap_or_default());
    let mut head = Head { method, path, range: None, n_body_bytes: 0 };
    for _ in 0..MOST_HEAD_LINES {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim_end();
        if line.is_empty() {
            return Ok(Some(head));
        }
        let Some((name, value)) = line.split_once(':') else { continue };
        match name.to_ascii_lowercase().as_str() {
            "range" => head.range = range(value.trim()),
            "content-length" => head.n_body_bytes = value.trim().parse()?,
            _ => {}
        }
        if head.n_body_bytes > MOST_POSTED_BYTES {
            bail!("a body of {} bytes", head.n_body_bytes);
        }
    }
    bail!("a head of more than {MOST_HEAD_LINES} lines")
}

/// `bytes=a-b` and `bytes=a-`; other forms are not ranges here, as a server may have it.
fn range(value: &str) -> Option<(u64, u64)> {
    let (start, last) = value.strip_prefix("bytes=")?.split_once('-')?;
    let last = if last.is_empty() { u64::MAX } else { last.parse().ok()? };
    let range = (start.parse().ok()?, last);
    (range.0 <= range.1).then_some(range)
}

fn answer(mut stream: &TcpStream, status: &str, headers: &str, n_bytes: u64) -> anyhow::Result<()> {
    let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {n_bytes}\r\n\r\n");
    Ok(stream.write_all(head.as_bytes())?)
}

/// Undoes percent-encoding; what is none stays as it is.
fn decoded(path: &str) -> String {
    let bytes = path.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut idx = 0;
    while idx < bytes.len() {
        let hex = bytes.get(idx + 1..idx + 3).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.filter(|_| bytes[idx] == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                idx += 3;
            }
            None => {
                out.push(bytes[idx]);
                idx += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Whether a path below a folder stays in it.
fn leads_in(path: &str) -> bool {
    Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
}

fn content_type(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("js" | "mjs") => "text/javascript",
        Some("wasm") => "application/wasm",
        Some("html") => "text/html; charset=utf-8",
        Some("json") => "application/json",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_paths_are_read() {
        assert_eq!(range("bytes=0-9"), Some((0, 9)));
        assert_eq!(range("bytes=9-0"), None);
        assert_eq!(range("bytes=5-"), Some((5, u64::MAX)));
        assert_eq!(range("bytes=-5"), None);
        assert_eq!(decoded("/a%20b%2525/%zz"), "/a b%25/%zz");
        assert!(!leads_in("../a") && !leads_in("/a") && leads_in("a/b"));
    }

    #[test]
    fn files_are_served_in_parts_and_counted() -> anyhow::Result<()> {
        let dir = tempfile::tempdir()?;
        std::fs::write(dir.path().join("a b.txt"), "0123456789")?;
        let mounts = vec![("/lake/".to_owned(), Mount::Folder(dir.path().to_owned()))];
        let server = FileServer::start(mounts)?;
        let ask = |head: &str| -> anyhow::Result<String> {
            let mut stream = TcpStream::connect(server.origin.trim_start_matches("http://"))?;
            stream.write_all(format!("{head}\r\n\r\n").as_bytes())?;
            stream.shutdown(std::net::Shutdown::Write)?;
            let mut text = String::new();
            stream.read_to_string(&mut text)?;
            Ok(text)
        };
        let part = ask("GET /lake/a%20b.txt HTTP/1.1\r\nRange: bytes=2-4")?;
        assert!(part.starts_with("HTTP/1.1 206") && part.ends_with("\r\n\r\n234"), "{part}");
        assert!(part.contains("Content-Range: bytes 2-4/10"), "{part}");
        assert!(ask("GET /lake/a%20b.txt HTTP/1.1")?.ends_with("0123456789"));
        assert!(ask("GET /lake/a%20b.txt HTTP/1.1\r\nRange: bytes=10-20")?.contains(" 416 "));
        assert!(ask("GET /lake/none HTTP/1.1")?.contains(" 404 "));
        assert!(ask("HEAD /lake/a%20b.txt HTTP/1.1")?.ends_with("Content-Length: 10\r\n\r\n"));
        assert!(ask("PUT /lake/none HTTP/1.1")?.contains(" 405 "));
        let served: Vec<(u16, u64)> =
            server.take_served().iter().map(|one| (one.status, one.n_bytes)).collect();
        assert_eq!(served, [(206, 3), (200, 10), (416, 0), (404, 0), (200, 0)]);
        Ok(())
    }
}
