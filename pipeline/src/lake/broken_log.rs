//! Which file of a table's log is broken, and where.

use super::Root;
use serde_json::Value;

/// What is wrong with the log of the table at `location`, as far as its commits show it.
pub(super) async fn fault(root: &Root, location: &str) -> Option<String> {
    let files = root.list(&format!("{location}/_delta_log")).await.ok()?;
    let commits: Vec<(u64, &String)> =
        files.iter().filter_map(|path| Some((version(path)?, path))).collect();
    let mut has_columns = files.iter().any(|path| path.contains(".checkpoint."));
    for pair in commits.windows(2) {
        if let [(before, _), (after, path)] = pair
            && before + 1 != *after
        {
            let place = root.place(path);
            return Some(format!("{place} is there and commit {} before it is not", after - 1));
        }
    }
    for (_, path) in &commits {
        let place = root.place(path);
        let bytes = match root.get(path).await {
            Ok(bytes) => bytes?,
            Err(error) => return Some(error.to_string()),
        };
        let Ok(text) = std::str::from_utf8(&bytes) else {
            return Some(format!("{place} is no UTF-8"));
        };
        for (idx, line) in text.lines().enumerate().filter(|(_, line)| !line.is_empty()) {
            match serde_json::from_str::<Value>(line) {
                Ok(Value::Object(action)) => has_columns |= action.contains_key("metaData"),
                Ok(_) => return Some(format!("{place}:{} is no JSON object", idx + 1)),
                Err(error) => return Some(format!("{place}:{} is no JSON: {error}", idx + 1)),
            }
        }
    }
    let first = commits.first().filter(|_| !has_columns);
    first.map(|(_, path)| format!("{} does not say which columns there are", root.place(path)))
}

/// The version that a file of a log commits.
fn version(path: &str) -> Option<u64> {
    let name = path.rsplit('/').next()?.strip_suffix(".json")?;
    let is_number = name.len() == 20 && name.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { name.parse().ok() } else { None }
}
