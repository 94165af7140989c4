//! The window: a constant of SQL as a length of time.

use super::FunnelError;
use super::event_time::TimeUnit;
use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;

const NANOS_PER_SECOND: i128 = 1_000_000_000;
const NANOS_PER_DAY: i128 = 86_400 * NANOS_PER_SECOND;

/// A length of time, greater than zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    nanos: u128,
}

impl Span {
    /// Whether a window can be of the type.
    ///
    /// # Errors
    /// [`FunnelError::WindowType`] when not.
    pub(super) fn check_type(found: &DataType) -> Result<(), FunnelError> {
        let fits = found.is_integer()
            || matches!(found, DataType::Interval(_) | DataType::Duration(_) | DataType::Null);
        if fits { Ok(()) } else { Err(FunnelError::WindowType { found: found.clone() }) }
    }

    /// The window that `value` means: an integer is seconds, a day has 24 hours.
    ///
    /// # Errors
    /// [`FunnelError`] when it has months, is not greater than zero, or is of another type.
    pub(super) fn of(value: &ScalarValue) -> Result<Span, FunnelError> {
        let nanos = match value {
            ScalarValue::IntervalMonthDayNano(Some(parts)) => {
                no_months(parts.months, value)?;
                i128::from(parts.days) * NANOS_PER_DAY + i128::from(parts.nanoseconds)
            }
            ScalarValue::IntervalDayTime(Some(parts)) => {
                i128::from(parts.days) * NANOS_PER_DAY + i128::from(parts.milliseconds) * 1_000_000
            }
            ScalarValue::IntervalYearMonth(Some(months)) => {
                no_months(*months, value)?;
                0
            }
            ScalarValue::DurationSecond(Some(n)) => i128::from(*n) * NANOS_PER_SECOND,
            ScalarValue::DurationMillisecond(Some(n)) => i128::from(*n) * 1_000_000,
            ScalarValue::DurationMicrosecond(Some(n)) => i128::from(*n) * 1_000,
            ScalarValue::DurationNanosecond(Some(n)) => i128::from(*n),
            ScalarValue::Int8(Some(n)) => i128::from(*n) * NANOS_PER_SECOND,
            ScalarValue::Int16(Some(n)) => i128::from(*n) * NANOS_PER_SECOND,
            ScalarValue::Int32(Some(n)) => i128::from(*n) * NANOS_PER_SECOND,
            ScalarValue::Int64(Some(n)) => i128::from(*n) * NANOS_PER_SECOND,
            ScalarValue::UInt8(Some(n)) => i128::from(*n) * NANOS_PER_SECOND,
            ScalarValue::UInt16(Some(n)) => i128::from(*n) * NANOS_PER_SECOND,
            ScalarValue::UInt32(Some(n)) => i128::from(*n) * NANOS_PER_SECOND,
            ScalarValue::UInt64(Some(n)) => i128::from(*n) * NANOS_PER_SECOND,
            null if null.is_null() => 0,
            other => return Err(FunnelError::WindowType { found: other.data_type() }),
        };
        match u128::try_from(nanos) {
            Ok(nanos) if nanos > 0 => Ok(Span { nanos }),
            _ => Err(FunnelError::WindowNotPositive { window: value.to_string() }),
        }
    }

    /// The greatest difference of two times of `unit` that is within the window.
    pub(super) fn in_units(self, unit: TimeUnit) -> u64 {
        u64::try_from(self.nanos / unit.nanos()).unwrap_or(u64::MAX)
    }
}

fn no_months(months: i32, window: &ScalarValue) -> Result<(), FunnelError> {
    if months == 0 {
        return Ok(());
    }
    Err(FunnelError::WindowMonths { window: window.to_string() })
}
