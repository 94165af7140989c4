//! What the engine says of one table: its description, its history, its files and their inside, over
//! tables and files of the corpus and over a lake that is built here.
//!
//! Needs the corpus folder named by `LAKEFRONT_CORPUS` (default `../shared/corpus`); without it the
//! tests that use it say so and count as skipped.

use anyhow::{Context, Result, anyhow, ensure};
use lakefront_tests::lake;
use protocol::{
    At, Comparison, Condition, ErrorCode, Failure, FileDescription, RowForm, RowsSpec, TableAt,
    TableDescription, TableKind, Versions,
};
use std::path::Path;
use std::sync::Arc;
use worker::Lake;
use worker::lake::DEFAULT_MEMORY_BYTES;
use worker::store::PlatformStore;

/// Files whose footer says another number of rows than its row groups do.
const KNOWN_ROWS_OFF: &[&str] = &["data/repeated_no_annotation.parquet"];

fn lake_at(folder: &Path) -> Result<Lake> {
    Lake::new(Arc::new(PlatformStore::new(folder)), DEFAULT_MEMORY_BYTES).map_err(of_failure)
}

fn of_failure(failure: Failure) -> anyhow::Error {
    anyhow!("{:?}: {failure}", failure.code)
}

fn newest(location: &str) -> TableAt {
    TableAt { location: location.to_owned(), at: At::Newest }
}

fn version(location: &str, version: u64) -> TableAt {
    TableAt { location: location.to_owned(), at: At::Version(version) }
}

async fn n_rows(lake: &Lake, table: &TableAt, conditions: Vec<Condition>) -> Result<u64> {
    let (columns, limit, form) = (Vec::new(), None, RowForm::Text);
    let spec = RowsSpec { table: table.clone(), columns, conditions, limit, form };
    Ok(lake.rows(&spec).await.map_err(of_failure)?.facts.n_rows)
}

#[tokio::test]
async fn a_table_is_described_at_each_of_its_versions() -> Result<()> {
    let Some(corpus) = test_support::corpus("") else { return Ok(()) };
    let lake = lake_at(&corpus.join("delta/kernel"))?;
    let check = async |table: TableAt, n_files: u64, at_us: i64| -> Result<TableDescription> {
        let described = lake.describe(&table).await.map_err(of_failure)?;
        assert_eq!(described.kind, TableKind::Delta);
        assert_eq!((described.n_files, described.n_rows), (n_files, Some(n_files)), "{table:?}");
        assert_eq!(described.committed_at_us, Some(at_us), "{table:?}");
        assert_eq!(described.versions, Some(Versions { oldest: 0, newest: 1 }), "{table:?}");
        assert_eq!(n_rows(&lake, &table, Vec::new()).await?, n_files, "{table:?}");
        Ok(described)
    };
    let name = "basic_partitioned";
    let whole = check(newest(name), 6, 1_674_611_429_957_000).await?;
    assert_eq!(whole.version, Some(1));
    let first = check(version(name, 0), 3, 1_674_611_427_131_000).await?;
    assert_eq!(first.version, Some(0));
    check(version(name, 1), 6, 1_674_611_429_957_000).await?;

    let columns: Vec<(&str, &str, bool)> = whole
        .columns
        .iter()
        .map(|column| (column.name.as_str(), column.type_text.as_str(), column.is_partition))
        .collect();
    assert_eq!(
        columns,
        [("letter", "string", true), ("number", "long", false), ("a_float", "double", false)]
    );
    let protocol = whole.protocol.context("a Delta table has a protocol")?;
    assert_eq!((protocol.min_reader_version, protocol.min_writer_version), (1, 2));
    // The hint, two commits, and probes for the next ones; nothing of the data files.
    ensure!(whole.cost.n_requests <= 8, "{:?}", whole.cost);
    ensure!(whole.cost.fetched_bytes < 8_000, "{:?}", whole.cost);

    let gone = lake.describe(&version(name, 7)).await.err().context("version 7 is not there")?;
    assert_eq!(gone.code, ErrorCode::NotFound);
    ensure!(gone.message.contains("version 7 is not there, the newest one is 1"), "{gone}");
    Ok(())
}

