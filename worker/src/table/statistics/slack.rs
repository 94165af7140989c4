//! How far the bounds in a log may be off: many writers pass numbers through 64-bit floats, cut times to
//! milliseconds, and keep the beginning of a text only.

use datafusion::common::ScalarValue;

/// Bounds of timestamps are cut to milliseconds by most writers: a value may be so much beyond, in
/// microseconds.
const CUT_OFF_US: i64 = 999;

/// Below it a whole number comes through a 64-bit float unchanged, also where 15 digits are written.
const MAX_WHOLE: u64 = 1_000_000_000_000_000;

/// So many digits of a decimal come through a 64-bit float unchanged.
const MAX_DIGITS: u8 = 15;

/// A value that is not above any which the writer may have meant by `bound`; `None` when nothing is
/// sure.
pub fn below(bound: ScalarValue) -> Option<ScalarValue> {
    Some(match bound {
        ScalarValue::Int64(Some(n)) => ScalarValue::Int64(Some(n.saturating_sub(of_whole(n)))),
        ScalarValue::Decimal128(Some(units), precision, scale) => {
            let slack = of_decimal(units, precision, scale)?;
            ScalarValue::Decimal128(Some(units.saturating_sub(slack)), precision, scale)
        }
        ScalarValue::TimestampMicrosecond(Some(us), zone) => {
            ScalarValue::TimestampMicrosecond(Some(us.saturating_sub(CUT_OFF_US)), zone)
        }
        other => certain(other)?,
    })
}

/// A value that is not below any which the writer may have meant by `bound`; `None` when nothing is
/// sure.
pub fn above(bound: ScalarValue) -> Option<ScalarValue> {
    Some(match bound {
        ScalarValue::Int64(Some(n)) => ScalarValue::Int64(Some(n.saturating_add(of_whole(n)))),
        ScalarValue::Decimal128(Some(units), precision, scale) => {
            let slack = of_decimal(units, precision, scale)?;
            ScalarValue::Decimal128(Some(units.saturating_add(slack)), precision, scale)
        }
        ScalarValue::TimestampMicrosecond(Some(us), zone) => {
            ScalarValue::TimestampMicrosecond(Some(us.saturating_add(CUT_OFF_US)), zone)
        }
        // A text that is cut off stands for all that begin with it.
        ScalarValue::Utf8(Some(text)) => ScalarValue::Utf8(Some(after_all_that_begin_with(&text)?)),
        other => certain(other)?,
    })
}

/// Whether a bound that [`below`] or [`above`] gives is the very value.
pub fn is_exact(bound: &ScalarValue) -> bool {
    match bound {
        ScalarValue::Int64(Some(n)) => n.unsigned_abs() < MAX_WHOLE,
        ScalarValue::Int8(_) | ScalarValue::Int16(_) | ScalarValue::Int32(_) => true,
        ScalarValue::Date32(_) => true,
        _ => false,
    }
}

/// Writers leave NaN out of the bounds of floating-point numbers, which is above all others, or below
/// them where its sign is set.
fn certain(bound: ScalarValue) -> Option<ScalarValue> {
    (!bound.data_type().is_floating()).then_some(bound)
}

/// How far a whole number may be off that went through a 64-bit float.
fn of_whole(n: i64) -> i64 {
    if n.unsigned_abs() < MAX_WHOLE { 0 } else { in_float(i128::from(n)) as i64 }
}

/// How far the units of a decimal may be off. `None` where a number that is too large for 64 bits
/// may have been written as the largest that is not.
fn of_decimal(units: i128, precision: u8, scale: i8) -> Option<i128> {
    if precision <= MAX_DIGITS {
        return Some(0);
    }
    let slack = in_float(units);
    let largest = i128::from(i64::MAX);
    let scaled = u32::try_from(scale).ok().and_then(|scale| 10_i128.checked_pow(scale));
    let scaled = scaled.and_then(|power| largest.checked_mul(power));
    let is_near = |ceiling: i128| {
        let distance = ceiling.unsigned_abs().abs_diff(units.unsigned_abs());
        distance <= in_float(ceiling).unsigned_abs()
    };
    (!is_near(largest) && !scaled.is_some_and(is_near)).then_some(slack)
}

/// More than the distance between `n` and what a 64-bit float keeps of it, as 15 digits or more say
/// it.
fn in_float(n: i128) -> i128 {
    (n.unsigned_abs() >> 47) as i128 + 1
}

/// The first text after all that begin with `start`; `None` when there is none.
fn after_all_that_begin_with(start: &str) -> Option<String> {
    let mut text = start.to_owned();
    while let Some(last) = text.pop() {
        let next = (u32::from(last) + 1..=u32::from(char::MAX)).find_map(char::from_u32);
        if let Some(next) = next {
            text.push(next);
            return Some(text);
        }
    }
    None
}
