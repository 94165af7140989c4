//! `delta_log` against delta_kernel on every table of the corpus: where both read, they see the
//! same version, schema, files, partition values and deleted rows, or a list below says why not.
//!
//! Needs the corpus folder named by `LAKEFRONT_CORPUS` (default `../shared/corpus`); without it the
//! test says so and counts as skipped.

use anyhow::{Context, Result, bail};
use arrow::datatypes::{DataType, Field, FieldRef, Schema};
use delta_kernel::Snapshot as KernelSnapshot;
use delta_kernel::engine::arrow_conversion::TryIntoArrow;
use delta_kernel::scan::state::ScanFile;
use delta_kernel_default_engine::DefaultEngine;
use delta_kernel_default_engine::storage::store_from_url;
use delta_log::{DeletionVector, ErrorKind, Fetched, FilePath, LogError, LogWalk, Snapshot, Step};
use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind as IoErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use url::Url;
use walkdir::WalkDir;

/// Tables that delta_kernel reads and `delta_log` refuses: the name, and what its error must say.
/// A table that is read one day leaves the list.
const KNOWN_REFUSED: &[(&str, &str)] = &[];

/// Tables that both read and see differently: the name, and why that is right.
const KNOWN_DIFFERENT: &[(&str, &str)] = &[(
    "kernel/unshredded-variant",
    "a variant is a struct of bytes to delta_kernel, and marked text to delta_log",
)];

/// What a reader sees of a table.
#[derive(Debug)]
struct Seen {
    version: u64,
    schema: Schema,
    files: BTreeMap<FilePath, SeenFile>,
}

#[derive(Debug)]
struct SeenFile {
    size_bytes: u64,
    modification_time_ms: i64,
    /// Without those that are null.
    partition_values: BTreeMap<String, String>,
    num_records: Option<u64>,
    deleted_rows: Option<Vec<u64>>,
}

#[test]
fn delta_log_sees_what_delta_kernel_sees() -> Result<()> {
    let Some(corpus) = test_support::corpus("delta") else { return Ok(()) };
    let unpacked = tempfile::tempdir()?;
    let tables = tables(&corpus, unpacked.path())?;
    assert!(!tables.is_empty(), "no tables in {}", corpus.display());
    let (mut n_equal, mut n_different, mut n_refused, mut n_both) = (0, 0, 0, 0);
    let mut wrong = Vec::new();
    for (name, root) in &tables {
        let reason = |list: &[(&'static str, &'static str)]| {
            list.iter().find(|(table, _)| table == name).map(|(_, reason)| *reason)
        };
        let (refused, different) = (reason(KNOWN_REFUSED), reason(KNOWN_DIFFERENT));
        match (ours(root)?, theirs(root)) {
            (Ok(_), Ok(_)) if refused.is_some() => {
                wrong.push(format!("{name}: is read, strike it off KNOWN_REFUSED"));
            }
            (Ok(ours), Ok(theirs)) => {
                match (difference(&seen(&ours, root).context(name.clone())?, &theirs), different) {
                    (None, None) => n_equal += 1,
                    (Some(_), Some(_)) => n_different += 1,
                    (None, Some(_)) => wrong.push(format!("{name}: strike it off KNOWN_DIFFERENT")),
                    (Some(difference), None) => wrong.push(format!("{name}: {difference}")),
                }
            }
            (Err(error), Ok(_)) => {
                let text = error.to_string();
                let is_named =
                    matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::Malformed);
                match is_named && refused.is_some_and(|refused| text.contains(refused)) {
                    true => n_refused += 1,
                    false => wrong.push(format!("{name}: only delta_log refuses: {text}")),
                }
            }
            (Err(ours), Err(theirs)) => {
                let theirs = format!("{theirs:#}");
                let first_line = theirs.lines().next().unwrap_or_default();
                println!("{name}: both refuse: {ours}; {first_line}");
                n_both += 1;
            }
            (Ok(_), Err(theirs)) => {
                wrong.push(format!("{name}: only delta_kernel refuses: {theirs:#}"));
            }
        }
    }
    println!(
        "{} tables: {n_equal} equal, {n_different} known to differ, {n_refused} refused by \
         delta_log alone, {n_both} refused by both",
        tables.len()
    );
    for (name, _) in KNOWN_REFUSED.iter().chain(KNOWN_DIFFERENT) {
        if !tables.contains_key(*name) {
            wrong.push(format!("{name}: is in a list and not in the corpus"));
        }
    }
    assert!(wrong.is_empty(), "{} tables differ:\n{}", wrong.len(), wrong.join("\n"));
    Ok(())
}

