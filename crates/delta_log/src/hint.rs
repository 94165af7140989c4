//! `_last_checkpoint`: where the log may be entered. A hint only: the table is readable without it.

use crate::CheckpointFormat;
use serde::Deserialize;

/// What a usable hint says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hint {
    pub version: u64,
    /// `None` for a single-file checkpoint, which is the one that can be read.
    pub unsupported: Option<CheckpointFormat>,
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
    v2_checkpoint: Option<serde::de::IgnoredAny>,
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
    let json: HintJson = serde_json::from_slice(bytes).map_err(error)?;
    if i64::try_from(json.version).is_err() {
        let rule = format!("version {} is above the highest one, 2^63 - 1", json.version);
        return Err(error(serde::de::Error::custom(rule)));
    }
    let unsupported = if json.v2_checkpoint.is_some() {
        Some(CheckpointFormat::V2)
    } else {
        json.parts.map(|n_parts| CheckpointFormat::MultiPart { n_parts })
    };
    Ok(Hint { version: json.version, unsupported })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, expected: Option<Hint>) {
        assert_eq!(parse(json.as_bytes()).ok(), expected, "{json}");
    }

    #[test]
    fn hints() {
        let hint = |version, unsupported| Some(Hint { version, unsupported });
        check("{\"version\":10,\"size\":13}", hint(10, None));
        check("{\"version\":10,\"parts\":null,\"v2Checkpoint\":null}", hint(10, None));
        check(
            "{\"version\":1,\"size\":12,\"parts\":2}",
            hint(1, Some(CheckpointFormat::MultiPart { n_parts: 2 })),
        );
        check(
            "{\"version\":1,\"v2Checkpoint\":{\"path\":\"x\"}}",
            hint(1, Some(CheckpointFormat::V2)),
        );
        check("", None);
        check("{\"version\":-1}", None);
        check("{\"version\":18446744073709551615}", None);
        check("{\"version\":\"1\"}", None);
        check("{\"size\":1}", None);
        check("{\"version\":1", None);
        check("<html>", None);
    }
}
