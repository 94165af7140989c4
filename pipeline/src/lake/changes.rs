//! Which files of a table came and went between two versions.

use super::{LakeError, LakeTable};
use crate::plan::fitted;
use crate::state::Position;
use datafusion::catalog::TableProvider;
use datafusion::datasource::ViewTable;
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::LogicalPlanBuilder;
use datafusion::prelude::SessionContext;
use delta_log::{FileAction, FileActionKind};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The files whose rows changed between two versions. Upkeep moves rows between files and changes none,
/// so its commits do not count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    /// Files that came, with the version of their commit.
    added: BTreeMap<File, u64>,
    /// Files that went, with the version before their commit.
    removed: BTreeMap<File, u64>,
    /// Whether a commit took rows away or wrote them anew.
    pub(crate) has_rewritten: bool,
}

/// What names a file of a table: its path in the log, and the deletion vector over it.
type File = (String, Option<Box<str>>);

impl LakeTable {
    /// What changed after `since`; `None` when the log does not reach back so far.
    ///
    /// # Errors
    /// [`LakeError`] when a commit cannot be read.
    pub(crate) async fn changes(&self, since: u64) -> Result<Option<Changes>, LakeError> {
        let log_store = self.table.log_store();
        let mut changes = Changes::default();
        for version in since + 1..=self.version() {
            let read = log_store.read_commit_entry(version).await;
            let read = read.map_err(|e| self.failed("its log cannot be read", e.into()))?;
            let Some(bytes) = read else { return Ok(None) };
            let actions = delta_log::file_actions(version, &bytes)
                .map_err(|e| self.failed("its log cannot be read", e.into()))?;
            changes.take(version, actions);
        }
        Ok(Some(changes))
    }

    /// The version of `before` whose rows the table still has; `None` when other rows came or went since, or it cannot
    /// be known.
    ///
    /// # Errors
    /// [`LakeError`] when a commit cannot be read.
    pub(crate) async fn rows_of(&self, before: &Position) -> Result<Option<u64>, LakeError> {
        let Position::Table { id, version, number, rows_of } = before else { return Ok(None) };
        let is_same = *id == self.id()
            && *number == self.number().unwrap_or(-1)
            && *version <= self.version();
        if !is_same {
            return Ok(None);
        }
        let changes = self.changes(*version).await?;
        let is_at_rest = changes.is_some_and(|changes| changes == Changes::default());
        Ok(is_at_rest.then(|| rows_of.unwrap_or(*version)))
    }
}

impl Changes {
    /// Takes the commit of `version`. The order of its actions says nothing.
    fn take(&mut self, version: u64, actions: Vec<FileAction>) {
        let (removed, added): (Vec<FileAction>, Vec<FileAction>) = actions
            .into_iter()
            .filter(|action| action.changes_rows)
            .partition(|action| action.kind == FileActionKind::Remove);
        for remove in removed {
            self.has_rewritten = true;
            let file = (remove.path, remove.vector_id);
            // A file that came and went in between was in neither version.
            if self.added.remove(&file).is_none() {
                self.removed.insert(file, version - 1);
            }
        }
        for add in added {
            self.added.insert((add.path, add.vector_id), version);
        }
    }

    /// Whether nothing changed.
    pub(crate) fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }

    /// Whether files came.
    pub(crate) fn has_added(&self) -> bool {
        !self.added.is_empty()
    }

    /// The rows of the files that came.
    pub(crate) async fn added(
        &self,
        table: &LakeTable,
        ctx: &SessionContext,
    ) -> Result<Arc<dyn TableProvider>, LakeError> {
        files(table, ctx, self.added.iter()).await
    }

    /// Whether files went.
    pub(crate) fn has_removed(&self) -> bool {
        !self.removed.is_empty()
    }

    /// The rows of the files that went.
    pub(crate) async fn removed(
        &self,
        table: &LakeTable,
        ctx: &SessionContext,
    ) -> Result<Arc<dyn TableProvider>, LakeError> {
        files(table, ctx, self.removed.iter()).await
    }

    /// The rows of the files that came and of those that went.
    pub(crate) async fn touched(
        &self,
        table: &LakeTable,
        ctx: &SessionContext,
    ) -> Result<Arc<dyn TableProvider>, LakeError> {
        files(table, ctx, self.added.iter().chain(&self.removed)).await
    }
}

/// The rows of `files`, each read at the version in which it was there.
async fn files(
    table: &LakeTable,
    ctx: &SessionContext,
    files: impl Iterator<Item = (&File, &u64)>,
) -> Result<Arc<dyn TableProvider>, LakeError> {
    let mut by_version: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    for ((path, _), version) in files {
        by_version.entry(*version).or_default().push(path.clone());
    }
    let mut parts = Vec::with_capacity(by_version.len());
    // A column may have come since a file was written.
    let schema = table.provider(ctx).await?.schema();
    for (version, paths) in by_version {
        let part = table.files_at(ctx, version, paths).await?;
        let part = fitted(part, &schema);
        parts.push(part.map_err(|e| table.failed("its changes cannot be read", e.into()))?);
    }
    union(parts).map_err(|e| table.failed("its changes cannot be read", e.into()))
}

