//! Whether this crate can read a table right, judged by its protocol and its configuration.

use crate::{ColumnMapping, LogError, Protocol, ProtocolRule};
use std::collections::BTreeMap;

/// The reader features under which every row is still read right. `v2Checkpoint` is refused when
/// only such a checkpoint leads to the last version, `geospatial` when a column has such a type.
/// `timestampWithoutTimezone` is a name that some writers give `timestampNtz`.
///
/// Source: Delta protocol, "Valid Feature Names in Table Features".
const READABLE: [&str; 14] = [
    COLUMN_MAPPING,
    "deletionVectors",
    "geospatial",
    "timestampNtz",
    "timestampWithoutTimezone",
    "typeWidening",
    "typeWidening-preview",
    "v2Checkpoint",
    "vacuumProtocolCheck",
    "variantShredding",
    "variantShredding-preview",
    "variantType",
    "variantType-preview",
    // It moves the writers of a table; what is here stays as it is.
    "redirectWriterOnly-preview",
];

/// Features that bind writers only, which some of them put into the list for readers too. None of
/// them changes what a file or the log says. Values of partition columns that a file has besides
/// the log are the same, and are not read.
const OF_WRITERS: [&str; 21] = [
    "allowColumnDefaults",
    "appendOnly",
    "changeDataFeed",
    "checkConstraints",
    "checkpointProtection",
    "clustering",
    "collations",
    "collations-preview",
    "domainMetadata",
    "generatedColumns",
    "icebergCompatV1",
    "icebergCompatV2",
    "icebergCompatV3",
    "icebergWriterCompatV1",
    "icebergWriterCompatV3",
    "identityColumns",
    "inCommitTimestamp",
    "inCommitTimestamp-preview",
    "invariants",
    "materializePartitionColumns",
    "rowTracking",
];

/// What the features mean that are refused on purpose.
const REFUSED: [(&str, &str); 9] = [
    ("adaptiveMetadata-preview", IN_MANIFESTS),
    ("catalogManaged", BY_CATALOG),
    ("catalogOwned", BY_CATALOG),
    ("catalogOwned-preview", BY_CATALOG),
    ("coordinatedCommits-preview", BY_CATALOG),
    ("icebergNativeV4-preview", IN_MANIFESTS),
    ("managedCommit-preview", BY_CATALOG),
    ("redirectReaderWriter", MOVED),
    ("redirectReaderWriter-preview", MOVED),
];

const BY_CATALOG: &str = ": which commits the table has is known to its catalog alone";

const IN_MANIFESTS: &str = ": the table's files are listed in Iceberg's metadata, not in the log";

const MOVED: &str = ": the table has moved, and its files here may be out of date";

/// What is to be said of a refused feature after its name.
pub(crate) fn reason(feature: &str) -> &'static str {
    REFUSED.iter().find(|(name, _)| *name == feature).map_or("", |(_, reason)| reason)
}

/// The feature under which columns have other names in the files.
const COLUMN_MAPPING: &str = "columnMapping";

/// The table property that says how columns are mapped.
const MAPPING_MODE: &str = "delta.columnMapping.mode";

/// The highest reader version; from it on the protocol grows by named features.
const MAX_READER_VERSION: i32 = 3;

