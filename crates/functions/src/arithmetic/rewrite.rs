//! The operators of a plan, as functions that check.

use super::{Checked, Op};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::expr_rewriter::FunctionRewrite;
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, Operator, ScalarUDF};
use std::sync::{Arc, LazyLock};

static FUNCTIONS: LazyLock<[Arc<ScalarUDF>; 5]> = LazyLock::new(|| {
    [Op::Add, Op::Subtract, Op::Multiply, Op::Divide, Op::Negate]
        .map(|op| Arc::new(ScalarUDF::from(Checked::new(op))))
});

fn call(op: Op, operands: Vec<Expr>) -> Expr {
    let [add, subtract, multiply, divide, negate] = &*FUNCTIONS;
    let function = match op {
        Op::Add => add,
        Op::Subtract => subtract,
        Op::Multiply => multiply,
        Op::Divide => divide,
        Op::Negate => negate,
    };
    Expr::ScalarFunction(ScalarFunction::new_udf(Arc::clone(function), operands))
}

/// Puts checked arithmetic in the place of the operators on numbers; a session applies it before types are coerced. The
/// names of columns stay.
#[derive(Debug)]
pub struct CheckedArithmetic;

impl FunctionRewrite for CheckedArithmetic {
    fn name(&self) -> &str {
        "checked_arithmetic"
    }

    fn rewrite(
        &self,
        expr: Expr,
        schema: &DFSchema,
        _config: &ConfigOptions,
    ) -> Result<Transformed<Expr>> {
        let is_number = |operand: &Expr| {
            // What a query outside of this one gives has a type of its own.
            operand.get_type(schema).is_ok_and(|of| !of.is_temporal() && !of.is_nested())
        };
        Ok(match expr {
            Expr::BinaryExpr(BinaryExpr { left, op, right })
                if is_number(&left) && is_number(&right) =>
            {
                let checked = match op {
                    Operator::Plus => Op::Add,
                    Operator::Minus => Op::Subtract,
                    Operator::Multiply => Op::Multiply,
                    Operator::Divide => Op::Divide,
                    op => {
                        return Ok(Transformed::no(Expr::BinaryExpr(BinaryExpr {
                            left,
                            op,
                            right,
                        })));
                    }
                };
                Transformed::yes(call(checked, vec![*left, *right]))
            }
            Expr::Negative(value) if is_number(&value) => {
                Transformed::yes(call(Op::Negate, vec![*value]))
            }
            other => Transformed::no(other),
        })
    }
}
