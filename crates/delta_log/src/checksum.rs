//! A version checksum file, `N.crc`: what a writer says of the state of the table at that version.
//!
//! Only what follows from the log alone is compared. Counts of transactions, domains and deleted
//! rows, and the histogram of file sizes, are left alone.

use crate::Protocol;
use crate::action::RawMetadata;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeSet;

/// What the log says of a version.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub n_files: u64,
    pub size_bytes: u64,
    pub protocol: Option<Protocol>,
    pub metadata: Option<RawMetadata>,
}

/// A version checksum.
///
/// Source: Delta protocol, "Version Checksum File".
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Checksum {
    num_files: u64,
    table_size_bytes: u64,
    num_metadata: u64,
    num_protocol: u64,
    protocol: Option<Protocol>,
    metadata: Option<RawMetadata>,
}

/// Reads a checksum. `None` when it is malformed: writers must say what is required, and each of
/// the two actions is there once.
pub(crate) fn parse(bytes: &[u8]) -> Option<Checksum> {
    let checksum: Checksum = serde_json::from_slice(bytes).ok()?;
    (checksum.num_metadata == 1 && checksum.num_protocol == 1).then_some(checksum)
}

impl Checksum {
    /// The first field that contradicts the log, what the checksum says, and what the log says.
    pub fn difference(&self, facts: &Facts) -> Option<(&'static str, String, String)> {
        let mut fields = vec![
            ("numFiles", self.num_files.to_string(), facts.n_files.to_string()),
            ("tableSizeBytes", self.table_size_bytes.to_string(), facts.size_bytes.to_string()),
        ];
        if let (Some(found), Some(expected)) = (&self.protocol, &facts.protocol) {
            fields.push(("protocol", protocol(found), protocol(expected)));
        }
        if let (Some(found), Some(expected)) = (&self.metadata, &facts.metadata) {
            let columns = |it: &RawMetadata| {
                format!("{:?}", it.partition_columns.iter().flatten().collect::<Vec<_>>())
            };
            fields.push(("metadata.id", found.id.clone(), expected.id.clone()));
            fields.push(("metadata.partitionColumns", columns(found), columns(expected)));
            fields.push(("metadata.schemaString", schema(found), schema(expected)));
            fields.push(("metadata.configuration", configuration(found), configuration(expected)));
        }
        fields.into_iter().find(|(_, found, expected)| found != expected)
    }
}

/// Versions and features, whatever their order.
fn protocol(protocol: &Protocol) -> String {
    let features =
        |list: &Option<Vec<String>>| list.iter().flatten().cloned().collect::<BTreeSet<String>>();
    format!(
        "{} {:?} {} {:?}",
        protocol.min_reader_version,
        features(&protocol.reader_features),
        protocol.min_writer_version,
        features(&protocol.writer_features)
    )
}

/// The schema, however its JSON is written.
fn schema(metadata: &RawMetadata) -> String {
    let text = metadata.schema_string.as_deref().unwrap_or_default();
    serde_json::from_str::<Value>(text).map_or_else(|_| text.to_owned(), |json| json.to_string())
}

fn configuration(metadata: &RawMetadata) -> String {
    format!("{:?}", metadata.configuration.iter().flatten().collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHECKSUM: &str = r#"{"tableSizeBytes":30,"numFiles":2,"numMetadata":1,"numProtocol":1,"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["a","b"],"writerFeatures":[]},"metadata":{"id":"t","schemaString":"{\"a\": 1}","partitionColumns":[],"configuration":{}}}"#;

    #[track_caller]
    fn check(from: &str, to: &str, expected: Option<&str>) {
        let facts = |json: &str| {
            let checksum = parse(json.as_bytes()).unwrap();
            Facts {
                n_files: checksum.num_files,
                size_bytes: checksum.table_size_bytes,
                protocol: checksum.protocol,
                metadata: checksum.metadata,
            }
        };
        let found = parse(CHECKSUM.as_bytes()).unwrap();
        let found = found.difference(&facts(&CHECKSUM.replace(from, to)));
        assert_eq!(found.map(|(field, ..)| field), expected, "{from} {to}");
    }

    #[test]
    fn what_differs_is_named() {
        check("", "", None);
        check("30", "31", Some("tableSizeBytes"));
        check("\"numFiles\":2", "\"numFiles\":3", Some("numFiles"));
        check("[\"a\",\"b\"]", "[\"b\",\"a\"]", None);
        check("[\"a\",\"b\"]", "[\"a\"]", Some("protocol"));
        check("\\\"a\\\": 1", "\\\"a\\\":1", None);
        check("\\\"a\\\": 1", "\\\"a\\\":2", Some("metadata.schemaString"));
        check("\"t\"", "\"u\"", Some("metadata.id"));
        check(
            "\"partitionColumns\":[]",
            "\"partitionColumns\":[\"p\"]",
            Some("metadata.partitionColumns"),
        );
        check(
            "\"configuration\":{}",
            "\"configuration\":{\"a\":\"b\"}",
            Some("metadata.configuration"),
        );
    }

    #[test]
    fn malformed_checksums_are_none() {
        for text in
            ["", "malformed", "{}", "[]", &CHECKSUM.replace("\"numFiles\":2", "\"numFiles\":-2")]
        {
            assert!(parse(text.as_bytes()).is_none(), "{text}");
        }
        assert!(
            parse(CHECKSUM.replace("\"numMetadata\":1", "\"numMetadata\":2").as_bytes()).is_none()
        );
    }
}
