//! What the engine says of a lake that is not right, and of questions that do not fit: a code to act
//! on, and a text that names the thing, the rule and the place.

use anyhow::{Context, ensure};
use catalog::Catalog;
use lakefront_tests::lake;
use protocol::{ErrorCode, Failure};
use query::QuerySpec;
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use worker::lake::DEFAULT_MEMORY_BYTES;
use worker::store::PlatformStore;
use worker::{Engine, Lake};

async fn open(lake: &Path, catalog: Catalog) -> Result<Engine, Failure> {
    let lake = Lake::new(Arc::new(PlatformStore::new(lake)), DEFAULT_MEMORY_BYTES)?;
    Engine::open(Arc::new(lake), catalog).await.map(|(engine, _)| engine)
}

fn catalog_of(lake: &Path) -> anyhow::Result<Catalog> {
    Ok(Catalog::from_json(&fs::read_to_string(lake.join("_lakefront/catalog.json"))?)?)
}

fn spec(json: serde_json::Value) -> anyhow::Result<QuerySpec> {
    Ok(serde_json::from_value(json)?)
}

fn revenue() -> anyhow::Result<QuerySpec> {
    spec(json!({ "measures": ["revenue"], "group_by": [], "selection": { "clauses": [] },
        "order": "group", "limit": null }))
}

