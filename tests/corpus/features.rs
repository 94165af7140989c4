//! What a table asks of its reader, looked up without the reader: in the JSON of all commits and in
//! the names of the log's files; for a Parquet file in its footer. Lenient: what cannot be read adds
//! nothing.

use datafusion::parquet::file::metadata::{PageIndexPolicy, ParquetMetaDataReader};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;

/// The features of the table in the folder or of the Parquet file at `path`, sorted.
pub fn of(path: &Path) -> Vec<String> {
    match path.is_dir() {
        true => of_delta(path),
        false => of_parquet(path),
    }
}

fn of_delta(table: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(table.join("_delta_log"))
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| !name.starts_with('.'))
        .collect();
    names.sort_unstable();
    let mut found = BTreeSet::new();
    let mut protocol = Value::Null;
    let mut properties = Value::Null;
    for name in &names {
        let parts: Vec<&str> = name.split('.').collect();
        match parts.as_slice() {
            [_, "checkpoint", "parquet"] => drop(found.insert("checkpoint".to_owned())),
            [_, "checkpoint", _, _, "parquet"] => {
                found.insert("multi-part checkpoint".to_owned());
            }
            [_, "checkpoint", _, kind @ ("parquet" | "json")] => {
                found.insert(format!("v2 checkpoint ({kind})"));
            }
            [_, _, "compacted", "json"] => drop(found.insert("log compaction".to_owned())),
            [_, "crc"] => drop(found.insert("version checksum".to_owned())),
            _ => {}
        }
        let is_commit = parts.len() == 2 && parts[1] == "json";
        let is_json_checkpoint = parts.contains(&"checkpoint") && parts.last() == Some(&"json");
        if !is_commit && !is_json_checkpoint {
            continue;
        }
        let Ok(file) = File::open(table.join("_delta_log").join(name)) else { continue };
        for line in BufReader::new(file).lines().map_while(Result::ok) {
            if line.contains("\"deletionVector\":{") {
                found.insert("deletion vectors".to_owned());
            }
            if !line.contains("\"protocol\"") && !line.contains("\"metaData\"") {
                continue;
            }
            let Ok(mut action) = serde_json::from_str::<Value>(&line) else { continue };
            if action["protocol"].is_object() {
                protocol = action["protocol"].take();
            }
            if action["metaData"].is_object() {
                properties = action["metaData"]["configuration"].take();
            }
        }
    }
    if table.join("_delta_log/_sidecars").is_dir() {
        found.insert("sidecars".to_owned());
    }
    let reader_features = protocol["readerFeatures"].as_array().into_iter().flatten();
    found.extend(reader_features.filter_map(Value::as_str).map(str::to_owned));
    if let Some(mode) = properties["delta.columnMapping.mode"].as_str() {
        found.remove("columnMapping");
        found.insert(format!("columnMapping ({mode})"));
    }
    found.into_iter().collect()
}

fn of_parquet(path: &Path) -> Vec<String> {
    let mut found = BTreeSet::new();
    let Ok(file) = File::open(path) else { return Vec::new() };
    let mut reader = ParquetMetaDataReader::new().with_page_index_policy(PageIndexPolicy::Skip);
    let Ok(metadata) = reader.try_parse(&file).and_then(|()| reader.finish()) else {
        return Vec::new();
    };
    for chunk in metadata.row_groups().iter().flat_map(|group| group.columns()) {
        let codec = format!("{:?}", chunk.compression());
        found.insert(codec.split('(').next().unwrap_or_default().to_lowercase());
        found.extend(chunk.encodings().map(|encoding| encoding.to_string().to_lowercase()));
        if chunk.bloom_filter_offset().is_some() {
            found.insert("bloom filter".to_owned());
        }
        if chunk.offset_index_offset().is_some() {
            found.insert("page index".to_owned());
        }
    }
    found.into_iter().collect()
}
