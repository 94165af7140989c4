//! `lakefront serve`: a project's lake and the page, for those who log in.

use anyhow::{Context, anyhow};
use pipeline::Project;
use server::listen::{self, BindError};
use server::page::Page;
use server::users::UserFile;
use server::{Config, ConfigError, LoginPolicy, SystemClock};
use std::io::IsTerminal;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// How long requests may take to end once the server is told to stop.
const DRAIN: Duration = Duration::from_secs(10);

/// The arguments.
#[derive(clap::Args)]
pub struct Args {
    /// The project's folder.
    project: PathBuf,
    /// The port to listen on; 0 takes a free one.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// The address to listen on.
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    host: IpAddr,
}

/// Runs the command.
///
/// # Errors
/// See [`serve_project`].
pub fn run(args: Args) -> anyhow::Result<()> {
    serve_project(&args.project, SocketAddr::new(args.host, args.port), |url| {
        println!("serving {} at {url}", args.project.display());
    })
}

/// Serves the project in that folder until SIGINT or SIGTERM. `announce` is called once with the
/// page's URL, when the server takes connections.
///
/// # Errors
/// When the project, its lake, its catalog or its users are missing or not right, or the port is in
/// use; the text says what to do.
pub fn serve_project(
    folder: &Path,
    address: SocketAddr,
    announce: impl FnOnce(&str),
) -> anyhow::Result<()> {
    start_log()?;
    let project = Project::open(folder)?;
    let Some(lake_dir) = project.lake_dir() else {
        anyhow::bail!(
            "the lake {} is no folder, and `serve` serves a folder; publish the page beside the lake instead",
            project.lake
        );
    };
    let config = Config {
        lake_root: lake_dir.to_owned(),
        users_path: UserFile::path_in(folder),
        page: Page::embedded(),
        login: LoginPolicy::default(),
    };
    if config.page.is_empty() {
        tracing::warn!("this binary was built without the page: /admin will say so");
    }
    let router =
        server::router(config, Arc::new(SystemClock)).map_err(|error| advise(folder, error))?;
    let runtime = tokio::runtime::Runtime::new().context("cannot start threads")?;
    runtime.block_on(async {
        let listener = listen::bind(address).await.map_err(|error| match error {
            BindError::PortInUse { .. } => anyhow!("{error}; choose another one with `--port`"),
            error => error.into(),
        })?;
        let stop = listen::stop_signal().context("cannot listen for signals")?;
        let address = listener.local_addr().context("the socket has no address")?;
        announce(&url_of(address));
        if !address.ip().is_loopback() {
            tracing::warn!(
                "browsers keep the session's cookie over https only: put a TLS proxy in front"
            );
        }
        listen::serve(listener, router, stop, DRAIN).await;
        Ok(())
    })
}

/// Adds what to do about an error.
fn advise(folder: &Path, error: ConfigError) -> anyhow::Error {
    let folder = folder.display();
    let advice = match &error {
        ConfigError::NoLake { .. } | ConfigError::NoCatalog { .. } => {
            format!("build it with `lakefront build {folder}`")
        }
        ConfigError::Users(server::users::UserFileError::Missing { .. })
        | ConfigError::NoUsers { .. } => {
            format!("add one with `lakefront user add NAME --role admin --project {folder}`")
        }
        ConfigError::Users(_) | ConfigError::Passwords(_) => return error.into(),
    };
    anyhow!("{:#}; {advice}", anyhow::Error::new(error))
}

/// The page's URL as the browser of this machine reaches it.
fn url_of(address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        format!("http://localhost:{}/admin", address.port())
    } else {
        format!("http://{address}/admin")
    }
}

/// Has the log written to stderr, from level info on unless `RUST_LOG` says otherwise.
fn start_log() -> anyhow::Result<()> {
    let filter = EnvFilter::builder()
        .with_default_directive(LevelFilter::INFO.into())
        .from_env()
        .context("RUST_LOG is not right")?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Refused when a log has been started before, which then stays.
    let _ = log.with_ansi(std::io::stderr().is_terminal()).try_init();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_is_one_that_a_browser_can_open() {
        let check = |address: &str, expected: &str| {
            assert_eq!(url_of(address.parse().unwrap()), expected);
        };
        check("127.0.0.1:8080", "http://127.0.0.1:8080/admin");
        check("[::1]:8080", "http://[::1]:8080/admin");
        check("0.0.0.0:80", "http://localhost:80/admin");
        check("[::]:80", "http://localhost:80/admin");
    }
}
