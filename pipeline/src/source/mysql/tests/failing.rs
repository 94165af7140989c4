//! Servers that are away, hang, hang up, or say no.

use super::server::{Database, Server, batches, read, source_name};
use crate::source::mysql::session::Limits;
use crate::source::mysql::{Connection, MySqlError, Range};
use futures::StreamExt;
use std::io::Write;
use std::net::TcpListener;
use std::time::Duration;

fn hasty() -> Limits {
    let short = Duration::from_millis(300);
    Limits { connect: short, answer: short, silence: short, stall: short }
}

async fn refused(url: &str, limits: Limits) -> String {
    let opened = Connection::open_within(&source_name(), url, limits).await;
    let error = opened.err().expect("a refusal").to_string();
    for secret in ["hunter2", "ti/g:e#r@1", "ti%2F"] {
        assert!(!error.contains(secret), "{error}");
    }
    error
}

#[tokio::test]
async fn a_server_that_is_away_is_named() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error =
        refused(&format!("mysql://u:hunter2@127.0.0.1:{port}/shop"), Limits::default()).await;
    let start = format!("source \"shop\": the server at 127.0.0.1:{port} cannot be reached: ");
    assert!(error.starts_with(&start), "{error}");
    let error = refused("mysql://u:hunter2@no-such-host.invalid/shop", Limits::default()).await;
    let start = "source \"shop\": the server at no-such-host.invalid:3306 cannot be reached: ";
    assert!(error.starts_with(start), "{error}");
    let error = refused("mysql://u:hunter2@db", Limits::default()).await;
    assert!(error.starts_with("source \"shop\": its url names no database"), "{error}");
}

#[tokio::test]
async fn a_server_that_says_nothing_is_not_waited_for_long() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let error = refused(&format!("mysql://u:hunter2@127.0.0.1:{port}/shop"), hasty()).await;
    let expected =
        format!("source \"shop\": the server at 127.0.0.1:{port} has not answered for 0.3 s");
    assert_eq!(error, expected);
}

#[tokio::test]
async fn a_server_of_something_else_is_no_reason_to_panic() {
    let greetings: [&[u8]; 4] =
        [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x05\0\0\0\x0a8.0\0", b"\xff\xff\xff\xff", b""];
    for greeting in greetings {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let other = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.write_all(greeting);
        });
        let error = refused(&format!("mysql://u:hunter2@127.0.0.1:{port}/shop"), hasty()).await;
        let start = format!("source \"shop\": the server at 127.0.0.1:{port} ");
        assert!(error.starts_with(&start), "{error}");
        other.join().unwrap();
    }
}

#[tokio::test]
async fn a_refused_log_in_says_what_to_check() {
    let Some(database) = Database::fresh("log_in").await else { return };
    let port = Server::shared().unwrap().port();
    let check = async |url: &str, expected: &str| {
        let error = refused(url, Limits::default()).await;
        let expected =
            format!("source \"shop\": the server at 127.0.0.1:{port} refuses: {expected}");
        assert_eq!(error, expected);
    };
    check(
        &format!("mysql://shop:hunter2@127.0.0.1:{port}/log_in"),
        "Access denied for user 'shop'@'127.0.0.1' (using password: YES) (error 1045); check user and password in \
         the url",
    )
    .await;
    check(
        &format!("mysql://nobody@127.0.0.1:{port}/log_in"),
        "Access denied for user 'nobody'@'127.0.0.1' (using password: NO) (error 1045); check user and password in \
         the url",
    )
    .await;
    check(
        &database.url("").replace("/log_in", "/mysql"),
        "Access denied for user 'shop'@'%' to database 'mysql' (error 1044); check the database in the url, and that \
         the user may read it",
    )
    .await;
}

#[tokio::test]
async fn a_connection_is_encrypted_when_it_should_be() {
    let Some(database) = Database::fresh("encrypted").await else { return };
    let ca = format!("{}/tests/mysql/tls/ca.pem", env!("CARGO_MANIFEST_DIR"));
    let port = Server::shared().unwrap().port();
    let encrypted = async |query: &str| {
        let connection = Connection::open(&source_name(), &database.url(query)).await.unwrap();
        let mut taken = connection.line.take("t").await.unwrap();
        let sql = "select variable_value from information_schema.session_status where variable_name = 'Ssl_version'";
        let rows = taken.session.ask(sql, mysql_async::Params::Empty).await.unwrap();
        rows[0].get::<String, _>(0).unwrap()
    };
    assert_eq!(encrypted("").await, "");
    assert_eq!(encrypted("?ssl-mode=disabled").await, "");
    for query in ["?ssl-mode=required".to_owned(), format!("?ssl-mode=verify_identity&ssl-ca={ca}")]
    {
        assert_eq!(encrypted(&query).await, "TLSv1.3", "{query}");
    }
    // Nobody knows who signed it.
    let error = refused(&database.url("?ssl-mode=verify_identity"), Limits::default()).await;
    let expected = format!(
        "source \"shop\": the server at 127.0.0.1:{port} offers no connection that is encrypted as it should be: invalid \
         peer certificate: UnknownIssuer; in the url ssl-ca=FILE names"
    );
    assert!(error.starts_with(&expected), "{error}");
    // It is of 127.0.0.1 only.
    let elsewhere = database.url(&format!("?ssl-mode=verify_identity&ssl-ca={ca}"));
    let elsewhere = elsewhere.replace("127.0.0.1", "localhost");
    let error = refused(&elsewhere, Limits::default()).await;
    assert!(error.contains("not valid for name"), "{error}");
}

