//! Rows never depend on bounds: whatever a writer made of them.

use crate::fixture::{add, batch, metadata, newest, parquet_with, rows};
use crate::lake::{DEFAULT_MEMORY_BYTES, Lake};
use crate::store::MemoryStore;
use bytes::Bytes;
use datafusion::arrow::array::{
    ArrayRef, Decimal128Array, Float64Array, Int64Array, RecordBatch, StringArray,
};
use parquet::file::metadata::{
    ParquetMetaData, ParquetMetaDataReader, ParquetMetaDataWriter, RowGroupMetaData,
};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::statistics::Statistics;
use proptest::prelude::*;
use protocol::{Comparison, Condition};
use std::sync::Arc;

/// How a writer says the bounds of decimals and whole numbers in a log.
#[derive(Debug, Clone, Copy)]
enum Number {
    Exact,
    /// As the shortest text of a 64-bit float.
    Float,
    /// With 15 digits.
    Digits15,
    /// With an exponent.
    Exponent,
    /// As the largest whole number of 64 bits where it is larger.
    Saturated,
}

fn number() -> impl Strategy<Value = Number> {
    use Number::{Digits15, Exact, Exponent, Float, Saturated};
    prop::sample::select(vec![Exact, Float, Digits15, Exponent, Saturated])
}

/// `units` over ten to the `scale`, as that writer says it.
fn said(units: i128, scale: u32, number: Number) -> String {
    let power = 10_i128.pow(scale);
    let sign = if units < 0 { "-" } else { "" };
    let (whole, rest) =
        (units.unsigned_abs() / power as u128, units.unsigned_abs() % power as u128);
    let exact = match scale {
        0 => format!("{sign}{whole}"),
        _ => format!("{sign}{whole}.{rest:0>width$}", width = scale as usize),
    };
    let float: f64 = exact.parse().unwrap();
    match number {
        Number::Exact => exact,
        Number::Float => format!("{float}"),
        Number::Digits15 | Number::Exponent if float == 0.0 => "0".to_owned(),
        Number::Digits15 => format!("{float:.14e}"),
        Number::Exponent => format!("{float:e}"),
        Number::Saturated => match units / power {
            n if n > i128::from(i64::MAX) => i64::MAX.to_string(),
            n if n < i128::from(i64::MIN) => i64::MIN.to_string(),
            _ => exact,
        },
    }
}

/// A Delta table of that column, whose log says `stats`.
fn delta(column: ArrayRef, data_type: &str, stats: &str) -> Lake {
    let store = MemoryStore::default();
    let properties = WriterProperties::builder().set_statistics_enabled(EnabledStatistics::None);
    let bytes = parquet_with(&batch(vec![("x", column)]), properties.build());
    let commit = metadata(&[("x", data_type)]) + &add("p.parquet", bytes.len(), 1, stats);
    store.put("t/_delta_log/00000000000000000000.json", commit);
    store.put("t/p.parquet", bytes);
    Lake::new(Arc::new(store), DEFAULT_MEMORY_BYTES).unwrap()
}

fn file(bytes: Vec<u8>) -> Lake {
    let store = MemoryStore::default();
    store.put("t.parquet", bytes);
    Lake::new(Arc::new(store), DEFAULT_MEMORY_BYTES).unwrap()
}

fn comparison() -> impl Strategy<Value = Comparison> {
    use Comparison::{AtLeast, AtMost, Equal, Greater, Less, NotEqual, NotNull, Null};
    prop::sample::select(vec![AtLeast, AtMost, Equal, Greater, Less, NotEqual, NotNull, Null])
}

/// The rows of `lake` under a condition are those of `plain`, which knows no bounds.
fn check(lake: &Lake, at: &str, plain: &Lake, plain_at: &str, is: Comparison, value: &str) {
    let condition = || Condition { column: "x".to_owned(), is, value: value.to_owned() };
    futures::executor::block_on(async {
        let found = rows(lake, newest(at), vec![condition()]).await;
        let expected = rows(plain, newest(plain_at), vec![condition()]).await;
        assert_eq!(found.unwrap(), expected.unwrap(), "x {is:?} {value}");
    });
}

