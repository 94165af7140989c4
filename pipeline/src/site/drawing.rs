//! The lineage as SVG. Every node is a link, so that it is reached by the keyboard; the script only adds
//! what is highlighted and how large it is shown.

use super::index::{Entry, Group, Index, MOST_CHARACTERS};
use super::lineage::{self, Drawing, NODE_HEIGHT_PX, NodeBox};
use super::markup::{Element, el};

/// The drawing with its buttons and its legend.
pub(super) fn lineage(index: &Index<'_>) -> Element {
    let drawing = lineage::lay_out(&index.graph());
    let zoom = |name: &'static str, label: &'static str, sign: &'static str| {
        el("button")
            .class("zoom-button")
            .with("type", "button")
            .with("data-zoom", name)
            .with("aria-label", label)
            .text(sign)
    };
    let buttons = el("div")
        .class("zoom")
        .with("role", "group")
        .with("aria-label", "Size of the graph")
        .flag("hidden")
        .add(zoom("out", "Smaller", "\u{2212}"))
        .add(zoom("fit", "Fit to the page", "Fit"))
        .add(zoom("in", "Larger", "+"));
    let used = Group::EVERY.into_iter().filter(|group| index.of(*group).next().is_some());
    let legend = el("ul").class("legend").with("aria-label", "Colours").all(used.map(|group| {
        el("li").add(el("span").class(format!("dot of-{}", group.as_str()))).text(group.heading())
    }));
    el("section")
        .class("card lineage-card")
        .with("aria-labelledby", "lineage-title")
        .add(
            el("div")
                .class("card-head")
                .add(el("h2").with("id", "lineage-title").text("Lineage"))
                .add(legend)
                .add(buttons),
        )
        .add(
            el("div")
                .class("lineage")
                .with("role", "region")
                .with("aria-labelledby", "lineage-title")
                .with("tabindex", 0)
                .add(svg(index, &drawing)),
        )
        .add(el("p").class("hint quiet").text(
            "Point at a table, or move to it with the Tab key, to see what it is made of and what is made of it. \
             Every table's page lists the same in words.",
        ))
}

fn svg(index: &Index<'_>, drawing: &Drawing) -> Element {
    let (width, height) = (drawing.width_px, drawing.height_px);
    let edges = drawing.curves.iter().map(|curve| {
        let is_aside = index.entries.get(curve.to).is_some_and(|entry| entry.group == Group::Aside);
        el("path")
            .class(if is_aside { "edge edge-aside" } else { "edge" })
            .with("data-from", curve.from)
            .with("data-to", curve.to)
            .with("d", curve.path())
    });
    // In the order in which the eye goes, which is then the order of the Tab key.
    let mut nodes: Vec<(usize, &NodeBox)> = drawing.boxes.iter().enumerate().collect();
    nodes.sort_by(|(_, a), (_, b)| a.rank.cmp(&b.rank).then(a.y.total_cmp(&b.y)));
    let nodes = nodes.into_iter().filter_map(|(idx, at)| Some(node(index, idx, at)?.line()));
    el("svg")
        .class("lineage-drawing")
        .with("width", width)
        .with("height", height)
        .with("viewBox", format!("0 0 {width} {height}"))
        .with("role", "group")
        .with("aria-label", format!("{} tables and what they read", index.entries.len()))
        .add(el("g").class("edges").with("aria-hidden", "true").all(edges))
        .line()
        .add(el("g").class("nodes").all(nodes))
}

fn node(index: &Index<'_>, idx: usize, at: &NodeBox) -> Option<Element> {
    let entry = index.entries.get(idx)?;
    let (n_reads, n_readers) = (index.reads(&entry.name).len(), index.read_by(&entry.name).len());
    let name = match entry.group {
        Group::Exposure => &entry.short,
        _ => &entry.name,
    };
    let label = format!("{name}, {}, reads {n_reads}, read by {n_readers}", kicker(entry));
    let (x, y) = (at.x, at.y);
    let element = el("a")
        .class(format!("node of-{}", entry.group.as_str()))
        .with("id", format!("lineage/{}", entry.name))
        .with("href", entry.href())
        .with("data-node", idx)
        .with("aria-label", label)
        .add(el("title").text(name))
        .add(
            el("rect")
                .class("node-ground")
                .with("x", x)
                .with("y", y)
                .with("width", at.width)
                .with("height", NODE_HEIGHT_PX)
                .with("rx", 9),
        )
        .add(
            el("rect")
                .class("node-mark")
                .with("x", x + 9.0)
                .with("y", y + 10.0)
                .with("width", 3)
                .with("height", NODE_HEIGHT_PX - 20.0)
                .with("rx", 1.5),
        )
        .add(svg_text("node-kicker", x + 20.0, y + 17.0, kicker(entry)))
        .add(svg_text("node-name", x + 20.0, y + 33.0, shortened(&entry.short)));
    Some(element)
}

fn svg_text(class: &'static str, x: f64, y: f64, text: String) -> Element {
    el("text").class(class).with("x", x).with("y", y).text(text)
}

/// What stands above a node's name.
fn kicker(entry: &Entry) -> String {
    match entry.group {
        Group::Source => "source".to_owned(),
        Group::Aside | Group::Exposure => entry.kind.clone(),
        group => match entry.kind.as_str() {
            "full" => group.as_str().to_owned(),
            kind => format!("{} \u{b7} {kind}", group.as_str()),
        },
    }
}

fn shortened(name: &str) -> String {
    if name.chars().count() <= MOST_CHARACTERS {
        return name.to_owned();
    }
    let mut short: String = name.chars().take(MOST_CHARACTERS - 1).collect();
    short.push('\u{2026}');
    short
}
