//! The binary form of a variant to JSON text, read without trust.
//!
//! Source: Apache Parquet format, "Variant Binary Encoding". Arrow's own crate for it says of itself
//! that it is not ready for production.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::{DateTime, NaiveTime, TimeDelta};
use std::ops::Range;

/// How deep values nest at most.
const MAX_DEPTH: usize = 128;

/// What the JSON of one value may take, in bytes: a small broken value may name itself many times.
const MAX_JSON_BYTES: usize = 128 << 20;

/// Why bytes are not a variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VariantError {
    /// They end too early, or an offset leads out of them.
    #[error("malformed variant: it ends too early")]
    Short,
    /// A version of the encoding other than 1.
    #[error("malformed variant: version {found} of the encoding, not 1")]
    Version {
        /// The version.
        found: u8,
    },
    /// A primitive type that the encoding has not.
    #[error("malformed variant: there is no primitive type {found}")]
    Type {
        /// The type's number.
        found: u8,
    },
    /// A text that is none, or a value that its type cannot have.
    #[error("malformed variant: {what} that is none")]
    Value {
        /// What it should be.
        what: &'static str,
    },
    /// Deeper or longer than any that a writer makes.
    #[error("malformed variant: it nests too deep or unfolds too far")]
    TooLarge,
}

/// The names of the fields of a variant's objects.
#[derive(Debug, Clone, Copy)]
pub struct Names<'a> {
    offsets: &'a [u8],
    width: usize,
    texts: &'a [u8],
}

impl<'a> Names<'a> {
    /// Reads the `metadata` of a variant.
    ///
    /// # Errors
    /// [`VariantError`].
    pub fn parse(metadata: &'a [u8]) -> Result<Names<'a>, VariantError> {
        let (head, rest) = metadata.split_first().ok_or(VariantError::Short)?;
        if head & 0x0f != 1 {
            return Err(VariantError::Version { found: head & 0x0f });
        }
        let width = usize::from(head >> 6) + 1;
        let n_names = number(rest, 0..width)?;
        let n_bytes =
            n_names.checked_add(1).and_then(|n| n.checked_mul(width)).ok_or(VariantError::Short)?;
        let end = width.checked_add(n_bytes).ok_or(VariantError::Short)?;
        let offsets = rest.get(width..end).ok_or(VariantError::Short)?;
        Ok(Names { offsets, width, texts: rest.get(end..).unwrap_or_default() })
    }

    fn get(&self, name_idx: usize) -> Result<&'a str, VariantError> {
        let at = |idx: usize| {
            let start = idx.checked_mul(self.width).ok_or(VariantError::Short)?;
            number(self.offsets, start..start.saturating_add(self.width))
        };
        let range = at(name_idx)?..at(name_idx.checked_add(1).ok_or(VariantError::Short)?)?;
        text(self.texts.get(range).ok_or(VariantError::Short)?)
    }
}

/// A value of a variant.
#[derive(Debug, Clone, Copy)]
pub struct Value<'a> {
    names: Names<'a>,
    bytes: &'a [u8],
}

impl<'a> Value<'a> {
    /// The value that `bytes` start with.
    pub fn new(names: Names<'a>, bytes: &'a [u8]) -> Value<'a> {
        Value { names, bytes }
    }

    /// Appends the value as JSON: numbers with all their digits, times as ISO 8601 texts, bytes in
    /// base64.
    ///
    /// # Errors
    /// [`VariantError`]; `json` may have grown.
    pub fn write(&self, json: &mut String) -> Result<(), VariantError> {
        self.write_at(json, MAX_DEPTH)
    }

    /// The fields of an object, names first.
    ///
    /// # Errors
    /// [`VariantError`], also when the value is no object.
    pub fn fields(&self) -> Result<Vec<(&'a str, Value<'a>)>, VariantError> {
        let (head, rest) = self.bytes.split_first().ok_or(VariantError::Short)?;
        if head & 3 != 2 {
            return Err(VariantError::Value { what: "an object" });
        }
        let head = usize::from(head >> 2);
        let (offset_width, id_width) = ((head & 3) + 1, (head >> 2 & 3) + 1);
        let count_width = if head & 0x10 == 0 { 1 } else { 4 };
        let count = number(rest, 0..count_width)?;
        let ids = part(rest, count_width, count, id_width)?;
        let n_offsets = count.checked_add(1).ok_or(VariantError::Short)?;
        let offsets = part(rest, count_width + ids.len(), n_offsets, offset_width)?;
        let values = rest.get(count_width + ids.len() + offsets.len()..).unwrap_or_default();
        ids.chunks_exact(id_width)
            .zip(offsets.chunks_exact(offset_width))
            .map(|(id, offset)| {
                let name = self.names.get(number(id, 0..id_width)?)?;
                let start = number(offset, 0..offset_width)?;
                let bytes = values.get(start..).ok_or(VariantError::Short)?;
                Ok((name, Value::new(self.names, bytes)))
            })
            .collect()
    }

    fn write_at(&self, json: &mut String, depth: usize) -> Result<(), VariantError> {
        let depth = depth.checked_sub(1).ok_or(VariantError::TooLarge)?;
        if json.len() > MAX_JSON_BYTES {
            return Err(VariantError::TooLarge);
        }
        let (head, rest) = self.bytes.split_first().ok_or(VariantError::Short)?;
        match head & 3 {
            0 => primitive(head >> 2, rest, json),
            1 => {
                let length = usize::from(head >> 2);
                json.push_str(&quoted(text(rest.get(..length).ok_or(VariantError::Short)?)?));
                Ok(())
            }
            2 => {
                json.push('{');
                for (field_idx, (name, value)) in self.fields()?.into_iter().enumerate() {
                    if field_idx > 0 {
                        json.push(',');
                    }
                    json.push_str(&quoted(name));
                    json.push(':');
                    value.write_at(json, depth)?;
                }
                json.push('}');
                Ok(())
            }
            _ => {
                let head = usize::from(head >> 2);
                let offset_width = (head & 3) + 1;
                let count_width = if head & 4 == 0 { 1 } else { 4 };
                let count = number(rest, 0..count_width)?;
                let n_offsets = count.checked_add(1).ok_or(VariantError::Short)?;
                let offsets = part(rest, count_width, n_offsets, offset_width)?;
                let values = rest.get(count_width + offsets.len()..).unwrap_or_default();
                json.push('[');
                for (item_idx, offset) in offsets.chunks_exact(offset_width).take(count).enumerate()
                {
                    if item_idx > 0 {
                        json.push(',');
                    }
                    let start = number(offset, 0..offset_width)?;
                    let bytes = values.get(start..).ok_or(VariantError::Short)?;
                    Value::new(self.names, bytes).write_at(json, depth)?;
                }
                json.push(']');
                Ok(())
            }
        }
    }
}

