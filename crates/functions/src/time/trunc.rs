//! `date_trunc(unit, x)` by microseconds, in the place of DataFusion's function of the same name, which goes by
//! nanoseconds. Times in other units than microseconds, and times of day, are DataFusion's.

use arrow::array::timezone::Tz;
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};
use chrono::{DateTime, LocalResult, Offset, TimeDelta, TimeZone};
use datafusion::common::{Result, ScalarValue, exec_err, plan_err};
use datafusion::functions::datetime::date_trunc as of_datafusion;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, lit,
};
use std::sync::{Arc, LazyLock};

static FUNCTION: LazyLock<Arc<ScalarUDF>> =
    LazyLock::new(|| Arc::new(ScalarUDF::from(DateTrunc::new())));

/// The start of the `unit` (`week`, `month` and so on) that the day or time `value` lies in, as a timestamp.
pub fn date_trunc(unit: &str, value: Expr) -> Expr {
    FUNCTION.call(vec![lit(unit), value])
}

/// The function `date_trunc`.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct DateTrunc {
    signature: Signature,
    aliases: Vec<String>,
}

impl DateTrunc {
    /// The function.
    pub fn new() -> DateTrunc {
        DateTrunc {
            signature: Signature::user_defined(Volatility::Immutable),
            aliases: vec!["datetrunc".to_owned()],
        }
    }
}

impl Default for DateTrunc {
    fn default() -> DateTrunc {
        DateTrunc::new()
    }
}

const MICROS: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

impl ScalarUDFImpl for DateTrunc {
    fn name(&self) -> &str {
        "date_trunc"
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        let [unit, of] = types else {
            return plan_err!(
                "date_trunc takes a unit and a time, such as date_trunc('month', day)"
            );
        };
        if !unit.is_string() && !unit.is_null() {
            return plan_err!(
                "the unit of date_trunc is a text such as 'month', and this is {unit}"
            );
        }
        let of = match of {
            DataType::Timestamp(..) | DataType::Time32(_) | DataType::Time64(_) => of.clone(),
            of if of.is_string() || of.is_null() => MICROS,
            DataType::Date32 | DataType::Date64 => MICROS,
            other => return plan_err!("date_trunc is for days and times, and this is {other}"),
        };
        Ok(vec![DataType::Utf8, of])
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        Ok(self.coerce_types(types)?.swap_remove(1))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [unit, value] = args.args.as_slice() else {
            return plan_err!("date_trunc takes a unit and a time");
        };
        let DataType::Timestamp(TimeUnit::Microsecond, zone) = value.data_type() else {
            return of_datafusion().inner().invoke_with_args(args);
        };
        let ColumnarValue::Scalar(ScalarValue::Utf8(Some(unit))) = unit else {
            return plan_err!("the unit of date_trunc is one text for all rows, such as 'month'");
        };
        let unit = Unit::of(unit)?;
        let zone = match zone.as_deref() {
            None | Some("UTC" | "+00:00" | "Z") => None,
            Some(zone) => Some(zone.parse::<Tz>()?),
        };
        match value {
            ColumnarValue::Array(times) => Ok(ColumnarValue::Array(starts(times, unit, zone)?)),
            ColumnarValue::Scalar(time) => {
                let start = starts(&time.to_array()?, unit, zone)?;
                Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&start, 0)?))
            }
        }
    }
}

fn starts(times: &ArrayRef, unit: Unit, zone: Option<Tz>) -> Result<ArrayRef> {
    let of = times.data_type().clone();
    let times = times.as_primitive::<TimestampMicrosecondType>();
    let start = |at_us: i64| match zone {
        None => unit.start(at_us),
        Some(zone) => local_start(at_us, unit, zone),
    };
    let starts = times.try_unary::<_, TimestampMicrosecondType, _>(|at_us| match start(at_us) {
        Some(start) => Ok(start),
        None => exec_err!(
            "the {unit:?} of {at_us} microseconds since 1970 has no start in the calendar"
        ),
    })?;
    Ok(Arc::new(starts.with_data_type(of)))
}

/// What a time is cut to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Microsecond,
    Millisecond,
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
    Decade,
    Century,
    Millennium,
}

const DAY: i64 = 86_400_000_000;

impl Unit {
    fn of(text: &str) -> Result<Unit> {
        Ok(match text.to_lowercase().as_str() {
            "microsecond" => Unit::Microsecond,
            "millisecond" => Unit::Millisecond,
            "second" => Unit::Second,
            "minute" => Unit::Minute,
            "hour" => Unit::Hour,
            "day" => Unit::Day,
            "week" => Unit::Week,
            "month" => Unit::Month,
            "quarter" => Unit::Quarter,
            "year" => Unit::Year,
            "decade" => Unit::Decade,
            "century" => Unit::Century,
            "millennium" => Unit::Millennium,
            _ => {
                return exec_err!(
                    "{text:?} is no unit of date_trunc, which are microsecond, millisecond, second, minute, hour, day, \
                     week, month, quarter, year, decade, century and millennium"
                );
            }
        })
    }

    /// The start of the unit that the time lies in, both in microseconds since 1970; `None` where 64 bits do not hold it.
    fn start(self, at_us: i64) -> Option<i64> {
        let even = |length: i64| at_us.checked_sub(at_us.rem_euclid(length));
        let days = at_us.div_euclid(DAY);
        let (year, month, day) = civil_from_days(days);
        let on = |year: i64, month: i64| days_from_civil(year, month, 1).checked_mul(DAY);
        match self {
            Unit::Microsecond => Some(at_us),
            Unit::Millisecond => even(1_000),
            Unit::Second => even(1_000_000),
            Unit::Minute => even(60_000_000),
            Unit::Hour => even(3_600_000_000),
            Unit::Day => even(DAY),
            // The first day was a Thursday; weeks begin on Mondays.
            Unit::Week => (days - (days + 3).rem_euclid(7)).checked_mul(DAY),
            Unit::Month => (days - (day - 1)).checked_mul(DAY),
            Unit::Quarter => on(year, month - (month - 1) % 3),
            Unit::Year => on(year, 1),
            Unit::Decade => on(year - year.rem_euclid(10), 1),
            // The first century began with the year 1.
            Unit::Century => on(year - (year - 1).rem_euclid(100), 1),
            Unit::Millennium => on(year - (year - 1).rem_euclid(1_000), 1),
        }
    }
}

/// The start of the unit by the clocks of `zone`.
fn local_start(at_us: i64, unit: Unit, zone: Tz) -> Option<i64> {
    let at = DateTime::from_timestamp_micros(at_us)?.with_timezone(&zone);
    let start = unit.start(at.naive_local().and_utc().timestamp_micros())?;
    let start = DateTime::from_timestamp_micros(start)?.naive_utc();
    let start = match zone.from_local_datetime(&start) {
        LocalResult::Single(start) => start,
        LocalResult::Ambiguous(first, second) => match first.offset().fix() == at.offset().fix() {
            true => first,
            false => second,
        },
        // Clocks were put forward at the start itself: it is when they were.
        LocalResult::None => {
            let before = TimeDelta::hours(3);
            zone.from_local_datetime(&start.checked_sub_signed(before)?).single()? + before
        }
    };
    Some(start.timestamp_micros())
}

/// The year, month and day of a day, counted from 1970-01-01.
///
/// Source: H. Hinnant, "chrono-compatible low-level date algorithms", `civil_from_days`.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// The inverse of [`civil_from_days`], `days_from_civil` of the same source.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let from_march = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}
