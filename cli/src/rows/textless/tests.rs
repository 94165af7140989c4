//! What has no text, in each form.

use super::*;
use crate::paint::Paint;
use crate::rows::RowWriter;
use crate::rows::csv::Csv;
use crate::rows::json::Json;
use crate::rows::table::Table;
use arrow::array::types::*;
use arrow::array::*;
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{ArrowPrimitiveType, DataType, i256};
use serde_json::Value;

fn extremes<T: ArrowPrimitiveType>(values: Vec<T::Native>) -> PrimitiveArray<T> {
    PrimitiveArray::from_iter(values.into_iter().map(Some).chain([None]))
}

fn of_ints() -> Vec<ArrayRef> {
    vec![
        Arc::new(extremes::<Int8Type>(vec![i8::MIN, i8::MAX])),
        Arc::new(extremes::<Int16Type>(vec![i16::MIN, i16::MAX])),
        Arc::new(extremes::<Int32Type>(vec![i32::MIN, i32::MAX])),
        Arc::new(extremes::<Int64Type>(vec![i64::MIN, i64::MAX])),
        Arc::new(extremes::<UInt64Type>(vec![0, u64::MAX])),
        Arc::new(extremes::<Float32Type>(vec![f32::NAN, f32::INFINITY, -0.0, f32::MIN])),
        Arc::new(extremes::<Float64Type>(vec![
            f64::NAN,
            f64::NEG_INFINITY,
            -0.0,
            f64::MAX,
            5e-324,
        ])),
        Arc::new(Decimal128Array::from(vec![Some(i128::pow(10, 38) - 1), Some(-1), None])),
        Arc::new(
            Decimal128Array::from(vec![Some(1 - i128::pow(10, 38)), Some(7)])
                .with_precision_and_scale(38, 38)
                .unwrap(),
        ),
        Arc::new(Decimal256Array::from(vec![Some(i256::MAX), Some(i256::MIN), None])),
        Arc::new(BooleanArray::from(vec![Some(true), None])),
        Arc::new(NullArray::new(3)),
    ]
}

fn of_times() -> Vec<ArrayRef> {
    let i64s =
        || vec![i64::MIN, i64::MIN + 1, -1, 0, 1_717_171_717_171_717, i64::MAX - 1, i64::MAX];
    let i32s = || vec![i32::MIN, -1, 0, 19_000, 86_399, 86_400, i32::MAX];
    let mut all: Vec<ArrayRef> = vec![
        Arc::new(extremes::<Date32Type>(i32s())),
        Arc::new(extremes::<Date64Type>(i64s())),
        Arc::new(extremes::<Time32SecondType>(i32s())),
        Arc::new(extremes::<Time32MillisecondType>(i32s())),
        Arc::new(extremes::<Time64MicrosecondType>(i64s())),
        Arc::new(extremes::<Time64NanosecondType>(i64s())),
        Arc::new(extremes::<DurationSecondType>(i64s())),
        Arc::new(extremes::<DurationMillisecondType>(i64s())),
        Arc::new(extremes::<DurationMicrosecondType>(i64s())),
        Arc::new(extremes::<DurationNanosecondType>(i64s())),
    ];
    for zone in [None, Some("UTC"), Some("+14:00"), Some("-05:30"), Some("tzlocal()")] {
        let zone = |_: ()| zone.map(Arc::<str>::from);
        all.push(Arc::new(extremes::<TimestampSecondType>(i64s()).with_timezone_opt(zone(()))));
        all.push(Arc::new(
            extremes::<TimestampMillisecondType>(i64s()).with_timezone_opt(zone(())),
        ));
        all.push(Arc::new(
            extremes::<TimestampMicrosecondType>(i64s()).with_timezone_opt(zone(())),
        ));
        all.push(Arc::new(extremes::<TimestampNanosecondType>(i64s()).with_timezone_opt(zone(()))));
    }
    all
}

