//! An answer over a dimension as marks: bars or slices.

use crate::answer::Answer;
use crate::decimal::Decimal;

/// How many slices a donut has at most; what is beyond is one slice "other".
pub const MAX_SLICES: usize = 8;

/// What the page calls the null of a dimension.
pub const NULL_LABEL: &str = "(none)";

/// One bar or slice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// What it stands for.
    pub key: MarkKey,
    /// The measure; `None` is null.
    pub value: Option<Decimal>,
}

/// What a mark stands for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum MarkKey {
    /// A value of the dimension; `None` is null.
    Value(Option<String>),
    /// All that have no mark of their own.
    Others {
        /// How many values.
        n_values: usize,
    },
}

impl Mark {
    /// What the page calls it.
    pub fn label(&self) -> String {
        match &self.key {
            MarkKey::Value(Some(value)) if value.trim().is_empty() => "(empty)".to_owned(),
            MarkKey::Value(Some(value)) => value.clone(),
            MarkKey::Value(None) => NULL_LABEL.to_owned(),
            MarkKey::Others { n_values } => format!("Other ({n_values})"),
        }
    }
}

/// Every row of `answer` as a mark, in its order.
pub fn marks(answer: &Answer) -> Vec<Mark> {
    let values = answer.numbers().iter().copied();
    answer
        .texts()
        .iter()
        .zip(values)
        .map(|(text, value)| Mark { key: MarkKey::Value(text.clone()), value })
        .collect()
}

/// As [`marks`], with all beyond the largest folded into one exact sum.
///
/// The sum is that of the measure as long as the measure over several values is the sum of the
/// measure over each (see [`crate::buckets::counts_rows`]); the caller folds no other measure. When
/// the sum does not fit 128 bits, nothing is folded.
pub fn folded(answer: &Answer) -> Vec<Mark> {
    let mut marks = marks(answer);
    if marks.len() <= MAX_SLICES {
        return marks;
    }
    let mut tail = marks.iter().skip(MAX_SLICES - 1).filter_map(|mark| mark.value);
    let sum = tail.try_fold(Decimal::new(0, 0), Decimal::plus);
    let Some(sum) = sum else { return marks };
    let n_values = marks.len() - (MAX_SLICES - 1);
    marks.truncate(MAX_SLICES - 1);
    marks.push(Mark { key: MarkKey::Others { n_values }, value: Some(sum) });
    marks
}

/// The exact sum of all marks; `None` when there is none, or it does not fit.
pub fn total(marks: &[Mark]) -> Option<Decimal> {
    let mut values = marks.iter().filter_map(|mark| mark.value);
    let first = values.next()?;
    values.try_fold(first, Decimal::plus)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::{Column, Values};
    use catalog::Name;
    use protocol::ReadFacts;
    use query::{GroupBy, Order, QuerySpec, Selection};

    fn answer(values: &[(Option<&str>, i128)]) -> Answer {
        let name = |text: &str| Name::new(text).unwrap();
        let spec = QuerySpec {
            measures: vec![name("m")],
            group_by: vec![GroupBy { dimension: name("status"), grain: None }],
            selection: Selection::default(),
            order: Order::LargestFirst,
            limit: None,
        };
        let texts = values.iter().map(|(text, _)| text.map(str::to_owned)).collect();
        let numbers = values.iter().map(|(_, units)| Some(Decimal::new(*units, 2))).collect();
        let columns = vec![
            Column { name: "status".into(), values: Values::Text(texts) },
            Column { name: "m".into(), values: Values::Number(numbers) },
        ];
        Answer { spec, columns, n_rows: values.len(), facts: ReadFacts::default() }
    }

    fn check(values: &[(Option<&str>, i128)], expected: &str) {
        let marks = folded(&answer(values));
        let text: Vec<String> =
            marks.iter().map(|mark| format!("{}={}", mark.label(), mark.value.unwrap())).collect();
        assert_eq!(text.join(" "), expected);
    }

    #[test]
    fn few_values_stay() {
        check(&[(Some("a"), 250), (None, 100), (Some(" "), 5)], "a=2.50 (none)=1.00 (empty)=0.05");
        check(&[], "");
    }

    #[test]
    fn many_values_are_folded_exactly() {
        let names: Vec<String> = (0..10).map(|i| format!("v{i}")).collect();
        let values: Vec<(Option<&str>, i128)> = names
            .iter()
            .zip((1..=10).rev())
            .map(|(name, units)| (Some(name.as_str()), units))
            .collect();
        check(&values, "v0=0.10 v1=0.09 v2=0.08 v3=0.07 v4=0.06 v5=0.05 v6=0.04 Other (3)=0.06");
        assert_eq!(total(&folded(&answer(&values))), total(&marks(&answer(&values))));
    }
}
