//! The first part of the page: the project in numbers, its lineage, and lists of everything.

use super::drawing;
use super::index::{Entry, Group, Index};
use super::markup::{Element, Markup, el};
use super::parts::{self, Tone};
use crate::describe::{ModelDescription, Run};
use crate::{Kind, Layer};

/// The overview.
pub(super) fn page(index: &Index<'_>) -> Element {
    let description = index.description;
    let counts = format!(
        "{}, {} and {}. ",
        parts::counted(description.sources.len(), "source"),
        parts::counted(description.models.len(), "model"),
        parts::counted(description.exposures.len(), "exposure"),
    );
    let schedule = description
        .schedule
        .as_ref()
        .map(|schedule| el("span").text(", built at ").add(el("code").text(schedule)));
    let sla = description.sla.map(|sla| el("span").text(format!(", in at most {sla}")));
    let lead = el("p")
        .class("lead")
        .text(counts)
        .text(format!("Environment {}", description.environment))
        .add(schedule)
        .add(sla)
        .text(".");
    el("article")
        .class("page overview")
        .with("id", "overview")
        .with("data-title", "Overview")
        .add(el("h1").with("tabindex", -1).text(&description.project))
        .add(lead)
        .add(tiles(index))
        .add(troubles(index))
        .add(drawing::lineage(index))
        .line()
        .add(models(index))
        .add(listing(index, Group::Source, "What models read from outside of the lake"))
        .add(listing(index, Group::Exposure, "What is made of the tables"))
}

fn tiles(index: &Index<'_>) -> Element {
    let models = &index.description.models;
    let tables: Vec<_> = models.iter().filter_map(|model| model.table.as_ref()).collect();
    let n_rules: usize = models.iter().map(|model| model.expectations.len()).sum();
    let columns: Vec<_> = models.iter().flat_map(|model| &model.columns).collect();
    let n_described = columns.iter().filter(|column| !column.description.is_empty()).count();
    let n_stored = models.iter().filter(|model| model.kind != Kind::View).count();
    let rows: u64 = tables.iter().map(|table| table.n_rows).sum();
    let bytes: u64 = tables.iter().map(|table| table.size_bytes).sum();
    let layers: Vec<String> = Layer::EVERY
        .iter()
        .map(|layer| {
            let n_models = models.iter().filter(|model| model.name.layer == *layer).count();
            format!("{n_models} {layer}")
        })
        .collect();
    let rules = (n_rules > 0).then(|| {
        let n_checked = models.iter().filter(|model| !model.expectations.is_empty()).count();
        let of = format!("in {} of {}", n_checked, parts::counted(models.len(), "model"));
        tile("Expectations", Markup::text(parts::grouped(n_rules as u64)), of)
    });
    let described = format!("{n_described} of {} described", parts::grouped(columns.len() as u64));
    let lake = match tables.is_empty() {
        true => tile("Tables", Markup::text("none"), "not built yet".to_owned()),
        false => tile(
            "Rows",
            Markup::text(parts::grouped(rows)),
            format!("{} in {} of {n_stored} tables", parts::size(bytes), tables.len()),
        ),
    };
    el("ul")
        .class("tiles")
        .add(tile("Models", Markup::text(parts::grouped(models.len() as u64)), layers.join(", ")))
        .add(tile("Columns", Markup::text(parts::grouped(columns.len() as u64)), described))
        .add(rules)
        .add(lake)
        .add(last_commit(models))
}

fn last_commit(models: &[ModelDescription]) -> Option<Element> {
    let commits =
        models.iter().filter_map(|model| Some((model.table.as_ref()?.committed_at?, model)));
    let (at, model) = commits.max_by_key(|(at, _)| *at)?;
    let day = Markup::text(at.format("%Y-%m-%d"));
    Some(tile("Last commit", day, format!("{} UTC, {}", at.format("%H:%M"), model.name)))
}

fn tile(label: &str, value: Markup, below: String) -> Element {
    el("li")
        .class("tile")
        .add(el("span").class("tile-label").text(label))
        .add(el("span").class("tile-value").add(value))
        .add(el("span").class("tile-below").text(below))
}

