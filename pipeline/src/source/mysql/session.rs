//! One session with a server, in one transaction that sees one state of its tables.

use super::address::Address;
use super::error::{ServerRule, TableRule};
use mysql_async::prelude::Queryable;
use mysql_async::{
    BinaryProtocol, Conn, DriverError, Error as DriverFailure, IoError, Params, QueryResult, Row,
    ServerError,
};
use std::future::Future;
use std::time::Duration;

/// Each must hold, else values would be read wrong or rows be missing.
const SETTINGS: [&str; 5] = [
    // Whatever the columns are encoded in, UTF-8 comes.
    "set names utf8mb4",
    // A timestamp comes as UTC.
    "set time_zone = '+00:00'",
    // A mode of the server may pad texts of `char(n)`.
    "set sql_mode = ''",
    // A server may be told to cut every answer.
    "set sql_select_limit = 18446744073709551615",
    // The others see rows that were committed after the first query.
    "set session transaction isolation level repeatable read",
];

/// What a server does not take is left as it is: an answer may be read slowly, as the lake is written
/// meanwhile, and the session may wait while other tables are written.
const PATIENCE: [&str; 2] = ["set net_write_timeout = 3600", "set wait_timeout = 28800"];

/// MySQL and MariaDB begin the transaction by the first. TiDB has no such combination and takes the
/// second; there every transaction is a snapshot.
const BEGIN: [&str; 2] = [
    "start transaction with consistent snapshot, read only",
    "start transaction with consistent snapshot",
];

/// The server does not understand a statement.
const SYNTAX_ERROR: u16 = 1064;

/// How long a session that is left may take to say good-bye.
const FAREWELL: Duration = Duration::from_secs(1);

/// How long is waited for what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Until the session is there.
    pub(super) connect: Duration,
    /// Until an answer about tables is there.
    pub(super) answer: Duration,
    /// Until the next row comes. A query without an index may seek long before its first.
    pub(super) silence: Duration,
    /// Until somebody takes the rows of a table while another one is waited for.
    pub(super) stall: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connect: Duration::from_secs(10),
            answer: Duration::from_secs(60),
            silence: Duration::from_secs(15 * 60),
            stall: Duration::from_secs(60),
        }
    }
}

/// A session whose transaction is open until it is dropped.
pub(super) struct Session {
    conn: Option<Conn>,
    /// Whether a statement was sent whose answer has not begun: after this nothing on the connection
    /// can be understood.
    is_midway: bool,
    limits: Limits,
}

/// Why a statement has no answer, or not the whole one.
#[derive(Debug)]
pub(super) enum Failure {
    /// The server says no.
    Refused(ServerError),
    /// The connection or the protocol is broken.
    Broken(DriverFailure),
    /// Nothing came.
    Silent(Duration),
    /// An earlier statement was given up half-way.
    Abandoned,
}

impl Session {
    /// Connects, and begins the transaction.
    pub(super) async fn open(address: &Address, limits: Limits) -> Result<Session, ServerRule> {
        if address.is_encrypted() {
            let provider = rustls::crypto::ring::default_provider;
            if rustls::crypto::CryptoProvider::get_default().is_none() {
                // Somebody else may have come first, which is as well.
                let _ = provider().install_default();
            }
        }
        let opened = async {
            let conn = Conn::new(address.opts()).await?;
            let mut session = Session { conn: Some(conn), is_midway: true, limits };
            session.begin().await?;
            session.is_midway = false;
            Ok::<_, DriverFailure>(session)
        };
        match tokio::time::timeout(limits.connect, opened).await {
            Ok(Ok(session)) => Ok(session),
            Ok(Err(error)) => Err(ServerRule::from(error)),
            Err(_) => Err(ServerRule::Silent { after: limits.connect }),
        }
    }

    async fn begin(&mut self) -> Result<(), DriverFailure> {
        let conn = self.conn.as_mut().ok_or(DriverError::ConnectionClosed)?;
        for setting in SETTINGS {
            conn.query_drop(setting).await?;
        }
        for setting in PATIENCE {
            match conn.query_drop(setting).await {
                Ok(()) | Err(DriverFailure::Server(_)) => {}
                Err(error) => return Err(error),
            }
        }
        let [begin, begin_in_tidb] = BEGIN;
        match conn.query_drop(begin).await {
            Err(DriverFailure::Server(error)) if error.code == SYNTAX_ERROR => {
                conn.query_drop(begin_in_tidb).await
            }
            begun => begun,
        }
    }