/// Checks that a table of that protocol and configuration is read right, and says how its columns
/// are found in its files.
///
/// # Errors
/// [`LogError::UnsupportedProtocol`], [`LogError::UnsupportedFeature`], [`LogError::Protocol`] or
/// [`LogError::Property`].
///
/// Source: Delta protocol, "Protocol Evolution" and "Table Features".
pub(crate) fn check(
    version: u64,
    protocol: &Protocol,
    configuration: &BTreeMap<String, String>,
) -> Result<ColumnMapping, LogError> {
    let broken = |rule| Err(LogError::Protocol { version, rule });
    let found = protocol.min_reader_version;
    match &protocol.reader_features {
        _ if found < 1 => return broken(ProtocolRule::Below1 { found }),
        _ if found > MAX_READER_VERSION => {
            return Err(LogError::UnsupportedProtocol { min_reader_version: found });
        }
        None if found == MAX_READER_VERSION => return broken(ProtocolRule::FeaturesMissing),
        Some(_) if found < MAX_READER_VERSION => {
            return broken(ProtocolRule::FeaturesTooEarly { found });
        }
        None => {}
        Some(features) => {
            let is_known = |f: &str| READABLE.contains(&f) || OF_WRITERS.contains(&f);
            if let Some(feature) = features.iter().find(|feature| !is_known(feature)) {
                return Err(LogError::UnsupportedFeature { feature: feature.clone() });
            }
        }
    }
    // The property may be there without the feature, and is ignored then.
    let features = protocol.reader_features.iter().flatten();
    let is_mapped = found == 2 || features.into_iter().any(|feature| feature == COLUMN_MAPPING);
    match configuration.get(MAPPING_MODE).filter(|_| is_mapped) {
        None => Ok(ColumnMapping::None),
        Some(mode) => ColumnMapping::parse(mode).ok_or_else(|| LogError::Property {
            key: MAPPING_MODE,
            found: mode.clone(),
            expected: "`none`, `name` or `id`",
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_protocol(
        reader_version: i32,
        features: Option<&[&str]>,
        mapping_mode: Option<&str>,
        expected: Result<ColumnMapping, &str>,
    ) {
        let protocol = Protocol {
            min_reader_version: reader_version,
            min_writer_version: 7,
            reader_features: features.map(|f| f.iter().map(|f| (*f).to_owned()).collect()),
            writer_features: Some(vec!["unheardOf".to_owned()]),
        };
        let configuration = mapping_mode
            .map(|mode| ("delta.columnMapping.mode".to_owned(), mode.to_owned()))
            .into_iter()
            .collect();
        let found = check(4, &protocol, &configuration).map_err(|e| e.to_string());
        assert_eq!(found, expected.map_err(str::to_owned), "{protocol:?} {mapping_mode:?}");
    }

    #[test]
    fn what_is_read() {
        check_protocol(1, None, None, Ok(ColumnMapping::None));
        check_protocol(2, None, None, Ok(ColumnMapping::None));
        check_protocol(2, None, Some("none"), Ok(ColumnMapping::None));
        check_protocol(2, None, Some("name"), Ok(ColumnMapping::Name));
        check_protocol(2, None, Some("ID"), Ok(ColumnMapping::Id));
        check_protocol(1, None, Some("name"), Ok(ColumnMapping::None));
        check_protocol(3, Some(&["columnMapping"]), Some("id"), Ok(ColumnMapping::Id));
        check_protocol(3, Some(&["timestampNtz"]), Some("id"), Ok(ColumnMapping::None));
        check_protocol(3, Some(&[]), None, Ok(ColumnMapping::None));
        check_protocol(3, Some(&READABLE), None, Ok(ColumnMapping::None));
        check_protocol(3, Some(&OF_WRITERS), None, Ok(ColumnMapping::None));
    }

    #[test]
    fn what_is_refused() {
        let refused = |feature: &str| format!("reader feature `{feature}` is not supported");
        check_protocol(
            2,
            None,
            Some("index"),
            Err("table property `delta.columnMapping.mode` is `index`, not `none`, `name` or `id`"),
        );
        for feature in ["fromTomorrow", "", "DeletionVectors"] {
            check_protocol(3, Some(&["timestampNtz", feature]), None, Err(&refused(feature)));
        }
        for (feature, reason) in REFUSED {
            let text = format!("{}{reason}", refused(feature));
            check_protocol(3, Some(&["timestampNtz", feature]), None, Err(&text));
        }
        check_protocol(
            4,
            Some(&[]),
            None,
            Err("reader version 4 is not supported, the highest one is 3"),
        );
        check_protocol(0, None, None, Err("protocol of version 4: reader version 0 is below 1"));
        check_protocol(
            3,
            None,
            None,
            Err("protocol of version 4: reader version 3 needs a list of reader features"),
        );
        check_protocol(
            1,
            Some(&[]),
            None,
            Err("protocol of version 4: a list of reader features needs reader version 3, not 1"),
        );
    }
}
