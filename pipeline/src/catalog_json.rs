//! The compiled catalog: the project's YAML, checked against the tables that the models make, as the
//! JSON that the page reads.

use crate::lake::{Lake, LakeError, Root, RootError};
use crate::runs::{self, RUNS_LOCATION};
use arrow::datatypes::{DataType, SchemaRef};
use bytes::Bytes;
use catalog::{
    Additivity, Catalog, Dimension, DimensionKind, Measure, NumberFormat, OverNoRows, Table,
    TableFormat, Unreached,
};
use datafusion::execution::{SessionState, SessionStateBuilder};
use functions::measure;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where the compiled catalog lies in a lake.
pub const CATALOG_PATH: &str = "_lakefront/catalog.json";

/// A catalog that does not fit the lake, or cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// The file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The lake does not give or take it.
    #[error(transparent)]
    Root(#[from] RootError),
    /// It is not a catalog; the text has file and line or place.
    #[error(transparent)]
    Yaml(#[from] catalog::yaml::YamlError),
    /// A table that it names cannot be read.
    #[error("{}: {place}: {source}", path.display())]
    Lake {
        /// The catalog's file.
        path: PathBuf,
        /// The table in the catalog.
        place: String,
        /// Why.
        source: LakeError,
    },
    /// Measures cannot be planned at all.
    #[error(transparent)]
    Planner(#[from] datafusion::error::DataFusionError),
    /// It does not fit a table.
    #[error("{}: {place}: {rule}", path.display())]
    Rule {
        /// The catalog's file.
        path: PathBuf,
        /// Where in it, such as `tables.sales.measures.revenue`.
        place: String,
        /// Which rule.
        rule: CompileRule,
    },
}

/// How a catalog can fail to fit the lake.
#[derive(Debug, thiserror::Error)]
pub enum CompileRule {
    /// No table is there.
    #[error("location {location:?} is no table of the lake, models make: {known}")]
    NoTable {
        /// The location.
        location: String,
        /// The locations of the models' tables, comma-separated.
        known: String,
    },
    /// A column that the table lacks.
    #[error("column {column:?} is not in {location}, which has: {known}")]
    NoColumn {
        /// The column.
        column: String,
        /// The table's location.
        location: String,
        /// Its columns, comma-separated.
        known: String,
    },
    /// A column of a type that the dimension cannot have.
    #[error("column {column:?} is {found} in {location}, and a {kind} dimension is {wanted}")]
    ColumnType {
        /// The column.
        column: String,
        /// Its type.
        found: DataType,
        /// The table's location.
        location: String,
        /// The kind of the dimension.
        kind: &'static str,
        /// The type it should have.
        wanted: &'static str,
    },
    /// An expression that does not fit the table.
    #[error("{expr:?} is no measure over {location}: {reason}")]
    Expression {
        /// The expression.
        expr: String,
        /// The table's location.
        location: String,
        /// What the planner says.
        reason: String,
    },
    /// Money that is not exact.
    #[error("{expr:?} is {found}, and money is a decimal; cast its columns in the models")]
    InexactMoney {
        /// The expression.
        expr: String,
        /// Its type.
        found: DataType,
    },
}

/// A catalog that fits the lake.
#[derive(Debug)]
pub(crate) struct Compiled {
    /// What the page reads.
    pub(crate) json: String,
    /// The panels that a click on another panel of their dashboard does not filter.
    pub(crate) unreached: Vec<Unreached>,
}

/// Reads the catalog `path` and checks it against `built`, the schemas of the tables that models
/// make, by location. Tables that no model makes are looked up in the lake; one with an absolute URL
/// is taken as it is. What follows from a measure's expression is written beside it.
///
/// # Errors
/// [`CompileError`] with the file, the place in it and the rule.
pub(crate) async fn compile(
    path: &Path,
    lake: &Lake,
    built: &HashMap<String, SchemaRef>,
) -> Result<Compiled, CompileError> {
    let file = |source| CompileError::File { path: path.to_owned(), source };
    let text = std::fs::read_to_string(path).map_err(file)?;
    let mut catalog = catalog::yaml::parse(path, &text)?;
    let state = measure::session(SessionStateBuilder::new())?;
    for table in &mut catalog.tables {
        if table.location.contains("://") {
            continue;
        }
        let place = format!("tables.{}", table.name);
        let schema = match built.get(&table.location) {
            Some(schema) => Some(Arc::clone(schema)),
            // The first build makes it, when its models are done.
            None if table.location == RUNS_LOCATION => Some(runs::schema()),
            None => foreign_schema(lake, table).await.map_err(|source| CompileError::Lake {
                path: path.to_owned(),
                place: place.clone(),
                source,
            })?,
        };
        let checked = match schema {
            Some(schema) => check_table(&state, table, &schema, &place),
            None => {
                let mut known: Vec<&str> = built.keys().map(String::as_str).collect();
                known.sort_unstable();
                let (location, known) = (table.location.clone(), known.join(", "));
                Err((place, CompileRule::NoTable { location, known }))
            }
        };
        checked.map_err(|(place, rule)| CompileError::Rule {
            path: path.to_owned(),
            place,
            rule,
        })?;
    }
    let json = compiled_text(&catalog).map_err(|source| file(std::io::Error::other(source)))?;
    Ok(Compiled { json, unreached: catalog.unreached() })
}

fn compiled_text(catalog: &Catalog) -> Result<String, serde_json::Error> {
    let mut json = serde_json::to_string_pretty(catalog)?;
    json.push('\n');
    Ok(json)
}

/// Puts `json` where the page reads it, in one step, if it is not what lies there. Returns whether
/// it was written.
///
/// # Errors
/// [`CompileError::File`]; the file that was there is untouched.
pub(crate) async fn publish(lake: &Root, json: &str) -> Result<bool, CompileError> {
    if lake.get(CATALOG_PATH).await?.is_some_and(|before| before == json.as_bytes()) {
        return Ok(false);
    }
    lake.put(CATALOG_PATH, Bytes::copy_from_slice(json.as_bytes())).await?;
    Ok(true)
}

/// The columns of a table that no model makes. A folder of Parquet files with their list is one in
/// either format, as for the engine.
async fn foreign_schema(lake: &Lake, table: &Table) -> Result<Option<SchemaRef>, LakeError> {
    if table.format == TableFormat::Delta
        && let Some(schema) = lake.schema(&table.location).await?
    {
        return Ok(Some(schema));
    }
    lake.parquet_schema(&table.location).await
}

type Broken = (String, CompileRule);

fn check_table(
    state: &SessionState,
    table: &mut Table,
    schema: &SchemaRef,
    place: &str,
) -> Result<(), Broken> {
    for dimension in &table.dimensions {
        let place = format!("{place}.dimensions.{}", dimension.name);
        check_dimension(table, schema, dimension).map_err(|rule| (place, rule))?;
    }
    for link in &table.links {
        let place = format!("{place}.links.{}", link.name);
        column_type(table, schema, &link.column).map_err(|rule| (place, rule))?;
    }
    for measure in &mut table.measures {
        let place = format!("{place}.measures.{}", measure.name);
        check_measure(state, &table.location, schema, measure).map_err(|rule| (place, rule))?;
    }
    Ok(())
}

fn column_type(table: &Table, schema: &SchemaRef, column: &str) -> Result<DataType, CompileRule> {
    schema.field_with_name(column).map(|field| field.data_type().clone()).map_err(|_| {
        let known: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
        CompileRule::NoColumn {
            column: column.to_owned(),
            location: table.location.clone(),
            known: known.join(", "),
        }
    })
}

fn check_dimension(
    table: &Table,
    schema: &SchemaRef,
    dimension: &Dimension,
) -> Result<(), CompileRule> {
    let found = column_type(table, schema, &dimension.column)?;
    let (kind, wanted, fits) = match dimension.kind {
        DimensionKind::Date => ("date", "Date32", found == DataType::Date32),
        DimensionKind::Category => {
            let text = matches!(found, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
            ("category", "text", text)
        }
    };
    if fits {
        return Ok(());
    }
    let (column, location) = (dimension.column.clone(), table.location.clone());
    Err(CompileRule::ColumnType { column, found, location, kind, wanted })
}

/// Checks the measure as the engine plans it, and writes beside it what follows from its expression.
fn check_measure(
    state: &SessionState,
    location: &str,
    schema: &SchemaRef,
    measure: &mut Measure,
) -> Result<(), CompileRule> {
    let nature = measure::nature(state, schema, &measure.expr).map_err(|error| {
        let reason = error.find_root().strip_backtrace();
        CompileRule::Expression {
            expr: measure.expr.clone(),
            location: location.to_owned(),
            reason: reason.split_whitespace().collect::<Vec<_>>().join(" "),
        }
    })?;
    let found = nature.shown_as;
    if measure.format == NumberFormat::Money && found.is_floating() {
        return Err(CompileRule::InexactMoney { expr: measure.expr.clone(), found });
    }
    let adds_up = if nature.adds_up { Additivity::Sum } else { Additivity::None };
    measure.additivity.get_or_insert(adds_up);
    measure.over_no_rows = match nature.is_zero_over_no_rows {
        true => OverNoRows::Zero,
        false => OverNoRows::Nothing,
    };
    Ok(())
}

#[cfg(test)]
mod tests;
