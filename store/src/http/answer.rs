//! Judges the head of an answer: whether its body is what was asked for, before any of it is read.
//!
//! Source: RFC 9110, sections 14 (ranges), 15 (status codes) and 10.2.3 (Retry-After).

use super::retry::retry_after;
use super::transport::{Coding, Head, Shown};
use crate::{Location, Part, StoreError, Validator};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// How many bytes the body has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// So many.
    Exactly(u64),
    /// Not told: until it ends, and no more than this.
    AtMost(u64),
}

/// Why an attempt failed, and whether another one may help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What to tell when it was the last attempt.
    pub error: StoreError,
    /// Whether to ask again.
    pub again: Again,
}

/// Whether to ask again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// The answer would be the same.
    Never,
    /// After a wait of our own choice.
    Soon,
    /// Not before that.
    After(Duration),
}

/// What the head of an answer to `part` of `location` tells of the file, and whether to read its body.
pub fn judge(
    location: &Location,
    part: &Part,
    head: &Head,
    utc_s: i64,
) -> (Validator, Result<Length, Fault>) {
    let told = Validator {
        etag: head.header("etag").map(|tag| Arc::from(tag.trim_start_matches("W/"))),
        modified: head.header("last-modified").map(Arc::from),
        size_bytes: None,
    };
    match (head.status, part) {
        // Some servers give their own page in place of what is not there. No lake has pages.
        (200 | 206, _) if is_page(head) => {
            let error = StoreError::Absent { location: location.clone() };
            (Validator::default(), Err(never(error)))
        }
        (200, Part::Whole { max_bytes }) => whole(location, *max_bytes, head, told),
        (200 | 206 | 416, Part::Range(range)) => Asked { location, range }.judge(head, told),
        _ => (Validator::default(), Err(refusal(location, head, utc_s))),
    }
}

fn whole(
    location: &Location,
    max_bytes: u64,
    head: &Head,
    mut told: Validator,
) -> (Validator, Result<Length, Fault>) {
    let encoding = encoding(head);
    if let (Some(encoding), Coding::AsSent) = (encoding, head.coding) {
        return (told, Err(encoded(location, encoding)));
    }
    let n_bytes = content_length(head);
    if n_bytes.is_some_and(|n_bytes| n_bytes > max_bytes) {
        let error = StoreError::TooLarge { location: location.clone(), limit_bytes: max_bytes };
        return (told, Err(never(error)));
    }
    // The length is that of the encoded body, and the header that says so may be hidden.
    let is_decoded =
        head.coding == Coding::Decoded && (encoding.is_some() || head.shown == Shown::Exposed);
    match n_bytes.filter(|_| !is_decoded) {
        Some(n_bytes) => {
            told.size_bytes = Some(n_bytes);
            (told, Ok(Length::Exactly(n_bytes)))
        }
        None => (told, Ok(Length::AtMost(max_bytes))),
    }
}

/// A range that was asked for.
struct Asked<'a> {
    location: &'a Location,
    range: &'a Range<u64>,
}

impl Asked<'_> {
    fn judge(&self, head: &Head, mut told: Validator) -> (Validator, Result<Length, Fault>) {
        if head.status == 416 {
            told.size_bytes = head
                .header("content-range")
                .and_then(|header| header.strip_prefix("bytes */")?.parse().ok());
            let has = told.size_bytes.map_or_else(String::new, |n| format!(" and has {n} bytes"));
            return (told, Err(self.wrong(format!("the file is shorter{has} (status 416)"))));
        }
        if let Some(encoding) = encoding(head) {
            return (told, Err(encoded(self.location, encoding)));
        }
        match head.status {
            200 => self.judge_whole(head, told),
            _ => self.judge_part(head, told),
        }
    }

    /// A server may answer a range with the whole file; that is no harm if it is the very range.
    fn judge_whole(&self, head: &Head, mut told: Validator) -> (Validator, Result<Length, Fault>) {
        let n_bytes = content_length(head);
        if self.range.start == 0 && n_bytes == Some(self.range.end) {
            told.size_bytes = n_bytes;
            return (told, Ok(Length::Exactly(self.range.end)));
        }
        if n_bytes == Some(0) {
            told.size_bytes = n_bytes;
            return (told, Err(self.wrong("the file is empty".to_owned())));
        }
        let reason = "the server answered 200 to a range: it does not serve byte ranges";
        (Validator::default(), Err(self.no_ranges(reason)))
    }

    fn judge_part(&self, head: &Head, mut told: Validator) -> (Validator, Result<Length, Fault>) {
        let n_asked = self.range.end.saturating_sub(self.range.start);
        let kind = head.header("content-type").unwrap_or_default().to_ascii_lowercase();
        if kind.starts_with("multipart/") {
            let reason = "the server answered one range with multipart/byteranges";
            return (told, Err(self.no_ranges(reason)));
        }
        match (head.header("content-range"), head.shown) {
            (Some(header), _) => match content_range(header) {
                Some((first, last, size_bytes)) => {
                    told.size_bytes = size_bytes;
                    let is_short = last < self.range.end.saturating_sub(1);
                    if first == self.range.start
                        && is_short
                        && size_bytes.is_some_and(|size| size == last.saturating_add(1))
                    {
                        let reason = format!("the file has {} bytes", last.saturating_add(1));
                        return (told, Err(self.wrong(reason)));
                    }
                    if first != self.range.start || last != self.range.end.saturating_sub(1) {
                        let reason = format!("the server sent Content-Range: {header}");
                        return (told, Err(self.wrong(reason)));
                    }
                }
                None => {
                    let reason = format!("Content-Range: {header} cannot be read");
                    return (told, Err(self.wrong(reason)));
                }
            },
            (None, Shown::All) => {
                let reason = "the server sent status 206 without Content-Range".to_owned();
                return (told, Err(self.wrong(reason)));
            }
            // CORS hides the header unless the server exposes it; the length still has to be right.
            (None, Shown::Exposed) => {}
        }
        match content_length(head) {
            Some(n_bytes) if n_bytes != n_asked => {
                let reason = format!("the server announces {n_bytes} bytes");
                (told, Err(self.wrong(reason)))
            }
            _ => (told, Ok(Length::Exactly(n_asked))),
        }
    }

    fn wrong(&self, reason: String) -> Fault {
        wrong_bytes(self.location, self.range, reason)
    }

    fn no_ranges(&self, reason: &str) -> Fault {
        let location = self.location.clone();
        never(StoreError::NoRanges { location, reason: reason.to_owned() })
    }
}