#[tokio::test]
async fn the_history_comes_newest_first_a_page_at_a_time() -> Result<()> {
    let Some(corpus) = test_support::corpus("") else { return Ok(()) };
    let lake = lake_at(&corpus.join("delta/kernel"))?;
    let check = async |before: Option<u64>, limit, expected: &[u64], oldest| -> Result<()> {
        let page = lake.history("table-with-cdf", before, limit).await.map_err(of_failure)?;
        let versions: Vec<u64> = page.commits.iter().map(|commit| commit.version).collect();
        assert_eq!((versions.as_slice(), page.oldest_version), (expected, oldest), "{before:?}");
        Ok(())
    };
    check(None, 3, &[4, 3, 2], None).await?;
    check(Some(2), 3, &[1, 0], Some(0)).await?;
    check(Some(0), 3, &[], Some(0)).await?;
    check(None, 20, &[4, 3, 2, 1, 0], Some(0)).await?;

    let page = lake.history("basic_partitioned", None, 20).await.map_err(of_failure)?;
    let last = page.commits.first().context("there is a commit")?;
    assert_eq!(last.operation.as_deref(), Some("WRITE"));
    assert_eq!(last.metrics.get("numOutputRows").map(String::as_str), Some("3"));
    assert_eq!(last.parameters.get("mode").map(String::as_str), Some("Append"));
    assert_eq!((last.n_added, last.added_bytes, last.n_removed), (3, 2252, 0));
    assert_eq!(last.engine.as_deref(), Some("Apache-Spark/3.3.1 Delta-Lake/2.1.1"));
    Ok(())
}

#[tokio::test]
async fn files_are_told_a_page_at_a_time_with_partitions_and_bounds() -> Result<()> {
    let Some(corpus) = test_support::corpus("") else { return Ok(()) };
    let lake = lake_at(&corpus.join("delta/kernel"))?;
    let table = newest("basic_partitioned");
    let all = lake.files(&table, 0, 100).await.map_err(of_failure)?;
    assert_eq!((all.n_files, all.files.len(), all.largest_bytes), (6, 6, 751));
    let mut pieces: Vec<FileDescription> = Vec::new();
    for offset in [0, 4, 8] {
        let page = lake.files(&table, offset, 4).await.map_err(of_failure)?;
        assert_eq!(page.n_files, 6);
        pieces.extend(page.files);
    }
    assert_eq!(pieces, all.files);
    let nameless =
        all.files.iter().find(|file| file.path.contains("HIVE_DEFAULT")).context("a null")?;
    assert_eq!(nameless.partition_values.get("letter"), Some(&None));
    let bounds: Vec<(&str, Option<&str>, Option<u64>)> = nameless
        .columns
        .iter()
        .map(|bounds| (bounds.column.as_str(), bounds.min.as_deref(), bounds.n_nulls))
        .collect();
    assert_eq!(bounds, [("number", Some("6"), Some(0)), ("a_float", Some("6.6"), Some(0))]);

    let layout = lake.layout(&table, &nameless.path).await.map_err(of_failure)?;
    assert_eq!((layout.n_rows, layout.size_bytes), (1, nameless.size_bytes));
    let none = lake.layout(&table, "letter=z/none.parquet").await.err().context("no such file")?;
    assert_eq!(none.code, ErrorCode::NotFound);
    Ok(())
}

