//! Which files of a table a question needs: by partition values first, then by what the log says of
//! the columns, one column at a time.

use super::{FileSet, LakeTable, statistics};
use datafusion::arrow::array::{ArrayRef, BooleanArray, UInt64Array, new_null_array};
use datafusion::arrow::datatypes::{FieldRef, SchemaRef};
use datafusion::catalog::Session;
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::{Column, DFSchema, DataFusionError, ScalarValue};
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::utils::conjunction;
use datafusion::physical_optimizer::pruning::{PruningPredicate, PruningPredicateBuilder};
use delta_log::Stats;
use std::collections::HashSet;
use std::sync::Arc;

/// The files that may have rows which satisfy all of `filters`, in their order. Without filters, as
/// many files as surely have `limit` rows.
///
/// # Errors
/// DataFusion's, when a filter cannot be compiled.
pub fn kept_files(
    table: &LakeTable,
    state: &dyn Session,
    filters: &[Expr],
    limit: Option<usize>,
) -> Result<Vec<usize>, DataFusionError> {
    let files = table.files();
    let all: Vec<usize> = (0..files.len()).collect();
    let Some(filter) = conjunction(filters.iter().cloned()) else {
        return Ok(match limit {
            Some(limit) => enough(files, limit),
            None => all,
        });
    };
    let schema = Arc::clone(&table.schema);
    let columns = filter.column_refs().into_iter().map(|column| column.name.clone());
    let columns: HashSet<String> = columns.collect();
    let unqualified = without_relations(filter)?;
    let of_schema = DFSchema::try_from(Arc::clone(&schema))?;
    let physical = state.create_physical_expr(unqualified, &of_schema)?;
    let compiled =
        PruningPredicateBuilder::new().with_file_schema(Arc::clone(&schema)).build(physical);
    let Some(predicate) = compiled else { return Ok(all) };
    let is_partition = |name: &String| table.partition_columns.contains(name);
    let mut kept = all;
    if columns.iter().any(is_partition) {
        let seen = Seen {
            files,
            kept: &kept,
            columns: Columns::Partition(&table.partition_columns),
            schema: &schema,
            stats: Vec::new(),
        };
        kept = keep(&predicate, &seen)?;
    }
    if let FileSet::Delta { snapshot, .. } = files
        && columns.iter().any(|name| !is_partition(name))
    {
        let stats = kept
            .iter()
            .map(|file_idx| snapshot.adds.get(*file_idx).and_then(statistics::parsed))
            .collect();
        let seen = Seen {
            files,
            kept: &kept,
            columns: Columns::InFiles(&table.partition_columns),
            schema: &schema,
            stats,
        };
        kept = keep(&predicate, &seen)?;
    }
    Ok(kept)
}

fn keep(predicate: &PruningPredicate, seen: &Seen<'_>) -> Result<Vec<usize>, DataFusionError> {
    let may_match = predicate.prune(seen)?;
    let kept = seen.kept.iter().zip(may_match);
    Ok(kept.filter(|(_, may_match)| *may_match).map(|(file_idx, _)| *file_idx).collect())
}

/// The first files that together have `limit` rows, or all where the log does not say.
fn enough(files: &FileSet, limit: usize) -> Vec<usize> {
    let mut missing = limit as u64;
    let mut n_files = 0;
    while missing > 0 && n_files < files.len() {
        missing = missing.saturating_sub(files.n_rows(n_files).unwrap_or(0));
        n_files += 1;
    }
    (0..n_files.max(1).min(files.len())).collect()
}

/// Names of columns without the name of the scan, which the schema does not know.
fn without_relations(filter: Expr) -> Result<Expr, DataFusionError> {
    use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
    filter
        .transform(|node| {
            Ok(match node {
                Expr::Column(column) => {
                    Transformed::yes(Expr::Column(Column::new_unqualified(column.name)))
                }
                other => Transformed::no(other),
            })
        })
        .data()
}

/// Which columns are looked at.
#[derive(Debug, Clone, Copy)]
enum Columns<'a> {
    Partition(&'a HashSet<String>),
    InFiles(&'a HashSet<String>),
}

/// What is known of the files `kept`.
struct Seen<'a> {
    files: &'a FileSet,
    kept: &'a [usize],
    columns: Columns<'a>,
    schema: &'a SchemaRef,
    /// One for each of `kept`, when columns of files are looked at.
    stats: Vec<Option<Stats>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bound {
    Min,
    Max,
}

impl Seen<'_> {
    fn field(&self, column: &Column) -> Option<FieldRef> {
        let (_, field) = self.schema.fields().find(&column.name)?;
        let is_looked_at = match self.columns {
            Columns::Partition(partition) => partition.contains(&column.name),
            Columns::InFiles(partition) => !partition.contains(&column.name),
        };
        is_looked_at.then(|| Arc::clone(field))
    }

    fn partition_values(&self, field: &FieldRef) -> Option<ArrayRef> {
        let values = self.kept.iter().map(|file_idx| self.files.partition_value(*file_idx, field));
        let values = values.collect::<Result<Vec<ScalarValue>, DataFusionError>>().ok()?;
        array(field, values)
    }

    fn bounds(&self, column: &Column, bound: Bound) -> Option<ArrayRef> {
        let field = self.field(column)?;
        if let Columns::Partition(_) = self.columns {
            return self.partition_values(&field);
        }
        let FileSet::Delta { snapshot, .. } = self.files else { return None };
        let (_, own) = snapshot.metadata.schema.fields().find(&column.name)?;
        let values = self.stats.iter().map(|stats| {
            let value = stats.as_ref().and_then(|stats| match bound {
                Bound::Min => statistics::lower_bound(stats, own),
                Bound::Max => statistics::upper_bound(stats, own),
            });
            match value {
                Some(value) => value.cast_to(field.data_type()),
                None => ScalarValue::try_from(field.data_type()),
            }
        });
        array(&field, values.collect::<Result<Vec<ScalarValue>, DataFusionError>>().ok()?)
    }
}

fn array(field: &FieldRef, values: Vec<ScalarValue>) -> Option<ArrayRef> {
    match values.is_empty() {
        true => Some(new_null_array(field.data_type(), 0)),
        false => ScalarValue::iter_to_array(values).ok(),
    }
}

impl PruningStatistics for Seen<'_> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.bounds(column, Bound::Min)
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.bounds(column, Bound::Max)
    }

    fn num_containers(&self) -> usize {
        self.kept.len()
    }

    fn null_counts(&self, column: &Column) -> Option<ArrayRef> {
        let field = self.field(column)?;
        let counts: UInt64Array = match (self.columns, self.files) {
            // A file's value is null for all of its rows or for none: counted as one row.
            (Columns::Partition(_), _) => {
                let values = self.partition_values(&field)?;
                (0..values.len()).map(|idx| Some(u64::from(values.is_null(idx)))).collect()
            }
            (Columns::InFiles(_), FileSet::Delta { snapshot, .. }) => {
                let (_, own) = snapshot.metadata.schema.fields().find(&column.name)?;
                let count = |stats: &Option<Stats>| statistics::null_count(stats.as_ref()?, own);
                self.stats.iter().map(count).collect()
            }
            _ => return None,
        };
        Some(Arc::new(counts))
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        let counts: UInt64Array = match self.columns {
            Columns::Partition(_) => self.kept.iter().map(|_| Some(1)).collect(),
            Columns::InFiles(_) => {
                self.stats.iter().map(|stats| stats.as_ref()?.num_records).collect()
            }
        };
        Some(Arc::new(counts))
    }

    fn contained(&self, _: &Column, _: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        None
    }
}
