//! The files of a table for those who know Parquet and no Delta log.

use super::{LakeError, LakeTable, column_mapping};
use std::collections::BTreeMap;
use url::Url;

/// Live files that hold the rows of a table as they are.
pub(crate) struct PlainFiles {
    /// The columns that are not in the files.
    pub(crate) partition_columns: Vec<String>,
    /// The files by the values of these columns.
    pub(crate) groups: BTreeMap<Vec<Option<String>>, Vec<String>>,
}

impl LakeTable {
    /// Its live files, below the folder `base`; `None` when the log has to be known to read them right: some of
    /// their rows are deleted, or their columns have other names; and when there is none.
    ///
    /// # Errors
    /// When its log cannot be read.
    pub(crate) fn plain_files(&self, base: &Url) -> Result<Option<PlainFiles>, LakeError> {
        let state = self.table.snapshot().map_err(|e| self.failed("cannot be read", e.into()))?;
        let metadata = state.metadata();
        if column_mapping(metadata.configuration()).is_some() {
            return Ok(None);
        }
        let partition_columns: Vec<String> =
            metadata.partition_columns().iter().map(ToString::to_string).collect();
        let mut groups: BTreeMap<Vec<Option<String>>, Vec<String>> = BTreeMap::new();
        for file in state.log_data().iter() {
            if file.deletion_vector_descriptor().is_some() {
                return Ok(None);
            }
            let mut values = file.partition_values_map();
            let values = partition_columns.iter().map(|name| values.remove(name).flatten());
            // An absolute path belongs to a table that was cloned, and lies anywhere.
            let path = file.path();
            if path.contains("://") || path.starts_with('/') {
                return Ok(None);
            }
            groups.entry(values.collect()).or_default().push(below(base, &path));
        }
        if groups.is_empty() {
            return Ok(None);
        }
        Ok(Some(PlainFiles { partition_columns, groups }))
    }
}

/// The URL of the file at `path` below `base`.
fn below(base: &Url, path: &str) -> String {
    let mut url = base.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty();
        segments.extend(path.split('/'));
    }
    url.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_url_whatever_is_in_it() {
        let base = Url::parse("file:///lake/silver/orders/").unwrap();
        let check = |path: &str, expected: &str| assert_eq!(below(&base, path), expected);
        check("part-1.parquet", "file:///lake/silver/orders/part-1.parquet");
        check("d=a%20b/p.parquet", "file:///lake/silver/orders/d=a%2520b/p.parquet");
        check("d=a b?/p.parquet", "file:///lake/silver/orders/d=a%20b%3F/p.parquet");
    }
}