/// The roots of all tables by name; archives are unpacked into `unpacked` first.
fn tables(corpus: &Path, unpacked: &Path) -> Result<BTreeMap<String, PathBuf>> {
    let mut tables = BTreeMap::new();
    for group in ["golden", "kernel"] {
        for entry in fs::read_dir(corpus.join(group))? {
            let path = entry?.path();
            let file_name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let name = format!("{group}/{}", file_name.trim_end_matches(".tar.zst"));
            let folder = if path.is_dir() {
                path
            } else if file_name.ends_with(".tar.zst") {
                let folder = unpacked.join(&name);
                let archive = zstd::Decoder::new(fs::File::open(&path)?)?;
                tar::Archive::new(archive).unpack(&folder).with_context(|| name.clone())?;
                folder
            } else {
                continue;
            };
            for entry in WalkDir::new(&folder).sort_by_file_name() {
                let entry = entry?;
                if entry.file_name() != "_delta_log" {
                    continue;
                }
                let root = entry.path().parent().context("a log lies in a table")?;
                // An archive holds `NAME/delta`, a few hold several tables.
                let inner = root.strip_prefix(&folder)?.components().filter_map(|part| {
                    let part = part.as_os_str().to_string_lossy().into_owned();
                    (part != "delta" && !name.ends_with(&format!("/{part}"))).then_some(part)
                });
                let name: Vec<String> = std::iter::once(name.clone()).chain(inner).collect();
                tables.insert(name.join("/"), root.to_owned());
            }
        }
    }
    Ok(tables)
}

/// Walks the log of the table at `root`.
fn ours(root: &Path) -> Result<Result<Arc<Snapshot>, LogError>> {
    let mut walk = LogWalk::new();
    let mut in_flight: Vec<String> = Vec::new();
    loop {
        match walk.step() {
            Step::Fetch { path, .. } => in_flight.push(path),
            Step::Cancel { path } => in_flight.retain(|it| *it != path),
            Step::Wait => {
                let path = in_flight.pop().context("the walk waits for nothing")?;
                let fetched = match fs::read(root.join(&path)) {
                    Ok(bytes) => Fetched::Bytes(bytes.into()),
                    Err(error) if error.kind() == IoErrorKind::NotFound => Fetched::Absent,
                    Err(error) => return Err(error).context(path),
                };
                if let Err(error) = walk.answer(&path, fetched) {
                    return Ok(Err(error));
                }
            }
            Step::Done(snapshot) => return Ok(Ok(snapshot)),
        }
    }
}

fn seen(snapshot: &Snapshot, root: &Path) -> Result<Seen> {
    let mut files = BTreeMap::new();
    for add in &snapshot.adds {
        for column in &snapshot.metadata.partition_columns {
            let field = snapshot.metadata.schema.field_with_name(column)?;
            let value = add.partition_value(delta_log::physical_name(field));
            delta_log::partition_array(field.data_type(), value)?;
        }
        let values = add.partition().iter();
        let file = SeenFile {
            size_bytes: add.size_bytes,
            modification_time_ms: add.modification_time_ms,
            partition_values: values
                .filter_map(|(column, value)| Some((column.to_owned(), value?.to_owned())))
                .collect(),
            num_records: add.stats()?.and_then(|stats| stats.num_records),
            deleted_rows: match &add.deletion_vector {
                Some(vector) => Some(deleted_rows(vector, root)?),
                None => None,
            },
        };
        if files.insert(add.path.clone(), file).is_some() {
            bail!("file `{}` is there twice", add.path.as_str());
        }
    }
    let schema = without_metadata(&snapshot.metadata.schema);
    Ok(Seen { version: snapshot.version, schema, files })
}

