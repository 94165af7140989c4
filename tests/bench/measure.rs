//! One question asked of one engine, and what it cost.

use crate::harness::engine::{EngineInBrowser, Said, Worker};
use anyhow::{anyhow, bail};
use catalog::Catalog;
use protocol::{Answer, Ask};
use query::QuerySpec;
use serde::Serialize;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use worker::lake::DEFAULT_MEMORY_BYTES;
use worker::store::PlatformStore;
use worker::{Engine, Lake};

/// How long a question may take.
const LIMIT: Duration = Duration::from_secs(120);

/// What a question cost.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Cost {
    /// Data files that were opened.
    pub n_files: u64,
    /// Bytes of data files that were fetched.
    pub bytes: u64,
    /// Requests for them.
    pub n_requests: u64,
    /// Bytes of the log that were fetched; 0 where nobody counts them.
    pub log_bytes: u64,
    /// From opening the lake to the answer.
    pub elapsed_ms: f64,
}

/// Asks the native engine over the folder `lake`, which it opens anew.
///
/// # Errors
/// The engine's.
pub async fn natively(lake: &Path, catalog: &Catalog, spec: &QuerySpec) -> anyhow::Result<Cost> {
    let started = Instant::now();
    let failed = |failure: protocol::Failure| anyhow!("{failure}");
    let lake =
        Lake::new(Arc::new(PlatformStore::new(lake)), DEFAULT_MEMORY_BYTES).map_err(failed)?;
    let (engine, _) = Engine::open(Arc::new(lake), catalog.clone()).await.map_err(failed)?;
    let facts = engine.answer(spec).await.map_err(failed)?.facts;
    Ok(Cost {
        n_files: facts.n_files_read,
        bytes: facts.fetched_bytes,
        n_requests: facts.n_requests,
        log_bytes: 0,
        elapsed_ms: started.elapsed().as_secs_f64() * 1000.0,
    })
}

/// Asks the engine in a browser, in a worker of its own; bytes and requests are those that the server
/// counted.
///
/// # Errors
/// The engine's, and those of the browser.
pub async fn in_browser(
    engine: &EngineInBrowser,
    catalog: &Catalog,
    spec: &QuerySpec,
) -> anyhow::Result<Cost> {
    engine.server.take_served();
    let ask = Ask::Query(spec.clone());
    let heard = engine.ask(Worker::New, catalog.clone(), [ask], LIMIT).await?;
    let facts = match heard.said {
        Said::Answer(answer, _) => match *answer {
            Answer::Rows(facts) => facts,
            other => bail!("{other:?}"),
        },
        other => bail!("{other:?}"),
    };
    let mut cost =
        Cost { n_files: facts.n_files_read, elapsed_ms: heard.elapsed_ms, ..Cost::default() };
    for served in engine.server.take_served() {
        match served.path.strip_prefix("/lake/") {
            Some(path) if path.contains("_delta_log/") => cost.log_bytes += served.n_bytes,
            Some(_) => {
                cost.bytes += served.n_bytes;
                cost.n_requests += 1;
            }
            None => {}
        }
    }
    Ok(cost)
}
