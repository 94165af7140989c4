//! A small made-up project on a page.

use super::*;
use crate::describe::{
    Aside, AsideDescription, ColumnDescription, ExpectationDescription, ExposureDescription,
    MeasureDescription, ModelDescription, Run, Runs, SourceDescription, TableFacts,
};
use crate::{Kind, Layer, ModelName};
use catalog::Name;

/// The outline of the page; `UPDATE_SNAPSHOTS=1` writes it anew.
const OUTLINE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/site/tests/outline.txt");

/// Everything that a text could try.
const HOSTILE: &str =
    "</script><script>alert(1)</script><img src=x onerror=alert(1)>\" onload=\"a' & b";

fn model_name(layer: Layer, name: &str) -> ModelName {
    ModelName { layer, name: Name::new(name).unwrap() }
}

fn columns(words: &str) -> Vec<ColumnDescription> {
    let column = |name: &str, type_name: &str, description: &str| ColumnDescription {
        name: name.to_owned(),
        type_name: type_name.to_owned(),
        description: description.to_owned(),
    };
    vec![column("id", "bigint", words), column("price", "decimal(12, 2)", "")]
}

fn model(layer: Layer, name: &str, reads: &[&str], words: &str) -> ModelDescription {
    ModelDescription {
        name: model_name(layer, name),
        description: Some(words.to_owned()),
        owner: None,
        kind: Kind::Full,
        kept: vec!["Computed whole.".to_owned()],
        layout: Vec::new(),
        reads: reads.iter().map(|read| (*read).to_owned()).collect(),
        columns: columns(words),
        expectations: Vec::new(),
        freshness: None,
        measures: Vec::new(),
        sql: format!("select id from {} -- {words}", reads.join(", ")),
        path: format!("models/{layer}/{name}.sql"),
        table: None,
        asides: Vec::new(),
    }
}

/// A project of three models; `words` stands wherever somebody may write what he likes.
fn project(words: &str) -> Description {
    let at = DateTime::from_timestamp(1_700_000_000, 0);
    let facts =
        TableFacts { version: 3, committed_at: at, n_rows: 1_234, n_files: 2, size_bytes: 56_789 };
    let bronze = model(Layer::Bronze, "orders", &["source.orders"], words);
    let mut silver = model(Layer::Silver, "orders", &["bronze.orders"], words);
    let mut gold = model(Layer::Gold, "sales", &["silver.orders"], words);
    silver.owner = Some(words.to_owned());
    silver.kind = Kind::Merge;
    silver.layout = vec![("Sorted by", "id".to_owned())];
    silver.freshness = Some("The newest day may be old.".to_owned());
    silver.table = Some(facts.clone());
    silver.expectations = vec![
        ExpectationDescription {
            name: "not_null(id)".to_owned(),
            kind: "not_null",
            rule: "id is not null".to_owned(),
            columns: vec!["id".to_owned()],
            on_failure: "quarantine",
            consequence: "The row goes to silver.orders__quarantine with the reason.".to_owned(),
        },
        ExpectationDescription {
            name: words.to_owned(),
            kind: "sql",
            rule: words.to_owned(),
            columns: Vec::new(),
            on_failure: "warn",
            consequence: "The row is stored and counted.".to_owned(),
        },
    ];
    silver.asides = vec![AsideDescription {
        name: model_name(Layer::Silver, "orders__quarantine"),
        kind: Aside::Quarantine,
        columns: columns(words),
        table: Some(facts),
    }];
    gold.kind = Kind::View;
    gold.measures = vec![MeasureDescription {
        name: "revenue".to_owned(),
        label: words.to_owned(),
        expr: words.to_owned(),
        format: "money",
        description: words.to_owned(),
    }];
    let run = |kind: &str, name: &str, outcome: &str| Run {
        run_id: "1".to_owned(),
        started_at: at,
        kind: kind.to_owned(),
        model: "silver.orders".to_owned(),
        name: name.to_owned(),
        outcome: outcome.to_owned(),
        n_rows: Some(10),
        n_failed: Some(2),
        elapsed_ms: Some(1_500),
        version: Some(3),
        example: words.to_owned(),
        message: words.to_owned(),
    };
    Description {
        project: words.to_owned(),
        environment: "dev".to_owned(),
        lake: "lake".to_owned(),
        schedule: Some(words.to_owned()),
        sla: None,
        sources: vec![SourceDescription {
            name: "source.orders".to_owned(),
            kind: "csv file".to_owned(),
            facts: vec![("File", words.to_owned())],
            columns: columns(words),
            place: "lakefront.yaml:3:5".to_owned(),
        }],
        models: vec![bronze, silver, gold],
        exposures: vec![ExposureDescription {
            name: words.to_owned(),
            kind: words.to_owned(),
            url: Some(format!("javascript:{words}")),
            owner: Some(words.to_owned()),
            description: Some(words.to_owned()),
            reads: vec!["gold.sales".to_owned(), words.to_owned()],
        }],
        runs: Some(Runs(vec![
            run("model", "", "built"),
            run("expectation", "not_null(id)", "warned"),
            run("freshness", "", words),
        ])),
    }
}

