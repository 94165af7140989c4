//! Where the session, the catalog and the engine stand, and what the viewer is told of it.

use catalog::{Catalog, Name};
use protocol::{Extent, Failure, RequestId, SessionReply, TableVersion};
use query::{Date, DateRange};
use std::sync::Arc;

/// Who the server says is there.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Session {
    /// Not known yet.
    #[default]
    Asking,
    /// The server could not be asked.
    Unreachable(Failure),
    /// Nobody: the log-in form is shown.
    LoggedOut(Login),
    /// This user.
    LoggedIn(SessionReply),
}

/// Where the log-in form stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Login {
    /// Waits for the viewer.
    Idle,
    /// Waits for the server.
    Sending,
    /// The server said no.
    Refused(Failure),
}

/// Whether the catalog is there.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum CatalogState {
    /// Not asked for, or on its way.
    #[default]
    Awaited,
    /// There.
    Loaded(Arc<Catalog>),
    /// It could not be fetched or read.
    Failed(Failure),
}

/// Where the engine's worker stands.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Engine {
    /// It loads and compiles.
    #[default]
    Starting,
    /// It takes requests, no lake is open.
    Ready,
    /// It opens the lake.
    Opening {
        /// The request.
        id: RequestId,
    },
    /// It answers questions.
    Open,
    /// It could not open the lake.
    OpenFailed(Failure),
    /// It died too often in a row and is not started again by itself.
    GivenUp {
        /// Its last words.
        message: String,
    },
}

/// Something of the engine that is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Watched {
    /// The start of a worker, counted from 1, until it takes requests.
    Start(u32),
    /// The answer to a request.
    Request(RequestId),
}

/// The lake as the engine opened it.
#[derive(Debug, Clone, PartialEq)]
pub struct Lake {
    /// The version of each table of the catalog, in its order.
    pub tables: Vec<TableVersion>,
    /// The days that each table has of each time dimension.
    pub extents: Vec<Extent>,
}

impl Lake {
    /// Whether the engine said which days of `dimension` `table` has: not of one that it could not
    /// open.
    pub(crate) fn knows(&self, table: &Name, dimension: &Name) -> bool {
        self.found(table, dimension).is_some()
    }

    /// The days of `dimension` that `table` has rows of.
    pub fn days_of(&self, table: &Name, dimension: &Name) -> Option<DateRange> {
        self.found(table, dimension)?.range
    }

    /// The days of `dimension` of which `table` knows everything: from its first row to its last
    /// one, or to the day of its commit. What has no row by then did not happen.
    pub fn known_days(&self, table: &Name, dimension: &Name) -> Option<DateRange> {
        let DateRange { first, last } = self.days_of(table, dimension)?;
        let version = self.tables.iter().find(|version| &version.table == table)?;
        let committed = version.committed_at_us.map_or(last, day_of);
        Some(DateRange { first, last: last.max(committed) })
    }

    /// The days of `dimension` that at least one of `tables` has rows of, with those between.
    pub fn extent<'a>(
        &self,
        tables: impl Iterator<Item = &'a Name>,
        dimension: &Name,
    ) -> Option<DateRange> {
        let ranges = tables.filter_map(|table| self.days_of(table, dimension));
        ranges.reduce(|a, b| DateRange { first: a.first.min(b.first), last: a.last.max(b.last) })
    }

    /// The last day of `dimension` that one of `tables` has and that is not in the future of its
    /// commit: a date such as 9999-12-31, a typing error or a planned delivery moves no range. The
    /// last day of all where each is in the future.
    pub fn last_day<'a>(
        &self,
        tables: impl Iterator<Item = &'a Name> + Clone,
        dimension: &Name,
    ) -> Option<Date> {
        let found = tables.clone().filter_map(|table| self.found(table, dimension));
        let last = found.filter_map(|extent| extent.last_by_commit).max();
        last.or_else(|| Some(self.extent(tables, dimension)?.last))
    }

    fn found(&self, table: &Name, dimension: &Name) -> Option<&Extent> {
        let is_it = |extent: &&Extent| &extent.table == table && &extent.dimension == dimension;
        self.extents.iter().find(is_it)
    }

    /// When the oldest of its table versions was committed, UTC microseconds: no panel is fresher
    /// than this, and none is older. `None` when no table says.
    pub fn committed_at_us(&self) -> Option<i64> {
        self.tables.iter().filter_map(|table| table.committed_at_us).min()
    }

    /// When the oldest of its logs was read, UTC microseconds, among those that could not be
    /// compared with the network's; `None` when all of them could.
    pub fn stale_since_us(&self) -> Option<i64> {
        self.tables.iter().filter_map(|table| table.stale_since_us).min()
    }

    /// Whether `other` is the same state of the same tables. That one of them could be compared
    /// with the network's and the other could not makes no difference.
    pub fn is_same_state(&self, other: &Lake) -> bool {
        let bare = |lake: &Lake| {
            let tables = lake.tables.iter();
            let tables = tables.map(|table| TableVersion { stale_since_us: None, ..table.clone() });
            tables.collect::<Vec<_>>()
        };
        self.extents == other.extents && bare(self) == bare(other)
    }
}

