//! What is taken of a folder, build after build.

use super::*;
use crate::source::typed_rows::{Audit, Column, Missing};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::time::{Duration, SystemTime};

/// A folder, and what was taken of it.
struct Landing {
    folder: tempfile::TempDir,
    source: FolderSource,
    seen: Seen,
    /// The time of the builds: later than any file, so that none is too fresh.
    now: SystemTime,
}

impl Landing {
    fn new(format: SourceFormat, files: &str) -> Landing {
        let column = |(name, of): (&str, &str)| Column {
            name: name.to_owned(),
            of: of.parse().unwrap(),
            missing: Missing::Refused,
        };
        let shape = Shape {
            columns: [("id", "bigint"), ("t", "text")].map(column).to_vec(),
            rescue: Some("_rescued".to_owned()),
            numbers: Dialect::default().numbers,
            audit: Audit::Kept,
        };
        let source = FolderSource {
            folder: PathTemplate::parse("in", &BTreeMap::new()).unwrap(),
            files: glob::Pattern::new(files).unwrap(),
            format,
            shape: Arc::new(shape),
            dialect: Dialect::default(),
            settle: None,
        };
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("in")).unwrap();
        let now = SystemTime::now() + Duration::from_secs(60);
        Landing { folder, source, seen: Seen::default(), now }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("in").join(name)
    }

    /// Writes a file, whose time of writing is always the same.
    fn write(&self, name: &str, bytes: &[u8]) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), bytes).unwrap();
        let file = File::options().write(true).open(self.path(name)).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)).unwrap();
    }

    fn rename(&self, from: &str, to: &str) {
        fs::create_dir_all(self.path(to).parent().unwrap()).unwrap();
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    fn look(&self) -> Result<Delivery, String> {
        let name = Name::new("s").unwrap();
        self.source
            .look(&name, self.folder.path(), &self.seen, self.now)
            .map_err(|error| error.to_string())
    }

    /// A build: the rows that it takes, as `file row id t rescued`, and what it warns of.
    fn build(&mut self) -> Result<(Vec<String>, Vec<String>), String> {
        let delivery = self.look()?;
        let mut rows = Vec::new();
        for file in &delivery.files {
            let take = &mut |batch: RecordBatch| {
                for row in 0..batch.num_rows() {
                    let shown = |column| {
                        let column = batch.column_by_name(column).unwrap();
                        arrow::util::display::array_value_to_string(column, row).unwrap()
                    };
                    rows.push(
                        ["_file", "_row", "id", "t", "_rescued"]
                            .map(shown)
                            .join(" ")
                            .trim_end()
                            .to_owned(),
                    );
                }
                true
            };
            read_file(&self.source, file, 0, take).map_err(|error| error.to_string())?;
        }
        self.seen = delivery.seen;
        Ok((rows, delivery.warnings))
    }

    /// A build that takes `rows` and warns of nothing.
    fn takes(&mut self, rows: &[&str]) {
        assert_eq!(
            self.build().unwrap(),
            (rows.iter().map(|row| (*row).to_owned()).collect(), Vec::new())
        );
    }

    /// A build that takes `rows` and warns once.
    fn warns(&mut self, rows: &[&str], part: &str) {
        let (found, warnings) = self.build().unwrap();
        assert_eq!(found, rows);
        assert!(warnings.len() == 1 && warnings[0].contains(part), "{warnings:?}");
    }

    fn fails(&self, part: &str) {
        let error = self.look().unwrap_err();
        assert!(error.contains(part), "{error}");
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

#[test]
fn a_file_that_moved_or_was_packed_is_the_same() {
    let bytes = b"id,t\n1,a\n2,b\n";
    let change: [fn(&Landing); 4] = [
        |landing| landing.rename("1.csv", "archive/1.csv"),
        |landing| landing.rename("1.csv", "0.csv"),
        |landing| {
            fs::remove_file(landing.path("1.csv")).unwrap();
            landing.write("1.csv.gz", &gzip(b"id,t\n1,a\n2,b\n"));
        },
        |landing| {
            fs::remove_file(landing.path("1.csv")).unwrap();
            landing.write("1.csv.zst", &zstd::encode_all(&b"id,t\n1,a\n2,b\n"[..], 3).unwrap());
        },
    ];
    for pattern in ["*.csv*", "**/*.csv*"] {
        for change in change {
            let mut landing = Landing::new(SourceFormat::Csv, pattern);
            landing.write("1.csv", bytes);
            landing.takes(&["1.csv 1 1 a", "1.csv 2 2 b"]);
            change(&landing);
            landing.write("2.csv", b"id,t\n3,c\n");
            landing.takes(&["2.csv 1 3 c"]);
            landing.takes(&[]);
        }
    }
}

#[test]
fn a_star_is_part_of_a_name() {
    let mut landing = Landing::new(SourceFormat::Csv, "*.csv");
    landing.write("1.csv", b"id,t\n1,a\n");
    landing.write("2024/2.csv", b"id,t\n2,b\n");
    landing.write("2024/notes.txt", b"x");
    landing.warns(
        &["1.csv 1 1 a"],
        "1 files in folders below are not taken, the first is 2024/2.csv: `files: \"*.csv\"`",
    );
    landing.source.files = glob::Pattern::new("**/*.csv").unwrap();
    landing.takes(&["2024/2.csv 1 2 b"]);
    // What a narrower pattern leaves out would be lost where the table is made anew.
    landing.source.files = glob::Pattern::new("*.csv").unwrap();
    let gone = landing.source.gone(&Name::new("s").unwrap(), landing.folder.path(), &landing.seen);
    assert_eq!(gone.unwrap(), ["2024/2.csv"]);
}

#[test]
fn other_bytes_under_a_name_are_an_error() {
    let check = |bytes: &[u8]| {
        let mut landing = Landing::new(SourceFormat::Csv, "*");
        landing.write("1.csv", b"id,t\n1,a\n");
        landing.takes(&["1.csv 1 1 a"]);
        landing.takes(&[]);
        // The same size and the same time of writing.
        landing.write("1.csv", bytes);
        landing.fails("1.csv: was taken before with other bytes");
    };
    check(b"id,t\n1,b\n");
    check(b"id,t\n1,ab\n");
    check(b"id,t\n");
    check(b"");
}

#[test]
fn a_file_that_was_only_touched_is_the_same() {
    let mut landing = Landing::new(SourceFormat::Csv, "*");
    landing.write("1.csv", b"id,t\n1,a\n");
    landing.takes(&["1.csv 1 1 a"]);
    fs::write(landing.path("1.csv"), b"id,t\n1,a\n").unwrap();
    landing.takes(&[]);
}

#[test]
fn bytes_that_come_twice_are_taken_once_and_said() {
    let mut landing = Landing::new(SourceFormat::Csv, "*");
    landing.write("1.csv", b"id,t\n1,a\n");
    landing.write("2.csv", b"id,t\n1,a\n");
    landing.warns(
        &["1.csv 1 1 a"],
        "2.csv: holds the same bytes as 1.csv, which was taken; it is not taken again",
    );
    landing.takes(&[]);
    let delivery = landing.look().unwrap();
    assert_eq!(delivery.all.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["1.csv"]);
    assert_eq!(delivery.seen.only(&delivery.all), delivery.seen);
    landing.write("3.csv", b"id,t\n1,a\n");
    landing.warns(&[], "3.csv: holds the same bytes as 1.csv");
    // A header alone is no row.
    landing.write("4.csv", b"id,t\n");
    landing.write("5.csv", b"id,t\n");
    landing.takes(&[]);
}

#[test]
fn a_poison_file_stops_itself_alone() {
    let check = |name: &str, bytes: &[u8], part: &str| {
        let mut landing = Landing::new(SourceFormat::Csv, "*");
        landing.write(name, bytes);
        landing.fails(part);
        landing.write("z.csv", b"id,t\n1,a\n");
        landing.warns(&["z.csv 1 1 a"], part);
        landing.fails(part);
        // Once it is mended it comes.
        landing.write(name, b"");
        fs::remove_file(landing.path(name)).unwrap();
        landing.write("a.csv", b"id,t\n2,b\n");
        landing.takes(&["a.csv 1 2 b"]);
        let mut strict = Landing::new(SourceFormat::Csv, "*");
        let shape = Shape { rescue: None, ..Shape::clone(&strict.source.shape) };
        strict.source.shape = Arc::new(shape);
        strict.write(name, bytes);
        strict.write("z.csv", b"id,t\n1,a\n");
        strict.fails(part);
    };
    check("a.csv", b"\xff\xfei\0d\0,\0t\0\n\0", "looks like UTF-16");
    check("a.csv", b"no;header\n1;2\n", "say `delimiter: ';'`");
    check("a.csv", b"id,id\n1,2\n", "twice");
    check("a.csv.gz", &gzip(b"id,t\n1,a\n")[..12], "not a whole gzip stream");
    check("a.csv.zst", b"id,t\n1,a\n", "not a whole zstd stream");
}

#[test]
fn a_file_may_lack_a_column_where_it_is_said() {
    let mut landing = Landing::new(SourceFormat::Csv, "*");
    landing.write("1.csv", b"id\n1\n");
    landing
        .warns(&["1.csv 1 1"], "1.csv: lacks t, null in its rows; `missing: null` of the column");
    let mut shape = Shape::clone(&landing.source.shape);
    shape.columns[1].missing = Missing::Null;
    landing.source.shape = Arc::new(shape.clone());
    landing.write("2.csv", b"id\n2\n");
    landing.takes(&["2.csv 1 2"]);
    shape.rescue = None;
    landing.source.shape = Arc::new(shape);
    landing.write("3.csv", b"t\n3\n");
    landing.fails("header lacks column \"id\"");
}

#[test]
fn a_file_without_bytes_waits() {
    let mut landing = Landing::new(SourceFormat::Csv, "*");
    landing.write("1.csv", b"");
    landing.write("2.csv", b"\xef\xbb\xbf");
    landing.takes(&[]);
    landing.write("1.csv", b"id,t\n1,a\n");
    landing.takes(&["1.csv 1 1 a"]);
}

#[test]
fn a_file_that_grows_gives_its_new_rows() {
    let mut landing = Landing::new(SourceFormat::JsonLines, "*");
    landing.write("1.jsonl", b"{\"id\":1}\n\n{\"id\":2,\"t");
    landing.warns(&["1.jsonl 1 1"], "1.jsonl: its last line is not whole and waits for the rest");
    landing.warns(&[], "waits for the rest");
    landing.write("1.jsonl", b"{\"id\":1}\n\n{\"id\":2,\"t\":\"b\"}");
    landing.takes(&["1.jsonl 2 2 b"]);
    landing.takes(&[]);
    landing.write("1.jsonl", b"{\"id\":1}\n\n{\"id\":2,\"t\":\"b\"}\n{\"id\":3}\n");
    landing.takes(&["1.jsonl 3 3"]);
    // Rotated, and written further before anybody looked.
    landing.rename("1.jsonl", "1.jsonl.old");
    landing.write("1.jsonl.old", b"{\"id\":1}\n\n{\"id\":2,\"t\":\"b\"}\n{\"id\":3}\n{\"id\":4}\n");
    landing.write("1.jsonl", b"{\"id\":5}\n");
    landing.fails("1.jsonl: was taken before with other bytes");
    fs::remove_file(landing.path("1.jsonl")).unwrap();
    landing.takes(&["1.jsonl.old 4 4"]);
    landing.write(
        "1.jsonl.old",
        b"{\"id\":9}\n\n{\"id\":2,\"t\":\"b\"}\n{\"id\":3}\n{\"id\":4}\n{\"id\":5}\n",
    );
    landing.fails("was taken before with other bytes");

    let mut landing = Landing::new(SourceFormat::Csv, "*");
    landing.write("1.csv", b"id,t\n1,a\n");
    landing.takes(&["1.csv 1 1 a"]);
    landing.write("1.csv", b"id,t\n1,a\n2,b");
    landing.takes(&["1.csv 2 2 b"]);
    landing.write("1.csv", b"id,t\n1,a\n2,bcd\n");
    landing.fails("1.csv: goes on behind its last row, which was taken and was not whole");
    landing.write("1.csv", b"id,t\n1,a\n2,b\n3,c\n");
    landing.takes(&["1.csv 3 3 c"]);
}

#[test]
fn a_file_that_is_still_written_is_left_alone_where_it_is_said() {
    let mut landing = Landing::new(SourceFormat::Csv, "*");
    landing.source.settle = Some("1 minute".parse().unwrap());
    landing.write("1.csv", b"id,t\n1,a\n");
    let written = fs::metadata(landing.path("1.csv")).unwrap().modified().unwrap();
    landing.now = written + Duration::from_secs(59);
    landing.takes(&[]);
    landing.now = written + Duration::from_secs(60);
    landing.takes(&["1.csv 1 1 a"]);
}

#[test]
fn another_reading_is_noticed() {
    let mut landing = Landing::new(SourceFormat::Csv, "*");
    landing.write("1.csv", b"id,t\n1,a\n");
    landing.takes(&["1.csv 1 1 a"]);
    assert!(!landing.look().unwrap().is_read_otherwise);
    let change: [fn(&mut FolderSource); 4] = [
        |source| source.dialect.null_texts.push("a".to_owned()),
        |source| source.dialect.encoding = super::super::dialect::encoding("latin-1").unwrap(),
        |source| source.dialect.escape = Some(b'\\'),
        |source| source.dialect.numbers.decimal_mark = ',',
    ];
    let before = landing.source.clone();
    for change in change {
        landing.source = before.clone();
        change(&mut landing.source);
        let delivery = landing.look().unwrap();
        assert!(delivery.is_read_otherwise, "{:?}", landing.source);
        // A table that is made of them by now knows no other reading.
        let mut after = Landing { seen: delivery.seen, ..Landing::new(SourceFormat::Csv, "*") };
        after.source = landing.source.clone();
        assert!(!after.look().unwrap().is_read_otherwise);
    }
    // A type is the model's own matter, unless it is written in several ways.
    let typed = |landing: &mut Landing, of: &str| {
        let mut shape = Shape::clone(&before.shape);
        let [of, missing] = [of, "timestamp_ms"].map(|of| of.parse().unwrap());
        shape.columns[1].of = of;
        let missing = Column { name: "new".to_owned(), of: missing, missing: Missing::Null };
        shape.columns.push(missing);
        landing.source = FolderSource { shape: Arc::new(shape), ..before.clone() };
        landing.look().unwrap()
    };
    assert!(!typed(&mut landing, "timestamp").is_read_otherwise);
    landing.seen = typed(&mut landing, "timestamp").seen;
    assert!(typed(&mut landing, "timestamp_ms").is_read_otherwise);
    assert!(!typed(&mut landing, "text").is_read_otherwise);
}

#[test]
fn what_an_earlier_release_took_is_known() {
    let mut landing = Landing::new(SourceFormat::Csv, "*");
    landing.write("1.csv", b"id,t\n1,a\n");
    landing.write("2.csv.gz", &gzip(b"id,t\n2,b\n"));
    landing.takes(&["1.csv 1 1 a", "2.csv.gz 1 2 b"]);
    let mut json = serde_json::to_value(&landing.seen).unwrap();
    for file in json.as_object_mut().unwrap().values_mut() {
        let file = file.as_object_mut().unwrap();
        file.retain(|key, _| ["size_bytes", "modified_us", "hash"].contains(&key.as_str()));
    }
    landing.seen = serde_json::from_value(json).unwrap();
    assert!(!landing.look().unwrap().is_read_otherwise);
    landing.takes(&[]);
    landing.write("2.csv.gz", &gzip(b"id,t\n2,c\n"));
    let touched = File::options().write(true).open(landing.path("2.csv.gz")).unwrap();
    touched.set_modified(landing.now).unwrap();
    landing.fails("2.csv.gz: was taken before with other bytes");
}
