//! What a table was made of, so that the next build takes only what is new and a table that is as it
//! should be is not written again.
//!
//! The state with the number N lies in `_lakefront/state/LAYER/NAME/N-DIGEST.json` of the lake, named after
//! its own bytes. The commit that it belongs to carries two transactions, which checkpoints keep: `lakefront` with
//! the version N, and `lakefront.state` with the digest. The file is written before the commit and never
//! over another one: whatever a writer that lost the lake still writes, the commit names what it was made of.
//! A build that ends between the two leaves a file that nothing refers to.
//!
//! Lakefront 0.1.0 named the file `N.json` and wrote the first transaction alone; such a state is read as well.

use crate::check::Recorded;
use crate::lake::{Root, RootError};
use crate::source::{DatabasePosition, Seen};
use crate::stream::Memory;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// The application that the transactions of a commit are of.
pub(crate) const APP_ID: &str = "lakefront";

/// The application whose transaction has the digest of a commit's state.
pub(crate) const STATE_APP_ID: &str = "lakefront.state";

/// States before the last that are kept, for people who look what happened.
const N_KEPT: i64 = 3;

/// The low bits of a digest that are those of the state's number.
const NUMBER_BITS: i64 = 0xffff;

/// What a commit says of its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StateName {
    number: i64,
    /// Some bits of the hash of its bytes, and the low ones of its number; `None` in a lake of Lakefront 0.1.0.
    digest: Option<i64>,
}

impl StateName {
    /// The name of the state `number` whose bytes are `json`.
    fn of(number: i64, json: &[u8]) -> StateName {
        let hash = Sha256::digest(json);
        let start = hash.iter().take(8).fold(0, |bits: u64, byte| bits << 8 | u64::from(*byte));
        let bits = i64::try_from(start >> 1).unwrap_or_default() & !NUMBER_BITS;
        StateName { number, digest: Some(bits | (number & NUMBER_BITS)) }
    }

    /// The name that the two transactions of a table give. A digest of another number is that of an earlier
    /// commit: what followed knew of none.
    pub(crate) fn read(number: i64, digest: Option<i64>) -> StateName {
        let is_own = |digest: &i64| digest & NUMBER_BITS == number & NUMBER_BITS;
        StateName { number, digest: digest.filter(is_own) }
    }

    /// The version of the transaction `lakefront.state`; `None` when there is none.
    pub(crate) fn digest(self) -> Option<i64> {
        self.digest
    }

    fn path(self, location: &str) -> String {
        let number = self.number;
        match self.digest {
            Some(digest) => format!("{}/{number:010}-{digest:016x}.json", folder(location)),
            None => format!("{}/{number:010}.json", folder(location)),
        }
    }
}

/// What a table was made of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ModelState {
    /// What was asked.
    pub(crate) definition: Recorded,
    /// Whether the table is what the inputs gave as a whole, and nothing was added since.
    #[serde(default)]
    pub(crate) is_whole: bool,
    /// Columns of the table that the query gives no more.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) retained: BTreeSet<String>,
    /// What was read, by the names in the query.
    pub(crate) inputs: BTreeMap<String, InputState>,
}

/// How far an input was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct InputState {
    /// What there was.
    #[serde(flatten)]
    pub(crate) position: Position,
    /// How far it was read in an order of its own.
    #[serde(flatten)]
    pub(crate) progress: Progress,
}

/// How far an input was read by a column or as a stream.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Progress {
    /// The greatest value of the watermark's column that was not ahead of the build, as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mark: Option<String>,
    /// How many rows lay below the mark, less the overlap, of an input that keeps no history.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) n_below: Option<u64>,
    /// Rows that were taken and that the mark does not tell from new ones, by their hash: how often each was there.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) beside: BTreeMap<String, u64>,
    /// What a stream remembers of rows that are not in a table of the lake.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stream: Option<Memory>,
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
        /// A version with the same rows that was read before; `None` when `version` is the first with these.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rows_of: Option<u64>,
    },
}

