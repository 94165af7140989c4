//! The rules that look at one file at a time. Each returns `path:line: what` for every breach.

use crate::tidy::sources::Source;

/// At most so many lines before `mod tests`.
const MOST_LINES: usize = 400;

/// Names that are a missing noun.
const NOT_NOUNS: [&str; 11] = [
    "util", "utils", "common", "misc", "helper", "helpers", "manager", "data", "info", "process",
    "stuff",
];

/// A module that is too long to hold one idea.
pub fn long_files(source: &Source) -> Vec<String> {
    let n_lines = source.n_lines();
    if source.is_rust() && n_lines > MOST_LINES {
        return vec![source.finding(n_lines, format!("{n_lines} lines before `mod tests`"))];
    }
    Vec::new()
}

/// A module that does not say what it is.
pub fn missing_module_docs(source: &Source) -> Vec<String> {
    if source.is_rust() && !source.text.starts_with("//!") {
        return vec![source.finding(1, "the first line is not `//!`")];
    }
    Vec::new()
}

/// `foo/mod.rs`, and `foo.rs` beside `foo_wasm.rs`.
pub fn wrong_layout(source: &Source) -> Vec<String> {
    let name = source.file_name();
    let mut findings = Vec::new();
    if name == "mod.rs" {
        findings.push(source.finding(1, "`foo.rs` goes beside `foo/`"));
    }
    if ["_wasm.rs", "_native.rs", "_web.rs"].iter().any(|end| name.ends_with(end)) {
        findings.push(source.finding(1, "a fork is a folder with two files, not a twin"));
    }
    findings
}

/// Files, modules, functions and types that are called after nothing.
pub fn empty_names(source: &Source) -> Vec<String> {
    let mut findings = Vec::new();
    let stem = source.file_name().split('.').next().unwrap_or_default();
    if NOT_NOUNS.contains(&stem) {
        findings.push(source.finding(1, format!("{stem:?} is a missing noun")));
    }
    if !source.is_rust() {
        return findings;
    }
    for (number, line) in source.lines_before_tests() {
        let Some(name) = item_name(line) else { continue };
        let is_empty_type =
            ["Manager", "Helper", "Info", "Utils"].iter().any(|end| name.ends_with(end));
        if NOT_NOUNS.contains(&name) || is_empty_type {
            findings.push(source.finding(number, format!("{name:?} is a missing noun")));
        }
    }
    findings
}

/// The name of the function, type or module that `line` begins.
fn item_name(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace();
    let keyword = words.find(|word| {
        !["async", "const", "extern", "unsafe"].contains(word) && !word.starts_with("pub")
    })?;
    if !["fn", "struct", "enum", "trait", "mod", "type"].contains(&keyword) {
        return None;
    }
    words.next()?.split(|c: char| !(c.is_alphanumeric() || c == '_')).next()
}

/// Public functions with a `bool` parameter: the caller's `true` says nothing.
pub fn bool_parameters(source: &Source) -> Vec<String> {
    let mut findings = Vec::new();
    if !source.is_rust() {
        return findings;
    }
    let lines: Vec<(usize, &str)> = source.lines_before_tests().collect();
    for (idx, (number, line)) in lines.iter().enumerate() {
        let start = line.trim_start();
        if !start.starts_with("pub") || !start.contains("fn ") {
            continue;
        }
        let signature: String = lines[idx..]
            .iter()
            .take(20)
            .map(|(_, line)| line.trim())
            .take_while(|line| *line != "{")
            .collect::<Vec<_>>()
            .join(" ");
        if parameters(&signature).split(',').any(|parameter| parameter.trim().ends_with(": bool")) {
            findings.push(source.finding(*number, "a `bool` parameter; two functions or an enum"));
        }
    }
    findings
}

/// What is between the parentheses of a signature; `impl Fn(..) -> bool` in it does not end it.
fn parameters(signature: &str) -> &str {
    let Some(start) = signature.find("fn ").and_then(|at| Some(at + signature[at..].find('(')?))
    else {
        return "";
    };
    let mut depth = 0;
    for (at, c) in signature[start..].char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => continue,
        }
        if depth == 0 {
            return &signature[start + 1..start + at];
        }
    }
    ""
}

/// A platform fork that is not at a module: bodies that fork line by line drift apart.
pub fn scattered_forks(source: &Source) -> Vec<String> {
    let mut findings = Vec::new();
    // A `main` that starts nothing elsewhere is the end of a fork, not its place.
    if !source.is_rust() || source.file_name() == "main.rs" {
        return findings;
    }
    let lines: Vec<(usize, &str)> = source.lines_before_tests().collect();
    for (idx, (number, line)) in lines.iter().enumerate() {
        let start = line.trim_start();
        let is_attribute = start.starts_with("#[cfg") || start.starts_with("#![cfg");
        if !is_attribute || !start.contains("target_arch") {
            continue;
        }
        let next = lines[idx + 1..]
            .iter()
            .map(|(_, line)| line.trim())
            .find(|line| !line.starts_with("#[") && !line.starts_with("//"))
            .unwrap_or_default();
        let is_at_a_module = start.starts_with("#![cfg_attr")
            || [
                "mod ",
                "pub mod ",
                "pub(crate) mod ",
                "use ",
                "pub use ",
                "pub(crate) use ",
                "fn main(",
            ]
            .iter()
            .any(|item| next.starts_with(item));
        if !is_at_a_module {
            findings.push(source.finding(*number, "a platform fork goes at a `mod`"));
        }
    }
    findings
}

/// Work in a panel: it reads signals and emits an event, nothing else.
pub fn work_in_panels(source: &Source) -> Vec<String> {
    if !source.path.starts_with("app/src/panels/") {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (number, line) in source.lines_before_tests() {
        if line.trim_start().starts_with("//") {
            continue;
        }
        for word in ["spawn_local", "fetch", "SQL"] {
            if line.contains(word) {
                findings.push(source.finding(number, format!("{word} in a panel")));
            }
        }
    }
    findings
}

/// SQL text outside the models, the catalog's measures, tests and examples.
pub fn stray_sql(source: &Source) -> Vec<String> {
    let has_sql = ["pipeline/", "tests/", "examples/"].iter().any(|dir| source.path.contains(dir));
    if !source.is_rust() || has_sql {
        return Vec::new();
    }
    source
        .lines_before_tests()
        .filter(|(_, line)| {
            let line = line.to_lowercase();
            ["select ", "insert into ", "with recursive "].iter().any(|verb| {
                line.contains(&format!("\"{verb}")) || line.contains(&format!("`{verb}"))
            }) && !line.trim_start().starts_with("//")
        })
        .map(|(number, _)| {
            source.finding(number, "SQL text; panels and engine ask with a QuerySpec")
        })
        .collect()
}

/// Paths of one machine, and hosts that packages came from.
pub fn machine_paths(source: &Source) -> Vec<String> {
    // In two parts, so that this file does not break its own rule.
    let forbidden = [
        ["/ro", "ot/"],
        ["/wo", "rk/"],
        ["/home/", "user/"],
        ["index.cra", "tes.io"],
        ["registry.np", "mjs.org"],
        ["static.cra", "tes.io"],
    ];
    let mut findings = Vec::new();
    for (number, line) in (1..).zip(source.text.lines()) {
        for parts in &forbidden {
            let text = parts.concat();
            if line.contains(&text) {
                findings.push(source.finding(number, format!("{text} is of one machine")));
            }
        }
    }
    findings
}
