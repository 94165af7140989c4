//! HTML that is well formed and escaped by the way in which it is made: text goes in as text, and only an
//! element goes in as markup.

use std::fmt::{self, Display, Write};

/// Elements without content, which have no closing tag.
const VOID: [&str; 3] = ["meta", "link", "input"];

/// A piece of a page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Markup(String);

/// One element.
#[derive(Debug, Clone)]
#[must_use]
pub(super) struct Element {
    name: &'static str,
    attributes: String,
    inner: String,
}

/// An element called `name`.
pub(super) fn el(name: &'static str) -> Element {
    Element { name, attributes: String::new(), inner: String::new() }
}

impl Element {
    /// With an attribute; its value is escaped.
    pub(super) fn with(mut self, attribute: &'static str, value: impl Display) -> Element {
        let _ = write!(self.attributes, " {attribute}=\"");
        let _ = write!(Escaping(&mut self.attributes), "{value}");
        self.attributes.push('"');
        self
    }

    /// With an attribute that has no value.
    pub(super) fn flag(mut self, attribute: &'static str) -> Element {
        let _ = write!(self.attributes, " {attribute}");
        self
    }

    pub(super) fn class(self, class: impl Display) -> Element {
        self.with("class", class)
    }

    /// With text behind what it holds; it is escaped.
    pub(super) fn text(mut self, text: impl Display) -> Element {
        let _ = write!(Escaping(&mut self.inner), "{text}");
        self
    }

    /// With a piece behind what it holds.
    pub(super) fn add(mut self, piece: impl Into<Markup>) -> Element {
        self.inner.push_str(&piece.into().0);
        self
    }

    /// With pieces behind what it holds.
    pub(super) fn all<M: Into<Markup>>(self, pieces: impl IntoIterator<Item = M>) -> Element {
        pieces.into_iter().fold(self, |element, piece| element.add(piece))
    }

    /// With a new line behind what it holds, so that the page's source can be read.
    pub(super) fn line(mut self) -> Element {
        self.inner.push('\n');
        self
    }
}

impl From<Element> for Markup {
    fn from(element: Element) -> Markup {
        let Element { name, attributes, inner } = element;
        Markup(match VOID.contains(&name) {
            true => format!("<{name}{attributes}>"),
            false => format!("<{name}{attributes}>{inner}</{name}>"),
        })
    }
}

impl<M: Into<Markup>> From<Option<M>> for Markup {
    fn from(piece: Option<M>) -> Markup {
        piece.map(Into::into).unwrap_or_default()
    }
}

impl Markup {
    pub(super) fn text(text: impl Display) -> Markup {
        let mut markup = Markup::default();
        let _ = write!(Escaping(&mut markup.0), "{text}");
        markup
    }

    pub(super) fn push(&mut self, piece: impl Into<Markup>) {
        self.0.push_str(&piece.into().0);
    }
}

impl Display for Markup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Writes text so that it is text in an element and in a quoted attribute. What HTML has no way to
/// write, such as a null, becomes the replacement character.
struct Escaping<'o>(&'o mut String);

impl Write for Escaping<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                '\n' | '\t' => self.0.push(c),
                c if c.is_control() => self.0.push('\u{fffd}'),
                c => self.0.push(c),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        let check = |element: Element, expected: &str| {
            assert_eq!(Markup::from(element).to_string(), expected);
        };
        check(el("p").text("a < b & 'c'"), "<p>a &lt; b &amp; &#39;c&#39;</p>");
        check(
            el("a").with("href", "\"><script>alert(1)</script>").text("</a>"),
            "<a href=\"&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;\">&lt;/a&gt;</a>",
        );
        check(el("p").text("\0\u{1b}[1m\u{85}"), "<p>\u{fffd}\u{fffd}[1m\u{fffd}</p>");
        check(el("input").with("type", "search").flag("hidden"), "<input type=\"search\" hidden>");
        check(
            el("ul").all(["x", "&"].map(|text| el("li").text(text))).add(None::<Element>),
            "<ul><li>x</li><li>&amp;</li></ul>",
        );
    }
}
