//! Whether this crate can read a table right, judged by its protocol and its configuration.

use crate::{LogError, Protocol, ProtocolRule};
use std::collections::BTreeMap;

/// The reader features under which every row is still read right. Two of them change rows only
/// when they are used, and are refused then: `columnMapping` when its mode is on, `v2Checkpoint` when only such a checkpoint leads to the
/// last version. `timestampWithoutTimezone` is a name that some writers give `timestampNtz`.
const READABLE: [&str; 6] = [
    "columnMapping",
    "deletionVectors",
    "timestampNtz",
    "timestampWithoutTimezone",
    "v2Checkpoint",
    "vacuumProtocolCheck",
];

/// The highest reader version; from it on the protocol grows by named features.
const MAX_READER_VERSION: i32 = 3;

/// Checks that a table of that protocol and configuration is read right.
///
/// # Errors
/// [`LogError::UnsupportedProtocol`], [`LogError::UnsupportedFeature`] or [`LogError::Protocol`].
///
/// Source: Delta protocol, "Protocol Evolution" and "Table Features".
pub(crate) fn check(
    version: u64,
    protocol: &Protocol,
    configuration: &BTreeMap<String, String>,
) -> Result<(), LogError> {
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
    match configuration.get("delta.columnMapping.mode").map(String::as_str) {
        None | Some("none") => Ok(()),
        Some(_) => Err(LogError::UnsupportedFeature { feature: "columnMapping".to_owned() }),
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
        expected: Result<(), &str>,
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
        check_protocol(1, None, None, Ok(()));
        check_protocol(2, None, None, Ok(()));
        check_protocol(2, None, Some("none"), Ok(()));
        check_protocol(3, Some(&[]), None, Ok(()));
        check_protocol(3, Some(&READABLE), None, Ok(()));
    }

    #[test]
    fn what_is_refused() {
        let refused = |feature: &str| format!("reader feature `{feature}` is not supported");
        check_protocol(2, None, Some("name"), Err(&refused("columnMapping")));
        check_protocol(3, Some(&["columnMapping"]), Some("id"), Err(&refused("columnMapping")));
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
