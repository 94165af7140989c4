//! A table as its server describes it.

use super::batch::ZeroDates;
use super::error::{MySqlError, TableRule};
use super::kind::Kind;
use super::schema_change::{ColumnRecord, SchemaRecord};
use super::session::{Failure, Session};
use super::sql;
use crate::duration::Span;
use arrow::datatypes::{Field, Schema, SchemaRef};
use catalog::Name;
use mysql_async::{FromValueError, Params, Row, Value};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The index that is the key of a table which has one.
const PRIMARY: &str = "PRIMARY";

/// Tables that an error lists.
const N_LISTED: usize = 40;

/// The columns of a table that are read, and its key.
#[derive(Debug, Clone)]
pub(crate) struct TableShape {
    pub(super) source_name: Name,
    pub(super) table: String,
    pub(super) columns: Vec<ColumnShape>,
    pub(super) zero_dates: ZeroDates,
    pub(super) n_zero_dates: Arc<AtomicU64>,
    key: Vec<String>,
    schema: SchemaRef,
}

/// One of its columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ColumnShape {
    /// Its name, in the server's letters.
    pub(super) name: String,
    /// Its type in the server's words, with `not null` behind it where it is so.
    pub(super) declared: String,
    /// What its values are.
    pub(super) kind: Kind,
}

impl ColumnShape {
    /// # Errors
    /// [`TableRule::Type`].
    pub(super) fn new(name: &str, declared: &str) -> Result<ColumnShape, TableRule> {
        let (name, declared) = (name.to_owned(), declared.to_owned());
        match Kind::parse(&declared) {
            Ok(kind) => Ok(ColumnShape { name, declared, kind }),
            Err(rule) => Err(TableRule::Type { column: name, declared, rule }),
        }
    }
}

impl TableShape {
    /// The mark that lies `overlap` before `mark` in the order of `column`, as far as it is one of times.
    pub(crate) fn less(&self, column: &str, mark: &str, overlap: Span) -> String {
        match self.columns.iter().find(|found| found.name == column) {
            Some(column) => super::mark::less(column.kind, mark, overlap),
            None => mark.to_owned(),
        }
    }

    pub(super) fn new(
        source_name: Name,
        table: String,
        columns: Vec<ColumnShape>,
        key: Vec<String>,
        zero_dates: ZeroDates,
    ) -> TableShape {
        // All may be null: a zero date of a column that is not null is one.
        let field = |column: &ColumnShape| Field::new(&column.name, column.kind.arrow(), true);
        let schema = Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()));
        let n_zero_dates = Arc::new(AtomicU64::new(0));
        TableShape { source_name, table, columns, zero_dates, n_zero_dates, key, schema }
    }

    /// The same, with another rule for zero dates.
    pub(crate) fn with_zero_dates(self, zero_dates: ZeroDates) -> TableShape {
        TableShape { zero_dates, ..self }
    }

    /// The schema of its batches. Every field may be null.
    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The columns of its primary key, in their order; without one, of its first unique index (by name)
    /// that has whole columns that are not null; else, and for a view, none. It may have columns that
    /// are not read.
    pub(crate) fn key(&self) -> &[String] {
        &self.key
    }

    /// What the next run compares with.
    pub(crate) fn record(&self) -> SchemaRecord {
        let record = |column: &ColumnShape| ColumnRecord {
            name: column.name.clone(),
            declared: column.declared.clone(),
        };
        SchemaRecord { columns: self.columns.iter().map(record).collect(), key: self.key.clone() }
    }

    /// A hash over names and types of the columns that are read, and over the key: another one whenever
    /// anything of these changes.
    #[cfg(test)]
    pub(crate) fn fingerprint(&self) -> String {
        self.record().fingerprint()
    }

    /// Zero dates that the last read took as null, until now.
    pub(crate) fn n_zero_dates(&self) -> u64 {
        self.n_zero_dates.load(Ordering::Relaxed)
    }

    pub(super) fn column_names(&self) -> Vec<String> {
        self.columns.iter().map(|column| column.name.clone()).collect()
    }

    pub(super) fn error(&self, rule: TableRule) -> MySqlError {
        let (source_name, table) = (self.source_name.clone(), self.table.clone());
        MySqlError::Table { source_name, table, rule }
    }
}

/// Why a table has no shape.
pub(super) enum Undescribed {
    /// The server does not answer.
    Server(Failure),
    /// Something of the table.
    Table(TableRule),
}

impl From<Failure> for Undescribed {
    fn from(failure: Failure) -> Undescribed {
        Undescribed::Server(failure)
    }
}

impl From<TableRule> for Undescribed {
    fn from(rule: TableRule) -> Undescribed {
        Undescribed::Table(rule)
    }
}

/// Asks for the columns `only` of `table`, in their order; for all that `select *` gives, when `only` is
/// empty.
pub(super) async fn describe(
    session: &mut Session,
    database: &str,
    table: &str,
    only: &[String],
) -> Result<(Vec<ColumnShape>, Vec<String>), Undescribed> {
    let params = || Params::Positional(vec![Value::from(table)]);
    let rows = session.ask(sql::COLUMNS, params()).await?;
    let there: Vec<Described> =
        rows.into_iter().filter(|row| is_of(row, table)).map(|row| Described::read(&row)).collect();
    if there.is_empty() {
        let tables = session.ask(sql::TABLES, Params::Empty).await?;
        let mut there: Vec<String> = tables.iter().map(|row| text(row, 0)).collect();
        // Their order on the server is that of some collation.
        there.sort();
        let there = listed(there);
        return Err(TableRule::Missing { database: database.to_owned(), there }.into());
    }
    let columns = chosen(&there, only)?;
    let parts = session.ask(sql::KEYS, params()).await?;
    let parts = parts.iter().filter(|row| is_of(row, table)).map(IndexPart::read).collect();
    Ok((columns, key(parts)))
}

