//! Every number that the dashboards of the examples show, under the clause of every mark that can be clicked, against
//! DuckDB over the same tables: another engine, another reader of Delta, and the measure's text as the catalog has it.
//!
//! Needs the Python named by `LAKEFRONT_DUCKDB_DELTA_PYTHON`.

use crate::examples::project::{Project, root};
use crate::overview::cells;
use anyhow::{Context, Result, ensure};
use catalog::{Catalog, Dashboard, Dimension, Name, Panel, PanelKind, Reach, Table};
use lakefront_tests::lake;
use query::{Clause, Condition, DateRange, Grain, GroupBy, Order, QuerySpec, Selection};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use worker::lake::DEFAULT_MEMORY_BYTES;
use worker::store::PlatformStore;
use worker::{Engine, Lake};

/// So many marks of a panel are clicked: the largest ones.
const N_CLICKED: usize = 2;

/// How far two ratios may lie apart, as a part of the greater.
const RATIO_TOLERANCE: f64 = 1e-9;

/// A lake with its catalog, and the engine on it.
struct Shown {
    lake: PathBuf,
    catalog: Catalog,
    engine: Engine,
}

/// A question that both answer.
struct Asked {
    what: String,
    spec: QuerySpec,
    is_ratio: bool,
}

impl Shown {
    async fn open(lake: &Path) -> Result<Shown> {
        let json = std::fs::read_to_string(lake.join("_lakefront/catalog.json"))?;
        let catalog = Catalog::from_json(&json)?;
        let store = Lake::new(Arc::new(PlatformStore::new(lake)), DEFAULT_MEMORY_BYTES)?;
        let (engine, _) = Engine::open(Arc::new(store), catalog.clone()).await?;
        Ok(Shown { lake: lake.canonicalize()?, catalog, engine })
    }

    fn table_of(&self, measure: &Name) -> Result<&Table> {
        let found =
            self.catalog.tables.iter().find(|t| t.measures.iter().any(|m| m.name == *measure));
        found.with_context(|| format!("no table has the measure {measure}"))
    }

    /// The questions of every panel: its own, over time, within a month, and under each clause that a click on
    /// another panel of its dashboard gives.
    async fn questions(&self) -> Result<Vec<Asked>> {
        let mut asked = Vec::new();
        for dashboard in &self.catalog.dashboards {
            let clauses = self.clauses(dashboard).await?;
            for panel in &dashboard.panels {
                let table = self.table_of(&panel.measure)?;
                for clause in std::iter::once(None).chain(clauses.iter().map(Some)) {
                    // A panel is not filtered by its own dimension, nor by one that it cannot have.
                    let is_kept = |clause: &Clause| {
                        own_dimension(panel) != Some(&clause.dimension)
                            && self.catalog.reach(table, &clause.dimension).is_some()
                    };
                    if clause.is_some_and(|clause| !is_kept(clause)) {
                        continue;
                    }
                    for group in groups(dashboard, panel) {
                        asked.push(self.question(dashboard, panel, group, clause)?);
                    }
                }
            }
        }
        Ok(asked)
    }

    fn question(
        &self,
        dashboard: &Dashboard,
        panel: &Panel,
        group: Option<GroupBy>,
        clause: Option<&Clause>,
    ) -> Result<Asked> {
        let table = self.table_of(&panel.measure)?;
        let measure = table.measures.iter().find(|measure| measure.name == panel.measure);
        let expr = measure.map_or("", |measure| measure.expr.as_str());
        let what = format!("{}.{} by {group:?} under {clause:?}", dashboard.name, panel.name);
        let spec = QuerySpec {
            measures: vec![panel.measure.clone()],
            group_by: group.into_iter().collect(),
            selection: Selection::of(clause.cloned()),
            order: Order::Group,
            limit: None,
        };
        Ok(Asked { what, spec, is_ratio: expr.contains('/') || expr.contains("avg(") })
    }

