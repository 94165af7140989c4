//! A model: one SQL query in one file, which makes one table of the lake.
//!
//! `models/silver/orders.sql` makes `silver.orders`; folders between the layer and the file only order the
//! files. The query names what it reads in plain SQL: `source.NAME` for what lies outside the lake,
//! `bronze.NAME`, `silver.NAME`, `gold.NAME` for tables of it. How the table is kept stands as YAML in a
//! block comment that opens the file, or in a file beside it:
//!
//! ```sql
//! /*---
//! description: One row an order.
//! partition_by: [order_month]
//! sort_by: [order_date, order_id]
//! ---*/
//! select ...
//! ```

mod config;
mod header;
mod read;
mod rule;
mod stray;
mod synced;

pub use config::{
    Append, ConfigRule, Kind, Layout, Materialization, Merge, ModelConfig, Stream, Watermark,
};
pub use read::Read;
pub(crate) use read::{ReadAt, parse as parse_read};

pub use rule::{ModelError, ModelRule, Past};

use crate::expectation::OnFailure;
use crate::project::{Place, Project};
use crate::yaml;
use catalog::Name;
use config::ConfigError;
use datafusion::sql::sqlparser::ast::Statement;
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use header::HeaderError;
use std::fmt;
use std::path::{Path, PathBuf};

/// What the name of a table of refused rows ends with.
const QUARANTINE_SUFFIX: &str = "__quarantine";

/// A layer of the lake. The order is the order of reading: none reads a later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Layer {
    /// As delivered: reads sources.
    Bronze,
    /// Typed and joined: reads bronze and silver.
    Silver,
    /// Ready to be shown: reads silver and gold.
    Gold,
}

impl Layer {
    /// Every layer, in order.
    pub const EVERY: [Layer; 3] = [Layer::Bronze, Layer::Silver, Layer::Gold];

    /// The layer's name, which is also its folder's.
    pub fn as_str(self) -> &'static str {
        match self {
            Layer::Bronze => "bronze",
            Layer::Silver => "silver",
            Layer::Gold => "gold",
        }
    }

    /// What a model of this layer may read, for people.
    fn readable(self) -> &'static str {
        match self {
            Layer::Bronze => "source",
            Layer::Silver => "bronze and silver",
            Layer::Gold => "silver and gold",
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The name of a model and of its table: `silver.orders`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModelName {
    /// Its layer.
    pub layer: Layer,
    /// Its name in the layer: the file's name without `.sql`.
    pub name: Name,
}

impl ModelName {
    /// Where its table lies in the lake: `silver/orders`.
    pub fn location(&self) -> String {
        format!("{}/{}", self.layer, self.name)
    }

    /// The same with `suffix` behind it.
    fn with_suffix(&self, suffix: &str) -> ModelName {
        let name = Name::new(format!("{}{suffix}", self.name));
        ModelName { layer: self.layer, name: name.unwrap_or_else(|_| self.name.clone()) }
    }
}

impl fmt::Display for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.layer, self.name)
    }
}

/// A parsed model.
#[derive(Debug, Clone)]
pub struct Model {
    /// What it makes.
    pub name: ModelName,
    /// Its file.
    pub path: PathBuf,
    /// The text of the file.
    pub sql: String,
    /// How its table is kept, laid out, described and checked.
    pub config: ModelConfig,
    /// The file in which that stands, when it is another one.
    pub config_path: PathBuf,
    pub(crate) statement: Statement,
    pub(crate) reads: Vec<ReadAt>,
}

impl Model {
    /// What is wrong with the model as a whole.
    pub(crate) fn broken(&self, rule: ModelRule) -> ModelError {
        ModelError { path: self.path.clone(), place: Place::default(), rule }
    }

    /// What is wrong with its configuration.
    pub(crate) fn misconfigured(&self, place: Place, rule: ModelRule) -> ModelError {
        ModelError { path: self.config_path.clone(), place, rule }
    }

    /// Where its configuration says `word` under `key`, as far as it can be read.
    pub(crate) fn place_of(&self, key: &str, word: &str) -> Place {
        let text = match self.config_path == self.path {
            true => header::find(&self.path, &self.sql).ok().flatten().map(|header| header.yaml),
            false => yaml::read_text(&self.config_path).ok(),
        };
        text.map(|text| header::place_of(&text, key, word)).unwrap_or_default()
    }

    /// The table of the rows that its expectations refuse; `None` when none is set to.
    pub fn quarantine(&self) -> Option<ModelName> {
        let quarantines = self
            .config
            .expectations
            .iter()
            .any(|expectation| expectation.on_failure == OnFailure::Quarantine);
        quarantines.then(|| self.name.with_suffix(QUARANTINE_SUFFIX))
    }

    /// The table of rows that came too late; `None` when the model has none.
    pub fn late(&self) -> Option<ModelName> {
        self.config.materialization.stream().and_then(|stream| stream.late.clone())
    }
}

