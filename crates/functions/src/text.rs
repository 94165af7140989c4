//! Values that no calendar and no clock can say: a time beyond the years that are counted, a time of day after midnight,
//! a duration that is too long. Whoever writes values as text asks here first, since a formatter gives an error, a word
//! such as `<invalid>`, or panics.

use arrow::array::timezone::Tz;
use arrow::array::{
    Array, ArrayData, ArrayRef, AsArray, BooleanArray, OffsetSizeTrait, make_array,
};
use arrow::buffer::OffsetBuffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType, FieldRef, Int64Type, TimeUnit};
use arrow::error::ArrowError;
use std::sync::Arc;

/// Seconds since 1970 UTC that have a text in every zone: the years -262,142 to 262,141.
const SECONDS: std::ops::Range<i64> = -8_334_500_000_000..8_210_200_000_000;

/// The seconds of a day.
const DAY_S: i64 = 86_400;

/// Which rows of `array` hold a value without a text, themselves or within them; `None` when none can.
///
/// # Errors
/// Arrow's, which does not come for a well-formed array.
pub fn without_text(array: &dyn Array) -> Result<Option<BooleanArray>, ArrowError> {
    let is_beyond: Option<Vec<bool>> = match array.data_type() {
        DataType::Timestamp(unit, _) => {
            let per_s = per_second(*unit);
            Some(counts(array, |count| !SECONDS.contains(&count.div_euclid(per_s)))?)
        }
        DataType::Date32 => Some(counts(array, |days| {
            days.checked_mul(DAY_S).is_none_or(|s| !SECONDS.contains(&s))
        })?),
        DataType::Date64 => {
            Some(counts(array, |count| !SECONDS.contains(&count.div_euclid(1_000)))?)
        }
        DataType::Time32(unit) | DataType::Time64(unit) => {
            let day = DAY_S * per_second(*unit);
            Some(counts(array, |count| !(0..day).contains(&count))?)
        }
        DataType::Duration(TimeUnit::Second) => {
            Some(counts(array, |s| s.checked_mul(1_000).is_none_or(|ms| ms == i64::MIN))?)
        }
        DataType::Duration(TimeUnit::Millisecond) => Some(counts(array, |ms| ms == i64::MIN)?),
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            of_lists(list.offsets(), list.values().as_ref())?
        }
        DataType::LargeList(_) => {
            let list = array.as_list::<i64>();
            of_lists(list.offsets(), list.values().as_ref())?
        }
        DataType::FixedSizeList(_, n_items) => {
            let within = without_text(array.as_fixed_size_list().values().as_ref())?;
            let n_items = usize::try_from(*n_items).unwrap_or_default();
            within.map(|within| {
                let row =
                    |idx: usize| (idx * n_items..(idx + 1) * n_items).any(|i| within.value(i));
                (0..array.len()).map(row).collect()
            })
        }
        DataType::Map(..) => {
            let map = array.as_map();
            of_lists(map.offsets(), map.entries())?
        }
        DataType::Struct(_) => {
            let mut any: Option<Vec<bool>> = None;
            for column in array.as_struct().columns() {
                let Some(within) = without_text(column.as_ref())? else { continue };
                let any = any.get_or_insert_with(|| vec![false; array.len()]);
                any.iter_mut().zip(within.values()).for_each(|(any, within)| *any |= within);
            }
            any
        }
        DataType::Dictionary(_, values) => {
            return match values.is_temporal() {
                true => without_text(cast(array, values)?.as_ref()),
                false => Ok(None),
            };
        }
        _ => None,
    };
    let rows = (0..array.len()).zip(is_beyond.unwrap_or_default());
    let rows: Vec<bool> = rows.map(|(idx, is_beyond)| is_beyond && array.is_valid(idx)).collect();
    Ok(rows.contains(&true).then(|| BooleanArray::from(rows)))
}

/// For each row whether its count, as a number, is as `is_beyond` says; `false` for null.
fn counts(array: &dyn Array, is_beyond: impl Fn(i64) -> bool) -> Result<Vec<bool>, ArrowError> {
    let counts = as_counts(array)?;
    let counts = counts.as_primitive::<Int64Type>();
    Ok(counts.iter().map(|count| count.is_some_and(&is_beyond)).collect())
}

