//! What the planner says, for the author of a query: the place it means and its reason, without the layers that
//! wrapped it and without what is meant for the planner's own authors.

use crate::lake::panicked;
use crate::project::Place;
use datafusion::common::utils::datafusion_strsim::levenshtein;
use datafusion::error::DataFusionError;
use datafusion::sql::sqlparser::ast::{
    Expr as SqlExpr, Ident, ObjectNamePart, Spanned, Statement, Visit, Visitor,
};
use std::ops::ControlFlow;

/// What the layers of an error put before its reason.
const WRAPPED: &[&str] = &[
    "Schema error: ",
    "Error during planning: ",
    "Optimizer rule 'simplify_expressions' failed",
    "caused by",
    "Execution error: ",
    "Internal error: ",
    "Arrow error: ",
    "Cast error: ",
    "External error: ",
];

/// The place in the text of `statement` that `error` is about, as far as it is known, and why.
pub(crate) fn said(error: &DataFusionError, statement: &Statement) -> (Place, String) {
    let reason = reason(error);
    let span = error.diagnostic().and_then(|diagnostic| diagnostic.span);
    let place = match span {
        Some(span) => Place::at(span.start.line, span.start.column),
        None => named(&reason).map(|name| find(statement, &name)).unwrap_or_default(),
    };
    (place, reason)
}

/// Why, in one line.
pub(crate) fn reason(error: &DataFusionError) -> String {
    let text = error.find_root().strip_backtrace();
    if let Some(text) = exhausted(error) {
        return format!("the memory does not suffice: {}; give more with --memory", lower(text));
    }
    if let Some(reason) = no_function(&text).or_else(|| invalid_function(&text)) {
        return reason;
    }
    let mut text = in_quotes(&one_line(&text));
    if let Some(text) = panicked(&text) {
        return text;
    }
    if let Some((before, _)) = text.split_once(" This issue was likely caused by a bug") {
        text.truncate(before.len());
    }
    let mut rest = text.as_str();
    while let Some(inner) = WRAPPED.iter().find_map(|layer| rest.strip_prefix(layer)) {
        rest = inner.trim_start();
    }
    lower(rest.trim_end_matches('.'))
}

/// What the engine says when a query needs more memory than there is.
pub(crate) fn exhausted(error: &DataFusionError) -> Option<&str> {
    match error.find_root() {
        DataFusionError::ResourcesExhausted(text) => Some(text),
        _ => None,
    }
}

/// A function that is not for these types. The planner lists each form that it tried with its own reason.
fn no_function(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("No function matches the given name and argument types '")?;
    let (call, rest) = rest.split_once("'.")?;
    let (_, forms) = rest.split_once("Candidate functions:")?;
    let forms: Vec<&str> = forms.lines().map(str::trim).filter(|form| !form.is_empty()).collect();
    Some(format!(
        "there is no function {call}, there are: {}; cast what it is given",
        forms.join(", ")
    ))
}

/// How what other engines call by this name is written.
const ELSEWHERE: &[(&[&str], &str)] = &[
    (&["if", "iff", "iif", "decode"], "case when ... then ... else ... end"),
    (&["mod"], "a % b"),
    (&["sign"], "signum(x)"),
    (&["isnull"], "x is null"),
    (&["datediff", "date_diff"], "a - b, which are the days between two dates"),
    (&["dateadd", "date_add", "adddate"], "x + interval '1 day'"),
    (&["last_day"], "date_trunc('month', x) + interval '1 month' - interval '1 day'"),
    (&["year", "month", "day", "hour", "weekday", "dayofweek"], "extract(year from x)"),
    (&["strftime", "monthname", "dayname"], "to_char(x, '%Y-%m-%d')"),
    (&["countif", "count_if"], "count(*) filter (where ...)"),
    (&["max_by", "arg_max", "argmax"], "first_value(x order by y desc)"),
    (&["min_by", "arg_min", "argmin"], "first_value(x order by y)"),
    (&["regexp_extract", "regexp_substr"], "regexp_match(text, pattern)[1]"),
    (&["getdate", "sysdate", "utc_timestamp"], "now()"),
    (&["group_concat", "listagg"], "string_agg(x, ',')"),
];

/// A function that is not there. The planner proposes the name that is nearest, however far it is.
fn invalid_function(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("Invalid function '")?;
    let (name, rest) = rest.split_once("'.")?;
    let lower = name.to_lowercase();
    let way = ELSEWHERE.iter().find(|(names, _)| names.contains(&lower.as_str()));
    let near = || {
        let near = rest.split_once("Did you mean '")?.1.split_once('\'')?.0;
        (3 * levenshtein(&lower, near) <= lower.len()).then_some(near)
    };
    Some(match (way, near()) {
        (Some((_, way)), _) => format!("invalid function '{name}', write {way}"),
        (None, Some(near)) => format!("invalid function '{name}', did you mean '{near}'?"),
        (None, None) => format!("invalid function '{name}'"),
    })
}

