//! Rows from a watermark on.

use super::server::{Database, read};
use crate::source::mysql::{Connection, Range, TableShape};

async fn from(
    connection: &Connection,
    shape: &TableShape,
    column: &str,
    value: &str,
) -> Vec<String> {
    let (column, value) = (column.to_owned(), Some(value.to_owned()));
    read(connection, shape, &Range::From { column, value }).await.unwrap()
}

#[tokio::test]
async fn rows_at_the_border_are_read_again() {
    let Some(mut database) = Database::fresh("border").await else { return };
    database
        .run(&[
            "create table items (id int primary key, updated_at datetime(6), index (updated_at))",
            "insert into items values
             (1, '2024-01-01 10:00:00'), (2, '2024-01-01 10:00:00.000001'), (3, '2024-01-01 10:00:00.000001'),
             (4, '2024-01-01 10:00:00.000002'), (5, null)",
        ])
        .await;
    let connection = database.connect().await;
    let shape =
        connection.describe("items", &["id".to_owned(), "updated_at".to_owned()]).await.unwrap();
    let check = async |value: &str, ids: &[&str]| {
        let rows = from(&connection, &shape, "updated_at", value).await;
        let found: Vec<&str> = rows.iter().filter_map(|row| row.split(" | ").next()).collect();
        assert_eq!(found, ids, "{value}");
    };
    check("2024-01-01 10:00:00", &["1", "2", "3", "4", "5"]).await;
    check("2024-01-01 10:00:00.000001", &["2", "3", "4", "5"]).await;
    check("2024-01-01T10:00:00.000002", &["4", "5"]).await;
    check("2025-01-01 00:00:00", &["5"]).await;
    let all = Range::From { column: "updated_at".to_owned(), value: None };
    assert_eq!(read(&connection, &shape, &all).await.unwrap().len(), 5);
    let greatest = connection.greatest(&shape, "updated_at").await.unwrap().unwrap();
    assert_eq!(greatest, "2024-01-01 10:00:00.000002");
    check(&greatest, &["4", "5"]).await;
}

/// A comparison as doubles would take both neighbours for the value.
#[tokio::test]
async fn every_kind_of_watermark_is_exact() {
    let Some(mut database) = Database::fresh("exact").await else { return };
    database
        .run(&[
            "create table marks (i int, l bigint, u bigint unsigned, d decimal(38,10), a date, t timestamp(6))",
            "insert into marks values
             (1, 9223372036854775805, 18446744073709551613, 1234567890123456789012345678.0000000001, '2024-02-28', \
              '2024-03-31 01:59:59.999998'),
             (2, 9223372036854775806, 18446744073709551614, 1234567890123456789012345678.0000000002, '2024-02-29', \
              '2024-03-31 01:59:59.999999'),
             (3, 9223372036854775807, 18446744073709551615, 1234567890123456789012345678.0000000003, '2024-03-01', \
              '2024-03-31 02:00:00.000000')",
        ])
        .await;
    let connection = database.connect().await;
    let shape = connection.describe("marks", &[]).await.unwrap();
    let check = async |column: &str, middle: &str, last: &str| {
        let greatest = connection.greatest(&shape, column).await.unwrap();
        assert_eq!(greatest.as_deref(), Some(last), "{column}");
        for (value, n_rows) in [(middle, 2), (last, 1)] {
            let rows = from(&connection, &shape, column, value).await;
            assert_eq!(rows.len(), n_rows, "{column} from {value}: {rows:?}");
            assert!(rows[n_rows - 1].starts_with('3'), "{column}");
        }
    };
    check("i", "2", "3").await;
    check("l", "9223372036854775806", "9223372036854775807").await;
    check("u", "18446744073709551614", "18446744073709551615").await;
    let decimal = |digit: u8| format!("1234567890123456789012345678.000000000{digit}");
    check("d", &decimal(2), &decimal(3)).await;
    check("a", "2024-02-29", "2024-03-01").await;
    check("t", "2024-03-31T01:59:59.999999Z", "2024-03-31 02:00:00.000000").await;
}

#[tokio::test]
async fn without_rows_there_is_no_greatest_value() {
    let Some(mut database) = Database::fresh("greatest").await else { return };
    database
        .run(&[
            "create table t (id int primary key, name varchar(9), at date)",
            "insert into t values (1, 'a', null)",
        ])
        .await;
    let connection = database.connect().await;
    let shape = connection.describe("t", &[]).await.unwrap();
    assert_eq!(connection.greatest(&shape, "at").await.unwrap(), None);
    let error = connection.greatest(&shape, "name").await.unwrap_err().to_string();
    assert_eq!(
        error,
        "source \"shop\", table \"t\": column \"name\", varchar(9), is no watermark: one is a whole number, a decimal, \
         a date, a datetime or a timestamp"
    );
    let error = connection.greatest(&shape, "nobody").await.unwrap_err().to_string();
    assert!(error.ends_with("has no column \"nobody\"; there are: id, name, at"), "{error}");
}
