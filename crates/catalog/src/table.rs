//! A table of the lake with its measures, dimensions and links.

use crate::{Measure, Name};
use serde::{Deserialize, Serialize};

/// A table of the lake.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// How the rest of the catalog names it.
    pub name: Name,
    /// Where it lies: a path relative to the lake's root (`gold/sales`), or an absolute URL. A Delta
    /// table is a folder, a Parquet table one file.
    pub location: String,
    /// How it is stored.
    #[serde(default)]
    pub format: TableFormat,
    /// The measures over its rows.
    #[serde(default)]
    pub measures: Vec<Measure>,
    /// The dimensions of its rows. Two tables that have a dimension of the same name mean the same
    /// thing by it, and a clause on it filters both directly.
    #[serde(default)]
    pub dimensions: Vec<Dimension>,
    /// Columns by which rows here belong to rows of other tables. A clause on a dimension that this
    /// table lacks keeps the rows whose link value has a matching row in the table that has it.
    #[serde(default)]
    pub links: Vec<Link>,
}

impl Table {
    /// The dimension of that name.
    pub fn dimension(&self, name: &Name) -> Option<&Dimension> {
        self.dimensions.iter().find(|dimension| &dimension.name == name)
    }

    /// The link of that name.
    pub fn link(&self, name: &Name) -> Option<&Link> {
        self.links.iter().find(|link| &link.name == name)
    }
}

/// How a table is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TableFormat {
    /// A folder with a `_delta_log`.
    #[default]
    Delta,
    /// One Parquet file, or a folder of them with a list (`_files.json`) beside them.
    Parquet,
}

/// Something by which rows are grouped and filtered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dimension {
    /// Unique in its table.
    pub name: Name,
    /// What the page calls it.
    pub label: String,
    /// The column that holds it.
    pub column: String,
    /// What its values are.
    #[serde(default)]
    pub kind: DimensionKind,
}

/// What the values of a dimension are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DimensionKind {
    /// Text. Null is a value of its own.
    #[default]
    Category,
    /// `Date32`: days of the catalog's zone.
    Date,
}

/// A column by which rows of several tables belong together, such as the order's id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// Tables that have a link of the same name are linked by it.
    pub name: Name,
    /// The column that holds the value.
    pub column: String,
}
