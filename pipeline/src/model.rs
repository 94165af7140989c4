//! A model: one SQL query in one file, which makes one table of the lake.
//!
//! `models/silver/orders.sql` makes `silver.orders`. The query names what it reads in plain SQL:
//! `source.NAME` for a file outside the lake, `bronze.NAME`, `silver.NAME`, `gold.NAME` for tables
//! of it. Comments before the first word of the query may hold options, one a line:
//!
//! ```sql
//! -- partition_by: order_month
//! -- sort_by: order_date, order_id
//! select ...
//! ```

mod option;
mod read;

pub(crate) use option::ModelOptions;
pub(crate) use read::{Read, ReadAt};

use crate::project::{Place, Project};
use catalog::Name;
use datafusion::sql::sqlparser::ast::Statement;
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use std::fmt;
use std::path::{Path, PathBuf};

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
    pub(crate) statement: Statement,
    pub(crate) reads: Vec<ReadAt>,
    pub(crate) options: ModelOptions,
}

/// A model that is not right.
#[derive(Debug, thiserror::Error)]
#[error("{}{place}: {rule}", path.display())]
pub struct ModelError {
    /// The file.
    pub path: PathBuf,
    /// Where in it, as far as it is known.
    pub place: Place,
    /// What is wrong.
    pub rule: ModelRule,
}

/// What can be wrong with a model.
#[derive(Debug, thiserror::Error)]
pub enum ModelRule {
    /// The folder or the file cannot be read as text.
    #[error("cannot be read: {0}")]
    Unreadable(std::io::Error),
    /// The project has neither a model nor a catalog, so there is nothing to do.
    #[error(
        "a project without a catalog has at least one model, models/{{bronze,silver,gold}}/*.sql"
    )]
    NoModels,
    /// The file's name is not a table's.
    #[error(
        "name {stem:?} is not a lower-case letter followed by letters, digits or `_`, and it is the table's"
    )]
    FileName {
        /// The file's name without `.sql`.
        stem: String,
    },
    /// It is not SQL.
    #[error("not SQL: {reason}")]
    Syntax {
        /// What the parser says.
        reason: String,
    },
    /// It is not one query.
    #[error("a model is one query (`select ...` or `with ...`), this has {found}")]
    NotOneQuery {
        /// What is there instead.
        found: String,
    },
    /// A table without a layer.
    #[error(
        "table {table:?} has no layer, a model reads source.NAME, bronze.NAME, silver.NAME or gold.NAME"
    )]
    NoLayer {
        /// The table as it is written.
        table: String,
    },
    /// A layer that it may not read.
    #[error("{layer} reads {} only, not {table}", layer.readable())]
    LayerOrder {
        /// The model's layer.
        layer: Layer,
        /// The table that it reads.
        table: String,
    },
    /// A table or source that nothing makes.
    #[error("{table} is not defined, there are: {known}")]
    Unknown {
        /// The table.
        table: String,
        /// What there is in that layer, comma-separated.
        known: String,
    },
    /// An option that does not exist, or has no value.
    #[error("option {key:?} is not `partition_by: COLUMN, ...` or `sort_by: COLUMN, ...`")]
    Option {
        /// The option.
        key: String,
    },
    /// An option names a column that the query does not give.
    #[error("{key} names column {column:?}, the query gives: {known}")]
    OptionColumn {
        /// The option.
        key: &'static str,
        /// The column.
        column: String,
        /// The columns of the query, comma-separated.
        known: String,
    },
    /// A column whose name or type a table cannot have.
    #[error("column {column:?} {rule}")]
    Column {
        /// The column.
        column: String,
        /// Which rule.
        rule: String,
    },
    /// The query does not fit the tables that it reads.
    #[error("{reason}")]
    Plan {
        /// What the planner says.
        reason: String,
    },
    /// The query failed on the rows.
    #[error("{reason}")]
    Run {
        /// What happened, with the value.
        reason: String,
    },
}

/// Reads every model of `project`, sorted by name. There may be none where a catalog shows tables that
/// somebody else writes.
///
/// # Errors
/// [`ModelError`] of the first file that is not right.
pub(crate) fn read_all(project: &Project) -> Result<Vec<Model>, ModelError> {
    let mut models = Vec::new();
    let models_dir = project.folder.join("models");
    for layer in Layer::EVERY {
        let layer_dir = models_dir.join(layer.as_str());
        for path in sql_files(&layer_dir)? {
            models.push(read(layer, path)?);
        }
    }
    if models.is_empty() && project.catalog_path.is_none() {
        let rule = ModelRule::NoModels;
        return Err(ModelError { path: models_dir, place: Place::default(), rule });
    }
    models.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(models)
}

fn sql_files(layer_dir: &Path) -> Result<Vec<PathBuf>, ModelError> {
    let error = |source| ModelError {
        path: layer_dir.to_owned(),
        place: Place::default(),
        rule: ModelRule::Unreadable(source),
    };
    let entries = match std::fs::read_dir(layer_dir) {
        Ok(entries) => entries,
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(error(source)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(error)?.path();
        if path.extension().is_some_and(|extension| extension == "sql") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn read(layer: Layer, path: PathBuf) -> Result<Model, ModelError> {
    let whole = |rule| ModelError { path: path.clone(), place: Place::default(), rule };
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let name = Name::new(&*stem).map_err(|_| whole(ModelRule::FileName { stem: stem.clone() }))?;
    let sql =
        std::fs::read_to_string(&path).map_err(|source| whole(ModelRule::Unreadable(source)))?;
    let name = ModelName { layer, name };
    let parsed = parse(&name, &sql);
    let (statement, reads, options) =
        parsed.map_err(|(place, rule)| ModelError { path: path.clone(), place, rule })?;
    Ok(Model { name, path, sql, statement, reads, options })
}

type Parsed = (Statement, Vec<ReadAt>, ModelOptions);

fn parse(name: &ModelName, sql: &str) -> Result<Parsed, (Place, ModelRule)> {
    let options = option::parse(sql)?;
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
    for read in &reads {
        read.check(name.layer)?;
    }
    Ok((statement, reads, options))
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
        let sql = "-- Sales.\n-- sort_by: day, \"Id\"\n--partition_by: month\n\
            with o as (select * from silver.orders), i as (select * from o)\n\
            select * from i join Silver.Items using (id)\n\
            where id in (select id from gold.\"x\") -- sort_by: not here";
        let model = model(Layer::Gold, sql).unwrap();
        let reads: Vec<String> = model.reads.iter().map(|at| at.read.to_string()).collect();
        assert_eq!(reads, ["silver.orders", "silver.items", "gold.x"]);
        assert_eq!(model.options.sort_by, ["day", "Id"]);
        assert_eq!(model.options.partition_by, ["month"]);
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
        check(Layer::Gold, "-- order_by: x\nselect 1", "t.sql:1:4: option \"order_by\" is not");
        check(Layer::Gold, "\n-- sort_by:\nselect 1", "t.sql:2:4: option \"sort_by\" is not");
    }
}