    /// What clicks and ranges of this dashboard can ask for.
    async fn clauses(&self, dashboard: &Dashboard) -> Result<Vec<Clause>> {
        let mut clauses: BTreeMap<String, Clause> = BTreeMap::new();
        let mut add = |clause: Clause| drop(clauses.insert(format!("{clause:?}"), clause));
        for panel in &dashboard.panels {
            let (group, is_time) = match own_dimension(panel) {
                Some(by) => (GroupBy { dimension: by.clone(), grain: None }, false),
                None => {
                    (GroupBy { dimension: dashboard.time.clone(), grain: Some(Grain::Month) }, true)
                }
            };
            let dimension = group.dimension.clone();
            let mut asked = self.question(dashboard, panel, Some(group), None)?.spec;
            (asked.order, asked.limit) = (Order::LargestFirst, Some(N_CLICKED as u32));
            let rows = self.engine.answer(&asked).await.with_context(|| panel.name.to_string())?;
            for row in cells(&rows.batches)? {
                let value = row.first().context("a row has a group")?;
                let condition = match is_time {
                    true if value == "null" => continue,
                    true => {
                        let first: query::Date = value.parse()?;
                        Condition::Within(DateRange { first, last: first.plus_days(30) })
                    }
                    false => Condition::OneOf(vec![(value != "null").then(|| value.clone())]),
                };
                add(Clause { dimension: dimension.clone(), condition });
            }
        }
        Ok(clauses.into_values().collect())
    }

    /// Answers every question by both.
    async fn check(&self, python: &Path) -> Result<usize> {
        let asked = self.questions().await?;
        let questions: Vec<Value> =
            asked.iter().map(|asked| self.for_duckdb(&asked.spec)).collect::<Result<_>>()?;
        let theirs = ask_duckdb(python, &json!({ "lake": self.lake, "questions": questions }))?;
        ensure!(
            theirs.len() == asked.len(),
            "{} answers to {} questions",
            theirs.len(),
            asked.len()
        );
        for (asked, theirs) in asked.iter().zip(theirs) {
            let rows = self.engine.answer(&asked.spec).await.with_context(|| asked.what.clone())?;
            let is_whole = asked.spec.group_by.is_empty();
            let mut ours: Vec<[String; 2]> = Vec::new();
            for row in cells(&rows.batches)? {
                let value = row.last().context("a row has a value")?.clone();
                let group = if is_whole { "null".to_owned() } else { row[0].clone() };
                ours.push([group, value]);
            }
            ours.sort();
            let mut theirs: Vec<[String; 2]> =
                theirs.into_iter().map(|row| row.map(text)).collect();
            theirs.sort();
            let is_equal = ours.len() == theirs.len()
                && ours.iter().zip(&theirs).all(|(ours, theirs)| {
                    ours[0] == theirs[0] && are_equal(&ours[1], &theirs[1], asked.is_ratio)
                });
            ensure!(
                is_equal,
                "{}:\nthe engine says {ours:#?}\nDuckDB says {theirs:#?}",
                asked.what
            );
        }
        Ok(asked.len())
    }

    /// The question as `tests/duckdb/panels.py` reads it.
    fn for_duckdb(&self, spec: &QuerySpec) -> Result<Value> {
        let table = self.table_of(&spec.measures[0])?;
        let expr = table.measures.iter().find(|m| m.name == spec.measures[0]).map(|m| &m.expr);
        let group = match spec.group_by.first() {
            None => Value::Null,
            Some(group) => {
                let dimension = table.dimension(&group.dimension).context("no such dimension")?;
                json!({ "column": dimension.column, "grain": group.grain })
            }
        };
        let (mut own, mut linked) = (Vec::new(), Vec::new());
        for clause in spec.selection.clauses() {
            match self.catalog.reach(table, &clause.dimension).context("out of reach")? {
                Reach::Own(dimension) => own.push(filter(dimension, &clause.condition)),
                Reach::Linked { table: other, here, there } => {
                    let dimension = other.dimension(&clause.dimension).context("no dimension")?;
                    let own = [filter(dimension, &clause.condition)];
                    linked.push(
                        json!({ "table": place(other), "here": here, "there": there, "own": own }),
                    );
                }
            }
        }
        let table = place(table);
        Ok(json!({ "table": table, "measure": expr, "group": group, "own": own, "linked": linked }))
    }
}

fn place(table: &Table) -> Value {
    json!({ "location": table.location, "format": table.format })
}

fn filter(dimension: &Dimension, condition: &Condition) -> Value {
    match condition {
        Condition::OneOf(values) => json!({ "column": dimension.column, "values": values }),
        Condition::Within(range) => json!({ "column": dimension.column,
            "first": range.first.to_string(), "last": range.last.to_string() }),
    }
}

