//! Texts as values of a type, exactly.
//!
//! The law: a value printed in the form of its text gives the text back. What is let go is only how the same value
//! may be written: blanks around it, leading zeros, a plus sign, zeros behind the last digit of a fraction, an
//! exponent, the word for a truth value, `T` or a blank before a time of day, and a zone other than UTC. Nothing is
//! rounded, cut or moved to another day; a text that would need it is no value of the type.

mod decimal;
mod time;

use super::column_type::ColumnType;
use arrow::array::{
    ArrayRef, ArrowPrimitiveType, BinaryArray, BooleanArray, Decimal128Array, PrimitiveArray,
    StringArray,
};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, TimeUnit, TimestampMicrosecondType,
};
use decimal::Number;
use std::borrow::Cow;
use std::fmt::LowerExp;
use std::str::FromStr;
use std::sync::Arc;

/// How numbers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NumberStyle {
    /// What stands before the fraction.
    pub(crate) decimal_mark: char,
    /// What stands between groups of three digits; `None` when they are not grouped.
    pub(crate) group_mark: Option<char>,
}

impl Default for NumberStyle {
    /// `1234.50`.
    fn default() -> NumberStyle {
        NumberStyle { decimal_mark: '.', group_mark: None }
    }
}

impl NumberStyle {
    /// `text` in the style of SQL; `None` when it breaks this one.
    fn plain<'t>(&self, text: &'t str) -> Option<Cow<'t, str>> {
        if *self == NumberStyle::default() {
            return Some(Cow::Borrowed(text));
        }
        let (whole, fraction) = match text.split_once(self.decimal_mark) {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (text, None),
        };
        // A point that is not this style's mark is no mark at all.
        let is_foreign = |c: char| c == '.' || c == ',' || Some(c) == self.group_mark;
        if fraction.is_some_and(|fraction| fraction.contains(is_foreign)) {
            return None;
        }
        let mut plain = String::with_capacity(text.len());
        match self.group_mark {
            Some(mark) if whole.contains(mark) => {
                let sign = whole.len() - whole.trim_start_matches(['+', '-']).len();
                let (sign, digits) = whole.split_at(sign);
                plain.push_str(sign);
                for (idx, group) in digits.split(mark).enumerate() {
                    let is_whole =
                        if idx == 0 { (1..=3).contains(&group.len()) } else { group.len() == 3 };
                    if !is_whole || !group.bytes().all(|digit| digit.is_ascii_digit()) {
                        return None;
                    }
                    plain.push_str(group);
                }
            }
            _ if whole.contains(is_foreign) => return None,
            _ => plain.push_str(whole),
        }
        if let Some(fraction) = fraction {
            plain.push('.');
            plain.push_str(fraction);
        }
        Some(Cow::Owned(plain))
    }
}

/// `text` as values of the type `of`; null where it is none, or is null.
pub(crate) fn values(text: &StringArray, of: &ColumnType, style: NumberStyle) -> ArrayRef {
    let number = |text: &str| style.plain(text.trim_ascii()).and_then(|text| Number::parse(&text));
    match of.arrow() {
        DataType::Boolean => {
            Arc::new(text.iter().map(|text| truth(text?.trim_ascii())).collect::<BooleanArray>())
        }
        DataType::Int8 => integers::<Int8Type>(text, style),
        DataType::Int16 => integers::<Int16Type>(text, style),
        DataType::Int32 => integers::<Int32Type>(text, style),
        DataType::Int64 => integers::<Int64Type>(text, style),
        DataType::Float32 => floats::<Float32Type>(text, style, |value| value.is_finite()),
        DataType::Float64 => floats::<Float64Type>(text, style, |value| value.is_finite()),
        DataType::Decimal128(precision, scale) => {
            let unscaled = text.iter().map(|text| number(text?)?.unscaled(*precision, *scale));
            let array: Decimal128Array = unscaled.collect::<PrimitiveArray<Decimal128Type>>();
            Arc::new(array.with_data_type(of.arrow().clone()))
        }
        DataType::Date32 => primitive::<Date32Type>(text, time::days),
        DataType::Timestamp(TimeUnit::Microsecond, zone) => {
            let array: PrimitiveArray<TimestampMicrosecondType> = match (of.is_epoch_ms(), zone) {
                (true, _) => {
                    collect(text, |text| integer::<i64>(text, style).and_then(time::of_ms))
                }
                (false, Some(_)) => collect(text, time::utc_us),
                (false, None) => collect(text, time::local_us),
            };
            Arc::new(array.with_timezone_opt(zone.clone()))
        }
        DataType::Binary => {
            Arc::new(text.iter().map(|text| text.map(str::as_bytes)).collect::<BinaryArray>())
        }
        _ => Arc::new(text.clone()),
    }
}