/// A column in the words of `information_schema.columns`.
struct Described {
    name: String,
    declared: String,
    is_invisible: bool,
}

impl Described {
    fn read(row: &Row) -> Described {
        let mut declared = text(row, 4);
        if text(row, 5) == "NO" {
            declared.push_str(" not null");
        }
        let is_invisible = text(row, 6).to_uppercase().contains("INVISIBLE");
        Described { name: text(row, 3), declared, is_invisible }
    }
}

fn chosen(there: &[Described], only: &[String]) -> Result<Vec<ColumnShape>, TableRule> {
    let shape = |column: &Described| ColumnShape::new(&column.name, &column.declared);
    if only.is_empty() {
        return there.iter().filter(|column| !column.is_invisible).map(shape).collect();
    }
    let mut columns: Vec<ColumnShape> = Vec::with_capacity(only.len());
    for name in only {
        let Some(column) = there.iter().find(|column| column.name == *name) else {
            let there = listed(there.iter().map(|column| column.name.clone()).collect());
            return Err(TableRule::NoColumn { column: name.clone(), there });
        };
        if columns.iter().any(|column| column.name == *name) {
            return Err(TableRule::Twice { column: name.clone() });
        }
        columns.push(shape(column)?);
    }
    Ok(columns)
}

/// One column of a unique index.
struct IndexPart {
    index: String,
    column: Option<String>,
    is_nullable: bool,
    is_prefix: bool,
}

impl IndexPart {
    fn read(row: &Row) -> IndexPart {
        let column = text(row, 4);
        IndexPart {
            index: text(row, 3),
            column: (!column.is_empty()).then_some(column),
            is_nullable: text(row, 5) == "YES",
            is_prefix: !text(row, 6).is_empty(),
        }
    }
}

/// The columns of the index that tells rows apart. `parts` are in the order of their indexes.
fn key(parts: Vec<IndexPart>) -> Vec<String> {
    let mut indexes: Vec<(String, Option<Vec<String>>)> = Vec::new();
    for part in parts {
        if indexes.last().is_none_or(|(index, _)| *index != part.index) {
            indexes.push((part.index, Some(Vec::new())));
        }
        let Some((_, columns)) = indexes.last_mut() else { continue };
        match (columns.as_mut(), part.column) {
            (Some(columns), Some(column)) if !part.is_nullable && !part.is_prefix => {
                columns.push(column);
            }
            _ => *columns = None,
        }
    }
    let primary = indexes.iter().position(|(index, _)| index == PRIMARY);
    if let Some(primary) = primary {
        indexes.swap(0, primary);
    }
    indexes.into_iter().find_map(|(_, columns)| columns).unwrap_or_default()
}

/// Whether a row of the description is of the very schema and table: a server may have `Orders` beside
/// `orders` and compare its own names without regard to case.
fn is_of(row: &Row, table: &str) -> bool {
    text(row, 0) == text(row, 2) && text(row, 1) == table
}

/// The value `idx` as text; empty when it is null. Servers differ in the types of these columns.
fn text(row: &Row, idx: usize) -> String {
    match row.as_ref(idx) {
        None | Some(Value::NULL) => String::new(),
        Some(Value::Int(number)) => number.to_string(),
        Some(Value::UInt(number)) => number.to_string(),
        Some(value) => {
            let text: Result<String, FromValueError> = mysql_async::from_value_opt(value.clone());
            text.unwrap_or_default()
        }
    }
}

fn listed(mut names: Vec<String>) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    if names.len() > N_LISTED {
        let n_more = names.len() - N_LISTED;
        names.truncate(N_LISTED);
        names.push(format!("and {n_more} more"));
    }
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_tells_rows_apart() {
        let check = |parts: &[(&str, Option<&str>, &str)], expected: &[&str]| {
            let parts = parts
                .iter()
                .map(|(index, column, flaw)| IndexPart {
                    index: (*index).to_owned(),
                    column: column.map(str::to_owned),
                    is_nullable: *flaw == "null",
                    is_prefix: *flaw == "prefix",
                })
                .collect();
            assert_eq!(key(parts), expected);
        };
        check(&[], &[]);
        check(&[("PRIMARY", Some("a"), ""), ("PRIMARY", Some("b"), "")], &["a", "b"]);
        check(&[("A", Some("x"), ""), ("PRIMARY", Some("id"), "")], &["id"]);
        check(&[("a", Some("x"), "null"), ("b", Some("y"), "")], &["y"]);
        check(&[("a", Some("x"), ""), ("a", Some("y"), "null")], &[]);
        check(&[("a", Some("x"), "prefix"), ("b", None, ""), ("c", Some("z"), "")], &["z"]);
    }

    #[test]
    fn long_lists_are_cut() {
        let names = |n: usize| (0..n).map(|idx| format!("t{idx}")).collect::<Vec<_>>();
        assert_eq!(listed(names(0)), "none");
        assert_eq!(listed(names(2)), "t0, t1");
        assert!(listed(names(42)).ends_with("t39, and 2 more"));
    }
}
