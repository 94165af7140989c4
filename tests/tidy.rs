//! The rules of the code that a machine can check. A rule that nobody checks decays.

pub mod graph;
pub mod rules;
pub mod sources;

use self::sources::{Source, all, root, text_of};

/// Fails with every breach that `rule` finds in the checkout.
fn check(name: &str, rule: fn(&Source) -> Vec<String>) {
    let findings: Vec<String> = all().iter().flat_map(rule).collect();
    assert!(findings.is_empty(), "{name}\n{}", findings.join("\n"));
}

/// Fails unless `rule` finds as many breaches in a made-up file as expected.
fn check_rule(rule: fn(&Source) -> Vec<String>, path: &str, text: &str, n_expected: usize) {
    let findings = rule(&Source::of(path, text));
    assert_eq!(findings.len(), n_expected, "{path}\n{text}\n{findings:?}");
}

#[test]
fn a_module_is_at_most_400_lines_before_its_tests() {
    check("style.md, A module: at most 400 lines before `mod tests`", rules::long_files);
    check_rule(rules::long_files, "a.rs", &"\n".repeat(400), 0);
    check_rule(rules::long_files, "a.rs", &"\n".repeat(401), 1);
    let tested = "\n".repeat(400) + "#[cfg(test)]\nmod tests {\n}\n";
    check_rule(rules::long_files, "a.rs", &tested, 0);
    check_rule(rules::long_files, "src/a/tests.rs", &"\n".repeat(401), 1);
    check_rule(rules::long_files, "src/a/tests/law.rs", &"\n".repeat(401), 1);
}

#[test]
fn a_module_says_what_it_is() {
    check("style.md, A module: `//!` comes first", rules::missing_module_docs);
    check_rule(rules::missing_module_docs, "a.rs", "use b;", 1);
}

#[test]
fn a_file_lies_beside_its_folder_and_has_no_twin() {
    check("style.md, Layout and Names", rules::wrong_layout);
    check_rule(rules::wrong_layout, "a/mod.rs", "", 1);
    check_rule(rules::wrong_layout, "a/store_wasm.rs", "", 1);
}

#[test]
fn names_are_nouns_of_the_field() {
    check("style.md, Names: not allowed", rules::empty_names);
    check_rule(rules::empty_names, "a/utils.rs", "", 1);
    check_rule(rules::empty_names, "a.rs", "pub(crate) fn process(a: u8) {", 1);
    check_rule(rules::empty_names, "a.rs", "struct TableManager;", 1);
    check_rule(rules::empty_names, "a.rs", "fn read_data_file() {}\n// the type data", 0);
}

#[test]
fn public_functions_take_no_bool() {
    check("style.md, A module: no `bool` parameters", rules::bool_parameters);
    check_rule(rules::bool_parameters, "a.rs", "pub fn a(b: u8, c: bool) {", 1);
    check_rule(rules::bool_parameters, "a.rs", "pub fn a(\n    b: bool,\n) -> u8\n{", 1);
    check_rule(rules::bool_parameters, "a.rs", "pub fn a(f: impl Fn(u8) -> bool) -> bool {", 0);
    check_rule(rules::bool_parameters, "a.rs", "fn a(b: bool) {", 0);
}

#[test]
fn platforms_fork_at_a_module() {
    check("style.md, Layout: one `cfg` at one `mod`", rules::scattered_forks);
    let fork = "#[cfg(target_arch = \"wasm32\")]\n";
    check_rule(rules::scattered_forks, "a.rs", &format!("{fork}mod http;"), 0);
    check_rule(rules::scattered_forks, "a.rs", &format!("{fork}fn now() {{}}"), 1);
}

#[test]
fn panels_only_show() {
    check(
        "style.md, Page and worker: no spawn_local, fetch or SQL in panels",
        rules::work_in_panels,
    );
    check_rule(rules::work_in_panels, "app/src/panels/kpi.rs", "spawn_local(async {});", 1);
    check_rule(rules::work_in_panels, "app/src/shell.rs", "spawn_local(async {});", 0);
}

#[test]
fn sql_has_its_places() {
    check("design.md, Invariants: SQL text exists in three places only", rules::stray_sql);
    check_rule(rules::stray_sql, "worker/src/a.rs", "let q = \"Select 1\";", 1);
    check_rule(rules::stray_sql, "worker/src/a.rs", "mod tests {\n\"select 1\"", 0);
    check_rule(rules::stray_sql, "pipeline/src/a.rs", "let q = \"select 1\";", 0);
    check_rule(rules::stray_sql, "crates/a/examples/b.rs", "let q = \"select 1\";", 0);
}

#[test]
fn no_file_knows_a_machine() {
    check("texts speak of the project alone", rules::machine_paths);
    check_rule(rules::machine_paths, "a.md", &["/ro", "ot/x"].concat(), 1);
}