fn page(description: &Description) -> String {
    let [page, ..] = render(description, DateTime::from_timestamp(1_700_000_000, 0).unwrap());
    page.text
}

/// The tags of a page with what is not text in their attributes, one a line; text is left out.
fn tags(page: &str) -> Vec<String> {
    page.split('<').skip(1).map(|tag| tag.split('>').next().unwrap().to_owned()).collect()
}

#[test]
fn a_page_has_this_outline() {
    let page = page(&project("Words"));
    let mut depth = 0_usize;
    let mut outline = String::new();
    for tag in tags(&page) {
        if tag.starts_with('!') {
            continue;
        }
        if tag.starts_with('/') {
            depth -= 1;
            continue;
        }
        outline.push_str(&format!("{}{tag}\n", " ".repeat(depth)));
        if !["meta ", "link ", "input "].iter().any(|void| tag.starts_with(void)) {
            depth += 1;
        }
    }
    assert_eq!(depth, 0, "every element is closed");
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(OUTLINE, &outline).unwrap();
    }
    let expected = std::fs::read_to_string(OUTLINE).unwrap();
    assert!(
        outline == expected,
        "the outline has changed; UPDATE_SNAPSHOTS=1 writes it anew:\n{outline}"
    );
}

#[test]
fn what_somebody_wrote_stays_text() {
    let hostile = page(&project(HOSTILE));
    let names = |page: &str| -> Vec<String> {
        let name = |tag: String| tag.split([' ', '\n']).next().unwrap().to_owned();
        tags(page).into_iter().map(name).collect()
    };
    // Highlighted words of the query differ; everything else has the very same elements.
    let structure = |page: &str| -> Vec<String> {
        let without_queries: String = page
            .split("<pre")
            .map(|part| part.split_once("</pre>").map_or(part, |(_, rest)| rest))
            .collect();
        names(&without_queries)
    };
    assert_eq!(structure(&hostile), structure(&page(&project("Words"))));
    assert_eq!(names(&hostile).iter().filter(|name| *name == "script").count(), 1);
    for tag in tags(&hostile) {
        let quotes = tag.matches('"').count();
        assert!(quotes.is_multiple_of(2), "{tag}");
        let outside: String = tag.split('"').step_by(2).collect();
        assert!(!outside.contains("onload") && !outside.contains("onerror"), "{tag}");
    }
    assert!(!hostile.contains("href=\"javascript:"), "an exposure's address is no script");
    assert!(hostile.contains("&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;"));
}

#[test]
fn nothing_is_inline_and_nothing_is_elsewhere() {
    let [page, style, script] = render(&project("Words"), DateTime::UNIX_EPOCH);
    for tag in tags(&page.text) {
        let names: String = tag.split('"').step_by(2).collect();
        assert!(!names.contains(" style=") && !names.contains(" on"), "{tag}");
        assert!(tag.matches(" class=").count() <= 1, "{tag}");
        assert!(tag != "script" && tag != "style", "inline");
    }
    for (name, text) in [(&style.name, &style.text), (&script.name, &script.text)] {
        for word in ["url(", "@import", "http://", "https://", "innerHTML", "eval("] {
            assert!(!text.contains(word), "{name} has {word}");
        }
        assert!(page.text.contains(&format!("=\"{name}\"")), "the page names {name}");
    }
    assert!(style.text.contains("--accent: #4f46e5"), "the tokens are there");
}

#[test]
fn every_link_leads_to_a_place_and_no_place_is_there_twice() {
    let page = page(&project("Words"));
    let values = |attribute: &str| -> Vec<String> {
        let start = format!(" {attribute}=\"");
        page.split(&start).skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
    };
    let mut ids = values("id");
    ids.sort();
    let n_ids = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), n_ids);
    let places =
        values("href").into_iter().filter_map(|href| Some(href.strip_prefix('#')?.to_owned()));
    let places: Vec<String> = places.collect();
    assert!(places.len() > 20);
    for place in places {
        assert!(ids.contains(&place), "#{place}");
    }
    for place in [
        "model/silver.orders__quarantine",
        "source/orders",
        "exposure/words",
        "column/gold.sales/id",
    ] {
        assert!(ids.iter().any(|id| id == place), "{place}");
    }
}

#[test]
fn without_runs_nothing_is_said_of_them() {
    let mut description = project("Words");
    assert!(page(&description).contains("Last runs"));
    assert!(page(&description).contains("To be looked at"));
    description.runs = None;
    let page = page(&description);
    assert!(!page.contains("Last runs") && !page.contains("Last result"));
    assert!(!page.contains("To be looked at"));
}

#[test]
fn exposures_of_one_name_have_places_of_their_own() {
    let mut description = project("The last hour!");
    description.exposures.push(description.exposures[0].clone());
    let page = page(&description);
    assert!(page.contains("id=\"exposure/the-last-hour\""));
    assert!(page.contains("id=\"exposure/the-last-hour-2\""));
}
