//! The hash that states bore when one hash stood for everything: only to recognise a table that a build of that time
//! made, so that it is not made anew.

use crate::check::Checked;
use crate::model::{Materialization, Model, Read};
use crate::source;
use arrow::datatypes::SchemaRef;
use sha2::{Digest, Sha256};

const FORMAT: &str = "lakefront 2";

/// The hash of `model`, whose table has the columns `schema`.
pub(super) fn hash(checked: &Checked, model: &Model, schema: &SchemaRef) -> String {
    let mut hash = Sha256::new();
    let layout = &model.config.layout;
    hash.update(format!("{FORMAT}\u{1f}{}\u{1f}{}\u{1f}", model.name, model.statement));
    hash.update(format!("{}\u{1f}", kept(&model.config.materialization)));
    hash.update(format!("{:?}\u{1f}{:?}\u{1f}", layout.partition_by, layout.sort_by));
    for expectation in &model.config.expectations {
        hash.update(format!("{expectation}\u{1f}"));
    }
    for field in schema.fields() {
        hash.update(format!("{} {}\u{1f}", field.name(), field.data_type()));
    }
    for at in &model.reads {
        hash.update(format!("{}\u{1f}", at.read));
        match &at.read {
            Read::Model(name) if checked.is_view(name) => {
                let view = checked.definitions.get(name);
                hash.update(view.map_or("", |view| view.legacy.as_str()));
            }
            read => {
                hash.update(checked.delivered.get(read).map_or("", String::as_str));
                for field in checked.schemas.get(read).iter().flat_map(|schema| schema.fields()) {
                    hash.update(format!("{} {}\u{1f}", field.name(), field.data_type()));
                }
            }
        }
    }
    source::hex(hash)
}

/// How the compiler of that time printed a materialization. What it lists must stay as it is, whatever becomes of the
/// types.
fn kept(materialization: &Materialization) -> String {
    format!("{materialization:?}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Append, Merge, Stream, Watermark, parse_read};

    #[test]
    fn a_materialization_is_printed_as_it_was() {
        let check = |materialization: Materialization, expected: &str| {
            assert_eq!(kept(&materialization), expected);
        };
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        check(Materialization::Full, "Full");
        check(Materialization::View, "View");
        check(
            Materialization::Incremental { by: "day".to_owned() },
            r#"Incremental { by: "day" }"#,
        );
        check(
            Materialization::Snapshot { key: texts(&["id"]), valid_from: Some("at".to_owned()) },
            r#"Snapshot { key: ["id"], valid_from: Some("at") }"#,
        );
        check(
            Materialization::Merge(Merge {
                input: parse_read("source.s"),
                watermark: Some(Watermark {
                    column: "at".to_owned(),
                    overlap: "1 hour".parse().ok(),
                }),
                key: texts(&["id"]),
                newest_by: texts(&["at"]),
                deleted: None,
            }),
            r#"Merge(Merge { input: Some(Source(Name("s"))), watermark: Some(Watermark { column: "at", overlap: Some(Span(3600s)) }), key: ["id"], newest_by: ["at"], deleted: None })"#,
        );
        check(
            Materialization::Append(Append {
                input: None,
                watermark: None,
                stream: Some(Stream {
                    event_time: "at".to_owned(),
                    watermark: "3 minutes".parse().unwrap(),
                    dedupe: Some("id".to_owned()),
                    late: match parse_read("silver.late") {
                        Some(Read::Model(name)) => Some(name),
                        _ => None,
                    },
                }),
            }),
            r#"Append(Append { input: None, watermark: None, stream: Some(Stream { event_time: "at", watermark: Span(180s), dedupe: Some("id"), late: Some(ModelName { layer: Silver, name: Name("late") }) }) })"#,
        );
    }
}