/// Reads every model of `project`, sorted by name. There may be none where a catalog shows tables that
/// somebody else writes.
///
/// # Errors
/// [`ModelError`] of the first file that is not right.
pub(crate) fn read_all(project: &Project) -> Result<Vec<Model>, ModelError> {
    let (models, errors) = read_each(project);
    match errors.into_iter().next() {
        Some(error) => Err(error),
        None => Ok(models),
    }
}

/// Reads every model of `project`: those that are right, sorted by name, and what is wrong with the others.
pub(crate) fn read_each(project: &Project) -> (Vec<Model>, Vec<ModelError>) {
    let mut models = Vec::new();
    let mut errors = Vec::new();
    let models_dir = project.folder.join("models");
    for layer in Layer::EVERY {
        match sql_files(&models_dir.join(layer.as_str())) {
            Ok(paths) => {
                for path in paths {
                    match read(layer, path) {
                        Ok(model) => models.push(model),
                        Err(error) => errors.push(error),
                    }
                }
            }
            Err(error) => errors.push(error),
        }
    }
    errors.extend(stray::find(&models_dir));
    match synced::models(project, &models) {
        Ok(synced) => models.extend(synced),
        Err(error) => errors.push(error),
    }
    if models.is_empty() && errors.is_empty() && project.catalog_path.is_none() {
        let rule = ModelRule::NoModels;
        errors.push(ModelError { path: models_dir, place: Place::default(), rule });
    }
    models.sort_by(|a, b| a.name.cmp(&b.name));
    for pair in models.windows(2) {
        if let [first, second] = pair
            && first.name == second.name
        {
            let (name, other) = (first.name.clone(), first.path.clone());
            errors.push(second.broken(ModelRule::Twice { name, other }));
        }
    }
    models.dedup_by(|second, first| second.name == first.name);
    (models, errors)
}

fn sql_files(layer_dir: &Path) -> Result<Vec<PathBuf>, ModelError> {
    if !layer_dir.exists() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in walkdir::WalkDir::new(layer_dir).sort_by_file_name() {
        let entry = entry.map_err(|error| {
            let source = error.into_io_error().unwrap_or_else(|| std::io::ErrorKind::Other.into());
            let rule = ModelRule::Unreadable(source);
            ModelError { path: layer_dir.to_owned(), place: Place::default(), rule }
        })?;
        if entry.path().extension().is_some_and(|extension| extension == "sql") {
            files.push(entry.into_path());
        }
    }
    Ok(files)
}

fn read(layer: Layer, path: PathBuf) -> Result<Model, ModelError> {
    let whole = |rule| ModelError { path: path.clone(), place: Place::default(), rule };
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let name = Name::new(&*stem).map_err(|_| whole(ModelRule::FileName { stem: stem.clone() }))?;
    let sql = yaml::read_text(&path).map_err(|(place, source)| {
        let rule = ModelRule::Unreadable(source);
        ModelError { path: path.clone(), place, rule }
    })?;
    let name = ModelName { layer, name };
    let (statement, reads) = parse(&name, &sql).map_err(|(place, rule)| ModelError {
        path: path.clone(),
        place,
        rule,
    })?;
    let (config, config_path) = configure(layer, &path, &sql)?;
    Ok(Model { name, path, sql, config, config_path, statement, reads })
}

fn configure(layer: Layer, path: &Path, sql: &str) -> Result<(ModelConfig, PathBuf), ModelError> {
    let whole = |rule| ModelError { path: path.to_owned(), place: Place::default(), rule };
    let header = header::find(path, sql).map_err(|error| match error {
        HeaderError::Open { line } => {
            let place = Place::at(line, 1);
            ModelError { path: path.to_owned(), place, rule: ModelRule::OpenHeader }
        }
        HeaderError::Unread { place } => {
            ModelError { path: path.to_owned(), place, rule: ModelRule::UnreadHeader }
        }
        HeaderError::Both { sibling } => whole(ModelRule::TwoHeaders { sibling }),
        HeaderError::Unreadable { sibling, place, source } => {
            ModelError { path: sibling, place, rule: ModelRule::Unreadable(source) }
        }
    })?;
    let Some(header) = header else { return Ok((ModelConfig::default(), path.to_owned())) };
    let config = config::parse(layer, &header.yaml).map_err(|error| {
        let (place, rule) = match error {
            ConfigError::Syntax(place, reason) => (place, ModelRule::ConfigSyntax { reason }),
            ConfigError::Rule(place, rule) => (place, rule.into()),
        };
        ModelError { path: header.path.clone(), place, rule }
    })?;
    Ok((config, header.path))
}

type Parsed = (Statement, Vec<ReadAt>);

fn parse(name: &ModelName, sql: &str) -> Result<Parsed, (Place, ModelRule)> {
    let (statement, reads) = parse_query(sql)?;
    for read in &reads {
        read.check(name.layer)?;
    }
    Ok((statement, reads))
}

