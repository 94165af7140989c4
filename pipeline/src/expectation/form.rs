//! Expectations as they are written in YAML.

mod shapes;

use super::{Expectation, ExpectationRule, Freshness, OnFailure, Rule};
use crate::duration::Span;
use crate::model::{Layer, ModelName};
use crate::project::Place;
use catalog::Name;
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::Parser;
use datafusion::sql::sqlparser::tokenizer::Token;
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer};
use serde_saphyr::Spanned;
use std::collections::{BTreeMap, HashSet};
use std::fmt;

/// What is said of the columns, by name, and what must be true of the rows.
pub type Described = (BTreeMap<String, String>, Vec<Expectation>);

/// What an expectation can be.
pub(super) const KINDS: &str = "not_null, unique, accepted, range, relationship, sql";

/// Those that need more than their name.
pub(super) const MAPS: &str = "accepted, range, relationship, sql";

/// How an expectation of `kind` is written among a table's.
pub(super) fn example(kind: &str) -> &'static str {
    match kind {
        "not_null" => "{ not_null: order_id }",
        "unique" => "{ unique: [order_id, line_no] }",
        "accepted" => "{ accepted: { column: status, values: [new, paid] } }",
        "range" => "{ range: { column: price, min: 0 } }",
        "relationship" => {
            "{ relationship: { column: product_id, to: silver.products, field: product_id } }"
        }
        _ => "{ sql: \"total >= 0\" }",
    }
}

/// What is said of columns, by name: `columns: {order_id: {description: .., expect: [..]}}`.
#[derive(Debug, Default)]
pub struct ColumnForms(Vec<(String, ColumnForm)>);

/// What is said of rows: `expectations: [..]`.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct ExpectationForms(Vec<Spanned<Form>>);

/// `freshness: {column: .., warn_after: .., fail_after: ..}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FreshnessForm {
    column: Spanned<String>,
    #[serde(default, deserialize_with = "crate::yaml::given")]
    warn_after: Option<Span>,
    #[serde(default, deserialize_with = "crate::yaml::given")]
    fail_after: Option<Span>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ColumnForm {
    #[serde(deserialize_with = "crate::yaml::given")]
    description: Option<String>,
    expect: Vec<Spanned<Form>>,
}

/// `not_null`, or a map.
#[derive(Debug)]
enum Form {
    Word(String),
    Map(Box<MapForm>),
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct MapForm {
    #[serde(deserialize_with = "crate::yaml::given")]
    name: Option<String>,
    #[serde(deserialize_with = "crate::yaml::given")]
    not_null: Option<Columns>,
    #[serde(deserialize_with = "crate::yaml::given")]
    unique: Option<Columns>,
    #[serde(deserialize_with = "crate::yaml::given")]
    accepted: Option<AcceptedForm>,
    #[serde(deserialize_with = "crate::yaml::given")]
    range: Option<RangeForm>,
    #[serde(deserialize_with = "crate::yaml::given")]
    relationship: Option<RelationshipForm>,
    #[serde(deserialize_with = "crate::yaml::given")]
    sql: Option<String>,
    on_failure: OnFailure,
}

/// `true`, for the column at which it stands; a column; or a list of columns.
#[derive(Debug)]
enum Columns {
    Here,
    Named(Vec<String>),
}

/// The values of the column at which it stands, or a column and its values.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AcceptedMap {
    #[serde(default, deserialize_with = "crate::yaml::given")]
    column: Option<String>,
    values: Vec<String>,
}

