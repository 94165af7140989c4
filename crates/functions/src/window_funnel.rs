//! `window_funnel(window, ts, cond1, cond2, ...) -> int`: how far a group came on an ordered way.
//!
//! The greatest k for which the group has k different rows, of which the first meets `cond1`, the
//! second `cond2` and so on to the k-th, each at a time that is not before that of the row ahead of
//! it, and all of them at most `window` after the first one. 0 when no row meets `cond1`, and for no
//! rows at all; never null.
//!
//! - The window includes its end: `ts of cond1 <= ts of cond2 <= ... <= ts of cond1 + window`.
//! - Every chain is looked at, from every row that meets `cond1`; rows in between that fit nowhere
//!   disturb nothing, and a step may be met many times.
//! - Rows at one time are in no order, so they may follow each other in the order of the steps. A
//!   row is one step at most, also where it meets several conditions: `window_funnel(w, ts, a, a)`
//!   is 2 where `a` was met twice.
//! - A row whose `ts` is null is left out; a condition that is null is not met.
//! - `window` is a constant: an interval or duration of days and smaller parts, where a day has 24
//!   hours, or an integer of seconds. Greater than zero.
//! - `ts` is a timestamp of any unit, with a zone or without, or a date, which is its midnight.
//! - 1 to 32 conditions.
//!
//! The answer depends on the set of rows alone, not on their order or on how they are split.
//!
//! Source: the definition is that of `windowFunnel` in ClickHouse without a mode ("Parametric
//! aggregate functions"), whose window includes its end, too, and of `WINDOW_FUNNEL` in Apache Doris
//! and `window_funnel` in StarRocks with the default mode. Two things differ. ClickHouse takes a row
//! that meets several conditions for several steps unless the mode says `strict_once`, which is the
//! rule here. And an integer is always seconds: there it has the unit of the time column (ClickHouse),
//! or days where `ts` is a date (StarRocks).

mod chain;
mod event_log;
mod event_time;
mod groups;
mod matching;
mod single;
mod span;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::function::{
    AccumulatorArgs, AggregateFunctionSimplification, StateFieldsArgs,
};
use datafusion::logical_expr::utils::{AggregateOrderSensitivity, format_state_name};
use datafusion::logical_expr::{
    Accumulator, AggregateUDFImpl, ColumnarValue, Expr, GroupsAccumulator, Signature, Volatility,
};
use event_log::Steps;
use event_time::TimeUnit;
use groups::FunnelGroups;
use single::Funnel;
use span::Span;
use std::sync::Arc;

/// The greatest number of conditions: one bit each of a row's mask.
const MAX_CONDITIONS: usize = 32;

/// A call of `window_funnel` that means nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FunnelError {
    /// Nothing to count.
    #[error(
        "window_funnel(window, ts, cond1, ...) has no condition: it was given {n_arguments} arguments"
    )]
    NoCondition {
        /// How many arguments there are.
        n_arguments: usize,
    },
    /// More steps than there is room for.
    #[error("window_funnel has {n_conditions} conditions, and 32 is the most")]
    TooManyConditions {
        /// How many there are.
        n_conditions: usize,
    },
    /// A window of another type.
    #[error(
        "the window of window_funnel is {found}, and it is an interval or an integer of seconds"
    )]
    WindowType {
        /// Its type.
        found: DataType,
    },
    /// A window that may differ from row to row.
    #[error("the window of window_funnel is {expr}, and it is a constant")]
    WindowNotConstant {
        /// What it is.
        expr: String,
    },
    /// A window of months, whose length the calendar says.
    #[error("the window of window_funnel is {window}: months have no fixed length, say it in days")]
    WindowMonths {
        /// The window.
        window: String,
    },
    /// A window in which nothing follows.
    #[error("the window of window_funnel is {window}, and it is greater than zero")]
    WindowNotPositive {
        /// The window.
        window: String,
    },
    /// A time of another type.
    #[error("ts of window_funnel is {found}, and it is a timestamp or a date")]
    TimeType {
        /// Its type.
        found: DataType,
    },
    /// A condition of another type.
    #[error("condition {number} of window_funnel is {found}, and it is a boolean")]
    ConditionType {
        /// Which, from 1.
        number: usize,
        /// Its type.
        found: DataType,
    },
    /// `distinct`, which would make one row of several.
    #[error("window_funnel takes every row: leave distinct out")]
    Distinct,
}

