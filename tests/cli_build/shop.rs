//! A small shop in a folder of its own, and the binary run on it.

use anyhow::{Context, Result, bail};
use lakefront_tests::harness::child::Running;
use lakefront_tests::harness::lakefront::binary;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
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

/// The project's file of [`Shop::landing`].
pub const PROJECT: &str = "name: shop\nsources:\n  orders: { path: orders.csv, format: csv, columns: [id, day], null_text: '' }\n";

/// What a shop with a landing folder has besides, or instead.
const LANDING: &[(&str, &str)] = &[
    ("lakefront.yaml", PROJECT),
    (
        "sources/landing.yaml",
        "events:\n  folder: landing/events\n  files: '*.csv'\n  format: csv\n  \
         columns: { id: bigint, at: timestamp, price: 'decimal(10, 2)' }\n",
    ),
    (
        "landing/events/1.csv",
        "id,at,price\n1,2026-01-01 10:00:00,1.50\n2,2026-01-01 11:00:00,2.50\n",
    ),
    ("models/bronze/events.sql", "/*---\nmaterialized: append\n---*/\nselect * from source.events"),
    ("models/silver/events.sql", "select id, at, price from bronze.events"),
    (
        "models/silver/orders.sql",
        "/*---\nmaterialized: merge\nkey: [id]\n---*/\nselect cast(id as bigint) as id, cast(day as date) as day,\n  \
         cast(amount as decimal(12, 2)) as amount, status\nfrom bronze.orders",
    ),
    (
        "models/silver/history.sql",
        "/*---\nmaterialized: snapshot\nkey: [id]\n---*/\nselect cast(id as bigint) as id, status from bronze.orders",
    ),
    (
        "models/gold/sales.sql",
        "/*---\ndescription: Sales by day.\n---*/\nselect day, sum(amount) as revenue from silver.orders group by day",
    ),
    (
        "models/gold/events.sql",
        "select date_trunc('day', at) as day, sum(price) as price from silver.events group by 1",
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

    /// The project with a folder of files, a merge and a snapshot: seven tables and no view.
    pub fn landing() -> Result<Shop> {
        let shop = Shop::new()?;
        for (path, text) in LANDING {
            shop.write(path, text)?;
        }
        std::fs::remove_file(shop.path().join("models/gold/sold.sql"))?;
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

    /// Writes a file of it that may be no text.
    pub fn write_bytes(&self, path: &str, bytes: &[u8]) -> Result<()> {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().context("a file lies in a folder")?)?;
        Ok(std::fs::write(path, bytes)?)
    }

    /// The commits of every table but the record of builds, by their paths, and what is in them.
    pub fn commits(&self) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
        let mut commits = BTreeMap::new();
        for entry in walkdir::WalkDir::new(self.path().join("lake")) {
            let path = entry?.into_path();
            let is_commit = path.parent().is_some_and(|folder| folder.ends_with("_delta_log"));
            if is_commit && path.is_file() && !path.starts_with(self.path().join("lake/_lakefront"))
            {
                let bytes = std::fs::read(&path)?;
                commits.insert(path, bytes);
            }
        }
        Ok(commits)
    }

    /// The answer to `sql` as CSV, without its header.
    pub fn answer(&self, sql: &str) -> Result<String> {
        let said = self.run("query", &["-e", sql, "--csv"])?.expect(0)?.stdout;
        Ok(said.split_once('\n').map(|(_, rows)| rows.to_owned()).unwrap_or_default())
    }

    /// Runs `lakefront build` as a shell does that was told `orders` before.
    pub fn build_under(&self, orders: &str, args: &[&str]) -> Result<Ended> {
        let build = self.command("build", args)?;
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("{orders}; exec \"$@\""), "sh"]);
        shell.arg(build.get_program()).args(build.get_args()).env("NO_COLOR", "1");
        Ended::of(shell.stdin(Stdio::null()).output()?)
    }

    /// `lakefront COMMAND PROJECT ARGS`.
    fn command(&self, command: &str, args: &[&str]) -> Result<Command> {
        let mut run = Command::new(binary()?);
        run.arg(command).arg(self.path()).args(args).env("NO_COLOR", "1").stdin(Stdio::null());
        Ok(run)
    }

    /// Runs `lakefront COMMAND PROJECT ARGS` to its end.
    pub fn run(&self, command: &str, args: &[&str]) -> Result<Ended> {
        Ended::of(self.command(command, args)?.output()?)
    }

    /// The same with values for variables of the environment, and without arguments.
    pub fn run_with(&self, command: &str, variables: &[(&str, &str)]) -> Result<Ended> {
        Ended::of(self.command(command, &[])?.envs(variables.iter().copied()).output()?)
    }

    /// Starts `lakefront build --json` with further arguments.
    pub fn start(&self, args: &[&str]) -> Result<Running> {
        Running::start(self.command("build", &["--json"])?.args(args))
    }
}

impl Ended {
    fn of(output: Output) -> Result<Ended> {
        Ok(Ended {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout)?,
            stderr: String::from_utf8(output.stderr)?,
        })
    }

    /// It said each of `expected` on stdout.
    pub fn says(self, expected: &[&str]) -> Result<Ended> {
        for part in expected {
            if !self.stdout.contains(part) {
                bail!("{part:?} is not in\n{}{}", self.stdout, self.stderr);
            }
        }
        Ok(self)
    }

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