/// The one data file of a table.
fn data_file(table: &Path) -> anyhow::Result<PathBuf> {
    let mut files = fs::read_dir(table)?.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    files
        .find(|path| path.extension().is_some_and(|extension| extension == "parquet"))
        .context("the table has a data file")
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    for entry in walkdir::WalkDir::new(from) {
        let entry = entry?;
        let target = to.join(entry.path().strip_prefix(from)?);
        if entry.file_type().is_dir() {
            fs::create_dir_all(target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

type Harm = fn(&Path) -> anyhow::Result<()>;

const COMMIT: &str = "gold/sales/_delta_log/00000000000000000000.json";

const HARMS: &[(&str, Harm, ErrorCode, &[&str])] = &[
    (
        "no table",
        |l| Ok(fs::remove_dir_all(l.join("gold/sales"))?),
        ErrorCode::NotFound,
        &["sales"],
    ),
    (
        "an empty commit",
        |l| Ok(fs::write(l.join(COMMIT), "")?),
        ErrorCode::MalformedLog,
        &["sales", "00000000000000000000.json"],
    ),
    (
        "half a commit",
        |l| {
            let text = fs::read(l.join(COMMIT))?;
            Ok(fs::write(l.join(COMMIT), &text[..text.len() / 2])?)
        },
        ErrorCode::MalformedLog,
        &["sales", "00000000000000000000.json", "line"],
    ),
    (
        "a feature nobody knows",
        |l| {
            let protocol = r#"{"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["timeMachine"],"writerFeatures":["timeMachine"]}}"#;
            Ok(fs::write(l.join("gold/sales/_delta_log/00000000000000000001.json"), protocol)?)
        },
        ErrorCode::UnsupportedFeature,
        &["sales", "timeMachine"],
    ),
    (
        "no data file",
        |l| Ok(fs::remove_file(data_file(&l.join("gold/sales"))?)?),
        ErrorCode::NotFound,
        &["gold/sales/part-"],
    ),
    (
        "an empty data file",
        |l| Ok(fs::write(data_file(&l.join("gold/sales"))?, "")?),
        ErrorCode::MalformedFile,
        &["gold/sales/part-", "the log says ", "the file has 0"],
    ),
    (
        "a truncated data file",
        |l| {
            let path = data_file(&l.join("gold/sales"))?;
            let bytes = fs::read(&path)?;
            Ok(fs::write(&path, &bytes[..bytes.len() - 100])?)
        },
        ErrorCode::MalformedFile,
        &["gold/sales/part-", "the log says ", "the file has "],
    ),
    (
        "a data file of zeros",
        |l| {
            let path = data_file(&l.join("gold/sales"))?;
            let n_bytes = fs::metadata(&path)?.len();
            Ok(fs::write(&path, vec![0; n_bytes as usize])?)
        },
        ErrorCode::MalformedFile,
        &["gold/sales/part-"],
    ),
];

#[tokio::test]
async fn a_damaged_lake_is_named() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let lake = lake::marketplace(&dir.path().join("whole"), 1).await?;
    for (what, harm, code, parts) in HARMS {
        let damaged = dir.path().join(what.replace(' ', "_"));
        copy(&lake, &damaged)?;
        harm(&damaged)?;
        let failure = match open(&damaged, catalog_of(&damaged)?).await {
            Ok(engine) => engine.answer(&revenue()?).await.err(),
            Err(failure) => Some(failure),
        };
        let failure = failure.with_context(|| format!("{what}: no failure"))?;
        ensure!(failure.code == *code, "{what}: {:?} {failure}", failure.code);
        for part in *parts {
            ensure!(failure.message.contains(part), "{what}: {failure} should contain {part:?}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_question_that_does_not_fit_is_refused_by_name() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let lake = lake::marketplace(dir.path(), 1).await?;
    let engine = open(&lake, catalog_of(&lake)?).await?;
    let check = async |question: serde_json::Value, expected: &str| -> anyhow::Result<()> {
        let mut whole = json!({ "measures": ["revenue"], "group_by": [],
            "selection": { "clauses": [] }, "order": "group", "limit": null });
        for (key, value) in question.as_object().context("an object")? {
            whole[key] = value.clone();
        }
        let failure = engine.answer(&spec(whole)?).await.err().context(expected.to_owned())?;
        ensure!(failure.code == ErrorCode::InvalidRequest, "{failure}");
        ensure!(failure.message.contains(expected), "{failure} should contain {expected}");
        Ok(())
    };
    let clause = |dimension: &str, condition: serde_json::Value| json!({ "selection": { "clauses": [{ "dimension": dimension, "condition": condition }] } });
    let days = json!({ "within": { "first": "2025-01-01", "last": "2025-12-31" } });
    check(json!({ "measures": [] }), "at least one measure").await?;
    check(json!({ "measures": ["gmv"] }), "measure gmv is not in the catalog").await?;
    check(json!({ "measures": ["revenue", "payments"] }), "payments is of table payments").await?;
    check(json!({ "limit": 0 }), "a limit is at least 1").await?;
    check(
        json!({ "group_by": [{ "dimension": "weather", "grain": null }] }),
        "table sales has no dimension weather",
    )
    .await?;
    check(
        json!({ "group_by": [{ "dimension": "status", "grain": "month" }] }),
        "a grain needs a date",
    )
    .await?;
    check(clause("weather", json!({ "one_of": ["rain"] })), "cannot be filtered by weather")
        .await?;
    check(clause("status", days), "a range needs a date").await?;
    check(clause("day", json!({ "one_of": ["2025-01-01"] })), "filtered by a range").await
}

#[tokio::test]
async fn a_catalog_that_does_not_fit_its_table_is_named() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let lake = lake::marketplace(dir.path(), 1).await?;
    let mut catalog = catalog_of(&lake)?;
    let measure = catalog.tables.iter_mut().flat_map(|table| &mut table.measures);
    for measure in measure.filter(|measure| measure.name.as_str() == "revenue") {
        measure.expr = "sum(weight)".to_owned();
    }
    let engine = open(&lake, catalog).await?;
    let failure = engine.answer(&revenue()?).await.err().context("a failure")?;
    ensure!(failure.code == ErrorCode::InvalidCatalog, "{failure}");
    ensure!(failure.message.contains("measure revenue"), "{failure}");
    ensure!(failure.message.contains("weight"), "{failure}");
    Ok(())
}

#[tokio::test]
async fn a_plain_parquet_file_is_a_table() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let lake = lake::marketplace(dir.path(), 1).await?;
    let delta = open(&lake, catalog_of(&lake)?).await?.answer(&revenue()?).await?;
    fs::copy(data_file(&lake.join("gold/sales"))?, lake.join("sales.parquet"))?;
    let mut catalog = catalog_of(&lake)?;
    for table in catalog.tables.iter_mut().filter(|table| table.name.as_str() == "sales") {
        table.location = "sales.parquet".to_owned();
        table.format = catalog::TableFormat::Parquet;
    }
    let plain = open(&lake, catalog).await?.answer(&revenue()?).await?;
    ensure!(plain.batches == delta.batches);
    ensure!(plain.facts.tables.first().is_some_and(|table| table.version.is_none()));
    Ok(())
}

#[tokio::test]
async fn a_folder_of_listed_files_is_a_table() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let lake = lake::marketplace(dir.path(), 1).await?;
    let delta = open(&lake, catalog_of(&lake)?).await?.answer(&revenue()?).await?;
    let file = data_file(&lake.join("gold/sales"))?;
    for half in ["part=1", "part=2"] {
        fs::create_dir_all(lake.join("halves").join(half))?;
        fs::copy(&file, lake.join("halves").join(half).join("a.parquet"))?;
    }
    let mut catalog = catalog_of(&lake)?;
    for table in catalog.tables.iter_mut().filter(|table| table.name.as_str() == "sales") {
        table.location = "halves".to_owned();
        table.format = catalog::TableFormat::Parquet;
        for measure in &mut table.measures {
            measure.expr = format!("{} filter (where part = 2)", measure.expr);
        }
    }
    // The other tables can be opened, so the lake is.
    let engine = open(&lake, catalog.clone()).await?;
    let failure = engine.answer(&revenue()?).await.err().context("there is no list")?;
    ensure!(failure.code == ErrorCode::NotFound, "{failure}");
    let list = json!({ "files": [{ "path": "part=1/a.parquet" }, { "path": "part=2/a.parquet" }] });
    fs::write(lake.join("halves/_files.json"), list.to_string())?;
    let listed = open(&lake, catalog.clone()).await?.answer(&revenue()?).await?;
    ensure!(listed.batches == delta.batches);
    ensure!(listed.facts.n_files_total == 2, "{:?}", listed.facts);

    let check = async |list: &str, said: &str| -> anyhow::Result<()> {
        fs::write(lake.join("halves/_files.json"), list)?;
        let engine = open(&lake, catalog.clone()).await?;
        let failure = engine.answer(&revenue()?).await.err().context("a bad list")?;
        ensure!(failure.message.contains(said), "{failure}");
        Ok(())
    };
    check("{\"files\": []}", "lists no file").await?;
    check("{\"files\": [7]}", "is not a list of files").await?;
    check("{\"files\": [{\"path\": \"../gold/sales/x.parquet\"}]}", "leads out of its folder")
        .await?;
    check("{\"files\": [{\"path\": \"part=1/a.parquet\"}, {\"path\": \"b\"}]}", "lies in folders")
        .await
}
