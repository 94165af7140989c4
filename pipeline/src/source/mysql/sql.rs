//! Every statement about tables. Names are quoted by [`quote`], values are parameters.

use super::error::TableRule;
use super::mark::{self, Mark};
use super::shape::{ColumnShape, TableShape};
use mysql_async::{Params, Value};

/// The columns of a table or view, in their order: schema, table, whether `database()` is this schema,
/// name, type, nullable, remarks. The server may compare names without regard to case; the caller does not.
pub(super) const COLUMNS: &str = "select table_schema, table_name, database(), column_name, column_type, is_nullable, extra \
     from information_schema.columns \
     where table_schema = database() and table_name = ? order by ordinal_position";

/// The columns of the unique indexes of a table: schema, table, database, index, column, nullable, length of a
/// prefix. A part that is an expression has no column.
pub(super) const KEYS: &str = "select table_schema, table_name, database(), index_name, column_name, nullable, sub_part \
     from information_schema.statistics \
     where table_schema = database() and table_name = ? and non_unique = 0 order by index_name, seq_in_index";

/// The tables and views of the database.
pub(super) const TABLES: &str =
    "select table_name from information_schema.tables where table_schema = database()";

/// Which rows of a table are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Range {
    /// All.
    Whole,
    /// Those whose `column` is `value` or greater, and those where it is null: they could not be found
    /// otherwise.
    From {
        /// A column of whole numbers, decimals, dates, datetimes or timestamps.
        column: String,
        /// As the server prints it, inclusive; all rows when there is none.
        value: Option<String>,
    },
}

/// A statement and its parameters.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Statement {
    /// Its text.
    pub(super) text: String,
    values: Vec<Value>,
}

impl Statement {
    /// The rows of `range`, with the columns of `shape`.
    ///
    /// # Errors
    /// [`TableRule::NoColumn`], [`TableRule::Watermark`] and [`TableRule::Mark`].
    pub(super) fn rows(shape: &TableShape, range: &Range) -> Result<Statement, TableRule> {
        let columns: Vec<String> = shape.columns.iter().map(|column| quote(&column.name)).collect();
        let mut text = format!("select {} from {}", columns.join(", "), quote(&shape.table));
        let mut values = Vec::new();
        if let Range::From { column, value } = range {
            let column = watermark(shape, column)?;
            if let Some(value) = value {
                let Mark { value, placeholder } =
                    mark::parse(column.kind, value).ok_or_else(|| TableRule::Mark {
                        column: column.name.clone(),
                        declared: column.declared.clone(),
                        value: value.clone(),
                    })?;
                let name = quote(&column.name);
                text.push_str(&format!(" where {name} >= {placeholder} or {name} is null"));
                values.push(value);
            }
        }
        Ok(Statement { text, values })
    }

    /// The greatest value of the watermark `column` that is not ahead of the server's clock, which comes with its
    /// shape.
    ///
    /// # Errors
    /// [`TableRule::NoColumn`] and [`TableRule::Watermark`].
    pub(super) fn greatest<'s>(
        shape: &'s TableShape,
        column: &str,
    ) -> Result<(Statement, &'s ColumnShape), TableRule> {
        let column = watermark(shape, column)?;
        let (name, table) = (quote(&column.name), quote(&shape.table));
        let mut text = format!("select max({name}) from {table}");
        if let Some(present) = mark::present(column.kind) {
            text.push_str(&format!(" where {name} <= {present}"));
        }
        Ok((Statement { text, values: Vec::new() }, column))
    }

    /// The parameters, for the driver.
    pub(super) fn params(&self) -> Params {
        if self.values.is_empty() { Params::Empty } else { Params::Positional(self.values.clone()) }
    }
}

/// `name` as an identifier.
fn quote(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

fn watermark<'s>(shape: &'s TableShape, name: &str) -> Result<&'s ColumnShape, TableRule> {
    let found = shape.columns.iter().find(|column| column.name == name);
    let column = found.ok_or_else(|| TableRule::NoColumn {
        column: name.to_owned(),
        there: shape.column_names().join(", "),
    })?;
    if !mark::is_ordered(column.kind) {
        return Err(TableRule::Watermark {
            column: column.name.clone(),
            declared: column.declared.clone(),
        });
    }
    Ok(column)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::mysql::batch::ZeroDates;
    use catalog::Name;

    fn shape(table: &str, columns: &[(&str, &str)]) -> TableShape {
        let columns = columns
            .iter()
            .map(|(name, declared)| ColumnShape::new(name, declared).unwrap())
            .collect();
        let source_name = Name::new("shop").unwrap();
        TableShape::new(source_name, table.to_owned(), columns, Vec::new(), ZeroDates::Null)
    }

    #[test]
    fn names_are_quoted() {
        let check = |name: &str, expected: &str| assert_eq!(quote(name), expected);
        check("orders", "`orders`");
        check("order", "`order`");
        check("a`b", "`a``b`");
        check("a` from x; drop table y; -- ", "`a`` from x; drop table y; -- `");
        check("Größe \" ' ?", "`Größe \" ' ?`");
    }

    #[test]
    fn values_are_parameters() {
        let shape =
            shape("order", &[("id", "int(11)"), ("at", "datetime(6)"), ("sum", "decimal(9,2)")]);
        let from = |column: &str, value: Option<&str>| Range::From {
            column: column.to_owned(),
            value: value.map(str::to_owned),
        };
        let check = |range: Range, expected: &str, n_values: usize| {
            let statement = Statement::rows(&shape, &range).unwrap();
            let text = format!("select `id`, `at`, `sum` from `order`{expected}");
            assert_eq!((statement.text, statement.values.len()), (text, n_values), "{range:?}");
        };
        check(Range::Whole, "", 0);
        check(from("id", None), "", 0);
        check(from("id", Some("7")), " where `id` >= ? or `id` is null", 1);
        check(from("at", Some("2024-01-01 00:00:00")), " where `at` >= ? or `at` is null", 1);
        check(
            from("sum", Some("1.5")),
            " where `sum` >= cast(? as decimal(9, 2)) or `sum` is null",
            1,
        );
    }

    #[test]
    fn watermarks_that_are_none_are_refused() {
        let shape = shape("t", &[("id", "int(11)"), ("name", "varchar(9)")]);
        let check = |column: &str, value: &str, expected: &str| {
            let range = Range::From { column: column.to_owned(), value: Some(value.to_owned()) };
            let error = Statement::rows(&shape, &range).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        };
        check("at", "1", "has no column \"at\"; there are: id, name");
        check("name", "a", "column \"name\", varchar(9), is no watermark");
        check(
            "id",
            "1; drop table t",
            "watermark \"1; drop table t\" is no value of column \"id\"",
        );
    }
}
