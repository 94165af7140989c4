//! `_last_checkpoint`: where the log may be entered. A hint only: the table is readable without it.

use crate::path::{checkpoint_part_path, checkpoint_path, named_checkpoint_path, sidecar_path};
use serde::Deserialize;
use serde_json::Value;

/// The most parts that a checkpoint can have.
const MAX_PARTS: u64 = 4096;

/// What a usable hint says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hint {
    pub version: u64,
    pub form: CheckpointForm,
    /// The paths of the sidecars that the checkpoint has, as far as the hint says, relative to the
    /// table's root.
    pub sidecars: Vec<String>,
}

/// The names of a checkpoint's files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CheckpointForm {
    /// One file under the classic name, of v1 or v2.
    Single,
    /// A v1 checkpoint in so many files.
    Parts(u64),
    /// A v2 checkpoint at that path, relative to the table's root.
    Named(String),
}

impl CheckpointForm {
    /// The paths of the files of such a checkpoint, without sidecars.
    pub fn paths(&self, version: u64) -> Vec<String> {
        match self {
            CheckpointForm::Single => vec![checkpoint_path(version)],
            CheckpointForm::Parts(n_parts) => {
                (1..=*n_parts).map(|part| checkpoint_part_path(version, part, *n_parts)).collect()
            }
            CheckpointForm::Named(path) => vec![path.clone()],
        }
    }
}

/// Why a hint cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("`_delta_log/_last_checkpoint` line {line} column {column}: {source}")]
pub struct HintError {
    /// The line, from 1.
    pub line: usize,
    /// The byte within the line, from 1.
    pub column: usize,
    /// What the JSON parser says.
    pub source: serde_json::Error,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HintJson {
    version: u64,
    parts: Option<u64>,
    v2_checkpoint: Option<Value>,
}

/// Reads a hint.
///
/// # Errors
/// [`HintError`] when `bytes` are not the JSON of one.
///
/// Source: Delta protocol, "Last Checkpoint File Schema".
pub(crate) fn parse(bytes: &[u8]) -> Result<Hint, HintError> {
    let error = |source: serde_json::Error| HintError {
        line: source.line(),
        column: source.column(),
        source,
    };
    let broken = |rule: String| error(serde::de::Error::custom(rule));
    let HintJson { version, parts, v2_checkpoint } =
        serde_json::from_slice(bytes).map_err(error)?;
    if i64::try_from(version).is_err() {
        return Err(broken(format!("version {version} is above the highest one, 2^63 - 1")));
    }
    if let Some(n_parts) = parts.filter(|n_parts| !(1..=MAX_PARTS).contains(n_parts)) {
        return Err(broken(format!("{n_parts} parts are not 1 to {MAX_PARTS}")));
    }
    let text = |value: &Value| value.get("path").and_then(Value::as_str).map(str::to_owned);
    let named = v2_checkpoint.as_ref().and_then(text);
    let form = match (named.and_then(|path| named_checkpoint_path(version, &path)), parts) {
        (Some(path), _) => CheckpointForm::Named(path),
        (None, Some(n_parts)) => CheckpointForm::Parts(n_parts),
        (None, None) => CheckpointForm::Single,
    };
    let sidecars = v2_checkpoint.as_ref().and_then(|v2| v2.get("sidecarFiles")?.as_array());
    let sidecars = sidecars.into_iter().flatten().filter_map(|file| sidecar_path(&text(file)?));
    Ok(Hint { version, form, sidecars: sidecars.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, expected: Option<(u64, CheckpointForm, usize)>) {
        let found = parse(json.as_bytes()).ok();
        let found = found.map(|hint| (hint.version, hint.form, hint.sidecars.len()));
        assert_eq!(found, expected, "{json}");
    }

    #[test]
    fn hints() {
        let single = |version| Some((version, CheckpointForm::Single, 0));
        check("{\"version\":10,\"size\":13}", single(10));
        check("{\"version\":10,\"parts\":null,\"v2Checkpoint\":null}", single(10));
        check("{\"version\":1,\"parts\":2}", Some((1, CheckpointForm::Parts(2), 0)));
        check("{\"version\":1,\"v2Checkpoint\":{\"path\":\"x\"}}", single(1));
        check("{\"version\":1,\"v2Checkpoint\":7}", single(1));
        let name = "00000000000000000001.checkpoint.a-b.json";
        let named = CheckpointForm::Named(format!("_delta_log/{name}"));
        check(
            &format!(
                "{{\"version\":1,\"v2Checkpoint\":{{\"path\":\"{name}\",\"sidecarFiles\":[{{\"path\":\"a\"}},7]}}}}"
            ),
            Some((1, named, 1)),
        );
        check("", None);
        check("{\"version\":-1}", None);
        check("{\"version\":18446744073709551615}", None);
        check("{\"version\":\"1\"}", None);
        check("{\"version\":1,\"parts\":0}", None);
        check("{\"version\":1,\"parts\":1000000000}", None);
        check("{\"size\":1}", None);
        check("{\"version\":1", None);
        check("<html>", None);
    }
}
