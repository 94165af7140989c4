//! Seeds: inputs that are right, made from the tables of the corpus.

use crate::table::log_bytes;
use anyhow::{Context, Result};
use delta_log::commit_path;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// Files above this are left out: a fuzzer needs many small inputs.
const MAX_BYTES: u64 = 200_000;

/// The inputs of each target.
pub type Seeds = BTreeMap<&'static str, Vec<Vec<u8>>>;

/// The seeds that the tables under `corpus` give.
///
/// # Errors
/// When a file or an archive cannot be read.
pub fn of_corpus(corpus: &Path) -> Result<Seeds> {
    let mut logs: BTreeMap<PathBuf, BTreeMap<String, Vec<u8>>> = BTreeMap::new();
    let mut seeds = Seeds::new();
    let mut take = |path: &Path, bytes: Vec<u8>| -> Result<()> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let folder = path.parent().context("a file lies in a folder")?;
        if folder.ends_with("_delta_log") || folder.ends_with("_sidecars") {
            let log = folder.ancestors().find(|folder| folder.ends_with("_delta_log"));
            logs.entry(log.unwrap_or(folder).to_owned()).or_default().insert(name, bytes);
        } else if name.starts_with("deletion_vector") && name.ends_with(".bin") {
            seeds.entry("deletion_vector").or_default().extend(vectors(&bytes));
        } else if name.ends_with(".parquet") {
            seeds.entry("footer").or_default().push(bytes);
        }
        Ok(())
    };
    let folders = [corpus.join("delta"), corpus.join("parquet/data")];
    for entry in folders.iter().flat_map(|it| WalkDir::new(it).sort_by_file_name()) {
        let entry = entry?;
        let path = entry.path();
        if !entry.file_type().is_file() || entry.metadata()?.len() > MAX_BYTES {
            continue;
        }
        if !path.to_string_lossy().ends_with(".tar.zst") {
            take(path, fs::read(path)?)?;
            continue;
        }
        let mut archive = tar::Archive::new(zstd::Decoder::new(fs::File::open(path)?)?);
        for file in archive.entries().with_context(|| path.display().to_string())? {
            let mut file = file?;
            let inner = path.join(file.path()?);
            if file.header().entry_type().is_file() && file.size() <= MAX_BYTES {
                let mut bytes = Vec::new();
                std::io::Read::read_to_end(&mut file, &mut bytes)?;
                take(&inner, bytes)?;
            }
        }
    }
    for log in logs.values() {
        of_log(log, &mut seeds);
    }
    Ok(seeds)
}

/// The vectors in a file of them.
fn vectors(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut vectors = Vec::new();
    bytes = bytes.get(1..).unwrap_or_default();
    while let Some((size, rest)) = bytes.split_first_chunk() {
        let size = u32::from_be_bytes(*size) as usize;
        let Some(vector) = rest.get(..size) else { break };
        vectors.push(vector.to_vec());
        bytes = rest.get(size + 4..).unwrap_or_default();
    }
    vectors
}

fn of_log(log: &BTreeMap<String, Vec<u8>>, seeds: &mut Seeds) {
    let mut add = |target, seed: Vec<u8>| {
        if seed.len() as u64 <= MAX_BYTES {
            seeds.entry(target).or_default().push(seed);
        }
    };
    let hint = log.get("_last_checkpoint").map_or(&[][..], Vec::as_slice);
    let commits: Vec<&[u8]> = (0..)
        .map_while(|version| log.get(commit_path(version).trim_start_matches("_delta_log/")))
        .map(Vec::as_slice)
        .collect();
    add("log", log_bytes(b"", &commits));
    if !hint.is_empty() {
        add("log", log_bytes(hint, &commits));
    }
    for (name, bytes) in log {
        if name.ends_with(".parquet") || name.contains(".checkpoint.") {
            let parts = r#"{"version":2,"parts":2}"#;
            let v2 = format!(r#"{{"version":2,"v2Checkpoint":{{"path":"{name}"}}}}"#);
            let hints = match name.matches('.').count() {
                2 => vec![r#"{"version":2}"#],
                4 => vec![parts],
                _ => vec![v2.as_str()],
            };
            for hint in hints {
                add("checkpoint", [hint.as_bytes(), b"\n", bytes].concat());
            }
        }
        let text = String::from_utf8_lossy(bytes);
        for line in text.lines().filter(|line| line.contains("\"schemaString\"")) {
            if let Some(schema) = schema_string(line) {
                add("schema", schema.into_bytes());
            }
        }
    }
}

/// The schema in a line of a commit, without its escapes.
fn schema_string(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("\"schemaString\"")?;
    let rest = rest.trim_start_matches([':', ' ']).strip_prefix('"')?;
    let mut text = String::new();
    let mut chars = rest.chars();
    loop {
        match chars.next()? {
            '"' => return Some(text),
            '\\' => text.push(chars.next()?),
            c => text.push(c),
        }
    }
}