fn collect<T: ArrowPrimitiveType>(
    text: &StringArray,
    value: impl Fn(&str) -> Option<T::Native>,
) -> PrimitiveArray<T> {
    text.iter().map(|text| value(text?.trim_ascii())).collect()
}

fn primitive<T: ArrowPrimitiveType>(
    text: &StringArray,
    value: impl Fn(&str) -> Option<T::Native>,
) -> ArrayRef {
    Arc::new(collect::<T>(text, value))
}

fn integers<T: ArrowPrimitiveType>(text: &StringArray, style: NumberStyle) -> ArrayRef
where
    T::Native: FromStr,
{
    primitive::<T>(text, |text| integer(text, style))
}

/// A whole number: a sign and digits, nothing else.
fn integer<N: FromStr>(text: &str, style: NumberStyle) -> Option<N> {
    style.plain(text)?.parse().ok()
}

fn floats<T: ArrowPrimitiveType>(
    text: &StringArray,
    style: NumberStyle,
    is_finite: impl Fn(T::Native) -> bool,
) -> ArrayRef
where
    T::Native: FromStr + LowerExp + Copy,
{
    primitive::<T>(text, |text| {
        let text = style.plain(text)?;
        let value: T::Native = text.parse().ok()?;
        let Some(number) = Number::parse(&text) else {
            // `NaN` and `inf` are what they say.
            return (!is_finite(value) && !text.contains(|c: char| c.is_ascii_digit()))
                .then_some(value);
        };
        if !is_finite(value) {
            return None;
        }
        // As short as the value can be written, or with as many digits as the text has: exports that write seventeen
        // digits mean the very value.
        let is_same =
            |printed: String| Number::parse(&printed).is_some_and(|printed| printed == number);
        let n_digits = number.n_digits().max(1);
        (is_same(format!("{value:e}")) || is_same(format!("{value:.*e}", n_digits - 1)))
            .then_some(value)
    })
}

