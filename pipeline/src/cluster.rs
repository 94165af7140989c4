//! Models on a cluster of Apache Ballista. The cluster's client brings a DataFusion of its own features, so it is a
//! program of its own (`lakefront-ballista`, in `cluster/`), which is started for each query.

mod address;
mod rows;
// The client knows what it sends and takes by the same file.
pub(crate) mod request;

pub use address::{Address, AddressError};

use crate::lake::Root;
use crate::spool::Spool;
use arrow::datatypes::SchemaRef;
use request::{Refusal, Request, Stage};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::Command;

/// Names the client's program, when it is not beside this one.
const PROGRAM_VARIABLE: &str = "LAKEFRONT_BALLISTA";

const PROGRAM: &str = "lakefront-ballista";

/// A scheduler that takes no connection for so long is away.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// What runs the queries of models.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Engine {
    /// This process.
    #[default]
    Here,
    /// A cluster, as far as it can; this process otherwise.
    Ballista(Address),
}

/// Where the query of a model ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ran {
    /// In this process.
    Here,
    /// On the cluster.
    Ballista,
}

impl Ran {
    /// For machines.
    pub fn as_str(self) -> &'static str {
        match self {
            Ran::Here => "here",
            Ran::Ballista => "ballista",
        }
    }
}

/// A cluster that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// Executors read files, and are given no credentials.
    #[error(
        "--engine {address}: the lake is {lake}, and a cluster reads a lake in a folder that every executor sees at the same path"
    )]
    Lake {
        /// The scheduler.
        address: Address,
        /// The lake.
        lake: String,
    },
    /// The client is not installed.
    #[error(
        "--engine {address}: {} is not there; `cargo install --path cluster` in a checkout of Lakefront makes \
         {PROGRAM}, which stands beside this program or where {PROGRAM_VARIABLE} says", path.display()
    )]
    NoProgram {
        /// The scheduler.
        address: Address,
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The client cannot be started or does not do what it should.
    #[error("--engine {address}: {} {reason}", path.display())]
    Program {
        /// The scheduler.
        address: Address,
        /// The program.
        path: PathBuf,
        /// What it did.
        reason: String,
    },
    /// Nobody answers.
    #[error("--engine {address}: the scheduler does not answer: {reason}")]
    Away {
        /// The scheduler.
        address: Address,
        /// What came instead.
        reason: String,
    },
    /// The cluster does not run a query.
    #[error("on {address}: {reason}")]
    Query {
        /// The scheduler.
        address: Address,
        /// What the cluster says.
        reason: String,
    },
}

/// A cluster, and the program that speaks to it.
#[derive(Debug, Clone)]
pub(crate) struct Cluster {
    address: Address,
    program: PathBuf,
}

impl Cluster {
    /// The cluster of `engine`, if it is one, once it answers.
    ///
    /// # Errors
    /// [`ClusterError`] when the lake at `root` is not for clusters, the client is missing or the scheduler away.
    pub(crate) async fn find(
        engine: &Engine,
        root: &Root,
    ) -> Result<Option<Cluster>, ClusterError> {
        let Engine::Ballista(address) = engine else { return Ok(None) };
        let address = address.clone();
        if root.local_dir().is_none() {
            return Err(ClusterError::Lake { address, lake: root.to_string() });
        }
        let named = std::env::var_os(PROGRAM_VARIABLE).filter(|named| !named.is_empty());
        let path = match named {
            Some(path) => PathBuf::from(path),
            None => {
                let own = std::env::current_exe().unwrap_or_default();
                let name = format!("{PROGRAM}{}", std::env::consts::EXE_SUFFIX);
                own.parent().unwrap_or(Path::new("")).join(name)
            }
        };
        let cluster = Cluster::with(address, path)?;
        cluster.knock().await?;
        Ok(Some(cluster))
    }

    fn with(address: Address, program: PathBuf) -> Result<Cluster, ClusterError> {
        match program.is_file() {
            true => Ok(Cluster { address, program }),
            false => Err(ClusterError::NoProgram { address, path: program }),
        }
    }

    async fn knock(&self) -> Result<(), ClusterError> {
        let away = |reason| ClusterError::Away { address: self.address.clone(), reason };
        match tokio::time::timeout(CONNECT_WITHIN, TcpStream::connect(self.address.authority()))
            .await
        {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(away(error.to_string())),
            Err(_) => Err(away(format!("nothing within {} s", CONNECT_WITHIN.as_secs()))),
        }
    }

    /// `host:port` of the scheduler.
    pub(crate) fn scheduler(&self) -> String {
        self.address.authority()
    }

    /// The rows that the cluster gives for `request`, with the columns `schema`. They wait on disk until all are
    /// there, so that a job that fails has written nothing.
    ///
    /// # Errors
    /// [`ClusterError`] with the cluster's words.
    pub(crate) async fn run(
        &self,
        request: &Request,
        schema: &SchemaRef,
    ) -> Result<Spool, ClusterError> {
        let failed = |reason: String| ClusterError::Program {
            address: self.address.clone(),
            path: self.program.clone(),
            reason,
        };
        let mut line = serde_json::to_vec(request).map_err(|e| failed(e.to_string()))?;
        line.push(b'\n');
        let mut child = Command::new(&self.program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|e| failed(format!("cannot be started: {e}")))?;
        let (Some(mut stdin), Some(stdout), Some(mut stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(failed("has no pipes".to_owned()));
        };
        let mut said = Vec::new();
        let asking = async {
            // Whoever does not read the request says why on its way out.
            let _ = stdin.write_all(&line).await;
            let _ = stdin.flush().await;
        };
        let (rows, _, ()) =
            tokio::join!(rows::read(stdout, schema), stderr.read_to_end(&mut said), asking);
        let status = child.wait().await.map_err(|e| failed(e.to_string()))?;
        // The end of its input means that nobody waits, so it is kept open until here.
        drop(stdin);
        let said = String::from_utf8_lossy(&said);
        match rows {
            Ok(rows) if status.success() => Ok(rows),
            // It cannot write its rows once they are not read on.
            Err(error) if error.is_foreign() || status.success() => Err(failed(error.to_string())),
            _ => Err(self.refused(&said).unwrap_or_else(|| {
                let last = said.lines().last().unwrap_or("without a word");
                failed(format!("ended with {status}: {last}"))
            })),
        }
    }

    /// What the client said when it gave up.
    fn refused(&self, said: &str) -> Option<ClusterError> {
        let refusal: Refusal =
            said.lines().rev().find_map(|line| serde_json::from_str(line).ok())?;
        let (address, reason) = (self.address.clone(), refusal.reason);
        Some(match refusal.stage {
            Stage::Request => ClusterError::Program { address, path: self.program.clone(), reason },
            Stage::Connect => ClusterError::Away { address, reason },
            Stage::Plan | Stage::Run => ClusterError::Query { address, reason },
        })
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
