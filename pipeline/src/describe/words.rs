//! What a configuration means, in words.

use super::ExpectationDescription;
use crate::expectation::{Expectation, Freshness, OnFailure, Rule};
use crate::model::{Append, Layout, Materialization, Merge, Model, ModelName, Stream, Watermark};
use crate::source::{ColumnType, Mode};
use arrow::datatypes::{DataType, TimeUnit};

/// How the table of `model` follows its inputs; `input` is whose new rows are taken.
pub(super) fn kept(model: &Model, input: Option<&str>) -> Vec<String> {
    let new_rows = match input {
        Some(input) => format!("the new rows of {input}"),
        None => "the new rows of its input".to_owned(),
    };
    match &model.config.materialization {
        Materialization::Full => {
            vec!["Computed whole when its text or something that it reads has changed.".to_owned()]
        }
        Materialization::View => {
            vec!["A view: not stored, its query stands for it wherever it is read.".to_owned()]
        }
        Materialization::Append(append) => appended(append, &new_rows),
        Materialization::Merge(merge) => merged(merge, &new_rows),
        Materialization::Incremental { by } => vec![format!(
            "The values of {by} that new or changed rows touch are computed again, and replace what was there."
        )],
        Materialization::Snapshot { key, valid_from } => vec![
            format!(
                "Keeps every state that a row had; a row is named by {}, and its states have valid_from, valid_to and is_current.",
                key.join(", ")
            ),
            match valid_from {
                Some(column) => format!("A state is valid from its {column}."),
                None => "A state is valid from the time of the build that saw it.".to_owned(),
            },
        ],
    }
}

fn appended(append: &Append, new_rows: &str) -> Vec<String> {
    let mut kept = vec![format!("The query runs over {new_rows}, and its rows are added.")];
    kept.extend(append.watermark.as_ref().map(known_by));
    if let Some(Stream { event_time, watermark, dedupe, late }) = &append.stream {
        let late = match late {
            Some(late) => format!("goes to {late}"),
            None => "is left out".to_owned(),
        };
        kept.push(format!(
            "Rows are taken in the order of their arrival: one whose {event_time} is more than {watermark} behind the newest {late}."
        ));
        kept.extend(dedupe.as_ref().map(|column| {
            format!("Of rows with one {column} within {watermark} the first is taken.")
        }));
    }
    kept
}

fn merged(merge: &Merge, new_rows: &str) -> Vec<String> {
    let key = merge.key.join(", ");
    let mut kept = vec![format!(
        "The query runs over {new_rows}, and its rows are put in by {key}: a row of the same key is replaced."
    )];
    if !merge.newest_by.is_empty() {
        let by = merge.newest_by.join(", ");
        kept.push(format!("Of rows with one key the one with the greatest {by} stays."));
    }
    kept.extend(merge.deleted.as_ref().map(|column| {
        format!("A row whose {column} is true removes its key; the column is not stored.")
    }));
    kept.extend(merge.watermark.as_ref().map(known_by));
    kept
}

fn known_by(watermark: &Watermark) -> String {
    let column = &watermark.column;
    match watermark.overlap {
        Some(overlap) => format!(
            "New rows are those whose {column} is not below the greatest seen less {overlap}."
        ),
        None => format!("New rows are those whose {column} is not below the greatest seen."),
    }
}

/// Which rows of a database's table are read.
pub(super) fn taken(mode: &Mode) -> String {
    match mode {
        Mode::Snapshot => "whole, when something in it has changed".to_owned(),
        Mode::Watermark { column, key, .. } => format!(
            "rows whose {column} is not below the greatest seen, put in by {}",
            key.join(", ")
        ),
    }
}

/// How the files are laid out, as pairs of a label and columns.
pub(super) fn laid_out(layout: &Layout) -> Vec<(&'static str, String)> {
    let Layout { partition_by, sort_by, zorder_by, cluster_by } = layout;
    [
        ("Partitioned by", partition_by.join(", ")),
        ("Sorted by", sort_by.join(", ")),
        ("Z-ordered by", zorder_by.join(", ")),
        ("Clustered by", cluster_by.clone().unwrap_or_default()),
    ]
    .into_iter()
    .filter(|(_, columns)| !columns.is_empty())
    .collect()
}

