//! The process that reads: jobs in, what became of them out. It may die of any of them; the run
//! starts another.

use super::features;
use super::job::{Ending, Expect, Job, Read, Said};
use super::{mutant, oracle, rowset};
use arrow::array::RecordBatch;
use arrow::ipc::reader::StreamReader;
use protocol::{At, ErrorCode, Failure, RowForm, RowsSpec, TableAt};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use worker::Lake;
use worker::lake::DEFAULT_MEMORY_BYTES;
use worker::store::PlatformStore;

/// The first panic of the job that runs, on whatever thread. In a browser any panic ends the worker,
/// so one that somebody catches counts as well.
static PANIC: Mutex<Option<String>> = Mutex::new(None);

/// Reads what stdin asks for until it ends.
///
/// # Errors
/// When the run does not listen any more.
pub fn serve() -> anyhow::Result<()> {
    std::panic::set_hook(Box::new(|panic| {
        let mut first = PANIC.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert_with(|| panic.to_string());
    }));
    say(&Said::Ready)?;
    for line in std::io::stdin().lock().lines() {
        let job: Job = serde_json::from_str(&line?)?;
        run(&job)?;
        say(&Said::Done)?;
    }
    Ok(())
}

fn run(job: &Job) -> anyhow::Result<()> {
    let (ending, rows) = read(&job.read);
    say(&Said::Read(ending))?;
    match (rows, expected(&job.expect)) {
        (_, None) => {}
        (_, Some(Err(error))) => say(&Said::NotCompared(error))?,
        (None, Some(Ok(expected))) => {
            let n_rows: usize = expected.iter().map(RecordBatch::num_rows).sum();
            say(&Said::PlainRows(n_rows as u64))?;
        }
        (Some(rows), Some(Ok(expected))) => {
            say(&Said::Compared(rowset::difference(&rows, &expected)))?;
        }
    }
    if let Some(path) = &job.features_of {
        say(&Said::Features(catch(|| features::of(path)).unwrap_or_default()))?;
    }
    Ok(())
}

fn say(said: &Said) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", serde_json::to_string(said)?)?;
    Ok(out.flush()?)
}

/// What `work` returns, or the text of its panic.
fn catch<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    PANIC.lock().unwrap_or_else(PoisonError::into_inner).take();
    let outcome = catch_unwind(AssertUnwindSafe(work));
    match (outcome, PANIC.lock().unwrap_or_else(PoisonError::into_inner).take()) {
        (Ok(value), None) => Ok(value),
        (_, text) => Err(text.unwrap_or_else(|| "a panic without a text".to_owned())),
    }
}

fn read(read: &Read) -> (Ending, Option<Vec<RecordBatch>>) {
    let started = Instant::now();
    let outcome = catch(|| match read {
        Read::Lake { root, location, at } => rows(root, location, *at),
        Read::Mutant { place, file, seed, dir } => {
            let planted = mutant::plant(place, file, *seed, dir);
            let location = planted.map_err(|error| {
                Failure::new(ErrorCode::Internal, format!("the mutant is not planted: {error}"))
            })?;
            rows(dir, &location, At::Newest)
        }
        Read::Stream(path) => decoded(path),
        Read::Nothing => Err(Failure::new(ErrorCode::Internal, "nothing was read")),
    });
    if let Read::Mutant { dir, .. } = read {
        // What is left is removed with all others at the end.
        let _ = std::fs::remove_dir_all(dir);
    }
    let elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    match outcome {
        Ok(Ok((version, batches))) => {
            let n_rows = batches.iter().map(|batch| batch.num_rows() as u64).sum();
            (Ending::Rows { version, n_rows, elapsed_ms }, Some(batches))
        }
        Ok(Err(failure)) => {
            (Ending::Refused { code: failure.code, text: failure.message, elapsed_ms }, None)
        }
        Err(text) => (Ending::Panicked { text }, None),
    }
}

/// All rows of a table, the way the product reads them, in the form in which they cross to the page.
fn rows(root: &Path, location: &str, at: At) -> Result<(Option<u64>, Vec<RecordBatch>), Failure> {
    let internal = |text: String| Failure::new(ErrorCode::Internal, text);
    // One thread, as in a worker of the browser.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| internal(error.to_string()))?;
    let lake = Lake::new(Arc::new(PlatformStore::new(root)), DEFAULT_MEMORY_BYTES)?;
    let rows = runtime.block_on(lake.rows(&every_row(location, at)))?;
    let ipc = rows.to_ipc()?;
    let version = rows.facts.tables.first().and_then(|table| table.version);
    drop(rows);
    let batches = batches_of(&ipc[..]).map_err(|error| internal(format!("ipc: {error}")))?;
    Ok((version, batches))
}

/// The question for all rows of a table in its own types.
pub fn every_row(location: &str, at: At) -> RowsSpec {
    RowsSpec {
        table: TableAt { location: location.to_owned(), at },
        columns: Vec::new(),
        conditions: Vec::new(),
        limit: None,
        form: RowForm::Typed,
    }
}

fn decoded(path: &Path) -> Result<(Option<u64>, Vec<RecordBatch>), Failure> {
    let failed = |text: String| Failure::new(ErrorCode::Internal, format!("ipc: {text}"));
    let file = File::open(path).map_err(|error| failed(error.to_string()))?;
    let batches = batches_of(BufReader::new(file)).map_err(|error| failed(error.to_string()))?;
    Ok((None, batches))
}

/// The batches of a stream; one empty batch, which has the columns, when it has none.
fn batches_of(stream: impl std::io::Read) -> anyhow::Result<Vec<RecordBatch>> {
    let reader = StreamReader::try_new(stream, None)?;
    let schema = reader.schema();
    let mut batches = reader.collect::<Result<Vec<_>, _>>()?;
    if batches.is_empty() {
        batches.push(RecordBatch::new_empty(schema));
    }
    Ok(batches)
}

fn expected(expect: &Expect) -> Option<Result<Vec<RecordBatch>, String>> {
    let plain =
        |read: &dyn Fn(&PathBuf) -> anyhow::Result<Vec<RecordBatch>>, path: &PathBuf| match catch(
            || read(path),
        ) {
            Ok(Ok(batches)) => Ok(batches),
            Ok(Err(error)) => Err(format!("{error:#}")),
            Err(panic) => Err(format!("panic: {panic}")),
        };
    match expect {
        Expect::Unknown => None,
        Expect::Below(dir) => Some(plain(&|dir| oracle::rows_below(dir), dir)),
        Expect::File(path) => Some(plain(&|path| oracle::rows_of(path), path)),
    }
}
