//! SQL with its words told apart, lightly: enough to read by, not a parser.

use super::markup::{Element, Markup, el};
use std::collections::BTreeMap;

/// Words that give a query its shape.
const KEYWORDS: [&str; 66] = [
    "all",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "between",
    "by",
    "case",
    "cast",
    "cross",
    "current",
    "date",
    "desc",
    "distinct",
    "else",
    "end",
    "except",
    "exists",
    "extract",
    "false",
    "filter",
    "following",
    "for",
    "from",
    "full",
    "group",
    "having",
    "in",
    "inner",
    "intersect",
    "interval",
    "is",
    "join",
    "lateral",
    "left",
    "like",
    "limit",
    "natural",
    "not",
    "null",
    "nulls",
    "offset",
    "on",
    "or",
    "order",
    "outer",
    "over",
    "partition",
    "preceding",
    "qualify",
    "range",
    "recursive",
    "right",
    "rows",
    "select",
    "then",
    "timestamp",
    "true",
    "unbounded",
    "union",
    "using",
    "values",
    "when",
    "where",
    "with",
];

/// What a piece of SQL is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Space,
    Comment,
    Text,
    Quoted,
    Number,
    Word,
    Sign,
}

/// `sql` as the inside of a `<pre>`; names of tables that `links` has are links.
pub(super) fn highlight(sql: &str, links: &BTreeMap<String, String>) -> Markup {
    let pieces = pieces(sql);
    let mut markup = Markup::default();
    let mut idx = 0;
    while let Some((kind, text)) = pieces.get(idx).copied() {
        if let Some((name, link)) = table_at(&pieces, idx, links) {
            markup.push(el("a").with("href", link).text(name));
            idx += 3;
            continue;
        }
        idx += 1;
        let class = match kind {
            Kind::Comment => "sql-comment",
            Kind::Text => "sql-text",
            Kind::Number => "sql-number",
            Kind::Word if KEYWORDS.binary_search(&text.to_lowercase().as_str()).is_ok() => {
                "sql-keyword"
            }
            Kind::Word if is_call(&pieces, idx) => "sql-call",
            Kind::Space | Kind::Quoted | Kind::Word | Kind::Sign => {
                markup.push(Markup::text(text));
                continue;
            }
        };
        markup.push(span(class, text));
    }
    markup
}

fn span(class: &str, text: &str) -> Element {
    el("span").class(class).text(text)
}

/// `layer.name` from the piece `idx` on, as it is written, and where it leads.
fn table_at<'l>(
    pieces: &[(Kind, &str)],
    idx: usize,
    links: &'l BTreeMap<String, String>,
) -> Option<(String, &'l str)> {
    let [(Kind::Word, layer), (Kind::Sign, "."), (Kind::Word, table)] = pieces.get(idx..idx + 3)?
    else {
        return None;
    };
    let name = format!("{layer}.{table}");
    let link = links.get(&name.to_lowercase())?;
    Some((name, link))
}

fn is_call(pieces: &[(Kind, &str)], next: usize) -> bool {
    pieces.get(next).is_some_and(|(_, text)| text.starts_with('('))
}

/// The pieces of `sql`; together they are all of it.
fn pieces(sql: &str) -> Vec<(Kind, &str)> {
    let mut pieces = Vec::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let while_is = |is: fn(char) -> bool| rest.find(|c| !is(c)).unwrap_or(rest.len());
        let (kind, len) = if first.is_whitespace() {
            (Kind::Space, while_is(char::is_whitespace))
        } else if rest.starts_with("--") {
            (Kind::Comment, rest.find('\n').unwrap_or(rest.len()))
        } else if rest.starts_with("/*") {
            (Kind::Comment, rest.find("*/").map_or(rest.len(), |end| end + 2))
        } else if first == '\'' {
            (Kind::Text, quoted(rest, '\''))
        } else if first == '"' {
            (Kind::Quoted, quoted(rest, '"'))
        } else if first.is_ascii_digit() {
            (Kind::Number, while_is(|c| c.is_ascii_alphanumeric() || c == '.'))
        } else if first.is_alphabetic() || first == '_' {
            (Kind::Word, while_is(|c| c.is_alphanumeric() || c == '_'))
        } else {
            (Kind::Sign, first.len_utf8())
        };
        let (piece, behind) = rest.split_at(len);
        pieces.push((kind, piece));
        rest = behind;
    }
    pieces
}

/// How long the quoted text is with which `rest` begins; a doubled quote is one within it.
fn quoted(rest: &str, quote: char) -> usize {
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == quote && chars.next_if(|(_, next)| *next == quote).is_none() {
            return at + c.len_utf8();
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_list_can_be_searched() {
        assert!(KEYWORDS.is_sorted());
    }

    #[test]
    fn words_are_told_apart() {
        let links = BTreeMap::from([("silver.a".to_owned(), "#model/silver.a".to_owned())]);
        let check = |sql: &str, expected: &str| {
            assert_eq!(highlight(sql, &links).to_string(), expected, "{sql}");
        };
        check(
            "Select x from Silver.a",
            "<span class=\"sql-keyword\">Select</span> x <span class=\"sql-keyword\">from</span> \
             <a href=\"#model/silver.a\">Silver.a</a>",
        );
        check(
            "sum(1.5) -- <b>'",
            "<span class=\"sql-call\">sum</span>(<span class=\"sql-number\">1.5</span>) \
             <span class=\"sql-comment\">-- &lt;b&gt;&#39;</span>",
        );
        check("'it''s'x", "<span class=\"sql-text\">&#39;it&#39;&#39;s&#39;</span>x");
        check("\"from\"", "&quot;from&quot;");
        check("silver.b", "silver.b");
        check("'open", "<span class=\"sql-text\">&#39;open</span>");
    }

    proptest! {
        #[test]
        fn nothing_is_lost(sql in "[a-z '\"\\-/*.(0-9\n<é]{0,60}") {
            let whole: String = pieces(&sql).iter().map(|(_, text)| *text).collect();
            prop_assert_eq!(whole, sql);
        }
    }
}