/// How old the newest row may be.
pub(super) fn fresh(freshness: &Freshness) -> String {
    let Freshness { column, warn_after, fail_after, .. } = freshness;
    let newest = format!("The newest {column} may be");
    match (warn_after, fail_after) {
        (Some(warn), Some(fail)) => {
            format!("{newest} {warn} old before a build warns, and {fail} before it fails.")
        }
        (Some(warn), None) => format!("{newest} {warn} old before a build warns."),
        (None, Some(fail)) => format!("{newest} {fail} old before a build fails."),
        (None, None) => format!("{newest} of any age."),
    }
}

/// An expectation of `model`.
pub(super) fn expected(model: &Model, expectation: &Expectation) -> ExpectationDescription {
    let columns = match &expectation.rule {
        Rule::NotNull { column }
        | Rule::Accepted { column, .. }
        | Rule::Range { column, .. }
        | Rule::Relationship { column, .. } => vec![column.clone()],
        Rule::Unique { columns } => columns.clone(),
        Rule::Sql { .. } => Vec::new(),
    };
    ExpectationDescription {
        name: expectation.name.clone(),
        kind: expectation.rule.kind(),
        rule: expectation.rule.to_string(),
        columns,
        on_failure: expectation.on_failure.as_str(),
        consequence: consequence(expectation.on_failure, model.quarantine().as_ref()),
    }
}

fn consequence(on_failure: OnFailure, quarantine: Option<&ModelName>) -> String {
    match (on_failure, quarantine) {
        (OnFailure::Fail, _) => "The build fails and writes nothing.".to_owned(),
        (OnFailure::Warn, _) => "The row is stored and counted.".to_owned(),
        (OnFailure::Quarantine, Some(table)) => {
            format!("The row goes to {table} with the reason.")
        }
        (OnFailure::Quarantine, None) => "The row is put aside with the reason.".to_owned(),
    }
}

/// A type as SQL calls it.
pub(super) fn type_name(of: &DataType) -> String {
    match of {
        DataType::Int8 => "tinyint".to_owned(),
        DataType::LargeUtf8 | DataType::Utf8View => "text".to_owned(),
        DataType::LargeBinary | DataType::BinaryView | DataType::Binary => "binary".to_owned(),
        DataType::Date64 => "date".to_owned(),
        DataType::Time32(_) | DataType::Time64(_) => "time".to_owned(),
        DataType::Timestamp(TimeUnit::Microsecond, _) => ColumnType::of(of.clone()).to_string(),
        DataType::Timestamp(_, zone) => {
            type_name(&DataType::Timestamp(TimeUnit::Microsecond, zone.clone()))
        }
        DataType::Dictionary(_, values) => type_name(values),
        DataType::List(item) | DataType::LargeList(item) | DataType::ListView(item) => {
            format!("list<{}>", type_name(item.data_type()))
        }
        DataType::Struct(fields) => {
            let fields = fields
                .iter()
                .map(|field| format!("{}: {}", field.name(), type_name(field.data_type())));
            format!("struct<{}>", fields.collect::<Vec<_>>().join(", "))
        }
        other => ColumnType::of(other.clone()).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::datatypes::{Field, Fields};
    use std::sync::Arc;

    #[test]
    fn types_have_the_names_that_sql_gives_them() {
        let check = |of: DataType, expected: &str| assert_eq!(type_name(&of), expected);
        check(DataType::Utf8View, "text");
        check(DataType::Decimal128(12, 2), "decimal(12, 2)");
        check(DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), "timestamp");
        check(DataType::Timestamp(TimeUnit::Nanosecond, None), "timestamp_ntz");
        let fields = Fields::from(vec![Field::new("a", DataType::Int64, true)]);
        let item = Arc::new(Field::new("item", DataType::Struct(fields), true));
        check(DataType::List(item), "list<struct<a: bigint>>");
    }

    #[test]
    fn what_a_model_does_is_a_sentence() {
        let watermark = Watermark { column: "t".into(), overlap: "1 hour".parse().ok() };
        let merge = Merge {
            key: vec!["a".into(), "b".into()],
            newest_by: vec!["t".into()],
            deleted: Some("gone".into()),
            watermark: Some(watermark),
            ..Merge::default()
        };
        assert_eq!(
            merged(&merge, "the new rows of bronze.x").join(" "),
            "The query runs over the new rows of bronze.x, and its rows are put in by a, b: a row of the same key is \
             replaced. Of rows with one key the one with the greatest t stays. A row whose gone is true removes its key; \
             the column is not stored. New rows are those whose t is not below the greatest seen less 1 hour."
        );
    }
}
