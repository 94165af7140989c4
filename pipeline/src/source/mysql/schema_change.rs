//! What a table's columns were when it was last read, and what is different.

use serde::{Deserialize, Serialize};
#[cfg(test)]
use sha2::{Digest, Sha256};
use std::fmt;

/// Part of every fingerprint.
#[cfg(test)]
const FORMAT: &str = "mysql 1";

/// What to do with a table whose columns have changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OnSchemaChange {
    /// Its table follows: what is read whole is made anew, and what only the lake has stays, with null in new columns.
    #[default]
    #[serde(alias = "recreate")]
    Evolve,
    /// The build fails and says what has changed.
    Fail,
}

/// The columns of a table and its key: what a run keeps for the next one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SchemaRecord {
    /// The columns that are read, in their order.
    pub(crate) columns: Vec<ColumnRecord>,
    /// The columns of the key; empty without one.
    pub(crate) key: Vec<String>,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ColumnRecord {
    /// Its name.
    pub(crate) name: String,
    /// Its type in the server's words, with `not null` behind it where it is so.
    pub(crate) declared: String,
}

/// One difference between two records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchemaChange {
    /// A column is not there any more.
    Vanished {
        /// The column.
        column: String,
    },
    /// A column is new.
    Came {
        /// The column.
        column: String,
        /// Its type.
        declared: String,
    },
    /// A column has another type.
    Retyped {
        /// The column.
        column: String,
        /// The type that it had.
        before: String,
        /// The type that it has.
        now: String,
    },
    /// The same columns stand in another order.
    Reordered,
    /// The key is another one.
    Key {
        /// The columns that it had, comma-separated.
        before: String,
        /// The columns that it has, comma-separated.
        now: String,
    },
}

impl SchemaRecord {
    /// A hash that is another one whenever [`SchemaRecord::changes`] finds something.
    #[cfg(test)]
    pub(crate) fn fingerprint(&self) -> String {
        // Lengths go before texts, so that no two records give the same bytes.
        let mut hash = Sha256::new();
        let mut take = |text: &str| {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        };
        take(FORMAT);
        take(&self.columns.len().to_string());
        for column in &self.columns {
            take(&column.name);
            take(&column.declared);
        }
        for column in &self.key {
            take(column);
        }
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// What is different in `now`; empty when nothing is.
    pub(crate) fn changes(&self, now: &SchemaRecord) -> Vec<SchemaChange> {
        let find = |record: &'_ SchemaRecord, name: &str| {
            record.columns.iter().find(|column| column.name == name).cloned()
        };
        let mut changes = Vec::new();
        for before in &self.columns {
            let column = before.name.clone();
            match find(now, &column) {
                None => changes.push(SchemaChange::Vanished { column }),
                Some(now) if now.declared != before.declared => {
                    let before = before.declared.clone();
                    changes.push(SchemaChange::Retyped { column, before, now: now.declared });
                }
                Some(_) => {}
            }
        }
        for column in &now.columns {
            if find(self, &column.name).is_none() {
                let ColumnRecord { name, declared } = column.clone();
                changes.push(SchemaChange::Came { column: name, declared });
            }
        }
        if changes.is_empty() && self.columns != now.columns {
            changes.push(SchemaChange::Reordered);
        }
        if self.key != now.key {
            let (before, now) = (self.key.join(", "), now.key.join(", "));
            changes.push(SchemaChange::Key { before, now });
        }
        changes
    }
}

impl fmt::Display for SchemaChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or_none = |key: &str| if key.is_empty() { "none".to_owned() } else { key.to_owned() };
        match self {
            SchemaChange::Vanished { column } => write!(f, "column {column:?} has vanished"),
            SchemaChange::Came { column, declared } => {
                write!(f, "column {column:?}, {declared}, has come")
            }
            SchemaChange::Retyped { column, before, now } => {
                write!(f, "column {column:?} was {before} and is {now}")
            }
            SchemaChange::Reordered => f.write_str("its columns stand in another order"),
            SchemaChange::Key { before, now } => {
                write!(f, "its key was {} and is {}", or_none(before), or_none(now))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(columns: &[(&str, &str)], key: &[&str]) -> SchemaRecord {
        let column = |(name, declared): &(&str, &str)| ColumnRecord {
            name: (*name).to_owned(),
            declared: (*declared).to_owned(),
        };
        SchemaRecord {
            columns: columns.iter().map(column).collect(),
            key: key.iter().map(|column| (*column).to_owned()).collect(),
        }
    }

    #[test]
    fn changes_are_named() {
        let before = record(&[("id", "int(11) not null"), ("total", "decimal(10,2)")], &["id"]);
        let check = |now: SchemaRecord, expected: &[&str]| {
            let changes: Vec<String> =
                before.changes(&now).iter().map(ToString::to_string).collect();
            assert_eq!(changes, expected);
            let is_same = before.fingerprint() == now.fingerprint();
            assert_eq!(is_same, expected.is_empty(), "{expected:?}");
        };
        check(before.clone(), &[]);
        check(record(&[("id", "int(11) not null")], &["id"]), &["column \"total\" has vanished"]);
        check(
            record(
                &[("id", "int(11) not null"), ("at", "date"), ("total", "decimal(10,2)")],
                &["id"],
            ),
            &["column \"at\", date, has come"],
        );
        check(
            record(&[("id", "bigint(20) not null"), ("sum", "decimal(10,2)")], &["id"]),
            &[
                "column \"id\" was int(11) not null and is bigint(20) not null",
                "column \"total\" has vanished",
                "column \"sum\", decimal(10,2), has come",
            ],
        );
        check(
            record(&[("total", "decimal(10,2)"), ("id", "int(11) not null")], &["id"]),
            &["its columns stand in another order"],
        );
        check(
            record(&[("id", "int(11) not null"), ("total", "decimal(10,2)")], &[]),
            &["its key was id and is none"],
        );
    }

    #[test]
    fn fingerprints_keep_texts_apart() {
        let check = |one: SchemaRecord, other: SchemaRecord| {
            assert_ne!(one.fingerprint(), other.fingerprint());
        };
        check(record(&[("ab", "c")], &[]), record(&[("a", "bc")], &[]));
        check(record(&[("a", "int")], &["b", "c"]), record(&[("a", "int"), ("b", "c")], &[]));
        check(record(&[], &["ab"]), record(&[], &["a", "b"]));
    }

    #[test]
    fn records_survive_the_state_file() {
        let before = record(&[("id", "int(11) not null")], &["id"]);
        let text = serde_json::to_string(&before).unwrap();
        assert_eq!(serde_json::from_str::<SchemaRecord>(&text).unwrap(), before);
    }
}
