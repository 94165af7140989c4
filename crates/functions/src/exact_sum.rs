//! `sum(x)` of whole numbers and decimals that is right or refuses, in the place of DataFusion's function of the same
//! name, which wraps around at 64 and at 128 bits.
//!
//! It adds in 192 bits, so that what is refused is the sum itself: neither the order of the rows nor the way they are
//! split makes a difference, and a sum whose parts are beyond the type and which is not is given. Sums of other types
//! are DataFusion's.

mod groups;
mod one;
mod total;

use crate::arithmetic::{ArithmeticError, unplaced, wider};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, ScalarValue};
use datafusion::functions_aggregate::sum::sum_udaf;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::{AggregateOrderSensitivity, format_state_name};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, GroupsAccumulator, ReversedUDAF, Signature,
};
use groups::Groups;
use one::{Distinct, One};
use std::sync::Arc;

/// The aggregate `sum`.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct ExactSum {
    /// What sums other types, and says which type a sum has.
    plain: Arc<AggregateUDF>,
}

impl ExactSum {
    /// The aggregate.
    pub fn new() -> ExactSum {
        ExactSum { plain: sum_udaf() }
    }
}

impl Default for ExactSum {
    fn default() -> ExactSum {
        ExactSum::new()
    }
}

/// What a sum is called and which type it has.
#[derive(Debug, Clone)]
struct Answer {
    call: String,
    of: DataType,
}

impl Answer {
    /// `None` for a type that is not added here.
    fn of(args: &AccumulatorArgs) -> Option<Answer> {
        let of = args.return_type().clone();
        let call = || match args.exprs.first() {
            // A plan may call it by a name that nobody has written.
            Some(value) if !args.name.starts_with("sum(") => {
                format!("sum({})", unplaced(&value.to_string()))
            }
            _ => args.name.to_owned(),
        };
        is_exact(&of).then(|| Answer { call: call(), of })
    }

    fn beyond(&self) -> ArithmeticError {
        let (call, of) = (self.call.clone(), self.of.clone());
        let remedy = wider(&of);
        ArithmeticError::Sum { call, of, remedy }
    }
}

fn is_exact(of: &DataType) -> bool {
    matches!(of, DataType::Int64 | DataType::UInt64 | DataType::Decimal128(..))
}

/// The type in which totals are handed on: their lower 128 bits.
const LOW: DataType = DataType::Decimal128(38, 0);

impl AggregateUDFImpl for ExactSum {
    fn name(&self) -> &str {
        "sum"
    }

    fn signature(&self) -> &Signature {
        self.plain.signature()
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        self.plain.return_type(types)
    }

    fn default_value(&self, of: &DataType) -> Result<ScalarValue> {
        ScalarValue::try_from(of)
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        if !is_exact(args.return_type()) {
            return self.plain.state_fields(args);
        }
        let field =
            |name: &str, of| Arc::new(Field::new(format_state_name(args.name, name), of, true));
        Ok(match args.is_distinct {
            true => {
                let item = Arc::new(Field::new_list_field(LOW, true));
                vec![field("values", DataType::List(item))]
            }
            false => vec![field("low", LOW), field("high", DataType::Int32)],
        })
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        match Answer::of(&args) {
            Some(answer) if args.is_distinct => Ok(Box::new(Distinct::new(answer))),
            Some(answer) => Ok(Box::new(One::new(answer))),
            None => self.plain.accumulator(args),
        }
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        match is_exact(args.return_type()) {
            // Both forget what they were given.
            true => self.accumulator(args),
            false => self.plain.create_sliding_accumulator(args),
        }
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs) -> bool {
        self.plain.groups_accumulator_supported(args)
    }

    fn create_groups_accumulator(
        &self,
        args: AccumulatorArgs,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        match Answer::of(&args) {
            Some(answer) => Ok(Box::new(Groups::new(answer))),
            None => self.plain.create_groups_accumulator(args),
        }
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }
}

#[cfg(test)]
mod tests;