/// The day of a moment in UTC microseconds.
fn day_of(at_us: i64) -> Date {
    let days = at_us.div_euclid(86_400_000_000);
    Date::from_days(i32::try_from(days).unwrap_or(if days < 0 { i32::MIN } else { i32::MAX }))
}

/// Whether the browser has a network, as far as it knows: one without a way to the server counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Network {
    /// It has one.
    #[default]
    Present,
    /// It has none.
    Away,
}

/// What is shown may be out of date: the network is away, or a server of the lake is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offline {
    /// Since when, UTC microseconds: what is shown was the newest then. `None` when the lake was
    /// compared with the network's as it was opened, and the network went away after that.
    pub since_us: Option<i64>,
    /// The tables of the lake that could not be compared, by name; empty with `since_us` of `None`.
    pub tables: Vec<Name>,
}

/// Something that the viewer is told once, until he dismisses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The engine died and was started again; nothing is lost.
    EngineRestarted {
        /// Its last words.
        message: String,
    },
    /// The engine has not answered for a long time; the viewer may restart it.
    EngineSilent,
    /// The URL named parameters that mean nothing here.
    IgnoredParameters {
        /// Their names.
        names: Vec<String>,
    },
    /// The session ended while the page was in use.
    SessionEnded,
    /// The server could not end the session.
    LogoutFailed(Failure),
    /// The tables have not changed since they were last read.
    NothingNew,
    /// The network is still away, so nobody knows whether there is anything newer.
    StillOffline,
    /// A file of the version that was shown was removed; the newest version is shown instead.
    VersionGone {
        /// Which version of which table, and the newest one.
        message: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::new(text).unwrap()
    }

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn lake() -> Lake {
        let extent = |table: &str, first: &str, last: &str, by_commit: Option<&str>| Extent {
            table: name(table),
            dimension: name("day"),
            range: Some(DateRange { first: day(first), last: day(last) }),
            last_by_commit: by_commit.map(day),
        };
        let table = |table: &str, at: &str| TableVersion {
            table: name(table),
            version: Some(1),
            committed_at_us: Some(i64::from(day(at).days()) * 86_400_000_000 + 7),
            n_files: 1,
            size_bytes: 1,
            stale_since_us: None,
        };
        Lake {
            tables: vec![table("sales", "2018-10-20"), table("stock", "2018-10-20")],
            extents: vec![
                extent("sales", "2018-01-01", "2018-10-17", Some("2018-10-17")),
                extent("stock", "2018-10-19", "9999-12-31", Some("2018-10-19")),
                extent("plans", "2019-01-01", "2019-12-31", None),
                Extent { range: None, ..extent("empty", "2018-01-01", "2018-01-01", None) },
            ],
        }
    }

    #[test]
    fn a_day_of_the_future_is_there_and_moves_no_range() {
        let check = |tables: &[&str], last: Option<&str>, extent: Option<(&str, &str)>| {
            let tables: Vec<Name> = tables.iter().map(|table| name(table)).collect();
            let (lake, time) = (lake(), name("day"));
            assert_eq!(lake.last_day(tables.iter(), &time), last.map(day), "{tables:?}");
            let expected =
                extent.map(|(first, last)| DateRange { first: day(first), last: day(last) });
            assert_eq!(lake.extent(tables.iter(), &time), expected, "{tables:?}");
        };
        check(&["sales"], Some("2018-10-17"), Some(("2018-01-01", "2018-10-17")));
        check(&["sales", "stock"], Some("2018-10-19"), Some(("2018-01-01", "9999-12-31")));
        check(&["sales", "plans"], Some("2018-10-17"), Some(("2018-01-01", "2019-12-31")));
        // Where there is nothing but future, it is what the viewer came for.
        check(&["plans", "empty"], Some("2019-12-31"), Some(("2019-01-01", "2019-12-31")));
        check(&["empty"], None, None);
        check(&[], None, None);
    }

    #[test]
    fn a_table_knows_what_did_not_happen_before_its_commit() {
        let check = |table: &str, expected: Option<(&str, &str)>| {
            let expected =
                expected.map(|(first, last)| DateRange { first: day(first), last: day(last) });
            assert_eq!(lake().known_days(&name(table), &name("day")), expected, "{table}");
        };
        check("sales", Some(("2018-01-01", "2018-10-20")));
        check("stock", Some(("2018-10-19", "9999-12-31")));
        check("empty", None);
    }
}
