//! Dashboards as code: the tables of a lake, the measures and dimensions over them, and the panels
//! that show them.
//!
//! A project writes a catalog as YAML (`yaml::parse`, native only, errors with file and line); the
//! page and the engine read the compiled JSON. Nothing here plans, fetches or draws.

mod check;
mod currency;
mod dashboard;
mod measure;
mod memory;
mod name;
mod reach;
mod table;
#[cfg(feature = "yaml")]
pub mod yaml;

pub use check::{CatalogError, Rule};
pub use dashboard::{Dashboard, Panel, PanelKind, RangePreset};
pub use measure::{Additivity, Better, Measure, NumberFormat, OverNoRows};
pub use memory::{Memory, MemoryError};
pub use name::Name;
pub use reach::{Reach, Unreached};
pub use table::{Dimension, DimensionKind, Link, Table, TableFormat};

use serde::{Deserialize, Serialize};

/// Everything that a page needs to know of a lake before it reads a byte of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalog {
    /// The title of the lake, shown in the head of the page.
    pub title: String,
    /// ISO 4217 code of the money in it, such as `BRL`.
    pub currency: String,
    /// IANA zone in which the lake's dates are days, such as `America/Sao_Paulo`.
    pub zone: String,
    /// What the engine may use for hash tables, sorts and caches, such as `512MB`; 1GB unless it is
    /// said here or in the page's URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<Memory>,
    /// The tables, each with its measures and dimensions.
    pub tables: Vec<Table>,
    /// The dashboards, the first one is the page's default.
    pub dashboards: Vec<Dashboard>,
}

impl Catalog {
    /// Reads a compiled catalog and checks it.
    ///
    /// # Errors
    /// [`CatalogError`] with [`Rule::Json`] when `json` is not a catalog, or the first rule that
    /// [`Catalog::check`] finds broken.
    pub fn from_json(json: &str) -> Result<Catalog, CatalogError> {
        let catalog: Catalog = serde_json::from_str(json).map_err(|source| CatalogError {
            place: format!("line {} column {}", source.line(), source.column()),
            rule: Rule::Json { reason: source.to_string() },
        })?;
        catalog.check()?;
        Ok(catalog)
    }

    /// The table of that name.
    pub fn table(&self, name: &Name) -> Option<&Table> {
        self.tables.iter().find(|table| &table.name == name)
    }

    /// The measure of that name and the table it is computed over. Names of measures are unique in
    /// a catalog.
    pub fn measure(&self, name: &Name) -> Option<(&Table, &Measure)> {
        self.tables
            .iter()
            .find_map(|table| table.measures.iter().find(|m| &m.name == name).map(|m| (table, m)))
    }

    /// The dashboard of that name.
    pub fn dashboard(&self, name: &Name) -> Option<&Dashboard> {
        self.dashboards.iter().find(|dashboard| &dashboard.name == name)
    }
}
