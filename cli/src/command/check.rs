//! `lakefront check`.

use crate::ending::Ending;
use crate::paint::{Paint, Tint};
use crate::quantity::counted;
use crate::watch;
use anyhow::Context;
use pipeline::{CheckReport, Finding, Layer, PROJECT_FILE, Project, ProjectError, ProjectRule};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

const CODES: &str = "\
Nothing is run or written; sources are looked for, and their headers read.

Exit codes: 0 all is well; 1 something is not right, one line each on stdout: `file:line:column: text`; 2 the command line is not right.

JSON (--json): one object, `ok` (true or false), `project`, `environment`, `lake`, `errors` (each with `file`, `line`, `column`,
`text`; null where it is not known), and when all is well `models` (names), `sources`, `unread_sources`, `expectations`,
`exposures` (numbers), `catalog` (true or false), `warnings` (texts: what is right and may not be meant so).";

/// The arguments.
#[derive(clap::Args)]
#[command(after_help = CODES)]
pub struct Args {
    /// The project: a folder with lakefront.yaml, models/ and catalog.yaml.
    #[arg(default_value = ".")]
    project: PathBuf,
    /// The environment whose settings are taken.
    #[arg(long, default_value = pipeline::DEFAULT_ENVIRONMENT, value_name = "NAME")]
    env: String,
    /// Writes one JSON object.
    #[arg(long)]
    json: bool,
}

/// Checks the project and says what was checked.
///
/// # Errors
/// When the command line names no project or environment.
pub fn run(args: Args) -> anyhow::Result<Ending> {
    let project = match Project::open_in(&args.project, &args.env) {
        Ok(project) => Ok(project),
        Err(error) => {
            let finding = Finding::from(&error);
            let error = anyhow::Error::from(error);
            if is_named_wrong(&args.project, &error) {
                return Err(error);
            }
            Err(vec![finding])
        }
    };
    let checked = match &project {
        Ok(project) => look(project)?,
        Err(findings) => Err(findings.clone()),
    };
    let ending = if checked.is_ok() { Ending::Well } else { Ending::Failed };
    let paint = Paint::on(&std::io::stdout());
    let text = match args.json {
        true => json_text(&args, project.as_ref().ok(), &checked).to_string(),
        false => text(project.as_ref().ok(), &checked, paint),
    };
    println!("{text}");
    Ok(ending)
}

/// Whether `error` is about the command line and not about what is in the project.
pub fn is_named_wrong(folder: &Path, error: &anyhow::Error) -> bool {
    let is_environment = error
        .downcast_ref::<ProjectError>()
        .is_some_and(|error| matches!(error.rule, ProjectRule::Environment { .. }));
    is_environment || !folder.join(PROJECT_FILE).exists()
}

fn look(project: &Project) -> anyhow::Result<Result<CheckReport, Vec<Finding>>> {
    let runtime = tokio::runtime::Runtime::new().context("the runtime did not start")?;
    let checked = runtime.block_on(pipeline::check(project));
    let Some(Err(finding)) = watch::of_project(project) else { return Ok(checked) };
    let mut findings = vec![finding];
    findings.extend(checked.err().into_iter().flatten());
    Ok(Err(findings))
}

fn text(
    project: Option<&Project>,
    checked: &Result<CheckReport, Vec<Finding>>,
    paint: Paint,
) -> String {
    match (project, checked) {
        (Some(project), Ok(report)) => {
            let head = format!("{} ({}) fits together", project.name, project.environment);
            let mut lines = vec![paint.text(Tint::Good, &head)];
            lines.extend(parts(report).into_iter().map(|part| format!("  {part}")));
            lines.push(format!("  lake {}", project.lake));
            let warning = |text: &String| paint.text(Tint::Warn, &format!("warning: {text}"));
            lines.extend(report.warnings.iter().map(warning));
            lines.join("\n")
        }
        (_, checked) => {
            let findings = checked.as_ref().err().map(Vec::as_slice).unwrap_or_default();
            let lines: Vec<String> = findings.iter().map(Finding::to_string).collect();
            lines.join("\n")
        }
    }
}

/// What was checked, a line each.
fn parts(report: &CheckReport) -> Vec<String> {
    let mut layers = Vec::new();
    for layer in Layer::EVERY {
        let n = report.models.iter().filter(|name| name.layer == layer).count();
        if n > 0 {
            layers.push(format!("{n} {layer}"));
        }
    }
    let mut parts = vec![format!(
        "{}{}{}",
        counted(report.models.len(), "model"),
        if layers.is_empty() { "" } else { ": " },
        layers.join(", ")
    )];
    let mut sources = counted(report.n_sources, "source");
    if report.n_unread_sources > 0 {
        sources.push_str(&format!(", and {} that no model reads", report.n_unread_sources));
    }
    parts.push(sources);
    for (n, noun) in [(report.n_expectations, "expectation"), (report.n_exposures, "exposure")] {
        if n > 0 {
            parts.push(counted(n, noun));
        }
    }
    parts.push(match report.has_catalog {
        true => "catalog: measures and dimensions fit the tables".to_owned(),
        false => "no catalog".to_owned(),
    });
    parts
}

fn json_text(
    args: &Args,
    project: Option<&Project>,
    checked: &Result<CheckReport, Vec<Finding>>,
) -> Value {
    let findings = checked.as_ref().err().map(Vec::as_slice).unwrap_or_default();
    let errors: Vec<Value> = findings
        .iter()
        .map(|finding| {
            let (line, column) = finding.place.line_and_column().unzip();
            let file = finding.path.as_ref().map(|path| path.display().to_string());
            json!({ "file": file, "line": line, "column": column, "text": finding.text })
        })
        .collect();
    let mut object = json!({
        "ok": checked.is_ok(),
        "project": project.map(|project| &project.name),
        "environment": args.env,
        "lake": project.map(|project| project.lake.to_string()),
        "errors": errors,
    });
    if let (Ok(report), Value::Object(fields)) = (checked, &mut object) {
        let models: Vec<String> = report.models.iter().map(ToString::to_string).collect();
        fields.insert("models".to_owned(), json!(models));
        fields.insert("sources".to_owned(), report.n_sources.into());
        fields.insert("unread_sources".to_owned(), report.n_unread_sources.into());
        fields.insert("expectations".to_owned(), report.n_expectations.into());
        fields.insert("exposures".to_owned(), report.n_exposures.into());
        fields.insert("catalog".to_owned(), report.has_catalog.into());
        fields.insert("warnings".to_owned(), json!(report.warnings));
    }
    object
}
