//! The versions of a table as its log has them: which of them must stay readable, and which files of the
//! log nobody needs.

use super::Retention;
use crate::lake::Clock;
use chrono::{DateTime, TimeDelta, Utc};
use deltalake::{DeltaTable, DeltaTableError};
use futures::{StreamExt, TryStreamExt};
use object_store::ObjectMeta;
use object_store::path::Path as StorePath;
use std::collections::BTreeMap;

/// What a file of `_delta_log` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Commit,
    Checkpoint,
    /// One of several files of a checkpoint.
    Part {
        n_parts: u32,
    },
    /// What is made of a commit and can be spared: a checksum, several commits in one.
    Other,
}

#[derive(Debug)]
struct LogFile {
    path: StorePath,
    version: u64,
    kind: Kind,
    modified: DateTime<Utc>,
}

/// The files of a table's log.
#[derive(Debug)]
pub(super) struct History {
    files: Vec<LogFile>,
}

impl History {
    /// Lists the log of `table`.
    ///
    /// # Errors
    /// When it cannot be listed.
    pub(super) async fn read(table: &DeltaTable) -> Result<History, DeltaTableError> {
        let log_store = table.log_store();
        let log = log_store.log_path();
        let listed: Vec<_> = log_store.object_store(None).list(Some(log)).try_collect().await?;
        let mut files: Vec<LogFile> =
            listed.into_iter().filter_map(|file| LogFile::of(log, file)).collect();
        files.sort_by(|a, b| (a.version, &a.path).cmp(&(b.version, &b.path)));
        Ok(History { files })
    }

    /// The commits, oldest first, and when they were written.
    pub(super) fn commits(&self) -> impl Iterator<Item = (u64, DateTime<Utc>)> {
        let commits = self.files.iter().filter(|file| file.kind == Kind::Commit);
        commits.map(|file| (file.version, file.modified))
    }

    /// The oldest version that must stay readable: the one that was current when the retention began,
    /// or the one that is needed for another reason.
    pub(super) fn oldest(
        &self,
        retention: Retention,
        clock: &Clock,
        needed_version: Option<u64>,
    ) -> u64 {
        let length = TimeDelta::from_std(retention.duration()).unwrap_or(TimeDelta::MAX);
        let begin = clock.now().checked_sub_signed(length).unwrap_or(DateTime::<Utc>::MIN_UTC);
        let mut oldest = None;
        let mut time = DateTime::<Utc>::MIN_UTC;
        for (version, modified) in self.commits() {
            // Clocks go back sometimes, versions do not.
            time = time.max(modified);
            if oldest.is_none() || time <= begin {
                oldest = Some(version);
            }
        }
        let oldest = oldest.unwrap_or_default();
        needed_version.map_or(oldest, |needed| needed.min(oldest))
    }

    /// The last checkpoint at `version` or before it that is whole.
    pub(super) fn checkpoint(&self, version: u64) -> Option<u64> {
        let mut n_parts: BTreeMap<(u64, u32), u32> = BTreeMap::new();
        let mut last = None;
        for file in self.files.iter().filter(|file| file.version <= version) {
            let is_whole = match file.kind {
                Kind::Checkpoint => true,
                Kind::Part { n_parts: of } => {
                    let n = n_parts.entry((file.version, of)).or_default();
                    *n += 1;
                    *n == of
                }
                Kind::Commit | Kind::Other => false,
            };
            if is_whole {
                last = Some(file.version);
            }
        }
        last
    }

    /// The files that are needed for no version from `oldest` on, oldest first: those before the last
    /// checkpoint that is not after it.
    pub(super) fn expired(&self, oldest: u64) -> Vec<StorePath> {
        let first = self.checkpoint(oldest).unwrap_or_default();
        let expired = self.files.iter().filter(|file| file.version < first);
        expired.map(|file| file.path.clone()).collect()
    }
}

/// Deletes `paths` of the log of `table`, in their order, and says how many there were.
///
/// # Errors
/// When one cannot be deleted.
pub(super) async fn delete(
    table: &DeltaTable,
    paths: Vec<StorePath>,
) -> Result<u64, DeltaTableError> {
    let store = table.log_store().object_store(None);
    let n_files = paths.len() as u64;
    let paths = futures::stream::iter(paths).map(Ok).boxed();
    store.delete_stream(paths).try_for_each(|_| futures::future::ok(())).await?;
    Ok(n_files)
}

impl LogFile {
    /// `None` for what is not named after a version, and for what lies deeper.
    fn of(log: &StorePath, file: ObjectMeta) -> Option<LogFile> {
        let name = {
            let mut parts = file.location.prefix_match(log)?;
            let (name, None) = (parts.next()?, parts.next()) else { return None };
            name.as_ref().to_owned()
        };
        let (version, kind) = read_name(&name)?;
        Some(LogFile { version, kind, modified: file.last_modified, path: file.location })
    }
}

