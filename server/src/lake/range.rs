//! Which bytes of a file a request asks for.
//!
//! One range is answered. A malformed range or several at once are refused rather than ignored,
//! because ignoring them would send the whole file to someone who asked for little of it; RFC 9110,
//! section 14.2, allows both.

use std::ops::Range;

/// What a `Range` header asks of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    /// Everything: there is no such header, or its unit is not bytes.
    Whole,
    /// These bytes, at least one of them.
    Part(Range<u64>),
    /// Nothing that the file has, or more ranges than one.
    Unsatisfiable,
}

/// Reads the value of a `Range` header for a file of `size_bytes`.
///
/// Source: RFC 9110, section 14.
pub(super) fn parse(header: Option<&str>, size_bytes: u64) -> Asked {
    let Some((unit, spec)) = header.and_then(|header| header.split_once('=')) else {
        return Asked::Whole;
    };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return Asked::Whole;
    }
    match one_range(spec.trim(), size_bytes) {
        Some(range) if range.start < range.end => Asked::Part(range),
        _ => Asked::Unsatisfiable,
    }
}

/// `first-last`, `first-` or `-length`, clamped to the file; `None` when it is none of these.
fn one_range(spec: &str, size_bytes: u64) -> Option<Range<u64>> {
    let (first, last) = spec.split_once('-')?;
    if first.is_empty() {
        let length = number(last)?;
        return Some(size_bytes.saturating_sub(length)..size_bytes);
    }
    let first = number(first)?;
    if last.is_empty() {
        return Some(first..size_bytes);
    }
    let last = number(last)?;
    (first <= last).then(|| first..last.saturating_add(1).min(size_bytes))
}

/// Digits only; more than fit count as the largest number, which is beyond any file.
fn number(digits: &str) -> Option<u64> {
    let all_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    all_digits.then(|| digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_rfc_says() {
        let check = |header: &str, size_bytes: u64, expected: Asked| {
            assert_eq!(parse(Some(header), size_bytes), expected, "{header} of {size_bytes}");
        };
        check("bytes=0-0", 10, Asked::Part(0..1));
        check("bytes=0-9", 10, Asked::Part(0..10));
        check("bytes=3-5", 10, Asked::Part(3..6));
        check("bytes=9-9", 10, Asked::Part(9..10));
        check("bytes=3-", 10, Asked::Part(3..10));
        check("bytes=-3", 10, Asked::Part(7..10));
        check("BYTES = 3-5 ", 10, Asked::Part(3..6));
        // Ends beyond the file are clamped.
        check("bytes=3-99", 10, Asked::Part(3..10));
        check("bytes=-99", 10, Asked::Part(0..10));
        check("bytes=3-18446744073709551615", 10, Asked::Part(3..10));
        check("bytes=3-99999999999999999999", 10, Asked::Part(3..10));
        check("bytes=-99999999999999999999", 10, Asked::Part(0..10));
        // Beginnings beyond it are not.
        check("bytes=10-", 10, Asked::Unsatisfiable);
        check("bytes=10-12", 10, Asked::Unsatisfiable);
        check("bytes=99999999999999999999-", 10, Asked::Unsatisfiable);
        check("bytes=-0", 10, Asked::Unsatisfiable);
        check("bytes=0-", 0, Asked::Unsatisfiable);
        check("bytes=0-0", 0, Asked::Unsatisfiable);
        check("bytes=-5", 0, Asked::Unsatisfiable);
        for malformed in ["", "-", "5-3", "a-b", "3", "0x1-2", "+1-2", "1--2", "1-2-3", " 1 - 2"] {
            check(&format!("bytes={malformed}"), 10, Asked::Unsatisfiable);
        }
        // Several at once, also when they are really one.
        for several in ["0-1,4-5", "0-1, 1-2", "0-1,", "-1,0-"] {
            check(&format!("bytes={several}"), 10, Asked::Unsatisfiable);
        }
        // Another unit, and what is no range at all, are ignored.
        check("rows=0-1", 10, Asked::Whole);
        check("bytes", 10, Asked::Whole);
        assert_eq!(parse(None, 10), Asked::Whole);
    }
}
