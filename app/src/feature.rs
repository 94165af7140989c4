//! What the features of a Delta table mean to somebody who reads it.

use protocol::ProtocolDescription;

/// What Lakefront does about a feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// It is taken into account when rows are read.
    Read,
    /// It concerns writers only: rows are the same with and without it.
    Ignored,
}

/// A feature of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feature {
    /// Its name in the protocol.
    pub name: String,
    /// What is done about it.
    pub applied: Use,
    /// What it means.
    pub meaning: &'static str,
}

/// The features that a table has: those that its protocol names, or, in the older versions that
/// name none, those that the versions stand for. A table that is shown has no reader feature that
/// Lakefront does not know.
///
/// Source: Delta protocol, "Table Features" and "Valid Feature Names in Table Features".
pub fn features(protocol: &ProtocolDescription) -> Vec<Feature> {
    let mut features: Vec<Feature> = Vec::new();
    let mut put = |name: &str, applied: Use| {
        if !features.iter().any(|feature| feature.name == name) {
            features.push(Feature { name: name.to_owned(), applied, meaning: meaning(name) });
        }
    };
    for name in &protocol.reader_features {
        put(name, Use::Read);
    }
    if protocol.min_reader_version == 2 {
        put("columnMapping", Use::Read);
    }
    for name in &protocol.writer_features {
        put(name, Use::Ignored);
    }
    const BY_VERSION: [(i32, &str); 7] = [
        (2, "appendOnly"),
        (2, "invariants"),
        (3, "checkConstraints"),
        (4, "changeDataFeed"),
        (4, "generatedColumns"),
        (5, "columnMapping"),
        (6, "identityColumns"),
    ];
    for (version, name) in BY_VERSION {
        if (version..7).contains(&protocol.min_writer_version) {
            put(name, Use::Ignored);
        }
    }
    features
}

fn meaning(name: &str) -> &'static str {
    match name {
        "columnMapping" => "columns have other names in the files",
        "deletionVectors" => "deleted rows are marked beside the files",
        "timestampNtz" | "timestampWithoutTimezone" => "timestamps without a zone",
        "v2Checkpoint" => "checkpoints in several files",
        "vacuumProtocolCheck" => "VACUUM looks at the protocol first",
        "typeWidening" | "typeWidening-preview" => "columns got wider types; old files are cast",
        "variantType" | "variantType-preview" => "semi-structured values, shown as JSON",
        "variantShredding" | "variantShredding-preview" => "variants with columns of their own",
        "appendOnly" => "rows are only added",
        "invariants" => "conditions on single columns",
        "checkConstraints" => "conditions on rows",
        "changeDataFeed" => "changes of rows are written too",
        "generatedColumns" => "columns computed by the writer",
        "identityColumns" => "columns numbered by the writer",
        "allowColumnDefaults" => "values for columns that are left out",
        "domainMetadata" => "notes of single programs",
        "rowTracking" => "rows keep an id through changes",
        "inCommitTimestamp" => "commits carry their own time",
        "clustering" => "files are laid out by columns",
        "icebergCompatV1" | "icebergCompatV2" | "icebergCompatV3" => "readable as Iceberg too",
        "checkpointProtection" => "old checkpoints are kept",
        "materializePartitionColumns" => "partition values are in the files too",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_come_from_names_or_versions() {
        let check = |versions: (i32, i32), reader: &[&str], writer: &[&str], expected: &str| {
            let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
            let protocol = ProtocolDescription {
                min_reader_version: versions.0,
                min_writer_version: versions.1,
                reader_features: owned(reader),
                writer_features: owned(writer),
            };
            let found: Vec<String> = features(&protocol)
                .iter()
                .map(|f| format!("{}{}", if f.applied == Use::Read { "+" } else { "-" }, f.name))
                .collect();
            assert_eq!(found.join(" "), expected);
        };
        check((1, 1), &[], &[], "");
        check((1, 2), &[], &[], "-appendOnly -invariants");
        check(
            (2, 5),
            &[],
            &[],
            "+columnMapping -appendOnly -invariants -checkConstraints -changeDataFeed -generatedColumns",
        );
        check(
            (3, 7),
            &["deletionVectors"],
            &["deletionVectors", "rowTracking"],
            "+deletionVectors -rowTracking",
        );
    }
}