impl Position {
    /// Whether there is nothing new since `self`. Upkeep makes versions without new rows; another writer makes
    /// versions with new ones and leaves the number alone.
    pub(crate) fn is_same(&self, now: &Position) -> bool {
        match (self, now) {
            (
                Position::Table { id, version, number, rows_of },
                Position::Table {
                    id: now_id,
                    version: now_version,
                    number: now_number,
                    rows_of: now_rows_of,
                },
            ) => {
                let (rows, now_rows) =
                    (rows_of.unwrap_or(*version), now_rows_of.unwrap_or(*now_version));
                (id, number, rows) == (now_id, now_number, now_rows)
            }
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

/// The state `name` of the table at `location`, which its last commit names.
///
/// # Errors
/// [`StateError::Missing`] and [`StateError::Damaged`].
pub(crate) async fn read(
    root: &Root,
    location: &str,
    name: StateName,
) -> Result<ModelState, StateError> {
    let path = name.path(location);
    let place = || root.place(&path);
    let Some(bytes) = root.get(&path).await? else {
        return Err(StateError::Missing { path: place() });
    };
    serde_json::from_slice(&bytes).map_err(|source| StateError::Damaged { path: place(), source })
}

/// Writes the state `number` of the table at `location`, and says how its commit is to name it.
///
/// # Errors
/// [`StateError::Root`] when the lake does not take it.
pub(crate) async fn write(
    root: &Root,
    location: &str,
    number: i64,
    state: &ModelState,
) -> Result<StateName, StateError> {
    let damaged = |source| StateError::Damaged { path: root.place(&folder(location)), source };
    let mut json = serde_json::to_vec_pretty(state).map_err(damaged)?;
    json.push(b'\n');
    let name = StateName::of(number, &json);
    // What lies there has the same bytes: an earlier build wrote it and did not get to its commit.
    root.put_new(&name.path(location), Bytes::from(json)).await?;
    Ok(name)
}

/// Forgets states of the table at `location` that are older than those kept beside `last`, which is committed.
/// What cannot be deleted is found again after the next commit.
pub(crate) async fn forget_old(root: &Root, location: &str, last: StateName) {
    let Ok(paths) = root.list(&folder(location)).await else { return };
    for path in paths {
        if number_of(&path).is_some_and(|number| number < last.number - N_KEPT) {
            let _ = root.delete(&path).await;
        }
    }
}

/// The number in the name of a state.
fn number_of(path: &str) -> Option<i64> {
    let name = path.rsplit('/').next()?.strip_suffix(".json")?;
    name.split('-').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upkeep_is_nothing_new() {
        let table = |id: &str, version, number, rows_of| Position::Table {
            id: id.to_owned(),
            version,
            number,
            rows_of,
        };
        assert!(table("a", 3, 2, None).is_same(&table("a", 9, 2, Some(3))));
        assert!(table("a", 9, 2, Some(3)).is_same(&table("a", 12, 2, Some(3))));
        assert!(!table("a", 3, 2, None).is_same(&table("a", 9, 2, None)), "another writer's rows");
        assert!(!table("a", 9, 2, Some(3)).is_same(&table("a", 10, 2, None)));
        assert!(!table("a", 3, 2, None).is_same(&table("a", 4, 3, None)));
        assert!(!table("a", 3, 2, None).is_same(&table("b", 3, 2, None)));
    }

    #[test]
    fn a_name_is_that_of_its_commit() {
        let name = StateName::of(7, b"a");
        assert_eq!(StateName::read(7, name.digest()), name);
        assert_ne!(StateName::of(7, b"b"), name, "other bytes lie elsewhere");
        assert_ne!(StateName::of(8, b"a").digest(), name.digest());
        // A version that writes no digest has committed since.
        assert_eq!(StateName::read(8, name.digest()).digest(), None);
        assert!(StateName::of(i64::MAX, b"a").digest().unwrap() > 0);
        let old = StateName::read(7, None).path("silver/a");
        assert_eq!(old, "_lakefront/state/silver/a/0000000007.json");
        for path in [old, name.path("silver/a")] {
            assert_eq!(number_of(&path), Some(7), "{path}");
        }
    }

    #[tokio::test]
    async fn a_state_is_never_written_over() {
        let root = Root::memory();
        let state = |definition: &str| ModelState {
            definition: Recorded::Single(definition.to_owned()),
            ..ModelState::default()
        };
        let ours = write(&root, "silver/a", 3, &state("ours")).await.unwrap();
        // A writer that has lost the lake writes on.
        write(&root, "silver/a", 3, &state("theirs")).await.unwrap();
        assert_eq!(read(&root, "silver/a", ours).await.unwrap(), state("ours"));
        assert_eq!(write(&root, "silver/a", 3, &state("ours")).await.unwrap(), ours);
        for number in 4..9 {
            let name = write(&root, "silver/a", number, &state("ours")).await.unwrap();
            forget_old(&root, "silver/a", name).await;
        }
        let left = root.list(&folder("silver/a")).await.unwrap();
        assert_eq!(left.len(), 4, "{left:?}");
    }

    #[test]
    fn what_is_written_is_read() {
        let state = ModelState {
            definition: Recorded::Single("d".to_owned()),
            is_whole: true,
            retained: BTreeSet::from(["old".to_owned()]),
            inputs: BTreeMap::from([
                (
                    "silver.a".to_owned(),
                    InputState {
                        position: Position::Table {
                            id: "x".to_owned(),
                            version: 3,
                            number: 1,
                            rows_of: None,
                        },
                        progress: Progress {
                            mark: Some("2024-01-01".to_owned()),
                            n_below: Some(7),
                            beside: BTreeMap::from([("00".to_owned(), 2)]),
                            stream: None,
                        },
                    },
                ),
                (
                    "source.b".to_owned(),
                    InputState {
                        position: Position::Hash("00".to_owned()),
                        progress: Progress::default(),
                    },
                ),
            ]),
        };
        let json = serde_json::to_string(&state).unwrap();
        assert_eq!(serde_json::from_str::<ModelState>(&json).unwrap(), state, "{json}");
    }

    #[test]
    fn a_state_of_one_hash_is_read() {
        let json = r#"{"definition":"0a","inputs":{"silver.a":{"table":{"id":"x","version":3,"number":1},"mark":"7"}}}"#;
        let state: ModelState = serde_json::from_str(json).unwrap();
        assert_eq!(state.definition, Recorded::Single("0a".to_owned()));
        let input = &state.inputs["silver.a"];
        assert_eq!(input.progress.mark.as_deref(), Some("7"));
        let table = Position::Table { id: "x".to_owned(), version: 3, number: 1, rows_of: None };
        assert_eq!(input.position, table);
    }
}
