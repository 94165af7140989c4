//! `lakefront demo`: a made-up marketplace, its lake and its dashboard, in one command.

use super::{build, serve};
use anyhow::{Context, anyhow};
use indicatif::{DecimalBytes, HumanCount, ProgressBar, ProgressStyle};
use pipeline::marketplace::Plan;
use pipeline::marketplace::project::{Home, HomeError};
use pipeline::{Options, Outcome, Project};
use server::users::{Role, UserFile, generate_password};
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Who logs in to the demo.
const ADMIN: &str = "admin";

/// The arguments.
#[derive(clap::Args)]
pub struct Args {
    /// How large the marketplace is: N times 500 users, 2,000 orders and 10,000 clicks.
    #[arg(long, value_name = "N", default_value_t = 1)]
    scale: u32,
    /// Another seed, another marketplace; the same scale and seed give the same one.
    #[arg(long, value_name = "S", default_value_t = 42)]
    seed: u64,
    /// The project's folder: new, empty, or from an earlier demo.
    #[arg(long, default_value = "lakefront-demo")]
    dir: PathBuf,
    /// The port to listen on; 0 takes a free one.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Builds the lake and ends.
    #[arg(long)]
    no_serve: bool,
}

/// Runs the command.
///
/// # Errors
/// When the scale is out of bounds, the port in use, the folder somebody else's or not writable, or
/// the lake cannot be built; the text names it.
pub fn run(args: Args) -> anyhow::Result<()> {
    let plan = Plan::new(args.scale, args.seed).map_err(|error| anyhow!("--scale: {error}"))?;
    let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), args.port);
    if !args.no_serve {
        // Found out now and not after minutes of work.
        require_free(address)?;
    }
    println!("a marketplace of scale {}, seed {}", args.scale, args.seed);
    let home = Home::claim(&args.dir).map_err(|error| match error {
        HomeError::Foreign { .. } => anyhow!("{error}; choose another folder with `--dir`"),
        HomeError::Stamp { .. } => {
            let dir = args.dir.display();
            let error = anyhow::Error::new(error);
            anyhow!("{error:#}; remove {dir}, or choose another folder with `--dir`")
        }
        error => error.into(),
    })?;
    fill(home, &plan)?;

    let start = Instant::now();
    let project = Project::open(&args.dir)?;
    let report = build::build(&project, &Options::default())?;
    let n_built = report.models.iter().filter(|model| model.outcome == Outcome::Built).count();
    let n_tables = report.models.len();
    println!("lake     {n_tables} tables, {n_built} of them written, {}", since(start));

    let password = admit(&args.dir)?;
    let dir = args.dir.display();
    if args.no_serve {
        println!("\nserve it with `lakefront serve {dir}`");
        print_login(&password);
        return Ok(());
    }
    serve::serve_project(&args.dir, address, |url| {
        println!("\nopen     {url}");
        print_login(&password);
        println!(
            "\nEach demo makes a new password; `lakefront serve {dir}` keeps it. Ctrl-C ends."
        );
    })
}

/// Writes what is missing of the project and its sources.
fn fill(mut home: Home, plan: &Plan) -> anyhow::Result<()> {
    for name in home.unpack()? {
        println!("kept     {name}, which was edited");
    }
    if home.has_sources(plan) {
        println!("sources  already there");
        return Ok(());
    }
    let start = Instant::now();
    let bar = ProgressBar::new(0);
    let style =
        ProgressStyle::with_template("making sources {wide_bar} {percent:>3} %, {eta} left");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    let written = home.fill(plan, &|n_done, n_steps| {
        bar.set_length(n_steps);
        bar.set_position(n_done);
    });
    bar.finish_and_clear();
    let written = written?;
    let n_rows: u64 = written.iter().map(|table| table.n_rows).sum();
    let size_bytes: u64 = written.iter().map(|table| table.size_bytes).sum();
    println!(
        "sources  {} files, {} rows, {}, {}",
        written.len(),
        HumanCount(n_rows),
        DecimalBytes(size_bytes),
        since(start)
    );
    Ok(())
}

/// Lets the admin in with a new password, whether or not he was there before: the old one cannot be
/// shown again, and whoever starts the demo twice must get in twice.
fn admit(dir: &Path) -> anyhow::Result<String> {
    let mut users = UserFile::open(&UserFile::path_in(dir))?;
    let password = generate_password();
    if users.contains(ADMIN) {
        users.set_password(ADMIN, &password)?;
    } else {
        users.add(ADMIN, Role::Admin, &password)?;
    }
    Ok(password)
}

fn print_login(password: &str) {
    println!("user     {ADMIN}\npassword {password}");
}

fn require_free(address: SocketAddr) -> anyhow::Result<()> {
    match TcpListener::bind(address) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AddrInUse => Err(anyhow!(
            "port {} is in use on {}; choose another one with `--port`",
            address.port(),
            address.ip()
        )),
        Err(error) => Err(error).with_context(|| format!("cannot listen on {address}")),
    }
}

fn since(start: Instant) -> String {
    match start.elapsed() {
        elapsed if elapsed.as_secs() == 0 => format!("{} ms", elapsed.as_millis()),
        elapsed => format!("{:.1} s", elapsed.as_secs_f64()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_found_out() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = taken.local_addr().unwrap();
        let error = require_free(address).unwrap_err().to_string();
        assert!(error.contains(&format!("port {} is in use", address.port())), "{error}");
        drop(taken);
        require_free(address).unwrap();
    }
}
