//! A small lake with one user, a server over it, and a clock that stands still until it is moved.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt;
use protocol::{ErrorCode, Failure, Role};
use server::page::Page;
use server::users::UserFile;
use server::{Clock, Config, LoginPolicy, router};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use tower::ServiceExt;

pub const USER: &str = "ada";
pub const PASSWORD: &str = "a long password";
/// A data file of a Delta table, 1000 bytes.
pub const PART: &str = "/lake/gold/orders/part-0.parquet";

pub fn part_bytes() -> Vec<u8> {
    (0..1000_u32).map(|place| (place * 7 % 251) as u8).collect()
}

pub struct StillClock(AtomicI64);

impl Clock for StillClock {
    fn now_us(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// A server and everything under it.
pub struct World {
    pub folder: TempDir,
    pub router: Router,
    clock: Arc<StillClock>,
}

/// An answer, read to its end.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn failure(&self) -> Failure {
        assert_eq!(self.header("content-type"), Some("application/json"), "{self:?}");
        assert_eq!(self.header("cache-control"), Some("no-store"), "{self:?}");
        serde_json::from_slice(&self.body).unwrap()
    }

    #[track_caller]
    pub fn is_refused(&self, status: u16, code: ErrorCode) {
        assert_eq!((self.status.as_u16(), self.failure().code), (status, code), "{self:?}");
    }
}

impl World {
    pub fn new() -> World {
        World::with(|_| {})
    }

    pub fn with(change: impl FnOnce(&mut Config)) -> World {
        let folder = tempfile::tempdir().unwrap();
        let lake = folder.path().join("lake");
        let put = |path: &str, bytes: &[u8]| {
            let path = lake.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        };
        put("_lakefront/catalog.json", b"{}");
        put("gold/orders/_delta_log/00000000000000000000.json", b"{\"commitInfo\":{}}\n");
        put("gold/orders/_delta_log/00000000000000000000.checkpoint.parquet", b"PAR1");
        put("gold/orders/_delta_log/_last_checkpoint", b"{\"version\":0}");
        put("gold/orders/part-0.parquet", &part_bytes());
        put("gold/orders/day=2024-01-01/part 1.parquet", b"a space");
        put("gold/orders/at=2024-01-01%2000/part-2.parquet", b"an escape");
        put("gold/orders/.part-0.parquet.crc", b"hidden");
        put("gold/orders/_SUCCESS", b"hidden");
        put("gold/empty.parquet", b"");
        put("gold/plain.parquet", b"plain");
        put(".hidden/secret.json", b"secret");
        fs::write(folder.path().join("secret.json"), b"secret").unwrap();
        symlink("gold/orders/part-0.parquet", lake.join("within.parquet")).unwrap();
        symlink("../secret.json", lake.join("outside.json")).unwrap();
        symlink("..", lake.join("above")).unwrap();
        symlink(".hidden/secret.json", lake.join("to_hidden.json")).unwrap();
        symlink("nowhere", lake.join("dangling.json")).unwrap();
        std::os::unix::net::UnixListener::bind(lake.join("socket.json")).unwrap();

        let users_path = UserFile::path_in(folder.path());
        UserFile::open(&users_path).unwrap().add(USER, Role::Admin, PASSWORD).unwrap();
        let mut config = Config {
            lake_root: lake,
            users_path,
            page: Page::new(&[]),
            login: LoginPolicy::default(),
        };
        change(&mut config);
        let clock = Arc::new(StillClock(AtomicI64::new(1_700_000_000_000_000)));
        let router = router(config, Arc::clone(&clock) as Arc<dyn Clock>).unwrap();
        World { folder, router, clock }
    }

    pub fn lake(&self) -> PathBuf {
        self.folder.path().join("lake")
    }

    pub fn users(&self) -> UserFile {
        UserFile::open_existing(&UserFile::path_in(self.folder.path())).unwrap()
    }

    pub fn wait(&self, time: Duration) {
        self.clock.0.fetch_add(i64::try_from(time.as_micros()).unwrap(), Ordering::SeqCst);
    }

    pub fn now_us(&self) -> i64 {
        self.clock.now_us()
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Answer { status: head.status, headers: head.headers, body }
    }

    pub async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let request = headers
            .iter()
            .fold(Request::builder(), |request, (name, value)| request.header(*name, *value));
        self.send(request.method(method).uri(path).body(Body::empty()).unwrap()).await
    }

    pub async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.ask("GET", path, headers).await
    }

    pub async fn try_login(&self, user: &str, password: &str) -> Answer {
        self.send(login_request(user, password)).await
    }

    /// Logs in and returns the line of the `Cookie` header from then on.
    pub async fn cookie(&self) -> String {
        let answer = self.try_login(USER, PASSWORD).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let line = answer.header("set-cookie").unwrap();
        line.split(';').next().unwrap().to_owned()
    }
}

pub fn login_request(user: &str, password: &str) -> Request<Body> {
    let body = serde_json::json!({ "user": user, "password": password }).to_string();
    Request::post("/api/login")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body))
        .unwrap()
}