fn of_texts() -> Vec<ArrayRef> {
    let odd = || vec![Some("\u{0}\u{1f}\"\\\u{7f}\r\n,\u{2028}\u{1f600}"), Some(""), None];
    let bytes = || vec![Some([0_u8, 0xff].as_slice()), Some(&[]), None];
    vec![
        Arc::new(StringArray::from(odd())),
        Arc::new(LargeStringArray::from(odd())),
        Arc::new(StringViewArray::from(odd())),
        Arc::new(BinaryArray::from(bytes())),
        Arc::new(LargeBinaryArray::from(bytes())),
        Arc::new(BinaryViewArray::from(bytes())),
        Arc::new(FixedSizeBinaryArray::try_from_iter([[0_u8, 0xff]].into_iter()).unwrap()),
        Arc::new(odd().into_iter().collect::<DictionaryArray<Int32Type>>()),
    ]
}

/// Values of every type, the extreme ones among them, and lists and structs of the same.
fn every_column() -> Vec<ArrayRef> {
    let mut all = [of_ints(), of_times(), of_texts()].concat();
    for values in all.clone() {
        let field = Arc::new(Field::new("item", values.data_type().clone(), true));
        let lengths = std::iter::repeat_n(1, values.len());
        let lists = ListArray::new(
            Arc::clone(&field),
            OffsetBuffer::from_lengths(lengths),
            Arc::clone(&values),
            None,
        );
        all.push(Arc::new(StructArray::from(vec![(field, values)])));
        all.push(Arc::new(lists));
    }
    all
}

fn written(batch: &RecordBatch, form: &str) -> anyhow::Result<String> {
    let mut out = Vec::new();
    let mut writer: Box<dyn RowWriter + '_> = match form {
        "csv" => Box::new(Csv::on(&mut out)),
        "json" => Box::new(Json::on(&mut out)),
        _ => Box::new(Table::on(&mut out, Paint::Plain)),
    };
    writer.begin(&batch.schema())?;
    writer.write(batch)?;
    writer.end()?;
    drop(writer);
    Ok(String::from_utf8(out)?)
}

#[test]
fn whatever_the_values_are_the_answer_is_one_in_each_form() {
    for column in every_column() {
        let of = column.data_type().clone();
        let batch = RecordBatch::try_from_iter([("x", Arc::clone(&column))]).unwrap();
        let mut textless = Textless::default();
        let batch = textless.take_from(&batch).unwrap_or_else(|error| panic!("{of}: {error}"));
        let n_lost = column.logical_null_count().abs_diff(batch.column(0).logical_null_count());
        let n_told: usize = textless.columns.iter().map(|lost| lost.n_values).sum();
        assert_eq!(n_lost, n_told, "{of}: {textless}");

        let json = written(&batch, "json").unwrap_or_else(|error| panic!("{of}: {error}"));
        let rows: Vec<Value> = json
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{of}: {e}: {line}")))
            .collect();
        assert_eq!(rows.len(), column.len(), "{of}");
        for (row_idx, row) in rows.iter().enumerate() {
            let is_null = batch.column(0).is_null(row_idx) || of == DataType::Null;
            assert!(row["x"].is_null() || !is_null, "{of}: {row}");
            let has_number = !of.is_floating();
            assert!(!row["x"].is_null() || is_null || !has_number, "{of}: {row}");
        }
        let csv = written(&batch, "csv").unwrap_or_else(|error| panic!("{of}: {error}"));
        let table = written(&batch, "table").unwrap_or_else(|error| panic!("{of}: {error}"));
        for text in [&json, &csv, &table] {
            assert!(!text.contains("ERROR") && !text.contains("invalid"), "{of}: {text}");
        }
    }
}

#[test]
fn what_became_null_is_told() {
    let times = |values: Vec<i64>| -> RecordBatch {
        let column = Arc::new(TimestampMicrosecondArray::from(values)) as ArrayRef;
        RecordBatch::try_from_iter([("ts", column)]).unwrap()
    };
    let mut textless = Textless::default();
    textless.take_from(&times(vec![0, 1])).unwrap();
    assert!(textless.is_empty());
    textless.take_from(&times(vec![0, i64::MAX, i64::MAX])).unwrap();
    textless.take_from(&times(vec![i64::MIN])).unwrap();
    assert_eq!(
        textless.to_string(),
        "column \"ts\": 3 values have no text and became null, the first in row 4: 9223372036854775807 µs since 1970; \
         cast it to a number to see it"
    );
}
