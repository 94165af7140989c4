//! A server that misbehaves as it is told, path by path, and counts what it was asked and what it
//! sent.

mod serving;

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How a file is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Behaviour {
    /// As HTTP has it.
    Right,
    /// 200 with the whole file, whatever range was asked.
    NoRanges,
    /// As [`Behaviour::NoRanges`], without a length.
    NoRangesChunked,
    /// Another `Content-Range`, before the bytes that were asked.
    ContentRange(&'static str),
    /// 206 without `Content-Range`.
    NoContentRange,
    /// The range of a gzip stream.
    Gzip,
    /// The range as a part of a multipart body.
    Multipart,
    /// So many bytes of what was announced, then the end.
    Truncated(usize),
    /// A right head, and a body that goes on for ever.
    Endless,
    /// No answer.
    Silent,
    /// So many bytes of the body, then nothing more.
    Stalled(usize),
    /// A byte of the body every so many milliseconds.
    Dribbled(u64),
    /// A status, and `Retry-After` if it is not empty.
    Status(u16, &'static str),
    /// The connection ends without an answer.
    Reset,
}

/// Who may read the answers, as CORS has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Every page, all headers.
    Open,
    /// Every page, but none of the headers that have to be exposed.
    Hidden,
    /// Pages of this origin only.
    Closed,
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Such as `GET`.
    pub method: String,
    /// With the query.
    pub target: String,
    /// First byte and one past the last.
    pub range: Option<Range<u64>>,
}

/// A running server; it stops taking connections when it is dropped.
pub struct Hostile {
    address: SocketAddr,
    state: Arc<State>,
}

struct State {
    files: Mutex<HashMap<String, File>>,
    asked: Mutex<Vec<Asked>>,
    reports: Mutex<Vec<String>>,
    access: Mutex<Access>,
    /// What a missing file is answered with, and the query that every request must carry.
    missing: Mutex<u16>,
    signature: Mutex<Option<String>>,
    n_sent_bytes: AtomicU64,
    is_stopped: AtomicBool,
}

#[derive(Clone)]
struct File {
    bytes: Arc<Vec<u8>>,
    etag: Option<String>,
    behaviours: VecDeque<Behaviour>,
}

impl Hostile {
    /// Starts on a free port of this machine.
    ///
    /// # Errors
    /// When there is none.
    pub fn start() -> io::Result<Hostile> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let state = Arc::new(State {
            files: Mutex::default(),
            asked: Mutex::default(),
            reports: Mutex::default(),
            access: Mutex::new(Access::Open),
            missing: Mutex::new(404),
            signature: Mutex::default(),
            n_sent_bytes: AtomicU64::new(0),
            is_stopped: AtomicBool::new(false),
        });
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if shared.is_stopped.load(Ordering::Relaxed) {
                    return;
                }
                let state = Arc::clone(&shared);
                // A client that goes away is what these tests are about.
                std::thread::spawn(move || state.answer(stream).ok());
            }
        });
        Ok(Hostile { address, state })
    }

    /// Such as `http://127.0.0.1:40000`.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Puts a file at `path` (`/a/b`, not percent-encoded) in place of the one that was there. Its
    /// entity tag is a hash of it.
    pub fn put(&self, path: &str, bytes: impl Into<Vec<u8>>) {
        let bytes = bytes.into();
        let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
        });
        let file = File {
            bytes: Arc::new(bytes),
            etag: Some(format!("\"{hash:x}\"")),
            behaviours: VecDeque::new(),
        };
        lock(&self.state.files).insert(path.to_owned(), file);
    }

    /// Takes a file away.
    pub fn remove(&self, path: &str) {
        lock(&self.state.files).remove(path);
    }

    /// Gives a file another entity tag, or none.
    pub fn tag(&self, path: &str, etag: Option<&str>) {
        if let Some(file) = lock(&self.state.files).get_mut(path) {
            file.etag = etag.map(str::to_owned);
        }
    }

    /// How the next requests for a file are answered, one each; the last one goes on.
    pub fn behave(&self, path: &str, behaviours: impl IntoIterator<Item = Behaviour>) {
        if let Some(file) = lock(&self.state.files).get_mut(path) {
            file.behaviours = behaviours.into_iter().collect();
        }
    }

    /// Who may read the answers.
    pub fn allow(&self, access: Access) {
        *lock(&self.state.access) = access;
    }

    /// The status for what is not there: 404 unless it is told, 403 for a bucket that may not be listed.
    pub fn answer_missing_with(&self, status: u16) {
        *lock(&self.state.missing) = status;
    }

    /// Serves only requests with this query.
    pub fn require(&self, query: Option<&str>) {
        *lock(&self.state.signature) = query.map(str::to_owned);
    }

    /// Every request until now.
    pub fn asked(&self) -> Vec<Asked> {
        lock(&self.state.asked).clone()
    }

    /// Forgets the requests until now.
    pub fn forget(&self) {
        lock(&self.state.asked).clear();
        self.state.n_sent_bytes.store(0, Ordering::Relaxed);
    }

    /// Bytes of bodies that went out, those in the system's buffers included.
    pub fn n_sent_bytes(&self) -> u64 {
        self.state.n_sent_bytes.load(Ordering::Relaxed)
    }

    /// What was posted to `/report`, in its order.
    pub fn reports(&self) -> Vec<String> {
        lock(&self.state.reports).clone()
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        self.state.is_stopped.store(true, Ordering::Relaxed);
        // Wakes the thread that waits for a connection.
        let _ = TcpStream::connect(self.address);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
