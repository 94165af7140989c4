//! The columns of measures in the types that the page shows.

use crate::facts::Run;
use catalog::Catalog;
use datafusion::arrow::array::{ArrayRef, RecordBatch};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{Field, FieldRef, Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use functions::measure;
use protocol::{ErrorCode, Failure};
use query::QuerySpec;
use std::sync::Arc;

/// The rows of `run`, which answers `spec`, with each measure in the type that
/// [`measure::shown_as`] gives.
///
/// # Errors
/// [`ErrorCode::InvalidCatalog`] when a measure is no number, [`ErrorCode::Uncomputable`] when a value
/// has no place in the type; both name the measure.
pub fn of_measures(
    catalog: &Catalog,
    spec: &QuerySpec,
    run: &Run,
) -> Result<(SchemaRef, Vec<RecordBatch>), Failure> {
    let fields = run.schema.fields().iter().enumerate();
    let fields = fields.map(|(idx, field)| {
        match idx.checked_sub(spec.group_by.len()).and_then(|idx| spec.measures.get(idx)) {
            Some(name) => shown(catalog, name, field),
            None => Ok(Arc::clone(field)),
        }
    });
    let schema = Arc::new(Schema::new(fields.collect::<Result<Vec<FieldRef>, Failure>>()?));
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    let batches = run.batches.iter().map(|batch| {
        let columns = batch.columns().iter().zip(schema.fields());
        let columns: Vec<ArrayRef> = columns
            .map(|(column, field)| {
                let cast = cast_with_options(column, field.data_type(), &strict);
                cast.map_err(|error| beyond(field, &error))
            })
            .collect::<Result<_, Failure>>()?;
        RecordBatch::try_new(Arc::clone(&schema), columns)
            .map_err(|error| Failure::new(ErrorCode::Internal, error.to_string()))
    });
    let batches = batches.collect::<Result<Vec<RecordBatch>, Failure>>()?;
    Ok((schema, batches))
}

fn shown(catalog: &Catalog, name: &catalog::Name, field: &Field) -> Result<FieldRef, Failure> {
    let of = field.data_type();
    let Some(shown_as) = measure::shown_as(of) else {
        let expr = catalog.measure(name).map(|(_, measure)| measure.expr.as_str());
        let expr = expr.unwrap_or_default();
        let remedy = measure::remedy(of);
        let message =
            format!("measure {name}: {expr:?} is {of}, and a measure is a number; {remedy}");
        return Err(Failure::new(ErrorCode::InvalidCatalog, message));
    };
    Ok(Arc::new(field.clone().with_data_type(shown_as)))
}

fn beyond(field: &Field, error: &ArrowError) -> Failure {
    Failure::new(ErrorCode::Uncomputable, format!("measure {}: {error}", field.name()))
}