fn as_counts(array: &dyn Array) -> Result<ArrayRef, ArrowError> {
    match array.data_type() {
        DataType::Time32(_) => cast(&cast(array, &DataType::Int32)?, &DataType::Int64),
        _ => cast(array, &DataType::Int64),
    }
}

fn of_lists<O: OffsetSizeTrait>(
    offsets: &OffsetBuffer<O>,
    values: &dyn Array,
) -> Result<Option<Vec<bool>>, ArrowError> {
    let within = without_text(values)?;
    Ok(within.map(|within| {
        let rows = offsets.windows(2).map(|ends| match ends {
            [start, end] => (start.as_usize()..end.as_usize()).any(|idx| within.value(idx)),
            _ => false,
        });
        rows.collect()
    }))
}

fn per_second(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    }
}

/// The same instants in UTC where nobody knows the zone of `array` or of what is within it, such as `tzlocal()`; else
/// `array` as it is.
///
/// # Errors
/// Arrow's, which does not come for a well-formed array.
pub fn in_known_zone(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    match known(array.data_type()) {
        Some(_) => Ok(make_array(retyped(&array.to_data())?)),
        None => Ok(Arc::clone(array)),
    }
}

fn retyped(values: &ArrayData) -> Result<ArrayData, ArrowError> {
    let Some(of) = known(values.data_type()) else { return Ok(values.clone()) };
    let within = values.child_data().iter().map(retyped).collect::<Result<Vec<_>, _>>()?;
    values.clone().into_builder().data_type(of).child_data(within).build()
}

/// `of` with UTC in place of zones that nobody knows; `None` when there is none.
fn known(of: &DataType) -> Option<DataType> {
    let item = |field: &FieldRef| -> Option<FieldRef> {
        let of = known(field.data_type())?;
        Some(Arc::new(field.as_ref().clone().with_data_type(of)))
    };
    Some(match of {
        DataType::Timestamp(unit, Some(zone)) if zone.parse::<Tz>().is_err() => {
            DataType::Timestamp(*unit, Some("UTC".into()))
        }
        DataType::List(field) => DataType::List(item(field)?),
        DataType::LargeList(field) => DataType::LargeList(item(field)?),
        DataType::FixedSizeList(field, n_items) => DataType::FixedSizeList(item(field)?, *n_items),
        DataType::Map(field, is_sorted) => DataType::Map(item(field)?, *is_sorted),
        DataType::Dictionary(keys, values) => {
            DataType::Dictionary(keys.clone(), Box::new(known(values)?))
        }
        DataType::Struct(fields) if fields.iter().any(|field| item(field).is_some()) => {
            let fields =
                fields.iter().map(|field| item(field).unwrap_or_else(|| Arc::clone(field)));
            DataType::Struct(fields.collect())
        }
        _ => return None,
    })
}

