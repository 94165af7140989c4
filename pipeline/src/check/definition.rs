//! What a model is, in three parts that change for themselves: the rows of its table, how they lie, by what they are
//! checked.
//!
//! Each part is a hash over an explicit form with a version of its own, made of the texts of the project and of no
//! other program's way of printing things. Only another `rows` means that the table is another one.

mod legacy;

use super::Checked;
use crate::model::{Layout, Materialization, Model, Read, Watermark};
use crate::plan::used_columns;
use crate::source;
use arrow::datatypes::{DataType, SchemaRef, TimeUnit};
use datafusion::logical_expr::LogicalPlan;
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The version of the form of `rows`. Another one makes every table anew that can be: change it when the same models
/// over the same input would give other rows.
const ROWS: &str = "rows 1";
const LAYOUT: &str = "layout 1";
const CHECKS: &str = "checks 1";

/// What a model is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Definition {
    /// Its query, what names a row, and the columns that it uses.
    pub(crate) rows: String,
    /// In which files its rows lie, and in which order.
    pub(crate) layout: String,
    /// What is expected of its rows.
    pub(crate) checks: String,
    /// The one hash that states of an earlier format have.
    #[serde(skip)]
    pub(crate) legacy: String,
}

/// What a state says of the model that its table was made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Recorded {
    /// Part by part.
    Parts(Definition),
    /// One hash of everything.
    Single(String),
}

impl Default for Recorded {
    fn default() -> Recorded {
        Recorded::Parts(Definition::default())
    }
}

impl Recorded {
    /// Whether the rows of the table are those of `definition`, as far as one hash can say.
    pub(crate) fn has_rows_of(&self, definition: &Definition) -> bool {
        match self {
            Recorded::Parts(parts) => parts.rows == definition.rows,
            Recorded::Single(hash) => *hash == definition.legacy,
        }
    }

    /// Whether one hash stands for everything, so that nobody can say what has changed.
    pub(crate) fn is_single(&self) -> bool {
        matches!(self, Recorded::Single(_))
    }

    /// One line, for the commit's metadata.
    pub(crate) fn brief(&self) -> &str {
        match self {
            Recorded::Parts(parts) => &parts.rows,
            Recorded::Single(hash) => hash,
        }
    }
}

/// Words and values under one hash. Lengths go before texts, so that no two lists give the same bytes.
struct Form(Sha256);

impl Form {
    fn new(version: &str) -> Form {
        let mut form = Form(Sha256::new());
        form.text(version);
        form
    }

    fn text(&mut self, text: &str) {
        self.0.update((text.len() as u64).to_le_bytes());
        self.0.update(text);
    }

    fn entry(&mut self, key: &str, values: &[&str]) {
        self.text(key);
        self.text(&values.len().to_string());
        values.iter().for_each(|value| self.text(value));
    }

    fn finish(self) -> String {
        source::hex(self.0)
    }
}

/// What `model` is, whose query is `plan` and whose table has the columns `schema`. What it reads is in `checked`.
pub(super) fn of(
    checked: &Checked,
    model: &Model,
    plan: &LogicalPlan,
    schema: &SchemaRef,
) -> Definition {
    Definition {
        rows: rows(checked, model, plan),
        layout: layout(&model.config.layout),
        checks: checks(model),
        legacy: legacy::hash(checked, model, schema),
    }
}