/// The same column in a file of row groups and pages of two rows, whose bounds `change` rewrites.
fn bounded(
    column: ArrayRef,
    change: impl Fn(&Statistics, &RecordBatch) -> Option<Statistics>,
) -> Vec<u8> {
    let whole = batch(vec![("x", column)]);
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(2))
        .set_data_page_row_count_limit(1)
        .set_write_batch_size(1)
        .set_bloom_filter_enabled(true)
        .set_created_by("parquet-mr version 1.9.0".to_owned())
        .build();
    let bytes = Bytes::from(parquet_with(&whole, properties));
    let footer = ParquetMetaDataReader::new().parse_and_finish(&bytes).unwrap();
    let groups = footer.row_groups().iter().enumerate().map(|(idx, group)| {
        let n_rows = usize::try_from(group.num_rows()).unwrap();
        let rows = whole.slice(idx * 2, n_rows);
        let chunk = group.column(0).clone();
        let changed = chunk.statistics().and_then(|found| change(found, &rows));
        let builder = chunk.into_builder();
        let chunk = match changed {
            Some(changed) => builder.set_statistics(changed),
            None => builder.clear_statistics(),
        };
        let columns = vec![chunk.build().unwrap()];
        group.clone().into_builder().set_column_metadata(columns).build().unwrap()
    });
    let groups: Vec<RowGroupMetaData> = groups.collect();
    let changed: ParquetMetaData = footer.into_builder().set_row_groups(groups).build();
    let mut out = bytes.to_vec();
    let n_bytes = u32::from_le_bytes(out[out.len() - 8..out.len() - 4].try_into().unwrap());
    out.truncate(out.len() - 8 - n_bytes as usize);
    ParquetMetaDataWriter::new(&mut out, &changed).finish().unwrap();
    out
}

