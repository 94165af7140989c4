//! Checkpoints for tests, made from the JSON of their actions.

use super::*;
use arrow_json::ReaderBuilder;
use arrow_schema::{DataType, Field, Fields, Schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::Encoding;
use parquet::file::properties::{WriterProperties, WriterVersion};
use std::sync::Arc;

fn optional(name: &str, data_type: DataType) -> Field {
    Field::new(name, data_type, true)
}

fn group(name: &str, fields: Vec<Field>) -> Field {
    optional(name, DataType::Struct(Fields::from(fields)))
}

fn map(name: &str) -> Field {
    let entry = vec![Field::new("key", DataType::Utf8, false), optional("value", DataType::Utf8)];
    let entry = Field::new("key_value", DataType::Struct(Fields::from(entry)), false);
    optional(name, DataType::Map(Arc::new(entry), false))
}

fn list(name: &str) -> Field {
    optional(name, DataType::List(Arc::new(optional("element", DataType::Utf8))))
}

/// The columns of a checkpoint that this crate reads, and `txn`, which it does not.
fn columns() -> Vec<Field> {
    let text = |name| optional(name, DataType::Utf8);
    let long = |name| optional(name, DataType::Int64);
    let int = |name| optional(name, DataType::Int32);
    vec![
        group("txn", vec![text("appId"), long("version")]),
        group(
            "add",
            vec![
                text("path"),
                map("partitionValues"),
                long("size"),
                long("modificationTime"),
                text("stats"),
                group(
                    "deletionVector",
                    vec![
                        text("storageType"),
                        text("pathOrInlineDv"),
                        int("offset"),
                        int("sizeInBytes"),
                        long("cardinality"),
                    ],
                ),
            ],
        ),
        group("remove", vec![text("path")]),
        group(
            "metaData",
            vec![
                text("id"),
                text("name"),
                text("description"),
                group("format", vec![text("provider"), map("options")]),
                text("schemaString"),
                list("partitionColumns"),
                map("configuration"),
                long("createdTime"),
            ],
        ),
        group(
            "protocol",
            vec![
                int("minReaderVersion"),
                int("minWriterVersion"),
                list("readerFeatures"),
                list("writerFeatures"),
            ],
        ),
        group("sidecar", vec![text("path"), long("sizeInBytes")]),
        group("checkpointMetadata", vec![long("version")]),
    ]
}

/// A checkpoint file with the actions of `lines`, each the JSON of one action.
pub(crate) fn checkpoint(lines: &[String], compression: Compression) -> Bytes {
    checkpoint_with(lines, WriterProperties::builder().set_compression(compression).build())
}

/// The same with the other kind of data pages, and without dictionaries.
pub(crate) fn checkpoint_v2(lines: &[String], encoding: Encoding) -> Bytes {
    let properties = WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_2_0)
        .set_dictionary_enabled(false)
        .set_encoding(Encoding::PLAIN)
        .set_column_encoding(ColumnPath::from(vec!["add".into(), "path".into()]), encoding);
    checkpoint_with(lines, properties.build())
}

fn checkpoint_with(lines: &[String], properties: WriterProperties) -> Bytes {
    let schema = Arc::new(Schema::new(columns()));
    let mut decoder = ReaderBuilder::new(Arc::clone(&schema))
        .with_batch_size(lines.len().max(1))
        .build_decoder()
        .unwrap();
    decoder.decode(lines.join("\n").as_bytes()).unwrap();
    let mut file = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut file, schema, Some(properties)).unwrap();
    if let Some(batch) = decoder.flush().unwrap() {
        writer.write(&batch).unwrap();
    }
    writer.close().unwrap();
    Bytes::from(file)
}