fn rows(checked: &Checked, model: &Model, plan: &LogicalPlan) -> String {
    let mut form = Form::new(ROWS);
    form.entry("model", &[&model.name.to_string()]);
    form.entry("query", &as_refs(&words(&model.sql)));
    kept(&mut form, &model.config.materialization);
    for at in &model.reads {
        let read = at.read.to_string();
        match &at.read {
            // A view is part of the query.
            Read::Model(name) if checked.is_view(name) => {
                let view = checked.definitions.get(name).map_or("", |view| view.rows.as_str());
                form.entry("view", &[&read, view]);
            }
            Read::Neither(_) => {}
            of => {
                form.entry("reads", &[&read]);
                if let Some(delivered) = checked.delivered.get(of) {
                    // A table that went on from another delivery would mix two of them.
                    form.entry("delivered", &[delivered]);
                }
                let Some(schema) = checked.schemas.get(of) else { continue };
                for name in used_columns(plan, of, schema) {
                    let Ok(field) = schema.field_with_name(&name) else { continue };
                    form.entry("column", &[&name, &type_name(field.data_type())]);
                }
            }
        }
    }
    form.finish()
}

/// The words of a query: without comments and line breaks, and without capitals where they make no difference.
fn words(sql: &str) -> Vec<String> {
    let Ok(tokens) = Tokenizer::new(&GenericDialect {}, sql).tokenize() else {
        return vec![sql.to_owned()];
    };
    let word = |token: Token| match token {
        Token::Whitespace(_) | Token::SemiColon | Token::EOF => None,
        Token::Word(word) if word.quote_style.is_none() => Some(word.value.to_lowercase()),
        Token::Word(word) => Some(format!("\"{}\"", word.value)),
        Token::SingleQuotedString(text) => Some(format!("'{text}'")),
        token => Some(token.to_string()),
    };
    tokens.into_iter().filter_map(word).collect()
}

/// How rows follow the input, as far as it decides which rows there are.
fn kept(form: &mut Form, materialization: &Materialization) {
    let input = |form: &mut Form, input: Option<&Read>, watermark: Option<&Watermark>| {
        if let Some(input) = input {
            form.entry("input", &[&input.to_string()]);
        }
        if let Some(watermark) = watermark {
            form.entry("watermark", &[&watermark.column]);
        }
    };
    match materialization {
        Materialization::Full => form.entry("kept", &["full"]),
        Materialization::View => form.entry("kept", &["view"]),
        Materialization::Append(append) => {
            form.entry("kept", &["append"]);
            input(form, append.input.as_ref(), append.watermark.as_ref());
            if let Some(stream) = &append.stream {
                let delay = stream.watermark.micros().to_string();
                form.entry("stream", &[&stream.event_time, &delay]);
                form.entry("dedupe", &stream.dedupe.as_deref().into_iter().collect::<Vec<_>>());
                let late = stream.late.as_ref().map(ToString::to_string);
                form.entry("late", &late.as_deref().into_iter().collect::<Vec<_>>());
            }
        }
        Materialization::Merge(merge) => {
            form.entry("kept", &["merge"]);
            input(form, merge.input.as_ref(), merge.watermark.as_ref());
            form.entry("key", &as_refs(&merge.key));
            form.entry("newest_by", &as_refs(&merge.newest_by));
            form.entry("deleted", &merge.deleted.as_deref().into_iter().collect::<Vec<_>>());
        }
        Materialization::Incremental { by } => form.entry("kept", &["incremental", by]),
        Materialization::Snapshot { key, valid_from } => {
            form.entry("kept", &["snapshot"]);
            form.entry("key", &as_refs(key));
            form.entry("valid_from", &valid_from.as_deref().into_iter().collect::<Vec<_>>());
        }
    }
}

fn layout(layout: &Layout) -> String {
    let mut form = Form::new(LAYOUT);
    form.entry("partition_by", &as_refs(&layout.partition_by));
    form.entry("sort_by", &as_refs(&layout.sort_by));
    form.entry("zorder_by", &as_refs(&layout.zorder_by));
    form.entry("cluster_by", &layout.cluster_by.as_deref().into_iter().collect::<Vec<_>>());
    form.finish()
}

fn checks(model: &Model) -> String {
    let mut form = Form::new(CHECKS);
    for expectation in &model.config.expectations {
        form.entry("expectation", &[&expectation.to_string(), expectation.on_failure.as_str()]);
    }
    form.finish()
}

