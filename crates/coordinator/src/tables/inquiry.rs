//! A question about a table.

use protocol::{Ask, At, RowsSpec, TableAt};

/// Commits on one page of the history.
pub(crate) const N_COMMITS: u32 = 20;

/// Files on one page of them.
pub(crate) const N_FILES: u32 = 50;

/// Rows of a preview.
pub(crate) const N_ROWS: u64 = 100;

/// A question about a table, by which its answer is known.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Inquiry {
    Describe(TableAt),
    History { location: String, before: Option<u64> },
    Files { table: TableAt, first: u64 },
    Layout { table: TableAt, path: String },
    Rows(RowsSpec),
}

/// Which part of the page an answer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Description,
    History,
    Files,
    Layout,
    Rows,
}

impl Inquiry {
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Inquiry::Describe(_) => Kind::Description,
            Inquiry::History { .. } => Kind::History,
            Inquiry::Files { .. } => Kind::Files,
            Inquiry::Layout { .. } => Kind::Layout,
            Inquiry::Rows(_) => Kind::Rows,
        }
    }

    /// The table's location.
    pub(crate) fn location(&self) -> &str {
        match self {
            Inquiry::Describe(table) => &table.location,
            Inquiry::History { location, .. } => location,
            Inquiry::Files { table, .. } | Inquiry::Layout { table, .. } => &table.location,
            Inquiry::Rows(spec) => &spec.table.location,
        }
    }

    /// Whether the answer may be another one a moment later.
    pub(crate) fn is_newest(&self) -> bool {
        match self {
            Inquiry::Describe(table)
            | Inquiry::Files { table, .. }
            | Inquiry::Layout { table, .. } => table.at == At::Newest,
            Inquiry::History { before, .. } => before.is_none(),
            Inquiry::Rows(spec) => spec.table.at == At::Newest,
        }
    }

    pub(crate) fn ask(self) -> Ask {
        match self {
            Inquiry::Describe(table) => Ask::Describe(table),
            Inquiry::History { location, before } => {
                Ask::History { location, before, limit: N_COMMITS }
            }
            Inquiry::Files { table, first } => Ask::Files { table, offset: first, limit: N_FILES },
            Inquiry::Layout { table, path } => Ask::Layout { table, path },
            Inquiry::Rows(spec) => Ask::Rows(spec),
        }
    }
}
