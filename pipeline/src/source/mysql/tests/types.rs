//! Every type of column, with its extremes.

use super::server::{Database, batches, read};
use crate::source::mysql::{Range, ZeroDates};
use arrow::array::{Array, BinaryArray};

#[tokio::test]
async fn numbers_keep_all_their_digits() {
    let Some(mut database) = Database::fresh("numbers").await else { return };
    database
        .run(&[
            "create table whole (id int primary key, t tinyint, tu tinyint unsigned, b boolean, s smallint, \
             su smallint unsigned, m mediumint, mu mediumint unsigned zerofill, i int, iu int unsigned, l bigint, \
             lu bigint unsigned, y year)",
            "insert into whole values
             (1, -128, 0, false, -32768, 0, -8388608, 0, -2147483648, 0, -9223372036854775808, 0, 1901),
             (2, 127, 255, 2, 32767, 65535, 8388607, 16777215, 2147483647, 4294967295, 9223372036854775807, \
              18446744073709551615, 2155),
             (3, null, null, null, null, null, null, null, null, null, null, null, null)",
            "create table broken (id int primary key, d decimal(38,10), s decimal(5,5), w decimal(38,0), \
             u decimal(10,2) unsigned, f float, g double)",
            "insert into broken values
             (1, -9999999999999999999999999999.9999999999, -0.99999, -99999999999999999999999999999999999999, 0, \
              -3.4028234e38, -1.7976931348623157e308),
             (2, 0.0000000001, 0.00001, 99999999999999999999999999999999999999, 99999999.99, 0.1, 0.1),
             (3, null, null, null, null, null, null),
             (4, 0, 0, 0, 0.5, 16777217, 5e-324)",
            "create table bits (id int primary key, one bit, some bit(10), most bit(63), all_of_them bit(64))",
            "insert into bits values (1, 0, 0, 0, 0), (2, 1, b'1111111111', ~0 >> 1, ~0), (3, null, null, null, null)",
        ])
        .await;
    let most = u64::MAX;
    assert_eq!(
        database.read("whole").await,
        [
            "1 | -128 | 0 | 0 | -32768 | 0 | -8388608 | 0 | -2147483648 | 0 | -9223372036854775808 | 0 | 1901",
            &format!(
                "2 | 127 | 255 | 2 | 32767 | 65535 | 8388607 | 16777215 | 2147483647 | 4294967295 | \
                 9223372036854775807 | {most} | 2155"
            ),
            "3 | null | null | null | null | null | null | null | null | null | null | null | null",
        ]
    );
    assert_eq!(
        database.read("broken").await,
        [
            "1 | -9999999999999999999999999999.9999999999 | -0.99999 | -99999999999999999999999999999999999999 | \
             0.00 | -3.4028235e38 | -1.7976931348623157e308",
            "2 | 0.0000000001 | 0.00001 | 99999999999999999999999999999999999999 | 99999999.99 | 0.1 | 0.1",
            "3 | null | null | null | null | null | null",
            "4 | 0.0000000000 | 0.00000 | 0 | 0.50 | 16777216.0 | 5e-324",
        ]
    );
    assert_eq!(
        database.read("bits").await,
        [
            "1 | false | 0 | 0 | 0",
            &format!("2 | true | 1023 | {} | {most}", i64::MAX),
            "3 | null | null | null | null",
        ]
    );
}

#[tokio::test]
async fn moments_do_not_depend_on_the_zone_of_the_server() {
    let Some(mut database) = Database::fresh("moments").await else { return };
    database
        .run(&[
            "create table moments (id int primary key, d date, w datetime, p datetime(6), m timestamp(6) null, \
             s timestamp(3) null, t time, f time(6), h time(1))",
            "insert into moments values
             (1, '1000-01-01', '1000-01-01', '1000-01-01 00:00:00.000001', '1970-01-01 00:00:01', \
              '1970-01-01 00:00:01.5', '-838:59:59', '-838:59:59.999999', '-00:00:00.1'),
             (2, '9999-12-31', '9999-12-31 23:59:59', '9999-12-31 23:59:59.999999', \
              '2038-01-19 03:14:07.999999', '2024-03-31 02:30:00.123', '838:59:59', '25:00:00.000001', '00:00:00'),
             (3, null, null, null, null, null, null, null, null)",
        ])
        .await;
    assert_eq!(
        database.read("moments").await,
        [
            "1 | 1000-01-01 | 1000-01-01T00:00:00 | 1000-01-01T00:00:00.000001 | 1970-01-01T00:00:01Z | \
             1970-01-01T00:00:01.500Z | -838:59:59 | -838:59:59.999999 | -00:00:00.1",
            "2 | 9999-12-31 | 9999-12-31T23:59:59 | 9999-12-31T23:59:59.999999 | 2038-01-19T03:14:07.999999Z | \
             2024-03-31T02:30:00.123Z | 838:59:59 | 25:00:00.000001 | 00:00:00.0",
            "3 | null | null | null | null | null | null | null | null",
        ]
    );
}

