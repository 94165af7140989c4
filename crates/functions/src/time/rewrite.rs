//! Functions and comparisons that go by nanoseconds, by others that do not; and the moment that a query takes for now.

use arrow::datatypes::{DataType, IntervalMonthDayNano, TimeUnit};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::functions::datetime::to_timestamp_micros;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::expr_rewriter::FunctionRewrite;
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, cast, lit};

const MICROS_PER_SECOND: i64 = 1_000_000;
const MICROS_PER_DAY: i64 = 86_400 * MICROS_PER_SECOND;

/// `to_timestamp(x)` in microseconds, and a time that has passed against an interval such as `interval '1 day'` (of 24
/// hours) as a comparison of microseconds. A session applies it before types are coerced.
#[derive(Debug)]
pub struct MicrosecondFunctions;

impl FunctionRewrite for MicrosecondFunctions {
    fn name(&self) -> &str {
        "microsecond_functions"
    }

    fn rewrite(
        &self,
        expr: Expr,
        schema: &DFSchema,
        config: &ConfigOptions,
    ) -> Result<Transformed<Expr>> {
        Ok(match expr {
            Expr::ScalarFunction(call) if call.name() == "to_timestamp" => {
                to_timestamp(call, schema, config)
            }
            Expr::BinaryExpr(BinaryExpr { left, op, right }) if op.supports_propagation() => {
                let is_passed = |side: &Expr| {
                    matches!(side.get_type(schema), Ok(DataType::Duration(TimeUnit::Microsecond)))
                };
                let (left, right) = match (passed(&left), passed(&right)) {
                    (None, Some(time)) if is_passed(&left) => (left, Box::new(time)),
                    (Some(time), None) if is_passed(&right) => (Box::new(time), right),
                    _ => {
                        return Ok(Transformed::no(Expr::BinaryExpr(BinaryExpr {
                            left,
                            op,
                            right,
                        })));
                    }
                };
                Transformed::yes(Expr::BinaryExpr(BinaryExpr { left, op, right }))
            }
            other => Transformed::no(other),
        })
    }
}

/// The time that passes in an interval without months.
fn passed(interval: &Expr) -> Option<Expr> {
    let Expr::Literal(ScalarValue::IntervalMonthDayNano(Some(interval)), _) = interval else {
        return None;
    };
    let IntervalMonthDayNano { months: 0, days, nanoseconds } = interval else { return None };
    let micros = i64::from(*days).checked_mul(MICROS_PER_DAY)?.checked_add(nanoseconds / 1_000)?;
    (nanoseconds % 1_000 == 0).then(|| lit(ScalarValue::DurationMicrosecond(Some(micros))))
}

fn to_timestamp(
    call: ScalarFunction,
    schema: &DFSchema,
    config: &ConfigOptions,
) -> Transformed<Expr> {
    let micros = DataType::Timestamp(TimeUnit::Microsecond, None);
    let of = call.args.first().and_then(|value| value.get_type(schema).ok());
    let (Some(value), Some(of)) = (call.args.first(), of) else {
        return Transformed::no(Expr::ScalarFunction(call));
    };
    let value = value.clone();
    Transformed::yes(match of {
        of if of.is_string() && call.args.len() > 1 => {
            Expr::ScalarFunction(ScalarFunction::new_udf(to_timestamp_micros(config), call.args))
        }
        of if of.is_integer() => {
            cast(cast(value, DataType::Timestamp(TimeUnit::Second, None)), micros)
        }
        of if of.is_floating() || of.is_decimal() => {
            let count = cast(value * lit(MICROS_PER_SECOND), DataType::Int64);
            cast(count, micros)
        }
        _ => cast(value, micros),
    })
}

/// One moment for `now()`, `current_date` and what else asks for the time: a session that makes many tables applies it,
/// so that all of them say the same.
#[derive(Debug)]
pub struct OneMoment {
    at_us: i64,
}

impl OneMoment {
    /// The moment in microseconds since 1970 UTC.
    pub fn new(at_us: i64) -> OneMoment {
        OneMoment { at_us }
    }
}

impl FunctionRewrite for OneMoment {
    fn name(&self) -> &str {
        "one_moment"
    }

    fn rewrite(
        &self,
        expr: Expr,
        _schema: &DFSchema,
        _config: &ConfigOptions,
    ) -> Result<Transformed<Expr>> {
        let Expr::ScalarFunction(call) = &expr else { return Ok(Transformed::no(expr)) };
        let value = match call.name() {
            "now" => ScalarValue::TimestampMicrosecond(Some(self.at_us), None),
            "current_date" => {
                let days = i32::try_from(self.at_us.div_euclid(MICROS_PER_DAY));
                ScalarValue::Date32(days.ok())
            }
            "current_time" => {
                let nanos = self.at_us.rem_euclid(MICROS_PER_DAY) * 1_000;
                ScalarValue::Time64Nanosecond(Some(nanos))
            }
            _ => return Ok(Transformed::no(expr)),
        };
        Ok(Transformed::yes(lit(value)))
    }
}
