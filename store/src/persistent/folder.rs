//! The logs of tables: which files of one are known, and whether what is kept of it may be believed.
//!
//! A log's files never change under their names, unless somebody makes the whole table anew, or puts
//! an older state of it in its place. That shows in its commits, which hold the time when they were
//! written: so before each reading of a log the newest and the oldest commit that are kept are
//! fetched and compared, and with them the rest is believed or dropped. Each log that is kept has a
//! number, and its files are kept under it: those of an earlier one are never found again.

use crate::Location;
use bytes::Bytes;
use std::collections::BTreeMap;

/// The folder of a table's log.
pub const LOG_FOLDER: &str = "_delta_log";

/// Files that were asked for and are not there, of one folder: more are not remembered.
const MAX_ABSENT: usize = 256;

/// How a file is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// One content, told by its identity: kept and believed.
    Identified,
    /// A file of a log that never changes: kept, and believed as the log is.
    Log(InLog),
    /// A file of a log that changes, such as `_last_checkpoint`: kept for when the network is away.
    Hint(InLog),
    /// Any other: as a hint, if it is read whole.
    Other,
}

/// A file of a table's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InLog {
    /// The folder of the log.
    pub folder: Location,
    /// The path below it.
    pub name: String,
}

impl Kind {
    /// How the file at `location` is kept.
    pub fn of(location: &Location) -> Kind {
        if location.identity().is_some() {
            return Kind::Identified;
        }
        let path = location.as_str();
        let (before, query) = match path.split_once('?') {
            Some((before, query)) if location.is_url() => (before, Some(query)),
            _ => (path, None),
        };
        let marker = format!("{LOG_FOLDER}/");
        let Some(at) = before.rfind(&marker) else { return Kind::Other };
        let is_whole_word = at == 0 || before.get(..at).is_some_and(|text| text.ends_with('/'));
        let (Some(folder), Some(name)) =
            (before.get(..at + LOG_FOLDER.len()), before.get(at + marker.len()..))
        else {
            return Kind::Other;
        };
        if !is_whole_word {
            return Kind::Other;
        }
        let folder = match query {
            Some(query) => format!("{folder}?{query}"),
            None => folder.to_owned(),
        };
        let file = InLog { folder: Location::new(folder), name: name.to_owned() };
        match Listing::is_of_log(name) {
            true => Kind::Log(file),
            false => Kind::Hint(file),
        }
    }
}

/// Whether a file of a log was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It was.
    Present,
    /// It was not.
    Absent,
}

/// The files of a log that were asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing(BTreeMap<String, Presence>);

impl Listing {
    /// Notes whether a file was there; says whether that is news.
    pub fn note(&mut self, name: &str, presence: Presence) -> bool {
        if name.contains('\n') || self.0.get(name) == Some(&presence) {
            return false;
        }
        if presence == Presence::Absent {
            let absent = self.0.iter().filter(|(_, presence)| **presence == Presence::Absent);
            let mut names: Vec<String> = absent.map(|(name, _)| name.clone()).collect();
            // The tip of a log is what counts: the lowest versions go.
            names.truncate((names.len() + 1).saturating_sub(MAX_ABSENT));
            names.iter().for_each(|name| {
                self.0.remove(name);
            });
        }
        self.0.insert(name.to_owned(), presence);
        true
    }

    /// Whether a file was there.
    pub fn presence(&self, name: &str) -> Option<Presence> {
        self.0.get(name).copied()
    }

    /// Whether a file was there when the log was last read, also if nobody asked for that one: where
    /// the commit after the newest was absent, so was everything of a later version.
    pub fn presence_then(&self, name: &str) -> Option<Presence> {
        self.presence(name).or_else(|| {
            let newest = version_of(self.commits().next_back()?)?;
            let next = format!("{:020}.json", newest.checked_add(1)?);
            let ended = self.presence(&next) == Some(Presence::Absent);
            (ended && version_of(name)? > newest).then_some(Presence::Absent)
        })
    }

    /// Every file that was asked for.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Presence)> {
        self.0.iter().map(|(name, presence)| (name.as_str(), *presence))
    }

    /// The files that were there.
    pub fn present(&self) -> impl DoubleEndedIterator<Item = &str> {
        let present = self.0.iter().filter(|(_, presence)| **presence == Presence::Present);
        present.map(|(name, _)| name.as_str())
    }

    /// The commits that were there, oldest first.
    pub fn commits(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.present().filter(|name| name.len() == 25 && name.ends_with(".json"))
    }

    /// Whether nobody asked for any file.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a file of that name never changes, unless the whole log does.
    pub fn is_of_log(name: &str) -> bool {
        let is_numbered = name.len() > 20 && name.bytes().take(20).all(|b| b.is_ascii_digit());
        is_numbered || name.starts_with("_sidecars/")
    }

    /// The number of the log, and a line for each file; commits that follow one another share one.
    pub fn encode(&self, log: u64) -> Bytes {
        let mut text = format!("={log:x}\n");
        let mut row: Option<(u64, u64)> = None;
        let end = |text: &mut String, row: Option<(u64, u64)>| {
            if let Some((first, last)) = row {
                *text += &format!("#{first}-{last}\n");
            }
        };
        for (name, presence) in &self.0 {
            let version = version_of(name).filter(|version| *name == commit_name(*version));
            match (presence, version, row) {
                (Presence::Present, Some(version), Some((first, last)))
                    if last.checked_add(1) == Some(version) =>
                {
                    row = Some((first, version));
                }
                (Presence::Present, Some(version), _) => {
                    end(&mut text, row.replace((version, version)));
                }
                (Presence::Present, None, _) => text += &format!("+{name}\n"),
                (Presence::Absent, ..) => text += &format!("-{name}\n"),
            }
        }
        end(&mut text, row);
        Bytes::from(text)
    }

    /// What [`Listing::encode`] wrote; lines that cannot be read are left out. `None` without a
    /// number.
    pub fn decode(bytes: &Bytes) -> Option<(u64, Listing)> {
        let text = String::from_utf8_lossy(bytes);
        let mut lines = text.lines();
        let log = u64::from_str_radix(lines.next()?.strip_prefix('=')?, 16).ok()?;
        let mut listing = Listing::default();
        for line in lines {
            let row = line.strip_prefix('#').and_then(|row| row.split_once('-'));
            if let Some((first, last)) = row {
                let (Ok(first), Ok(last)) = (first.parse::<u64>(), last.parse::<u64>()) else {
                    continue;
                };
                let present = (first..=last).take(MAX_ROW).map(commit_name);
                listing.0.extend(present.map(|name| (name, Presence::Present)));
            } else if let Some(name) = line.strip_prefix('+') {
                listing.0.insert(name.to_owned(), Presence::Present);
            } else if let Some(name) = line.strip_prefix('-') {
                listing.0.insert(name.to_owned(), Presence::Absent);
            }
        }
        Some((log, listing))
    }
}

