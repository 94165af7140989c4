//! The state of a table at one version.

use crate::action::RawMetadata;
use crate::mark::Marks;
use crate::{
    Add, ColumnMapping, LogError, Protocol, SchemaError, SchemaRule, arrow_schema, is_variant,
};
use arrow_schema::{Field, FieldRef, SchemaRef};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The state of a table at one version. Two are equal whichever way their logs were read.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The version, the last one that the log had.
    pub version: u64,
    /// What the table asks of its readers; already checked.
    pub protocol: Protocol,
    /// Schema, partition columns and configuration.
    pub metadata: Metadata,
    /// The files that make up the table, ordered by path: relative ones first.
    pub adds: Vec<Add>,
    /// When the version was committed, UTC microseconds: the in-commit timestamp where the table
    /// has them, else the writer's clock. `None` when the commit does not say.
    pub committed_at_us: Option<i64>,
    /// By what its log is known again.
    pub(crate) marks: Marks,
}

impl PartialEq for Snapshot {
    fn eq(&self, other: &Snapshot) -> bool {
        let Snapshot { version, protocol, metadata, adds, committed_at_us, marks: _ } = self;
        (version, committed_at_us) == (&other.version, &other.committed_at_us)
            && (protocol, metadata) == (&other.protocol, &other.metadata)
            && *adds == other.adds
    }
}

impl Snapshot {
    /// Whether this is a state of the same log as `earlier`, for sure: both were read from the same
    /// commit on. Another log in the same folder is another table, whatever its versions are.
    pub fn is_of_log_of(&self, earlier: &Snapshot) -> bool {
        self.metadata.id == earlier.metadata.id && self.marks.first == earlier.marks.first
    }
}

/// What a table is, apart from its files.
#[derive(Debug, Clone, PartialEq)]
pub struct Metadata {
    /// The table's own id, mostly a UUID. Another id under the same path is another table.
    pub id: String,
    /// The table's name, which few writers give.
    pub name: Option<String>,
    /// The table's description.
    pub description: Option<String>,
    /// The columns in the table's order, partition columns among them; see [`arrow_schema`].
    pub schema: SchemaRef,
    /// How the columns are found in the files, the partition values and the statistics.
    pub column_mapping: ColumnMapping,
    /// The names of the columns whose values are in [`Add::partition_values`], there under their
    /// [`crate::physical_name`]. What the files have of them says nothing.
    pub partition_columns: Vec<String>,
    /// Table properties such as `delta.appendOnly`.
    pub configuration: BTreeMap<String, String>,
    /// When the table was made, UTC microseconds.
    pub created_at_us: Option<i64>,
}

impl Metadata {
    /// The fields of [`Metadata::partition_columns`], in their order.
    pub fn partition_fields(&self) -> impl Iterator<Item = &FieldRef> {
        self.partition_columns
            .iter()
            .filter_map(|name| self.schema.fields().find(name))
            .map(|(_, field)| field)
    }

    /// The fields of the columns whose values are in the files, in the table's order.
    pub fn file_fields(&self) -> impl Iterator<Item = &FieldRef> {
        let fields = self.schema.fields().iter();
        fields.filter(|field| !self.partition_columns.contains(field.name()))
    }

    /// Reads the schema of `raw` and checks it.
    ///
    /// # Errors
    /// [`LogError::UnsupportedFormat`] or [`LogError::Schema`].
    pub(crate) fn read(
        version: u64,
        raw: RawMetadata,
        column_mapping: ColumnMapping,
    ) -> Result<Metadata, LogError> {
        if let Some(format) = raw.format
            && format.provider != "parquet"
        {
            return Err(LogError::UnsupportedFormat { provider: format.provider });
        }
        let error = |source| LogError::Schema { version, source };
        let Some(schema_string) = raw.schema_string else {
            let column = String::new();
            return Err(error(SchemaError { column, rule: SchemaRule::Missing }));
        };
        let schema = arrow_schema(&schema_string).map_err(error)?;
        let schema = column_mapping.apply(&schema).map_err(error)?;
        let partition_columns = raw.partition_columns.unwrap_or_default();
        for column in &partition_columns {
            let is_primitive = |field: &Field| !field.data_type().is_nested() && !is_variant(field);
            if !schema.field_with_name(column).is_ok_and(is_primitive) {
                let column = column.clone();
                return Err(error(SchemaError { column, rule: SchemaRule::PartitionColumn }));
            }
        }
        let configuration = raw.configuration.unwrap_or_default();
        Ok(Metadata {
            id: raw.id,
            name: raw.name,
            description: raw.description,
            schema: Arc::new(schema),
            column_mapping,
            partition_columns,
            configuration: configuration
                .into_iter()
                .filter_map(|(key, value)| value.map(|value| (key, value)))
                .collect(),
            created_at_us: raw.created_time.and_then(|ms| ms.checked_mul(1000)),
        })
    }
}