fn as_refs(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

/// The name of a type, in words of its own.
fn type_name(of: &DataType) -> String {
    let zoned = |zone: &Option<std::sync::Arc<str>>| match zone {
        Some(zone) => format!(" in {zone}"),
        None => String::new(),
    };
    match of {
        DataType::Boolean => "boolean".to_owned(),
        DataType::Int8 => "int 8".to_owned(),
        DataType::Int16 => "int 16".to_owned(),
        DataType::Int32 => "int 32".to_owned(),
        DataType::Int64 => "int 64".to_owned(),
        DataType::UInt8 => "unsigned 8".to_owned(),
        DataType::UInt16 => "unsigned 16".to_owned(),
        DataType::UInt32 => "unsigned 32".to_owned(),
        DataType::UInt64 => "unsigned 64".to_owned(),
        DataType::Float32 => "float 32".to_owned(),
        DataType::Float64 => "float 64".to_owned(),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "text".to_owned(),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => "bytes".to_owned(),
        DataType::Date32 => "date".to_owned(),
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale) => format!("decimal {precision} {scale}"),
        DataType::Timestamp(unit, zone) => {
            let unit = match unit {
                TimeUnit::Second => "s",
                TimeUnit::Millisecond => "ms",
                TimeUnit::Microsecond => "us",
                TimeUnit::Nanosecond => "ns",
            };
            format!("timestamp {unit}{}", zoned(zone))
        }
        DataType::Dictionary(_, values) => type_name(values),
        DataType::List(item) | DataType::LargeList(item) => {
            format!("list of ({})", type_name(item.data_type()))
        }
        DataType::Struct(fields) => {
            let fields =
                fields.iter().map(|f| format!("{} ({})", f.name(), type_name(f.data_type())));
            format!("struct of ({})", fields.collect::<Vec<_>>().join(", "))
        }
        other => format!("other {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_no_difference_to_a_query_makes_none_to_its_words() {
        let check = |one: &str, other: &str, is_same: bool| {
            assert_eq!(words(one) == words(other), is_same, "{one:?} {other:?}");
        };
        check("select a from t", "SELECT\n  A -- first\nFROM T;", true);
        check("/*---\nkey: [a]\n---*/\nselect a from t", "select a from t", true);
        check("select 'a' from t", "select 'A' from t", false);
        check("select \"a\" from t", "select \"A\" from t", false);
        check("select a from t", "select a, b from t", false);
        check("select 1", "select '1'", false);
        check("select 1.0", "select 1.00", false);
    }

    #[test]
    fn lists_of_other_cuts_are_other_forms() {
        let form = |entries: &[(&str, &[&str])]| {
            let mut form = Form::new("1");
            entries.iter().for_each(|(key, values)| form.entry(key, values));
            form.finish()
        };
        assert_ne!(form(&[("a", &["bc"])]), form(&[("ab", &["c"])]));
        assert_ne!(form(&[("a", &["b", "c"])]), form(&[("a", &["b"]), ("c", &[])]));
        assert_eq!(form(&[("a", &["b"])]), form(&[("a", &["b"])]));
    }

    #[test]
    fn both_formats_of_a_state_are_read() {
        let now = Definition {
            rows: "r".to_owned(),
            layout: "l".to_owned(),
            checks: "c".to_owned(),
            legacy: "old".to_owned(),
        };
        let check = |json: &str, expected: bool| {
            let recorded: Recorded = serde_json::from_str(json).unwrap();
            assert_eq!(recorded.has_rows_of(&now), expected, "{json}");
        };
        check(r#""old""#, true);
        check(r#""older""#, false);
        check(r#"{"rows":"r","layout":"other","checks":"other"}"#, true);
        check(r#"{"rows":"other","layout":"l","checks":"c"}"#, false);
        let json = serde_json::to_string(&Recorded::Parts(now)).unwrap();
        assert_eq!(json, r#"{"rows":"r","layout":"l","checks":"c"}"#);
    }
}
