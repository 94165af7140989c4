//! What the parts of the page have in common: numbers, times, links, tables.

use super::index::Entry;
use super::markup::{Element, Markup, el};
use crate::describe::{ColumnDescription, ExpectationDescription, Run};
use chrono::{DateTime, Utc};
use std::fmt::Display;

/// `1234567` as `1,234,567`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (idx, digit) in digits.chars().enumerate() {
        if idx > 0 && (digits.len() - idx).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 model`, `2 models`.
pub(super) fn counted(number: usize, noun: &str) -> String {
    format!("{} {noun}{}", grouped(number as u64), if number == 1 { "" } else { "s" })
}

/// Bytes in the unit that suits them, in powers of 1000.
pub(super) fn size(bytes: u64) -> String {
    let units =
        [(1_000_000_000_000, "TB"), (1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    match units.iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, word)) => format!("{:.1} {word}", bytes as f64 / *unit as f64),
        None => format!("{bytes} B"),
    }
}

/// How long something took.
pub(super) fn took(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{:.1} s", ms as f64 / 1000.0),
        _ => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1000),
    }
}

/// A time as people read it, and as programs do.
pub(super) fn time(at: DateTime<Utc>) -> Element {
    el("time")
        .with("datetime", at.format("%Y-%m-%dT%H:%M:%SZ"))
        .text(at.format("%Y-%m-%d %H:%M UTC"))
}

/// A link to the part of the page about `entry`.
pub(super) fn link(entry: &Entry) -> Element {
    let (layer, short) = match entry.name.split_once('.') {
        Some((layer, short)) => (format!("{layer}."), short),
        None => (String::new(), entry.short.as_str()),
    };
    el("a")
        .class(format!("table-link of-{}", entry.group.as_str()))
        .with("href", entry.href())
        .add(el("span").class("dot"))
        .add(el("span").class("table-name").add(el("span").class("quiet").text(layer)).text(short))
}

/// What somebody wrote for people; what stands between two backticks is code.
pub(super) fn words(text: &str) -> Markup {
    let pieces: Vec<&str> = text.split('`').collect();
    let mut markup = Markup::default();
    if pieces.len().is_multiple_of(2) {
        markup.push(Markup::text(text));
        return markup;
    }
    for (idx, piece) in pieces.into_iter().enumerate() {
        match idx % 2 {
            0 => markup.push(Markup::text(piece)),
            _ => markup.push(el("code").text(piece)),
        }
    }
    markup
}