/// The `count` entries of `width` bytes from `start` on.
fn part(bytes: &[u8], start: usize, count: usize, width: usize) -> Result<&[u8], VariantError> {
    let end = count.checked_mul(width).and_then(|length| start.checked_add(length));
    bytes.get(start..end.ok_or(VariantError::Short)?).ok_or(VariantError::Short)
}

/// The unsigned little-endian number in `range`, of at most 4 bytes.
fn number(bytes: &[u8], range: Range<usize>) -> Result<usize, VariantError> {
    let bytes = bytes.get(range).ok_or(VariantError::Short)?;
    let value = bytes.iter().rev().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
    usize::try_from(value).map_err(|_| VariantError::Short)
}

fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N], VariantError> {
    bytes.first_chunk().copied().ok_or(VariantError::Short)
}

fn text(bytes: &[u8]) -> Result<&str, VariantError> {
    std::str::from_utf8(bytes).map_err(|_| VariantError::Value { what: "a text" })
}

/// `text` as a JSON string.
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn primitive(type_number: u8, rest: &[u8], json: &mut String) -> Result<(), VariantError> {
    let float = |value: f64| {
        serde_json::Number::from_f64(value).map_or("null".to_owned(), |number| number.to_string())
    };
    let written = match type_number {
        0 => "null".to_owned(),
        1 => "true".to_owned(),
        2 => "false".to_owned(),
        3 => i8::from_le_bytes(fixed(rest)?).to_string(),
        4 => i16::from_le_bytes(fixed(rest)?).to_string(),
        5 => i32::from_le_bytes(fixed(rest)?).to_string(),
        6 => i64::from_le_bytes(fixed(rest)?).to_string(),
        7 => float(f64::from_le_bytes(fixed(rest)?)),
        8 => decimal(rest, |digits| Ok(i32::from_le_bytes(fixed(digits)?).into()))?,
        9 => decimal(rest, |digits| Ok(i64::from_le_bytes(fixed(digits)?).into()))?,
        10 => decimal(rest, |digits| Ok(i128::from_le_bytes(fixed(digits)?)))?,
        11 => quoted(&date(i32::from_le_bytes(fixed(rest)?))?),
        12 => quoted(&instant(micros(rest)?, "%Y-%m-%dT%H:%M:%S%.6f+00:00")?),
        13 => quoted(&instant(micros(rest)?, "%Y-%m-%dT%H:%M:%S%.6f")?),
        14 => {
            let value = f32::from_le_bytes(fixed(rest)?);
            if value.is_finite() { value.to_string() } else { "null".to_owned() }
        }
        15 => quoted(&BASE64.encode(long(rest)?)),
        16 => quoted(text(long(rest)?)?),
        17 => quoted(&time(i64::from_le_bytes(fixed(rest)?))?),
        18 => quoted(&instant(nanos(rest)?, "%Y-%m-%dT%H:%M:%S%.9f+00:00")?),
        19 => quoted(&instant(nanos(rest)?, "%Y-%m-%dT%H:%M:%S%.9f")?),
        20 => quoted(&uuid(fixed(rest)?)),
        found => return Err(VariantError::Type { found }),
    };
    json.push_str(&written);
    Ok(())
}

/// Bytes after their length.
fn long(rest: &[u8]) -> Result<&[u8], VariantError> {
    let length = number(rest, 0..4)?;
    let end = length.checked_add(4).ok_or(VariantError::Short)?;
    rest.get(4..end).ok_or(VariantError::Short)
}

