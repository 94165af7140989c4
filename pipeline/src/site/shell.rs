//! The page around its parts: head, search, list of everything, foot.

use super::index::{Group, Index};
use super::markup::{Element, Markup, el};
use super::{GENERATOR, POLICY, SCRIPT_NAME, STYLE_NAME, model, overview, parts, source};
use chrono::{DateTime, Utc};

/// The whole page.
pub(super) fn page(index: &Index<'_>, at: DateTime<Utc>) -> String {
    let project = &index.description.project;
    let named =
        |name: &'static str, content: &str| el("meta").with("name", name).with("content", content);
    let head = el("head")
        .add(el("meta").with("charset", "utf-8"))
        .add(el("meta").with("http-equiv", "Content-Security-Policy").with("content", POLICY))
        .add(named("viewport", "width=device-width, initial-scale=1"))
        .add(named("generator", GENERATOR))
        .add(named("referrer", "no-referrer"))
        .add(named("color-scheme", "light dark"))
        .line()
        .add(el("title").text(format!("{project} \u{b7} lake")))
        .add(el("link").with("rel", "stylesheet").with("href", STYLE_NAME))
        .add(el("script").with("src", SCRIPT_NAME))
        .line();
    let body = el("body")
        .line()
        .add(el("a").class("skip-link").with("href", "#main").text("Skip to the content"))
        .add(header(index))
        .line()
        .add(
            el("div")
                .class("frame")
                .add(contents(index))
                .line()
                .add(el("main").with("id", "main").with("tabindex", -1).all(pages(index))),
        )
        .line()
        .add(footer(index, at));
    let html = el("html").with("lang", "en").with("data-project", project).add(head).add(body);
    format!("<!doctype html>\n{}\n", Markup::from(html))
}

fn header(index: &Index<'_>) -> Element {
    let search = el("div")
        .class("search")
        .with("role", "search")
        .flag("hidden")
        .add(
            el("input")
                .with("id", "search")
                .with("type", "search")
                .with("placeholder", "Search models and columns")
                .with("aria-label", "Search models and columns")
                .with("role", "combobox")
                .with("aria-expanded", "false")
                .with("aria-autocomplete", "list")
                .with("aria-controls", "found")
                .with("autocomplete", "off")
                .with("autocapitalize", "none")
                .with("spellcheck", "false"),
        )
        .add(el("kbd").class("search-key").with("aria-hidden", "true").text("/"))
        .add(
            el("ul")
                .with("id", "found")
                .with("role", "listbox")
                .with("aria-label", "What was found")
                .flag("hidden"),
        )
        .add(el("p").class("unseen").with("id", "found-count").with("role", "status"));
    let menu = el("button")
        .class("menu-button")
        .with("type", "button")
        .with("aria-expanded", "false")
        .with("aria-controls", "contents")
        .flag("hidden")
        .text("Contents");
    el("header").class("header").add(
        el("div")
            .class("header-inner")
            .add(
                el("a")
                    .class("brand")
                    .with("href", "#overview")
                    .add(logo())
                    .add(el("span").class("brand-title").text(&index.description.project)),
            )
            .add(search)
            .add(menu),
    )
}

fn logo() -> Element {
    let wave = |class: &'static str, y: f64| {
        let path = format!("M6 {y}c2.5 0 2.5 1.6 5 1.6s2.5-1.6 5-1.6 2.5 1.6 5 1.6 2.5-1.6 5-1.6");
        el("path").class(class).with("d", path)
    };
    el("svg")
        .class("logo")
        .with("viewBox", "0 0 32 32")
        .with("aria-hidden", "true")
        .add(el("rect").class("logo-ground").with("width", 32).with("height", 32).with("rx", 9))
        .add(el("circle").class("logo-sun").with("cx", 16).with("cy", 12).with("r", 4.5))
        .add(wave("logo-wave", 19.5))
        .add(wave("logo-wave logo-wave-far", 24.2))
}

fn contents(index: &Index<'_>) -> Element {
    let groups = Group::EVERY.into_iter().filter_map(|group| {
        let entries: Vec<_> = index.of(group).collect();
        if entries.is_empty() {
            return None;
        }
        let links = entries.iter().map(|entry| {
            el("li")
                .add(
                    el("a")
                        .class(format!("contents-link of-{}", group.as_str()))
                        .with("href", entry.href())
                        .add(el("span").class("dot"))
                        .add(el("span").class("contents-name").text(&entry.short)),
                )
                .line()
        });
        let heading = el("h2")
            .text(group.heading())
            .add(el("span").class("count").text(parts::grouped(entries.len() as u64)));
        Some(el("section").add(heading).add(el("ul").all(links)).line())
    });
    el("nav")
        .class("contents")
        .with("id", "contents")
        .with("aria-label", "Contents")
        .add(
            el("a")
                .class("contents-link contents-top")
                .with("href", "#overview")
                .text("Overview and lineage"),
        )
        .line()
        .all(groups)
}

fn pages<'i>(index: &'i Index<'_>) -> impl Iterator<Item = Element> + 'i {
    let description = index.description;
    let models = description.models.iter();
    std::iter::once(overview::page(index))
        .chain(models.clone().filter_map(|one| model::page(index, one)))
        .chain(models.flat_map(|one| model::asides(index, one)))
        .chain(description.sources.iter().filter_map(|one| source::page(index, one)))
        .chain(index.exposures().map(|(entry, one)| source::exposure(index, entry, one)))
        .map(Element::line)
}

fn footer(index: &Index<'_>, at: DateTime<Utc>) -> Element {
    el("footer").class("footer").add(
        el("p")
            .text("Written by ")
            .add(el("code").text("lakefront docs"))
            .text(", ")
            .add(parts::time(at))
            .text(". Lake: ")
            .add(el("code").text(&index.description.lake))
            .text("."),
    )
}