#[derive(Debug)]
struct AcceptedForm(AcceptedMap);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RangeForm {
    #[serde(default, deserialize_with = "crate::yaml::given")]
    column: Option<String>,
    #[serde(default, deserialize_with = "crate::yaml::given")]
    min: Option<String>,
    #[serde(default, deserialize_with = "crate::yaml::given")]
    max: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RelationshipForm {
    #[serde(default, deserialize_with = "crate::yaml::given")]
    column: Option<String>,
    to: String,
    field: String,
}

impl From<FreshnessForm> for Freshness {
    fn from(form: FreshnessForm) -> Freshness {
        let place = place_of(&form.column);
        let FreshnessForm { column, warn_after, fail_after } = form;
        Freshness { column: column.value, warn_after, fail_after, place }
    }
}

/// The descriptions of columns, by name, and every expectation in the order in which they are
/// written: those of columns first.
///
/// # Errors
/// The first that is not right, with its place.
pub fn read(
    columns: ColumnForms,
    expectations: ExpectationForms,
) -> Result<Described, (Place, ExpectationRule)> {
    let mut descriptions = BTreeMap::new();
    let mut found = Vec::new();
    for (name, form) in columns.0 {
        for expect in form.expect {
            let place = place_of(&expect);
            found.push(expect.value.read(Some(&name), place).map_err(|rule| (place, rule))?);
        }
        descriptions.insert(name, form.description.unwrap_or_default());
    }
    for form in expectations.0 {
        let place = place_of(&form);
        found.push(form.value.read(None, place).map_err(|rule| (place, rule))?);
    }
    let mut names = HashSet::new();
    for Expectation { name, place, .. } in &found {
        if name.trim().is_empty() || name.contains(char::is_control) {
            return Err((*place, ExpectationRule::Name));
        }
        if !names.insert(name) {
            return Err((*place, ExpectationRule::Twice { name: name.clone() }));
        }
    }
    Ok((descriptions, found))
}

fn place_of<T>(spanned: &Spanned<T>) -> Place {
    Place::at(spanned.referenced.line(), spanned.referenced.column())
}

impl Form {
    /// The expectation that stands at the column `here`, or among the table's.
    fn read(self, here: Option<&str>, place: Place) -> Result<Expectation, ExpectationRule> {
        let form = match self {
            Form::Map(form) => *form,
            Form::Word(word) => {
                let mut form = MapForm::default();
                match word.as_str() {
                    "not_null" => form.not_null = Some(Columns::Here),
                    "unique" => form.unique = Some(Columns::Here),
                    _ => return Err(ExpectationRule::Word { word }),
                }
                form
            }
        };
        let on_failure = form.on_failure;
        let given = form.name.clone();
        let rule = form.rule(here)?;
        let name = given.unwrap_or_else(|| rule.default_name());
        Ok(Expectation { name, rule, on_failure, place })
    }
}

impl MapForm {
    fn rule(self, here: Option<&str>) -> Result<Rule, ExpectationRule> {
        let found = [
            ("not_null", self.not_null.is_some()),
            ("unique", self.unique.is_some()),
            ("accepted", self.accepted.is_some()),
            ("range", self.range.is_some()),
            ("relationship", self.relationship.is_some()),
            ("sql", self.sql.is_some()),
        ];
        let found: Vec<&str> =
            found.into_iter().filter_map(|(kind, is_there)| is_there.then_some(kind)).collect();
        if found.len() != 1 {
            let found = if found.is_empty() { "none".to_owned() } else { found.join(" and ") };
            return Err(ExpectationRule::Kind { found });
        }
        let none = || ExpectationRule::Kind { found: "none".to_owned() };
        if let Some(columns) = self.not_null {
            return Ok(Rule::NotNull { column: columns.one("not_null", here)? });
        }
        if let Some(columns) = self.unique {
            return Ok(Rule::Unique { columns: columns.several("unique", here)? });
        }
        if let Some(AcceptedForm(form)) = self.accepted {
            if form.values.is_empty() {
                return Err(ExpectationRule::Empty { kind: "accepted" });
            }
            let column = column("accepted", form.column, here)?;
            return Ok(Rule::Accepted { column, values: form.values });
        }
        if let Some(form) = self.range {
            let RangeForm { column: named, min, max } = form;
            if min.is_none() && max.is_none() {
                return Err(ExpectationRule::Endless);
            }
            return Ok(Rule::Range { column: column("range", named, here)?, min, max });
        }
        if let Some(form) = self.relationship {
            let column = column("relationship", form.column, here)?;
            let to = table(&form.to).ok_or(ExpectationRule::Table { text: form.to })?;
            return Ok(Rule::Relationship { column, to, field: form.field });
        }
        let sql = self.sql.ok_or_else(none)?;
        parse(&sql).map_err(|reason| ExpectationRule::Syntax { sql: sql.clone(), reason })?;
        Ok(Rule::Sql { sql })
    }
}

impl Columns {
    fn one(self, kind: &'static str, here: Option<&str>) -> Result<String, ExpectationRule> {
        match self {
            Columns::Here => column(kind, None, here),
            Columns::Named(columns) => match <[String; 1]>::try_from(columns) {
                Ok([named]) => column(kind, Some(named), here),
                Err(_) => Err(ExpectationRule::NoColumn { kind }),
            },
        }
    }