/// The one query that `sql` is, and what it reads.
///
/// # Errors
/// [`ModelRule::Syntax`] and [`ModelRule::NotOneQuery`], with the place.
pub(crate) fn parse_query(sql: &str) -> Result<Parsed, (Place, ModelRule)> {
    let mut statements = Parser::parse_sql(&GenericDialect {}, sql).map_err(|error| {
        let (place, reason) = syntax(sql, &error);
        (place, ModelRule::Syntax { reason })
    })?;
    let statement = match (statements.pop(), statements.len()) {
        (Some(statement @ Statement::Query(_)), 0) => statement,
        (None, _) => return not_one_query("nothing"),
        (Some(_), 0) => return not_one_query("a statement that is no query"),
        (Some(_), before) => return not_one_query(&format!("{} statements", before + 1)),
    };
    let reads = read::of(&statement);
    Ok((statement, reads))
}

fn not_one_query<T>(found: &str) -> Result<T, (Place, ModelRule)> {
    Err((Place::default(), ModelRule::NotOneQuery { found: found.to_owned() }))
}

/// The place that a parser's message ends with (`... at Line: 3, Column: 5`), and the rest of it. Where
/// the text ends too early the message has none, and the place is the end of the text.
fn syntax(sql: &str, error: &ParserError) -> (Place, String) {
    let text = match error {
        ParserError::TokenizerError(text) | ParserError::ParserError(text) => text.clone(),
        ParserError::RecursionLimitExceeded => "the query is nested too deeply".to_owned(),
    };
    let numbers = text.rsplit_once(" at Line: ").and_then(|(reason, place)| {
        let (line, column) = place.split_once(", Column: ")?;
        Some((Place::at(line.parse().ok()?, column.parse().ok()?), reason.to_owned()))
    });
    numbers.unwrap_or_else(|| {
        let place = if text.ends_with("EOF") { end_of(sql) } else { Place::default() };
        (place, text)
    })
}

fn end_of(text: &str) -> Place {
    let n_lines = text.split('\n').count();
    let last = text.rsplit('\n').next().unwrap_or_default();
    Place::at(n_lines as u64, last.chars().count() as u64 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(layer: Layer, sql: &str) -> Result<Model, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.sql");
        std::fs::write(&path, sql).unwrap();
        read(layer, path).map_err(|error| error.to_string())
    }

    #[test]
    fn reads_and_options_come_from_the_text() {
        let sql = "/*---\nsort_by: [day, Id]\npartition_by: [month]\n---*/\n\
            with o as (select * from silver.orders), i as (select * from o)\n\
            select * from i join Silver.Items using (id)\n\
            where id in (select id from gold.\"x\") -- not here";
        let model = model(Layer::Gold, sql).unwrap();
        let reads: Vec<String> = model.reads.iter().map(|at| at.read.to_string()).collect();
        assert_eq!(reads, ["silver.orders", "silver.items", "gold.x"]);
        assert_eq!(model.config.layout.sort_by, ["day", "Id"]);
        assert_eq!(model.config.layout.partition_by, ["month"]);
    }

    #[test]
    fn what_is_wrong_is_named_with_line_and_column() {
        let check = |layer, sql: &str, expected: &str| {
            let error = model(layer, sql).unwrap_err();
            assert!(error.contains(expected), "{error:?} should contain {expected:?}");
        };
        check(Layer::Bronze, "select\n  *, from", "t.sql:2:10: not SQL: Expected: identifier");
        check(Layer::Bronze, "select 'x", "t.sql:1:8: not SQL: Unterminated string");
        check(Layer::Bronze, "", "this has nothing");
        check(Layer::Bronze, "select 1; select 2", "this has 2 statements");
        check(Layer::Bronze, "drop table x", "no query");
        check(Layer::Bronze, "select *\nfrom t", "t.sql:2:6: table \"t\" has no layer");
        check(Layer::Bronze, "select * from a.b", "table \"a.b\" has no layer");
        check(
            Layer::Bronze,
            "select * from bronze.b",
            "t.sql:1:15: bronze reads source only, not bronze.b",
        );
        check(Layer::Silver, "select * from source.b", "silver reads bronze and silver only");
        check(Layer::Silver, "select * from gold.b", "not gold.b");
        check(Layer::Gold, "select * from bronze.b", "gold reads silver and gold only");
        check(
            Layer::Gold,
            "/*---\norder_by: [x]\n---*/\nselect 1",
            "t.sql:2:1: unknown field `order_by`",
        );
        check(Layer::Gold, "/*---\nselect 1", "Unexpected EOF while in a multi-line comment");
        check(
            Layer::Gold,
            "/*---\nmaterialized: full\nkey: [a]\n---*/\nselect 1",
            "t.sql:3:6: `key` is for merge and snapshot models, this one is full",
        );
        check(Layer::Gold, "/*---\nmaterialized: merge\n---*/\nselect 1", "merge needs `key`");
        for key in ["owner", "materialized", "key", "watermark", "stream", "freshness"] {
            check(Layer::Gold, &format!("/*---\n{key}:\n---*/\nselect 1"), "t.sql:2:");
        }
        let bounds = "expectations:\n  - range: { column: a, min: ~, max: 5 }";
        check(Layer::Gold, &format!("/*---\n{bounds}\n---*/\nselect 1"), "t.sql:");
        check(
            Layer::Gold,
            "/*---\nmaterialized: append\ninput: nowhere\n---*/\nselect 1",
            "t.sql:3:8: \"nowhere\" is not a table such as",
        );
    }
}