fn own_dimension(panel: &Panel) -> Option<&Name> {
    match &panel.kind {
        PanelKind::Kpi | PanelKind::Line => None,
        PanelKind::Bar { by, .. } | PanelKind::Donut { by } => Some(by),
    }
}

/// By what the panel groups, in each of its pictures.
fn groups(dashboard: &Dashboard, panel: &Panel) -> Vec<Option<GroupBy>> {
    let by_time = |grain| Some(GroupBy { dimension: dashboard.time.clone(), grain: Some(grain) });
    match own_dimension(panel) {
        Some(by) => vec![Some(GroupBy { dimension: by.clone(), grain: None })],
        None if panel.kind == PanelKind::Kpi => vec![None, by_time(Grain::Month)],
        None => vec![by_time(Grain::Day), by_time(Grain::Week), by_time(Grain::Month)],
    }
}

fn ask_duckdb(python: &Path, asked: &Value) -> Result<Vec<Vec<[Value; 2]>>> {
    let script = root()?.join("tests/duckdb/panels.py");
    let mut child = Command::new(python)
        .arg(script)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("Python")?;
    let mut stdin = child.stdin.take().context("Python has no stdin")?;
    stdin.write_all(asked.to_string().as_bytes())?;
    drop(stdin);
    let output = child.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "panels.py: {said}");
    let text = String::from_utf8(output.stdout)?;
    text.lines().map(|line| serde_json::from_str(line).context(line.to_owned())).collect()
}

/// A cell as [`cells`] writes it.
fn text(value: Value) -> String {
    match value {
        Value::String(text) if text.parse::<f64>().is_ok() && text.contains('.') => {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        Value::String(text) => text,
        _ => "null".to_owned(),
    }
}

/// Sums and counts are equal to the last digit; divisions have as many digits as each engine gives them.
fn are_equal(ours: &str, theirs: &str, is_ratio: bool) -> bool {
    if ours == theirs || !is_ratio {
        return ours == theirs;
    }
    let (Ok(a), Ok(b)) = (ours.parse::<f64>(), theirs.parse::<f64>()) else { return false };
    let n_digits = ours.split_once('.').map_or(0, |(_, digits)| digits.len());
    let last_digit = 10_f64.powi(-i32::try_from(n_digits.max(4)).unwrap_or(4));
    (a - b).abs() <= (RATIO_TOLERANCE * a.abs().max(b.abs())).max(last_digit)
}

fn python() -> Option<PathBuf> {
    test_support::program("LAKEFRONT_DUCKDB_DELTA_PYTHON")
}

async fn check_example(name: &str) -> Result<()> {
    let Some(python) = python() else { return Ok(()) };
    let project = Project::copy(name, |_| true)?;
    let opened = pipeline::Project::open(project.dir())?;
    pipeline::build(&opened, &pipeline::Options::default(), |_| ()).await?;
    let n_questions = Shown::open(&project.lake()).await?.check(&python).await?;
    ensure!(n_questions > 5, "{name}: only {n_questions} questions");
    Ok(())
}

#[tokio::test]
async fn the_dashboards_of_events_equal_duckdb() -> Result<()> {
    check_example("events").await
}

#[tokio::test]
async fn the_dashboards_of_payments_equal_duckdb() -> Result<()> {
    check_example("payments").await
}

#[tokio::test]
async fn the_dashboards_of_sessions_equal_duckdb() -> Result<()> {
    check_example("sessions").await
}

#[tokio::test]
async fn the_dashboards_of_the_marketplace_equal_duckdb() -> Result<()> {
    let Some(python) = python() else { return Ok(()) };
    let dir = tempfile::tempdir()?;
    let lake = lake::marketplace(dir.path(), 1).await?;
    let n_questions = Shown::open(&lake).await?.check(&python).await?;
    ensure!(n_questions > 100, "only {n_questions} questions");
    Ok(())
}

#[test]
fn two_numbers_are_compared_as_closely_as_they_can_be() {
    let check = |ours, theirs, is_ratio, expected| {
        assert_eq!(are_equal(ours, theirs, is_ratio), expected, "{ours} {theirs} {is_ratio}");
    };
    check("13.74", "13.74", false, true);
    check("13.74", "13.740000000001", false, false);
    check("13.333333", "13.333333333333334", true, true);
    check("13.34", "13.333333333333334", true, false);
    check("null", "0", true, false);
}