/// A fault of bytes that are not those of `range`.
pub fn wrong_bytes(location: &Location, range: &Range<u64>, reason: String) -> Fault {
    let location = location.clone();
    never(StoreError::WrongBytes { location, start: range.start, end: range.end, reason })
}

fn never(error: StoreError) -> Fault {
    Fault { error, again: Again::Never }
}

fn encoded(location: &Location, encoding: &str) -> Fault {
    let (location, encoding) = (location.clone(), encoding.to_owned());
    never(StoreError::Encoded { location, encoding })
}

fn refusal(location: &Location, head: &Head, utc_s: i64) -> Fault {
    let location = location.clone();
    match head.status {
        401 => never(StoreError::Unauthorized { location }),
        403 => never(StoreError::Forbidden { location }),
        404 | 410 => never(StoreError::Absent { location }),
        status => {
            let reason = format!("the server answered {status}");
            let again = match status {
                408 | 425 | 429 | 500 | 502 | 503 | 504 => head
                    .header("retry-after")
                    .and_then(|header| retry_after(header, utc_s))
                    .map_or(Again::Soon, Again::After),
                _ => Again::Never,
            };
            Fault { error: StoreError::Network { location, reason }, again }
        }
    }
}

fn is_page(head: &Head) -> bool {
    let kind = head.header("content-type").unwrap_or_default().to_ascii_lowercase();
    kind.starts_with("text/html") || kind.starts_with("application/xhtml")
}

fn encoding(head: &Head) -> Option<&str> {
    head.header("content-encoding")
        .filter(|encoding| !encoding.is_empty() && !encoding.eq_ignore_ascii_case("identity"))
}

fn content_length(head: &Head) -> Option<u64> {
    head.header("content-length")?.parse().ok()
}

