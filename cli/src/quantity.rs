//! Numbers and lengths of time as people read them.

use std::time::Duration;

/// `1234567` as `1,234,567`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (idx, digit) in digits.chars().enumerate() {
        if idx > 0 && (digits.len() - idx).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 model`, `2 models`.
pub fn counted(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(number as u64))
}

/// `850 ms`, `12.3 s`, `2:05`, `1:02:05`.
pub fn clock(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs();
    match seconds {
        0 => format!("{} ms", elapsed.as_millis()),
        1..60 => format!("{seconds}.{} s", elapsed.subsec_millis() / 100),
        60..3600 => format!("{}:{:02}", seconds / 60, seconds % 60),
        _ => format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60),
    }
}

/// Whole rows a second; `None` when there is none, or no time to speak of.
pub fn rows_a_second(n_rows: u64, elapsed: Duration) -> Option<u64> {
    let ms = u64::try_from(elapsed.as_millis()).ok()?;
    (n_rows > 0 && ms > 0).then(|| n_rows.saturating_mul(1000) / ms)
}

/// `2GB` and `512MB` as memory for queries.
///
/// # Errors
/// For another text, and for less than 16 MB.
pub fn size_bytes(text: &str) -> Result<usize, String> {
    bytes_of(text)
        .filter(|bytes| *bytes >= 16 << 20)
        .ok_or_else(|| format!("{text:?} is no size such as 512MB or 2GB, of at least 16MB"))
}

/// `2GB`, `512MB` and `64KB`, in powers of 1024, as bytes.
pub fn bytes_of(text: &str) -> Option<usize> {
    let units = [("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10)];
    let upper = text.trim().to_uppercase();
    let split = units
        .iter()
        .find_map(|(unit, bytes)| Some((upper.strip_suffix(unit)?.trim().to_owned(), *bytes)));
    split.and_then(|(number, bytes)| number.parse::<usize>().ok()?.checked_mul(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read() {
        let check = |text: &str, expected: Option<usize>| {
            assert_eq!(size_bytes(text).ok(), expected, "{text}");
        };
        check("2GB", Some(2 << 30));
        check("512 mb", Some(512 << 20));
        check("1MB", None);
        check("2", None);
        check("x GB", None);
        check("99999999999999999GB", None);
    }

    #[test]
    fn thousands_are_grouped() {
        let check = |number, expected: &str| assert_eq!(grouped(number), expected);
        check(0, "0");
        check(999, "999");
        check(1_000, "1,000");
        check(1_234_567, "1,234,567");
        assert_eq!(counted(1, "model"), "1 model");
        assert_eq!(counted(1_000, "model"), "1,000 models");
    }

    #[test]
    fn times_are_short() {
        let check = |ms, expected: &str| assert_eq!(clock(Duration::from_millis(ms)), expected);
        check(0, "0 ms");
        check(999, "999 ms");
        check(1_000, "1.0 s");
        check(59_999, "59.9 s");
        check(60_000, "1:00");
        check(3_599_000, "59:59");
        check(3_725_000, "1:02:05");
    }

    #[test]
    fn speed_needs_rows_and_time() {
        let check = |n_rows, ms, expected| {
            assert_eq!(rows_a_second(n_rows, Duration::from_millis(ms)), expected);
        };
        check(1_000, 500, Some(2_000));
        check(1, 2_000, Some(0));
        check(0, 500, None);
        check(10, 0, None);
    }
}