/// What did not go well when it was last tried.
fn troubles(index: &Index<'_>) -> Option<Element> {
    let runs = index.description.runs.as_ref()?;
    let mut found: Vec<(&ModelDescription, &Run)> = Vec::new();
    for model in &index.description.models {
        let name = model.name.to_string();
        let rules = model.expectations.iter().filter_map(|rule| runs.of_rule(&name, &rule.name));
        let last = runs.of_model(&name).next();
        let all = last.into_iter().chain(rules).chain(runs.of_freshness(&name));
        found.extend(all.filter(|run| parts::tone(run) != Tone::Good).map(|run| (model, run)));
    }
    if found.is_empty() {
        return None;
    }
    let items = found.iter().filter_map(|(model, run)| {
        let entry = index.entry(&model.name.to_string())?;
        let what = match run.kind.as_str() {
            "expectation" => [run.name.as_str(), run.message.as_str()].join(" "),
            _ => run.message.clone(),
        };
        let failed = run.n_failed.filter(|n_failed| *n_failed > 0);
        let rows = failed.map(|n_failed| parts::counted(n_failed as usize, "row"));
        let rows = rows.map(|rows| el("span").class("quiet").text(format!(" {rows}")));
        Some(
            el("li")
                .add(parts::outcome(run))
                .add(parts::link(entry))
                .add(el("span").class("prose").text(what).add(rows))
                .line(),
        )
    });
    let count = Some(found.len());
    Some(parts::part("To be looked at", count).add(el("ul").class("troubles").all(items)))
}

fn models(index: &Index<'_>) -> Option<Element> {
    let models = &index.description.models;
    if models.is_empty() {
        return None;
    }
    let headings = ["Model", "~Kept", "#Rows", "#~Size", "~Last commit"];
    let (mut sheet, classes) = parts::sheet("Models by layer", &headings);
    for layer in Layer::EVERY {
        let own = models.iter().filter(|model| model.name.layer == layer);
        let rows: Vec<Element> =
            own.filter_map(|model| model_row(index, &classes, model)).map(Element::line).collect();
        if rows.is_empty() {
            continue;
        }
        let group = Group::of(layer);
        let heading = el("th")
            .with("scope", "rowgroup")
            .with("colspan", headings.len())
            .add(el("span").class(format!("layer of-{layer}")).text(group.heading()));
        sheet =
            sheet.add(el("tbody").add(el("tr").class("group-row").add(heading)).line().all(rows));
    }
    Some(parts::part("Models", Some(models.len())).add(el("div").class("box").add(sheet)))
}

fn model_row(index: &Index<'_>, classes: &[String], model: &ModelDescription) -> Option<Element> {
    let entry = index.entry(&model.name.to_string())?;
    let name = el("span").class("prose").add(parts::link(entry)).add(
        model.description.as_ref().map(|text| el("span").class("below").add(parts::words(text))),
    );
    let table = model.table.as_ref();
    let rows = match (table, model.kind) {
        (Some(table), _) => parts::grouped(table.n_rows),
        (None, Kind::View) => String::new(),
        (None, _) => "not built".to_owned(),
    };
    let cells = vec![
        name.into(),
        Markup::text(model.kind),
        Markup::text(rows),
        Markup::text(table.map(|table| parts::size(table.size_bytes)).unwrap_or_default()),
        table.and_then(|table| table.committed_at).map(parts::time).into(),
    ];
    Some(parts::row(classes, cells))
}

fn listing(index: &Index<'_>, group: Group, caption: &str) -> Option<Element> {
    let entries: Vec<&Entry> = index.of(group).collect();
    if entries.is_empty() {
        return None;
    }
    let heading = match group {
        Group::Source => "~Read by",
        _ => "~Reads",
    };
    let (sheet, classes) = parts::sheet(caption, &["Name", "What it is", heading]);
    let rows = entries.iter().map(|entry| {
        let joined = match group {
            Group::Source => index.read_by(&entry.name),
            _ => index.reads(&entry.name),
        };
        let joined = el("span").class("chips").all(joined.into_iter().map(parts::link));
        parts::row(
            &classes,
            vec![parts::link(entry).into(), Markup::text(&entry.kind), joined.into()],
        )
    });
    let rows = rows.collect();
    Some(parts::part(group.heading(), Some(entries.len())).add(parts::boxed(sheet, rows)))
}
