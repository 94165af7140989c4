//! What a run says of each table: one record a table, as JSON and as a summary to read.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What lies at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A folder with a Delta log.
    Delta,
    /// A Parquet file of no Delta table.
    Parquet,
    /// An archive that cannot be unpacked, in which tables may be.
    Archive,
}

/// What became of a table. In the order in which they are summed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Read, and its rows are the expected ones: those in `expected`, or those that a plain reader
    /// reads from the same Parquet file.
    Equal,
    /// Read, and there is nothing to compare it with.
    Read,
    /// Refused with a typed error.
    Refused,
    /// Read, and its rows are not the expected ones.
    Wrong,
    /// The reader panicked, aborted or died.
    Panic,
    /// No answer in time.
    Timeout,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Outcome; 6] = [
        Outcome::Equal,
        Outcome::Read,
        Outcome::Refused,
        Outcome::Wrong,
        Outcome::Panic,
        Outcome::Timeout,
    ];

    /// Whether a run with such an outcome fails.
    pub fn is_failure(self) -> bool {
        matches!(self, Outcome::Wrong | Outcome::Panic | Outcome::Timeout)
    }

    /// As in the JSON.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Equal => "equal",
            Outcome::Read => "read",
            Outcome::Refused => "refused",
            Outcome::Wrong => "wrong",
            Outcome::Panic => "panic",
            Outcome::Timeout => "timeout",
        }
    }
}

/// Why a table was not read, or what is wrong with its rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The reader's error code; `difference`, `panic`, `timeout` or `archive` where it is no
    /// refusal.
    pub code: String,
    /// The text.
    pub text: String,
}

/// One table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Below the folder that was searched, with `/`. A table in an archive goes on with its path
    /// in the archive.
    pub path: String,
    /// What lies there.
    pub kind: Kind,
    /// What became of it.
    pub outcome: Outcome,
    /// The newest version, where it was read.
    pub version: Option<u64>,
    /// Its rows.
    pub rows: Option<u64>,
    /// What the table asks of a reader, by an account of the log that is not the reader's own; for
    /// a Parquet file its codecs and what else is in its footer.
    pub features: Vec<String>,
    /// Why it was not read, or what is wrong.
    pub error: Option<Problem>,
    /// How long the reader took.
    pub elapsed_ms: u64,
    /// What else there is to know, such as that the plain reader cannot read the file.
    pub note: Option<String>,
}

/// The records as a JSON array, one record a line.
///
/// # Errors
/// When one cannot be written as JSON.
pub fn to_json(records: &[Record]) -> anyhow::Result<String> {
    let lines = records.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>()?;
    Ok(format!("[\n{}\n]\n", lines.join(",\n")))
}

/// How many tables of each kind ended how, and each that makes the run fail.
pub fn summary(records: &[Record]) -> String {
    let mut text = format!("{:8}", "");
    for outcome in Outcome::ALL {
        text += &format!("{:>9}", outcome.name());
    }
    text.push('\n');
    for (kind, name) in
        [(Kind::Delta, "delta"), (Kind::Parquet, "parquet"), (Kind::Archive, "archive")]
    {
        let of_kind: Vec<&Record> = records.iter().filter(|record| record.kind == kind).collect();
        if of_kind.is_empty() && kind == Kind::Archive {
            continue;
        }
        text += &format!("{name:8}");
        for outcome in Outcome::ALL {
            let n = of_kind.iter().filter(|record| record.outcome == outcome).count();
            text += &format!("{n:>9}");
        }
        text.push('\n');
    }
    let mut codes: BTreeMap<&str, usize> = BTreeMap::new();
    for record in records.iter().filter(|record| record.outcome == Outcome::Refused) {
        *codes.entry(record.error.as_ref().map_or("", |error| &error.code)).or_default() += 1;
    }
    let codes: Vec<String> = codes.iter().map(|(code, n)| format!("{n} {code}")).collect();
    text +=
        &format!("refused: {}\n", if codes.is_empty() { "none".into() } else { codes.join(", ") });
    for record in records.iter().filter(|record| record.outcome.is_failure()) {
        let error = record.error.as_ref().map_or("", |error| &error.text);
        text += &format!("{:>8}  {}: {error}\n", record.outcome.name(), record.path);
    }
    text
}
