//! The part of the page about one model, and about the tables of rows that it does not take.

use super::index::{Entry, Group, Index};
use super::markup::{Element, Markup, el};
use super::{parts, sql};
use crate::Kind;
use crate::describe::{
    Aside, AsideDescription, ExpectationDescription, ModelDescription, Run, TableFacts,
};

/// Everything about `model`.
pub(super) fn page(index: &Index<'_>, model: &ModelDescription) -> Option<Element> {
    let name = model.name.to_string();
    let entry = index.entry(&name)?;
    let kind = match model.table {
        Some(_) => format!("table \u{b7} {}", model.kind),
        None if model.kind == Kind::View => "view".to_owned(),
        None => format!("table \u{b7} {} \u{b7} not built", model.kind),
    };
    let owner = model.owner.as_ref().map(|owner| el("span").text(owner));
    let mut facts = vec![("Owner", Markup::from(owner))];
    facts.extend(table_facts(model.table.as_ref()));
    facts.push(("File", el("code").text(&model.path).into()));
    let element = frame(entry, &kind)
        .add(model.description.as_ref().map(|text| el("p").class("lead").add(parts::words(text))))
        .add(parts::facts(facts))
        .add(neighbours(index, entry))
        .add(kept(model))
        .add(parts::columns(&name, &model.columns, &model.expectations))
        .add(expectations(index, model))
        .add(measures(model))
        .add(query(index, model))
        .add(runs(index, &name));
    Some(element)
}

/// The tables of rows that `model` does not take.
pub(super) fn asides<'i>(
    index: &'i Index<'_>,
    model: &'i ModelDescription,
) -> impl Iterator<Item = Element> + 'i {
    model.asides.iter().filter_map(|aside| aside_page(index, model, aside))
}

fn aside_page(
    index: &Index<'_>,
    model: &ModelDescription,
    aside: &AsideDescription,
) -> Option<Element> {
    let name = aside.name.to_string();
    let entry = index.entry(&name)?;
    let of = &model.name;
    let lead = match aside.kind {
        Aside::Quarantine => {
            format!("Rows that an expectation of {of} refused, each with the reason and the build.")
        }
        Aside::Late => {
            format!("Rows that came to {of} too late, each with the time up to which it was taken.")
        }
    };
    let element = frame(entry, if aside.table.is_some() { "table" } else { "table, not built" })
        .add(el("p").class("lead").text(lead))
        .add(parts::facts(table_facts(aside.table.as_ref())))
        .add(neighbours(index, entry))
        .add(parts::columns(&name, &aside.columns, &[]));
    Some(element)
}

/// The part of the page about `entry` with its heading.
pub(super) fn frame(entry: &Entry, kind: &str) -> Element {
    let (layer, short) = match entry.name.split_once('.') {
        Some((layer, short)) => (format!("{layer}."), short),
        None => (String::new(), entry.short.as_str()),
    };
    let group = entry.group.as_str();
    let kicker = el("p")
        .class("kicker")
        .add(el("span").class(format!("layer of-{group}")).text(group_word(entry)))
        .add(el("span").text(kind))
        .add(
            el("a")
                .class("to-lineage")
                .with("href", format!("#lineage/{}", entry.name))
                .text("Show in the lineage"),
        );
    el("article")
        .class("page")
        .with("id", &entry.id)
        .with("data-title", if layer.is_empty() { &entry.short } else { &entry.name })
        .with("data-group", group)
        .line()
        .add(kicker)
        .add(
            el("h1")
                .with("tabindex", -1)
                .class(if layer.is_empty() { "" } else { "table-title" })
                .add(el("span").class("quiet").text(layer))
                .text(short),
        )
}

fn group_word(entry: &Entry) -> &'static str {
    match entry.group {
        Group::Source => "Source",
        Group::Exposure => "Exposure",
        group => group.heading(),
    }
}

fn table_facts(table: Option<&TableFacts>) -> Vec<(&'static str, Markup)> {
    let Some(table) = table else { return Vec::new() };
    let files = parts::counted(table.n_files, "file");
    vec![
        ("Rows", Markup::text(parts::grouped(table.n_rows))),
        ("Size", Markup::text(format!("{} in {files}", parts::size(table.size_bytes)))),
        ("Version", Markup::text(parts::grouped(table.version))),
        ("Last commit", Markup::from(table.committed_at.map(parts::time))),
    ]
}

/// What `entry` reads and what reads it: the lineage in words.
pub(super) fn neighbours(index: &Index<'_>, entry: &Entry) -> Element {
    let is_aside = |entry: &&Entry| entry.group == Group::Aside;
    let (asides, readers): (Vec<&Entry>, Vec<&Entry>) =
        index.read_by(&entry.name).into_iter().partition(is_aside);
    let reads = match entry.group {
        Group::Aside => "Set aside by",
        _ => "Reads",
    };
    el("section")
        .class("card neighbours")
        .with("aria-label", "What it reads and what reads it")
        .add((entry.group != Group::Source).then(|| side(reads, &index.reads(&entry.name))))
        .add((entry.group != Group::Exposure).then(|| side("Read by", &readers)))
        .add((!asides.is_empty()).then(|| side("Sets aside to", &asides)))
}

fn side(label: &str, entries: &[&Entry]) -> Element {
    let count = el("span").class("count").text(entries.len());
    let side = el("div").class("side").add(el("h2").text(label).add(count));
    match entries.is_empty() {
        true => side.add(el("p").class("quiet").text("Nothing in this project.")),
        false => side
            .add(el("ul").all(entries.iter().map(|entry| el("li").add(parts::link(entry)).line()))),
    }
}

