//! A MariaDB of the tests' own: an empty one in a folder that goes with it, on a port that was free.

use crate::source::mysql::session::Limits;
use crate::source::mysql::{Connection, MySqlError, Range, TableShape};
use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::util::display::array_value_to_string;
use catalog::Name;
use datafusion::execution::SendableRecordBatchStream;
use futures::TryStreamExt;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, OptsBuilder};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{OnceLock, mpsc};
use std::time::Duration;

/// Names the program.
const VARIABLE: &str = "LAKEFRONT_MARIADBD";

/// Whose password has what a URL takes for its own.
const PASSWORD: (&str, &str) = ("ti/g:e#r@1", "ti%2Fg%3Ae%23r%401");

/// Until it says something, when it starts.
const DEADLINE: Duration = Duration::from_secs(60);

/// Starts the server and ends it as soon as the standard input ends, however the tests do.
const KEEPER: &str = r#"trap '' HUP INT TERM
dir="$1"; shift
"$@" </dev/null 2>&1 &
read -r _
kill -9 $!
wait
rm -rf "$dir""#;

/// A server; killed, not shut down, when it is dropped.
pub(super) struct Server {
    port: u16,
    keeper: Child,
}

impl Server {
    /// The one that tests share; `None` without a MariaDB.
    pub(super) fn shared() -> Option<&'static Server> {
        static SHARED: OnceLock<Option<Server>> = OnceLock::new();
        said(SHARED.get_or_init(Server::begin).as_ref())
    }

    /// Another one; `None` without a MariaDB.
    pub(super) fn start() -> Option<Server> {
        said(Server::begin())
    }

    fn begin() -> Option<Server> {
        let program = PathBuf::from(std::env::var_os(VARIABLE)?);
        let dir = tempfile::Builder::new().prefix("lakefront-mariadb-").tempdir().unwrap().keep();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        install(&program, &dir);
        let file = |name: &str| dir.join(name).display().to_string();
        let tls = |name: &str| format!("{}/tests/mysql/tls/{name}", env!("CARGO_MANIFEST_DIR"));
        let keeper = Command::new("sh")
            .args(["-c", KEEPER, "sh"])
            .args([&dir, &program])
            // Has to come first.
            .arg("--no-defaults")
            .args(user())
            .args([
                format!("--datadir={}", file("rows")),
                format!("--socket={}", file("socket")),
                format!("--pid-file={}", file("pid")),
                format!("--port={port}"),
                format!("--ssl-ca={}", tls("ca.pem")),
                format!("--ssl-cert={}", tls("server.pem")),
                format!("--ssl-key={}", tls("server.key")),
            ])
            .args([
                "--bind-address=127.0.0.1",
                "--skip-name-resolve",
                "--innodb-flush-log-at-trx-commit=0",
                "--innodb-buffer-pool-size=64M",
                // All of these would spoil what is read, if the session did not say better.
                "--default-time-zone=-05:00",
                "--character-set-server=latin1",
                "--init-connect=set sql_select_limit = 3, sql_mode = 'PAD_CHAR_TO_FULL_LENGTH'",
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut server = Server { port, keeper };
        server.wait_until_ready();
        // In a thread of its own, as this may be called from inside a runtime.
        std::thread::scope(|scope| scope.spawn(|| server.make_user()).join().unwrap());
        Some(server)
    }

    fn wait_until_ready(&mut self) {
        let output = BufReader::new(self.keeper.stdout.take().unwrap());
        let (sender, lines) = mpsc::channel();
        // Reads on for ever, as a server whose output nobody reads stops at last.
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let mut said = String::new();
        while let Ok(line) = lines.recv_timeout(DEADLINE) {
            if line.contains("ready for connections") {
                return;
            }
            said.push_str(&line);
            said.push('\n');
        }
        panic!("MariaDB does not start:\n{said}");
    }

    #[tokio::main(flavor = "current_thread")]
    async fn make_user(&self) {
        let mut root = Conn::new(self.root("mysql")).await.unwrap();
        let user = format!("create user shop identified by '{}'", PASSWORD.0);
        root.query_drop(user).await.unwrap();
        root.disconnect().await.unwrap();
    }

    fn root(&self, database: &str) -> OptsBuilder {
        OptsBuilder::default()
            .ip_or_hostname("127.0.0.1")
            .tcp_port(self.port)
            .user(Some("root"))
            .db_name(Some(database))
            .prefer_socket(false)
    }

    /// Its port.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// An empty database on it.
    pub(super) async fn database(&self, name: &str) -> Database {
        let mut root = Conn::new(self.root("mysql")).await.unwrap();
        for statement in [
            format!("create database {name} character set utf8mb4"),
            format!("grant select, create view, show view on {name}.* to shop"),
        ] {
            root.query_drop(statement).await.unwrap();
        }
        root.disconnect().await.unwrap();
        let mut root = Conn::new(self.root(name)).await.unwrap();
        root.query_drop("set time_zone = '+00:00', names utf8mb4").await.unwrap();
        Database { port: self.port, name: name.to_owned(), root }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// Says so when there is none.
fn said<T>(server: Option<T>) -> Option<T> {
    if server.is_none() {
        test_support::skip(&format!("{VARIABLE} is not set; `cargo xtask test` sets it"));
    }
    server
}

/// MariaDB refuses to run as root without being told so.
fn user() -> Option<&'static str> {
    let id = Command::new("id").arg("-u").output().unwrap();
    (id.stdout.trim_ascii() == b"0").then_some("--user=root")
}

/// Makes the tables of the server itself.
fn install(program: &Path, dir: &Path) {
    let sbin = program.parent().unwrap();
    let places = [sbin.to_owned(), sbin.join("../bin"), sbin.join("../scripts")];
    let mut scripts = places.iter().map(|place| place.join("mariadb-install-db"));
    let script = scripts.find(|path| path.is_file());
    let script = script.expect("mariadb-install-db lies where mariadbd does, or in bin beside it");
    let output = Command::new(script)
        .arg("--no-defaults")
        .args(user())
        .arg(format!("--datadir={}", dir.join("rows").display()))
        .args(["--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"])
        .arg("--innodb-log-file-size=32M")
        .env("TMPDIR", dir)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
}

/// A database, and somebody who may do everything in it.
pub(super) struct Database {
    port: u16,
    name: String,
    root: Conn,
}

impl Database {
    /// An empty one on the shared server; `None` without a MariaDB.
    pub(super) async fn fresh(name: &str) -> Option<Database> {
        Some(Server::shared()?.database(name).await)
    }

    /// Runs statements, one after the other.
    pub(super) async fn run(&mut self, statements: &[&str]) {
        for statement in statements {
            let done = self.root.query_drop(*statement).await;
            done.unwrap_or_else(|error| panic!("{statement}: {error}"));
        }
    }

    /// The URL with which a project would name it; `query` stands behind it.
    pub(super) fn url(&self, query: &str) -> String {
        let Database { port, name, .. } = self;
        format!("mysql://shop:{}@127.0.0.1:{port}/{name}{query}", PASSWORD.1)
    }

    /// A connection of the source.
    pub(super) async fn connect(&self) -> Connection {
        self.connect_within(Limits::default()).await
    }

    /// The same, with less patience.
    pub(super) async fn connect_within(&self, limits: Limits) -> Connection {
        Connection::open_within(&source_name(), &self.url(""), limits).await.unwrap()
    }

    /// All rows of `table`, through a connection of their own.
    pub(super) async fn read(&self, table: &str) -> Vec<String> {
        let connection = self.connect().await;
        let shape = connection.describe(table, &[]).await.unwrap();
        read(&connection, &shape, &Range::Whole).await.unwrap()
    }
}

/// The name of the source in all tests.
pub(super) fn source_name() -> Name {
    Name::new("shop").unwrap()
}

/// The rows as text, values separated by ` | `, in the order of these texts.
pub(super) async fn read(
    connection: &Connection,
    shape: &TableShape,
    range: &Range,
) -> Result<Vec<String>, MySqlError> {
    let batches = batches(connection.rows(shape, range).await?).await?;
    let batch = concat_batches(shape.schema(), &batches).unwrap();
    let cell = |column: usize, row: usize| {
        let column = batch.column(column);
        if column.is_null(row) {
            return "null".to_owned();
        }
        array_value_to_string(column, row).unwrap()
    };
    let row = |row: usize| {
        (0..batch.num_columns()).map(|column| cell(column, row)).collect::<Vec<_>>().join(" | ")
    };
    let mut rows: Vec<String> = (0..batch.num_rows()).map(row).collect();
    rows.sort();
    Ok(rows)
}

/// All batches of a stream.
pub(super) async fn batches(
    stream: SendableRecordBatchStream,
) -> Result<Vec<RecordBatch>, MySqlError> {
    stream.try_collect().await.map_err(|error| match error {
        datafusion::error::DataFusionError::External(error) => *error.downcast().unwrap(),
        error => panic!("not of the source: {error}"),
    })
}