#[tokio::test]
async fn texts_come_as_utf_8_whatever_they_are_kept_in() {
    let Some(mut database) = Database::fresh("texts").await else { return };
    database
        .run(&[
            "create table texts (id int primary key, c char(5), v varchar(20), l varchar(20) character set latin1, \
             u varchar(20) character set ucs2, t text, e enum('new', 'größer', ''), s set('a', 'b', 'ü'), j json, g uuid, \
             n inet6)",
            "insert into texts values
             (1, 'ab', 'наука 💧 ', 'é', '水', repeat('水', 3), 'größer', 'ü,a', '{\"k\": \"💧\"}', \
              '0f8fad5b-d9cb-469f-a165-70867728950e', '::1'),
             (2, '', '', '', '', '', '', '', '[]', null, null),
             (3, null, null, null, null, null, null, null, null, null, null)",
        ])
        .await;
    assert_eq!(
        database.read("texts").await,
        [
            "1 | ab | наука 💧  | é | 水 | 水水水 | größer | a,ü | {\"k\": \"💧\"} | \
             0f8fad5b-d9cb-469f-a165-70867728950e | ::1",
            "2 |  |  |  |  |  |  |  | [] | null | null",
            "3 | null | null | null | null | null | null | null | null | null | null",
        ]
    );
}

#[tokio::test]
async fn bytes_are_not_taken_for_text() {
    let Some(mut database) = Database::fresh("bytes").await else { return };
    database
        .run(&[
            "create table bytes (id int primary key, f binary(4), v varbinary(9), b blob, l longblob)",
            "insert into bytes values (1, x'ff00', x'c328', x'', repeat(x'fe', 3)), (2, null, null, null, null)",
        ])
        .await;
    let connection = database.connect().await;
    let shape = connection.describe("bytes", &[]).await.unwrap();
    let stream = connection.rows(&shape, &Range::Whole).await.unwrap();
    let batches = batches(stream).await.unwrap();
    let values: Vec<Option<&[u8]>> = (1..5)
        .flat_map(|idx| {
            let column = batches[0].column(idx).as_any().downcast_ref::<BinaryArray>().unwrap();
            column.iter().collect::<Vec<_>>()
        })
        .collect();
    let expected: [Option<&[u8]>; 8] = [
        Some(&[0xff, 0, 0, 0]),
        None,
        Some(&[0xc3, 0x28]),
        None,
        Some(&[]),
        None,
        Some(&[0xfe, 0xfe, 0xfe]),
        None,
    ];
    assert_eq!(values, expected);
}