/// The words for truth values, in any case.
fn truth(text: &str) -> Option<bool> {
    let is = |words: [&str; 6]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is(["true", "t", "yes", "y", "on", "1"]) {
        Some(true)
    } else if is(["false", "f", "no", "n", "off", "0"]) {
        Some(false)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::Array;
    use arrow::util::display::array_value_to_string;
    use proptest::prelude::*;

    fn value(of: &str, style: NumberStyle, text: &str) -> Option<String> {
        let array = values(&StringArray::from(vec![text]), &of.parse().unwrap(), style);
        assert_eq!(array.data_type(), of.parse::<ColumnType>().unwrap().arrow());
        array.is_valid(0).then(|| array_value_to_string(&array, 0).unwrap())
    }

    fn check(of: &str, text: &str, expected: Option<&str>) {
        assert_eq!(value(of, NumberStyle::default(), text).as_deref(), expected, "{of} {text:?}");
    }

    #[test]
    fn numbers_are_what_the_text_says_or_nothing() {
        for (text, expected) in [
            ("12.50", Some("12.50")),
            (" 12.50 ", Some("12.50")),
            ("1.500", Some("1.50")),
            ("1e3", Some("1000.00")),
            ("1.25E+1", Some("12.50")),
            ("1250e-2", Some("12.50")),
            ("12.", Some("12.00")),
            (".5", Some("0.50")),
            ("+7.25", Some("7.25")),
            ("-0.01", Some("-0.01")),
            ("0e99999999999999999999", Some("0.00")),
            ("00099999999.99", Some("99999999.99")),
            ("100000000.00", None),
            ("1.005", None),
            ("1.005e0", None),
            ("12345e-5", None),
            ("1e99999999999999999999", None),
            ("1e-99999999999999999999", None),
            ("", None),
            ("-", None),
            (".", None),
            ("+", None),
            ("-.", None),
            ("e3", None),
            ("1e", None),
            ("1e+", None),
            ("1,234.50", None),
            ("1_000", None),
            ("NaN", None),
            ("--5", None),
            ("1.2.3", None),
            ("1 2", None),
            ("5-", None),
            ("(5.00)", None),
            ("$5.00", None),
            ("\u{ff11}\u{ff12}", None),
            ("0x10", None),
        ] {
            check("decimal(10, 2)", text, expected);
        }
        check(
            "decimal(38, 0)",
            "99999999999999999999999999999999999999",
            Some("99999999999999999999999999999999999999"),
        );
        check("decimal(38, 0)", "100000000000000000000000000000000000000", None);
        check("decimal(38, 38)", "1e-38", Some("0.00000000000000000000000000000000000001"));
        for (text, expected) in [
            ("007", Some("7")),
            ("+1", Some("1")),
            ("1.5", None),
            ("2147483648", None),
            ("", None),
            ("1_0", None),
            ("--1", None),
        ] {
            check("int", text, expected);
        }
        check("bigint", "9007199254740993", Some("9007199254740993"));
        check("tinyint", "-128", Some("-128"));
        check("smallint", "32768", None);
        for (text, expected) in [
            ("true", Some("true")),
            ("NO", Some("false")),
            ("1", Some("true")),
            ("tr", None),
            ("2", None),
        ] {
            check("boolean", text, expected);
        }
    }

    #[test]
    fn a_float_is_the_one_that_is_written() {
        for (text, expected) in [
            ("0.1", Some("0.1")),
            ("0.10000000000000001", Some("0.1")),
            ("0.30000000000000004", Some("0.30000000000000004")),
            ("1e23", Some("1e23")),
            ("100000000000000000000000", Some("1e23")),
            ("-0", Some("-0.0")),
            ("5e-324", Some("5e-324")),
            ("NaN", Some("NaN")),
            ("-inf", Some("-inf")),
            ("1e400", None),
            ("1e-400", None),
            ("12345678901234567.89", None),
            ("9007199254740993", None),
            ("nano", None),
            ("", None),
        ] {
            check("double", text, expected);
        }
        for (text, expected) in [
            ("0.1", Some("0.1")),
            ("16777216", Some("16777216.0")),
            ("16777217", None),
            ("0.123456789012", None),
            ("1e39", None),
        ] {
            check("float", text, expected);
        }
    }

    #[test]
    fn a_day_has_no_time_and_a_time_keeps_its_digits() {
        for (text, expected) in [
            ("2024-02-29", Some("2024-02-29")),
            ("2024-5-1", Some("2024-05-01")),
            ("20240501", Some("2024-05-01")),
            ("0001-01-01", Some("0001-01-01")),
            ("9999-12-31", Some("9999-12-31")),
            ("2024-02-30", None),
            ("0000-01-01", None),
            ("10000-01-01", None),
            ("2024-05-01 00:00:00", None),
            ("2024-05-01T23:30:00-05:00", None),
            ("2024-05-01Z", None),
            ("01/02/2024", None),
            ("1714521600", None),
            ("", None),
        ] {
            check("date", text, expected);
        }
        for (text, expected) in [
            ("2024-05-01", Some("2024-05-01T00:00:00Z")),
            ("2024-05-01T10:00", Some("2024-05-01T10:00:00Z")),
            ("2024-05-01 23:59:59", Some("2024-05-01T23:59:59Z")),
            ("2024-05-01T23:30:00-05:00", Some("2024-05-02T04:30:00Z")),
            ("2024-05-01 10:00:00+0200", Some("2024-05-01T08:00:00Z")),
            ("2024-05-01 10:00:00+02", Some("2024-05-01T08:00:00Z")),
            ("2024-05-01 10:00:00 +05:30", Some("2024-05-01T04:30:00Z")),
            ("2024-05-01 10:00:00 UTC", Some("2024-05-01T10:00:00Z")),
            ("2024-05-01t10:00:00z", Some("2024-05-01T10:00:00Z")),
            ("2024-05-01 10:00:00.123456", Some("2024-05-01T10:00:00.123456Z")),
            ("2024-05-01 10:00:00.123456000", Some("2024-05-01T10:00:00.123456Z")),
            ("9999-12-31 23:59:59.999999", Some("9999-12-31T23:59:59.999999Z")),
            ("0001-01-01 00:00:00", Some("0001-01-01T00:00:00Z")),
            ("2024-05-01 10:00:00.1234567", None),
            ("2024-05-01 10:00:00.", None),
            ("2024-05-01 24:00:00", None),
            ("2016-12-31 23:59:60", None),
            ("2024-02-30 00:00:00", None),
            ("2024-03-31 02:30:00 Europe/Berlin", None),
            ("9999-12-31 23:59:59-05:00", None),
            ("0001-01-01 00:00:00+05:00", None),
            ("2024-05-01 10:00:00+25:00", None),
            ("2024-05-01 10", None),
            ("2024-05-01 1:00:00", None),
            ("2024-05-01  10:00:00", None),
            ("1714521600", None),
            ("no", None),
        ] {
            check("timestamp", text, expected);
        }
        check("timestamp_ntz", "2024-05-01 10:00:00", Some("2024-05-01T10:00:00"));
        check("timestamp_ntz", "2024-05-01 10:00:00Z", None);
        check("timestamp_ntz", "2024-05-01 10:00:00+02:00", None);
        check("timestamp_ms", "1570000000123", Some("2019-10-02T07:06:40.123Z"));
        check("timestamp_ms", "-62135596800000", Some("0001-01-01T00:00:00Z"));
        check("timestamp_ms", "-62135596800001", None);
        check("timestamp_ms", "253402300800000", None);
        check("timestamp_ms", "1.5", None);
    }

    #[test]
    fn marks_are_those_of_the_style() {
        let comma = NumberStyle { decimal_mark: ',', group_mark: None };
        let german = NumberStyle { decimal_mark: ',', group_mark: Some('.') };
        let english = NumberStyle { decimal_mark: '.', group_mark: Some(',') };
        let check = |style, text: &str, expected: Option<&str>| {
            assert_eq!(value("decimal(10, 2)", style, text).as_deref(), expected, "{text:?}");
        };
        check(comma, "0,99", Some("0.99"));
        check(comma, "-1234,5", Some("-1234.50"));
        check(comma, "1,5e2", Some("150.00"));
        for text in ["0.99", "1.234,50", "1,2,3", "1,2.3"] {
            check(comma, text, None);
        }
        check(german, "1.234,50", Some("1234.50"));
        check(german, "-1.234.567", Some("-1234567.00"));
        for text in ["1.5", "12.34,5", "1234.567,00", ".123", "1..234", "1,234.5", "1.-23"] {
            check(german, text, None);
        }
        check(german, "1234,5", Some("1234.50"));
        check(english, "1,234.50", Some("1234.50"));
        check(english, "1,23", None);
        assert_eq!(value("int", german, "1.234").as_deref(), Some("1234"));
        assert_eq!(value("double", comma, "0,5").as_deref(), Some("0.5"));
    }

    proptest! {
        #[test]
        fn a_decimal_that_is_printed_is_its_text(units in any::<i64>(), zeros in 0usize..4, exponent in -3i32..4, scale in 0u8..5) {
            let number = units as i128;
            // units * 10^-scale, with zeros behind and an exponent that is taken back.
            let shift = i64::from(scale) + i64::from(exponent);
            let text = format!("{number}{}e{}", "0".repeat(zeros), -(shift + zeros as i64 - i64::from(exponent)));
            let printed = value(&format!("decimal(38, {scale})"), NumberStyle::default(), &text);
            let expected = Decimal128Array::from(vec![number]).with_precision_and_scale(38, scale as i8).unwrap();
            prop_assert_eq!(printed, Some(expected.value_as_string(0)));
        }

        #[test]
        fn a_decimal_never_loses_a_digit(whole in 0u64..1_000_000, fraction in "[0-9]{0,6}", scale in 0u8..7) {
            let text = format!("{whole}.{fraction}");
            let fits = fraction.trim_end_matches('0').len() <= usize::from(scale);
            let found = value(&format!("decimal(20, {scale})"), NumberStyle::default(), &text);
            prop_assert_eq!(found.is_some(), fits, "{}", text);
            if let Some(found) = found {
                let normal = |text: &str| text.trim_end_matches('0').trim_end_matches('.').to_owned();
                let text = if text.contains('.') { normal(&text) } else { text };
                let found = if found.contains('.') { normal(&found) } else { found };
                prop_assert_eq!(found, text);
            }
        }

        #[test]
        fn a_double_survives_its_text(bits in any::<u64>(), n_digits in 17usize..25) {
            let double = f64::from_bits(bits);
            prop_assume!(double.is_finite());
            for text in [format!("{double}"), format!("{double:e}"), format!("{double:.*e}", n_digits - 1)] {
                let array = values(&StringArray::from(vec![text.as_str()]), &"double".parse().unwrap(), NumberStyle::default());
                let found = arrow::array::AsArray::as_primitive::<Float64Type>(&array);
                prop_assert!(found.is_valid(0), "{}", text);
                prop_assert_eq!(found.value(0).to_bits(), bits, "{}", text);
            }
        }

        #[test]
        fn a_time_that_is_printed_is_its_text(us in -62_135_596_800_000_000i64..253_402_300_800_000_000, offset_min in -840i64..=840) {
            let array = arrow::array::TimestampMicrosecondArray::from(vec![us]);
            let printed = array_value_to_string(&array, 0).unwrap();
            let found = value("timestamp_ntz", NumberStyle::default(), &printed);
            prop_assert_eq!(found.as_deref(), Some(printed.as_str()));
            // The same moment where clocks show another time.
            let local = us + offset_min * 60_000_000;
            prop_assume!((-62_135_596_800_000_000..253_402_300_800_000_000).contains(&local));
            let local = arrow::array::TimestampMicrosecondArray::from(vec![local]);
            let sign = if offset_min < 0 { '-' } else { '+' };
            let (hours, minutes) = (offset_min.abs() / 60, offset_min.abs() % 60);
            let text = format!("{}{sign}{hours:02}:{minutes:02}", array_value_to_string(&local, 0).unwrap());
            let found = value("timestamp", NumberStyle::default(), &text);
            prop_assert_eq!(found, Some(format!("{printed}Z")), "{}", text);
        }

        #[test]
        fn no_text_is_a_value_of_two_meanings(text in "[-+0-9.eE:TZ /,]{0,24}") {
            // Whatever is read prints to something that is read as the same.
            for of in ["bigint", "decimal(20, 4)", "double", "float", "date", "timestamp", "timestamp_ntz"] {
                if let Some(printed) = value(of, NumberStyle::default(), &text) {
                    prop_assert_eq!(value(of, NumberStyle::default(), &printed), Some(printed.clone()), "{} {:?}", of, text);
                }
            }
        }
    }
}
