//! What is read of CSV files, and what is said of those that are not right.

use super::*;
use arrow::array::{Array, AsArray};

fn shape(columns: &[&str], rescue: Option<&str>, audit: Audit) -> Arc<Shape> {
    let column = |name: &&str| Column {
        name: (*name).to_owned(),
        of: ColumnType::of(DataType::Utf8),
        missing: Missing::Refused,
    };
    let (columns, rescue) = (columns.iter().map(column).collect(), rescue.map(str::to_owned));
    Arc::new(Shape { columns, rescue, numbers: Dialect::default().numbers, audit })
}

/// The rows of a file, each as its texts, the rescue column last where there is one.
fn read(
    name: &str,
    bytes: &[u8],
    dialect: &Dialect,
    shape: Arc<Shape>,
) -> Result<Vec<Vec<Option<String>>>, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    let n_columns = shape.columns.len() + usize::from(shape.rescue.is_some());
    let mut found = Vec::new();
    let rows = TypedRows::new(shape, &path, name.to_owned(), 0);
    let take = &mut |batch: RecordBatch| {
        for row_idx in 0..batch.num_rows() {
            let text = |column: usize| {
                let column = batch.column(column).as_string::<i32>();
                column.is_valid(row_idx).then(|| column.value(row_idx).to_owned())
            };
            found.push((0..n_columns).map(text).collect());
        }
        true
    };
    match read_typed(&path, dialect, Span::WHOLE, rows, take) {
        Ok(_) => Ok(found),
        Err(error) => Err(error.to_string()),
    }
}

fn nulls(texts: &[&str]) -> Dialect {
    let null_texts = texts.iter().map(|text| (*text).to_owned()).collect();
    Dialect { null_texts, ..Dialect::default() }
}

#[test]
fn rows_are_kept_as_they_were_written() {
    let check = |text: &str, expected: &[[Option<&str>; 2]]| {
        let shape = shape(&["a", "b"], None, Audit::Left);
        let found = read("t.csv", text.as_bytes(), &nulls(&[""]), shape).unwrap();
        let expected: Vec<Vec<_>> = expected
            .iter()
            .map(|row| row.iter().map(|field| field.map(str::to_owned)).collect())
            .collect();
        assert_eq!(found, expected, "{text:?}");
    };
    check("a,b\n1,2\n", &[[Some("1"), Some("2")]]);
    check("b,a\r\n1,2", &[[Some("2"), Some("1")]]);
    check("\u{feff}a,b\n 1,\"x, \"\"y\"\"\nz\"\n", &[[Some(" 1"), Some("x, \"y\"\nz")]]);
    check("a,b\n,0\n007,é", &[[None, Some("0")], [Some("007"), Some("é")]]);
    check("\n\na,b\n\n1,2\n\n\r\n", &[[Some("1"), Some("2")]]);
    check("a,b\n", &[]);
    check("a,b", &[]);
}

#[test]
fn an_empty_line_of_one_column_is_a_row() {
    let shape = shape(&["v"], None, Audit::Left);
    let found = read("t.csv", b"v\n1\n\n\"\"\n5", &nulls(&[""]), shape).unwrap();
    let found: Vec<_> = found.iter().map(|row| row[0].as_deref()).collect();
    assert_eq!(found, [Some("1"), None, None, Some("5")]);
}

