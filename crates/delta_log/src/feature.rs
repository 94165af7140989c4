//! Whether this crate can read a table right, judged by its protocol and its configuration.

use crate::{ColumnMapping, LogError, Protocol, ProtocolRule};
use std::collections::BTreeMap;

/// The reader features under which every row is still read right. `v2Checkpoint` is refused when
/// only such a checkpoint leads to the last version. `timestampWithoutTimezone` is a name that some
/// writers give `timestampNtz`.
const READABLE: [&str; 6] = [
    COLUMN_MAPPING,
    "deletionVectors",
    "timestampNtz",
    "timestampWithoutTimezone",
    "v2Checkpoint",
    "vacuumProtocolCheck",
];

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
            if let Some(feature) = features.iter().find(|f| !READABLE.contains(&f.as_str())) {
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
        check_protocol(1, None, Some("name"), Ok(ColumnMapping::None));
        check_protocol(3, Some(&["columnMapping"]), Some("id"), Ok(ColumnMapping::Id));
        check_protocol(3, Some(&["timestampNtz"]), Some("id"), Ok(ColumnMapping::None));
        check_protocol(3, Some(&[]), None, Ok(ColumnMapping::None));
        check_protocol(3, Some(&READABLE), None, Ok(ColumnMapping::None));
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
        for feature in ["typeWidening", "variantType", "catalogManaged", "fromTomorrow", ""] {
            check_protocol(3, Some(&["timestampNtz", feature]), None, Err(&refused(feature)));
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