#[tokio::test]
async fn zero_dates_follow_their_rule() {
    let Some(mut database) = Database::fresh("zero_dates").await else { return };
    database
        .run(&[
            "set sql_mode = ''",
            "create table zeros (shop int, nr int, d date not null, w datetime not null, m timestamp null, \
             primary key (shop, nr))",
            "insert into zeros values (1, 1, '2024-01-01', '2024-01-01', '2024-01-01'), (1, 2, 0, 0, 0), (1, 3, 0, 0, null)",
            "create table parts (id int primary key, d date)",
            "insert into parts values (5, '2024-00-00')",
            "create table nights (w datetime)",
            "insert into nights values ('2024-01-01 10:00:00'), ('2024-02-00 10:00:00')",
        ])
        .await;
    let connection = database.connect().await;
    let shape = connection.describe("zeros", &[]).await.unwrap();
    for _ in 0..2 {
        assert_eq!(
            read(&connection, &shape, &Range::Whole).await.unwrap(),
            [
                "1 | 1 | 2024-01-01 | 2024-01-01T00:00:00 | 2024-01-01T00:00:00Z",
                "1 | 2 | null | null | null",
                "1 | 3 | null | null | null",
            ]
        );
        assert_eq!(shape.n_zero_dates(), 5, "counted anew each time");
    }
    let check = async |table: &str, expected: &str| {
        let shape = connection.describe(table, &[]).await.unwrap();
        let shape = shape.with_zero_dates(ZeroDates::Fail);
        let error = read(&connection, &shape, &Range::Whole).await.unwrap_err();
        assert_eq!(error.to_string(), expected);
    };
    check(
        "zeros",
        "source \"shop\", table \"zeros\": column \"d\" of the row with shop 1, nr 2: \"0000-00-00\" is no date",
    )
    .await;
    check(
        "parts",
        "source \"shop\", table \"parts\": column \"d\" of the row with id 5: \"2024-00-00\" is no day of the calendar",
    )
    .await;
    check(
        "nights",
        "source \"shop\", table \"nights\": column \"w\" of the row with number 2 in the order of reading: \
         \"2024-02-00 10:00:00.000000\" is no day of the calendar",
    )
    .await;
}

#[tokio::test]
async fn names_may_be_anything() {
    let Some(mut database) = Database::fresh("names").await else { return };
    database
        .run(&[
            "create table `a``b ? :c` (`select` int primary key, `x``y` int, `größe \"'` int, `q ? :p` int, `-- x` int)",
            "insert into `a``b ? :c` values (1, 2, 3, 4, 5)",
        ])
        .await;
    let connection = database.connect().await;
    let shape = connection.describe("a`b ? :c", &[]).await.unwrap();
    assert_eq!(read(&connection, &shape, &Range::Whole).await.unwrap(), ["1 | 2 | 3 | 4 | 5"]);
    let range = Range::From { column: "q ? :p".to_owned(), value: Some("4".to_owned()) };
    assert_eq!(read(&connection, &shape, &range).await.unwrap(), ["1 | 2 | 3 | 4 | 5"]);
    assert_eq!(connection.greatest(&shape, "-- x").await.unwrap().as_deref(), Some("5"));
}

#[tokio::test]
async fn columns_are_those_of_a_star_or_of_the_list() {
    let Some(mut database) = Database::fresh("columns").await else { return };
    database
        .run(&[
            "create table t (id int primary key, a int, hidden int invisible default 7, twice int as (a * 2), \
             wide decimal(65,30), spot point)",
            "insert into t (id, a) values (1, 2)",
            "create view v as select a + 1 as b, 'x' as c from t",
        ])
        .await;
    let connection = database.connect().await;
    let only = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let check = async |table: &str, names: &[&str], expected: &str| {
        let shape = connection.describe(table, &only(names)).await.unwrap();
        assert_eq!(
            read(&connection, &shape, &Range::Whole).await.unwrap(),
            [expected],
            "{names:?}"
        );
    };
    check("t", &["twice", "hidden", "id"], "4 | 7 | 1").await;
    check("v", &[], "3 | x").await;
    let refused = async |names: &[&str], expected: &str| {
        let error = connection.describe("t", &only(names)).await.unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    };
    let wide = "source \"shop\", table \"t\": column \"wide\", decimal(65,30), has 65 digits, a decimal in a lake has";
    refused(&[], wide).await;
    refused(&["id", "wide"], wide).await;
    refused(
        &["spot"],
        "source \"shop\", table \"t\": column \"spot\", point, is none of the types",
    )
    .await;
    refused(
        &["id", "ID"],
        "source \"shop\", table \"t\": has no column \"ID\"; there are: id, a, hidden, twice, wide, spot",
    )
    .await;
    refused(&["id", "id"], "source \"shop\", table \"t\": column \"id\" stands in `columns` twice")
        .await;
    // A table that was read is not altered before its transaction ends.
    drop(connection);
    // Without the two, the star leaves the hidden one out.
    database.run(&["alter table t drop wide, drop spot"]).await;
    assert_eq!(database.read("t").await, ["1 | 2 | 4"]);
}