/// Source: Delta protocol, "Delta Log Entries", "Checkpoints", "Log Compaction Files", "Version Checksum
/// File".
fn read_name(name: &str) -> Option<(u64, Kind)> {
    let mut words = name.split('.');
    let version = words.next().filter(|word| word.len() == 20)?.parse().ok()?;
    let words: Vec<&str> = words.collect();
    let kind = match words.as_slice() {
        ["json"] => Kind::Commit,
        // The middle word is the name of a checkpoint of the second kind.
        ["checkpoint", "parquet"] | ["checkpoint", _, "parquet" | "json"] => Kind::Checkpoint,
        ["checkpoint", _, n_parts, "parquet"] => Kind::Part { n_parts: n_parts.parse().ok()? },
        ["crc"] | [_, "compacted", "json"] => Kind::Other,
        _ => return None,
    };
    Some((version, kind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// `name day`, each of `_delta_log`.
    fn history(text: &str) -> History {
        let log = StorePath::from("_delta_log");
        let file = |line: &str| {
            let (name, day) = line.trim().split_once(' ').unwrap();
            let (version, rest) = name.split_once('.').unwrap();
            LogFile::of(
                &log,
                ObjectMeta {
                    location: StorePath::parse(format!("_delta_log/{version:0>20}.{rest}"))
                        .unwrap(),
                    last_modified: DateTime::UNIX_EPOCH + TimeDelta::days(day.parse().unwrap()),
                    size: 1,
                    e_tag: None,
                    version: None,
                },
            )
        };
        History {
            files: text.split(',').filter(|line| !line.is_empty()).filter_map(file).collect(),
        }
    }

    fn oldest(text: &str, now: i64, days: u64, needed: Option<u64>) -> u64 {
        let clock = Clock::of(move || DateTime::UNIX_EPOCH + TimeDelta::days(now));
        let retention = Retention::even_short(Duration::from_secs(days * 24 * 60 * 60));
        history(text).oldest(retention, &clock, needed)
    }

    #[test]
    fn what_was_current_when_the_retention_began_stays() {
        let check = |text: &str, now, days, needed, expected| {
            assert_eq!(oldest(text, now, days, needed), expected, "{text} {now} {days}");
        };
        let log = "0.json 0, 1.json 10, 2.json 20, 3.json 30";
        check(log, 30, 100, None, 0);
        check(log, 30, 30, None, 0);
        check(log, 31, 20, None, 1);
        // Version 1 is twenty days old, and was current twelve days ago.
        check(log, 30, 12, None, 1);
        check(log, 30, 10, None, 2);
        check(log, 100, 1, None, 3);
        check(log, 30, 0, None, 3);
        check(log, 30, 0, Some(1), 1);
        check(log, 30, 30, Some(2), 0);
        // The clock went back between 1 and 2.
        check("0.json 0, 1.json 20, 2.json 5, 3.json 30", 32, 20, None, 0);
        check("7.json 0, 8.json 10", 100, 1, None, 8);
        check("7.json 50, 8.json 60", 60, 30, None, 7);
        check("", 0, 0, None, 0);
    }

    #[test]
    fn the_log_is_cut_before_a_checkpoint() {
        let check = |text: &str, oldest, n_expected: usize| {
            let expired = history(text).expired(oldest);
            assert_eq!(expired.len(), n_expected, "{text} {oldest}: {expired:?}");
        };
        let log = "0.json 0, 1.json 0, 1.crc 0, 2.json 0, 2.checkpoint.parquet 0, 3.json 0";
        check(log, 1, 0);
        check(log, 2, 3);
        check(log, 3, 3);
        check("0.json 0, 1.json 0", 1, 0);
        check("0.json 0, 1.json 0, 1.checkpoint.1.2.parquet 0", 1, 0);
        let parts = "1.checkpoint.0000000001.0000000002.parquet 0";
        let whole = format!("{parts}, 1.checkpoint.0000000002.0000000002.parquet 0");
        check(&format!("0.json 0, 1.json 0, {parts}"), 1, 0);
        check(&format!("0.json 0, 1.json 0, {whole}"), 1, 1);
        check("0.json 0, 1.checkpoint.8f2c-x.json 0", 1, 1);
    }

    #[test]
    fn names_are_read_as_the_protocol_has_them() {
        let check = |name: &str, expected: Option<(u64, Kind)>| {
            assert_eq!(read_name(name), expected, "{name}");
        };
        check("00000000000000000012.json", Some((12, Kind::Commit)));
        check("00000000000000000012.json.tmp", None);
        check("_last_checkpoint", None);
        check("12.json", None);
        check("00000000000000000012.00000000000000000015.compacted.json", Some((12, Kind::Other)));
    }
}