/// Every folder of the corpus that has a log: it is described and its parts agree with one another,
/// or it is refused with a code that says why.
#[tokio::test]
async fn every_table_is_described_or_refused_by_name() -> Result<()> {
    let Some(corpus) = test_support::corpus("") else { return Ok(()) };
    let root = corpus.join("delta");
    let lake = lake_at(&root)?;
    let mut n_described = 0;
    for entry in walkdir::WalkDir::new(&root).into_iter().filter_map(Result::ok) {
        if entry.file_name() != "_delta_log" {
            continue;
        }
        let folder = entry.path().parent().context("a log lies in a folder")?;
        let location = folder.strip_prefix(&root)?.to_string_lossy().into_owned();
        let described = match lake.describe(&newest(&location)).await {
            Ok(described) => described,
            Err(failure) => {
                let codes = [ErrorCode::UnsupportedFeature, ErrorCode::MalformedLog];
                ensure!(
                    codes.contains(&failure.code) || failure.code == ErrorCode::NotFound,
                    "{location}: {:?} {failure}",
                    failure.code
                );
                println!("{location}: {failure}");
                continue;
            }
        };
        n_described += 1;
        let found = described.version.context("a Delta table has a version")?;
        let table = version(&location, found);
        let files = lake.files(&table, 0, 500).await.map_err(of_failure)?;
        assert_eq!(files.n_files, described.n_files, "{location}");
        let size_bytes: u64 = files.files.iter().map(|file| file.size_bytes).sum();
        if files.files.len() as u64 == files.n_files {
            assert_eq!(size_bytes, described.size_bytes, "{location}");
        }
        let history = lake.history(&location, None, 5).await.map_err(of_failure)?;
        let tip = history.commits.first().map(|commit| commit.version);
        ensure!(tip.is_none_or(|tip| tip == found), "{location}: {tip:?}, not {found}");
        for file in files.files.iter().take(3).filter(|file| folder.join(&file.path).exists()) {
            let layout = lake.layout(&table, &file.path).await.map_err(of_failure)?;
            ensure!(file.n_rows.is_none_or(|n| n == layout.n_rows), "{location} {}", file.path);
            let chunks = layout.row_groups.iter().map(|group| group.size_bytes);
            ensure!(chunks.sum::<u64>() <= layout.size_bytes, "{location} {}", file.path);
        }
    }
    ensure!(n_described > 20, "only {n_described} tables are described");
    Ok(())
}

/// Every Parquet file of the corpus, malformed ones among them: it is described, or the failure has
/// a code. Nothing panics.
#[tokio::test]
async fn every_parquet_file_is_laid_out_or_refused() -> Result<()> {
    let Some(corpus) = test_support::corpus("") else { return Ok(()) };
    let root = corpus.join("parquet");
    let lake = lake_at(&root)?;
    let (mut n_read, mut n_refused) = (0, 0);
    for entry in walkdir::WalkDir::new(&root).into_iter().filter_map(Result::ok) {
        let location = entry.path().strip_prefix(&root)?.to_string_lossy().into_owned();
        if !location.ends_with(".parquet") {
            continue;
        }
        let table = newest(&location);
        match (lake.describe(&table).await, lake.layout(&table, &location).await) {
            (Ok(described), Ok(layout)) => {
                n_read += 1;
                assert_eq!(described.kind, TableKind::Parquet);
                assert_eq!(described.n_rows, Some(layout.n_rows), "{location}");
                let groups = layout.row_groups.iter().map(|group| group.n_rows);
                let is_known = KNOWN_ROWS_OFF.contains(&location.as_str());
                assert_eq!(groups.sum::<u64>() != layout.n_rows, is_known, "{location}");
            }
            (Err(failure), _) | (_, Err(failure)) => {
                n_refused += 1;
                assert_eq!(failure.code, ErrorCode::MalformedFile, "{location}: {failure}");
            }
        }
    }
    ensure!(n_read > 50 && n_refused > 0, "{n_read} files read, {n_refused} refused");
    Ok(())
}