/// Labels with what they stand for; the empty ones are left out.
pub(super) fn facts(pairs: impl IntoIterator<Item = (&'static str, Markup)>) -> Element {
    let pairs = pairs.into_iter().filter(|(_, value)| *value != Markup::default());
    el("dl").class("facts").all(
        pairs.map(|(label, value)| el("div").add(el("dt").text(label)).add(el("dd").add(value))),
    )
}

/// A part of a page with a heading.
pub(super) fn part(title: impl Display, count: Option<usize>) -> Element {
    let count = count.map(|count| el("span").class("count").text(grouped(count as u64)));
    el("section").class("part").add(el("h2").text(title).add(count))
}

/// A table with its headings; a heading that begins with `#` is of numbers, one with `~` is left out on a
/// narrow screen.
pub(super) fn sheet(caption: impl Display, headings: &[&'static str]) -> (Element, Vec<String>) {
    let classes: Vec<String> = headings.iter().map(|heading| class_of(heading)).collect();
    let cells = headings.iter().zip(&classes).map(|(heading, class)| {
        let text = heading.trim_start_matches(['#', '~']);
        el("th").with("scope", "col").class(class).text(text)
    });
    let table = el("table")
        .class("sheet")
        .add(el("caption").class("unseen").text(caption))
        .add(el("thead").add(el("tr").all(cells)));
    (table, classes)
}

fn class_of(heading: &str) -> String {
    let mut classes = Vec::new();
    for c in heading.chars().take_while(|c| ['#', '~'].contains(c)) {
        classes.push(if c == '#' { "number" } else { "wide" });
    }
    classes.join(" ")
}

/// A table in its box, which scrolls where it is too wide.
pub(super) fn boxed(table: Element, rows: Vec<Element>) -> Element {
    let rows = rows.into_iter().map(Element::line);
    el("div").class("box").add(table.add(el("tbody").all(rows)))
}

/// A row whose first cell is its heading.
pub(super) fn row(classes: &[String], cells: Vec<Markup>) -> Element {
    let cells = cells.into_iter().enumerate().map(|(idx, cell)| {
        let element = match idx {
            0 => el("th").with("scope", "row"),
            _ => el("td"),
        };
        element.class(classes.get(idx).map_or("", String::as_str)).add(cell)
    });
    el("tr").all(cells)
}

/// The columns of `table`. Headings without anything below them are left out.
pub(super) fn columns(
    table: &str,
    columns: &[ColumnDescription],
    expectations: &[ExpectationDescription],
) -> Option<Element> {
    if columns.is_empty() {
        return None;
    }
    let has_words = columns.iter().any(|column| !column.description.is_empty());
    let of = |column: &ColumnDescription| -> Vec<&ExpectationDescription> {
        expectations.iter().filter(|rule| rule.columns.contains(&column.name)).collect()
    };
    let has_rules = columns.iter().any(|column| !of(column).is_empty());
    let mut headings = vec!["Column", "~Type"];
    headings.extend(has_words.then_some("Description"));
    headings.extend(has_rules.then_some("~Expectations"));
    let (sheet, classes) = sheet(format!("Columns of {table}"), &headings);
    let rows = columns.iter().map(|column| {
        let name = el("span")
            .add(el("code").class("column-name").text(&column.name))
            .add(el("code").class("type-text type-below").text(&column.type_name));
        let mut cells = vec![
            Markup::from(name),
            Markup::from(el("code").class("type-text").text(&column.type_name)),
        ];
        if has_words {
            cells.push(el("span").class("prose").add(words(&column.description)).into());
        }
        if has_rules {
            let rules = of(column).into_iter().map(|rule| {
                el("span").class(format!("chip on-{}", rule.on_failure)).text(rule.kind)
            });
            cells.push(el("span").class("chips").all(rules).into());
        }
        row(&classes, cells)
            .with("id", format!("column/{table}/{}", column.name))
            .with("data-column", &column.name)
    });
    let sheet = sheet.with("data-kind", "columns");
    Some(part("Columns", Some(columns.len())).add(boxed(sheet, rows.collect())))
}

/// What an outcome means for those who look after the lake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Good,
    Caution,
    Bad,
    /// A word that is not known here.
    Plain,
}

pub(super) fn tone(run: &Run) -> Tone {
    match run.outcome.as_str() {
        "built" | "unchanged" | "passed" | "fresh" => Tone::Good,
        "warned" | "quarantined" | "skipped" | "not_begun" | "old" => Tone::Caution,
        "failed" | "too_old" => Tone::Bad,
        _ => Tone::Plain,
    }
}

/// The outcome of a run, in the colour of what it means.
pub(super) fn outcome(run: &Run) -> Element {
    let class = match tone(run) {
        Tone::Good => "outcome outcome-good",
        Tone::Caution => "outcome outcome-caution",
        Tone::Bad => "outcome outcome-bad",
        Tone::Plain => "outcome",
    };
    el("span").class(class).text(run.outcome.replace('_', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(counted(1, "model"), "1 model");
        assert_eq!(counted(1_000, "row"), "1,000 rows");
        assert_eq!(size(999), "999 B");
        assert_eq!(size(1_234_567), "1.2 MB");
        assert_eq!(took(12), "12 ms");
        assert_eq!(took(1_250), "1.2 s");
        assert_eq!(took(61_000), "1 min 1 s");
    }

    #[test]
    fn code_stands_between_backticks() {
        let check = |text: &str, expected: &str| assert_eq!(words(text).to_string(), expected);
        check("in `a<b`.", "in <code>a&lt;b</code>.");
        check("one ` only", "one ` only");
        check("`x` and `y`", "<code>x</code> and <code>y</code>");
    }
}
