//! An answer of the engine: Arrow IPC bytes to typed columns.

mod grid;
mod stream;

pub use grid::Grid;

use crate::decimal::Number;
use protocol::ReadFacts;
use query::{Date, QuerySpec};

/// The rows that answer a question, and what they cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The question.
    pub spec: QuerySpec,
    /// In the order that [`QuerySpec`] says.
    pub columns: Vec<Column>,
    /// How many rows each column has.
    pub n_rows: usize,
    /// What was read for it.
    pub facts: ReadFacts,
}

/// One column of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Of the dimension or measure.
    pub name: String,
    /// One for each row.
    pub values: Values,
}

/// The values of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Texts, null kept.
    Text(Vec<Option<String>>),
    /// Days.
    Day(Vec<Option<Date>>),
    /// Numbers.
    Number(Vec<Option<Number>>),
}

/// The bytes are no answer that a panel can show.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// They are not a whole Arrow IPC stream.
    #[error("the answer is not a whole Arrow stream")]
    NotArrow,
    /// A column of a type that no panel shows.
    #[error("column {column:?} of the answer is of type {data_type}, which no panel shows")]
    UnknownType {
        /// The column.
        column: String,
        /// Its type, as Arrow calls it.
        data_type: String,
    },
}

impl Answer {
    /// Reads the Arrow IPC stream that answers `spec`: columns of `Utf8`, `Date32`, `Int32`,
    /// `Int64`, `UInt64`, `Float64` (kept to the sixth decimal) and `Decimal128`.
    ///
    /// # Errors
    /// [`AnswerError`]; nothing is shown of an answer that cannot be read whole.
    pub fn decode(spec: QuerySpec, facts: ReadFacts, ipc: &[u8]) -> Result<Answer, AnswerError> {
        let (columns, n_rows) = stream::read(ipc)?;
        Ok(Answer { spec, columns, n_rows, facts })
    }

    /// The values of the first measure.
    pub fn numbers(&self) -> &[Option<Number>] {
        match self.columns.get(self.spec.group_by.len()) {
            Some(Column { values: Values::Number(numbers), .. }) => numbers,
            _ => &[],
        }
    }

    /// The number of the only row of an ungrouped answer; `None` when there is none or it is null.
    pub fn number(&self) -> Option<Number> {
        self.numbers().first().copied().flatten()
    }

    /// The days of the first group.
    pub fn days(&self) -> &[Option<Date>] {
        match self.columns.first() {
            Some(Column { values: Values::Day(days), .. }) => days,
            _ => &[],
        }
    }

    /// The texts of the first group.
    pub fn texts(&self) -> &[Option<String>] {
        match self.columns.first() {
            Some(Column { values: Values::Text(texts), .. }) => texts,
            _ => &[],
        }
    }