#[tokio::test]
async fn a_server_that_dies_half_way_is_no_end_of_the_rows() {
    let Some(server) = Server::start() else { return };
    let mut database = server.database("dying").await;
    database
        .run(&[
            "create table many (id int primary key, filler varchar(1600) character set latin1)",
            "insert into many select seq, repeat('x', 1500) from seq_1_to_100000",
        ])
        .await;
    let connection = database.connect().await;
    let many = connection.describe("many", &[]).await.unwrap();
    let mut stream = connection.rows(&many, &Range::Whole).await.unwrap();
    assert!(stream.next().await.unwrap().is_ok());
    let port = server.port();
    drop(server);
    let error = batches(stream).await.unwrap_err().to_string();
    let start = format!(
        "source \"shop\", table \"many\": the connection to 127.0.0.1:{port} was lost after "
    );
    assert!(error.starts_with(&start), "{error}");
    assert!(!error.contains("after 0 rows"), "{error}");
    // What follows fails as well, and does not hang.
    let error = read(&connection, &many, &Range::Whole).await.unwrap_err();
    assert!(matches!(error, MySqlError::Table { .. }), "{error}");
    let error = connection.describe("many", &[]).await.unwrap_err().to_string();
    assert!(
        error.starts_with(&format!("source \"shop\": the server at 127.0.0.1:{port} ")),
        "{error}"
    );
}

#[tokio::test]
async fn a_question_without_an_answer_ends_the_run() {
    let Some(mut database) = Database::fresh("silent").await else { return };
    database.run(&["create table t (id int primary key)", "insert into t values (1)"]).await;
    // Each row takes longer than anybody waits.
    database.run(&["create view slow as select id, sleep(3) as pause from t"]).await;
    let connection =
        database.connect_within(Limits { connect: Duration::from_secs(10), ..hasty() }).await;
    let slow = connection.describe("slow", &[]).await.unwrap();
    let error = read(&connection, &slow, &Range::Whole).await.unwrap_err().to_string();
    let port = Server::shared().unwrap().port();
    assert_eq!(
        error,
        format!(
            "source \"shop\", table \"slow\": 127.0.0.1:{port} sent nothing for 0.3 s after 0 rows"
        )
    );
    // The answer may come yet, and is not to be taken for another one.
    let error = connection.describe("t", &[]).await.unwrap_err().to_string();
    assert!(
        error.ends_with("was left in the middle of an answer; the run has to start again"),
        "{error}"
    );
}

#[tokio::test]
async fn a_table_that_is_altered_in_between_is_not_read() {
    let Some(mut database) = Database::fresh("altered").await else { return };
    database
        .run(&[
            "create table t (id int primary key, a int)",
            "insert into t values (1, 1)",
            "create table gone (id int primary key)",
        ])
        .await;
    let connection = database.connect().await;
    let t = connection.describe("t", &[]).await.unwrap();
    let gone = connection.describe("gone", &[]).await.unwrap();
    database.run(&["alter table t modify a varchar(9), force", "drop table gone"]).await;
    let error = read(&connection, &t, &Range::Whole).await.unwrap_err().to_string();
    assert!(error.contains("Table definition has changed"), "{error}");
    let error = read(&connection, &gone, &Range::Whole).await.unwrap_err().to_string();
    assert!(error.contains("Table 'altered.gone' doesn't exist (error 1146)"), "{error}");
    // The session is as good as before.
    database.run(&["create table u (id int primary key)"]).await;
    assert!(connection.describe("u", &[]).await.is_ok());
}

#[tokio::test]
async fn nothing_can_be_written() {
    let Some(mut database) = Database::fresh("read_only").await else { return };
    database
        .run(&["create table t (id int primary key)", "grant all on read_only.* to shop"])
        .await;
    let connection = database.connect().await;
    let mut taken = connection.line.take("t").await.unwrap();
    let written = taken.session.ask("insert into t values (1)", mysql_async::Params::Empty).await;
    let error = format!("{:?}", written.unwrap_err());
    assert!(error.contains("READ ONLY"), "{error}");
}
