//! Rows that break an expectation, as text for people.

use super::{Rule, Subject};
use arrow::array::{Array, BooleanArray, RecordBatch};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::error::DataFusionError;
use datafusion::sql::sqlparser::ast::{Expr as SqlExpr, Ident, Visit, Visitor};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::Parser;
use std::ops::ControlFlow;

/// Example rows that an outcome keeps.
const MAX_EXAMPLES: usize = 5;

/// Characters of a value in an example.
const MAX_VALUE_CHARS: usize = 60;

/// Adds rows for which `flags` is true until there are enough; `shown` are their columns.
pub(super) fn add(
    examples: &mut Vec<String>,
    rows: &RecordBatch,
    flags: &BooleanArray,
    shown: &[usize],
) -> Result<(), DataFusionError> {
    let n_wanted = MAX_EXAMPLES.saturating_sub(examples.len());
    if n_wanted == 0 {
        return Ok(());
    }
    let options = FormatOptions::new().with_null("null").with_display_error(true);
    let mut columns = Vec::with_capacity(shown.len());
    for idx in shown {
        let (Some(column), Some(field)) =
            (rows.columns().get(*idx), rows.schema_ref().fields().get(*idx))
        else {
            continue;
        };
        columns.push((field.name().clone(), ArrayFormatter::try_new(column.as_ref(), &options)?));
    }
    let broken = (0..rows.num_rows()).filter(|idx| flags.is_valid(*idx) && flags.value(*idx));
    for row_idx in broken.take(n_wanted) {
        let parts: Vec<String> = columns
            .iter()
            .map(|(name, texts)| {
                format!("{name} = {}", shortened(&texts.value(row_idx).to_string()))
            })
            .collect();
        examples.push(parts.join(", "));
    }
    Ok(())
}

fn shortened(text: &str) -> String {
    let mut kept: String = text.chars().take(MAX_VALUE_CHARS).collect();
    if kept.len() < text.len() {
        kept.push('…');
    }
    kept
}

/// The columns that an example of a row that breaks `rule` shows: what names the row, and what the rule is about.
pub(super) fn columns(subject: &Subject<'_>, rule: &Rule) -> Vec<usize> {
    let mut names: Vec<String> = subject.key.to_vec();
    if names.is_empty() {
        let unique = subject.expectations.iter().find_map(|expectation| match &expectation.rule {
            Rule::Unique { columns } => Some(columns.clone()),
            _ => None,
        });
        let first = || subject.schema.fields().first().map(|field| vec![field.name().clone()]);
        names = unique.or_else(first).unwrap_or_default();
    }
    match rule {
        Rule::NotNull { column }
        | Rule::Accepted { column, .. }
        | Rule::Range { column, .. }
        | Rule::Relationship { column, .. } => names.push(column.clone()),
        Rule::Unique { columns } => names.extend(columns.iter().cloned()),
        Rule::Sql { sql } => names.extend(named(sql)),
    }
    let mut shown = Vec::new();
    for name in names {
        if let Ok(idx) = subject.schema.index_of(&name)
            && !shown.contains(&idx)
        {
            shown.push(idx);
        }
    }
    shown
}

/// The words of an expression that may be columns.
fn named(sql: &str) -> Vec<String> {
    struct Words(Vec<String>);

    impl Visitor for Words {
        type Break = ();

        fn pre_visit_expr(&mut self, expr: &SqlExpr) -> ControlFlow<()> {
            if let SqlExpr::Identifier(Ident { value, quote_style, .. }) = expr {
                self.0.push(match quote_style {
                    Some(_) => value.clone(),
                    None => value.to_lowercase(),
                });
            }
            ControlFlow::Continue(())
        }
    }

    let mut words = Words(Vec::new());
    let dialect = GenericDialect {};
    let parsed = Parser::new(&dialect).try_with_sql(sql).and_then(|mut parser| parser.parse_expr());
    if let Ok(expr) = parsed {
        let _ = expr.visit(&mut words);
    }
    words.0
}
