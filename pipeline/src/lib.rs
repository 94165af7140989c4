//! Bronze, silver, gold: a project folder becomes Delta tables and a compiled catalog.
//!
//! ```text
//! PROJECT/lakefront.yaml            sources, where the lake lies            -> Project
//! PROJECT/models/{layer}/*.sql      one query a table, naming one another   -> Model, in the order of the DAG
//! PROJECT/catalog.yaml              measures, dimensions, dashboards        -> LAKE/_lakefront/catalog.json
//! ```
//!
//! A build first plans everything (names, types, measures) over empty tables, so that a project that
//! cannot work is refused before a byte is written. Then it runs the models in order; each is one
//! commit of one Delta table, or none when nothing that it is made of has changed.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let project = pipeline::Project::open("examples/olist".as_ref())?;
//! let report = pipeline::build(&project, &pipeline::Options::default(), |_event| ()).await?;
//! assert!(report.models.iter().all(|model| model.n_rows > 0));
//! # Ok(())
//! # }
//! ```
//!
//! [`describe()`] and [`site`] write a project down for people. Nothing here serves or knows who may read: the lake
//! is files, and so is the page about it.

mod build;
mod catalog_json;
mod check;
mod cluster;
mod describe;
mod duration;
mod expectation;
mod function;
mod graph;
mod lake;
pub mod marketplace;
mod memory;
mod model;
mod plan;
mod project;
mod query;
mod rejection;
mod runs;
pub mod site;
mod source;
mod spool;
mod state;
mod stream;
mod times;
pub mod upkeep;
mod yaml;

pub use build::{
    Arrivals, BuildError, DEFAULT_MEMORY_BYTES, Event, ModelReport, Options, Outcome, Refresh,
    Report, SelectError, Stop, build,
};
pub use catalog_json::{CATALOG_PATH, CompileError, CompileRule};
pub use check::{CheckReport, Finding, check_every as check};
pub use cluster::{Address, AddressError, ClusterError, Engine, Ran};
pub use describe::{
    Aside, AsideDescription, ColumnDescription, Description, ExpectationDescription,
    ExposureDescription, MeasureDescription, ModelDescription, Run, Runs, SourceDescription,
    TableFacts, describe,
};
pub use duration::Span;
pub use expectation::{Expectation, ExpectationRule, Freshness, OnFailure, Rule};
pub use functions::text;
pub use graph::GraphError;
pub use lake::{Clock, Holder, LEASE, LakeError, Lock, LockError, Root, RootError, Wait};
pub use model::{
    Append, ConfigRule, Kind, Layer, Layout, Materialization, Merge, Model, ModelConfig,
    ModelError, ModelName, ModelRule, Past, Read, Stream, Watermark,
};
pub use project::{
    DEFAULT_ENVIRONMENT, Exposure, PROJECT_FILE, Place, Project, ProjectError, ProjectRule, Retries,
};
pub use query::{Answer, QueryError, QueryRule, Question, query};
pub use runs::RUNS_LOCATION;
pub use source::{
    ColumnType, ColumnTypeError, DatabaseSource, FileRule, FileSource, FolderSource, Generator,
    MySqlError, RowRule, SchemaChange, ServerRule, Source, SourceError, SourceFormError,
    SourceFormat, SourceKind, TableRule, TypeRule, UrlRule,
};
pub use state::StateError;
pub use times::model_times;
