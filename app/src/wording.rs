//! Numbers, days and costs as the viewer reads them.

use crate::decimal::{Decimal, Number};
use catalog::{Catalog, Name, NumberFormat};
use chart::ValueFormat;
use query::{Date, DateRange, Grain};

/// How the numbers of one measure are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Writing {
    format: NumberFormat,
    symbol: &'static str,
    code: String,
    /// How many digits an amount of money has after the point.
    n_digits: u8,
}

impl Writing {
    /// For a measure of that format in the lake of that catalog.
    pub fn new(format: NumberFormat, catalog: &Catalog) -> Writing {
        let code = catalog.currency.clone();
        Writing { format, symbol: symbol(&code), code, n_digits: catalog.currency_digits() }
    }

    /// What stands before each number, such as `R$ `.
    fn prefix(&self) -> String {
        match (self.format, self.symbol) {
            (NumberFormat::Money, "") => format!("{} ", self.code),
            (NumberFormat::Money, symbol) => symbol.to_owned(),
            _ => String::new(),
        }
    }

    /// What stands behind each number.
    fn suffix(&self) -> &'static str {
        if self.format == NumberFormat::Percent { "%" } else { "" }
    }

    /// How the ticks of an axis are written on which [`Writing::plotted`] numbers stand.
    pub fn axis(&self) -> ValueFormat {
        let scale = match self.format {
            NumberFormat::Count => 0,
            NumberFormat::Money => self.n_digits,
            NumberFormat::Percent => 1,
        };
        ValueFormat { prefix: self.prefix(), suffix: self.suffix().to_owned(), scale }
    }

    /// Where a number stands on its axis: a ratio at its percentage.
    pub fn plotted(&self, number: Decimal) -> f64 {
        match self.format {
            NumberFormat::Percent => number.to_f64() * 100.0,
            NumberFormat::Count | NumberFormat::Money => number.to_f64(),
        }
    }

    /// The whole number: `R$ 13,591,643.70`, `99,441`, `12.3%`.
    pub fn whole(&self, number: Decimal) -> String {
        match self.rounded(number) {
            Number::Exact(number) => self.signed(&chart::grouped(number.units, number.scale)),
            Number::Odd(odd) => self.signed(&odd.words()),
        }
    }

    /// At most three digits: `R$ 13.6M`, `99.4k`, `1.8e36`.
    pub fn compact(&self, number: Decimal) -> String {
        match (self.format, self.rounded(number)) {
            (NumberFormat::Percent, Number::Exact(percent)) => {
                self.signed(&chart::compact(percent.units, percent.scale))
            }
            (_, Number::Odd(odd)) => self.signed(&odd.words()),
            _ => self.signed(&chart::compact(number.units, number.scale)),
        }
    }

    /// The whole number if it has at most `n_chars` characters, or else a compact one.
    pub fn fitting(&self, number: Number, n_chars: usize) -> String {
        match (number, self.number(number)) {
            (Number::Exact(exact), whole) if whole.chars().count() > n_chars => self.compact(exact),
            (_, whole) => whole,
        }
    }

    /// The whole number, or words for what is none.
    pub fn number(&self, number: Number) -> String {
        match number {
            Number::Exact(number) => self.whole(number),
            Number::Odd(odd) => odd.words(),
        }
    }

    fn rounded(&self, number: Decimal) -> Number {
        match self.format {
            NumberFormat::Count if number.scale == 0 => Number::Exact(number),
            NumberFormat::Count => Number::Exact(number.rounded(2).trimmed()),
            NumberFormat::Money => Number::Exact(number.rounded(self.n_digits)),
            NumberFormat::Percent => match percent(number) {
                Some(percent) => Number::Exact(percent.rounded(1)),
                None => Number::of_float(number.to_f64() * 100.0, 0),
            },
        }
    }

    fn signed(&self, text: &str) -> String {
        match text.strip_prefix(['-', '−']) {
            Some(digits) => format!("−{}{digits}{}", self.prefix(), self.suffix()),
            None => format!("{}{text}{}", self.prefix(), self.suffix()),
        }
    }
}

/// A ratio times a hundred; `None` when it does not fit.
fn percent(ratio: Decimal) -> Option<Decimal> {
    match ratio.scale.checked_sub(2) {
        Some(scale) => Some(Decimal::new(ratio.units, scale)),
        None => Some(Decimal::new(ratio.units.checked_mul(100)?, ratio.scale)),
    }
}

/// `value` as a share of `whole`, in percent with one decimal: what is there but rounds to nothing
/// is `<0.1%`, and what is not quite the whole `>99.9%`. `None` when the whole is zero.
pub fn share(value: Decimal, whole: Decimal) -> Option<String> {
    let tenths = value.change_from(whole).ok()?.checked_add(1_000)?;
    let is_whole = value.trimmed() == whole.trimmed();
    Some(match tenths {
        0 if value.units == 0 => "0%".to_owned(),
        0 => "<0.1%".to_owned(),
        1_000 if is_whole => "100%".to_owned(),
        1_000 => ">99.9%".to_owned(),
        tenths => format!("{}%", chart::grouped(tenths, 1)),
    })
}

