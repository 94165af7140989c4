//! `+`, `-`, `*` and `/` of numbers that are right or refuse. DataFusion's own wrap around on integers, let decimals
//! grow beyond 38 digits, and refuse a product of decimals whose digits behind the point are more than 38.
//!
//! [`CheckedArithmetic`] puts these functions in the place of the operators of a plan. Not here: times and intervals,
//! whose operators are checked as they are.

mod decimal;
mod rewrite;

pub use rewrite::CheckedArithmetic;

use arrow::array::{Array, ArrayRef, AsArray, Datum};
use arrow::compute::kernels::numeric;
use arrow::datatypes::{DataType, Decimal128Type, DecimalType};
use arrow::error::ArrowError;
use arrow::util::display::array_value_to_string;
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::binary::BinaryTypeCoercer;
use datafusion::logical_expr::{
    ColumnarValue, Expr, Operator, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};
use decimal::{Refused, Scaling};
use std::fmt;
use std::sync::Arc;

/// The digits of the longest decimal.
pub(crate) const MAX_DIGITS: u8 = Decimal128Type::MAX_PRECISION;

/// Arithmetic without a right result.
#[derive(Debug, thiserror::Error)]
pub enum ArithmeticError {
    /// The result has no place in the type.
    #[error("{expr} is beyond {of} for {values}; cast what it is made of to {remedy}")]
    Overflow {
        /// The expression, with the names of its columns.
        expr: String,
        /// The type of the result.
        of: DataType,
        /// The values, in the order of the expression.
        values: String,
        /// A type that holds more.
        remedy: &'static str,
    },
    /// A division by zero.
    #[error("{expr} divides {value} by zero; write nullif(..., 0) for null there")]
    Zero {
        /// The expression, with the names of its columns.
        expr: String,
        /// What is divided.
        value: String,
    },
    /// A sum or mean has no place in the type.
    #[error("{call} is beyond {of}; cast what it adds to {remedy}")]
    Sum {
        /// The aggregate, with the names of its columns.
        call: String,
        /// The type of the result.
        of: DataType,
        /// A type that holds more.
        remedy: &'static str,
    },
}

impl From<ArithmeticError> for DataFusionError {
    fn from(error: ArithmeticError) -> DataFusionError {
        DataFusionError::External(Box::new(error))
    }
}

/// A type that holds more than `of`.
pub(crate) fn wider(of: &DataType) -> &'static str {
    match of {
        DataType::Int64 | DataType::UInt64 => "decimal(38, 0)",
        of if of.is_integer() => "bigint",
        DataType::Decimal128(_, scale) if *scale > 0 => {
            "a decimal with fewer digits behind the point, or double"
        }
        _ => "double",
    }
}

/// Which operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Op {
    Add,
    Subtract,
    Multiply,
    Divide,
    Negate,
}

impl Op {
    fn operator(self) -> Operator {
        match self {
            Op::Add => Operator::Plus,
            Op::Subtract | Op::Negate => Operator::Minus,
            Op::Multiply => Operator::Multiply,
            Op::Divide => Operator::Divide,
        }
    }
}

/// One operator as a function of its operands; [`Op::Negate`] has one, all others two.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Checked {
    op: Op,
    signature: Signature,
}

impl Checked {
    fn new(op: Op) -> Checked {
        Checked { op, signature: Signature::user_defined(Volatility::Immutable) }
    }
}

/// The digits of a number without digits lost, and those behind the point.
fn as_decimal(of: &DataType) -> Option<(u8, i8)> {
    Some(match of {
        DataType::Int8 | DataType::UInt8 => (3, 0),
        DataType::Int16 | DataType::UInt16 => (5, 0),
        DataType::Int32 | DataType::UInt32 => (10, 0),
        DataType::Int64 | DataType::UInt64 => (20, 0),
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale) => (*precision, *scale),
        DataType::Dictionary(_, values) => return as_decimal(values),
        _ => return None,
    })
}