fn decimal(
    rest: &[u8],
    digits: impl Fn(&[u8]) -> Result<i128, VariantError>,
) -> Result<String, VariantError> {
    let (scale, rest) = rest.split_first().ok_or(VariantError::Short)?;
    let (value, scale) = (digits(rest)?, usize::from(*scale));
    if scale > 38 {
        return Err(VariantError::Value { what: "a decimal" });
    }
    let digits = format!("{:0>width$}", value.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let sign = if value < 0 { "-" } else { "" };
    Ok(if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") })
}

fn date(days: i32) -> Result<String, VariantError> {
    let epoch = DateTime::UNIX_EPOCH.date_naive();
    let date = epoch.checked_add_signed(TimeDelta::days(days.into()));
    date.map(|date| date.to_string()).ok_or(VariantError::Value { what: "a date" })
}

fn micros(rest: &[u8]) -> Result<DateTime<chrono::Utc>, VariantError> {
    let us = i64::from_le_bytes(fixed(rest)?);
    DateTime::from_timestamp_micros(us).ok_or(VariantError::Value { what: "a timestamp" })
}

fn nanos(rest: &[u8]) -> Result<DateTime<chrono::Utc>, VariantError> {
    Ok(DateTime::from_timestamp_nanos(i64::from_le_bytes(fixed(rest)?)))
}

fn instant(time: DateTime<chrono::Utc>, format: &str) -> Result<String, VariantError> {
    Ok(time.format(format).to_string())
}

fn time(us: i64) -> Result<String, VariantError> {
    let whole = u32::try_from(us.div_euclid(1_000_000)).ok();
    let nanos = u32::try_from(us.rem_euclid(1_000_000) * 1000).ok();
    let time = whole
        .zip(nanos)
        .and_then(|(whole, nanos)| NaiveTime::from_num_seconds_from_midnight_opt(whole, nanos));
    time.map(|time| time.to_string()).ok_or(VariantError::Value { what: "a time of day" })
}

fn uuid(bytes: [u8; 16]) -> String {
    let hex = format!("{:032x}", u128::from_be_bytes(bytes));
    let parts = [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)];
    parts.map(|(start, end)| hex.get(start..end).unwrap_or_default()).join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names `a` and `bc`.
    const NAMES: &[u8] = &[0x11, 2, 0, 1, 3, b'a', b'b', b'c'];

    #[track_caller]
    fn check(value: &[u8], expected: &str) {
        let mut json = String::new();
        let written = Value::new(Names::parse(NAMES).unwrap(), value).write(&mut json);
        let found = written.map_or_else(|error| error.to_string(), |()| json);
        assert_eq!(found, expected, "{value:?}");
    }

    #[test]
    fn values_are_json() {
        check(&[0], "null");
        check(&[1 << 2], "true");
        check(&[3 << 2, 0xff], "-1");
        check(&[6 << 2, 1, 0, 0, 0, 0, 0, 0, 0x80], "-9223372036854775807");
        check(&[8 << 2, 2, 0xfb, 0xff, 0xff, 0xff], "-0.05");
        check(&[8 << 2, 0, 7, 0, 0, 0], "7");
        check(&[11 << 2, 1, 0, 0, 0], "\"1970-01-02\"");
        check(&[12 << 2, 1, 0, 0, 0, 0, 0, 0, 0], "\"1970-01-01T00:00:00.000001+00:00\"");
        check(&[7 << 2, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f], "null");
        check(&[15 << 2, 1, 0, 0, 0, 255], "\"/w==\"");
        check(&[16 << 2, 2, 0, 0, 0, b'h', b'"'], "\"h\\\"\"");
        check(&[(2 << 2) | 1, b'h', b'i'], "\"hi\"");
        check(&[3, 2, 0, 1, 3, 4, 12, 5], "[true,5]");
        check(&[2, 2, 1, 0, 0, 1, 2, 4, 8], "{\"bc\":true,\"a\":false}");
        check(&[2, 0, 0], "{}");
    }

    #[test]
    fn malformed_values_are_refused() {
        check(&[], "malformed variant: it ends too early");
        check(&[6 << 2, 1], "malformed variant: it ends too early");
        check(&[63 << 2], "malformed variant: there is no primitive type 63");
        check(&[(2 << 2) | 1, 0xff, 0xff], "malformed variant: a text that is none");
        check(&[2, 1, 9, 0, 1, 4], "malformed variant: it ends too early");
        check(&[3 | 4 << 2, 0xff, 0xff, 0xff, 0xff], "malformed variant: it ends too early");
        check(&[11 << 2, 255, 255, 255, 127], "malformed variant: a date that is none");
        // Lists of one that hold the rest of the bytes, 200 deep.
        check(&[3, 1, 0, 0].repeat(200), "malformed variant: it nests too deep or unfolds too far");
        assert_eq!(Names::parse(&[2]).unwrap_err(), VariantError::Version { found: 2 });
        assert_eq!(Names::parse(&[0xc1, 255, 255, 255, 255]).unwrap_err(), VariantError::Short);
    }
}
