//! Streams: their size, their order, and the one moment that all of them are of.

use super::server::{Database, batches, read, source_name};
use crate::source::mysql::session::Limits;
use crate::source::mysql::{Connection, ContentHash, Range};
use futures::StreamExt;
use std::process::Command;
use std::time::Duration;

/// Tells the test below that it is the child, and which database it reads.
const URL_VARIABLE: &str = "LAKEFRONT_TEST_MYSQL_URL";

/// Stands before what the child found out.
const FOUND: &str = "grown by KiB: ";

/// 200,000 rows of 1.5 KiB.
const MANY: [&str; 2] = [
    "create table many (id int primary key, filler varchar(1600) character set latin1)",
    "insert into many select seq, repeat('x', 1500) from seq_1_to_200000",
];

#[tokio::test]
async fn a_table_may_be_empty() {
    let Some(mut database) = Database::fresh("empty").await else { return };
    database.run(&["create table t (id int primary key, name text)"]).await;
    let connection = database.connect().await;
    let shape = connection.describe("t", &[]).await.unwrap();
    let stream = connection.rows(&shape, &Range::Whole).await.unwrap();
    assert_eq!(stream.schema(), *shape.schema());
    assert!(batches(stream).await.unwrap().is_empty());
    let hash = connection.content_hash(&shape).await.unwrap();
    assert!(hash.starts_with("0 rows "), "{hash}");
}

#[tokio::test]
async fn batches_have_8192_rows_or_less_when_they_are_wide() {
    let Some(mut database) = Database::fresh("batches").await else { return };
    database
        .run(&[
            "create table narrow (id int primary key)",
            "insert into narrow select seq from seq_1_to_20000",
            "create table wide (id int primary key, b longblob)",
            "insert into wide select seq, repeat('x', 300000) from seq_1_to_100",
        ])
        .await;
    let connection = database.connect().await;
    let check = async |table: &str, expected: &[usize]| {
        let shape = connection.describe(table, &[]).await.unwrap();
        let batches = batches(connection.rows(&shape, &Range::Whole).await.unwrap()).await.unwrap();
        let n_rows: Vec<usize> = batches.iter().map(arrow::array::RecordBatch::num_rows).collect();
        assert_eq!(n_rows, expected, "{table}");
    };
    check("narrow", &[8192, 8192, 3616]).await;
    check("wide", &[28, 28, 28, 16]).await;
}

/// Reads in a process of its own, where nothing else takes memory, and slower than the server sends.
#[tokio::test]
async fn a_large_table_takes_little_memory() {
    let Some(mut database) = Database::fresh("memory").await else { return };
    if !cfg!(target_os = "linux") {
        test_support::skip("the peak of a process is read from /proc");
        return;
    }
    database.run(&MANY).await;
    let name = "source::mysql::tests::reading::reader_of_a_large_table";
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(URL_VARIABLE, database.url(""))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let found = said.lines().find_map(|line| line.split_once(FOUND)).map(|(_, number)| number);
    let grown_kib: u64 = found.unwrap_or_else(|| panic!("{said}")).trim().parse().unwrap();
    // The rows are 300,000 KiB. A handful of batches are alive at once, one of them as rows to be hashed.
    assert!(grown_kib < 130_000, "grown by {grown_kib} KiB");
}

/// The child of the test above; by itself it does nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reader_of_a_large_table() {
    let Ok(url) = std::env::var(URL_VARIABLE) else { return };
    let connection = Connection::open(&source_name(), &url).await.unwrap();
    let shape = connection.describe("many", &[]).await.unwrap();
    let before = peak_kib();
    let mut stream = connection.rows(&shape, &Range::Whole).await.unwrap();
    let mut hash = ContentHash::new(shape.schema()).unwrap();
    let mut n_rows = 0;
    while let Some(batch) = stream.next().await {
        let batch = batch.unwrap();
        n_rows += batch.num_rows();
        // Work that takes longer than the next batch takes to come.
        for _ in 0..10 {
            hash.take(&batch).unwrap();
        }
    }
    assert_eq!(n_rows, 200_000);
    println!("{FOUND}{}", peak_kib() - before);
}

fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[tokio::test]
async fn all_tables_are_of_one_moment() {
    let Some(mut database) = Database::fresh("moment").await else { return };
    database
        .run(&[
            "create table orders (id int primary key, total int)",
            "create table items (id int primary key)",
            "insert into orders values (1, 10), (2, 20)",
            "insert into items values (1)",
        ])
        .await;
    let connection = database.connect().await;
    database
        .run(&[
            "update orders set total = 11 where id = 1",
            "delete from orders where id = 2",
            "insert into items values (2)",
        ])
        .await;
    let orders = connection.describe("orders", &[]).await.unwrap();
    let hash = connection.content_hash(&orders).await.unwrap();
    assert_eq!(read(&connection, &orders, &Range::Whole).await.unwrap(), ["1 | 10", "2 | 20"]);
    database.run(&["insert into items values (3)", "insert into orders values (3, 30)"]).await;
    let items = connection.describe("items", &[]).await.unwrap();
    assert_eq!(read(&connection, &items, &Range::Whole).await.unwrap(), ["1"]);
    assert_eq!(connection.greatest(&items, "id").await.unwrap().as_deref(), Some("1"));
    assert_eq!(connection.content_hash(&orders).await.unwrap(), hash);
    assert_eq!(database.read("orders").await, ["1 | 11", "3 | 30"]);
}