/// Without the setting of the planner that nobody can reach: a name with capitals is put in quotes.
fn in_quotes(text: &str) -> String {
    let cut = || {
        let (before, rest) = text.split_once("You can use double quotes to refer to the ")?;
        let (name, rest) = rest.split_once(" column or disable the ")?;
        let (_, rest) = rest.split_once(" configuration.")?;
        Some(format!("{before}Write it as {name}, with the double quotes.{rest}"))
    };
    cut().unwrap_or_else(|| text.to_owned())
}

/// Without line breaks and what they indent.
fn one_line(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.join(" ")
}

/// With a small letter first, unless that is a name in capitals.
fn lower(text: &str) -> String {
    let mut letters = text.chars();
    match (letters.next(), letters.clone().next()) {
        (Some(first), Some(second)) if first.is_uppercase() && !second.is_uppercase() => {
            first.to_lowercase().chain(letters).collect()
        }
        _ => text.to_owned(),
    }
}

/// The column or function that `reason` names.
fn named(reason: &str) -> Option<String> {
    let column = reason.strip_prefix("no field named ").map(|rest| {
        let end = rest.find([' ', ';']).unwrap_or(rest.len());
        let path = rest.get(..end).unwrap_or_default().trim_end_matches('.');
        path.rsplit('.').next().unwrap_or_default().trim_matches('"').to_owned()
    });
    let function = || {
        let rest = reason.strip_prefix("there is no function ")?;
        Some(rest.split_once('(')?.0.to_owned())
    };
    column.or_else(function).filter(|name| !name.is_empty())
}

/// Where `statement` first names the column or function `name`.
fn find(statement: &Statement, name: &str) -> Place {
    let mut search = Search { name: name.to_lowercase(), place: Place::default() };
    let _ = statement.visit(&mut search);
    search.place
}

struct Search {
    name: String,
    place: Place,
}

impl Visitor for Search {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &SqlExpr) -> ControlFlow<()> {
        let ident: Option<&Ident> = match expr {
            SqlExpr::Identifier(ident) => Some(ident),
            SqlExpr::CompoundIdentifier(parts) => parts.last(),
            SqlExpr::Function(function) => match function.name.0.last() {
                Some(ObjectNamePart::Identifier(ident)) => Some(ident),
                _ => None,
            },
            _ => None,
        };
        if ident.is_some_and(|ident| ident.value.to_lowercase() == self.name) {
            let start = expr.span().start;
            self.place = Place::at(start.line, start.column);
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::parse_query;
    use crate::plan::Planner;
    use datafusion::sql::parser::Statement as Parsed;

    /// What is said of a query over `silver.t (a int, b text)`.
    async fn check(sql: &str, expected: &str) {
        let scope = Planner::new(64 << 20).unwrap().scope().unwrap();
        let table = "create table silver.t as select cast(1 as int) as a, 'x' as b";
        scope.ctx().sql(table).await.unwrap().collect().await.unwrap();
        let (statement, _) = parse_query(sql).unwrap();
        let state = scope.ctx().state();
        let parsed = Parsed::Statement(Box::new(statement.clone()));
        let error = match state.statement_to_plan(parsed).await {
            Ok(plan) => state.optimize(&plan).unwrap_err(),
            Err(error) => error,
        };
        let (place, reason) = said(&error, &statement);
        let found = format!("{place} {reason}");
        assert!(found.starts_with(expected), "{sql}: {found:?} should start with {expected:?}");
        assert!(!found.contains('\n') && !found.contains("DataFusion"), "{found:?}");
    }

    #[tokio::test]
    async fn a_reason_is_one_line_with_its_place() {
        check("select\n  c from silver.t", ":2:3 no field named c. Valid fields are").await;
        check("select a from silver.t\ngroup by a,\n  x.c", ":3:3 no field named x.c").await;
        check("select summ(a) from silver.t", ":1:8 invalid function 'summ', did you mean 'sum'?")
            .await;
        check(
            "select iff(a = 1, 2, 3) from silver.t",
            ":1:8 invalid function 'iff', write case when",
        )
        .await;
        check("select mod(a, 2) from silver.t", ":1:8 invalid function 'mod', write a % b").await;
        check("select qqq(a) from silver.t", ":1:8 invalid function 'qqq'").await;
        check(
            "select a,\n sum(b) as n from silver.t group by a",
            ":2:2 there is no function sum(Utf8), there are: sum(Decimal), ",
        )
        .await;
        let quoted = ":1:8 no field named url. Did you mean 'q.\"URL\"'? Column names are case sensitive. Write it as \
            q.\"URL\", with the double quotes. Valid fields are";
        check("select url from (select a as \"URL\" from silver.t) as q", quoted).await;
        check("select sum(a, b) from silver.t", ":1:8 there is no function sum(Int32, Utf8)").await;
        check("select a, sum(a) from silver.t", ":1:8 column").await;
        check("select cast(1 as decimal(99, 2)) as d", " decimal(precision = 99").await;
    }
}