    fn several(
        self,
        kind: &'static str,
        here: Option<&str>,
    ) -> Result<Vec<String>, ExpectationRule> {
        match (self, here) {
            (Columns::Named(columns), _) if columns.is_empty() => {
                Err(ExpectationRule::Empty { kind })
            }
            (Columns::Named(columns), None) => Ok(columns),
            (columns, here) => Ok(vec![columns.one(kind, here)?]),
        }
    }
}

/// The column that is meant: the one that is named, which is the one at which it stands.
fn column(
    kind: &'static str,
    named: Option<String>,
    here: Option<&str>,
) -> Result<String, ExpectationRule> {
    match (named, here) {
        (Some(named), None) => Ok(named),
        (None, Some(here)) => Ok(here.to_owned()),
        (Some(named), Some(here)) if named == here => Ok(named),
        (Some(found), Some(here)) => {
            Err(ExpectationRule::OtherColumn { kind, column: here.to_owned(), found })
        }
        (None, None) => Err(ExpectationRule::NoColumn { kind }),
    }
}

fn table(text: &str) -> Option<ModelName> {
    let (layer, name) = text.split_once('.')?;
    let layer = Layer::EVERY.into_iter().find(|known| known.as_str() == layer)?;
    Some(ModelName { layer, name: Name::new(name).ok()? })
}

/// Whether `sql` is one expression; otherwise what the parser says.
fn parse(sql: &str) -> Result<(), String> {
    let dialect = GenericDialect {};
    let mut parser = Parser::new(&dialect).try_with_sql(sql).map_err(|error| error.to_string())?;
    parser.parse_expr().map_err(|error| error.to_string())?;
    match parser.next_token().token {
        Token::EOF => Ok(()),
        other => Err(format!("{other} stands behind its end")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Header {
        #[serde(default)]
        columns: ColumnForms,
        #[serde(default)]
        expectations: ExpectationForms,
        #[serde(default)]
        freshness: Option<FreshnessForm>,
    }

    fn header(yaml: &str) -> Result<Header, String> {
        serde_saphyr::from_str(yaml).map_err(|error| error.without_snippet().to_string())
    }

    fn expectations(yaml: &str) -> Result<Vec<Expectation>, String> {
        let Header { columns, expectations, .. } = header(yaml)?;
        let read = read(columns, expectations);
        read.map(|(_, found)| found).map_err(|(place, rule)| format!("{place}: {rule}"))
    }

    #[test]
    fn every_form_is_read() {
        let check = |yaml: &str, expected: &[&str]| {
            let found = expectations(yaml).unwrap();
            let found: Vec<String> =
                found.iter().map(|found| format!("{}{}", found.place, found)).collect();
            assert_eq!(found, expected, "{yaml}");
        };
        check("columns: {}\nexpectations: []", &[]);
        check(
            "columns:\n  z: { description: Text., expect: [not_null, unique] }\n  a:\n  b: {}\n",
            &[
                ":2:37not_null(z): z is not null, else fail",
                ":2:47unique(z): z is unique, else fail",
            ],
        );
        check(
            "columns:\n  s: { expect: [{ accepted: [new, 1.50, no, \"\"], on_failure: warn }] }",
            &[":2:17accepted(s): s is one of 'new', '1.50', 'no', '', else warn"],
        );
        check(
            "columns:\n  s:\n    expect:\n      - { not_null: true, on_failure: quarantine }\n      \
             - { unique: s, name: one }\n      - { range: { max: 5 } }\n      \
             - { relationship: { to: silver.t, field: f } }\n      - { sql: s > 0 }",
            &[
                ":4:9not_null(s): s is not null, else quarantine",
                ":5:9one: s is unique, else fail",
                ":6:9range(s): s is at most 5, else fail",
                ":7:9relationship(s, silver.t): s is a f of silver.t, else fail",
                ":8:9sql(s > 0): s > 0, else fail",
            ],
        );
        check(
            "expectations:\n\
             - { not_null: order_id, on_failure: quarantine }\n\
             - { unique: [order_id, line_no] }\n\
             - { accepted: { column: status, values: [new, paid] } }\n\
             - { range: { column: price, min: 0, max: 100000 } }\n\
             - { relationship: { column: product_id, to: silver.products, field: id } }\n\
             - { name: adds_up, sql: \"total = subtotal -\n    discount\" }\n",
            &[
                ":2:3not_null(order_id): order_id is not null, else quarantine",
                ":3:3unique(order_id, line_no): order_id, line_no is unique, else fail",
                ":4:3accepted(status): status is one of 'new', 'paid', else fail",
                ":5:3range(price): price is from 0 to 100000, else fail",
                ":6:3relationship(product_id, silver.products): \
                 product_id is a id of silver.products, else fail",
                ":7:3adds_up: total = subtotal - discount, else fail",
            ],
        );
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let check = |yaml: &str, expected: &str| {
            let error = expectations(yaml).unwrap_err();
            assert!(error.contains(expected), "{error:?} should contain {expected:?}\n{yaml}");
        };
        let table = |form: &str| format!("expectations:\n  - {form}");
        let column = |form: &str| format!("columns:\n  c: {{ expect: [{form}] }}");
        check(&table("{}"), ":2:5: an expectation is one of not_null, unique");
        check(&table("{ not_null: a, unique: a }"), "this has not_null and unique");
        check(&table("not_null"), ":2:5: `not_null` names no column, as in { not_null:");
        check(&table("{ unique: true }"), "`unique` names no column, as in { unique: [");
        check(&table("{ not_null: [a, b] }"), "`not_null` names no column");
        check(&table("{ unique: [] }"), "`unique` has an empty list");
        check(&table("{ accepted: [a] }"), "`accepted` names no column");
        check(&table("{ accepted: { column: a, values: [] } }"), "`accepted` has an empty list");
        check(&table("{ accepted: { column: a } }"), "missing field `values`");
        check(&table("{ accepted: { column: a, values: [null] } }"), "null");
        check(&table("{ range: { column: a } }"), "`min`, `max` or both");
        check(&table("{ range: { column: a, mni: 1 } }"), "unknown field `mni`");
        check(&table("{ range: { min: 1 } }"), "`range` names no column");
        check(&table("{ notnull: a }"), "unknown field `notnull`, expected one of");
        check(
            &table("{ not_null: a, on_failure: quit }"),
            "unknown variant `quit`, expected one of fail, warn, quarantine",
        );
        check(
            &table("{ relationship: { column: a, to: products, field: b } }"),
            "\"products\" is no table of the lake such as silver.products",
        );
        check(
            &table("{ relationship: { column: a, to: source.t, field: b } }"),
            "\"source.t\" is no table",
        );
        check(&table("{ sql: \"a >\" }"), "is not a boolean expression of SQL");
        check(&table("{ sql: \"a b\" }"), "b stands behind its end");
        check(&table("{ name: ' ', sql: a }"), "a text of one line");
        check(
            "expectations:\n  - { not_null: a }\n  - { not_null: a, on_failure: warn }",
            ":3:5: two expectations are called \"not_null(a)\"",
        );
        check(&column("accepted"), ":2:17: \"accepted\" is no expectation of a column");
        check(&column("{ not_null: false }"), "left out instead");
        check(
            &column("{ not_null: d }"),
            "`not_null` stands at column \"c\" and is of d, move it to `expectations`",
        );
        check("columns: { c: { expects: [] } }", "unknown field `expects`");
        check("columns: { c: { expect: [[a]] } }", "an expectation: one of");
    }

    #[test]
    fn freshness_is_read() {
        let freshness = |yaml: &str| header(yaml).map(|header| header.freshness.unwrap().into());
        let found: Freshness =
            freshness("freshness: { column: t, warn_after: 1 day, fail_after: 3 days }").unwrap();
        assert_eq!((found.column.as_str(), found.place), ("t", Place::at(1, 22)));
        let text = |span: Option<Span>| span.unwrap().to_string();
        assert_eq!(
            (text(found.warn_after), text(found.fail_after)),
            ("1 day".into(), "3 days".into())
        );
        let error = freshness("freshness: { column: t, warn_after: soon }").unwrap_err();
        assert!(error.contains("\"soon\" is no length of time"), "{error}");
    }
}