#[tokio::test]
async fn the_hash_of_a_snapshot_is_that_of_its_rows() {
    let Some(mut database) = Database::fresh("hashes").await else { return };
    database
        .run(&[
            "create table t (id int, price decimal(10,2), name varchar(9))",
            "insert into t values (1, 1.50, 'a'), (2, null, 'b'), (2, null, 'b')",
        ])
        .await;
    let hash = async |database: &Database| {
        let connection = database.connect().await;
        let shape = connection.describe("t", &[]).await.unwrap();
        connection.content_hash(&shape).await.unwrap()
    };
    let before = hash(&database).await;
    database
        .run(&[
            "create table other like t",
            "insert into other select * from t order by id desc",
            "rename table t to old, other to t",
        ])
        .await;
    assert_eq!(hash(&database).await, before, "the same rows in another order");
    database.run(&["update t set price = 1.51 where id = 1"]).await;
    assert_ne!(hash(&database).await, before);
    database.run(&["update t set price = 1.50 where id = 1"]).await;
    assert_eq!(hash(&database).await, before);
    database.run(&["delete from t where id = 2 limit 1"]).await;
    assert_ne!(hash(&database).await, before);
}

#[tokio::test]
async fn tables_asked_for_at_once_come_one_after_the_other() {
    let Some(mut database) = Database::fresh("at_once").await else { return };
    database
        .run(&[
            "create table a (id int primary key)",
            "insert into a select seq from seq_1_to_50000",
            "create table b (id int primary key)",
            "insert into b select seq from seq_1_to_30000",
        ])
        .await;
    let connection = database.connect().await;
    let (a, b) = (connection.describe("a", &[]).await, connection.describe("b", &[]).await);
    let (a, b) = (a.unwrap(), b.unwrap());
    let (first, second, third) = tokio::join!(
        read(&connection, &a, &Range::Whole),
        read(&connection, &b, &Range::Whole),
        read(&connection, &a, &Range::Whole),
    );
    let n_rows = [first, second, third].map(|rows| rows.unwrap().len());
    assert_eq!(n_rows, [50_000, 30_000, 50_000]);
}

#[tokio::test]
async fn a_stream_that_is_dropped_early_is_in_nobodys_way() {
    let Some(mut database) = Database::fresh("dropped").await else { return };
    database.run(&MANY).await;
    database.run(&["create table t (id int primary key)", "insert into t values (1)"]).await;
    let connection = database.connect().await;
    let many = connection.describe("many", &[]).await.unwrap();
    let t = connection.describe("t", &[]).await.unwrap();
    // Never asked for anything.
    drop(connection.rows(&many, &Range::Whole).await.unwrap());
    let mut stream = connection.rows(&many, &Range::Whole).await.unwrap();
    assert_eq!(stream.next().await.unwrap().unwrap().num_rows(), 5563);
    drop(stream);
    assert_eq!(read(&connection, &t, &Range::Whole).await.unwrap(), ["1"]);
}

#[tokio::test]
async fn a_table_that_nobody_reads_on_is_named() {
    let Some(mut database) = Database::fresh("stalled").await else { return };
    database.run(&MANY).await;
    database.run(&["create table t (id int primary key)", "insert into t values (1)"]).await;
    let limits = Limits { stall: Duration::from_millis(200), ..Limits::default() };
    let connection = database.connect_within(limits).await;
    let many = connection.describe("many", &[]).await.unwrap();
    let t = connection.describe("t", &[]).await.unwrap();
    // A plan opens all its inputs at once.
    let mut open = connection.rows(&many, &Range::Whole).await.unwrap();
    assert_eq!(read(&connection, &t, &Range::Whole).await.unwrap(), ["1"]);
    assert!(open.next().await.unwrap().is_ok());
    let error = read(&connection, &t, &Range::Whole).await.unwrap_err().to_string();
    let start = "source \"shop\", table \"t\": waits for table \"many\", whose rows nobody has taken for 0.";
    assert!(error.starts_with(start), "{error}");
    // The other one goes on as if nothing had happened.
    let rest = batches(open).await.unwrap();
    assert_eq!(rest.iter().map(arrow::array::RecordBatch::num_rows).sum::<usize>(), 200_000 - 5563);
    assert_eq!(read(&connection, &t, &Range::Whole).await.unwrap(), ["1"]);
}
