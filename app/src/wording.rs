//! Numbers, days and costs as the viewer reads them.

use crate::decimal::Decimal;
use catalog::NumberFormat;
use query::{Date, DateRange, Grain};

/// How the numbers of one measure are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Writing {
    format: NumberFormat,
    symbol: &'static str,
    code: String,
}

impl Writing {
    /// For a measure of that format in a lake whose money is in `currency` (ISO 4217).
    pub fn new(format: NumberFormat, currency: &str) -> Writing {
        Writing { format, symbol: symbol(currency), code: currency.to_owned() }
    }

    /// What stands before each number, such as `R$ `.
    pub fn prefix(&self) -> String {
        match (self.format, self.symbol) {
            (NumberFormat::Money, "") => format!("{} ", self.code),
            (NumberFormat::Money, symbol) => symbol.to_owned(),
            _ => String::new(),
        }
    }

    /// What stands behind each number.
    pub fn suffix(&self) -> &'static str {
        if self.format == NumberFormat::Percent { "%" } else { "" }
    }

    /// How many digits stand after the point in a whole amount.
    pub fn scale(&self) -> u8 {
        match self.format {
            NumberFormat::Count => 0,
            NumberFormat::Money => 2,
            NumberFormat::Percent => 1,
        }
    }

    /// The whole number: `R$ 13,591,643.70`, `99,441`, `12.3%`.
    pub fn whole(&self, number: Decimal) -> String {
        let number = match self.format {
            NumberFormat::Count if number.scale == 0 => number,
            NumberFormat::Count => number.rounded(2).trimmed(),
            NumberFormat::Money => number.rounded(2),
            NumberFormat::Percent => percent(number).rounded(1),
        };
        self.signed(number, chart::grouped)
    }

    /// At most three digits: `R$ 13.6M`, `99.4k`.
    pub fn compact(&self, number: Decimal) -> String {
        match self.format {
            NumberFormat::Percent => self.whole(number),
            _ => self.signed(number, chart::compact),
        }
    }

    fn signed(&self, number: Decimal, write: fn(i128, u8) -> String) -> String {
        let text = write(number.units, number.scale);
        match text.strip_prefix('-') {
            Some(digits) => format!("−{}{digits}{}", self.prefix(), self.suffix()),
            None => format!("{}{text}{}", self.prefix(), self.suffix()),
        }
    }
}

/// A ratio times a hundred.
fn percent(ratio: Decimal) -> Decimal {
    match ratio.scale.checked_sub(2) {
        Some(scale) => Decimal::new(ratio.units, scale),
        None => Decimal::new(ratio.units.saturating_mul(100), ratio.scale),
    }
}

/// What stands before an amount of a currency; empty for those that are written with their code.
fn symbol(currency: &str) -> &'static str {
    match currency {
        "BRL" => "R$ ",
        "USD" => "$",
        "EUR" => "€",
        "GBP" => "£",
        "JPY" => "¥",
        "CNY" => "CN¥",
        "INR" => "₹",
        "KRW" => "₩",
        "MXN" => "MX$",
        "CAD" => "CA$",
        "AUD" => "A$",
        "NZD" => "NZ$",
        "PHP" => "₱",
        "ILS" => "₪",
        "VND" => "₫",
        _ => "",
    }
}

/// A change in tenths of a percent as text: `+12.3%`, `−4.0%`, `0.0%`, `+1,234%`.
pub fn change(tenths: i128) -> String {
    let size = Decimal::new(tenths.saturating_abs(), 1);
    let size = if tenths.unsigned_abs() >= 10_000 { size.rounded(0) } else { size };
    let sign = match tenths.signum() {
        1 => "+",
        -1 => "−",
        _ => "",
    };
    format!("{sign}{}%", chart::grouped(size.units, size.scale))
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

fn month_name(month: u32) -> &'static str {
    MONTHS.get(month.saturating_sub(1) as usize).copied().unwrap_or("")
}

/// A day: `17 Oct 2018`.
pub fn day(date: Date) -> String {
    let (year, month, day) = date.ymd();
    format!("{day} {} {year}", month_name(month))
}

/// A range of days, with what both ends share said once: `1 – 31 Jan 2018`.
pub fn days(range: DateRange) -> String {
    let ((year, month, first_day), (last_year, last_month, _)) =
        (range.first.ymd(), range.last.ymd());
    if range.first == range.last {
        day(range.first)
    } else if (year, month) == (last_year, last_month) {
        format!("{first_day} – {}", day(range.last))
    } else if year == last_year {
        format!("{first_day} {} – {}", month_name(month), day(range.last))
    } else {
        format!("{} – {}", day(range.first), day(range.last))
    }
}

/// A bucket of time: `Wed, 17 Oct 2018`, `Week of 15 Oct 2018`, `Oct 2018`.
pub fn bucket(date: Date, grain: Grain) -> String {
    let (year, month, _) = date.ymd();
    match grain {
        Grain::Day => {
            let weekday = WEEKDAYS.get(date.weekday() as usize).copied().unwrap_or("");
            format!("{weekday}, {}", day(date))
        }
        Grain::Week => format!("Week of {}", day(date)),
        Grain::Month => format!("{} {year}", month_name(month)),
    }
}

