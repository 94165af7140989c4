//! The parts of the page about a source and about an exposure.

use super::index::{Entry, Index};
use super::markup::{Element, Markup, el};
use super::{model, parts};
use crate::describe::{ExposureDescription, SourceDescription};

/// Schemes of addresses that a page may lead to; another could be a script.
const SCHEMES: [&str; 3] = ["https://", "http://", "mailto:"];

/// Everything about `source`.
pub(super) fn page(index: &Index<'_>, source: &SourceDescription) -> Option<Element> {
    let entry = index.entry(&source.name)?;
    let facts =
        source.facts.iter().map(|(label, text)| (*label, Markup::from(el("code").text(text))));
    let place = ("Declared in", Markup::from(el("code").text(&source.place)));
    let element = model::frame(entry, &source.kind)
        .add(parts::facts(facts.chain([place])))
        .add(model::neighbours(index, entry))
        .add(parts::columns(&source.name, &source.columns, &[]));
    Some(element)
}

/// Everything about an exposure.
pub(super) fn exposure(
    index: &Index<'_>,
    entry: &Entry,
    exposure: &ExposureDescription,
) -> Element {
    let facts = [
        ("Owner", Markup::text(exposure.owner.as_deref().unwrap_or_default())),
        ("Address", exposure.url.as_deref().map(address).into()),
    ];
    // What is read and is no table of this project, such as one that somebody else writes.
    let foreign: Vec<&str> = exposure
        .reads
        .iter()
        .map(String::as_str)
        .filter(|read| index.entry(read).is_none())
        .collect();
    let foreign = (!foreign.is_empty())
        .then(|| el("p").class("quiet").text(format!("It also reads {}.", foreign.join(", "))));
    model::frame(entry, &exposure.kind)
        .add(
            exposure.description.as_ref().map(|text| el("p").class("lead").add(parts::words(text))),
        )
        .add(parts::facts(facts))
        .add(model::neighbours(index, entry))
        .add(foreign)
}

/// A link to `url` if it is one to follow: a web address, or a path on the same server.
fn address(url: &str) -> Element {
    let lower = url.trim().to_lowercase();
    let is_path = lower.starts_with('/') && !lower.starts_with("//");
    match is_path || SCHEMES.iter().any(|scheme| lower.starts_with(scheme)) {
        true => el("a").with("href", url.trim()).with("rel", "noreferrer").text(url),
        false => el("span").text(url),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_are_links() {
        let check = |url: &str, expected: bool| {
            let markup = Markup::from(address(url)).to_string();
            assert_eq!(markup.starts_with("<a "), expected, "{markup}");
        };
        check("https://example.org/a", true);
        check("/admin", true);
        check("mailto:a@b.example", true);
        check("//example.org", false);
        check("javascript:alert(1)", false);
        check(" JavaScript:alert(1)", false);
        check("data:text/html,x", false);
    }
}
