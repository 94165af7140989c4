//! A model's configuration against the columns that it names.

use super::Checked;
use crate::build::{BuildError, drive, snapshot_fields};
use crate::model::{Materialization, Model, ModelError, ModelRule, Read};
use arrow::datatypes::{DataType, Schema, SchemaRef};

/// Checks that the input of `model` is known and that its new rows can be.
pub(super) fn check_inputs(model: &Model, checked: &Checked) -> Result<(), BuildError> {
    let materialization = &model.config.materialization;
    let kind = materialization.kind();
    let reads = || {
        let reads: Vec<String> = model.reads.iter().map(|at| at.read.to_string()).collect();
        reads.join(", ")
    };
    if let Some(input) = materialization.input()
        && !model.reads.iter().any(|at| at.read == *input)
    {
        let rule = ModelRule::InputNotRead { input: input.to_string(), reads: reads() };
        return Err(config(model, "input", &input.to_string(), rule));
    }
    match materialization {
        Materialization::Append(_) | Materialization::Merge(_) => {
            let Some(drive) = drive(model) else {
                let n_reads = model.reads.len();
                let rule = ModelRule::Input { kind, reads: reads(), n_reads };
                return Err(config(model, "materialized", "", rule));
            };
            refuse_view(model, checked, drive)?;
        }
        Materialization::Incremental { .. } => {
            for at in &model.reads {
                refuse_view(model, checked, &at.read)?;
                if let Read::Source(_) = at.read {
                    let reason = format!(
                        "incremental reads tables of the lake, not {}; take it in with append or merge",
                        at.read
                    );
                    return Err(config(model, "materialized", "", ModelRule::Plan { reason }));
                }
            }
        }
        Materialization::Full | Materialization::View | Materialization::Snapshot { .. } => {}
    }
    Ok(())
}

fn refuse_view(model: &Model, checked: &Checked, read: &Read) -> Result<(), BuildError> {
    match read {
        Read::Model(name) if checked.is_view(name) => {
            let kind = model.config.materialization.kind();
            let rule = ModelRule::ReadsView { kind, view: name.to_string() };
            Err(config(model, "materialized", "", rule))
        }
        _ => Ok(()),
    }
}

/// Checks the columns that the configuration names; `schema` are the query's.
pub(super) fn check_columns(
    model: &Model,
    schema: &SchemaRef,
    checked: &Checked,
) -> Result<(), BuildError> {
    let query = "the query gives";
    let require = |key: &'static str, columns: &[String]| {
        columns
            .iter()
            .try_for_each(|column| column_type(model, schema, key, query, column).map(drop))
    };
    let layout = &model.config.layout;
    require("partition_by", &layout.partition_by)?;
    require("sort_by", &layout.sort_by)?;
    require("zorder_by", &layout.zorder_by)?;
    require("cluster_by", layout.cluster_by.as_slice())?;
    let described: Vec<String> = model.config.columns.keys().cloned().collect();
    let stored = super::stored_schema(model, schema);
    for column in &described {
        column_type(model, &stored, "columns", "the table has", column)?;
    }
    match &model.config.materialization {
        Materialization::Append(append) => {
            if let Some(stream) = &append.stream {
                check_stream(model, checked, &stream.event_time, stream.dedupe.as_deref())?;
            }
            if append.watermark.as_ref().is_some_and(|watermark| watermark.overlap.is_some()) {
                let reason = "append takes rows above the greatest value seen, so that none comes twice; `overlap` is for merge";
                let rule = ModelRule::Plan { reason: reason.to_owned() };
                return Err(config(model, "watermark", "overlap", rule));
            }
        }
        Materialization::Merge(merge) => {
            require("key", &merge.key)?;
            require("newest_by", &merge.newest_by)?;
            if let Some(deleted) = &merge.deleted {
                let found = column_type(model, schema, "deleted", query, deleted)?;
                if found != DataType::Boolean {
                    let reason = format!(
                        "deleted names column {deleted:?}, which is {found} and not boolean"
                    );
                    return Err(config(model, "deleted", deleted, ModelRule::Plan { reason }));
                }
            }
        }
        Materialization::Incremental { by } => require("by", std::slice::from_ref(by))?,
        Materialization::Snapshot { key, valid_from } => {
            require("key", key)?;
            require("valid_from", valid_from.as_slice())?;
            for field in snapshot_fields() {
                if schema.index_of(field.name()).is_ok() {
                    let reason = format!("column {:?} is added by itself", field.name());
                    return Err(config(model, "materialized", "", ModelRule::Plan { reason }));
                }
            }
        }
        Materialization::Full | Materialization::View => {}
    }
    if let (Some(watermark), Some(drive)) = (model.config.materialization.watermark(), drive(model))
        && let Some(input) = checked.schemas.get(drive)
    {
        let found = column_type(model, input, "watermark", "the input has", &watermark.column)?;
        let is_time = matches!(found, DataType::Timestamp(_, _) | DataType::Date32);
        if watermark.overlap.is_some() && !is_time {
            let reason = format!(
                "watermark.overlap is taken from column {:?}, which is {found} and neither timestamp nor date",
                watermark.column
            );
            return Err(config(model, "watermark", "overlap", ModelRule::Plan { reason }));
        }
    }
    Ok(())
}

fn check_stream(
    model: &Model,
    checked: &Checked,
    event_time: &str,
    dedupe: Option<&str>,
) -> Result<(), BuildError> {
    let Some(input) = drive(model).and_then(|drive| checked.schemas.get(drive)) else {
        return Ok(());
    };
    let has = "the input has";
    let found = column_type(model, input, "stream.event_time", has, event_time)?;
    if !matches!(found, DataType::Timestamp(_, _)) {
        let reason = format!(
            "stream.event_time names column {event_time:?}, which is {found} and no timestamp"
        );
        return Err(config(model, "stream", event_time, ModelRule::Plan { reason }));
    }
    for column in
        [crate::source::FILE_COLUMN, crate::source::ROW_COLUMN, crate::source::INGESTED_AT_COLUMN]
    {
        column_type(model, input, "stream, which follows the order of arrival,", has, column)?;
    }
    match dedupe {
        Some(dedupe) => column_type(model, input, "stream.dedupe", has, dedupe).map(drop),
        None => Ok(()),
    }
}

fn column_type(
    model: &Model,
    schema: &Schema,
    key: &'static str,
    wanted: &'static str,
    column: &str,
) -> Result<DataType, BuildError> {
    match schema.field_with_name(column) {
        Ok(field) => Ok(field.data_type().clone()),
        Err(_) => {
            let known: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
            let (named, known) = (column.to_owned(), known.join(", "));
            let rule = ModelRule::OptionColumn { key, wanted, column: named, known };
            let option = key.split(['.', ',']).next().unwrap_or_default();
            Err(config(model, option, column, rule))
        }
    }
}

/// `rule` is broken where the configuration says `word` under `key`.
fn config(model: &Model, key: &str, word: &str, rule: ModelRule) -> BuildError {
    let error: ModelError = model.misconfigured(model.place_of(key, word), rule);
    error.into()
}
