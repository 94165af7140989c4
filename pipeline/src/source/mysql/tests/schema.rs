//! What a table is, and what it was at the last run.

use super::server::Database;
use crate::source::mysql::{Connection, OnSchemaChange, SchemaRecord};

#[tokio::test]
async fn changes_are_found_and_named() {
    let Some(mut database) = Database::fresh("changes").await else { return };
    database
        .run(&["create table t (id int not null, name varchar(20), total decimal(10,2), primary key (id))"])
        .await;
    let describe = async |database: &Database| {
        let connection = database.connect().await;
        connection.describe("t", &[]).await.unwrap()
    };
    let first = describe(&database).await;
    let before = first.record();
    let kept = serde_json::to_string(&before).unwrap();
    let before: SchemaRecord = serde_json::from_str(&kept).unwrap();
    // Rows, comments and defaults are no columns.
    database
        .run(&[
            "insert into t values (1, 'a', 1)",
            "alter table t comment 'x', alter name set default 'y'",
        ])
        .await;
    let same = describe(&database).await;
    assert_eq!(same.fingerprint(), first.fingerprint());
    let changes = Connection::changes(&same, &before, OnSchemaChange::Fail).unwrap();
    assert!(changes.is_empty(), "{changes:?}");
    let steps = [
        ("alter table t add at datetime(6)", "column \"at\", datetime(6), has come"),
        ("alter table t drop at, drop name", "column \"name\" has vanished"),
        (
            "alter table t add name varchar(20) after id, modify total decimal(12,2)",
            "column \"total\" was decimal(10,2) and is decimal(12,2)",
        ),
        (
            "alter table t modify total decimal(10,2) not null",
            "column \"total\" was decimal(10,2) and is decimal(10,2) not null",
        ),
        (
            "alter table t modify total decimal(10,2), modify name varchar(20) after total",
            "its columns stand in another order",
        ),
        (
            "alter table t modify name varchar(20) after id, drop primary key, add unique (name)",
            "its key was id and is none",
        ),
    ];
    for (statement, expected) in steps {
        database.run(&[statement]).await;
        let now = describe(&database).await;
        assert_ne!(now.fingerprint(), first.fingerprint(), "{statement}");
        let changes = Connection::changes(&now, &before, OnSchemaChange::Evolve).unwrap();
        let texts: Vec<String> = changes.iter().map(ToString::to_string).collect();
        assert_eq!(texts, [expected], "{statement}");
        let error =
            Connection::changes(&now, &before, OnSchemaChange::Fail).unwrap_err().to_string();
        assert_eq!(
            error,
            format!(
                "source \"shop\", table \"t\": has changed: {expected}; `on_schema_change: evolve` takes that over and keeps what only the lake has"
            )
        );
    }
    database.run(&["alter table t drop index name, add primary key (id)"]).await;
    assert_eq!(describe(&database).await.fingerprint(), first.fingerprint());
}

#[tokio::test]
async fn a_column_that_is_not_read_may_change() {
    let Some(mut database) = Database::fresh("left_out").await else { return };
    database.run(&["create table t (id int primary key, a int, b int)"]).await;
    let fingerprint = async |database: &Database| {
        let only = ["id".to_owned(), "a".to_owned()];
        database.connect().await.describe("t", &only).await.unwrap().fingerprint()
    };
    let before = fingerprint(&database).await;
    database.run(&["alter table t drop b, add c text"]).await;
    assert_eq!(fingerprint(&database).await, before);
    database.run(&["alter table t modify a bigint"]).await;
    assert_ne!(fingerprint(&database).await, before);
}

#[tokio::test]
async fn keys_are_those_of_the_server() {
    let Some(mut database) = Database::fresh("server_keys").await else { return };
    database
        .run(&[
            "create table pair (a int, b int, c int unique not null, primary key (b, a))",
            "create table uniq (a int not null, b int, c varchar(99) not null, d int not null, unique n1 (b), \
             unique n2 (c(5)), unique n3 (d, a), index (a))",
            "create table bare (a int)",
            "create view v as select * from pair",
        ])
        .await;
    let connection = database.connect().await;
    let check = async |table: &str, expected: &[&str]| {
        assert_eq!(connection.describe(table, &[]).await.unwrap().key(), expected, "{table}");
    };
    check("pair", &["b", "a"]).await;
    check("uniq", &["d", "a"]).await;
    check("bare", &[]).await;
    check("v", &[]).await;
}

#[tokio::test]
async fn a_table_that_is_not_there_is_named_beside_those_that_are() {
    let Some(mut database) = Database::fresh("missing").await else { return };
    let check = async |database: &Database, table: &str, there: &str| {
        let error = database.connect().await.describe(table, &[]).await.unwrap_err().to_string();
        let expected = format!(
            "source \"shop\", table {table:?}: database \"missing\" has no such table, or the user may not read it; \
             there are: {there}"
        );
        assert_eq!(error, expected);
    };
    check(&database, "orders", "none").await;
    database
        .run(&["create table orders (id int)", "create view items as select * from orders"])
        .await;
    check(&database, "order", "items, orders").await;
    check(&database, "ORDERS", "items, orders").await;
}