/// What a value without a text is counted as: `9223372036854775807 µs since 1970`.
pub fn counted(array: &dyn Array, row_idx: usize) -> String {
    let unit = match array.data_type() {
        DataType::Date32 => "days since 1970",
        DataType::Date64 => "ms since 1970",
        DataType::Timestamp(unit, _) => match unit {
            TimeUnit::Second => "s since 1970",
            TimeUnit::Millisecond => "ms since 1970",
            TimeUnit::Microsecond => "µs since 1970",
            TimeUnit::Nanosecond => "ns since 1970",
        },
        DataType::Time32(unit) | DataType::Time64(unit) | DataType::Duration(unit) => match unit {
            TimeUnit::Second => "s",
            TimeUnit::Millisecond => "ms",
            TimeUnit::Microsecond => "µs",
            TimeUnit::Nanosecond => "ns",
        },
        _ => return "a time beyond the calendar within it".to_owned(),
    };
    let count = as_counts(array.slice(row_idx, 1).as_ref());
    let count =
        count.ok().and_then(|count| count.as_primitive_opt::<Int64Type>()?.iter().next()?);
    count.map_or_else(String::new, |count| format!("{count} {unit}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{
        Date32Array, Date64Array, DurationMillisecondArray, DurationSecondArray, Int64Array,
        ListArray, StructArray, Time32MillisecondArray, Time64MicrosecondArray,
        TimestampMicrosecondArray, TimestampSecondArray,
    };
    use arrow::datatypes::{Int32Type, TimestampMicrosecondType};
    use arrow::util::display::{ArrayFormatter, FormatOptions};

    /// What has no text is refused by the formatter, and what has one is not.
    fn check(array: ArrayRef, expected: &[bool]) {
        let rows = without_text(array.as_ref()).unwrap();
        let found: Vec<bool> = match &rows {
            Some(rows) => rows.values().iter().collect(),
            None => vec![false; array.len()],
        };
        assert_eq!(found, expected, "{array:?}");
        let options = FormatOptions::new().with_display_error(false);
        let texts = ArrayFormatter::try_new(array.as_ref(), &options).unwrap();
        for (row_idx, is_beyond) in found.iter().enumerate().filter(|(_, is_beyond)| !**is_beyond) {
            let text = texts.value(row_idx).try_to_string().unwrap();
            assert!(!text.contains("invalid"), "{text} {is_beyond}");
        }
    }

    #[test]
    fn what_no_calendar_says_has_no_text() {
        let (least, most) = (i64::MIN, i64::MAX);
        let us = |values: Vec<Option<i64>>| TimestampMicrosecondArray::from(values);
        check(
            Arc::new(us(vec![Some(0), Some(most), None, Some(least)])),
            &[false, true, false, true],
        );
        check(Arc::new(us(vec![Some(0), Some(most)]).with_timezone("+05:30")), &[false, true]);
        let last = SECONDS.end - 1;
        let s = TimestampSecondArray::from(vec![SECONDS.start, last, last + 1, most, least]);
        check(Arc::new(s.with_timezone("+14:00")), &[false, false, true, true, true]);
        check(Arc::new(Date32Array::from(vec![0, i32::MAX, i32::MIN])), &[false, true, true]);
        check(Arc::new(Date64Array::from(vec![0, most])), &[false, true]);
        let clock = Time64MicrosecondArray::from(vec![0, 86_399_999_999, 86_400_000_000, -1]);
        check(Arc::new(clock), &[false, false, true, true]);
        check(Arc::new(Time32MillisecondArray::from(vec![86_400_000])), &[true]);
        check(Arc::new(DurationSecondArray::from(vec![most, 0, least])), &[true, false, true]);
        check(Arc::new(DurationMillisecondArray::from(vec![most, least])), &[false, true]);
        check(Arc::new(Int64Array::from(vec![most, least])), &[false, false]);
    }

    #[test]
    fn what_lies_within_a_value_counts_too() {
        let of = |values: Vec<i64>| Some(values.into_iter().map(Some).collect::<Vec<_>>());
        let lists = ListArray::from_iter_primitive::<TimestampMicrosecondType, _, _>(vec![
            of(vec![0, i64::MAX]),
            None,
            of(vec![1]),
        ]);
        check(Arc::new(lists.clone()), &[true, false, false]);
        let field = Arc::new(arrow::datatypes::Field::new("at", lists.data_type().clone(), true));
        let structs = StructArray::from(vec![(field, Arc::new(lists) as ArrayRef)]);
        check(Arc::new(structs.slice(1, 2)), &[false, false]);
        check(Arc::new(structs), &[true, false, false]);
        let days = Date32Array::from(vec![0, i32::MAX]);
        let keys = arrow::array::Int32Array::from(vec![1, 0, 1]);
        let words = arrow::array::DictionaryArray::<Int32Type>::new(keys, Arc::new(days));
        check(Arc::new(words), &[true, false, true]);
    }

    #[test]
    fn an_unknown_zone_is_told_in_utc() {
        let check = |zone: &str, expected: &str| {
            let array = TimestampMicrosecondArray::from(vec![1_500_000]).with_timezone(zone);
            let array = in_known_zone(&(Arc::new(array) as ArrayRef)).unwrap();
            let text = arrow::util::display::array_value_to_string(&array, 0).unwrap();
            assert_eq!(text, expected, "{zone}");
        };
        check("tzlocal()", "1970-01-01T00:00:01.500Z");
        check("+05:30", "1970-01-01T05:30:01.500+05:30");
    }

    #[test]
    fn a_value_without_a_text_is_counted() {
        let array = TimestampMicrosecondArray::from(vec![0, i64::MAX]);
        assert_eq!(counted(&array, 1), "9223372036854775807 µs since 1970");
        assert_eq!(counted(&Date32Array::from(vec![i32::MIN]), 0), "-2147483648 days since 1970");
    }
}
