//! Which files of a table came and went between two versions.

use super::{LakeError, LakeTable};
use crate::plan::fitted;
use datafusion::catalog::TableProvider;
use datafusion::datasource::ViewTable;
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::LogicalPlanBuilder;
use datafusion::prelude::SessionContext;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The files whose rows changed between two versions. Upkeep moves rows between files and changes none,
/// so its commits do not count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    /// Files that came, with the version of their commit.
    added: BTreeMap<String, u64>,
    /// Files that went, with the version before their commit.
    removed: BTreeMap<String, u64>,
    /// Whether a commit took rows away or wrote them anew.
    pub(crate) has_rewritten: bool,
}

#[derive(Deserialize)]
struct Line {
    add: Option<FileAction>,
    remove: Option<FileAction>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FileAction {
    path: String,
    #[serde(default = "yes")]
    data_change: bool,
}

fn yes() -> bool {
    true
}

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
            for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                let line: Line = serde_json::from_slice(line)
                    .map_err(|e| self.failed("its log cannot be read", e.into()))?;
                changes.take(version, line);
            }
        }
        Ok(Some(changes))
    }
}

impl Changes {
    fn take(&mut self, version: u64, line: Line) {
        if let Some(add) = line.add.filter(|add| add.data_change) {
            self.added.insert(add.path, version);
        }
        if let Some(remove) = line.remove.filter(|remove| remove.data_change) {
            self.has_rewritten = true;
            let path = remove.path;
            // A file that came and went in between was in neither version.
            if self.added.remove(&path).is_none() {
                self.removed.insert(path, version - 1);
            }
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
        files(table, ctx, &self.added).await
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
        files(table, ctx, &self.removed).await
    }

    /// The rows of the files that came and of those that went.
    pub(crate) async fn touched(
        &self,
        table: &LakeTable,
        ctx: &SessionContext,
    ) -> Result<Arc<dyn TableProvider>, LakeError> {
        let mut all = self.added.clone();
        all.extend(self.removed.iter().map(|(path, version)| (path.clone(), *version)));
        files(table, ctx, &all).await
    }
}

/// The rows of `files`, each read at the version in which it was there.
async fn files(
    table: &LakeTable,
    ctx: &SessionContext,
    files: &BTreeMap<String, u64>,
) -> Result<Arc<dyn TableProvider>, LakeError> {
    let mut by_version: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    for (path, version) in files {
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

    fn changes(commits: &[&[(&str, &str, bool)]]) -> (String, bool) {
        let mut changes = Changes::default();
        for (version, commit) in (1..).zip(commits) {
            for (action, path, data_change) in *commit {
                let json =
                    format!(r#"{{"{action}":{{"path":"{path}","dataChange":{data_change}}}}}"#);
                changes.take(version, serde_json::from_str(&json).unwrap());
            }
        }
        let files = |sign: &str, files: &BTreeMap<String, u64>| {
            files
                .iter()
                .map(|(path, version)| format!("{sign}{path}@{version} "))
                .collect::<String>()
        };
        let text = files("+", &changes.added) + &files("-", &changes.removed);
        (text.trim_end().to_owned(), changes.has_rewritten)
    }

    #[test]
    fn files_that_came_and_went() {
        let check = |commits: &[&[(&str, &str, bool)]], expected: &str, rewritten: bool| {
            assert_eq!(changes(commits), (expected.to_owned(), rewritten), "{commits:?}");
        };
        check(&[&[("add", "a", true)], &[("add", "b", true)]], "+a@1 +b@2", false);
        check(&[&[("add", "b", true), ("remove", "a", true)]], "+b@1 -a@0", true);
        // Came and went in between.
        check(&[&[("add", "b", true)], &[("remove", "b", true), ("add", "c", true)]], "+c@2", true);
        // Upkeep moves rows and changes none: the file is read where it came.
        check(
            &[&[("add", "b", true)], &[("remove", "b", false), ("add", "c", false)]],
            "+b@1",
            false,
        );
    }
}