#[tokio::test]
async fn a_layout_has_pages_with_bounds_by_logical_type() -> Result<()> {
    let Some(corpus) = test_support::corpus("") else { return Ok(()) };
    let lake = lake_at(&corpus.join("parquet/data"))?;
    let path = "alltypes_tiny_pages.parquet";
    let layout = lake.layout(&newest(path), path).await.map_err(of_failure)?;
    let group = layout.row_groups.first().context("a row group")?;
    let chunk = group.columns.iter().find(|chunk| chunk.column == "date_string_col");
    let chunk = chunk.context("the column")?;
    let pages = chunk.pages.as_ref().context("the file has a page index")?;
    ensure!(pages.len() > 10, "{} pages", pages.len());
    ensure!(pages.windows(2).all(|pair| pair[0].first_row < pair[1].first_row));
    assert_eq!(pages[0].min.as_deref(), Some("01/13/09"));
    ensure!(layout.cost.fetched_bytes < layout.size_bytes, "{:?}", layout.cost);
    let decimal = "int32_decimal.parquet";
    let layout = lake.layout(&newest(decimal), decimal).await.map_err(of_failure)?;
    let chunk = &layout.row_groups[0].columns[0];
    assert_eq!((chunk.min.as_deref(), chunk.max.as_deref()), (Some("1.00"), Some("24.00")));
    Ok(())
}

#[tokio::test]
async fn what_is_no_table_is_said_so() -> Result<()> {
    let dir = tempfile::tempdir()?;
    std::fs::create_dir(dir.path().join("folder"))?;
    std::fs::write(dir.path().join("text.parquet"), "not a Parquet file at all")?;
    std::fs::write(dir.path().join("empty.parquet"), "")?;
    let lake = lake_at(dir.path())?;
    let check = async |location: &str, code: ErrorCode, part: &str| -> Result<()> {
        let failure = lake.describe(&newest(location)).await.err().context("no failure")?;
        assert_eq!(failure.code, code, "{location}: {failure}");
        ensure!(failure.message.contains(part), "{location}: {failure}");
        Ok(())
    };
    check("folder", ErrorCode::NotFound, "not a Delta table").await?;
    check("nowhere/", ErrorCode::NotFound, "not a Delta table").await?;
    check("nowhere.parquet", ErrorCode::NotFound, "nowhere.parquet is not there").await?;
    check("text.parquet", ErrorCode::MalformedFile, "text.parquet is not a Parquet file").await?;
    check("empty.parquet", ErrorCode::MalformedFile, "0 bytes").await?;
    let failure = lake.history("text.parquet", None, 5).await.err().context("no failure")?;
    assert_eq!(failure.code, ErrorCode::InvalidRequest);
    Ok(())
}

#[tokio::test]
async fn a_built_lake_is_described_as_its_rows_are() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let lake = lake_at(&lake::marketplace(&dir.path().join("shop"), 1).await?)?;
    let table = newest("gold/sales");
    let described = lake.describe(&table).await.map_err(of_failure)?;
    let rows = n_rows(&lake, &table, Vec::new()).await?;
    assert_eq!(described.n_rows, Some(rows));
    let files = lake.files(&table, 0, 10).await.map_err(of_failure)?;
    let file = files.files.first().context("a data file")?;
    let layout = lake.layout(&table, &file.path).await.map_err(of_failure)?;
    assert_eq!(layout.n_rows, rows);
    let columns = layout.row_groups.first().context("a row group")?.columns.len();
    assert_eq!(columns, described.columns.len());
    // What the log says of the bounds, the footer says too.
    for bounds in file.columns.iter().filter(|bounds| bounds.min.is_some()) {
        let chunks = layout.row_groups.iter().flat_map(|group| &group.columns);
        let mins: Vec<&str> = chunks
            .filter(|chunk| chunk.column == bounds.column)
            .filter_map(|chunk| chunk.min.as_deref())
            .collect();
        ensure!(!mins.is_empty(), "{} has no bound in the footer", bounds.column);
    }
    let status = described.columns.iter().find(|column| column.type_text == "string");
    let column = status.context("a column of texts")?.name.clone();
    let condition = Condition { column, is: Comparison::NotNull, value: String::new() };
    ensure!(n_rows(&lake, &table, vec![condition]).await? <= rows);
    Ok(())
}