    /// The rows of an answer that is small.
    pub(super) async fn ask(&mut self, sql: &str, params: Params) -> Result<Vec<Row>, Failure> {
        let limit = self.limits.answer;
        self.whole(limit, sql, params).await
    }

    /// The same, of a question for which a whole table may have to be looked through.
    pub(super) async fn seek(&mut self, sql: &str, params: Params) -> Result<Vec<Row>, Failure> {
        let limit = self.limits.silence;
        self.whole(limit, sql, params).await
    }

    async fn whole(
        &mut self,
        limit: Duration,
        sql: &str,
        params: Params,
    ) -> Result<Vec<Row>, Failure> {
        let conn = midway(&mut self.conn, &mut self.is_midway)?;
        let rows = within(limit, conn.exec(sql, params)).await;
        self.is_midway = !matches!(rows, Ok(_) | Err(Failure::Refused(_)));
        rows
    }

    /// Begins an answer that may be large.
    pub(super) async fn query(
        &mut self,
        sql: &str,
        params: Params,
    ) -> Result<QueryResult<'_, 'static, BinaryProtocol>, Failure> {
        let conn = midway(&mut self.conn, &mut self.is_midway)?;
        let result = within(self.limits.silence, conn.exec_iter(sql, params)).await;
        // Rows that nobody takes are skipped by the next statement.
        self.is_midway = !matches!(result, Ok(_) | Err(Failure::Refused(_)));
        result
    }
}

/// The connection of a session that is ready for a statement, marked as being in the middle of one.
fn midway<'c>(conn: &'c mut Option<Conn>, is_midway: &mut bool) -> Result<&'c mut Conn, Failure> {
    if std::mem::replace(is_midway, true) {
        return Err(Failure::Abandoned);
    }
    conn.as_mut().ok_or(Failure::Abandoned)
}

/// What `answer` gives within `limit`.
pub(super) async fn within<T>(
    limit: Duration,
    answer: impl Future<Output = Result<T, DriverFailure>>,
) -> Result<T, Failure> {
    match tokio::time::timeout(limit, answer).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(DriverFailure::Server(error))) => Err(Failure::Refused(error)),
        Ok(Err(error)) => Err(Failure::Broken(error)),
        Err(_) => Err(Failure::Silent(limit)),
    }
}

/// Without this the driver would read the rest of an answer to its end before it hangs up.
impl Drop for Session {
    fn drop(&mut self) {
        let (Some(conn), Ok(runtime)) = (self.conn.take(), tokio::runtime::Handle::try_current())
        else {
            return;
        };
        runtime.spawn(async move {
            // A server that does not listen loses the connection all the same.
            let _ = tokio::time::timeout(FAREWELL, conn.disconnect()).await;
        });
    }
}

impl From<DriverFailure> for ServerRule {
    fn from(error: DriverFailure) -> ServerRule {
        match error {
            DriverFailure::Io(IoError::Tls(error)) => ServerRule::Tls { reason: error.to_string() },
            DriverFailure::Io(IoError::Io(error)) => {
                match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
                    Some(error) => ServerRule::Tls { reason: error.to_string() },
                    None => ServerRule::Away(error),
                }
            }
            DriverFailure::Server(ServerError { code, message, .. }) => {
                ServerRule::Refused { code, message }
            }
            DriverFailure::Driver(error @ DriverError::NoClientSslFlagFromServer) => {
                ServerRule::Tls { reason: error.to_string() }
            }
            error => ServerRule::Protocol(error),
        }
    }
}

impl From<Failure> for ServerRule {
    fn from(failure: Failure) -> ServerRule {
        match failure {
            Failure::Refused(error) => DriverFailure::Server(error).into(),
            Failure::Broken(error) => error.into(),
            Failure::Silent(after) => ServerRule::Silent { after },
            Failure::Abandoned => ServerRule::Abandoned,
        }
    }
}

impl Failure {
    /// What it means for a table of which `n_rows` had come from `address`.
    pub(super) fn of_table(self, address: &Address, n_rows: u64) -> TableRule {
        let address = address.to_string();
        match self {
            Failure::Refused(ServerError { code, message, .. }) => {
                TableRule::Refused { address, n_rows, code, message }
            }
            Failure::Broken(source) => TableRule::Lost { address, n_rows, source },
            Failure::Silent(after) => TableRule::Silent { address, n_rows, after },
            Failure::Abandoned => {
                let source = DriverError::ConnectionClosed.into();
                TableRule::Lost { address, n_rows, source }
            }
        }
    }
}
