//! `lakefront query`.

use crate::ending::Ending;
use crate::paint::{Paint, Tint};
use crate::quantity::{clock, counted, size_bytes};
use crate::rows::RowWriter;
use crate::rows::csv::Csv;
use crate::rows::json::Json;
use crate::rows::table::Table;
use crate::rows::textless::Textless;
use anyhow::{Context, bail};
use arrow::error::ArrowError;
use futures::StreamExt;
use pipeline::{Answer, Project, QueryError, Question};
use std::io::{self, BufWriter, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

const CODES: &str = "\
The query reads bronze.NAME, silver.NAME, gold.NAME (tables, views, and what models put aside) and _lakefront.NAME. It writes nothing.

Table (the default): for people; nothing is cut off, null is NULL, line breaks are shown as \\n.
CSV: RFC 4180 with a header, lines end with a line feed; null is nothing, text without a character is \"\".
JSON: one object a row; decimals are numbers with all their digits, NaN and infinite numbers are null.
Dates and times are ISO 8601 in all of them; a time beyond the calendar is null, and is an error at the end. Whatever else there is to say is on stderr.

Exit codes: 0 the whole answer, or as much as --limit asks for; 1 the query is not right or failed, or a value has no text; 2 the command line is not right.";

/// The arguments.
#[derive(clap::Args)]
#[command(after_help = CODES)]
pub struct Args {
    /// The project: a folder with lakefront.yaml.
    project: PathBuf,
    /// A file with one query, below this folder or the project's; `-` is standard input.
    #[arg(value_name = "FILE.sql", required_unless_present = "sql")]
    file: Option<PathBuf>,
    /// The query itself.
    #[arg(short = 'e', long = "execute", value_name = "SQL", conflicts_with = "file")]
    sql: Option<String>,
    /// The environment whose lake is asked.
    #[arg(long, default_value = pipeline::DEFAULT_ENVIRONMENT, value_name = "NAME")]
    env: String,
    /// Writes CSV.
    #[arg(long, group = "form")]
    csv: bool,
    /// Writes one JSON object a row.
    #[arg(long, group = "form")]
    json: bool,
    /// Writes a table for people; so it does without another word.
    #[arg(long, group = "form")]
    table: bool,
    /// Writes so many rows at most, and says so when there are more.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// The memory that the query takes before it spills to disk.
    #[arg(long, default_value = "2GB", value_name = "SIZE", value_parser = size_bytes)]
    memory: usize,
}

/// What was written.
struct Written {
    n_rows: usize,
    /// Whether there are more rows than were asked for.
    has_more: bool,
    /// What became null, since it has no text.
    textless: Textless,
}

/// Asks, and writes the answer.
///
/// # Errors
/// When there is no such project or file, or nobody takes the answer.
pub fn run(args: Args) -> anyhow::Result<Ending> {
    let project = Project::open_in(&args.project, &args.env)?;
    let (name, sql) = text(&args)?;
    let start = Instant::now();
    let runtime = tokio::runtime::Runtime::new().context("the runtime did not start")?;
    let question = Question { name: &name, sql: &sql, memory_bytes: args.memory };
    let answered = runtime.block_on(async {
        let answer = pipeline::query(&project, &question).await?;
        let out = BufWriter::new(io::stdout().lock());
        let mut writer: Box<dyn RowWriter + '_> = match (args.csv, args.json) {
            (true, _) => Box::new(Csv::on(out)),
            (_, true) => Box::new(Json::on(out)),
            _ => Box::new(Table::on(out, Paint::on(&io::stdout()))),
        };
        write(answer, writer.as_mut(), args.limit).await
    });
    match answered {
        Ok(written) => {
            say(&args, &written, start);
            if written.textless.is_empty() {
                return Ok(Ending::Well);
            }
            eprintln!("error: {}", written.textless);
            Ok(Ending::Failed)
        }
        Err(error) if error.is::<QueryError>() => {
            eprintln!("error: {error}");
            Ok(Ending::Failed)
        }
        // Such as `head`: it has what it wants.
        Err(error) if is_broken_pipe(&error) => Ok(Ending::Well),
        Err(error) => Err(error),
    }
}

/// The query, and what it is called in messages.
fn text(args: &Args) -> anyhow::Result<(String, String)> {
    if let Some(sql) = &args.sql {
        return Ok(("-e".to_owned(), sql.clone()));
    }
    let Some(file) = &args.file else { bail!("a file with a query or `-e SQL` is needed") };
    if file == Path::new("-") {
        let mut sql = String::new();
        io::stdin().read_to_string(&mut sql).context("standard input cannot be read")?;
        return Ok(("stdin".to_owned(), sql));
    }
    let below_project = args.project.join(file);
    let path = if !file.exists() && below_project.exists() { &below_project } else { file };
    let sql = std::fs::read_to_string(path)
        .with_context(|| format!("{} cannot be read", path.display()))?;
    Ok((path.display().to_string(), sql))
}

async fn write(
    mut answer: Answer,
    writer: &mut dyn RowWriter,
    limit: Option<usize>,
) -> anyhow::Result<Written> {
    let mut written = Written { n_rows: 0, has_more: false, textless: Textless::default() };
    let mut is_begun = false;
    while let Some(batch) = answer.batches.next().await {
        let batch = match batch {
            Ok(batch) => batch,
            Err(error) => {
                // What came before the error is shown before it.
                if is_begun {
                    writer.end()?;
                }
                return Err(error.into());
            }
        };
        if !is_begun {
            writer.begin(&answer.schema)?;
            is_begun = true;
        }
        let left = limit.map_or(usize::MAX, |limit| limit - written.n_rows);
        if batch.num_rows() > left {
            written.has_more = true;
        }
        let batch = batch.slice(0, batch.num_rows().min(left));
        let batch = written.textless.take_from(&batch)?;
        written.n_rows += batch.num_rows();
        writer.write(&batch)?;
        if written.has_more {
            break;
        }
    }
    if !is_begun {
        writer.begin(&answer.schema)?;
    }
    writer.end()?;
    Ok(written)
}

/// How many rows these were: to people, and to everybody when there are more.
fn say(args: &Args, written: &Written, start: Instant) {
    let paint = Paint::on(&io::stderr());
    let n_rows = counted(written.n_rows, "row");
    let line = match (written.has_more, args.csv || args.json) {
        (true, _) => {
            let line = format!("{n_rows}, and there are more (--limit {})", written.n_rows);
            paint.text(Tint::Warn, &line)
        }
        (false, false) if io::stderr().is_terminal() => {
            paint.text(Tint::Dim, &format!("{n_rows} in {}", clock(start.elapsed())))
        }
        (false, _) => return,
    };
    let _ = writeln!(io::stderr(), "{line}");
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let is_broken = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    match (error.downcast_ref::<io::Error>(), error.downcast_ref::<ArrowError>()) {
        (Some(error), _) | (_, Some(ArrowError::IoError(_, error))) => is_broken(error),
        _ => false,
    }
}