fn kept(model: &ModelDescription) -> Element {
    let layout = model
        .layout
        .iter()
        .map(|(label, columns)| (*label, Markup::from(el("code").text(columns))));
    let sentences = model.kept.iter().chain(&model.freshness);
    parts::part("How it is kept", None)
        .add(el("div").class("prose").all(sentences.map(|text| el("p").add(parts::words(text)))))
        .add((!model.layout.is_empty()).then(|| parts::facts(layout)))
}

fn expectations(index: &Index<'_>, model: &ModelDescription) -> Option<Element> {
    if model.expectations.is_empty() {
        return None;
    }
    let runs = index.description.runs.as_ref();
    let name = model.name.to_string();
    let mut headings = vec!["What must be true", "Else"];
    headings.extend(runs.is_some().then_some("Last result"));
    let (sheet, classes) = parts::sheet(format!("Expectations of {name}"), &headings);
    let rows = model.expectations.iter().map(|rule| {
        let has_name = !rule.name.starts_with(&format!("{}(", rule.kind));
        let own = has_name.then(|| el("code").class("rule-name").text(&rule.name));
        let words = match rule.kind {
            "sql" => el("code").text(&rule.rule),
            _ => el("span").text(&rule.rule),
        };
        let mut cells = vec![
            Markup::from(el("span").class("prose").add(words).add(own)),
            Markup::from(consequence(index, rule)),
        ];
        if let Some(runs) = runs {
            cells.push(runs.of_rule(&name, &rule.name).map(rule_result).into());
        }
        parts::row(&classes, cells)
    });
    let rows = rows.collect();
    Some(parts::part("Expectations", Some(model.expectations.len())).add(parts::boxed(sheet, rows)))
}

fn consequence(index: &Index<'_>, rule: &ExpectationDescription) -> Element {
    let words = rule.consequence.split_inclusive(' ').map(|word| {
        let table = word.trim_end();
        match index.entry(table).filter(|_| table.contains('.')) {
            Some(entry) => {
                let mut piece = Markup::from(el("a").with("href", entry.href()).text(table));
                piece.push(Markup::text(" "));
                piece
            }
            None => Markup::text(word),
        }
    });
    el("span")
        .class("prose")
        .add(el("span").class(format!("chip on-{}", rule.on_failure)).text(rule.on_failure))
        .add(Markup::text(" "))
        .all(words)
}

fn rule_result(run: &Run) -> Element {
    let counts = match (run.n_failed, run.n_rows) {
        (Some(n_failed), Some(n_rows)) => {
            format!(" {} of {} rows", parts::grouped(n_failed), parts::grouped(n_rows))
        }
        _ => String::new(),
    };
    let example = (!run.example.is_empty()).then(|| el("code").class("example").text(&run.example));
    el("span").add(parts::outcome(run)).add(el("span").class("quiet").text(counts)).add(example)
}

fn measures(model: &ModelDescription) -> Option<Element> {
    if model.measures.is_empty() {
        return None;
    }
    let caption = format!("Measures over {}", model.name);
    let (sheet, classes) = parts::sheet(caption, &["Measure", "Expression", "~Written as"]);
    let rows = model.measures.iter().map(|measure| {
        let name = el("span")
            .class("prose")
            .add(el("strong").text(&measure.label))
            .text(" ")
            .add(el("code").class("quiet").text(&measure.name))
            .add(el("span").class("below").add(parts::words(&measure.description)));
        let cells = vec![
            Markup::from(name),
            Markup::from(el("code").class("prose").text(&measure.expr)),
            Markup::text(measure.format),
        ];
        parts::row(&classes, cells)
    });
    let rows = rows.collect();
    Some(parts::part("Measures", Some(model.measures.len())).add(parts::boxed(sheet, rows)))
}

fn query(index: &Index<'_>, model: &ModelDescription) -> Element {
    let copy = el("button")
        .class("copy-button")
        .with("type", "button")
        .flag("data-copy")
        .flag("hidden")
        .text("Copy");
    el("section")
        .class("part")
        .add(el("div").class("card-head").add(el("h2").text("SQL")).add(copy))
        .add(
            el("pre")
                .class("box sql")
                .with("tabindex", 0)
                .with("role", "region")
                .with("aria-label", format!("The query of {}", model.name))
                .add(el("code").add(sql::highlight(&model.sql, &index.links()))),
        )
}

fn runs(index: &Index<'_>, name: &str) -> Option<Element> {
    let runs: Vec<&Run> = index.description.runs.as_ref()?.of_model(name).collect();
    let freshness = index.description.runs.as_ref()?.of_freshness(name);
    if runs.is_empty() && freshness.is_none() {
        return None;
    }
    let headings = ["Begun", "Outcome", "#Rows", "#Took", "#~Version", "~Message"];
    let (sheet, classes) = parts::sheet(format!("Last runs of {name}"), &headings);
    let number = |number: Option<u64>| Markup::text(number.map(parts::grouped).unwrap_or_default());
    let rows = runs.iter().copied().chain(freshness).map(|run| {
        let what = if run.kind == "freshness" { "freshness " } else { "" };
        let outcome = el("span").add(el("span").class("quiet").text(what)).add(parts::outcome(run));
        let cells = vec![
            Markup::from(run.started_at.map(parts::time)),
            Markup::from(outcome),
            number(run.n_rows),
            Markup::text(run.elapsed_ms.map(parts::took).unwrap_or_default()),
            number(run.version),
            Markup::from(el("span").class("prose").text(&run.message)),
        ];
        parts::row(&classes, cells)
    });
    let rows: Vec<Element> = rows.collect();
    Some(parts::part("Last runs", None).add(parts::boxed(sheet, rows)))
}
