//! Why a query failed on its rows: the text that could not be cast, and where the model casts it.
//!
//! The engine says "cannot cast string 'abc'" and no more. So after a failure the casts of the plan
//! are tried again, one by one, over their own input, until one gives the value it refuses.

use crate::lake::cause;
use crate::model::{Layer, Model, ModelError, ModelRule};
use crate::plan::{ChangedValue, Scope, exhausted, reason};
use crate::project::Place;
use crate::source::SourceError;
use crate::spool::no_room;
use arrow::util::display::array_value_to_string;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{Cast, Expr, LogicalPlan, LogicalPlanBuilder, TryCast};
use datafusion::sql::sqlparser::ast::{CastKind, Expr as SqlExpr, Spanned, Visit, Visitor};
use functions::ArithmeticError;
use futures::StreamExt;
use std::error::Error;
use std::ops::ControlFlow;

/// What `error` means for the author of `model`, whose query is `plan`.
pub(crate) async fn explain(
    scope: &Scope,
    model: &Model,
    plan: &LogicalPlan,
    error: &DataFusionError,
) -> ModelError {
    if let Some(reason) = exhausted(error) {
        let rule = ModelRule::Memory { reason: reason.to_owned() };
        return ModelError { path: model.path.clone(), place: Place::default(), rule };
    }
    let at = |place, reason| {
        let rule = ModelRule::Run { reason };
        ModelError { path: model.path.clone(), place, rule }
    };
    if let Some(source) = found_in::<SourceError>(error) {
        return at(Place::default(), format!("its source cannot be read: {source}"));
    }
    if let Some(reason) = no_room(error) {
        return at(Place::default(), reason);
    }
    if let Some(file) = lake_file(error) {
        return at(Place::default(), file);
    }
    if let Some(changed) = found_in::<ChangedValue>(error) {
        return at(Place::default(), changed.to_string());
    }
    if let Some(arithmetic) = found_in::<ArithmeticError>(error) {
        return at(Place::default(), arithmetic.to_string());
    }
    let reason = reason(error);
    match refused(scope, plan).await {
        Some(refused) => {
            let Refused { cast, value } = refused;
            let reason = format!(
                "{} is {value:?} in a row, which is no {} ({reason})",
                cast.expr,
                cast.field.data_type()
            );
            at(place_of(model, &cast), reason)
        }
        None => at(Place::default(), reason),
    }
}

/// The error of type `E` in the chain of `error`.
fn found_in<E: Error + 'static>(error: &DataFusionError) -> Option<&E> {
    let mut link: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = link {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        link = error.source();
    }
    None
}

/// What is wrong with a data file of a table that is read.
pub(crate) fn lake_file(error: &DataFusionError) -> Option<String> {
    let text = cause(error);
    let end = text.find(".parquet")? + ".parquet".len();
    let start = text.get(..end)?.rfind([' ', '"']).map_or(0, |at| at + 1);
    let path = text.get(start..end)?;
    let table: Vec<&str> = path.rsplit('/').collect();
    let layer = |part: &&str| Layer::EVERY.iter().any(|layer| layer.as_str() == *part);
    let at = table.iter().position(layer)?;
    let (layer, name) = (table.get(at)?, table.get(at.checked_sub(1)?)?);
    let fault =
        if is_gone(&text) { "is not there".to_owned() } else { format!("is damaged: {text}") };
    let file = table.first()?;
    Some(format!(
        "reads {layer}.{name}, whose file {file} {fault}; put it back from a copy, or build with --full-refresh --select \
         {layer}.{name} to make the table anew of what there is"
    ))
}

/// Whether `error` tells that a data file is not where the log says.
pub(crate) fn is_missing_file(error: &DataFusionError) -> bool {
    let text = cause(error);
    text.contains(".parquet") && is_gone(&text)
}

fn is_gone(text: &str) -> bool {
    text.contains("not found") || text.contains("No such file")
}

/// A cast, and a value that it refuses.
struct Refused {
    cast: Cast,
    value: String,
}

async fn refused(scope: &Scope, plan: &LogicalPlan) -> Option<Refused> {
    let mut casts: Vec<(LogicalPlan, Cast)> = Vec::new();
    let walked = plan.apply_with_subqueries(|node| {
        if let [input] = node.inputs().as_slice() {
            node.apply_expressions(|expr| {
                expr.apply(|part| {
                    if let Expr::Cast(cast) = part {
                        casts.push(((*input).clone(), cast.clone()));
                    }
                    Ok(TreeNodeRecursion::Continue)
                })
            })?;
        }
        Ok(TreeNodeRecursion::Continue)
    });
    walked.ok()?;
    // The innermost node is the one whose input can be computed.
    for (input, cast) in casts.into_iter().rev() {
        if let Some(value) = refused_value(scope, input, &cast).await {
            return Some(Refused { cast, value });
        }
    }
    None
}

/// A value of `input` that `cast` refuses; `None` also when the input itself cannot be computed.
async fn refused_value(scope: &Scope, input: LogicalPlan, cast: &Cast) -> Option<String> {
    let tried = Expr::TryCast(TryCast { expr: cast.expr.clone(), field: cast.field.clone() });
    let value = (*cast.expr).clone();
    let is_refused = value.clone().is_not_null().and(tried.is_null());
    let plan = LogicalPlanBuilder::new(input)
        .filter(is_refused)
        .and_then(|plan| plan.project([value]))
        .and_then(|plan| plan.limit(0, Some(1)))
        .and_then(LogicalPlanBuilder::build)
        .ok()?;
    let mut rows = scope.run(&plan).await.ok()?;
    while let Some(batch) = rows.next().await {
        let batch = batch.ok()?;
        if batch.num_rows() > 0 {
            return array_value_to_string(batch.column(0), 0).ok();
        }
    }
    None
}

/// Where the model's text casts what `cast` casts: the same innermost column or expression.
fn place_of(model: &Model, cast: &Cast) -> Place {
    let wanted = match cast.expr.as_ref() {
        Expr::Column(column) => column.name.clone(),
        other => other.schema_name().to_string(),
    };
    let mut casts = SqlCasts { wanted: wanted.to_lowercase(), place: Place::default() };
    let _ = model.statement.visit(&mut casts);
    casts.place
}

struct SqlCasts {
    wanted: String,
    place: Place,
}

impl Visitor for SqlCasts {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &SqlExpr) -> ControlFlow<()> {
        let SqlExpr::Cast { kind: CastKind::Cast | CastKind::DoubleColon, expr, .. } = expr else {
            return ControlFlow::Continue(());
        };
        let text = match expr.as_ref() {
            SqlExpr::CompoundIdentifier(parts) => {
                parts.last().map(|ident| ident.value.clone()).unwrap_or_default()
            }
            other => other.to_string(),
        };
        if text.to_lowercase() == self.wanted {
            let start = expr.span().start;
            self.place = Place::at(start.line, start.column);
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}