    /// How many groups there were before the limit, when there is a limit: in the column behind
    /// those of the groups and measures, whatever its name is.
    pub fn n_groups(&self) -> Option<i128> {
        self.spec.limit?;
        match self.columns.get(self.spec.group_by.len() + self.spec.measures.len())? {
            Column { values: Values::Number(numbers), .. } => {
                Some(numbers.first()?.as_ref()?.exact()?.units)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::types::Int8Type;
    use arrow_array::{
        Array, ArrayRef, BooleanArray, Date32Array, Decimal128Array, DictionaryArray, Float64Array,
        Int32Array, Int64Array, RecordBatch, StringArray, UInt64Array,
    };
    use arrow_ipc::writer::StreamWriter;
    use query::{GroupBy, Order, Selection};
    use std::sync::Arc;

    fn ipc(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let mut bytes = Vec::new();
        let mut writer = StreamWriter::try_new(&mut bytes, &batch.schema()).unwrap();
        writer.write(&batch).unwrap();
        writer.write(&batch.slice(0, batch.num_rows().min(1))).unwrap();
        writer.finish().unwrap();
        drop(writer);
        bytes
    }

    fn decode(columns: Vec<(&str, ArrayRef)>) -> Result<Answer, AnswerError> {
        let name = |text: &str| catalog::Name::new(text).unwrap();
        let spec = QuerySpec {
            measures: vec![name("m")],
            group_by: vec![GroupBy { dimension: name("g"), grain: None }],
            selection: Selection::default(),
            order: Order::Group,
            limit: None,
        };
        Answer::decode(spec, ReadFacts::default(), &ipc(columns))
    }

    #[test]
    fn texts_are_read() {
        let check = |values: &[Option<&str>]| {
            let array: ArrayRef = Arc::new(StringArray::from(values.to_vec()));
            let n_rows = array.len() + array.len().min(1);
            let answer = decode(vec![("g", array)]).unwrap();
            let texts: Vec<Option<&str>> = answer.texts().iter().map(Option::as_deref).collect();
            // The bench writes the first row once more, as a batch of its own.
            assert_eq!(texts, [values, values.get(..1).unwrap_or_default()].concat());
            assert_eq!(answer.n_rows, n_rows);
        };
        check(&[Some("são paulo"), None, Some(""), Some("rio")]);
        check(&[Some("a"); 9]);
        check(&[None; 17]);
        check(&[]);
    }

    #[test]
    fn numbers_of_every_type_are_read() {
        let check = |array: ArrayRef, expected: &[Option<&str>]| {
            let group: ArrayRef = Arc::new(Date32Array::from(vec![Some(0), None]));
            let answer = decode(vec![("g", group), ("m", array)]).unwrap();
            let numbers: Vec<Option<String>> =
                answer.numbers().iter().map(|n| n.map(|n| n.to_string())).collect();
            let expected: Vec<Option<String>> =
                expected.iter().map(|text| text.map(str::to_owned)).collect();
            assert_eq!(numbers.get(..2), Some(expected.as_slice()));
            assert_eq!(answer.days().get(..2), Some(&[Some(Date::from_days(0)), None][..]));
        };
        check(Arc::new(Int32Array::from(vec![Some(-7), None])), &[Some("-7"), None]);
        check(
            Arc::new(Int64Array::from(vec![None, Some(i64::MIN)])),
            &[None, Some("-9223372036854775808")],
        );
        check(
            Arc::new(UInt64Array::from(vec![u64::MAX, 0])),
            &[Some("18446744073709551615"), Some("0")],
        );
        check(Arc::new(Float64Array::from(vec![Some(0.5), None])), &[Some("0.500000"), None]);
        let decimals = Decimal128Array::from(vec![Some(-1_359_164_370), None]);
        let decimals = decimals.with_precision_and_scale(38, 2).unwrap();
        check(Arc::new(decimals), &[Some("-13591643.70"), None]);
        let odd = vec![f64::NAN, f64::NEG_INFINITY];
        check(Arc::new(Float64Array::from(odd)), &[Some("NaN"), Some("-inf")]);
    }

    #[test]
    fn the_number_of_groups_is_told_by_its_place() {
        let check = |limit: Option<u32>, names: [&'static str; 3], expected: Option<i128>| {
            let texts: ArrayRef = Arc::new(StringArray::from(vec!["a", "b"]));
            let numbers = |n: i64| -> ArrayRef { Arc::new(Int64Array::from(vec![n, n])) };
            let [group, measure, last] = names;
            let mut columns = vec![(group, texts), (measure, numbers(7)), (last, numbers(9))];
            columns.truncate(if limit.is_some() { 3 } else { 2 });
            let mut answer = decode(columns).unwrap();
            answer.spec.limit = limit;
            assert_eq!(answer.n_groups(), expected, "{names:?}");
        };
        check(Some(2), ["g", "m", "groups in all"], Some(9));
        check(Some(2), ["n_groups", "m", "groups in all"], Some(9));
        check(Some(2), ["g", "n_groups", "groups in all"], Some(9));
        check(None, ["g", "n_groups", ""], None);
    }

    #[test]
    fn columns_of_unequal_length_are_refused() {
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
        let whole = ipc(vec![("g", Arc::clone(&numbers)), ("m", numbers)]);
        // The length of each column stands in the message, so one of them can be made another.
        let three = 3_i64.to_le_bytes();
        let places: Vec<usize> = (0..whole.len() - 8)
            .filter(|start| whole.get(*start..start + 8) == Some(&three[..]))
            .collect();
        let n_read = places.iter().filter(|start| {
            let mut spoiled = whole.clone();
            spoiled[**start] = 2;
            let spec = decode(vec![("g", Arc::new(Date32Array::from(vec![1])) as ArrayRef)]);
            Answer::decode(spec.unwrap().spec, ReadFacts::default(), &spoiled).is_ok_and(|answer| {
                let lengths = answer.columns.iter().map(|column| match &column.values {
                    Values::Number(numbers) => numbers.len(),
                    _ => 0,
                });
                lengths.collect::<std::collections::BTreeSet<_>>().len() > 1
            })
        });
        assert_eq!(n_read.count(), 0);
        assert!(places.len() >= 3, "the batch and both columns say how long they are");
    }

    #[test]
    fn what_cannot_be_read_is_refused_by_name() {
        let check = |column: ArrayRef, expected: &str| {
            let error = decode(vec![("g", column)]).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        check(
            Arc::new(BooleanArray::from(vec![true])),
            "column \"g\" of the answer is of type Bool",
        );
        let dictionary: DictionaryArray<Int8Type> = ["a"].into_iter().collect();
        check(Arc::new(dictionary), "column \"g\" of the answer is of type Dictionary");
    }

    #[test]
    fn a_stream_that_was_cut_or_spoiled_is_an_error_or_an_answer() {
        let texts: ArrayRef =
            Arc::new(StringArray::from(vec![Some("são paulo"), None, Some("rio")]));
        let whole = ipc(vec![("g", texts)]);
        let spec =
            decode(vec![("g", Arc::new(Date32Array::from(vec![1])) as ArrayRef)]).unwrap().spec;
        let decode = |bytes: &[u8]| Answer::decode(spec.clone(), ReadFacts::default(), bytes);
        assert_eq!(decode(&whole).unwrap().n_rows, 4);
        for n_bytes in 0..whole.len() {
            assert_eq!(decode(&whole[..n_bytes]), Err(AnswerError::NotArrow), "{n_bytes} bytes");
        }
        // No byte that is wrong makes the page stop.
        for idx in 0..whole.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut spoiled = whole.clone();
                spoiled[idx] ^= flip;
                let _answer = decode(&spoiled);
            }
        }
    }
}
