//! What a table was made of, so that the next build takes only what is new and a table that is as it
//! should be is not written again.
//!
//! The state with the number N lies in `_lakefront/state/LAYER/NAME/N.json` of the lake, and the commit that
//! it belongs to carries the transaction `lakefront` with the version N. The file is written before
//! the commit: a build that ends between the two leaves a file that nothing refers to, and the next
//! one writes it anew.

use crate::lake::{Root, RootError};
use crate::source::{DatabasePosition, Seen};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The application that the transactions of a commit are of.
pub(crate) const APP_ID: &str = "lakefront";

/// States before the last that are kept, for people who look what happened.
const N_KEPT: i64 = 3;

/// What a table was made of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ModelState {
    /// The hash of what was asked: the query, how its table is kept, the columns of what it reads.
    pub(crate) definition: String,
    /// What was read, by the names in the query.
    pub(crate) inputs: BTreeMap<String, InputState>,
}

/// How far an input was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct InputState {
    /// What there was.
    #[serde(flatten)]
    pub(crate) position: Position,
    /// The greatest value of the watermark's column, as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) mark: Option<String>,
}

/// What there was of an input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Position {
    /// The bytes of a file, as a hash.
    Hash(String),
    /// The files of a folder.
    Seen(Seen),
    /// The rows of a database's table.
    Database(DatabasePosition),
    /// A table of the lake.
    Table {
        /// Which table: another one at the same place has another id.
        id: String,
        /// The version that was read.
        version: u64,
        /// The number of its own state, which upkeep does not change.
        number: i64,
    },
}

impl Position {
    /// Whether there is nothing new since `self`. Upkeep makes versions without new rows.
    pub(crate) fn is_same(&self, now: &Position) -> bool {
        match (self, now) {
            (
                Position::Table { id, number, .. },
                Position::Table { id: now_id, number: now_number, .. },
            ) => (id, number) == (now_id, now_number),
            (before, now) => before == now,
        }
    }

    /// One word for people, and for the commit's metadata.
    pub(crate) fn brief(&self) -> serde_json::Value {
        match self {
            Position::Hash(hash) => format!("sha256 {}", hash.get(..12).unwrap_or(hash)).into(),
            Position::Seen(seen) => format!("{} files", seen.n_files()).into(),
            Position::Database(position) => position.brief().into(),
            Position::Table { version, .. } => (*version).into(),
        }
    }
}

/// A state that cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The lake does not give or take it.
    #[error(transparent)]
    Root(#[from] RootError),
    /// It is not there.
    #[error(
        "{path}: is not there, and the last commit of its table names it: how far the table was read is not known; put the \
         file back, or build with --full-refresh to make the table anew"
    )]
    Missing {
        /// Where it should be.
        path: String,
    },
    /// It is not what this program wrote.
    #[error(
        "{path}: is no state of a model: {source}; build with --full-refresh to make the table anew"
    )]
    Damaged {
        /// Where it is.
        path: String,
        /// What the parser says.
        source: serde_json::Error,
    },
}

fn folder(location: &str) -> String {
    format!("_lakefront/state/{location}")
}

fn path(location: &str, number: i64) -> String {
    format!("{}/{number:010}.json", folder(location))
}

/// The state `number` of the table at `location`, whose last commit names it.
///
/// # Errors
/// [`StateError::Missing`] and [`StateError::Damaged`].
pub(crate) async fn read(
    root: &Root,
    location: &str,
    number: i64,
) -> Result<ModelState, StateError> {
    let path = path(location, number);
    let place = || root.place(&path);
    let Some(bytes) = root.get(&path).await? else {
        return Err(StateError::Missing { path: place() });
    };
    serde_json::from_slice(&bytes).map_err(|source| StateError::Damaged { path: place(), source })
}

/// Writes the state `number` of the table at `location`, and forgets old ones.
pub(crate) async fn write(
    root: &Root,
    location: &str,
    number: i64,
    state: &ModelState,
) -> Result<(), StateError> {
    let path = path(location, number);
    let damaged = |source| StateError::Damaged { path: root.place(&path), source };
    let mut json = serde_json::to_vec_pretty(state).map_err(damaged)?;
    json.push(b'\n');
    root.put(&path, Bytes::from(json)).await?;
    let old = number - N_KEPT - 1;
    if old >= 0 {
        root.delete(&self::path(location, old)).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upkeep_is_nothing_new() {
        let table =
            |id: &str, version, number| Position::Table { id: id.to_owned(), version, number };
        assert!(table("a", 3, 2).is_same(&table("a", 9, 2)));
        assert!(!table("a", 3, 2).is_same(&table("a", 3, 3)));
        assert!(!table("a", 3, 2).is_same(&table("b", 3, 2)));
    }

    #[test]
    fn what_is_written_is_read() {
        let state = ModelState {
            definition: "d".to_owned(),
            inputs: BTreeMap::from([
                (
                    "silver.a".to_owned(),
                    InputState {
                        position: Position::Table { id: "x".to_owned(), version: 3, number: 1 },
                        mark: Some("2024-01-01".to_owned()),
                    },
                ),
                (
                    "source.b".to_owned(),
                    InputState { position: Position::Hash("00".to_owned()), mark: None },
                ),
            ]),
        };
        let json = serde_json::to_string(&state).unwrap();
        assert_eq!(serde_json::from_str::<ModelState>(&json).unwrap(), state, "{json}");
    }
}