/// What one bucket of a chart is: `day`, `week`, `month`.
pub fn grain(grain: Grain) -> &'static str {
    match grain {
        Grain::Day => "day",
        Grain::Week => "week",
        Grain::Month => "month",
    }
}

/// A count with its noun: `1 file`, `3 files`.
pub fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", chart::grouped(i128::from(n), 0), if n == 1 { one } else { many })
}

/// A size on disk or network in decimal units: `812 B`, `1.2 MB`.
pub fn bytes(n_bytes: u64) -> String {
    if n_bytes < 1_000 {
        return format!("{n_bytes} B");
    }
    let mut unit = "";
    let mut tenths = u128::from(n_bytes) * 10;
    for next in ["kB", "MB", "GB", "TB"] {
        if tenths < 10_000 && !unit.is_empty() {
            break;
        }
        tenths = (tenths + 500) / 1_000;
        unit = next;
    }
    if tenths < 1_000 {
        format!("{}.{} {unit}", tenths / 10, tenths % 10)
    } else {
        format!("{} {unit}", tenths / 10)
    }
}

/// The last segment of a path or URL: `sales` of `gold/sales/`, without a query.
pub fn last_segment(location: &str) -> String {
    let path = location.split(['?', '#']).next().unwrap_or(location).trim_end_matches('/');
    path.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or(location).to_owned()
}

/// A time span: `34 ms`, `1.2 s`.
pub fn span(elapsed_ms: f64) -> String {
    if elapsed_ms < 1_000.0 {
        format!("{elapsed_ms:.0} ms")
    } else {
        format!("{:.1} s", elapsed_ms / 1_000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_in_full_and_short() {
        let check = |format: NumberFormat,
                     currency: &str,
                     units: i128,
                     scale: u8,
                     whole: &str,
                     short: &str| {
            let writing = Writing::new(format, currency);
            let number = Decimal::new(units, scale);
            assert_eq!(
                (writing.whole(number), writing.compact(number)),
                (whole.into(), short.into())
            );
        };
        use NumberFormat::{Count, Money, Percent};
        check(Money, "BRL", 1_359_164_370, 2, "R$ 13,591,643.70", "R$ 13.6M");
        check(Money, "EUR", 136_685_000, 6, "€136.69", "€137");
        check(Money, "CHF", -500, 2, "−CHF 5.00", "−CHF 5");
        check(Count, "BRL", 99_441, 0, "99,441", "99.4k");
        check(Count, "BRL", 4_086_420, 6, "4.09", "4.09");
        check(Count, "BRL", 4_000_000, 6, "4", "4");
        check(Percent, "BRL", 1_234, 4, "12.3%", "12.3%");
        check(Percent, "BRL", 1, 0, "100.0%", "100.0%");
    }

    #[test]
    fn changes_have_a_sign() {
        let check = |tenths: i128, expected: &str| assert_eq!(change(tenths), expected);
        check(123, "+12.3%");
        check(-40, "−4.0%");
        check(0, "0.0%");
        check(12_345, "+1,235%");
    }

    #[test]
    fn days_are_said_once() {
        let check = |first: &str, last: &str, expected: &str| {
            let range = DateRange { first: first.parse().unwrap(), last: last.parse().unwrap() };
            assert_eq!(days(range), expected);
        };
        check("2018-10-17", "2018-10-17", "17 Oct 2018");
        check("2018-01-01", "2018-01-31", "1 – 31 Jan 2018");
        check("2018-07-20", "2018-10-17", "20 Jul – 17 Oct 2018");
        check("2017-12-01", "2018-01-31", "1 Dec 2017 – 31 Jan 2018");
        assert_eq!(bucket("2018-10-17".parse().unwrap(), Grain::Day), "Wed, 17 Oct 2018");
        assert_eq!(bucket("2018-10-15".parse().unwrap(), Grain::Week), "Week of 15 Oct 2018");
        assert_eq!(bucket("2018-10-01".parse().unwrap(), Grain::Month), "Oct 2018");
    }

    #[test]
    fn costs_are_short() {
        let check = |n_bytes: u64, expected: &str| assert_eq!(bytes(n_bytes), expected);
        check(0, "0 B");
        check(999, "999 B");
        check(1_000, "1.0 kB");
        check(1_249, "1.2 kB");
        check(214_000, "214 kB");
        check(999_999, "1.0 MB");
        check(1_200_000, "1.2 MB");
        check(5_000_000_000_000_000, "5000 TB");
        assert_eq!((span(33.6), span(1_240.0)), ("34 ms".into(), "1.2 s".into()));
        assert_eq!(last_segment("gold/sales/"), "sales");
        assert_eq!(last_segment("https://x/a.parquet?sig=a/b"), "a.parquet");
        assert_eq!(counted(1, "file", "files"), "1 file");
        assert_eq!(counted(32_951, "value", "values"), "32,951 values");
    }
}
