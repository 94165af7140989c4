//! The bodies of the fuzz targets: each takes any bytes, reads them as one part of a table, and
//! panics where an invariant of the reader breaks. A reader that panics, hangs or asks for memory
//! without bound is found by whoever runs them: libFuzzer, or the tests over seeds and mutants.
//!
//! Not here: what is right. That is for the tests of the crates.

#[expect(dead_code, reason = "the engine asks more of a footer than a fuzzer does")]
#[path = "../../worker/src/footer/placement.rs"]
mod engine_footer;
pub mod seed;
mod table;

use bytes::Bytes;
use delta_log::{DeletedRows, DeletionVector, DvError, DvStorage, FilePath};
use parquet::arrow::parquet_to_arrow_schema;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaDataReader};
use table::Files;
pub use table::{commit_of_schema, log_bytes};

/// Rows that are looked at one by one; a vector of runs has more of them than there is time for.
const MAX_ROWS: usize = 100_000;

/// A target's name and its body.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 5] = [
    ("checkpoint", checkpoint),
    ("deletion_vector", deletion_vector),
    ("footer", footer),
    ("log", log),
    ("schema", schema),
];

/// Reads `bytes` as a whole log; see [`log_bytes`].
pub fn log(bytes: &[u8]) {
    let files = Files::of_log(bytes);
    if let Some(snapshot) = files.read() {
        table::look_at(&snapshot);
        files.read_changes(&snapshot);
    }
    if let Some(snapshot) = files.without_hint().first_version() {
        files.read_changes(&snapshot);
    }
}

/// Reads `bytes` as every checkpoint that the hint in front of them leads to, and as each of its
/// sidecars. The hint is the first line.
pub fn checkpoint(bytes: &[u8]) {
    let split = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(0);
    let (hint, checkpoint) = bytes.split_at(split);
    let checkpoint = checkpoint.get(1..).unwrap_or_default();
    if let Some(snapshot) = Files::of_checkpoint(hint, checkpoint).read() {
        table::look_at(&snapshot);
    }
}

/// Reads `bytes` as the end of a Parquet file: the footer and the page index before it. What the
/// engine believes of it must hold: every chunk lies within the file.
pub fn footer(bytes: &[u8]) {
    let file = Bytes::copy_from_slice(bytes);
    let size_bytes = bytes.len() as u64;
    let reader = ParquetMetaDataReader::new().with_page_index_policy(PageIndexPolicy::Optional);
    let Ok(footer) = reader.parse_and_finish(&file) else { return };
    if engine_footer::check(&footer, size_bytes).is_err() {
        return;
    }
    assert!(engine_footer::tail(&footer, size_bytes) <= size_bytes, "a tail is part of the file");
    let columns = footer.row_groups().iter().flat_map(|group| group.columns());
    for column in columns {
        let (start, length) = column.byte_range();
        assert!(start + length <= size_bytes, "a column chunk is part of the file");
    }
    let file = footer.file_metadata();
    let _ = parquet_to_arrow_schema(file.schema_descr(), file.key_value_metadata());
}

/// Reads `bytes` as a schema, of a table without and with both kinds of column mapping.
pub fn schema(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let Ok(schema) = delta_log::arrow_schema(text) else { return };
    let physical = delta_log::physical_schema(&schema);
    assert_eq!(physical.fields().len(), schema.fields().len(), "a field for each field");
    for mode in ["none", "name", "id"] {
        let commit = commit_of_schema(text, mode);
        if let Some(snapshot) = Files::of_log(&log_bytes(b"", &[&commit])).read() {
            table::look_at(&snapshot);
        }
    }
}

/// Reads `bytes` as a vector in the log and in a file.
pub fn deletion_vector(bytes: &[u8]) {
    let inline = decode(DvStorage::Inline(Bytes::copy_from_slice(bytes)), bytes.len(), None);
    let Ok(size) = u32::try_from(bytes.len()) else { return };
    let framed = [&size.to_be_bytes(), bytes, &crc32fast::hash(bytes).to_be_bytes()].concat();
    let file = DvStorage::File { path: FilePath::Relative("v".to_owned()), offset: 1 };
    let from_file = decode(file.clone(), bytes.len(), Some(&framed));
    match (inline, from_file) {
        (None, None) => {}
        (Some(a), Some(b)) => assert!(a.since(&b).is_empty() && b.since(&a).is_empty()),
        _ => panic!("a vector is read in one place and not in the other"),
    }
    // The same bytes where the whole frame should be.
    decode(file, bytes.len().saturating_sub(8), Some(bytes));
}

/// The rows of a vector whose number of rows is right.
fn decode(storage: DvStorage, n_bytes: usize, bytes: Option<&[u8]>) -> Option<DeletedRows> {
    let mut vector = DeletionVector { storage, size_bytes: n_bytes as u64, cardinality: 0 };
    if let Err(DvError::Cardinality { found, .. }) = vector.decode(bytes) {
        vector.cardinality = found;
    }
    let rows = vector.decode(bytes).ok()?;
    assert_eq!(rows.len(), vector.cardinality);
    let mut before = None;
    for row_idx in rows.iter().take(MAX_ROWS) {
        assert!(before < Some(row_idx), "rows ascend");
        assert!(rows.contains(row_idx));
        before = Some(row_idx);
    }
    let n_rows = rows.last().map_or(7, |last| last.saturating_add(2));
    let mut kept_until = 0;
    for kept in rows.kept_ranges(n_rows).take(MAX_ROWS) {
        assert!(kept_until <= kept.start && kept.start < kept.end && kept.end <= n_rows);
        assert!(!rows.contains(kept.start) && !rows.contains(kept.end - 1));
        kept_until = kept.end;
    }
    Some(rows)
}