/// First and last byte, and the length of the file if it is told.
fn content_range(header: &str) -> Option<(u64, u64, Option<u64>)> {
    let (range, size) = header.strip_prefix("bytes ")?.trim().split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let (first, last): (u64, u64) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    let size_bytes = match size.trim() {
        "*" => None,
        size => Some(size.parse().ok()?),
    };
    let is_sound = first <= last && size_bytes.is_none_or(|size| last < size);
    is_sound.then_some((first, last, size_bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `headers` is `name: value` lines; `expected` is a word of the error or the number of bytes.
    fn check(part: Part, status: u16, headers: &[&str], expected: &str) {
        let head = headers.iter().fold(Head::new(status), |head, line| {
            let (name, value) = line.split_once(": ").unwrap();
            head.with(name, value)
        });
        check_head(part, &head, expected);
    }

    fn check_head(part: Part, head: &Head, expected: &str) {
        let (_, verdict) = judge(&Location::new("a"), &part, head, 0);
        let said = match verdict {
            Ok(length) => format!("{length:?}"),
            Err(fault) => format!("{:?}: {} ({:?})", fault.error.code(), fault.error, fault.again),
        };
        assert!(said.contains(expected), "{part:?} {head:?}: {said}");
    }

    fn range(range: Range<u64>) -> Part {
        Part::Range(range)
    }

    #[test]
    fn a_part_is_exactly_what_was_asked() {
        check(range(10..20), 206, &["Content-Range: bytes 10-19/100"], "Exactly(10)");
        check(range(10..20), 206, &["Content-Range: bytes 10-19/*"], "Exactly(10)");
        let announced = ["Content-Range: bytes 10-19/100", "Content-Length: 10"];
        check(range(10..20), 206, &announced, "Exactly(10)");
        let announced = ["Content-Range: bytes 10-19/100", "Content-Length: 11"];
        check(range(10..20), 206, &announced, "announces 11 bytes");
        check(range(10..20), 206, &[], "without Content-Range");
        check(range(10..20), 206, &["Content-Range: bytes 0-9/100"], "sent Content-Range");
        check(range(10..20), 206, &["Content-Range: bytes 10-29/100"], "sent Content-Range");
        check(range(10..20), 206, &["Content-Range: bytes 10-14/15"], "has 15 bytes");
        check(range(10..20), 206, &["Content-Range: bytes 10-14/100"], "sent Content-Range");
        check(range(10..20), 206, &["Content-Range: bytes 19-10/100"], "cannot be read");
        check(range(10..20), 206, &["Content-Range: bytes 10-19/15"], "cannot be read");
        check(range(10..20), 206, &["Content-Range: lines 10-19/15"], "cannot be read");
        check(range(10..20), 416, &["Content-Range: bytes */15"], "has 15 bytes (status 416)");
        check(range(10..20), 416, &[], "shorter (status 416)");
    }

    #[test]
    fn what_cors_hides_is_not_missing() {
        let part = range(10..20);
        check_head(part.clone(), &Head::new(206).exposed(), "Exactly(10)");
        let head = Head::new(206).with("content-length", "100").exposed();
        check_head(part, &head, "announces 100 bytes");
    }

    #[test]
    fn the_whole_is_refused_for_a_part_unless_it_is_the_part() {
        check(range(0..20), 200, &["Content-Length: 20"], "Exactly(20)");
        check(range(0..20), 200, &["Content-Length: 21"], "NoRanges");
        check(range(1..20), 200, &["Content-Length: 20"], "NoRanges");
        check(range(0..20), 200, &[], "NoRanges");
        check(range(0..1), 200, &["Content-Length: 0"], "empty");
    }

    #[test]
    fn encoded_and_multiple_ranges_are_refused() {
        let gzip = ["Content-Range: bytes 10-19/100", "Content-Encoding: gzip"];
        check(range(10..20), 206, &gzip, "Content-Encoding: gzip");
        check(range(0..20), 200, &["Content-Length: 20", "Content-Encoding: br"], "br");
        let plain = ["Content-Range: bytes 10-19/100", "Content-Encoding: identity"];
        check(range(10..20), 206, &plain, "Exactly(10)");
        let parts = ["Content-Type: multipart/byteranges; boundary=x"];
        check(range(10..20), 206, &parts, "multipart/byteranges");
    }

    #[test]
    fn a_whole_file_is_bounded() {
        let whole = || Part::Whole { max_bytes: 100 };
        check(whole(), 200, &["Content-Length: 100"], "Exactly(100)");
        check(whole(), 200, &["Content-Length: 101"], "OverBudget");
        check(whole(), 200, &[], "AtMost(100)");
        check(whole(), 206, &[], "answered 206");
        check(whole(), 200, &["Content-Encoding: gzip"], "Content-Encoding: gzip");
        let decoded = Head::new(200).with("content-length", "10").decoded();
        check_head(whole(), &decoded, "Exactly(10)");
        check_head(whole(), &decoded.clone().exposed(), "AtMost(100)");
        check_head(whole(), &decoded.with("content-encoding", "gzip"), "AtMost(100)");
    }

    #[test]
    fn a_page_in_place_of_a_file_is_no_file() {
        let page = ["Content-Type: text/html; charset=utf-8", "Content-Length: 20"];
        check(range(0..20), 200, &page, "NotFound: a is not there (Never)");
        check(Part::Whole { max_bytes: 100 }, 200, &page, "NotFound: a is not there (Never)");
        let part = ["Content-Type: TEXT/HTML", "Content-Range: bytes 0-19/100"];
        check(range(0..20), 206, &part, "NotFound");
        let plain = ["Content-Type: text/plain", "Content-Range: bytes 0-19/100"];
        check(range(0..20), 206, &plain, "Exactly(20)");
    }

    #[test]
    fn a_refusal_says_whether_to_ask_again() {
        let part = || range(0..1);
        check(part(), 401, &[], "Unauthorized: a is only for those who are logged in (Never)");
        check(part(), 403, &["Retry-After: 1"], "(Never)");
        check(part(), 404, &[], "NotFound: a is not there (Never)");
        check(part(), 410, &[], "NotFound: a is not there (Never)");
        for status in [408, 425, 429, 500, 502, 503, 504] {
            check(part(), status, &[], "(Soon)");
            check(part(), status, &["Retry-After: 7"], "(After(7s))");
            check(part(), status, &["Retry-After: Thu, 01 Jan 1970 00:00:09 GMT"], "(After(9s))");
            check(part(), status, &["Retry-After: later"], "(Soon)");
        }
        for status in [204, 300, 304, 400, 405, 418, 501, 505] {
            check(part(), status, &[], &format!("answered {status} (Never)"));
        }
    }
}