/// So many commits at most are taken from one line of a listing.
const MAX_ROW: usize = 1_000_000;

fn commit_name(version: u64) -> String {
    format!("{version:020}.json")
}

/// The version that a file of a log is named after.
fn version_of(name: &str) -> Option<u64> {
    name.get(..20)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_a_log_are_told_from_others() {
        let check = |path: &str, expected: &str| {
            let said = match Kind::of(&Location::new(path)) {
                Kind::Log(file) => format!("log {} {}", file.folder.as_str(), file.name),
                Kind::Hint(file) => format!("hint {} {}", file.folder.as_str(), file.name),
                other => format!("{other:?}"),
            };
            assert_eq!(said, expected, "{path}");
        };
        let commit = "00000000000000000007.json";
        check(&format!("t/_delta_log/{commit}"), &format!("log t/_delta_log {commit}"));
        check(&format!("_delta_log/{commit}"), &format!("log _delta_log {commit}"));
        check("t/_delta_log/_last_checkpoint", "hint t/_delta_log _last_checkpoint");
        check("t/_delta_log/_sidecars/a.parquet", "log t/_delta_log _sidecars/a.parquet");
        check("t/part-0.parquet", "Other");
        check(&format!("t/my_delta_log/{commit}"), "Other");
        let url = format!("https://h/t/_delta_log/{commit}?sig=1");
        check(&url, &format!("log https://h/t/_delta_log?sig=1 {commit}"));
        let named = Location::new("t/_delta_log/x").with_identity("1");
        assert_eq!(Kind::of(&named), Kind::Identified);
    }

    #[test]
    fn what_comes_after_the_end_of_a_log_was_not_there() {
        let commit = |version: u64| format!("{version:020}.json");
        let check = |present: &[u64], absent: &[u64], name: &str, expected: Option<Presence>| {
            let mut listing = Listing::default();
            present.iter().for_each(|version| {
                listing.note(&commit(*version), Presence::Present);
            });
            absent.iter().for_each(|version| {
                listing.note(&commit(*version), Presence::Absent);
            });
            assert_eq!(listing.presence_then(name), expected, "{present:?} {absent:?} {name}");
        };
        let absent = Some(Presence::Absent);
        check(&[0, 1], &[2], &commit(2), absent);
        check(&[0, 1], &[2], &commit(5), absent);
        check(&[0, 1], &[2], "00000000000000000005.checkpoint.parquet", absent);
        check(&[0, 1], &[2], &commit(1), Some(Presence::Present));
        check(&[1], &[2], &commit(0), None);
        check(&[0, 1], &[], &commit(2), None);
        check(&[0, 1], &[4], &commit(5), None);
        check(&[], &[0], &commit(5), None);
        check(&[0, 1], &[2], "_last_checkpoint", None);
        check(&[0, 1], &[2], "_sidecars/00000000000000000005", None);
        check(&[u64::MAX], &[], &commit(3), None);
    }

    #[test]
    fn a_listing_is_read_back_and_bounded() {
        let mut listing = Listing::default();
        assert!(listing.note("00000000000000000007.json", Presence::Present));
        assert!(!listing.note("00000000000000000007.json", Presence::Present));
        assert!(listing.note("00000000000000000008.json", Presence::Absent));
        assert!(!listing.note("a\nb", Presence::Absent));
        assert_eq!(Listing::decode(&listing.encode(77)), Some((77, listing.clone())));
        let damaged = Listing::decode(&Bytes::from_static(b"=4d\n\xff\n*x\n\n"));
        assert_eq!(damaged, Some((77, Listing::default())));
        for other in ["", "+00000000000000000007.json", "=x"] {
            assert_eq!(Listing::decode(&Bytes::from(other)), None, "{other}");
        }
        let mut long = Listing::default();
        for version in (0..1000).chain(2000..2001) {
            long.note(&commit_name(version), Presence::Present);
        }
        long.note("00000000000000000500.checkpoint.parquet", Presence::Present);
        long.note(&commit_name(2001), Presence::Absent);
        assert!(long.encode(1).len() < 150, "{:?}", long.encode(1));
        assert_eq!(Listing::decode(&long.encode(1)), Some((1, long)));
        for version in 0..2 * MAX_ABSENT {
            listing.note(&format!("{version:020}.json"), Presence::Absent);
        }
        assert_eq!(listing.0.len(), MAX_ABSENT);
        assert_eq!(
            listing.presence(&format!("{:020}.json", 2 * MAX_ABSENT - 1)),
            Some(Presence::Absent)
        );
    }
}
