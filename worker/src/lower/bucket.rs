//! The bucket of time that a day lies in, by the same rule as the page has.

use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::{DataType, Date32Type};
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use query::{Date, Grain};
use std::sync::Arc;

/// The first day of the bucket that each day of `days` lies in. Days of any year: `date_trunc` of
/// DataFusion goes through nanoseconds, which end in 2262.
pub fn first_day(grain: Grain, days: Expr) -> Expr {
    ScalarUDF::from(FirstDay::of(grain)).call(vec![days])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct FirstDay {
    grain: Grain,
    signature: Signature,
}

impl FirstDay {
    fn of(grain: Grain) -> FirstDay {
        let signature = Signature::exact(vec![DataType::Date32], Volatility::Immutable);
        FirstDay { grain, signature }
    }
}

impl ScalarUDFImpl for FirstDay {
    fn name(&self) -> &str {
        match self.grain {
            Grain::Day => "first_of_day",
            Grain::Week => "first_of_week",
            Grain::Month => "first_of_month",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Date32)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let first = |days: i32| self.grain.first_day(Date::from_days(days)).days();
        match args.args.as_slice() {
            [ColumnarValue::Scalar(ScalarValue::Date32(days))] => {
                Ok(ColumnarValue::Scalar(ScalarValue::Date32(days.map(first))))
            }
            [ColumnarValue::Array(days)] if days.data_type() == &DataType::Date32 => {
                let firsts = days.as_primitive::<Date32Type>().unary::<_, Date32Type>(first);
                Ok(ColumnarValue::Array(Arc::new(firsts)))
            }
            _ => datafusion::common::plan_err!("{} has one argument, a date", self.name()),
        }
    }
}