#[test]
fn what_is_wrong_is_named_with_line_and_column() {
    let check = |name: &str, bytes: &[u8], expected: &str| {
        let error = read(name, bytes, &nulls(&[""]), shape(&["a"], None, Audit::Left)).unwrap_err();
        assert!(error.contains(expected), "{error:?} should contain {expected:?}");
        assert!(error.contains(name), "{error:?} should name the file");
    };
    check("t.csv", b"", "is empty");
    check("t.csv", b"\n\r\n", "is empty");
    check("t.csv", b"a,a\n", ":1: header names column \"a\" twice");
    check("t.csv", b"a,\n", ":1: header names column \"\" without text");
    check("t.csv", b"b;a\n1;2\n", "say `delimiter: ';'` of the source");
    check("t.csv", b"b\ta\n1\t2\n", "say `delimiter: '\\t'` of the source");
    check("t.csv", b"b,c\n1,2\n", ":1: header lacks column \"a\", it has: b, c; deliver it");
    check("t.csv", b"\xff\xfea\0\n\0", ":1: looks like UTF-16: say `encoding: utf-16`");
    check("t.csv", b"a\0,\0b\0\n\0", ":1: looks like UTF-16: say `encoding: utf-16`");
    check("t.csv", b"a,\xe9\n", ":1: column \"2 of the header\" is not UTF-8 from its byte 0");
    check("t.csv", b"a\n1\n\"x\"y\n", ":3: column \"a\" has text behind its closing quote");
    check("t.csv", b"a\rb\r1\r2", ":1: column \"1\" has a carriage return");
    let check = |name: &str, bytes: &[u8], expected: &str| {
        let shape = shape(&["a", "b"], None, Audit::Left);
        let error = read(name, bytes, &nulls(&[""]), shape).unwrap_err();
        assert!(error.contains(expected), "{error:?} should contain {expected:?}");
    };
    check(
        "t.csv",
        b"a,b\n1,2\n3\n",
        ":3: row has 1 fields and the header 2, the first that lacks is column \"b\"",
    );
    check("t.csv", b"a,b\n1,2,3\n", ":2: row has 3 fields");
    check("t.csv", b"a,b\n\"x\ny\",\xff\n", ":2: column \"b\" is not UTF-8 from its byte 0");
    check("t.csv", b"a,b\n1,\xff\n", "if it is Latin-1, say `encoding: windows-1252`");
    check("t.csv", b"a,b\n1,2\n3,\"4\n5,6\n", ":3: column \"b\" opens a quote");
    check("t.csv", b"a,b\n1,2\n3,\"4", ":3: column \"b\" opens a quote");
    let whole = zstd::encode_all(&b"a,b\n1,2\n"[..], 3).unwrap();
    check("t.csv.zst", &whole[..whole.len() - 5], "not a whole zstd stream");
    check("t.csv.zst", b"a,b\n1,2\n", "not a whole zstd stream");
    check("t.csv.zst", b"", "not a whole zstd stream");
}

#[test]
fn a_row_that_does_not_fit_is_rescued_alone() {
    let check = |row: &[u8], expected: &str| {
        let bytes = [b"a,b\n1,2\n", row, b"\n3,4"].concat();
        let shape = shape(&["a", "b"], Some("r"), Audit::Kept);
        let found = read("t.csv", &bytes, &nulls(&[""]), shape).unwrap();
        assert_eq!(found.len(), 3, "{found:?}");
        assert_eq!(found[1], [None, None, Some(expected.to_owned())]);
        assert_eq!(found[2], [Some("3".to_owned()), Some("4".to_owned()), None]);
    };
    check(b"x", r#"{"_fields":["x"]}"#);
    check(b"x,y,z", r#"{"_fields":["x","y","z"]}"#);
    check(b"x,\"y\"z", r#"{"_line":"x,\"y\"z"}"#);
    check(b"x,\"10\\\" pipe\"", r#"{"_line":"x,\"10\\\" pipe\""}"#);
    check(b"x,y\rz", r#"{"_line":"x,y\rz"}"#);
    check(b"x,Zo\xeb", "{\"a\":\"x\",\"b\":\"Zo\u{fffd}\"}");
}

#[test]
fn columns_may_lack_and_be_over_where_there_is_a_rescue() {
    let rescue = || shape(&["a", "b"], Some("r"), Audit::Kept);
    let found = read("t.csv", b"c,a\n1,2\n", &nulls(&[""]), rescue()).unwrap();
    assert_eq!(found, [[Some("2".to_owned()), None, Some(r#"{"c":"1"}"#.to_owned())]]);
    assert!(read("t.csv", b"c,d\n1,2\n", &nulls(&[""]), rescue()).is_err());
    assert!(read("t.csv", b"", &nulls(&[""]), rescue()).unwrap().is_empty());
    let mut may_lack = Shape::clone(&shape(&["a", "b"], None, Audit::Kept));
    may_lack.columns[1].missing = Missing::Null;
    let found = read("t.csv", b"a\n1\n", &nulls(&[""]), Arc::new(may_lack)).unwrap();
    assert_eq!(found, [[Some("1".to_owned()), None]]);
}

#[test]
fn a_file_is_read_in_its_own_dialect() {
    let dialect = Dialect {
        delimiter: b';',
        encoding: super::super::dialect::encoding("utf-16").unwrap(),
        ..nulls(&["NA"])
    };
    let text: Vec<u8> =
        "\u{feff}a;b\r\nZoë;NA\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let plain = || shape(&["a", "b"], None, Audit::Left);
    assert_eq!(read("t.csv", &text, &dialect, plain()).unwrap(), [[Some("Zoë".to_owned()), None]]);
    // Half of a letter.
    let error = read("t.csv", &text[..text.len() - 3], &dialect, plain()).unwrap_err();
    assert!(
        error.contains(":2: column \"b\" has bytes that are no text of the source's `encoding`"),
        "{error}"
    );
}
