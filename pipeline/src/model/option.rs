//! The options in the comments at the head of a model.

use super::ModelRule;
use crate::project::Place;

/// How a model's table is laid out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ModelOptions {
    /// Delta partition columns.
    pub(crate) partition_by: Vec<String>,
    /// The order of the rows, ascending, nulls last. It makes the ranges of files, row groups and
    /// pages narrow, so that a filter on the first column reads little.
    pub(crate) sort_by: Vec<String>,
}

/// Reads the `-- key: value` lines before the query. A comment whose text has no `word:` at its start
/// is a comment; a lower-case word with `_` that is no option is refused, since it is a typing error.
pub(super) fn parse(sql: &str) -> Result<ModelOptions, (Place, ModelRule)> {
    let mut options = ModelOptions::default();
    for (line_idx, line) in sql.lines().enumerate() {
        let trimmed = line.trim_start();
        if trimmed.is_empty() {
            continue;
        }
        let Some(comment) = trimmed.strip_prefix("--") else { break };
        let Some((key, value)) = comment.split_once(':') else { continue };
        let key = key.trim();
        let is_option =
            key.contains('_') && key.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        if !is_option {
            continue;
        }
        let columns: Vec<String> = value.split(',').map(column).collect();
        let slot = match key {
            "partition_by" => Some(&mut options.partition_by),
            "sort_by" => Some(&mut options.sort_by),
            _ => None,
        };
        match slot {
            Some(slot) if columns.iter().all(|column| !column.is_empty()) => *slot = columns,
            _ => {
                let column = line.find(key).map_or(1, |idx| idx + 1);
                let place = Place::at(line_idx as u64 + 1, column as u64);
                return Err((place, ModelRule::Option { key: key.to_owned() }));
            }
        }
    }
    Ok(options)
}

/// A column as SQL names it: lower case, unless it stands in double quotes.
fn column(text: &str) -> String {
    let text = text.trim();
    match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(quoted) => quoted.to_owned(),
        None => text.to_lowercase(),
    }
}