fn plain(column: ArrayRef) -> Lake {
    let properties = WriterProperties::builder().set_statistics_enabled(EnabledStatistics::None);
    file(parquet_with(&batch(vec![("x", column)]), properties.build()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn decimals_in_a_log_may_have_gone_through_floats(
        values in prop::collection::vec(-99_999_i128..=99_999, 1..4),
        scale in prop::sample::select(vec![0_u32, 4, 18]),
        magnitude in 0_u32..16,
        nudges in prop::collection::vec(-2_i128..=2, 4),
        number in number(),
        at in any::<prop::sample::Index>(),
        is in comparison(),
    ) {
        let power = 10_i128.pow(magnitude + scale.min(12));
        let units: Vec<i128> =
            values.iter().zip(&nudges).map(|(value, nudge)| value * power + nudge).collect();
        let column = Decimal128Array::from(units.clone());
        let column: ArrayRef = Arc::new(column.with_precision_and_scale(38, scale as i8).unwrap());
        let (min, max) = (units.iter().min().unwrap(), units.iter().max().unwrap());
        let stats = format!(
            r#"{{"numRecords":{},"minValues":{{"x":{}}},"maxValues":{{"x":{}}},"nullCount":{{"x":0}}}}"#,
            units.len(), said(*min, scale, number), said(*max, scale, number),
        );
        let sought = units[at.index(units.len())] + nudges[3] / 2;
        let lake = delta(Arc::clone(&column), &format!("decimal(38,{scale})"), &stats);
        check(&lake, "t", &plain(column), "t.parquet", is, &said(sought, scale, Number::Exact));
    }

    #[test]
    fn whole_numbers_in_a_log_may_have_gone_through_floats(
        values in prop::collection::vec(any::<i64>(), 1..4),
        shift in 0_u32..60,
        number in number(),
        nudge in -1_i64..=1,
        is in comparison(),
    ) {
        let values: Vec<i64> = values.iter().map(|value| value >> shift).collect();
        let column: ArrayRef = Arc::new(Int64Array::from(values.clone()));
        let (min, max) = (values.iter().min().unwrap(), values.iter().max().unwrap());
        let stats = format!(
            r#"{{"numRecords":{},"minValues":{{"x":{}}},"maxValues":{{"x":{}}},"nullCount":{{"x":0}}}}"#,
            values.len(), said((*min).into(), 0, number), said((*max).into(), 0, number),
        );
        let lake = delta(Arc::clone(&column), "long", &stats);
        let sought = values[0].saturating_add(nudge).to_string();
        check(&lake, "t", &plain(column), "t.parquet", is, &sought);
    }

    #[test]
    fn texts_in_a_log_may_be_cut_off(
        values in prop::collection::vec("[abü\u{7f}-\u{ff}\u{d7ff}\u{10ffff}]{0,6}", 1..4),
        n_chars in 1_usize..5,
        at in any::<prop::sample::Index>(),
        is in comparison(),
    ) {
        let column: ArrayRef = Arc::new(StringArray::from(values.clone()));
        let start = |text: &String| text.chars().take(n_chars).collect::<String>();
        let stats = serde_json::json!({
            "numRecords": values.len(),
            "minValues": {"x": start(values.iter().min().unwrap())},
            "maxValues": {"x": start(values.iter().max().unwrap())},
            "nullCount": {"x": 0},
        });
        let lake = delta(Arc::clone(&column), "string", &stats.to_string());
        let sought = &values[at.index(values.len())];
        check(&lake, "t", &plain(column), "t.parquet", is, sought);
    }

    #[test]
    fn texts_in_a_file_may_be_bounded_as_signed_bytes(
        values in prop::collection::vec(prop::option::weighted(0.8, "[a-cäöüé日]{1,2}"), 1..9),
        at in any::<prop::sample::Index>(),
        is in comparison(),
        counts_nulls in any::<bool>(),
    ) {
        let column: ArrayRef = Arc::new(StringArray::from(values.clone()));
        let signed = |text: &&String| text.bytes().map(|it| it as i8).collect::<Vec<i8>>();
        let bytes = bounded(Arc::clone(&column), |found, rows| {
            use datafusion::arrow::array::AsArray;
            let texts = rows.column(0).as_string::<i32>().iter().flatten();
            let texts: Vec<String> = texts.map(str::to_owned).collect();
            let bytes = |text: &String| parquet::data_type::ByteArray::from(text.as_str());
            let min = texts.iter().min_by_key(signed).map(bytes);
            let max = texts.iter().max_by_key(signed).map(bytes);
            let n_nulls = found.null_count_opt().filter(|_| counts_nulls);
            Some(Statistics::byte_array(min, max, None, n_nulls, true))
        });
        let sought = values[at.index(values.len())].clone().unwrap_or_default();
        check(&file(bytes), "t.parquet", &plain(column), "t.parquet", is, &sought);
    }

    #[test]
    fn floats_in_a_file_may_be_bounded_without_nan(
        values in prop::collection::vec(
            prop::sample::select(vec![
                f64::NAN, -f64::NAN, -0.0, 0.0, 1.0, 8.0, -8.0, f64::INFINITY, f64::NEG_INFINITY,
            ]),
            1..9,
        ),
        sought in prop::sample::select(vec!["NaN", "0", "-0", "1", "6.5", "8.5", "-9", "inf"]),
        is in comparison(),
        in_log in any::<bool>(),
    ) {
        let column: ArrayRef = Arc::new(Float64Array::from(values.clone()));
        let numbers = || values.iter().copied().filter(|value| !value.is_nan());
        let (min, max) = (numbers().reduce(f64::min), numbers().reduce(f64::max));
        let bound = |value: Option<f64>| match value.filter(|value| value.is_finite()) {
            Some(value) => format!("{{\"x\":{value}}}"),
            None => "{}".to_owned(),
        };
        let stats = format!(
            r#"{{"numRecords":{},"minValues":{},"maxValues":{},"nullCount":{{"x":0}}}}"#,
            values.len(), bound(min), bound(max),
        );
        match in_log {
            true => {
                let lake = delta(Arc::clone(&column), "double", &stats);
                check(&lake, "t", &plain(column), "t.parquet", is, sought);
            }
            false => {
                let bytes = bounded(Arc::clone(&column), |found, _| Some(found.clone()));
                check(&file(bytes), "t.parquet", &plain(column), "t.parquet", is, sought);
            }
        }
    }
}