/// The decimals that two numbers are, when at least one is a decimal.
fn as_decimals(left: &DataType, right: &DataType) -> Option<[(u8, i8); 2]> {
    let is_decimal = |of: &DataType| match of {
        DataType::Dictionary(_, values) => values.is_decimal(),
        of => of.is_decimal(),
    };
    let null_as = |of: &DataType, other: &DataType| match of {
        DataType::Null => as_decimal(other),
        of => as_decimal(of),
    };
    if !is_decimal(left) && !is_decimal(right) {
        return None;
    }
    Some([null_as(left, right)?, null_as(right, left)?])
}

impl ScalarUDFImpl for Checked {
    fn name(&self) -> &str {
        match self.op {
            Op::Add => "checked_add",
            Op::Subtract => "checked_subtract",
            Op::Multiply => "checked_multiply",
            Op::Divide => "checked_divide",
            Op::Negate => "checked_negate",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        Ok(written(self.op, args.iter().map(|arg| arg.schema_name().to_string()).collect()))
    }

    fn display_name(&self, args: &[Expr]) -> Result<String> {
        Ok(written(self.op, args.iter().map(ToString::to_string).collect()))
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        match types {
            [of] => Ok(vec![match of {
                DataType::Null => DataType::Int64,
                DataType::UInt8 => DataType::Int16,
                DataType::UInt16 => DataType::Int32,
                DataType::UInt32 => DataType::Int64,
                DataType::UInt64 => DataType::Decimal128(20, 0),
                of => of.clone(),
            }]),
            [left, right] => match as_decimals(left, right) {
                Some(decimals) => Ok(decimals.map(|(p, s)| DataType::Decimal128(p, s)).to_vec()),
                None => {
                    let operator = self.op.operator();
                    let (left, right) =
                        BinaryTypeCoercer::new(left, &operator, right).get_input_types()?;
                    Ok(vec![left, right])
                }
            },
            _ => plan_err!("{} has one operand or two", self.name()),
        }
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        match types {
            [of] => Ok(self.coerce_types(std::slice::from_ref(of))?.swap_remove(0)),
            [left, right] => match as_decimals(left, right) {
                Some([left, right]) => Ok(Scaling::new(self.op, left, right).of()),
                None => {
                    let operator = self.op.operator();
                    BinaryTypeCoercer::new(left, &operator, right).get_result_type()
                }
            },
            _ => plan_err!("{} has one operand or two", self.name()),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let names = args.args.iter().zip(&args.arg_fields).map(|(value, field)| match value {
            ColumnarValue::Scalar(value) => value.to_string(),
            ColumnarValue::Array(_) => unplaced(field.name()),
        });
        let expr = written(self.op, names.collect());
        let is_scalar = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let n_rows = if is_scalar { 1 } else { args.number_rows };
        let operands: Vec<Operand> =
            args.args.iter().map(Operand::new).collect::<Result<_, _>>()?;
        let result = match (operands.as_slice(), args.return_type()) {
            ([value], _) => self.by_kernel(&[value], &expr)?,
            ([left, right], DataType::Decimal128(..)) => {
                self.by_decimals(left, right, n_rows, &expr)?
            }
            ([left, right], _) => self.by_kernel(&[left, right], &expr)?,
            _ => return plan_err!("{} has one operand or two", self.name()),
        };
        Ok(match is_scalar {
            true => ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?),
            false => ColumnarValue::Array(result),
        })
    }
}

/// A column, or one value for all rows.
struct Operand {
    values: ArrayRef,
    is_scalar: bool,
}

impl Operand {
    fn new(value: &ColumnarValue) -> Result<Operand> {
        Ok(match value {
            ColumnarValue::Array(values) => {
                Operand { values: Arc::clone(values), is_scalar: false }
            }
            ColumnarValue::Scalar(value) => Operand { values: value.to_array()?, is_scalar: true },
        })
    }

    fn at(&self, row_idx: usize) -> usize {
        if self.is_scalar { 0 } else { row_idx }
    }

    fn text(&self, row_idx: usize) -> String {
        array_value_to_string(&self.values, self.at(row_idx)).unwrap_or_default()
    }

