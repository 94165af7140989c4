//! `lakefront-ballista`: one query of a model, run on a cluster of Apache Ballista. `lakefront` starts it, writes a
//! request to its standard input and reads the rows from its standard output; `request` says in which form.

mod rows;
mod session;
mod tables;
// What `lakefront` writes, by its own account.
#[path = "../../pipeline/src/cluster/request.rs"]
mod request;

use request::{FORM, Refusal, Request, Stage};
use std::io::{self, BufRead, Read};
use std::process::ExitCode;
use std::time::Duration;
use tokio::net::TcpStream;

/// A scheduler that takes no connection for so long is away.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// Has `result`'s error say at which stage it came.
fn at<T, E: std::fmt::Display>(stage: Stage, result: Result<T, E>) -> Result<T, Refusal> {
    result.map_err(|error| Refusal { stage, reason: error.to_string() })
}

fn main() -> ExitCode {
    let answered = read_request().and_then(|request| {
        let runtime = at(Stage::Run, tokio::runtime::Runtime::new())?;
        runtime.block_on(answer(&request))
    });
    match answered {
        Ok(()) => ExitCode::SUCCESS,
        Err(refusal) => {
            match serde_json::to_string(&refusal) {
                Ok(line) => eprintln!("{line}"),
                Err(_) => eprintln!("{}", refusal.reason),
            }
            ExitCode::FAILURE
        }
    }
}

/// The request; once its writer is gone, so is this process.
fn read_request() -> Result<Request, Refusal> {
    let mut line = String::new();
    at(Stage::Request, io::stdin().lock().read_line(&mut line))?;
    if line.is_empty() {
        let reason = "`lakefront build --engine` starts this program, and it says what to run";
        return at(Stage::Request, Err(reason));
    }
    std::thread::spawn(|| {
        let _ = io::copy(&mut io::stdin().lock().by_ref(), &mut io::sink());
        std::process::exit(1);
    });
    let request: Request = at(Stage::Request, serde_json::from_str(&line))?;
    if request.form != FORM {
        let reason = format!(
            "lakefront asks in form {}, and this program knows form {FORM}; both are of one checkout",
            request.form
        );
        return at(Stage::Request, Err(reason));
    }
    Ok(request)
}

async fn answer(request: &Request) -> Result<(), Refusal> {
    let knocking = TcpStream::connect(&request.scheduler);
    match tokio::time::timeout(CONNECT_WITHIN, knocking).await {
        Ok(connected) => drop(at(Stage::Connect, connected)?),
        Err(_) => {
            let reason = format!("nothing within {} s", CONNECT_WITHIN.as_secs());
            return at(Stage::Connect, Err(reason));
        }
    }
    let ctx = at(Stage::Connect, session::connect(request).await)?;
    at(Stage::Request, tables::register(&ctx, &request.tables))?;
    for view in &request.views {
        at(Stage::Plan, session::define(&ctx, view).await.map_err(root))?;
    }
    let query = at(Stage::Plan, session::plan(&ctx, &request.sql).await.map_err(root))?;
    at(Stage::Run, rows::send(&ctx, query, io::stdout().lock()).await.map_err(root))
}

/// The words of the error that was first.
fn root(error: datafusion::error::DataFusionError) -> String {
    error.find_root().strip_backtrace()
}