impl From<FunnelError> for DataFusionError {
    fn from(error: FunnelError) -> DataFusionError {
        DataFusionError::Plan(error.to_string())
    }
}

/// The aggregate function `window_funnel`; the module says what it answers.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct WindowFunnel {
    signature: Signature,
}

impl WindowFunnel {
    /// The function.
    pub fn new() -> WindowFunnel {
        WindowFunnel { signature: Signature::user_defined(Volatility::Immutable) }
    }
}

impl Default for WindowFunnel {
    fn default() -> WindowFunnel {
        WindowFunnel::new()
    }
}

impl AggregateUDFImpl for WindowFunnel {
    fn name(&self) -> &str {
        "window_funnel"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(checked_types(arg_types)?)
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int32)
    }

    fn is_nullable(&self) -> bool {
        false
    }

    fn default_value(&self, _data_type: &DataType) -> Result<ScalarValue> {
        Ok(ScalarValue::Int32(Some(0)))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let name = format_state_name(args.name, "events");
        Ok(vec![Arc::new(Field::new(name, event_log::state_type(), true))])
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }

    /// Changes nothing: a window that means nothing is refused here, and not only when the plan runs.
    fn simplify(&self) -> Option<AggregateFunctionSimplification> {
        Some(Box::new(|call, _| {
            if call.params.distinct {
                return Err(FunnelError::Distinct.into());
            }
            match call.params.args.first() {
                Some(Expr::Literal(window, _)) => _ = Span::of(window)?,
                // What has no column becomes a literal in a later pass, if it can.
                Some(expr) if expr.column_refs().is_empty() => {}
                Some(expr) => {
                    return Err(FunnelError::WindowNotConstant { expr: expr.to_string() }.into());
                }
                None => return Err(FunnelError::NoCondition { n_arguments: 0 }.into()),
            }
            Ok(Expr::AggregateFunction(call))
        }))
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Funnel::new(steps(&args)?)))
    }

    fn groups_accumulator_supported(&self, _args: AccumulatorArgs) -> bool {
        true
    }

    fn create_groups_accumulator(
        &self,
        args: AccumulatorArgs,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(FunnelGroups::new(steps(&args)?)))
    }
}

/// The types of a call as the accumulators take them: a condition without a type is a boolean.
fn checked_types(arg_types: &[DataType]) -> Result<Vec<DataType>, FunnelError> {
    let [window, ts, conditions @ ..] = arg_types else {
        return Err(FunnelError::NoCondition { n_arguments: arg_types.len() });
    };
    if conditions.is_empty() {
        return Err(FunnelError::NoCondition { n_arguments: arg_types.len() });
    }
    if conditions.len() > MAX_CONDITIONS {
        return Err(FunnelError::TooManyConditions { n_conditions: conditions.len() });
    }
    Span::check_type(window)?;
    TimeUnit::of(ts)?;
    for (idx, found) in conditions.iter().enumerate() {
        if !matches!(found, DataType::Boolean | DataType::Null) {
            let (number, found) = (idx + 1, found.clone());
            return Err(FunnelError::ConditionType { number, found });
        }
    }
    let mut checked = vec![window.clone(), ts.clone()];
    checked.resize(arg_types.len(), DataType::Boolean);
    Ok(checked)
}

/// What a planned call counts.
fn steps(args: &AccumulatorArgs) -> Result<Steps> {
    if args.is_distinct {
        return Err(FunnelError::Distinct.into());
    }
    let types: Vec<DataType> =
        args.expr_fields.iter().map(|field| field.data_type().clone()).collect();
    checked_types(&types)?;
    let [window, _, conditions @ ..] = args.exprs else {
        return Err(FunnelError::NoCondition { n_arguments: args.exprs.len() }.into());
    };
    // A constant is one value however many rows there are.
    let no_rows = RecordBatch::new_empty(Arc::new(args.schema.clone()));
    let ColumnarValue::Scalar(value) = window.evaluate(&no_rows)? else {
        return Err(FunnelError::WindowNotConstant { expr: window.to_string() }.into());
    };
    let unit = TimeUnit::of(&types[1])?;
    Ok(Steps { n: conditions.len(), window: Span::of(&value)?.in_units(unit) })
}

#[cfg(test)]
mod tests;