#[test]
fn crates_name_only_what_the_design_draws() -> anyhow::Result<()> {
    let mut findings = Vec::new();
    for (member, named) in graph::named_by_members()? {
        if graph::OUTSIDE.contains(&member.as_str()) {
            continue;
        }
        match graph::MAY_NAME.iter().find(|(name, _)| *name == member) {
            None => findings.push(format!("{member}: design.md does not draw it")),
            Some((_, allowed)) => findings.extend(
                named
                    .iter()
                    .filter(|name| !allowed.contains(&name.as_str()))
                    .map(|name| format!("{member}/Cargo.toml: {member} may not name {name}")),
            ),
        }
    }
    assert!(findings.is_empty(), "design.md, Crates\n{}", findings.join("\n"));
    Ok(())
}

#[test]
fn the_page_never_reaches_the_engine_nor_the_engine_the_page() -> anyhow::Result<()> {
    let metadata = graph::for_the_browser()?;
    let breaches = |root: &str, forbidden: &[&str]| -> Vec<String> {
        let reached = graph::reached(&metadata, root);
        assert!(reached.contains("protocol"), "{root} reaches {reached:?}");
        reached
            .into_iter()
            .filter(|name| forbidden.iter().any(|prefix| name.starts_with(prefix)))
            .map(|name| format!("{root} reaches {name}"))
            .collect()
    };
    let mut findings = breaches("app", &["datafusion", "parquet", "delta_log", "sqlparser"]);
    findings.extend(breaches("worker", &["leptos", "plotters", "app", "coordinator"]));
    assert!(findings.is_empty(), "design.md, Invariants 1\n{}", findings.join("\n"));
    Ok(())
}

#[test]
fn every_member_inherits_the_lints() -> anyhow::Result<()> {
    for lint in ["unwrap_used", "expect_used", "panic", "mod_module_files", "missing_docs"] {
        assert!(text_of("Cargo.toml").contains(lint), "Cargo.toml: the lint {lint} is gone");
    }
    for (member, folder) in graph::member_folders()? {
        let manifest = text_of(&format!("{folder}/Cargo.toml"));
        let inherits = manifest.contains("[lints]\nworkspace = true");
        assert!(inherits, "{folder}/Cargo.toml: {member} lacks [lints] workspace = true");
    }
    Ok(())
}

/// A file below `tests/` that no program names would never run.
#[test]
fn every_file_of_tests_is_a_module_of_its_program() {
    let mut findings = Vec::new();
    for (program, alone) in [
        ("tests/it.rs", &["bench_build", "bench_reads", "corpus", "lake", "lib", "page_check"][..]),
        ("pipeline/tests/it.rs", &["memory"]),
        ("store/tests/it.rs", &[]),
    ] {
        let folder =
            root().join(program).parent().map(std::path::Path::to_path_buf).unwrap_or_default();
        let modules = text_of(program);
        let files: Vec<String> = std::fs::read_dir(&folder)
            .into_iter()
            .flatten()
            .filter_map(|entry| {
                entry.ok()?.file_name().to_str()?.strip_suffix(".rs").map(str::to_owned)
            })
            .collect();
        assert!(files.len() > 2, "{} has no files", folder.display());
        for file in files {
            let is_named = modules.contains(&format!("\nmod {file};\n"));
            if file != "it" && !is_named && !alone.contains(&file.as_str()) {
                findings.push(format!("{program}: {file}.rs is no module of it"));
            }
        }
    }
    assert!(findings.is_empty(), "CONTRIBUTING.md, Layers of tests\n{}", findings.join("\n"));
}

#[test]
fn pure_crates_forbid_io_and_clocks() {
    let clippy = text_of("crates/clippy.toml");
    for path in [
        "std::time::Instant::now",
        "std::time::SystemTime::now",
        "std::fs::",
        "std::net::",
        "std::thread::",
    ] {
        assert!(clippy.contains(path), "crates/clippy.toml: {path} is not forbidden");
    }
}

#[test]
fn the_architecture_has_a_row_for_each_crate() -> anyhow::Result<()> {
    let architecture = text_of("ARCHITECTURE.md");
    assert!(!architecture.is_empty(), "ARCHITECTURE.md is missing in {}", root().display());
    let rows: Vec<&str> = architecture
        .lines()
        .skip_while(|line| !line.to_lowercase().starts_with("| crate"))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .filter_map(|line| line.split('|').nth(1))
        .map(|cell| cell.trim().trim_matches(['`', '/']))
        .collect();
    let members = graph::member_folders()?;
    for (name, folder) in &members {
        let has_row = rows.contains(&folder.as_str()) || rows.contains(&name.as_str());
        assert!(has_row, "ARCHITECTURE.md: no row for {name}");
    }
    for row in rows {
        let is_there = members.iter().any(|(name, folder)| row == name || row == folder);
        assert!(is_there, "ARCHITECTURE.md: the row {row:?} is of no crate");
    }
    Ok(())
}
