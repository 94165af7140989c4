//! Which of two rows of one key stays: one rule, in one delivery and across deliveries.
//!
//! The greater row stays: rows are compared by the columns that say which is the newest, one after another; then one
//! that removes its key is greater than one that does not; then by the other columns, in the table's order. Null is
//! the least. So the same rows leave the same row, however they were delivered. Without columns that say which is the
//! newest the row that comes stays.

use arrow::datatypes::Schema;
use datafusion::logical_expr::{Expr, SortExpr, lit};

/// The order of the rows of a key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Precedence {
    newest_by: Vec<String>,
    deleted: Option<String>,
    others: Vec<String>,
}

impl Precedence {
    /// The order of rows of the columns `schema` with one `key`. `deleted` is a boolean column that removes the key.
    pub(crate) fn new(
        schema: &Schema,
        key: &[String],
        newest_by: &[String],
        deleted: Option<&str>,
    ) -> Precedence {
        let is_other = |name: &String| {
            !key.contains(name) && !newest_by.contains(name) && deleted != Some(name.as_str())
        };
        // Values that have parts have no order.
        let fields = schema.fields().iter().filter(|field| !field.data_type().is_nested());
        let others = fields.map(|field| field.name().clone()).filter(is_other).collect();
        Precedence { newest_by: newest_by.to_vec(), deleted: deleted.map(str::to_owned), others }
    }

    /// The same, but of two rows that are equally new the one that comes stays.
    pub(crate) fn of_those_that_come(self) -> Precedence {
        Precedence { others: Vec::new(), ..self }
    }

    /// The row that comes stays, whatever was there.
    pub(crate) fn by_arrival(self) -> Precedence {
        Precedence { newest_by: Vec::new(), others: Vec::new(), ..self }
    }

    /// Whether nothing says which row is the newest.
    pub(crate) fn is_by_arrival(&self) -> bool {
        self.newest_by.is_empty()
    }

    /// The columns that say which row is the newest.
    pub(crate) fn newest_by(&self) -> &[String] {
        &self.newest_by
    }

    /// Every column that it looks at.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.columns().chain(&self.deleted).map(String::as_str)
    }

    /// The column that removes a key.
    pub(crate) fn deleted(&self) -> Option<&str> {
        self.deleted.as_deref()
    }

    /// The columns of a row that is there which say whether another takes its place.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &String> {
        self.newest_by.iter().chain(&self.others)
    }

    /// An order in which the row that stays is the first of its key; `column` gives a row's columns.
    pub(crate) fn first(&self, column: impl Fn(&str) -> Expr) -> Vec<SortExpr> {
        let newest = self.newest_by.iter().map(|name| column(name).sort(false, false));
        let deleted = self.deleted.iter().map(|name| column(name).is_true().sort(false, false));
        let others = self.others.iter().map(|name| column(name).sort(false, false));
        newest.chain(deleted).chain(others).collect()
    }

    /// Whether a row that comes takes the place of one that is there, which removes nothing.
    pub(crate) fn takes_place(
        &self,
        there: impl Fn(&str) -> Expr,
        comes: impl Fn(&str) -> Expr,
    ) -> Expr {
        if self.is_by_arrival() {
            return lit(true);
        }
        let step = |rest: Expr, name: &String| {
            let (there, comes) = (there(name), comes(name));
            let first = there.clone().is_null().and(comes.clone().is_not_null());
            let greater = first.or(comes.clone().gt(there.clone()).is_true());
            let same = comes.clone().eq(there.clone()).is_true();
            let same = same.or(comes.is_null().and(there.is_null()));
            greater.or(same.and(rest))
        };
        let rest = self.others.iter().rev().fold(lit(true), step);
        let rest = match &self.deleted {
            Some(deleted) => comes(deleted).is_true().or(rest),
            None => rest,
        };
        self.newest_by.iter().rev().fold(rest, step)
    }

    /// Whether a row that comes is not newer than the removal of its key, of which the columns of `removed` are known.
    pub(crate) fn is_removed(
        &self,
        removed: impl Fn(&str) -> Expr,
        comes: impl Fn(&str) -> Expr,
    ) -> Expr {
        let newer = self.newest_by.iter().rev().fold(lit(false), |rest, name| {
            let (there, comes) = (removed(name), comes(name));
            let first = there.clone().is_null().and(comes.clone().is_not_null());
            let greater = first.or(comes.clone().gt(there.clone()).is_true());
            let same = comes.clone().eq(there.clone()).is_true();
            let same = same.or(comes.is_null().and(there.is_null()));
            greater.or(same.and(rest))
        });
        newer.is_not_true()
    }
}
