//! What the viewer looks at, and what that needs to be known.

use super::inquiry::{Inquiry, N_FILES, N_ROWS};
use protocol::{At, Condition, RowForm, RowsSpec, TableAt, TableDescription, TableKind};

/// A preview shows so many columns of a wide table until others are chosen: each one costs bytes.
pub(crate) const N_COLUMNS: usize = 12;

/// Everything that the viewer can do on the page about tables. Closed on purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TablesEvent {
    /// A table of the lake was chosen.
    TableChosen {
        /// Its location.
        location: String,
    },
    /// A path or URL was typed and opened.
    LocationOpened {
        /// The path or URL.
        location: String,
    },
    /// The slider over the versions was touched: what is known of them is about to be of interest.
    TravelStarted,
    /// Another version was chosen.
    VersionChosen {
        /// The version; `None` is the newest one.
        version: Option<u64>,
    },
    /// Another view was chosen.
    ViewChosen {
        /// The view.
        view: View,
    },
    /// A file was chosen, to see its inside.
    FileChosen {
        /// Its path as the log has it; `None` to choose another one.
        path: Option<String>,
    },
    /// Another page of the files was chosen.
    FilesTurned {
        /// The first file, from 0.
        first: u64,
    },
    /// Another page of the history was chosen.
    HistoryTurned {
        /// The commits before this version; `None` is the newest ones.
        before: Option<u64>,
    },
    /// Other columns of the preview were chosen.
    ColumnsChosen {
        /// Their names; empty is what is shown at first.
        columns: Vec<String>,
    },
    /// Another filter of the preview was chosen.
    Filtered {
        /// What holds of the rows; `None` is all of them.
        condition: Option<Condition>,
    },
    /// The viewer wants what failed to be tried again.
    Retried,
}

/// Whether the versions are looked at, so that their times are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Travel {
    #[default]
    Idle,
    Begun,
}

/// A view of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum View {
    /// Its columns.
    #[default]
    Schema,
    /// What it asks of readers and writers, and its properties.
    Protocol,
    /// Its commits.
    History,
    /// Its data files.
    Files,
    /// The inside of a data file.
    Layout,
    /// Some of its rows.
    Preview,
}

impl View {
    /// In the order in which they are offered.
    pub const EVERY: [View; 6] =
        [View::Schema, View::Protocol, View::History, View::Files, View::Layout, View::Preview];

    /// The name in the URL and in test hooks.
    pub fn name(self) -> &'static str {
        match self {
            View::Schema => "schema",
            View::Protocol => "protocol",
            View::History => "history",
            View::Files => "files",
            View::Layout => "layout",
            View::Preview => "preview",
        }
    }

    /// Whether a table of that kind has it: only a log knows features and commits.
    pub fn is_of(self, kind: TableKind) -> bool {
        kind == TableKind::Delta || self != View::History
    }
}

/// What is looked at: the state that lives in the URL.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TablesState {
    /// The table's path in the lake or URL; `None` while none is chosen.
    pub table: Option<String>,
    /// The version; `None` is the newest one.
    pub version: Option<u64>,
    /// The view.
    pub view: View,
    /// The file whose inside is shown.
    pub file: Option<String>,
    /// The first file of the page of files.
    pub first_file: u64,
    /// The history before this version; `None` is the newest commits.
    pub before: Option<u64>,
    /// The preview's columns; the first ones when empty.
    pub columns: Vec<String>,
    /// What holds of the preview's rows.
    pub condition: Option<Condition>,
}

impl TablesState {
    /// The state after `event`. What belongs to one table is dropped with it; a page of files and a
    /// file belong to one version.
    pub(crate) fn after(&self, event: TablesEvent) -> TablesState {
        let mut state = self.clone();
        match event {
            TablesEvent::TableChosen { location } | TablesEvent::LocationOpened { location } => {
                let view = if state.view == View::Layout { View::Schema } else { state.view };
                return TablesState { table: Some(location), view, ..TablesState::default() };
            }
            TablesEvent::VersionChosen { version } => {
                state.version = version;
                state.first_file = 0;
                state.file = None;
            }
            TablesEvent::ViewChosen { view } => state.view = view,
            TablesEvent::FileChosen { path } => {
                state.file = path;
                state.view = View::Layout;
            }
            TablesEvent::FilesTurned { first } => state.first_file = first,
            TablesEvent::HistoryTurned { before } => state.before = before,
            TablesEvent::ColumnsChosen { columns } => state.columns = columns,
            TablesEvent::Filtered { condition } => state.condition = condition,
            TablesEvent::TravelStarted | TablesEvent::Retried => {}
        }
        state
    }

    /// The question for the table's description.
    pub(crate) fn describe(&self) -> Option<Inquiry> {
        let location = self.table.clone()?;
        let at = self.version.map_or(At::Newest, At::Version);
        Some(Inquiry::Describe(TableAt { location, at }))
    }

    /// What the view needs besides the description, all of the version that was described.
    pub(crate) fn details(&self, described: &TableDescription, travel: Travel) -> Vec<Inquiry> {
        let location = described.table.location.clone();
        let at = described.version.map_or(At::Newest, At::Version);
        let table = TableAt { location: location.clone(), at };
        let mut details = Vec::new();
        let has_log = described.kind == TableKind::Delta;
        match self.view {
            View::History if has_log => {
                details.push(Inquiry::History { location: location.clone(), before: self.before });
            }
            View::Files => details.push(Inquiry::Files { table, first: self.first_file }),
            View::Layout => details.push(match self.layout_path(described) {
                Some(path) => Inquiry::Layout { table, path },
                None => Inquiry::Files { table, first: self.first_file },
            }),
            View::Preview => details.push(Inquiry::Rows(RowsSpec {
                table,
                columns: self.preview_columns(described),
                conditions: self.condition.iter().cloned().collect(),
                limit: Some(N_ROWS),
                form: RowForm::Text,
            })),
            View::Schema | View::Protocol | View::History => {}
        }
        if has_log && travel == Travel::Begun && self.view != View::History {
            details.push(Inquiry::History { location, before: None });
        }
        details
    }

    /// The file whose inside is shown: the one that was chosen, or the only one that there is.
    pub(crate) fn layout_path(&self, described: &TableDescription) -> Option<String> {
        match described.kind {
            TableKind::Parquet => Some(described.table.location.trim_end_matches('/').to_owned()),
            TableKind::Delta | TableKind::Files => self.file.clone(),
        }
    }

    /// The columns of the preview: those chosen that the table has, else its first ones.
    pub(crate) fn preview_columns(&self, described: &TableDescription) -> Vec<String> {
        let names = || described.columns.iter().map(|column| &column.name);
        let chosen: Vec<String> =
            names().filter(|name| self.columns.contains(name)).cloned().collect();
        match chosen.is_empty() {
            true => names().take(N_COLUMNS).cloned().collect(),
            false => chosen,
        }
    }

    /// The first file of the page after `first`, of `n_files` files, if there is one.
    pub fn next_files(first: u64, n_files: u64) -> Option<u64> {
        let next = first.saturating_add(u64::from(N_FILES));
        (next < n_files).then_some(next)
    }

    /// The first file of the page before `first`, if there is one.
    pub fn previous_files(first: u64) -> Option<u64> {
        (first > 0).then(|| first.saturating_sub(u64::from(N_FILES)))
    }
}