fn deleted_rows(vector: &DeletionVector, root: &Path) -> Result<Vec<u64>> {
    let bytes = match vector.byte_range() {
        Some((path, range)) => {
            let file = fs::read(root.join(path.as_str()))?;
            let range = usize::try_from(range.start)?..usize::try_from(range.end)?;
            Some(file.get(range).context("the vector lies in its file")?.to_vec())
        }
        None => None,
    };
    Ok(vector.decode(bytes.as_deref())?.iter().collect())
}

/// What delta_kernel sees of the table at `root`.
fn theirs(root: &Path) -> Result<Seen> {
    let root = fs::canonicalize(root)?;
    let url = Url::from_directory_path(&root).ok().context("a path is a URL")?;
    let engine = DefaultEngine::builder(store_from_url(&url)?).build();
    let snapshot = KernelSnapshot::builder_for(url.clone()).build(&engine)?;
    let schema: Schema = snapshot.schema().as_ref().try_into_arrow()?;
    let version = snapshot.version();
    let scan = snapshot.scan_builder().build()?;
    let mut files: Vec<ScanFile> = Vec::new();
    for batch in scan.scan_metadata(&engine)? {
        files = batch?.visit_scan_files(files, |files, file| files.push(file))?;
    }
    let mut by_path = BTreeMap::new();
    for file in files {
        let seen = SeenFile {
            size_bytes: file.size.try_into()?,
            modification_time_ms: file.modification_time,
            partition_values: file.partition_values.into_iter().collect(),
            num_records: file.stats.map(|stats| stats.num_records),
            deleted_rows: file.dv_info.get_row_indexes(&engine, &url)?,
        };
        by_path.insert(FilePath::parse(&file.path)?, seen);
    }
    Ok(Seen { version, schema: without_metadata(&schema), files: by_path })
}

fn without_metadata(schema: &Schema) -> Schema {
    Schema::new(schema.fields().iter().map(plain).collect::<Vec<_>>())
}

fn plain(field: &FieldRef) -> FieldRef {
    let data_type = match field.data_type() {
        DataType::List(element) => DataType::List(plain(element)),
        DataType::Map(entry, sorted) => DataType::Map(plain(entry), *sorted),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(plain).collect()),
        other => other.clone(),
    };
    Arc::new(Field::new(field.name(), data_type, field.is_nullable()))
}

/// The first thing that the two see differently.
fn difference(ours: &Seen, theirs: &Seen) -> Option<String> {
    if ours.version != theirs.version {
        return Some(format!("version {} is {} to delta_kernel", ours.version, theirs.version));
    }
    if ours.schema != theirs.schema {
        return Some(format!("schema {:?}\nis {:?} to delta_kernel", ours.schema, theirs.schema));
    }
    let mut paths = ours.files.keys().chain(theirs.files.keys());
    paths.find_map(|path| {
        let (ours, theirs) = (ours.files.get(path), theirs.files.get(path));
        let same = ours.zip(theirs).is_some_and(|(ours, theirs)| is_same(ours, theirs));
        (!same).then(|| format!("{path:?}: {ours:?}\nis {theirs:?} to delta_kernel"))
    })
}

/// Whether the two see one file alike. Only one of them may have statistics: what a checkpoint has
/// of them as a struct neither reads, and `delta_log` may have come by the commits.
fn is_same(ours: &SeenFile, theirs: &SeenFile) -> bool {
    let statistics = ours.num_records.zip(theirs.num_records);
    statistics.is_none_or(|(ours, theirs)| ours == theirs)
        && ours.size_bytes == theirs.size_bytes
        && ours.modification_time_ms == theirs.modification_time_ms
        && ours.partition_values == theirs.partition_values
        && ours.deleted_rows == theirs.deleted_rows
}
