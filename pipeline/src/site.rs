//! A description as a static page: one HTML file, one style sheet, one script.
//!
//! The page needs no server and nobody else's files. It has no inline script or style, so that it works under
//! the strictest content security policy; without its script it is one long document with the same
//! content. Whatever comes from a project goes in as text ([`markup`]).

mod drawing;
mod index;
mod lineage;
mod markup;
mod model;
mod overview;
mod parts;
mod shell;
mod source;
mod sql;

use crate::describe::Description;
use chrono::{DateTime, Utc};

/// By which a file is known to be one of ours, so that nobody else's is overwritten.
pub const GENERATOR: &str = "lakefront docs";

/// The page's file, which the others stand beside.
pub const PAGE_NAME: &str = "index.html";

/// Policy that the page itself asks for. `file:` is for a page that is opened from a disk, where not every
/// browser takes it for `'self'`.
const POLICY: &str = "default-src 'none'; style-src 'self' file:; script-src 'self' file:; \
    base-uri 'none'; form-action 'none'";

const STYLE_NAME: &str = "docs.css";
const SCRIPT_NAME: &str = "docs.js";

/// The dashboard's own colours and ground, so that the two look alike.
const TOKENS: &str = include_str!("../../style/tokens.css");
const BASE: &str = include_str!("../../style/base.css");
const STYLE: [&str; 3] = [
    include_str!("site/page.css"),
    include_str!("site/lineage.css"),
    include_str!("site/parts.css"),
];
const SCRIPT: &str = include_str!("site/docs.js");

/// A file of the site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteFile {
    /// Its name in the folder of the site.
    pub name: &'static str,
    /// What it holds.
    pub text: String,
}

/// Writes `description` as a site; `at` is the time that the page bears.
pub fn render(description: &Description, at: DateTime<Utc>) -> [SiteFile; 3] {
    let index = index::Index::new(description);
    [
        SiteFile { name: PAGE_NAME, text: shell::page(&index, at) },
        SiteFile { name: STYLE_NAME, text: style() },
        SiteFile { name: SCRIPT_NAME, text: SCRIPT.to_owned() },
    ]
}

/// The style sheet. The dashboard's font is a file that lies beside the dashboard only, so that its rule
/// is left out.
fn style() -> String {
    let (before, font) = TOKENS.split_once("@font-face").unwrap_or((TOKENS, ""));
    let tokens = font.split_once('}').map_or("", |(_, behind)| behind);
    let mut style = String::from(before);
    for part in [tokens, BASE].into_iter().chain(STYLE) {
        style.push_str(part.trim_start());
        style.push('\n');
    }
    style
}

#[cfg(test)]
mod tests;
