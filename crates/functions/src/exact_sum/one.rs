//! One sum: of all rows, of the rows in a window, of the different values.

use super::total::{Total, column, each, kept};
use super::{Answer, LOW};
use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::{Decimal128Type, Int32Type};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::Accumulator;
use std::collections::HashMap;
use std::mem::size_of;

fn evaluated(answer: &Answer, total: Total) -> Result<ScalarValue> {
    match column(&[total], &answer.of) {
        Some(values) => ScalarValue::try_from_array(&values?, 0),
        None => Err(answer.beyond().into()),
    }
}

/// The sum of rows that come and go.
#[derive(Debug)]
pub(super) struct One {
    answer: Answer,
    total: Total,
    n_values: u64,
}

impl One {
    pub(super) fn new(answer: Answer) -> One {
        One { answer, total: Total::default(), n_values: 0 }
    }

    /// The total of the values that have not gone again.
    fn current(&self) -> Total {
        if self.n_values > 0 { self.total } else { Total::default() }
    }
}

impl Accumulator for One {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let [values] = values else { return Ok(()) };
        each(values, kept(values, None).as_ref(), |_, value| {
            self.total.add(value);
            self.n_values += 1;
        })
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let [values] = values else { return Ok(()) };
        each(values, kept(values, None).as_ref(), |_, value| {
            self.total.subtract(value);
            self.n_values -= 1;
        })
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let (low, high) = self.current().state().unzip();
        Ok(vec![ScalarValue::Decimal128(low, 38, 0), ScalarValue::Int32(high)])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let [low, high] = states else { return Ok(()) };
        let (low, high) = (low.as_primitive::<Decimal128Type>(), high.as_primitive::<Int32Type>());
        for (low, high) in low.iter().zip(high) {
            let (Some(low), Some(high)) = (low, high) else { continue };
            self.total.merge(Total::of_state(low, high));
            self.n_values += 1;
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        evaluated(&self.answer, self.current())
    }

    fn size(&self) -> usize {
        size_of::<One>() + self.answer.call.capacity()
    }
}

/// The sum of the different values.
#[derive(Debug)]
pub(super) struct Distinct {
    answer: Answer,
    /// How often each value is there.
    values: HashMap<i128, u64>,
}

impl Distinct {
    pub(super) fn new(answer: Answer) -> Distinct {
        Distinct { answer, values: HashMap::new() }
    }
}

impl Accumulator for Distinct {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let [values] = values else { return Ok(()) };
        each(values, kept(values, None).as_ref(), |_, value| {
            *self.values.entry(value).or_default() += 1;
        })
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let [values] = values else { return Ok(()) };
        each(values, kept(values, None).as_ref(), |_, value| {
            if let Some(n_values) = self.values.get_mut(&value) {
                *n_values -= 1;
                if *n_values == 0 {
                    self.values.remove(&value);
                }
            }
        })
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let values: Vec<ScalarValue> =
            self.values.keys().map(|value| ScalarValue::Decimal128(Some(*value), 38, 0)).collect();
        Ok(vec![ScalarValue::List(ScalarValue::new_list(&values, &LOW, true))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let [lists] = states else { return Ok(()) };
        lists.as_list::<i32>().iter().flatten().try_for_each(|values| self.update_batch(&[values]))
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let mut total = Total::default();
        self.values.keys().for_each(|value| total.add(*value));
        evaluated(&self.answer, total)
    }

    fn size(&self) -> usize {
        size_of::<Distinct>()
            + self.answer.call.capacity()
            + self.values.capacity() * (size_of::<(i128, u64)>() + 1)
    }
}