/// What the page calls a dimension; the same in every table that has it.
pub fn dimension(catalog: &Catalog, dimension: &Name) -> String {
    let of_table = |table: &catalog::Table| table.dimension(dimension).map(|d| d.label.clone());
    catalog.tables.iter().find_map(of_table).unwrap_or_else(|| dimension.to_string())
}

/// A list in a sentence: `A`, `A and B`, `A, B and C`.
pub fn listed(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [some @ .., last] => format!("{} and {last}", some.join(", ")),
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

    fn writing(format: NumberFormat, currency: &str) -> Writing {
        let catalog = Catalog {
            title: "Shop".into(),
            currency: currency.into(),
            zone: "UTC".into(),
            memory: None,
            tables: Vec::new(),
            dashboards: Vec::new(),
        };
        Writing::new(format, &catalog)
    }

    #[test]
    fn numbers_are_written_in_full_and_short() {
        let check = |format: NumberFormat,
                     currency: &str,
                     units: i128,
                     scale: u8,
                     whole: &str,
                     short: &str| {
            let writing = writing(format, currency);
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
        check(Money, "JPY", 150_050, 2, "¥1,501", "¥1.5k");
        check(Money, "KRW", -1_000, 0, "−₩1,000", "−₩1k");
        check(Money, "KWD", 1_234_567, 3, "KWD 1,234.567", "KWD 1.23k");
        check(Money, "KWD", 5, 0, "KWD 5.000", "KWD 5");
        check(Count, "BRL", 99_441, 0, "99,441", "99.4k");
        check(Count, "BRL", 4_086_420, 6, "4.09", "4.09");
        check(Count, "BRL", 4_000_000, 6, "4", "4");
        check(Percent, "BRL", 1_234, 4, "12.3%", "12.3%");
        check(Percent, "BRL", 1, 0, "100.0%", "100%");
        check(Percent, "BRL", -i128::MAX, 0, "−1.7e40%", "−1.7e40%");
    }

    #[test]
    fn a_number_that_is_too_long_is_compact() {
        let check = |number: Number, n_chars: usize, expected: &str| {
            assert_eq!(writing(NumberFormat::Money, "EUR").fitting(number, n_chars), expected);
        };
        let exact = |units: i128| Number::Exact(Decimal::new(units, 2));
        check(exact(1_359_164_370), 14, "€13,591,643.70");
        check(exact(1_359_164_370), 13, "€13.6M");
        check(exact(i128::MAX), 20, "€1.7e36");
        check(Number::of_float(f64::NAN, 6), 5, "not a number");
    }

    #[test]
    fn a_ratio_stands_on_its_axis_where_it_is_written() {
        let check =
            |format: NumberFormat, currency: &str, units: i128, scale: u8, expected: &[&str]| {
                let writing = writing(format, currency);
                let points = vec![chart::LinePoint {
                    date: Date::from_days(0),
                    value: Some(writing.plotted(Decimal::new(units, scale))),
                    completeness: chart::Completeness::Complete,
                }];
                let (comparison, grain, format) = (Vec::new(), Grain::Day, writing.axis());
                let input = chart::LineInput { points, comparison, grain, format };
                let frame = chart::Frame::canvas(400.0, 200.0, 1.0);
                let layout = chart::LineChart::layout(&input, frame, &chart::estimate_width);
                let labels: Vec<&str> =
                    layout.y_ticks.iter().map(|tick| tick.label.as_str()).collect();
                assert_eq!(labels, expected);
            };
        check(NumberFormat::Percent, "EUR", 3, 1, &["0%", "10%", "20%", "30%"]);
        check(NumberFormat::Percent, "EUR", 2, 3, &["0%", "0.1%", "0.2%"]);
        check(NumberFormat::Money, "EUR", -3_000, 2, &["−€30", "−€20", "−€10", "€0"]);
        check(NumberFormat::Money, "JPY", 100, 2, &["¥0", "¥1"]);
        check(NumberFormat::Count, "EUR", 2, 0, &["0", "1", "2"]);
    }

    #[test]
    fn shares_are_written_honestly() {
        let check = |value: (i128, u8), whole: (i128, u8), expected: Option<&str>| {
            let share = share(Decimal::new(value.0, value.1), Decimal::new(whole.0, whole.1));
            assert_eq!(share.as_deref(), expected, "{value:?} {whole:?}");
        };
        check((0, 0), (100, 0), Some("0%"));
        check((100, 0), (100, 0), Some("100%"));
        check((10_000, 2), (100, 0), Some("100%"));
        check((50, 0), (100, 0), Some("50.0%"));
        check((1, 0), (10_000, 0), Some("<0.1%"));
        check((9_999, 0), (10_000, 0), Some(">99.9%"));
        check((1_234, 0), (10_000, 0), Some("12.3%"));
        check((5, 0), (0, 0), None);
    }

    #[test]
    fn lists_are_sentences() {
        let check = |words: &[&str], expected: &str| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            assert_eq!(listed(&words), expected);
        };
        check(&[], "");
        check(&["Step"], "Step");
        check(&["Step", "Product"], "Step and Product");
        check(&["Step", "Product", "Seller"], "Step, Product and Seller");
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
