//! A small shop in a folder of its own, and the binary run on it.

use anyhow::{Context, Result, bail};
use lakefront_tests::harness::child::Running;
use lakefront_tests::harness::lakefront::binary;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// How long anything may take on a busy machine.
pub const DEADLINE: Duration = Duration::from_secs(120);

/// The source.
pub const ORDERS: &str = "id,day,amount,status\n\
    1,2026-01-01,12.30,paid\n\
    2,2026-01-01,5.00,\"new, or\n\"\"so\"\"\"\n\
    3,2026-01-02,0.05,\n";

/// The project: each file and its text.
pub const FILES: &[(&str, &str)] = &[
    (
        "lakefront.yaml",
        "name: shop\nsources:\n  orders: { path: orders.csv, format: csv, null_text: '' }\n",
    ),
    ("orders.csv", ORDERS),
    ("models/bronze/orders.sql", "select * from source.orders"),
    (
        "models/silver/orders.sql",
        "select cast(id as bigint) as id, cast(day as date) as day,\n  cast(amount as decimal(12, 2)) as amount, status\n\
         from bronze.orders",
    ),
    (
        "models/gold/sales.sql",
        "select day, sum(amount) as revenue, count(*) as orders from silver.orders group by day",
    ),
    (
        "models/gold/sold.sql",
        "/*---\nmaterialized: view\n---*/\nselect * from silver.orders where amount > 1",
    ),
];

/// A project in a folder that ends with the test.
pub struct Shop {
    folder: TempDir,
}

/// How a command ended.
pub struct Ended {
    /// Its code; `None` after a signal.
    pub code: Option<i32>,
    /// What it wrote.
    pub stdout: String,
    /// What else it said.
    pub stderr: String,
}

impl Shop {
    /// The project.
    pub fn new() -> Result<Shop> {
        let shop = Shop { folder: tempfile::tempdir()? };
        for (path, text) in FILES {
            shop.write(path, text)?;
        }
        Ok(shop)
    }

    /// Its folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file of it.
    pub fn write(&self, path: &str, text: &str) -> Result<()> {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().context("a file lies in a folder")?)?;
        Ok(std::fs::write(path, text)?)
    }

    /// `lakefront COMMAND PROJECT ARGS`.
    fn command(&self, command: &str, args: &[&str]) -> Result<Command> {
        let mut run = Command::new(binary()?);
        run.arg(command).arg(self.path()).args(args).env("NO_COLOR", "1").stdin(Stdio::null());
        Ok(run)
    }

    /// Runs `lakefront COMMAND PROJECT ARGS` to its end.
    pub fn run(&self, command: &str, args: &[&str]) -> Result<Ended> {
        let output = self.command(command, args)?.output()?;
        Ok(Ended {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout)?,
            stderr: String::from_utf8(output.stderr)?,
        })
    }

    /// Starts `lakefront build --json` with further arguments.
    pub fn start(&self, args: &[&str]) -> Result<Running> {
        Running::start(self.command("build", &["--json"])?.args(args))
    }
}

impl Ended {
    /// It ended with `code`.
    pub fn expect(self, code: i32) -> Result<Ended> {
        if self.code != Some(code) {
            bail!("ended with {:?} and not {code}:\n{}{}", self.code, self.stdout, self.stderr);
        }
        Ok(self)
    }

    /// The objects on stdout, one a line.
    pub fn objects(&self) -> Result<Vec<Value>> {
        self.stdout
            .lines()
            .map(|line| serde_json::from_str(line).context(line.to_owned()))
            .collect()
    }
}

/// The objects of `event` among `objects`.
pub fn of_event<'o>(objects: &'o [Value], event: &str) -> Vec<&'o Value> {
    objects.iter().filter(|object| object["event"] == event).collect()
}

/// The first of the coming lines that is an object of `event`.
pub fn wait_for(running: &Running, event: &str) -> Result<Value> {
    running.wait_for(DEADLINE, |line| {
        let object: Value = serde_json::from_str(line).ok()?;
        (object["event"] == event).then_some(object)
    })
}

/// Sends SIGTERM, and waits for the end; whether it ended with 0.
pub fn terminate(running: &mut Running) -> Result<bool> {
    let pid = running.id().to_string();
    let sent = Command::new("kill").args(["-TERM", &pid]).status()?;
    anyhow::ensure!(sent.success(), "kill -TERM {pid}");
    running.wait()
}