    fn row(&self, row_idx: usize) -> Operand {
        Operand { values: self.values.slice(self.at(row_idx), 1), is_scalar: true }
    }
}

impl Datum for Operand {
    fn get(&self) -> (&dyn Array, bool) {
        (self.values.as_ref(), self.is_scalar)
    }
}

impl Checked {
    fn kernel(&self, operands: &[&Operand]) -> Result<ArrayRef, ArrowError> {
        match (self.op, operands) {
            (_, [value]) => numeric::neg(value.values.as_ref()),
            (Op::Add, [left, right]) => numeric::add(*left, *right),
            (Op::Subtract, [left, right]) => numeric::sub(*left, *right),
            (Op::Multiply, [left, right]) => numeric::mul(*left, *right),
            (Op::Divide, [left, right]) => numeric::div(*left, *right),
            _ => Err(ArrowError::InvalidArgumentError("operands".to_owned())),
        }
    }

    /// By Arrow, whose kernels of these names are checked.
    fn by_kernel(&self, operands: &[&Operand], expr: &str) -> Result<ArrayRef> {
        let error = match self.kernel(operands) {
            Ok(result) => return Ok(result),
            Err(error) => error,
        };
        let is_zero = matches!(error, ArrowError::DivideByZero);
        if !is_zero && !matches!(error, ArrowError::ArithmeticOverflow(_)) {
            return Err(error.into());
        }
        let n_rows = operands.iter().map(|operand| operand.values.len()).max().unwrap_or_default();
        let is_refused = |row_idx: &usize| {
            let row: Vec<Operand> = operands.iter().map(|operand| operand.row(*row_idx)).collect();
            self.kernel(&row.iter().collect::<Vec<_>>()).is_err()
        };
        let Some(row_idx) = (0..n_rows).find(is_refused) else { return Err(error.into()) };
        let texts: Vec<String> = operands.iter().map(|operand| operand.text(row_idx)).collect();
        let of = operands.first().map_or(DataType::Null, |left| left.values.data_type().clone());
        Err(refused(self.op, expr, texts, of, is_zero).into())
    }

    fn by_decimals(
        &self,
        left: &Operand,
        right: &Operand,
        n_rows: usize,
        expr: &str,
    ) -> Result<ArrayRef> {
        let (Some(of_left), Some(of_right)) =
            (as_decimal(left.values.data_type()), as_decimal(right.values.data_type()))
        else {
            return plan_err!("{expr} is not made of decimals");
        };
        let scaling = Scaling::new(self.op, of_left, of_right);
        let (Some(left_values), Some(right_values)) = (
            left.values.as_primitive_opt::<Decimal128Type>(),
            right.values.as_primitive_opt::<Decimal128Type>(),
        ) else {
            return plan_err!("{expr} is not made of decimals");
        };
        let at = |row_idx| (left.at(row_idx), right.at(row_idx));
        match scaling.apply(left_values, right_values, n_rows, at) {
            Ok(result) => Ok(Arc::new(result)),
            Err((row_idx, why)) => {
                let texts = vec![left.text(row_idx), right.text(row_idx)];
                let is_zero = matches!(why, Refused::Zero);
                Err(refused(self.op, expr, texts, scaling.of(), is_zero).into())
            }
        }
    }
}

fn refused(op: Op, expr: &str, texts: Vec<String>, of: DataType, is_zero: bool) -> ArithmeticError {
    let expr = expr.to_owned();
    match is_zero {
        true => ArithmeticError::Zero { expr, value: texts.into_iter().next().unwrap_or_default() },
        false => {
            let remedy = wider(&of);
            ArithmeticError::Overflow { expr, of, values: written(op, texts), remedy }
        }
    }
}

/// `op` between its operands, as SQL has it.
fn written(op: Op, operands: Vec<String>) -> String {
    struct Written(Op, Vec<String>);
    impl fmt::Display for Written {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            match self.1.as_slice() {
                [value] => write!(f, "(- {value})"),
                [left, right] => write!(f, "{left} {} {right}", self.0.operator()),
                _ => Ok(()),
            }
        }
    }
    Written(op, operands).to_string()
}

/// The name of a column as a person wrote it: without the place that the planner gives it, as in `amount@3`.
pub(crate) fn unplaced(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('@') {
        let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        text.push_str(before);
        if end == 0 {
            text.push('@');
        }
        rest = after.get(end..).unwrap_or_default();
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests;