/// One table of the rows of `parts`, which have one schema.
fn union(
    parts: Vec<Arc<dyn TableProvider>>,
) -> Result<Arc<dyn TableProvider>, datafusion::error::DataFusionError> {
    let mut parts = parts.into_iter();
    let Some(first) = parts.next() else {
        return Err(datafusion::error::DataFusionError::Internal("no file changed".to_owned()));
    };
    let mut rest = parts.peekable();
    if rest.peek().is_none() {
        return Ok(first);
    }
    let scan = |part| LogicalPlanBuilder::scan("part", provider_as_source(part), None);
    let mut plan = scan(first)?;
    for part in rest {
        plan = plan.union(scan(part)?.build()?)?;
    }
    Ok(Arc::new(ViewTable::new(plan.build()?, None)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    /// `+a` adds, `-a` removes, `+a/v` with a deletion vector; in capitals rows are only moved.
    fn actions(commit: &str) -> Vec<FileAction> {
        let action = |text: &str| {
            let (kind, name) = match text.split_at(1) {
                ("+", name) => (FileActionKind::Add, name),
                (_, name) => (FileActionKind::Remove, name),
            };
            let (path, vector) = name.split_once('/').map_or((name, None), |(p, v)| (p, Some(v)));
            FileAction {
                path: path.to_lowercase(),
                vector_id: vector.map(Into::into),
                kind,
                changes_rows: path == path.to_lowercase(),
            }
        };
        commit.split_whitespace().map(action).collect()
    }

    fn changes(commits: &[&str]) -> Changes {
        let mut changes = Changes::default();
        for (version, commit) in (1..).zip(commits) {
            changes.take(version, actions(commit));
        }
        changes
    }

    fn told(changes: &Changes) -> String {
        let files = |sign: &str, files: &BTreeMap<File, u64>| {
            let name = |(path, vector): &File| match vector {
                Some(vector) => format!("{path}/{vector}"),
                None => path.clone(),
            };
            let told =
                files.iter().map(|(file, version)| format!("{sign}{}@{version} ", name(file)));
            told.collect::<String>()
        };
        let text = files("+", &changes.added) + &files("-", &changes.removed);
        text.trim_end().to_owned()
    }

    #[test]
    fn files_that_came_and_went() {
        let check = |commits: &[&str], expected: &str, rewritten: bool| {
            let found = changes(commits);
            assert_eq!(
                (told(&found), found.has_rewritten),
                (expected.to_owned(), rewritten),
                "{commits:?}"
            );
        };
        check(&["+a", "+b"], "+a@1 +b@2", false);
        check(&["+b -a"], "+b@1 -a@0", true);
        // Came and went in between.
        check(&["+b", "-b +c"], "+c@2", true);
        // Upkeep moves rows and changes none: the file is read where it came.
        check(&["+b", "-B +C"], "+b@1", false);
        // A delete by a vector, in either order: the same file with other rows.
        check(&["-a +a/v"], "+a/v@1 -a@0", true);
        check(&["+a/v -a"], "+a/v@1 -a@0", true);
        check(&["+a/v -a", "+a/w -a/v"], "+a/w@2 -a@0", true);
    }

    proptest! {
        /// The files at the end are those of the beginning less those that went, and those that came.
        #[test]
        fn the_order_within_a_commit_says_nothing(
            commits in prop::collection::vec(prop::collection::vec((0..3_u8, 0..3_u8), 0..4), 1..5),
            seed in any::<u64>(),
        ) {
            let mut live: BTreeSet<File> = BTreeSet::new();
            live.insert(("f0".to_owned(), None));
            let before = live.clone();
            let (mut given, mut turned) = (Changes::default(), Changes::default());
            for (version, commit) in (1..).zip(&commits) {
                let mut found = Vec::new();
                for (file, vector) in commit {
                    let path = format!("f{file}");
                    let vector: Option<Box<str>> = (*vector > 0).then(|| format!("{vector}").into());
                    let wanted = (path.clone(), vector.clone());
                    // One logical file a path, and each path once a commit.
                    let is_named = found.iter().any(|action: &FileAction| action.path == path);
                    if live.contains(&wanted) || is_named {
                        continue;
                    }
                    let old: Vec<File> = live.iter().filter(|(p, _)| *p == path).cloned().collect();
                    for (path, vector_id) in old {
                        live.remove(&(path.clone(), vector_id.clone()));
                        let kind = FileActionKind::Remove;
                        found.push(FileAction { path, vector_id, kind, changes_rows: true });
                    }
                    live.insert(wanted);
                    let kind = FileActionKind::Add;
                    found.push(FileAction { path, vector_id: vector, kind, changes_rows: true });
                }
                given.take(version, found.clone());
                if seed.rotate_left(u32::try_from(version).unwrap()) & 1 == 1 {
                    found.reverse();
                }
                turned.take(version, found);
            }
            prop_assert_eq!(&given, &turned);
            let gone: BTreeSet<File> = given.removed.keys().cloned().collect();
            let come: BTreeSet<File> = given.added.keys().cloned().collect();
            let mut replayed: BTreeSet<File> = before.difference(&gone).cloned().collect();
            replayed.extend(come);
            prop_assert_eq!(replayed, live);
        }
    }
}
