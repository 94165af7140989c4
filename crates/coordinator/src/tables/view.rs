//! What the viewer sees of the tables.

use super::inquiry::{Inquiry, Kind};
use super::{Tables, TablesState, Told, View};
use protocol::{Failure, FileLayout, Files, History, RequestId, TableDescription, TableKind};
use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;

/// An answer that is shared and never changes; equal only to itself, so that comparing is cheap.
#[derive(Debug)]
pub struct Held<T>(Arc<T>);

impl<T> Held<T> {
    /// Holds `value`.
    pub fn new(value: T) -> Held<T> {
        Held(Arc::new(value))
    }
}

impl<T> Clone for Held<T> {
    fn clone(&self) -> Held<T> {
        Held(Arc::clone(&self.0))
    }
}

impl<T> PartialEq for Held<T> {
    fn eq(&self, other: &Held<T>) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<T> Deref for Held<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// One part of the page.
#[derive(Debug, Clone, PartialEq)]
pub struct Part<T> {
    /// What is shown in it.
    pub shown: Option<T>,
    /// Whether that is what is looked at.
    pub standing: Standing,
}

impl<T> Default for Part<T> {
    fn default() -> Part<T> {
        Part { shown: None, standing: Standing::Idle }
    }
}

/// Where a part stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Standing {
    /// Nobody looks at it.
    Idle,
    /// Its answer is awaited; what is shown, if anything, is an earlier one of the same table.
    Waiting,
    /// What is shown is what is looked at.
    Current,
    /// It cannot be answered.
    Failed(Failure),
}

/// What the viewer sees of the tables.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TablesView {
    /// What is looked at.
    pub state: TablesState,
    /// What was opened by hand, latest first.
    pub recent: Vec<String>,
    /// The table.
    pub description: Part<Held<TableDescription>>,
    /// Its commits.
    pub history: Part<Held<History>>,
    /// Its files.
    pub files: Part<Held<Files>>,
    /// The inside of a file.
    pub layout: Part<Held<FileLayout>>,
    /// Some of its rows, which the shell holds.
    pub rows: Part<RequestId>,
    /// The columns of those rows.
    pub columns: Vec<String>,
    /// When versions were committed, UTC microseconds, as far as that is known.
    pub times: BTreeMap<u64, i64>,
}

pub(super) fn of(tables: &Tables) -> TablesView {
    let mut view = TablesView {
        state: tables.state.clone(),
        recent: tables.recent.clone(),
        ..TablesView::default()
    };
    let Some(describe) = tables.state.describe() else { return view };
    let is_failed = tables.failures.contains_key(&describe);
    let described = tables.description(&describe);
    view.description = part(tables, Kind::Description, Some(&describe), |told| match told {
        Told::Described(described) => Some(described.clone()),
        _ => None,
    });
    // A link may ask for a view that this kind of table has not.
    if described.as_ref().is_some_and(|it| !view.state.view.is_of(it.kind)) {
        view.state.view = View::default();
    }
    let details = described
        .as_ref()
        .map(|described| tables.state.details(described, tables.travel))
        .unwrap_or_default();
    // Until the table is described it is not known what to ask of it, only that something will be.
    let awaits = |kind: Kind| described.is_none() && !is_failed && is_seen_in(kind, &tables.state);
    let want = |kind: Kind| details.iter().find(|inquiry| inquiry.kind() == kind);
    view.history = with(
        awaits(Kind::History),
        part(tables, Kind::History, want(Kind::History), |told| match told {
            Told::History(history) => Some(history.clone()),
            _ => None,
        }),
    );
    view.files = with(
        awaits(Kind::Files),
        part(tables, Kind::Files, want(Kind::Files), |told| match told {
            Told::Files(files) => Some(files.clone()),
            _ => None,
        }),
    );
    view.layout = with(
        awaits(Kind::Layout),
        part(tables, Kind::Layout, want(Kind::Layout), |told| match told {
            Told::Layout(layout) => Some(layout.clone()),
            _ => None,
        }),
    );
    view.rows = with(
        awaits(Kind::Rows),
        part(tables, Kind::Rows, want(Kind::Rows), |told| match told {
            Told::Rows(id) => Some(*id),
            _ => None,
        }),
    );
    view.columns = described.map(|it| tables.state.preview_columns(&it)).unwrap_or_default();
    view.times = times(tables);
    view
}

fn with<T>(is_awaited: bool, part: Part<T>) -> Part<T> {
    match part.standing {
        Standing::Idle if is_awaited => Part { standing: Standing::Waiting, ..part },
        _ => part,
    }
}

fn is_seen_in(kind: Kind, state: &TablesState) -> bool {
    match kind {
        Kind::Description => true,
        Kind::History => state.view == View::History,
        Kind::Files => state.view == View::Files,
        Kind::Layout => state.view == View::Layout,
        Kind::Rows => state.view == View::Preview,
    }
}

/// The part that `want` asks for. What was shown last stays while it is of the same table, and of
/// the same file where it is the inside of one.
fn part<T>(
    tables: &Tables,
    kind: Kind,
    want: Option<&Inquiry>,
    take: impl Fn(&Told) -> Option<T>,
) -> Part<T> {
    if let Some(failure) = want.and_then(|want| tables.failures.get(want)) {
        return Part { shown: None, standing: Standing::Failed(failure.clone()) };
    }
    if let Some(told) = want.and_then(|want| tables.answer(want)) {
        return Part { shown: take(told), standing: Standing::Current };
    }
    let is_kin = |last: &Inquiry| match (last, want) {
        (_, None) => kind != Kind::Layout,
        (Inquiry::Layout { path, .. }, Some(Inquiry::Layout { path: wanted, .. })) => {
            path == wanted
        }
        (last, Some(want)) => last.location() == want.location(),
    };
    let last = tables.last.get(&kind).filter(|(last, _)| is_kin(last));
    let shown = last.and_then(|(_, id)| tables.told.get(id)).and_then(take);
    let standing = if want.is_some() { Standing::Waiting } else { Standing::Idle };
    Part { shown, standing }
}

/// What descriptions and histories of the table say of its versions' times.
fn times(tables: &Tables) -> BTreeMap<u64, i64> {
    let mut times = BTreeMap::new();
    let Some(location) = tables.state.table.as_deref() else { return times };
    for told in tables.told.values() {
        match told {
            Told::Described(described)
                if described.table.location == location && described.kind == TableKind::Delta =>
            {
                times.extend(described.version.zip(described.committed_at_us));
            }
            _ => {}
        }
    }
    for (inquiry, told) in tables.answers() {
        if let (Inquiry::History { location: of, .. }, Told::History(history)) = (inquiry, told)
            && of == location
        {
            let known = history.commits.iter();
            times
                .extend(known.filter_map(|commit| Some((commit.version, commit.committed_at_us?))));
        }
    }
    times
}
